#!/usr/bin/env python3
"""test_threads.py - device=cpu: how many of the BLAS's threads take part, in a pipeline and in the tools.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import os
import shutil
import unittest

import annotatekit
from annotatekit import GST_LAUNCH, MODEL_TOOL, run
import blas
from testkit import tone

FREE = {'OMP_NUM_THREADS': None, 'OPENBLAS_NUM_THREADS': None}


@unittest.skipUnless(os.environ.get('EMOTION2VEC_COUNT_BLAS'), 'built without a BLAS')
class Threads(annotatekit.AnnotateTest):
    @classmethod
    def make_media(cls):
        cls.clip = os.path.join(cls.media, 'talk.wav')
        tone(cls.clip, 2)

    def told(self, command, environment):
        """What the BLAS was told while the command ran."""
        log = self.path('log')
        if os.path.exists(log):
            os.remove(log)
        done = run(command, {**blas.counting(self.folder), 'COUNTBLAS_LOG': log,
                             'XDG_CACHE_HOME': self.path('cache'), **environment}, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn('self-test', done.stderr)
        with open(log, encoding='utf-8') as file:
            return file.read().split('\n')[:-1]

    def pipeline(self):
        return [GST_LAUNCH, '-m', 'filesrc', f'location={self.clip}', '!', 'wavparse', '!', 'emotion2vec',
                f'model-file={self.model}', 'device=cpu', 'window=1000000000', '!', 'fakesink']

    def test_element_works_alone_and_leaves_the_thread_as_it_was(self):
        shutil.rmtree(self.path('cache'), ignore_errors=True)
        for _ in ('with the self-check', 'without'):
            told = self.told(self.pipeline(), FREE)
            self.assertEqual(set(told), {'set 1', 'run 1', 'set 7'})
            self.assertEqual(told[0], 'set 1')
            self.assertEqual(told[-1], 'set 7')

    def test_environment_decides(self):
        for name in FREE:
            self.assertEqual(set(self.told(self.pipeline(), {**FREE, name: '3'})), {'run 7'})

    def test_tools_take_all(self):
        for command in (self.command('--device', 'cpu', '-o', self.path('out'), self.clip),
                        [MODEL_TOOL, 'run', self.model, self.clip, '--device', 'cpu']):
            self.assertEqual(set(self.told(command, FREE)), {'run 7'})


if __name__ == '__main__':
    unittest.main()
