"""watched.py - how the tests in Python start a program when a setup of meson test watches it.

A setup cannot wrap what a test starts by itself; it leaves word in the environment instead:

    EMOTION2VEC_WRAPPER   a command in front of each program: valgrind and its options
    EMOTION2VEC_PRELOAD   libraries that each program loads first: the runtime of a sanitizer, which the plugin needs and
                          gst-launch-1.0 lacks

SPDX-License-Identifier: LGPL-2.1-or-later"""
import os
import shlex


def command(arguments):
    return shlex.split(os.environ.get('EMOTION2VEC_WRAPPER', '')) + list(arguments)


def environment(settings=None):
    """Our environment with `settings`; a value of None takes a variable away."""
    variables = dict(os.environ)
    if 'EMOTION2VEC_PRELOAD' in variables:
        variables['LD_PRELOAD'] = variables['EMOTION2VEC_PRELOAD']
    for name, value in (settings or {}).items():
        variables.pop(name, None)
        if value is not None:
            variables[name] = value
    return variables
