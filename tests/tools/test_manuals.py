#!/usr/bin/env python3
"""test_manuals.py - manual pages and bash completion know what the tools know: --help is the truth.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

SOURCE = os.environ['EMOTION2VEC_SOURCE']
TOOLS = {'emotion2vec-annotate': os.environ['EMOTION2VEC_ANNOTATE'], 'emotion2vec-model': os.environ['EMOTION2VEC_TOOL']}
LONG = r'--[a-z][a-z-]*'


def help_of(tool, *command):
    return subprocess.run([TOOLS[tool], *command, '--help'], capture_output=True, text=True, check=True).stdout


def listed_options(text):
    """Of a help text, long ones."""
    return set(re.findall(rf'^  (?:-\w, )?({LONG})', text, re.MULTILINE))


def commands():
    """Of emotion2vec-model."""
    text = help_of('emotion2vec-model').split('Commands:')[1].split('Options:')[0]
    return re.findall(r'^  ([a-z]+) ', text, re.MULTILINE)


def formats():
    text = help_of('emotion2vec-annotate').split('Formats:')[1].split('Examples:')[0]
    return re.findall(r'^  ([a-z]+) ', text, re.MULTILINE)


def page(tool):
    with open(os.path.join(SOURCE, 'docs', 'man', tool + '.1'), encoding='utf-8') as file:
        return file.read()


def defined_options(text):
    """Options that a manual page has an item for."""
    return set(re.findall(rf'{LONG}', '\n'.join(line for line in text.replace('\\-', '-').replace(r'\fR', '').splitlines()
                                                if line.startswith(r'\fB'))))


def complete(tool, *words, folder=None):
    """What bash offers for the last of `words`."""
    script = os.path.join(SOURCE, 'gst', 'tools', 'completion', tool)
    line = f'''source "$1"; shift; COMP_WORDS=({tool} "$@"); COMP_CWORD=$#
        $(complete -p {tool} | sed 's/.*-F \\([^ ]*\\).*/\\1/'); printf '%s\\n' "${{COMPREPLY[@]}}"'''
    done = subprocess.run(['bash', '-c', line, 'bash', script, *words], capture_output=True, text=True, check=True, cwd=folder)
    if done.stderr:
        raise AssertionError(done.stderr)
    return done.stdout.split()


class Manuals(unittest.TestCase):
    @unittest.skipUnless(shutil.which('man'), 'man is not installed')
    def test_no_warnings(self):
        for tool in TOOLS:
            done = subprocess.run(['man', '--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z',
                                   os.path.join(SOURCE, 'docs', 'man', tool + '.1')],
                                  env={**os.environ, 'LC_ALL': 'C.UTF-8', 'MANROFFSEQ': '', 'MANWIDTH': '80'},
                                  capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            self.assertIn('SEE', done.stdout)

    def test_options(self):
        self.assertEqual(defined_options(page('emotion2vec-annotate')), listed_options(help_of('emotion2vec-annotate')))

    def test_formats(self):
        section = page('emotion2vec-annotate').split('.SH FORMATS')[1].split('.SH')[0]
        self.assertEqual(re.findall(r'^\.B ([a-z]+)$', section, re.MULTILINE), formats())

    def test_commands(self):
        sections = re.split(r'^\.S[SH] ', page('emotion2vec-model'), flags=re.MULTILINE)
        for command in commands():
            found = [section for section in sections if re.match(rf'{command}\b', section)]
            self.assertEqual(len(found), 1, f'{command} has no section')
            self.assertEqual(defined_options(found[0]), listed_options(help_of('emotion2vec-model', command)) - {'--help'})


class Completion(unittest.TestCase):
    def test_options(self):
        self.assertEqual(set(complete('emotion2vec-annotate', '--')), listed_options(help_of('emotion2vec-annotate')))
        for command in commands():
            self.assertEqual(set(complete('emotion2vec-model', command, '--')),
                             listed_options(help_of('emotion2vec-model', command)), command)

    def test_commands(self):
        self.assertEqual(complete('emotion2vec-model', ''), commands() + ['--help', '--version'])
        self.assertEqual(complete('emotion2vec-model', 'se'), ['selftest'])

    def test_values(self):
        self.assertEqual(complete('emotion2vec-annotate', '--format', ''), formats())
        self.assertEqual(complete('emotion2vec-annotate', '-f', 'jsonl,s'), ['jsonl,segments', 'jsonl,srt'])
        self.assertEqual(complete('emotion2vec-annotate', '--format', '=', 'vt'), ['vtt'])
        self.assertEqual(complete('emotion2vec-annotate', '--trigger', '='), ['interval', 'speech', 'interval+speech'])
        self.assertEqual(complete('emotion2vec-annotate', '--shard', ''), [])
        self.assertEqual(complete('emotion2vec-model', 'run', '--granularity', 'f'), ['frame'])

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ('talk.mp3', 'table.csv', 'model.gguf'):
                with open(os.path.join(folder, name), 'w', encoding='utf-8'):
                    pass
            os.mkdir(os.path.join(folder, 'out'))
            self.assertEqual(complete('emotion2vec-annotate', 'ta', folder=folder), ['table.csv', 'talk.mp3'])
            self.assertEqual(complete('emotion2vec-annotate', '-o', '', folder=folder), ['out'])
            for option in ('--model', '--head'):
                self.assertEqual(complete('emotion2vec-annotate', option, '', folder=folder), ['out', 'model.gguf'])


if __name__ == '__main__':
    unittest.main()
