# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of the training of the network that finds speech: its targets, its losses, and that runs are repeatable.

    python3 test_vad.py [unittest options]

tests/speech holds the network in C against the twin.
"""
import os
import unittest

import numpy as np
import torch

import vad
import speechmix
import train_speech
from test_training import ScratchTest, write_corpus

RATE, FRAME = vad.RATE, vad.FRAME


class Features(unittest.TestCase):
    def test_floor(self):
        """The least of 30 frames so far and of nine times 30 before them, frame by frame."""
        smooth = np.random.default_rng(1).uniform(size=(1000, 2))
        found = vad._lowest(smooth)
        for frame in range(1000):
            first = max(0, frame // 30 - 9) * 30
            np.testing.assert_array_equal(found[frame], smooth[first:frame + 1].min(0))

    def test_bands(self):
        """A sine of 1 kHz: half the square of its amplitude in its band, next to nothing two bands away."""
        wave = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)
        power = vad.band_powers(wave)[10:].mean(0)
        band = np.searchsorted(vad.BAND_EDGES, 1000) - 1
        self.assertAlmostEqual(power[band], 0.125, delta=0.01)
        self.assertLess(power[band + 2:].max(), 1e-4)
        self.assertLess(power[:band - 1].max(), 1e-4)

    def test_level_does_not_matter(self):
        wave = np.random.default_rng(2).standard_normal(2 * RATE)
        np.testing.assert_allclose(vad.features(wave * 0.1), vad.features(wave * 0.01), atol=2e-3)


class Targets(unittest.TestCase):
    def test_clear_span(self):
        """Half a second of a tone in silence, to a frame; not one that dies away over the half second, nor two."""
        tone = np.sin(2 * np.pi * 440 * np.arange(RATE // 2) / RATE)
        quiet = np.zeros(FRAME * 30)
        wave = np.concatenate([quiet, tone, quiet])
        np.testing.assert_allclose(speechmix.clear_span(wave), (30 * FRAME, 80 * FRAME), atol=FRAME)
        fading = np.concatenate([quiet, tone * np.logspace(0, -3, len(tone)), quiet])
        self.assertIsNone(speechmix.clear_span(fading))
        self.assertIsNone(speechmix.clear_span(np.concatenate([wave, wave])))

    def test_labels(self):
        """A tone that gets weaker by 60 dB in a second is heard in white noise as long as it is louder in its band."""
        time = np.arange(RATE) / RATE
        tone = 10 ** (-3 * time) * np.sqrt(2) * np.sin(2 * np.pi * 1000 * time)
        noise = np.random.default_rng(3).standard_normal(RATE) * np.sqrt(50 * 1e-3)
        labels = speechmix.Recordings._labels(tone, noise, [(0, RATE)])
        self.assertEqual(labels[0], 1)
        self.assertAlmostEqual(labels.sum(), 50, delta=4)
        np.testing.assert_array_equal(labels, np.sort(labels)[::-1])


class Losses(unittest.TestCase):
    def setUp(self):
        self.labels = torch.zeros(1, 400)
        self.labels[0, 150:260] = 1

    def edge_loss(self, shift):
        """What it is where all heads are as sure of speech as may be, SHIFT frames too late."""
        odds = train_speech.delayed(torch.roll(self.labels, shift, 1)) * 80 - 40
        return train_speech.edge_loss(odds, self.labels, np.random.default_rng(4)).item()

    def test_edges(self):
        """Nothing is lost within 90 ms, much beyond."""
        self.assertLess(self.edge_loss(0), 1e-3)
        self.assertLess(self.edge_loss(8), 0.1)
        self.assertGreater(self.edge_loss(12), 5)
        self.assertGreater(self.edge_loss(-12), 5)

    def test_frames(self):
        odds = train_speech.delayed(self.labels) * 80 - 40
        self.assertLess(train_speech.frame_loss(odds, self.labels).sum(), 1e-6)
        self.assertGreater(train_speech.frame_loss(-odds, self.labels).min(), 5)


class Repeatable(ScratchTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        os.mkdir(cls.path("data"))
        write_corpus(cls.path("data"))

    def run_once(self, name, seed):
        self.run_it("train_speech.py", "--output", self.path(name), "--steps", "3", "--seed", str(seed))
        with open(self.path(name), "rb") as file:
            return file.read()

    def test_same_weights(self):
        weights = self.run_once("one.bin", 1)
        self.assertEqual(weights, self.run_once("two.bin", 1))
        self.assertNotEqual(weights, self.run_once("three.bin", 2))
        vad.write(vad.read(self.path("one.bin")), self.path("again.bin"))
        with open(self.path("again.bin"), "rb") as file:
            self.assertEqual(file.read(), weights)


if __name__ == "__main__":
    unittest.main()
