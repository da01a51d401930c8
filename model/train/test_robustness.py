# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of the distortions: what they do to signals of known spectrum, level and place.

    python3 test_robustness.py [unittest options]
"""
import shutil
import unittest

import numpy as np

import robustness
from dataset import RATE


def tone(hertz, seconds=1.0):
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def decibels(x):
    return 10 * np.log10(np.mean(np.square(x)) + 1e-12)


class Distortions(unittest.TestCase):
    def test_noise(self):
        """Against the active part alone: silence around it changes nothing."""
        wave = np.concatenate([np.zeros(RATE, np.float32), tone(200), np.zeros(RATE, np.float32)])
        noise = np.random.default_rng(1).standard_normal(RATE // 2)
        for ratio in robustness.RATIOS:
            added = robustness.add_noise(wave, noise, ratio) - wave
            self.assertEqual(len(added), len(wave))
            self.assertAlmostEqual(decibels(tone(200)) - decibels(added), ratio, delta=0.1)

    def test_telephone(self):
        kept, low, high = (decibels(robustness.telephone(tone(f))) - decibels(tone(f)) for f in (1000, 60, 6000))
        self.assertAlmostEqual(kept, 0, delta=0.5)
        self.assertLess(low, -30)
        self.assertLess(high, -30)

    @unittest.skipUnless(shutil.which("gst-launch-1.0"), "needs gst-launch-1.0")
    def test_opus(self):
        """Clips come back at their places: the correlation with the original is highest without a shift."""
        rng = np.random.default_rng(2)
        waves = [tone(200 + 100 * k, 0.6 + 0.1 * k) * np.repeat(rng.uniform(0.1, 1, 100), 200)[:int((0.6 + 0.1 * k) * RATE)]
                 for k in range(3)]
        for wave, back in zip(waves, robustness.through_opus(waves, 12000)):
            self.assertEqual(len(wave), len(back))
            correlation = np.correlate(back, wave, "full")
            self.assertLessEqual(abs(int(correlation.argmax()) - (len(wave) - 1)), 2)
            self.assertGreater(correlation.max() / np.sqrt(np.sum(wave ** 2) * np.sum(back ** 2)), 0.8)

    def test_windows(self):
        wave = tone(300, 4.2)
        self.assertEqual([len(w) for w in robustness.windows_of(wave, 5.0)], [len(wave)])
        pieces = robustness.windows_of(wave, 1.0)
        self.assertEqual([len(w) for w in pieces], [RATE] * len(pieces))
        self.assertEqual(len(pieces), 4)
        quiet = np.concatenate([np.zeros(3 * RATE, np.float32), tone(300, 2.0), np.zeros(3 * RATE, np.float32)])
        for piece in robustness.windows_of(quiet, 1.0):
            self.assertGreater(decibels(piece), decibels(tone(300)) - 4)


if __name__ == "__main__":
    unittest.main()
