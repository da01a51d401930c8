#!/usr/bin/env python3
"""test_probe.py - linear heads from the command line: numbers against NumPy, what is refused, what is left out.

The clips are tones, since they are quickly read; tests/pipeline/test_heads.py takes speech. Features are those that
`run --embedding` prints. The second source is a Newton
method with the whole Hessian, which has nothing in common with the tool's but the function that it minimises.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import json
import os
import shutil
import signal
import struct
import subprocess
import wave

import numpy as np

import testkit
import watched
from gguf import Gguf
from testkit import call, tone

LABELS = ['neutral', 'happy', 'angry', 'sad']


def softmax(logits):
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def solve(x, y, n_classes, l2, balanced):
    """W and b for embeddings as they come, of standardised ones penalised by l2 / 2 ||W||^2."""
    mean, std = x.mean(axis=0), x.std(axis=0)
    z = np.hstack([(x - mean) / std, np.ones((len(x), 1))])
    counts = np.bincount(y, minlength=n_classes)
    weight = 1 / (n_classes * counts[y]) if balanced else np.full(len(x), 1 / len(x))
    target, d = np.eye(n_classes)[y], z.shape[1]
    penalty = np.tile(np.append(np.full(d - 1, l2), 0.0), n_classes)
    # the same constant on all biases changes nothing: without this the Hessian is singular there
    biases = np.tile(np.append(np.zeros(d - 1), 1.0), n_classes)
    theta = np.zeros(n_classes * d)
    for _ in range(50):
        p = softmax(z @ theta.reshape(n_classes, d).T)
        gradient = ((weight[:, None] * (p - target)).T @ z).ravel() + penalty * theta
        hessian = np.zeros((n_classes, d, n_classes, d))
        for j in range(n_classes):
            for k in range(n_classes):
                hessian[j, :, k, :] = (z * (weight * p[:, j] * ((j == k) - p[:, k]))[:, None]).T @ z
        step = np.linalg.solve(hessian.reshape(n_classes * d, -1) + np.diag(penalty) + np.outer(biases, biases), gradient)
        theta -= step
        if np.abs(step).max() < 1e-11:
            break
    parts = theta.reshape(n_classes, d)
    w, b = parts[:, :-1] / std, parts[:, -1] - parts[:, -1].mean()
    return w, b - w @ mean


class Probe(testkit.ToolTest):
    """Heads for the model of a reference case, on the reference executor."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rows = [(f'{speaker}-{label}.wav', label, speaker) for speaker in ('s14', 's15') for label in LABELS]
        for i, (name, label, speaker) in enumerate(cls.rows):
            tone(cls.path(name), 0.1 + 0.01 * i, frequency=90 + 60 * LABELS.index(label) + 35 * (speaker == 's15'))
        cls.y = np.array([LABELS.index(emotion) for _, emotion, _ in cls.rows])
        cls.speakers = [speaker for _, _, speaker in cls.rows]
        cls.manifest = cls.write('clips.tsv', cls.rows)
        done = call('run', cls.model, '--device', 'ref', '--json', '--embedding',
                    *[cls.path(name) for name, _, _ in cls.rows])
        cls.x = np.array([json.loads(line)['embedding'] for line in done.stdout.splitlines()])

    @classmethod
    def write(cls, name, rows, header='path\tlabel\tspeaker'):
        with open(cls.path(name), 'w', encoding='utf-8') as file:
            file.write('\n'.join([header] + ['\t'.join(row) for row in rows]) + '\n')
        return cls.path(name)

    def probe(self, command, *arguments, manifest=None):
        return call('probe', command, '--manifest', manifest or self.manifest, '--device', 'ref', *arguments)

    def train(self, *arguments, name='head.gguf', **settings):
        """Trains a head; returns its path, its weight and bias, and what was printed."""
        path = self.path(name)
        done = self.probe('train', self.model, '-o', path, *arguments, '--json', **settings)
        self.check(done, 0)
        file = Gguf(path)
        weight, bias = (np.frombuffer(file.tensor(tensor)['data'], '<f4') for tensor in ('head.weight', 'head.bias'))
        return path, weight.reshape(len(bias), -1), bias, json.loads(done.stdout)

    def judge(self, command, *arguments, **settings):
        done = self.probe(command, *arguments, '--json', **settings)
        self.check(done, 0)
        return json.loads(done.stdout)


class Numbers(Probe):
    def test_head_is_numpys(self):
        for l2, weights, balanced in (('0.1', 'balanced', True), ('3', 'none', False), ('0.003', 'none', False)):
            with self.subTest(l2=l2):
                # 7 clips: classes of different sizes
                manifest = self.write('seven.tsv', self.rows[:7])
                _, weight, bias, said = self.train('--l2', l2, '--class-weights', weights, manifest=manifest)
                w, b = solve(self.x[:7], self.y[:7], 4, float(l2), balanced)
                self.assertEqual(said['labels'], LABELS)
                self.assertEqual(said['l2'], float(l2))
                self.assertLess(np.abs(weight - w).max(), 1e-6 * np.abs(w).max())
                self.assertLess(np.abs(bias - b).max(), 1e-6 * np.abs(b).max())

    def test_scores_of_run_are_numpys(self):
        path, weight, bias, _ = self.train('--l2', '0.1')
        done = call('run', self.model, '--device', 'ref', '--json', '--head', path, '--embedding', '--granularity', 'frame',
                    self.path(self.rows[2][0]))
        self.check(done, 0)
        result = json.loads(done.stdout)
        expected = softmax((self.x[2] @ weight.astype(float).T + bias)[None])[0]
        self.assertEqual(list(result['scores']), LABELS)
        self.assertLess(np.abs(list(result['scores'].values()) - expected).max(), 1e-7)
        self.assertEqual(result['label'], LABELS[expected.argmax()])
        self.assertEqual(result['embedding'], self.x[2].tolist())
        self.assertEqual(np.shape(result['frame_scores']), (result['frames'], 4))
        # a linear layer before softmax: the mean of the frames' logits is the logit of their mean
        logits = np.log(np.array(result['frame_scores']))
        mean = (logits - logits.mean(axis=1, keepdims=True)).mean(axis=0)
        self.assertLess(np.abs(mean - (np.log(expected) - np.log(expected).mean())).max(), 1e-4)

    def test_figures_are_numpys(self):
        path, weight, bias, _ = self.train('--l2', '1')
        report, = self.judge('eval', self.model, path)['reports']
        scores = softmax(self.x @ weight.astype(float).T + bias)
        said, confusion = scores.argmax(axis=1), np.zeros((4, 4), int)
        np.add.at(confusion, (self.y, said), 1)
        recall, precision = (np.diag(confusion) / np.maximum(confusion.sum(axis=axis), 1) for axis in (1, 0))
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
        self.assertEqual(report['confusion'], confusion.tolist())
        self.assertEqual((report['clips'], report['speakers'], report['resampled']), (8, 2, 'clips'))
        for name, expected in (('ua', recall.mean()), ('wa', np.mean(said == self.y)), ('wf1', f1.mean())):
            self.assertAlmostEqual(report[name]['value'], expected, places=12)
            self.assertLessEqual(report[name]['low'], expected)
            self.assertGreaterEqual(report[name]['high'], expected)
        self.assertAlmostEqual(report['loss'], -np.log(scores[range(8), self.y]).mean(), places=6)

    def test_cross_validation_is_numpys(self):
        said = self.judge('cv', self.model, '--l2', '0.5')
        confusion = np.zeros((4, 4), int)
        for speaker in set(self.speakers):
            out = np.array([s == speaker for s in self.speakers])
            w, b = solve(self.x[~out], self.y[~out], 4, 0.5, True)
            np.add.at(confusion, (self.y[out], (self.x[out] @ w.T + b).argmax(axis=1)), 1)
        self.assertEqual((said['folds'], said['l2']), (2, [0.5, 0.5]))
        self.assertEqual(said['report']['confusion'], confusion.tolist())

    def test_penalty_is_chosen_by_leaving_out_speakers(self):
        _, _, _, said = self.train()
        losses = [trial['loss'] for trial in said['trials']]
        self.assertEqual(said['l2'], said['trials'][int(np.argmin(losses))]['l2'])
        for trial in said['trials']:
            loss = []
            for speaker in set(self.speakers):
                out = np.array([s == speaker for s in self.speakers])
                w, b = solve(self.x[~out], self.y[~out], 4, trial['l2'], True)
                loss += (-np.log(softmax(self.x[out] @ w.T + b)[range(out.sum()), self.y[out]])).tolist()
            # every class has as many clips, so the mean over clips is that over classes; folds are trained roughly
            self.assertAlmostEqual(trial['loss'] / np.mean(loss), 1, places=2)

    def test_twice_the_same(self):
        first, second = self.train(name='a/same.gguf')[0], self.train(name='b/same.gguf')[0]
        with open(first, 'rb') as one, open(second, 'rb') as other:
            self.assertEqual(one.read(), other.read())

    def setUp(self):
        for folder in 'ab':
            os.makedirs(self.path(folder), exist_ok=True)

    def test_parts_of_files(self):
        """A part is what a file with these samples alone would be."""
        long, part = self.path('long.wav'), self.path('part.wav')
        tone(long, 3, rate=8000)
        with wave.open(long) as source, wave.open(part, 'wb') as cut:
            cut.setparams(source.getparams())
            source.setpos(4001)
            cut.writeframes(source.readframes(9000))
        other = self.path(self.rows[0][0])
        header = 'speaker\tpath\tend\tlabel\tstart'
        by_part = self.write('parts.tsv', [('a', long, repr(13001 / 8000), 'x', repr(4001 / 8000)), ('b', other, '', 'y', '')],
                             header)
        by_file = self.write('files.tsv', [('a', part, '', 'x', ''), ('b', other, '', 'y', '')], header)
        _, one, _, _ = self.train('--l2', '1', manifest=by_part)
        _, two, _, _ = self.train('--l2', '1', manifest=by_file)
        self.assertEqual(one.tobytes(), two.tobytes())

    def test_root(self):
        """Paths begin at the manifest's folder, or where --root says."""
        elsewhere = self.write('a/elsewhere.tsv', self.rows)
        self.check(self.probe('cv', self.model, '--l2', '1', manifest=elsewhere), 1, 'a/s14-neutral.wav: there is no such')
        self.check(self.probe('cv', self.model, '--l2', '1', '--root', self.scratch.name, manifest=elsewhere), 0)

    def test_splits(self):
        rows = [row + ('train' if i < 6 else 'test',) for i, row in enumerate(self.rows)]
        manifest = self.write('splits.tsv', rows, 'path\tlabel\tspeaker\tsplit')
        six = self.write('six.tsv', self.rows[:6])
        path, weight, _, said = self.train('--l2', '1', manifest=manifest)
        self.assertEqual(said['clips'], 6)
        self.assertEqual(weight.tobytes(), self.train('--l2', '1', manifest=six, name='six.gguf')[1].tobytes())
        reports = self.judge('eval', self.model, path, manifest=manifest)['reports']
        self.assertEqual([(r['split'], r['clips']) for r in reports], [('train', 6), ('test', 2), (None, 8)])
        reports = self.judge('eval', self.model, path, '--split', 'test', manifest=manifest)['reports']
        self.assertEqual([(r['split'], r['clips']) for r in reports], [('test', 2)])


class Files(Probe):
    def test_info(self):
        path = self.train('--l2', '1', '--name', 'call centre', '--licence', 'MIT')[0]
        done = call('info', path)
        self.check(done, 0)
        for words in ('call centre, a head', 'for the model  01-tiny', '8 clips of 2 speakers', 'MIT', '3  sad'):
            self.assertIn(words, done.stdout)
        said = json.loads(call('info', '--json', path).stdout)
        self.assertEqual((said['kind'], said['labels'], said['embed_dim']), ('head', LABELS, 32))
        self.assertEqual(said['model_checksum'], Gguf(self.model).keys['emotion2vec.checksum.metadata'][1].decode())

    def test_text_for_people(self):
        done = self.probe('train', self.model, '-o', self.path('text.gguf'))
        self.check(done, 0)
        self.assertIn('chosen', done.stdout)
        done = self.probe('eval', self.model, self.path('text.gguf'))
        self.check(done, 0)
        for words in ('all clips: 8 clips of 2 speakers, 4 classes', 'unweighted accuracy (UA)', 'recall'):
            self.assertIn(words, done.stdout)

    def test_half_precision_is_the_same_model(self):
        path = self.train('--l2', '1')[0]
        half = self.path('half.gguf')
        self.check(call('convert', os.path.join(testkit.REFERENCE, self.case, 'checkpoint.pt'), '-o', half, '--precision',
                        'fp16'), 0)
        self.check(call('run', half, self.audio, '--device', 'ref', '--head', path), 0)

    def test_other_models_are_refused(self):
        path = self.train('--l2', '1')[0]
        for case, words in (('08-silence', 'gives others'), ('02-six-heads-odd', 'width 32')):
            with self.subTest(case=case):
                other = self.convert_case(case)
                for done in (call('run', other, self.audio, '--head', path), self.probe('eval', other, path)):
                    self.check(done, 1, path, "'01-tiny'", f"'{case}'", words)

    def test_a_model_is_no_head_and_the_other_way_round(self):
        path = self.train('--l2', '1')[0]
        self.check(call('run', self.model, self.audio, '--head', self.model), 1, 'a whole model')
        self.check(call('run', path, self.audio), 1, '--head')
        damaged = self.path('damaged.gguf')
        shutil.copy(path, damaged)
        with open(damaged, 'r+b') as file:
            file.seek(-40, os.SEEK_END)
            file.write(struct.pack('<f', 7))
        self.check(call('info', damaged), 1, damaged, 'checksum', 'head.')

    def test_own_head(self):
        """Without a head file the model's own is judged, by labels as they are or by their short names."""
        report, = self.judge('eval', self.model)['reports']
        self.assertEqual(len(report['labels']), 9)
        self.assertEqual(np.sum(report['confusion']), 8)
        rows = [(name, '开心/happy', speaker) for name, _, speaker in self.rows]
        report, = self.judge('eval', self.model, manifest=self.write('full.tsv', rows))['reports']
        self.assertEqual(np.sum(report['confusion'], axis=1).tolist(), [0, 0, 0, 8, 0, 0, 0, 0, 0])
        self.assertEqual(report['recall'][0], None)


class Refused(Probe):
    def refused(self, rows, *words, header='path\tlabel\tspeaker', arguments=(), command='train'):
        manifest = self.write('bad.tsv', rows, header)
        with self.subTest(words=words):
            output = ['-o', self.path('never.gguf')] if command == 'train' else []
            done = self.probe(command, self.model, *output, *arguments, manifest=manifest)
            self.check(done, 1, *words)
            self.assertFalse(os.path.exists(self.path('never.gguf')))

    def test_tables(self):
        name = self.rows[0][0]
        self.refused([(name, 'a')], 'bad.tsv, line 1', "no column 'speaker'", header='path\tlabel')
        self.refused([(name, 'a', 's'), (name, 'a')], 'bad.tsv, line 3: 2 columns, where the first line has 3')
        self.refused([(name, '', 's')], 'line 2: the label is empty')
        self.refused([(name, 'a', ' ')], 'line 2: the speaker is empty')
        self.refused([], 'there are no clips')
        self.refused([(name, 'a', 's')], 'there are no clips of the split nowhere', arguments=('--split', 'nowhere'))
        header = 'path\tlabel\tspeaker\tstart\tend'
        self.refused([(name, 'a', 's', 'x', '')], "line 2: start is 'x', expected seconds", header=header)
        self.refused([(name, 'a', 's', '-1', '')], "line 2: start is '-1'", header=header)
        self.refused([(name, 'a', 's', '0', 'nan')], "line 2: end is 'nan'", header=header)
        self.refused([(name, 'a', 's', '2', '1')], 'line 2: the clip ends at 1 s, before it starts at 2 s', header=header)
        self.check(self.probe('cv', self.model, manifest=self.path('none.tsv')), 1, 'none.tsv')
        with open(self.path('empty.tsv'), 'w', encoding='utf-8'):
            pass
        self.check(self.probe('cv', self.model, manifest=self.path('empty.tsv')), 1, 'empty.tsv, line 1', "'path'")
        with open(self.path('latin.tsv'), 'wb') as file:
            file.write(b'path\tlabel\tspeaker\n\xe4\tb\tc\n')
        self.check(self.probe('cv', self.model, manifest=self.path('latin.tsv')), 1, 'latin.tsv', 'UTF-8')

    def test_lines_of_other_systems(self):
        text = '\r\n'.join(['\ufeffpath\tlabel\tspeaker'] + ['\t'.join(row) for row in self.rows] + ['', ''])
        with open(self.path('dos.tsv'), 'w', encoding='utf-8', newline='') as file:
            file.write(text)
        self.assertEqual(self.train('--l2', '1', manifest=self.path('dos.tsv'))[3]['labels'], LABELS)

    def test_classes_and_speakers(self):
        one = [(name, label, 's14') for name, label, _ in self.rows]
        for command in ('train', 'cv'):
            self.refused(one, 'all clips are of one speaker (s14)', '--l2', command=command)
            self.refused([(name, 'calm', s) for name, _, s in self.rows], "all clips have the label 'calm'", command=command)
            self.refused([(name, 'odd' if i == 0 else label, s) for i, (name, label, s) in enumerate(self.rows)],
                         "only one speaker (s14) has clips of the class 'odd'", '--l2', command=command)
        # with two speakers, cross-validation leaves one to choose by
        self.refused(self.rows, 'without the speakers of fold 1 of 2', 'one speaker', '--l2', command='cv')
        self.train('--l2', '1', manifest=self.write('one.tsv', one))

    def test_clips_that_cannot_be_read(self):
        tone(self.path('short.wav'), 0.01)
        tone(self.path('long.wav'), 31, rate=1000)
        with open(self.path('text.wav'), 'w', encoding='utf-8') as file:
            file.write('no audio')
        header = 'path\tlabel\tspeaker\tstart'
        bad = [(self.path('none.wav'), 'sad', 's14', ''), (self.path('short.wav'), 'sad', 's14', ''),
               (self.path('long.wav'), 'sad', 's14', ''), (self.path('text.wav'), 'sad', 's15', ''),
               (self.rows[0][0], 'sad', 's15', '99')]
        rows = [row + ('',) for row in self.rows] + bad
        self.refused(rows, 'bad.tsv, line 10', 'none.wav: there is no such file', 'line 11', 'short.wav', 'line 12', '30 s',
                     'line 13', 'line 14', 'the audio ends before the part that is wanted', '5 of 13 clips cannot be used',
                     '--skip-unreadable', header=header, arguments=('--l2', '1'))
        manifest = self.write('skip.tsv', rows, header)
        done = self.probe('train', self.model, '-o', self.path('skip.gguf'), '--l2', '1', '--skip-unreadable', '--json',
                          manifest=manifest)
        self.check(done, 0, 'warning: ', 'line 10')
        self.assertEqual(json.loads(done.stdout)['clips'], 8)
        lost = [(self.path('none.wav'), 'lost', 's14', '')] + [row + ('',) for row in self.rows]
        self.refused(lost, "no clip of the class 'lost' can be used", header=header,
                     arguments=('--l2', '1', '--skip-unreadable'))

    def test_labels_that_the_head_does_not_have(self):
        path = self.train('--l2', '1')[0]
        rows = [(name, 'calm' if label == 'sad' else label, s) for name, label, s in self.rows]
        done = self.probe('eval', self.model, path, '--json', manifest=self.write('calm.tsv', rows))
        self.check(done, 0, "2 clips are left out: the head has no class 'calm'")
        self.assertEqual(json.loads(done.stdout)['reports'][0]['clips'], 6)
        rows = [(name, 'calm', s) for name, _, s in self.rows]
        done = self.probe('eval', self.model, path, manifest=self.write('calm.tsv', rows))
        self.check(done, 1, 'none of its labels is a class of the head, which has: neutral, happy, angry, sad')

    def test_interrupt(self):
        manifest, output = self.write('long.tsv', self.rows * 100), self.path('never.gguf')
        arguments = ['probe', 'train', '--manifest', manifest, self.model, '-o', output, '--device', 'ref']
        process = subprocess.Popen(watched.command([testkit.TOOL, *arguments]), env=watched.environment(),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while process.stderr.readline() != 'listening\n':
            self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate()
        self.assertEqual((process.returncode, said), (1, ''))
        self.assertIn('interrupted at', errors)
        self.assertNotIn('--skip-unreadable', errors)
        self.assertFalse(os.path.exists(output))

    def test_usage(self):
        for arguments in ([], ['walk'], ['train'], ['train', self.model], ['train', '--manifest', self.manifest, self.model],
                          ['train', '--manifest', self.manifest, '-o', 'x'], ['cv', self.model],
                          ['train', '--manifest', self.manifest, self.model, '-o', self.model],
                          ['train', '--manifest', self.manifest, self.model, '-o', self.manifest],
                          ['cv', '--manifest', self.manifest, self.model, '--folds', '1'],
                          ['cv', '--manifest', self.manifest, self.model, '--l2', '-1'],
                          ['cv', '--manifest', self.manifest, self.model, '--l2', 'nan'],
                          ['cv', '--manifest', self.manifest, self.model, '--seed', '-1'],
                          ['cv', '--manifest', self.manifest, self.model, '--resamples', '-1'],
                          ['cv', '--manifest', self.manifest, self.model, '--class-weights', 'some'],
                          ['cv', '--manifest', self.manifest, self.model, '--precision', 'fp8'],
                          ['eval', '--manifest', self.manifest, self.model, 'a', 'b']):
            with self.subTest(arguments=arguments):
                self.check(call('probe', *arguments), 2, '--help')
        self.assertIn('train', call('probe', '--help').stdout)
        for command in ('train', 'eval', 'cv'):
            self.assertIn('Examples:', call('probe', command, '--help').stdout)


if __name__ == '__main__':
    testkit.main()
