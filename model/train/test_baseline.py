# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of the classical baseline and of the figures: against known signals, SciPy and scikit-learn.

    python3 test_baseline.py [unittest options]
"""
import json
import os
import tempfile
import unittest

import numpy as np
from scipy.signal import welch

import baseline
import clipstats
import dataset
import emotion2vec
import evaluate
import features

RATE = dataset.RATE
try:
    import sklearn.metrics
except ImportError:
    sklearn = None
NEEDS_SKLEARN = unittest.skipUnless(sklearn, "needs scikit-learn")


def tone(hertz, seconds=1.0, level=0.3):
    return level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)


def voice(hertz, seconds=1.0):
    """Ten harmonics, as F0 is asked of a voice and not of a sine."""
    return sum(tone(k * hertz, seconds, 0.1 / k) for k in range(1, 11))


def named(wave, variant=0):
    return dict(zip(clipstats.NAMES, clipstats.statistics(wave)[variant]))


class Statistics(unittest.TestCase):
    def test_count(self):
        """The description in words adds up to 442 numbers, none of them twice."""
        self.assertEqual(len(set(clipstats.NAMES)), 442)
        self.assertEqual(clipstats.statistics(tone(200)).shape, (2, 442))

    def test_pitch(self):
        for hertz in (90, 200, 333):
            for wave in (tone(hertz), voice(hertz)):
                got = named(wave)
                self.assertAlmostEqual(got["f0.mean"], 12 * np.log2(hertz / 100), delta=0.1)
                self.assertLess(got["f0.sd"], 0.1)
                self.assertGreater(got["voiced"], 0.95)

    def test_pitch_that_rises(self):
        """An octave in two seconds is a trend of six semitones a second."""
        seconds = np.arange(2 * RATE) / RATE
        wave = 0.3 * np.sin(2 * np.pi * 150 * 2 ** (seconds / 2) * 2 / np.log(2))
        self.assertAlmostEqual(named(wave)["f0.trend"], 6, delta=0.2)

    def test_noise_has_no_pitch(self):
        self.assertLess(named(np.random.default_rng(1).standard_normal(RATE) * 0.1)["voiced"], 0.1)

    def test_level(self):
        """A sine of amplitude 0.3 has -13.47 dB; normalised, every level has -20 dB."""
        for level in (0.3, 0.03):
            self.assertAlmostEqual(named(tone(1000, level=level))["energy.mean"], 20 * np.log10(level / 2 ** 0.5), delta=0.1)
            self.assertAlmostEqual(named(tone(1000, level=level), 1)["energy.mean"], -20, delta=0.1)

    def test_normalised_level_is_forgotten(self):
        wave = voice(120) * np.repeat(np.random.default_rng(2).uniform(0.2, 1, 20), RATE // 20)
        one, other = clipstats.statistics(wave), clipstats.statistics(wave / 10)
        np.testing.assert_allclose(one[1], other[1], atol=0.02)
        self.assertGreater(abs(one[0] - other[0]).max(), 10)

    def test_spectrum(self):
        """Against SciPy's estimate of the power density of white noise and of two tones."""
        for wave in (np.random.default_rng(3).standard_normal(4 * RATE) * 0.1, tone(500) + tone(3000)):
            hertz, density = welch(wave, RATE, nperseg=400, noverlap=240, nfft=512)
            got = named(wave)
            self.assertAlmostEqual(got["centroid.mean"], (hertz * density).sum() / density.sum(), delta=40)
            place = hertz[np.searchsorted(np.cumsum(density), 0.85 * density.sum())]
            self.assertAlmostEqual(got["rolloff.mean"], place, delta=80)

    def test_bands(self):
        """A tone is loudest in the band whose middle is nearest."""
        middles = features.mel_points(clipstats.BANDS + 2, low=20.0)[1:-1].numpy()
        for hertz in (300, 1000, 4000):
            bands = clipstats.statistics(tone(hertz))[0][:clipstats.BANDS]
            self.assertLessEqual(abs(middles[bands.argmax()] - hertz), np.diff(middles)[bands.argmax() - 1])

    def test_peaks_and_length(self):
        bursts = np.tile(np.concatenate([1e-3 * voice(150, 0.05), voice(150, 0.15), 1e-3 * voice(150, 0.05)]), 8)
        got = named(bursts)
        self.assertAlmostEqual(got["seconds"], 2.0, delta=0.02)
        self.assertAlmostEqual(got["peaks"], 4.0, delta=0.3)
        self.assertAlmostEqual(got["active"], 0.6, delta=0.15)

    def test_poor_clips(self):
        """Silence, a few samples, one click: numbers all the same."""
        click = np.zeros(RATE)
        click[100] = 1
        for wave in (np.zeros(RATE), np.zeros(3), np.full(500, 0.5), click):
            self.assertTrue(np.isfinite(clipstats.statistics(wave)).all())


class Figures(unittest.TestCase):
    def setUp(self):
        rng = np.random.default_rng(4)
        self.truth = rng.integers(0, 9, 400)
        self.logits = rng.standard_normal((400, 9)) * 2
        self.logits[np.arange(400), self.truth] += 1.5
        self.clips = [dataset.Clip(str(k), "ab"[k % 2], "dev", "s", dataset.CLASSES[t], "", 0, 0)
                      for k, t in enumerate(self.truth)]

    @NEEDS_SKLEARN
    def test_against_scikit_learn(self):
        for row in evaluate.figures(self.logits, self.clips):
            mine = np.array([c.corpus == row["corpus"] for c in self.clips])
            classes = list(evaluate.FOUR) if row["kind"] == "4-class" else list(range(9))
            mine &= np.isin(self.truth, classes)
            said = np.array(classes)[self.logits[mine][:, classes].argmax(1)]
            truth = self.truth[mine]
            self.assertEqual(row["clips"], len(truth))
            self.assertAlmostEqual(row["ua"], 100 * sklearn.metrics.recall_score(truth, said, average="macro"))
            self.assertAlmostEqual(row["wa"], 100 * sklearn.metrics.accuracy_score(truth, said))
            self.assertAlmostEqual(row["f1"], 100 * sklearn.metrics.f1_score(truth, said, average="weighted"))
            np.testing.assert_array_equal(row["confusion"], sklearn.metrics.confusion_matrix(truth, said, labels=range(9)))
            self.assertTrue(row["range"][0] < row["ua"] < row["range"][1])

    def test_calibration(self):
        """Answers drawn by the very scores have no error; logits twice as large have, and 2 is found."""
        rng = np.random.default_rng(5)
        logits = rng.standard_normal((20000, 9)) * 2
        scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        truth = (scores.cumsum(1) > rng.random((20000, 1))).argmax(1)
        self.assertLess(evaluate.calibration(logits, truth)[1], 2)
        self.assertGreater(evaluate.calibration(2 * logits, truth)[1], 8)
        self.assertLess(evaluate.calibration(2 * logits, truth, 2.0)[1], 2)
        clips = [dataset.Clip("", "a", "dev", "s", dataset.CLASSES[t], "", 0, 0) for t in truth]
        self.assertAlmostEqual(evaluate.best_temperature(2 * logits, clips), 2, delta=0.15)
        self.assertAlmostEqual(evaluate.best_temperature(0.5 * logits, clips), 0.5, delta=0.05)
        self.assertEqual(evaluate.best_temperature(0.5 * logits, clips, 1.0), 1)

    def test_twin_divides_by_the_temperature(self):
        hyper = emotion2vec.Hyper(embed_dim=32, depth=1, prenet_depth=1, num_heads=4, conv_layers=((16, 400, 320),),
                                  conv_pos_depth=1, alibi_shape=(1, 1, 4, 1, 1), classes=9, temperature=2.0)
        out = emotion2vec.Emotion2vec(hyper, dataset.LABELS).eval()(emotion2vec.torch.randn(8000))
        halved = np.exp(out["logits"].detach().double().numpy() / 2)
        np.testing.assert_allclose(out["scores"].detach().numpy(), halved / halved.sum(), rtol=1e-5)

    def test_json(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.json")
            content = {"figures": evaluate.figures(self.logits, self.clips), "list": [1, 2.5], "name": "[1, 2]  x"}
            evaluate.write_json(content, path)
            with open(path, encoding="utf-8") as file:
                back = json.load(file)
        self.assertEqual(back["name"], content["name"])
        self.assertEqual(back["figures"][0]["confusion"], content["figures"][0]["confusion"])
        self.assertAlmostEqual(back["figures"][0]["ua"], content["figures"][0]["ua"], delta=1e-2)

    def test_beside_a_baseline(self):
        table = evaluate.figures(self.logits, self.clips)
        other = [dict(row, ua=row["range"][1] + 1) for row in table]
        same = {"variants": {"x": {"splits": {"dev": table}}, "y": {"splits": {"dev": other}}}}
        lines = evaluate.compare(table, "dev", same)
        self.assertEqual(len(lines), 1 + len(table) + 2)
        self.assertTrue(all(line.endswith("above") for line in lines[1:1 + len(table)]))
        lines = evaluate.compare(table, "dev", {"variants": {"x": {"splits": {"dev": table}}}})
        self.assertTrue(all("+0.0" in line and "inside" in line for line in lines[1:1 + len(table)]))


@NEEDS_SKLEARN
class Machines(unittest.TestCase):
    def test_against_the_radial_kernel(self):
        """Distances kept for all gammas give what scikit-learn's own radial kernel gives."""
        from sklearn.svm import SVC
        rng = np.random.default_rng(6)
        classes = rng.choice([0, 3, 4, 6], 200)
        known = rng.normal(0, 3, (200, 20)) + classes[:, None]
        fresh = rng.normal(0, 3, (100, 20)) + rng.choice([0, 3, 4, 6], 100)[:, None]
        machine = baseline.Machine(known, classes)
        for gamma in (0.01, 0.05):
            mine = machine.fit(3.0, gamma).logits(machine.distances(fresh))
            scaled = (known - known.mean(0)) / known.std(0)
            theirs = SVC(C=3.0, gamma=gamma, class_weight="balanced").fit(scaled, classes)
            expected = theirs.decision_function((fresh - known.mean(0)) / known.std(0))
            np.testing.assert_allclose(mine[:, [0, 3, 4, 6]], expected, atol=1e-2)
            self.assertTrue(np.isneginf(mine[:, [1, 2, 5, 7, 8]]).all())


if __name__ == "__main__":
    unittest.main()
