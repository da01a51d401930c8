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

    def score(self, network, make_noise=None, ratio=None, rounds=1):
        score = speechkit.Score(network)
        for seed in range(rounds):
            audio, heard = self.audio, None
            if make_noise:
                noise = make_noise(len(audio), numpy.random.default_rng(seed))
                audio, heard = speechkit.add_noise(audio, self.spans, noise, ratio)
            score.add(audio, self.spans, heard)
        print('network' if network else 'rules', make_noise.__name__ if make_noise else 'clean', ratio or '', score, file=sys.stderr)
        return score

    def check_clean(self, network, near):
        score = self.score(network)
        self.assertEqual(score.found, len(self.spans))
        self.assertEqual(score.false, 0)
        self.assertGreaterEqual(score.share_near(), near)
        self.assertLessEqual(max(score.delays), 0.5)

    def check_noise(self, network, near):
        """`near`: how many of the edges, at 20 and at 10 dB."""
        for make_noise in (speechkit.white, speechkit.pink):
            for ratio in (20, 10):
                score = self.score(network, make_noise, ratio, rounds=4)
                with self.subTest(noise=make_noise.__name__, ratio=ratio):
                    self.assertGreaterEqual(score.share_found(), 0.95 if ratio == 20 else 0.9)
                    self.assertLessEqual(score.false_a_minute(), 1)
                    self.assertGreaterEqual(score.share_near(), near[ratio])
                    self.assertLessEqual(max(score.delays), 0.5)

    def test_network(self):
        self.check_clean(True, 0.9)
        self.check_noise(True, {20: 0.88, 10: 0.8})

    def test_rules(self):
        self.check_clean(False, 1)
        self.check_noise(False, {20: 0.75, 10: 0.68})

    def test_nothing(self):
        """Noise alone, and silence, hold no speech."""
        for audio in (speechkit.white(60 * RATE, numpy.random.default_rng(1)) * 0.05,
                      speechkit.pink(60 * RATE, numpy.random.default_rng(1)) * 0.05, numpy.zeros(60 * RATE)):
            for network in (True, False):
                self.assertEqual(speechkit.find_speech(audio, network), [])


class Yardstick(unittest.TestCase):
    """What speechkit takes for audible: a tone of 1 kHz that gets weaker by 60 dB in its second of time."""

    def setUp(self):
        time = numpy.arange(RATE) / RATE
        self.tone = 10 ** (-3 * time) * numpy.sqrt(2) * numpy.sin(2 * numpy.pi * 1000 * time)
        self.time = time

    def heard(self, noise):
        return speechkit.heard_spans(self.tone, [(0, 1)], noise)[0]

    def test_in_noise(self):
        """Of white noise the band around the tone, four bins of 50 Hz, holds a fortieth: here 30 dB less than the tone at first,
        so much as the tone has lost after half a second."""
        noise = speechkit.white(RATE, numpy.random.default_rng(1)) * numpy.sqrt(40 * 1e-3)
        start, end = self.heard(noise)
        self.assertEqual(start, 0)
        self.assertAlmostEqual(end, 0.5, delta=0.02)

    def test_over_rumble(self):
        """A hum of 150 Hz, as loud as the tone at first, hides nothing."""
        self.assertEqual(self.heard(numpy.sqrt(2) * numpy.sin(2 * numpy.pi * 150 * self.time)), (0, 1))


if __name__ == '__main__':
    unittest.main()
