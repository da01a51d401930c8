"""testkit.py - what the tests of the command-line tool share: calling it, making audio, converted reference models.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import array
import math
import os
import struct
import subprocess
import sys
import tempfile
import unittest
import wave

import watched

TOOL = os.environ.get('EMOTION2VEC_TOOL')
REFERENCE = os.environ.get('EMOTION2VEC_REFERENCE')


def call(*arguments, stdin=None, environment=None, cwd=None):
    """Runs the tool; returns the finished process with text output."""
    return subprocess.run(watched.command([TOOL, *arguments]), stdin=stdin, env=watched.environment(environment), cwd=cwd,
                          capture_output=True, text=True, check=False)


def tone(path, seconds, rate=16000, channels=1, frequency=150):
    """A WAV file with a buzzing tone."""
    samples = array.array('h')
    for i in range(round(seconds * rate)):
        phase = i * frequency / rate % 1
        samples.extend([int(9000 * (2 * phase - 1) * (1.1 + math.sin(3 * i / rate)))] * channels)
    with wave.open(path, 'wb') as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())


def to_aiff(source, target):
    """The 16-bit samples of a WAV file as AIFF."""
    with wave.open(source) as file:
        samples = array.array('h', file.readframes(file.getnframes()))
        channels, rate, frames = file.getnchannels(), file.getframerate(), file.getnframes()
    samples.byteswap()
    # the rate is a float of 80 bits: exponent, then the whole mantissa
    exponent = rate.bit_length() - 1
    common = struct.pack('>hLhHQ', channels, frames, 16, 16383 + exponent, rate << (63 - exponent))
    sound = struct.pack('>LL', 0, 0) + samples.tobytes()
    chunks = b''.join(name + struct.pack('>L', len(data)) + data for name, data in ((b'COMM', common), (b'SSND', sound)))
    with open(target, 'wb') as file:
        file.write(b'FORM' + struct.pack('>L', len(chunks) + 4) + b'AIFF' + chunks)


class ToolTest(unittest.TestCase):
    """A test class with a scratch folder and a converted model of a reference case."""
    case = '01-tiny'

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.model = cls.convert_case(cls.case)
        cls.audio = os.path.join(REFERENCE, cls.case, 'audio.wav')

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.scratch.name, name)

    @classmethod
    def convert_case(cls, case, *arguments):
        model = cls.path(f'{case}.gguf')
        done = call('convert', os.path.join(REFERENCE, case, 'checkpoint.pt'), '-o', model, *arguments)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return model

    def check(self, done, status, *words):
        """The process ended with `status` and its error output has all `words`."""
        self.assertEqual(done.returncode, status, done.stderr + done.stdout)
        for word in words:
            self.assertIn(word, done.stderr)


def main():
    if not TOOL or not REFERENCE:
        sys.exit('set EMOTION2VEC_TOOL and EMOTION2VEC_REFERENCE')
    unittest.main()
