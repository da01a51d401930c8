"""test_corpus.py - the speech trigger on recordings made of the clips of several corpora, with known pauses.

Needs -Dcorpus=FOLDER, a folder with a manifest.tsv (columns path, corpus, split, speaker, emotion). Prints tables, for the
network and for the rules that decide without it, asserts the figures of docs/speech-trigger.md over all corpora.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import csv
import os
import sys
import unittest

import numpy

import speechkit
from speechkit import FRAME, RATE

CORPUS = os.environ.get('EMOTION2VEC_CORPUS', '')

# speakers and places that the detector was not made with
CORPORA = [('ravdess', 'test'), ('nemo', 'test'), ('turev', 'zeroshot')]
PLACES = {'city': 'noise: city ambience', 'metro': 'noise:Metro/safe', 'lake': 'noise:Near Lake/safe'}
N_CLIPS = 30

# of all noises together: how many of the edges, as heard and of the clean speech, are within 0.1 s; by the network, by rules
BARS = {True: {20: (0.93, 0.91), 10: (0.89, 0.84)}, False: {20: (0.86, 0.84), 10: (0.82, 0.77)}}
SHORTEST = 0.8


def has_clear_edges(clip):
    """Whether it is one stretch of speech whose edges do not hang on the threshold: without a pause of 0.2 s, and the same
    at 30 and 40 dB below the peak to within 60 ms."""
    at_40, at_30 = speechkit.loud_frames(clip, 40), speechkit.loud_frames(clip, 30)
    return (at_30[0] - at_40[0] <= 6 and at_40[-1] - at_30[-1] <= 6 and numpy.diff(at_30).max() <= 21
            and (at_40[-1] + 1 - at_40[0]) * FRAME / RATE >= SHORTEST)


def cut_speech(clip):
    """The clip from edge to edge at -25 dBFS, so that all have the same noise."""
    start, end = speechkit.edges(clip)
    speech = clip[round(start * RATE):round(end * RATE)]
    return speech * 10 ** (-25 / 20) / numpy.sqrt((speech ** 2).mean())


def join(clips, random):
    """One recording, with pauses of 0.8 to 2 s: audio, spans."""
    parts, spans, at = [numpy.zeros(RATE // 2)], [], RATE // 2
    for clip in clips:
        speech = cut_speech(clip)
        pause = numpy.zeros(round(random.uniform(0.8, 2) * RATE))
        spans.append((at / RATE, (at + len(speech)) / RATE))
        parts += [speech, pause]
        at += len(speech) + len(pause)
    return numpy.concatenate(parts), spans


def loop(pieces, n):
    """The pieces one after the other, again and again, blended over 50 ms."""
    fade = RATE // 20
    noise, at, i = numpy.zeros(n + max(map(len, pieces))), 0, 0
    while at < n:
        piece = pieces[i % len(pieces)].copy()
        piece[:fade] *= numpy.linspace(0, 1, fade)
        piece[-fade:] *= numpy.linspace(1, 0, fade)
        noise[at:at + len(piece)] += piece
        at, i = at + len(piece) - fade, i + 1
    return noise[:n]


@unittest.skipUnless(CORPUS, 'needs -Dcorpus=FOLDER')
class Corpus(unittest.TestCase):
    """Studio speech of speakers, and noise of places, that the detector was not made with."""

    @classmethod
    def setUpClass(cls):
        cls.random = numpy.random.default_rng(11)
        with open(os.path.join(CORPUS, 'manifest.tsv'), encoding='utf-8') as file:
            cls.rows = list(csv.DictReader(file, delimiter='\t', quoting=csv.QUOTE_NONE))
        cls.recordings = [join(cls.clips(*corpus), cls.random) for corpus in CORPORA]

    @classmethod
    def read(cls, row):
        return speechkit.decode(os.path.join(CORPUS, row['path']))

    @classmethod
    def clips(cls, corpus, split):
        rows = [row for row in cls.rows if row['corpus'] == corpus and row['split'] == split]
        found = []
        for i in cls.random.permutation(len(rows)):
            clip = cls.read(rows[i])
            if has_clear_edges(clip):
                found.append(clip)
            if len(found) == N_CLIPS:
                break
        return found

    @classmethod
    def place(cls, name):
        """Noise of one place, as a function like speechkit.white."""
        rows = [row for row in cls.rows if row['emotion'] == PLACES[name] and row['speaker'] == 'eval'
                and float(row['seconds']) >= 2]

        def noise(n, random):
            start = random.integers(len(rows))
            return loop([cls.read(rows[start])], n)
        return noise

    def scores(self, name, make_noise=None, ratio=None):
        """By the network and by rules, on the same recordings."""
        totals = [speechkit.Score(network=True), speechkit.Score(network=False)]
        for audio, spans in self.recordings:
            heard = None
            if make_noise:
                audio, heard = speechkit.add_noise(audio, spans, make_noise(len(audio), self.random), ratio)
            for total in totals:
                total.add(audio, spans, heard)
        for total in totals:
            self.tell(name, ratio, total)
        return totals

    @staticmethod
    def tell(name, ratio, score):
        print(f'{"network" if score.network else "rules"}, {name} {ratio or ""}: {score}', file=sys.stderr)

    def check(self, score, found, near, near_real, delay):
        self.assertGreaterEqual(score.share_found(), found)
        self.assertGreaterEqual(score.share_near(), near)
        self.assertGreaterEqual(score.share_near_real(), near_real)
        self.assertLessEqual(score.delay(95), delay)

    def check_place(self, score, near, delay):
        self.assertLessEqual(score.false_a_minute(), 1)
        self.assertGreaterEqual(score.share_near(), near)
        self.assertLessEqual(score.delay(50), 0.5)
        self.assertLessEqual(score.delay(95), delay)

    def test_clean(self):
        for score, near in zip(self.scores('clean'), (0.96, 0.95)):
            self.check(score, 0.95, near, near, 0.5)
            self.assertLessEqual(score.false_a_minute(), 1)

    def test_noise(self):
        noises = {'white': speechkit.white, 'pink': speechkit.pink} | {name: self.place(name) for name in PLACES}
        for ratio in (20, 10):
            for scores in zip(*(self.scores(name, noise, ratio) for name, noise in noises.items())):
                together, network = speechkit.together(scores), scores[0].network
                self.tell('all', ratio, together)
                with self.subTest(ratio=ratio, network=network):
                    self.check(together, 0.95 if ratio == 20 else 0.9, *BARS[network][ratio], 0.5)
                    for score in scores:
                        self.check_place(score, *((0.86, 0.5) if network else (0.7, 0.7)))


if __name__ == '__main__':
    unittest.main()
