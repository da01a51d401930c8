"""test_vad.py - the network that finds speech, in C, against its PyTorch twin: a real clip, and audio made to be hard.

Needs PyTorch and SciPy. The twin is model/train/vad.py.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import os
import subprocess
import sys
import tempfile
import unittest

import numpy
import torch

import speechkit
from speechkit import RATE

sys.path.insert(0, os.environ['EMOTION2VEC_TRAIN'])
import vad  # noqa: E402

CLIP = 4
# of the log odds: single against double precision
TOLERANCE = 1e-3


def heard_in_c(audio):
    with tempfile.NamedTemporaryFile() as file:
        audio.astype('<f4').tofile(file.name)
        done = subprocess.run([os.environ['EMOTION2VEC_EVIDENCE'], file.name, speechkit.SPEECH_WEIGHTS], check=True,
                              capture_output=True, text=True, timeout=120)
    return numpy.loadtxt(done.stdout.splitlines(), ndmin=2)


def heard_by_twin(audio):
    network = vad.read(speechkit.SPEECH_WEIGHTS)
    with torch.no_grad():
        odds = network(torch.from_numpy(vad.features(audio.astype(numpy.float32)))[None])[0].numpy()
    expected = numpy.zeros_like(odds)
    for i, delay in enumerate(vad.DELAYS):
        expected[:max(0, len(odds) - delay), i] = odds[delay:, i]
    return numpy.clip(expected, -CLIP, CLIP)


class Twin(unittest.TestCase):
    def check(self, audio):
        found, expected = heard_in_c(audio), heard_by_twin(audio)
        self.assertEqual(found.shape, expected.shape)
        self.assertTrue(numpy.isfinite(found).all())
        self.assertLess(abs(found - expected).max(), TOLERANCE)
        return expected

    def test_speech(self):
        """Eight clips with digital silence between them: says much for speech and much against it."""
        odds = self.check(speechkit.decode(os.path.join(speechkit.CLIPS, 'conversation.opus')))
        self.assertGreater((odds > 2).mean(), 0.2)
        self.assertGreater((odds < -2).mean(), 0.2)

    def test_noise(self):
        clip = speechkit.decode(os.path.join(speechkit.CLIPS, 'emodb-s14-happy.opus'))
        for make_noise in (speechkit.white, speechkit.pink):
            self.check(clip + 0.02 * make_noise(len(clip), numpy.random.default_rng(3)))

    def test_hard(self):
        """Nothing but zeros, a constant, clipping, levels from -100 dB to far above full scale, and a few frames only."""
        random = numpy.random.default_rng(4)
        noise = random.standard_normal(5 * RATE)
        for audio in (numpy.zeros(3 * RATE), numpy.full(3 * RATE, 0.5), numpy.clip(noise * 5, -1, 1), noise * 1e-5, noise * 1e6,
                      noise * numpy.logspace(-6, 2, len(noise)), noise[:160], noise[:1600]):
            with self.subTest(n=len(audio), most=abs(audio).max()):
                self.check(audio)


if __name__ == '__main__':
    unittest.main()
