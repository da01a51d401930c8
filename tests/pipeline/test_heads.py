#!/usr/bin/env python3
"""test_heads.py - a head that the tool trained on speech, in the element: its scores are NumPy's on the embedding.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import json
import os
import sys
import unittest

import numpy as np

import pipelinekit
from pipelinekit import CLIPS, SOURCE, TOOL, call, launch, messages

sys.path.insert(0, os.path.join(SOURCE, 'tests', 'tools'))
import gguf  # noqa: E402


class Heads(pipelinekit.PipelineTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(os.path.join(CLIPS, 'clips.tsv'), encoding='utf-8') as file:
            rows = [line.split('\t') for line in file.read().splitlines()[1:]]
        cls.clips = [os.path.join(CLIPS, row[0]) for row in rows]
        cls.manifest, cls.head = cls.path('clips.tsv'), cls.path('head.gguf')
        with open(cls.manifest, 'w', encoding='utf-8') as file:
            file.write('path\tlabel\tspeaker\n')
            file.writelines(f'{clip}\t{row[3]}\t{row[1]}\n' for clip, row in zip(cls.clips, rows))
        done = call([TOOL, 'probe', 'train', '--manifest', cls.manifest, cls.model, '-o', cls.head, '--device', 'ref'])
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        file = gguf.Gguf(cls.head)
        weight, bias = (np.frombuffer(file.tensor(name)['data'], '<f4').astype(float)
                        for name in ('head.weight', 'head.bias'))
        cls.weight, cls.bias = weight.reshape(len(bias), -1), bias
        cls.labels = [label.decode() for label in file.keys['emotion2vec-head.labels'][1][1]]

    def scores(self, features):
        logits = features @ self.weight.T + self.bias
        shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return shifted / shifted.sum(axis=-1, keepdims=True)

    def test_scores_are_numpys(self):
        for clip in self.clips[2:4]:
            with self.subTest(clip=clip):
                done = call([TOOL, 'run', self.model, clip, '--device', 'ref', '--json', '--embedding'])
                expected = self.scores(np.array(json.loads(done.stdout)['embedding']))
                done = launch(f'filesrc location={clip} ! decodebin ! emotion2vec device=ref window=0 silence-threshold=-100 '
                              f'model-file={self.model} head-file={self.head} ! fakesink')
                self.assertEqual((done.returncode, done.stderr), (0, ''))
                result, = messages(done)
                self.assertEqual(result['labels'], self.labels)
                # as many digits as gst-launch prints
                self.assertLess(np.abs(result['scores'] - expected).max(), 1e-6)
                self.assertEqual(result['label'], self.labels[expected.argmax()])

    def test_speakers_left_out_are_judged(self):
        done = call([TOOL, 'probe', 'cv', '--manifest', self.manifest, self.model, '--device', 'ref', '--l2', '1', '--json'])
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)['report']
        self.assertEqual((report['clips'], report['speakers'], sorted(report['labels'])), (8, 2, sorted(self.labels)))

    def test_wrong_head(self):
        done = launch(f'filesrc location={self.clips[0]} ! decodebin ! emotion2vec device=ref head-file={self.head} ! fakesink',
                      {'EMOTION2VEC_MODEL': pipelinekit.BUNDLED})
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('the head is for features of width 32', done.stderr)
        self.assertIn("'emotion2vec-mini'", done.stderr)


if __name__ == '__main__':
    unittest.main()
