"""test_conversation.py - the speech trigger on the eight clips that come with the project, clean and in noise.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import csv
import os
import sys
import unittest

import numpy

import speechkit
from speechkit import RATE


class Conversation(unittest.TestCase):
    """Digital silence between the clips, and white and pink noise over all."""

    @classmethod
    def setUpClass(cls):
        cls.audio = speechkit.decode(os.path.join(speechkit.CLIPS, 'conversation.opus'))
        cls.spans = []
        with open(os.path.join(speechkit.CLIPS, 'conversation.tsv'), encoding='utf-8') as file:
            for row in csv.DictReader(file, delimiter='\t'):
                start, end = float(row['start']), float(row['end'])
                first, last = speechkit.edges(cls.audio[round(start * RATE):round(end * RATE)])
                cls.spans.append((start + first, start + last))

    def score(self, make_noise=None, ratio=None, rounds=1):
        score = speechkit.Score()
        for seed in range(rounds):
            audio, audible = self.audio, None
            if make_noise:
                noise = make_noise(len(audio), numpy.random.default_rng(seed))
                audio, audible = speechkit.add_noise(audio, self.spans, noise, ratio)
            score.add(audio, self.spans, audible)
        print(make_noise.__name__ if make_noise else 'clean', ratio or '', score, file=sys.stderr)
        return score

    def test_clean(self):
        score = self.score()
        self.assertEqual(score.found, len(self.spans))
        self.assertEqual(score.false, 0)
        self.assertEqual(score.share_near(), 1)
        self.assertLessEqual(max(score.delays), 0.5)

    def test_noise(self):
        for make_noise in (speechkit.white, speechkit.pink):
            for ratio in (20, 10):
                score = self.score(make_noise, ratio, rounds=4)
                with self.subTest(noise=make_noise.__name__, ratio=ratio):
                    self.assertGreaterEqual(score.share_found(), 0.95 if ratio == 20 else 0.9)
                    self.assertLessEqual(score.false_a_minute(), 1)
                    self.assertLessEqual(score.median_error(), speechkit.NEAR)
                    self.assertLessEqual(score.delay(50), 0.5)

    def test_nothing(self):
        """Noise alone, and silence, hold no speech."""
        for audio in (speechkit.white(60 * RATE, numpy.random.default_rng(1)) * 0.05,
                      speechkit.pink(60 * RATE, numpy.random.default_rng(1)) * 0.05, numpy.zeros(60 * RATE)):
            self.assertEqual(speechkit.find_speech(audio), [])


if __name__ == '__main__':
    unittest.main()
