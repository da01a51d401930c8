#!/usr/bin/env python3
"""test_launch.py - the element in launch lines: messages, their times, the tool's numbers, audio bit by bit.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import filecmp
import unittest

import pipelinekit
from pipelinekit import BUNDLED, TIMELINE, call, launch, messages

SECOND = 10**9


def expected_windows(frames, rate, window, interval, minimum):
    """(start, length) in frames, straight from the design: whole windows, then what they left over."""
    length, windows, k = window * rate // SECOND, [], 0
    while k * interval * rate // SECOND + length <= frames:
        windows.append((k * interval * rate // SECOND, length))
        k += 1
    if not windows:
        return [(0, frames)] if frames >= minimum * rate // SECOND else []
    if frames - sum(windows[-1]) >= minimum * rate // SECOND:
        windows.append((frames - length, length))
    return windows


class Launch(pipelinekit.PipelineTest):
    def listen(self, settings, audio=None, decoder='decodebin'):
        done = launch(f'filesrc location={audio or self.conversation} ! {decoder} ! emotion2vec device=ref '
                      f'model-file={self.model} {settings} ! fakesink')
        self.assertEqual(done.returncode, 0, done.stderr)
        return messages(done)

    def check_times(self, results, frames, rate, window, interval, minimum=SECOND // 2):
        expected = expected_windows(frames, rate, window, interval, minimum)
        self.assertEqual([(r['timestamp'], r['stream-time'], r['running-time']) for r in results],
                         [(start * SECOND // rate,) * 3 for start, _ in expected])
        self.assertEqual([r['endtime'] for r in results], [r['stream-time'] + r['duration'] for r in results])
        for result, (_, length) in zip(results, expected):
            self.assertAlmostEqual(result['duration'], length * SECOND / rate, delta=1)

    def test_one_message_an_interval_and_the_tail(self):
        self.check_times(self.listen(''), *self.decoded(self.conversation), 3 * SECOND, SECOND)

    def test_other_windows(self):
        results = self.listen('window=5000000000 interval=2700000000')
        self.check_times(results, *self.decoded(self.conversation), 5 * SECOND, 27 * SECOND // 10)

    def test_scores_add_up_and_name_the_label(self):
        for result in self.listen('window=10000000000 interval=0'):
            if result.get('silent') == 'true':
                continue
            self.assertAlmostEqual(sum(result['scores']), 1, places=5)
            self.assertEqual(len(result['labels']), len(result['scores']))
            top = max(range(len(result['scores'])), key=result['scores'].__getitem__)
            self.assertEqual((result['label'], result['confidence']), (result['labels'][top], result['scores'][top]))

    def test_whole_file_equals_the_tool(self):
        result, = self.listen('window=0', self.utterance)
        tool = self.tool_scores(self.utterance, '--device', 'ref')
        self.assertEqual(result['labels'], list(tool['scores']))
        self.assertEqual(result['label'], tool['label'])
        for ours, theirs in zip(result['scores'], tool['scores'].values()):
            self.assertAlmostEqual(ours, theirs, delta=1e-6)

    def test_audio_passes_bit_by_bit(self):
        direct, through = self.path('direct'), self.path('through')
        for element, path in (('identity', direct), (f'emotion2vec device=ref model-file={self.model}', through)):
            done = launch(f'filesrc location={self.conversation} ! decodebin ! {element} ! filesink location={path}')
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(filecmp.cmp(direct, through, shallow=False))

    def test_timeline_example(self):
        results = self.listen('')
        done = call([TIMELINE, self.conversation], {'EMOTION2VEC_MODEL': self.model})
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), len(results))
        for line, result in zip(lines, results):
            self.assertIn('silence' if result.get('silent') == 'true' else result['label'], line)

    def test_timeline_example_says_what_is_wrong(self):
        self.assertEqual(call([TIMELINE]).returncode, 2)
        done = call([TIMELINE, self.path('missing.wav')])
        self.assertEqual(done.returncode, 1)
        self.assertIn('error:', done.stderr)


class Bundled(pipelinekit.PipelineTest):
    def test_bundled_model_hears_the_conversation(self):
        done = call([TIMELINE, self.conversation], {'EMOTION2VEC_MODEL': BUNDLED})
        self.assertEqual(done.returncode, 0, done.stderr)
        # a model that has learnt anything does not give one answer for neutral, happy, angry and sad actors
        self.assertGreaterEqual(len({line.split()[-1] for line in done.stdout.splitlines()} - {'silence'}), 3)


if __name__ == '__main__':
    unittest.main()
