#!/usr/bin/env python3
"""test_docs.py - the launch lines and settings of the documentation, as they stand there, on files that stand in for the reader's.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import glob
import os
import re
import shlex
import unittest

import pipelinekit
from pipelinekit import GST_LAUNCH, SOURCE, call, launch, messages

# What the reader has and we do not: sound cards, screens.
MACHINE = {
    r'\b(auto|pulse|alsa|pipewire)(audio)?src\b': 'audiotestsrc is-live=true num-buffers=250 wave=pink-noise',
    r'\b(auto|pulse|alsa)(audio|video)?sink\b': 'fakesink',
    r'\bplaybin\b': 'playbin audio-sink=fakesink video-sink=fakesink',
}


def fenced_lines(text):
    """Lines of the code blocks of a Markdown file; those that end in a backslash go on in the next."""
    for block in re.findall(r'^```\w*\n(.*?)^```', text, re.M | re.S):
        yield from re.sub(r'\\\n\s*', ' ', block).splitlines()


def section_lines(text):
    """Lines of the examples |[ ... ]| in the comments of a C file."""
    for block in re.findall(r'\|\[\n(.*?)\]\|', text, re.S):
        yield from re.sub(r'\\\n\s*', ' ', re.sub(r'^ \* ?', '', block, flags=re.M)).splitlines()


def documents():
    """(path, its code lines) of everything that shows how to use the plugin, but for the cookbook, which has its own test."""
    for pattern in ('README.md', 'docs/*.md', 'gst/*/*.c'):
        for path in sorted(set(glob.glob(os.path.join(SOURCE, pattern))) - {os.path.join(SOURCE, 'docs', 'cookbook.md')}):
            with open(path, encoding='utf-8') as file:
                text = file.read()
            lines = section_lines(text) if path.endswith('.c') else fenced_lines(text)
            yield os.path.relpath(path, SOURCE), text, list(lines)


class Documentation(pipelinekit.PipelineTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = cls.path('reader')
        os.makedirs(cls.folder)
        os.symlink(os.path.join(SOURCE, 'tests'), os.path.join(cls.folder, 'tests'))
        cls.make('speech.opus', 'decodebin ! audioconvert ! opusenc ! oggmux')
        cls.make('speech.wav', 'decodebin ! audioconvert ! wavenc')
        cls.make('film.mkv', 'decodebin ! audioconvert ! opusenc ! matroskamux')
        cls.make_head(os.path.join(cls.folder, 'calls.gguf'))

    @classmethod
    def make(cls, name, chain):
        clip = os.path.join(pipelinekit.CLIPS, 'emodb-s14-angry.opus')
        done = launch(f'filesrc location={clip} ! {chain} ! filesink location={cls.folder}/{name}')
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def stand_in(self, line):
        """The line with things of this machine for the reader's; a file that we have nothing for is a fault."""
        for pattern, ours in MACHINE.items():
            line = re.sub(pattern, ours, line)
        line = re.sub(r'file:///[\w./-]*/([\w.-]+)', f'file://{self.folder}/\\1', line)
        for name in re.findall(r'(?:filesrc location=|file://)(\S+)', line):
            self.assertTrue(os.path.exists(os.path.join(self.folder, name)), f'nothing stands in for {name}')
        return line

    def run_line(self, line):
        return call([GST_LAUNCH, *shlex.split(self.stand_in(line), comments=True)[1:]], cwd=self.folder)

    def test_every_line_is_found(self):
        """A line outside of a code block would never be run."""
        for path, text, lines in documents():
            with self.subTest(path=path):
                self.assertEqual(len([line for line in lines if line.startswith('gst-launch-1.0 ')]),
                                 len(re.findall(r'^(?: \* )?gst-launch-1\.0 ', text, re.M)))

    def test_launch_lines(self):
        seen = {}
        for path, _, lines in documents():
            for line in lines:
                if line.startswith('gst-launch-1.0 '):
                    seen.setdefault(line, []).append(path)
        kinds = {os.path.splitext(path)[1] for paths in seen.values() for path in paths}
        self.assertEqual(kinds, {'.md', '.c'})
        self.assertIn('README.md', {path for paths in seen.values() for path in paths})
        for line, paths in seen.items():
            with self.subTest(line=line, paths=paths):
                done = self.run_line(line)
                for element in re.findall(r'no element "(\w+)"', done.stderr):
                    if not element.startswith('emotion2vec') or element == 'emotion2vecscope':
                        self.skipTest(f'{element} is not installed')
                self.assertEqual(done.returncode, 0, done.stdout[-1000:] + done.stderr)
                self.assertNotIn('CRITICAL', done.stderr)
                if ' -m ' in line:
                    self.assertTrue(messages(done))

    def test_settings(self):
        """Lines that only show the element with settings, as in the README."""
        found = set()
        for _, _, lines in documents():
            found |= {line.split('#')[0].strip() for line in lines if re.match(r'emotion2vec [\w-]+=', line)}
        self.assertTrue(found)
        for settings in sorted(found):
            with self.subTest(settings=settings):
                if 'device=vulkan' in settings and '"uuid"' not in call([pipelinekit.TOOL, 'devices', '--json']).stdout:
                    self.skipTest('no Vulkan device')
                settings = re.sub(r'model-file=\S+', f'model-file={self.model}', settings)
                done = self.run_line(f'gst-launch-1.0 -m filesrc location=speech.wav ! wavparse ! {settings} ! fakesink')
                self.assertEqual(done.returncode, 0, done.stdout[-1000:] + done.stderr)
                self.assertTrue(messages(done))


if __name__ == '__main__':
    unittest.main()
