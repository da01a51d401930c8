# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of soft targets and of other voices.

    python3 test_teachers.py [unittest options]
"""
import os
import subprocess
import sys
import unittest
from unittest import mock

import numpy as np
import torch

import checkpoint
import dataset
import teachers
import test_training

RATE = dataset.RATE
SAD = dataset.CLASSES.index("sad")
try:
    import sklearn
except ImportError:
    sklearn = None


def clip(number, corpus, speaker, emotion):
    return dataset.Clip("%s-%d" % (corpus, number), corpus, "train", speaker, emotion, "CC0", 0, 0)


def crowd():
    """Two corpora, 9 and 5 speakers, four classes each, five clips of each."""
    names = [("a", "a%d" % k) for k in range(9)] + [("b", "b%d" % k) for k in range(5)]
    return [clip(number, *name, emotion) for name in names for emotion in ("angry", "happy", "neutral", "sad")
            for number in range(5)]


class Folds(unittest.TestCase):
    def test_no_speaker_is_cut_in_two(self):
        clips = crowd()
        fold = teachers.deal(clips, 4, 3)
        for corpus, speakers in (("a", 9), ("b", 5)):
            of_speaker = {}
            for k, c in zip(fold, clips):
                if c.corpus == corpus:
                    of_speaker.setdefault(c.speaker, set()).add(k)
            self.assertEqual({len(s) for s in of_speaker.values()}, {1})
            sizes = np.bincount([s.pop() for s in of_speaker.values()], minlength=4)
            self.assertEqual(sizes.sum(), speakers)
            self.assertLessEqual(sizes.max() - sizes.min(), 1)
        self.assertFalse(np.array_equal(fold, teachers.deal(clips, 4, 4)))

    def test_nobody_judges_what_he_learned(self):
        """One who knows by heart what he heard knows nothing of the clips that he is asked about."""
        clips = crowd()
        features, classes = np.arange(len(clips))[:, None], np.array([dataset.CLASSES.index(c.emotion9) for c in clips])

        def by_heart(known, answers):
            memory = dict(zip(known[:, 0].tolist(), answers.tolist()))
            return lambda asked: np.eye(10)[[memory.get(k, 9) for k in asked[:, 0].tolist()]][:, :9]
        logits = teachers.judge(by_heart, features, classes, teachers.deal(clips, 4, 1))
        self.assertFalse(logits.any())

    @unittest.skipUnless(sklearn, "needs scikit-learn")
    def test_teachers_learn(self):
        """Classes that lie apart are told apart; the scores are as sure as they are right."""
        rng, clips = np.random.default_rng(2), crowd()
        classes = np.array([dataset.CLASSES.index(c.emotion9) for c in clips])
        features = rng.normal(0, 1, (len(clips), 80))
        features[:, :9] += 6 * np.eye(9)[classes]
        fold = teachers.deal(clips, 4, 1)
        with mock.patch.object(teachers, "trees", lambda seed: teachers.TEACHERS["trees"](seed, 40)):
            for make in teachers.TEACHERS.values():
                scores = np.exp(teachers.log_scores(teachers.judge(make(1), features, classes, fold), clips))
                np.testing.assert_allclose(scores.sum(1), 1, atol=1e-2)
                self.assertGreater((scores.argmax(1) == classes).mean(), 0.9)
                self.assertAlmostEqual(scores.max(1).mean(), (scores.argmax(1) == classes).mean(), delta=0.1)
                self.assertLess(scores[:, [1, 2, 5, 7, 8]].max(), 0.1)


class Taught(test_training.ScratchTest):
    """From a corpus to a model that believes its teachers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        os.mkdir(cls.path("data"))
        test_training.write_corpus(cls.path("data"))

    @unittest.skipUnless(sklearn, "needs scikit-learn")
    def test_file(self):
        said = self.run_it("teachers.py", "--output", self.path("opinions.npz"), "--folds", "3")
        self.assertIn("together: UA of speakers not heard", said)
        audio = dataset.Audio(self.path("cache"))
        expected = sorted(c.path for c in audio.select("train") if "ND" not in c.licence)
        with np.load(self.path("opinions.npz")) as kept:
            self.assertEqual(sorted(kept["paths"].tolist()), expected)
            np.testing.assert_allclose(kept["scores"].sum(1), 1, atol=1e-2)
        clips = [c for c in audio.clips if c.path in (expected[0], "hiss-aug.wav")]
        rows = teachers.Opinions(self.path("opinions.npz")).of(clips)
        for c, row in zip(clips, rows):
            self.assertEqual(row.max() == 1 and row.argmax() == dataset.UNKNOWN, c.path == "hiss-aug.wav")

    def test_one_fold(self):
        self.assertIn("two folds", self.refused("teachers.py", "--output", self.path("x.npz"), "--folds", "1"))

    def test_teachers_are_believed(self):
        """Everything is sad to these teachers. With all of the weight the model says so, with none it does not know of them;
        and other voices are heard on the way."""
        subprocess.run(self.command("dataset.py"), check=True, stdout=subprocess.DEVNULL)
        clips = dataset.Audio(self.path("cache")).select("train", "noise")
        np.savez(self.path("sad.npz"), paths=np.array([c.path for c in clips]), scores=np.eye(9, dtype=np.float32)[[SAD] * len(clips)])
        common = ("--front-end-steps", "2", "--steps", "30", "--batch-seconds", "8", "--crop", "0.9", "1.1", "--processes", "1",
                  "--evaluate-every", "30", "--voices", "0.5")
        shares = {}
        for weight in ("0", "1"):
            self.run_it("train.py", *common, "--output", self.path("out" + weight), "--teachers", self.path("sad.npz"),
                        "--teachers-weight", weight)
            model = checkpoint.load(self.path("out" + weight)).eval()
            waves = torch.from_numpy(np.random.default_rng(5).normal(0, 0.1, (8, RATE)).astype(np.float32))
            shares[weight] = float(model(waves)["scores"][:, SAD].mean())
        self.run_it("train.py", *common, "--output", self.path("alone"))
        self.assert_same_weights(self.weights("alone"), self.weights("out0"))
        self.assertGreater(shares["1"], 0.8)
        self.assertLess(shares["0"], 0.4)


class Voices(unittest.TestCase):
    def test_a_tone_keeps_its_pitch(self):
        wave = np.sin(2 * np.pi * 220 * np.arange(2 * RATE) / RATE).astype(np.float32)
        for factor in (0.7, 1.0, 1.45):
            longer = dataset.stretch(wave, factor)
            self.assertEqual(len(longer), round(len(wave) * factor))
            spectrum = np.abs(np.fft.rfft(longer * np.hanning(len(longer))))
            self.assertAlmostEqual(spectrum.argmax() * RATE / len(longer), 220, delta=1.5)
            self.assertAlmostEqual(longer[2000:-2000].std(), wave.std(), delta=0.02)

    def test_events_move(self):
        """Bursts of a tone come where they have to, within the reach of the search."""
        seconds = np.arange(2 * RATE) / RATE
        places = (0.3, 0.8, 1.6)
        loud = sum(np.abs(seconds - p) < 0.05 for p in places)
        wave = (np.sin(2 * np.pi * 300 * seconds) * loud).astype(np.float32)
        for factor in (0.75, 1.3):
            energy = np.convolve(np.square(dataset.stretch(wave, factor)), np.ones(1600), "same")
            for p in places:
                window = energy[int((p * factor - 0.1) * RATE):int((p * factor + 0.1) * RATE)]
                self.assertAlmostEqual(window.argmax() / RATE - 0.1, 0, delta=0.045)
                self.assertGreater(window.max(), 200)

    def test_short_and_silent(self):
        for wave in (np.zeros(10, np.float32), np.ones(1, np.float32), np.zeros(RATE, np.float32)):
            for factor in (0.5, 1.6):
                self.assertTrue(np.isfinite(dataset.stretch(wave, factor)).all())

    def test_another_voice(self):
        """Pitch and tempo of a voice change, and not in step: beats per second are not tied to the pitch any more."""
        rng = np.random.default_rng(3)
        seconds = np.arange(4 * RATE) / RATE
        wave = (np.sin(2 * np.pi * 200 * seconds) * (1.1 - np.cos(2 * np.pi * 5 * seconds))).astype(np.float32)
        crops = dataset.TrainingCrops.__new__(dataset.TrainingCrops)
        for voices in (0.0, 1.0):
            crops.rng, crops.voices = rng, voices
            found = []
            for _ in range(30):
                cut = crops._voice(wave, (0, len(wave)), 2 * RATE)
                self.assertEqual((len(cut), cut.dtype), (2 * RATE, np.float32))
                pitch = np.abs(np.fft.rfft(cut * np.hanning(len(cut)))).argmax() / 2
                envelope = np.abs(np.fft.rfft(np.square(cut), 8 * RATE))[int(2 * 8):int(9 * 8)]
                found.append((np.log(pitch / 200), np.log((envelope.argmax() / 8 + 2) / 5)))
            pitches, beats = np.array(found).T
            if voices:
                self.assertGreater(np.abs(pitches).max(), 0.13)
                self.assertLess(abs(np.corrcoef(pitches, beats)[0, 1]), 0.6)
            else:
                self.assertLess(np.abs(pitches).max(), 0.13)
                self.assertGreater(np.corrcoef(pitches, beats)[0, 1], 0.8)


if __name__ == "__main__":
    sys.exit(unittest.main())
