#!/usr/bin/env python3
"""test_readers.py - the Python reader of examples/: the same results from messages, metas and events, each once.

Runs in an interpreter that has PyGObject.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import re
import sys
import unittest

import pipelinekit
from pipelinekit import SOURCE, call, launch, messages

READER = f'{SOURCE}/examples/read-results.py'


class Readers(pipelinekit.PipelineTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        done = call([sys.executable, '-c', "import gi; gi.require_version('Gst', '1.0')"])
        if done.returncode != 0:
            raise unittest.SkipTest('GStreamer has no typelib here: gir1.2-gstreamer-1.0')

    def read(self, *arguments, **environment):
        """(lines without their carrier, carriers, results, doubles) of what the reader prints."""
        done = call([sys.executable, READER, *arguments, self.conversation],
                    dict({'EMOTION2VEC_MODEL': self.model}, **environment))
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        *lines, last = done.stdout.splitlines()
        results, doubles = re.fullmatch(r'(\d+) results, (\d+) doubles', last).groups()
        pairs = [re.fullmatch(r'(\w+) +(\d+: .*)', line).groups() for line in lines]
        return [line for _, line in pairs], [carrier for carrier, _ in pairs], int(results), int(doubles)

    def expected(self):
        """The lines that gst-launch's output makes."""
        done = launch(f'filesrc location={self.conversation} ! decodebin ! audioconvert ! emotion2vec '
                      f'model-file={self.model} ! fakesink')
        lines = []
        for result in messages(done):
            start, end = result['stream-time'] / 1e9, result['endtime'] / 1e9
            top = sorted(zip(result['scores'], result['labels']), reverse=True) if 'scores' in result else []
            says = ', '.join(f'{label} {score:.2f}' for score, label in top[:3]) or 'nothing'
            lines.append(f'{result["id"]}: {start:8.3f} s to {end:8.3f} s: {says}')
        self.assertGreater(len(lines), 10)
        return lines

    def test_messages(self):
        expected = self.expected()
        lines, carriers, results, doubles = self.read('--from', 'messages')
        self.assertEqual(lines, expected)
        self.assertEqual(set(carriers), {'message'})
        self.assertEqual((results, doubles), (len(expected), 0))

    def test_stream(self):
        expected = self.expected()
        lines, carriers, results, doubles = self.read('--from', 'stream')
        self.assertEqual(lines, expected)
        # the tail has no buffer to ride on
        self.assertEqual(carriers, ['meta'] * (len(expected) - 1) + ['event'])
        self.assertEqual((results, doubles), (len(expected), 0))

    def test_each_once(self):
        expected = self.expected()
        lines, _, results, doubles = self.read()
        self.assertEqual(sorted(lines), sorted(expected))
        self.assertEqual((results, doubles), (len(expected), len(expected)))

    def test_behind_an_encoder(self):
        """Packets of 10 ms: the metas of a buffer of 20 ms are on several of them."""
        expected = self.expected()
        lines, carriers, results, doubles = self.read('--from', 'stream', '--through',
                                                      'opusenc frame-size=10 ! opusdec')
        self.assertEqual(lines, expected)
        self.assertIn('meta', carriers)
        self.assertEqual(results, len(expected))
        self.assertGreater(doubles, 0)

    def test_says_what_is_wrong(self):
        done = call([sys.executable, READER, self.path('missing.wav')])
        self.assertEqual(done.returncode, 1)
        self.assertIn('not found', done.stderr)
        done = call([sys.executable, READER, '--through', 'nosuchelement', self.conversation])
        self.assertEqual(done.returncode, 1)
        self.assertIn('nosuchelement', done.stderr)


if __name__ == '__main__':
    unittest.main()
