#!/usr/bin/env python3
"""check-headers.py - every header compiles alone, without warnings.

    check-headers.py SOURCE-ROOT COMPILER… -- PKG-CONFIG-PACKAGE…

SPDX-License-Identifier: LGPL-2.1-or-later"""
import pathlib
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
split = sys.argv.index('--')
compiler, packages = sys.argv[2:split], sys.argv[split + 1:]
flags = subprocess.run(['pkg-config', '--cflags', *packages], check=True, capture_output=True, text=True).stdout.split()
includes = [f'-I{root / room}' for room in ('model', 'model/files', 'model/probe', 'model/vulkan', 'gst/window', 'gst/result', 'gst/engine',
                                             'gst/element', 'gst/renderers', 'gst/formats', 'gst/copies', 'gst/tools', 'gst/annotate')]
headers = sorted(path for room in ('model', 'gst') for path in (root / room).rglob('*.h'))
bad = 0
for header in headers:
    if 'cairo' not in packages and '#include <cairo.h>' in header.read_text(encoding='utf-8'):
        continue
    done = subprocess.run([*compiler, '-std=gnu11', '-fsyntax-only', '-Wall', '-Wextra', '-Werror', '-x', 'c', *flags,
                           *includes, '-'], input=f'#include "{header}"\n', capture_output=True, text=True)
    if done.returncode != 0:
        print(f'{header.relative_to(root)}:\n{done.stderr}')
        bad += 1
print(f'{len(headers)} headers, {bad} do not compile alone')
sys.exit(1 if bad else 0)
