#!/usr/bin/env python3
"""test_summary.py - summary, changes and table of contents against what the messages say, where windows overlap.

Shares and chapters are worked out here once more, from the formula in docs/metadata.md.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import re
import struct
import unittest

import pipelinekit
from pipelinekit import launch, messages

SECOND = 10**9


def segments(results, interval):
    """[start, end, label] of runs of equal labels: the timeline of one stretch."""
    runs = []
    for k, result in enumerate(results):
        begin = runs[-1][1] if k else result['stream-time']
        end = result['stream-time'] + (result['duration'] + interval) // 2
        if k == len(results) - 1:
            end = result['endtime']
        label = result.get('label', 'silent')
        if k and runs[-1][2] == label:
            runs[-1][1] = end
        else:
            runs.append([begin, end, label])
    return runs


def shares(runs):
    """The value of emotion2vec-share."""
    times = {}
    for begin, end, label in runs:
        if label != 'silent':
            times[label] = times.get(label, 0) + end - begin
    total = sum(times.values())
    return '/'.join(f'{label}:{time / total:.3f}' for label, time in sorted(times.items(), key=lambda item: -item[1]))


def tags(text):
    """Lists of values by name in what `gst-launch-1.0 -t` prints; of each name, those that came last."""
    found = {}
    for block in text.split('FOUND TAG')[1:]:
        values, name = {}, None
        for line in block.splitlines()[1:]:
            match = re.fullmatch(r' *([a-z][a-z -]*)?: (.*)', line)
            if not match:
                break
            name = match[1] or name
            values.setdefault(name, []).append(match[2])
        found.update(values)
    return found


def cues(path):
    """[(nanosecond, title)] of a WAV file's cue points."""
    with open(path, 'rb') as file:
        data = file.read()
    points, titles, rate, at = {}, {}, 0, 12
    while at + 8 <= len(data):
        kind, size = struct.unpack_from('<4sI', data, at)
        body = data[at + 8:at + 8 + size]
        if kind == b'fmt ':
            rate = struct.unpack_from('<I', body, 4)[0]
        elif kind == b'cue ':
            for k in range(struct.unpack_from('<I', body)[0]):
                number, sample = struct.unpack_from('<II', body, 4 + 24 * k)
                points[number] = sample
        elif kind == b'LIST' and body[:4] == b'adtl':
            inner = 4
            while inner + 12 <= len(body):
                _, length, number = struct.unpack_from('<4sII', body, inner)
                titles[number] = body[inner + 12:inner + 8 + length].rstrip(b'\0').decode()
                inner += 8 + length + length % 2
        at += 8 + size + size % 2
    return sorted((sample * SECOND / rate, titles[number]) for number, sample in points.items())


class Summary(pipelinekit.PipelineTest):
    def write(self, muxer, settings=''):
        """(messages, what was printed, the file) of an analysis into a file."""
        path = self.path('written')
        done = launch(f'-t filesrc location={self.conversation} ! decodebin ! audioconvert ! emotion2vec device=cpu '
                      f'model-file={self.model} {settings} ! {muxer} ! filesink location={path}')
        self.assertEqual(done.returncode, 0, done.stderr)
        return messages(done), done.stdout, path

    def test_summary_says_what_the_messages_say(self):
        results, printed, _ = self.write('identity')
        runs = segments(results, SECOND)
        found = tags(printed)
        self.assertGreater(len(runs), 3)
        label, share, scores = [text for text in found['extended comment'] if text.startswith('emotion2vec-')]
        self.assertEqual(share, f'emotion2vec-share={shares(runs)}')
        means = [item.split(':') for item in scores.removeprefix('emotion2vec-scores=').split('/')]
        self.assertAlmostEqual(sum(float(mean) for _, mean in means), 1, places=2)
        self.assertEqual(label, f'emotion2vec-label={means[0][0]}')
        self.assertRegex(found['comment'][0], rf'^emotion2vec:{means[0][0]}:0\.\d\d$')
        self.assertAlmostEqual(float(found['comment'][0][-4:]), float(means[0][1]), delta=0.0056)
        # every mean lies between the lowest and the highest of its class
        for name, mean in means:
            heard = [r['scores'][r['labels'].index(name)] for r in results if 'label' in r]
            self.assertGreaterEqual(float(mean), min(heard) - 0.001)
            self.assertLessEqual(float(mean), max(heard) + 0.001)

    def test_wav_keeps_the_table(self):
        results, _, path = self.write('wavenc')
        expected = [(begin, label) for begin, _, label in segments(results, SECOND)]
        self.assertEqual([title for _, title in cues(path)], [label for _, label in expected])
        for (time, _), (begin, _) in zip(cues(path), expected):
            self.assertAlmostEqual(time, begin, delta=SECOND / 8000)

    def test_second_analysis_replaces_the_first(self):
        _, _, path = self.write('wavenc')
        first = tags(launch(f'-t filesrc location={path} ! decodebin ! fakesink').stdout)['comment']
        again = launch(f'-t filesrc location={path} ! decodebin ! audioconvert ! emotion2vec device=cpu '
                       f'model-file={self.model} window=0 ! fakesink')
        second = tags(again.stdout)['comment']
        self.assertEqual((len(first), len(second)), (1, 1))
        self.assertNotEqual(first, second)

    def test_changes(self):
        """Told while running: labels that two results in a row have, at most one a second."""
        results, printed, _ = self.write('identity', settings='tag-mode=changes')
        said = re.findall(r'emotion2vec-label=(\S+)', printed)
        expected, told = [], None
        for before, result in zip([None, *results], results):
            firm = before is None or before.get('label') == result.get('label')
            if firm and 'label' in result and result['label'] != told:
                told = result['label']
                expected.append(told)
        self.assertGreater(len(expected), 2)
        self.assertEqual(said, expected)


if __name__ == '__main__':
    unittest.main()
