"""test_corpus.py - the speech trigger on recordings made of the clips of several corpora, with known pauses.

Needs -Dcorpus=FOLDER, a folder with a manifest.tsv (columns path, corpus, split, speaker, emotion). Prints a table, asserts
the figures of docs/speech-trigger.md over all corpora.

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

    def score(self, name, make_noise=None, ratio=None):
        total = speechkit.Score()
        for audio, spans in self.recordings:
            heard = None
            if make_noise:
                audio, heard = speechkit.add_noise(audio, spans, make_noise(len(audio), self.random), ratio)
            total.add(audio, spans, heard)
        print(f'{name} {ratio or ""}: {total}', file=sys.stderr)
        return total

    def test_clean(self):
        score = self.score('clean')
        self.assertGreaterEqual(score.share_found(), 0.95)
        self.assertLessEqual(score.false_a_minute(), 1)
        self.assertGreaterEqual(score.share_near(), 0.9)
        self.assertLessEqual(score.delay(95), 0.5)

    def test_noise(self):
        noises = {'white': speechkit.white, 'pink': speechkit.pink} | {name: self.place(name) for name in PLACES}
        for ratio in (20, 10):
            scores = [self.score(name, noise, ratio) for name, noise in noises.items()]
            together = speechkit.together(scores)
            print(f'all {ratio}: {together}', file=sys.stderr)
            with self.subTest(ratio=ratio):
                self.assertGreaterEqual(together.share_found(), 0.95 if ratio == 20 else 0.9)
                self.assertGreaterEqual(together.share_near(), 0.86 if ratio == 20 else 0.82)
                self.assertLessEqual(together.delay(95), 0.5)
                for score in scores:
                    self.assertLessEqual(score.false_a_minute(), 1)
                    self.assertGreaterEqual(score.share_near(), 0.7)
                    self.assertLessEqual(score.delay(50), 0.5)


if __name__ == '__main__':
    unittest.main()
