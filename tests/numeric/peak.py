#!/usr/bin/env python3
"""peak.py - the largest memory of a command.

    peak.py COMMAND…            runs it and writes the peak of its resident set in bytes to standard error, as last line

A process of its own, for a child that a large process starts is counted with that process's memory until it becomes the
command.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import os
import subprocess
import sys


def measure(command, environment=None):
    """Runs the command in the way of this file's first lines; returns (standard output, bytes)."""
    # meson lets malloc() write to all that it gives, and so memory is used that nobody else ever touches
    settings = {**os.environ, 'MALLOC_PERTURB_': '0', **(environment or {})}
    done = subprocess.run([sys.executable, os.path.abspath(__file__)] + command, capture_output=True, text=True,
                          env=settings, check=False)
    if done.returncode != 0:
        raise RuntimeError(f'{" ".join(command)} ends with {done.returncode}: {done.stderr.strip()}')
    return done.stdout, int(done.stderr.splitlines()[-1])


def main():
    process = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
    _, status, usage = os.wait4(process, 0)
    print(usage.ru_maxrss * 1024, file=sys.stderr)
    return os.waitstatus_to_exitcode(status)


if __name__ == '__main__':
    sys.exit(main())
