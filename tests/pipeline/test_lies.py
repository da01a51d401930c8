#!/usr/bin/env python3
"""test_lies.py - the element on drivers that lie: a fault in one shader, work left out, a NaN, a device that is lost. The
scores stay right, and one warning says what happened.

The truth is the reference executor.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import os
import re
import sys
import unittest

import pipelinekit
from pipelinekit import SOURCE, launch, messages

sys.path.insert(0, os.path.join(SOURCE, 'tests', 'tools'))
import liars


class Lies(pipelinekit.PipelineTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.truth = cls.tool_scores(cls(), cls.utterance, '--device', 'ref')['scores']

    def play(self, settings, **lies):
        """(message, warnings, what the layer noted) of a short file as one window."""
        log = self.path('log')
        environment = liars.environment(self.scratch.name, LIAR_LOG=log, **lies)
        if os.path.exists(log):
            os.remove(log)
        done = launch(f'filesrc location={self.utterance} ! wavparse ! emotion2vec window=0 model-file={self.model} '
                      f'{settings} ! fakesink', environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        result, = messages(done)
        noted = []
        if os.path.exists(log):
            with open(log, encoding='utf-8') as file:
                noted = file.read().split('\n')[:-1]
        return result, re.findall(r'^WARNING: from element.*', done.stdout + done.stderr, re.M), noted

    def check_right(self, result):
        for ours, theirs in zip(result['scores'], self.truth.values(), strict=True):
            self.assertAlmostEqual(ours, theirs, delta=1e-5)

    def check_warning(self, warnings, *words):
        self.assertEqual(len(warnings), 1, warnings)
        for word in words:
            self.assertIn(word, warnings[0])

    def test_fault_in_a_shader(self):
        result, warnings, _ = self.play('', LIAR_BREAK='simd')
        self.check_right(result)
        self.check_warning(warnings, 'simd shaders, fp32, answered', 'where 1e-04 is allowed',
                           'scalar shaders, fp32, instead')

    def test_work_left_out(self):
        result, warnings, _ = self.play('', LIAR_DROP='5')
        self.check_right(result)
        self.check_warning(warnings, 'simd shaders, fp32, answered', 'scalar shaders, fp32, answered', 'Running on the CPU')

    def test_nan_in_half_precision(self):
        """The first submission is the self-test's."""
        result, warnings, noted = self.play('precision=fp16', LIAR_NAN='2')
        self.assertEqual(noted, ['NaN 2'])
        self.check_warning(warnings, 'half precision', 'not finite', 'fp32')
        self.check_right(result)

    def test_nan_in_float(self):
        result, warnings, noted = self.play('', LIAR_NAN='2')
        self.assertEqual(noted, ['NaN 2'])
        self.check_warning(warnings, 'not finite', 'opened again')
        self.check_right(result)

    def test_lost(self):
        result, warnings, noted = self.play('', LIAR_LOSE='2')
        self.assertEqual(noted, ['lost 2'])
        self.check_warning(warnings, 'DEVICE_LOST', 'opened again')
        self.check_right(result)


if __name__ == '__main__':
    unittest.main()
