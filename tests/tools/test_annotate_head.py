#!/usr/bin/env python3
"""test_annotate_head.py - emotion2vec-annotate with a head of one's own: its classes are in all that comes of a file.

The head is trained on speech by emotion2vec-model; tests/tools/test_probe.py holds its numbers against NumPy. What it says
is what the element says with the same head-file, and `emotion2vec-model run` with the same --head.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import json
import os
import re
import shutil
import unittest
import wave

import annotatekit
from annotatekit import AnnotateTest, CLIPS, MODEL_TOOL, REFERENCE, STATE, TOOL, clips, launch, outputs, rows, run

COPIES = os.environ['EMOTION2VEC_COPIES'].split()
# what the clips are called, and what they are called here
CLASSES = {'angry': '不满/dissatisfied', 'sad': '不满/dissatisfied', 'happy': '满意/delighted', 'neutral': 'calm'}
NAMES = ['dissatisfied', 'delighted', 'calm']
SECONDS = 12
OLD_NAMES = ['angry', 'disgusted', 'fearful', 'happy', 'neutral', 'sad', 'surprised']


class HeadTest(AnnotateTest):
    @classmethod
    def make_media(cls):
        cls.head, cls.other_head = (cls.train(name, *options) for name, options in
                                    (('calls', ['--l2', '0.01']), ('others', ['--l2', '1'])))
        whole, part, cls.talk = (os.path.join(cls.media, name) for name in ('whole.wav', 'part.wav', 'talk.flac'))
        launch(f'filesrc location={CLIPS}/conversation.opus ! decodebin ! audioconvert ! audioresample ! '
               f'audio/x-raw,rate=16000,channels=1,format=S16LE ! wavenc ! filesink location={whole}')
        with wave.open(whole) as file, wave.open(part, 'wb') as out:
            out.setparams(file.getparams())
            out.writeframes(file.readframes(SECONDS * 16000))
        launch(f'filesrc location={part} ! wavparse ! flacenc ! filesink location={cls.talk}')

    @classmethod
    def train(cls, name, *options):
        manifest, head = (os.path.join(cls.shared, f'{name}.{kind}') for kind in ('tsv', 'gguf'))
        with open(os.path.join(CLIPS, 'clips.tsv'), encoding='utf-8') as file:
            table = [line.split('\t') for line in file.read().splitlines()[1:]]
        with open(manifest, 'w', encoding='utf-8') as file:
            file.write('path\tlabel\tspeaker\n')
            file.writelines(f'{os.path.join(CLIPS, row[0])}\t{CLASSES[row[3]]}\t{row[1]}\n' for row in table)
        done = run([MODEL_TOOL, 'probe', 'train', '--manifest', manifest, cls.model, '-o', head, '--device', 'ref', *options],
                   text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return head


class Files(HeadTest):
    def test_messages(self):
        """Windows, labels and scores are those of the element's messages."""
        heard = self.check_heard(self.talk, ['--head', self.head], f'head-file={self.head}')
        self.assertEqual({tuple(sorted(row['labels'])) for row in heard if 'labels' in row}, {tuple(sorted(NAMES))})
        self.assertGreater(len({row['label'] for row in heard}), 1)
        self.check_heard(self.talk, ['--head', self.head, '--classes', 'good=delighted+calm,dissatisfied', '--interval', '2'],
                         f'head-file={self.head} classes=good=delighted+calm,dissatisfied interval=2000000000')
        self.assertNotEqual(heard, self.check_heard(self.talk, ['--head', self.other_head], f'head-file={self.other_head}'))

    def test_all_formats(self):
        names = re.findall(r'^  ([a-z]+) ', self.annotate('--help').stdout.split('Formats:')[1].split('Examples:')[0],
                           re.MULTILINE)
        self.check(self.annotate('-q', '-o', self.path('out'), '--head', self.head, '-f', ','.join(names), self.talk), 0)
        made = {path.decode(): content.decode() for path, content in outputs(self.path('out')).items()}
        self.assertEqual(len(made), len(names))
        heard = {row['label'] for row in rows(self.path('out', 'talk.jsonl')) if 'label' in row}
        for path, text in made.items():
            self.assertTrue(any(name in text for name in heard), path)
            if not path.endswith('.html'):      # its scripts and styles know the usual ones
                self.assertEqual([name for name in OLD_NAMES if name in text], [], path)
        for path in ('talk.vtt', 'talk.eaf', 'talk.emotionml', 'talk.labelstudio.json'):
            self.assertIn('model 01-tiny' if path != 'talk.labelstudio.json' else '"01-tiny', made[path])
            self.assertIn(', head calls.gguf', made[path])
        self.assertRegex(made['talk.html'], r'<dt>Head<dd>(<bdi>)?calls\.gguf')

    def test_summary(self):
        """The label that is heard longest, in the object and in the table."""
        entry = self.summary('-o', self.path('out'), '--head', self.head, '-f', 'segments', self.talk)[self.talk]
        with open(self.path('out', 'talk.segments.csv'), encoding='utf-8') as file:
            heading, *lines = [line.strip().split(',') for line in file]
        times = dict.fromkeys(NAMES, 0)
        for line in lines:
            row = dict(zip(heading, line))
            if row['label'] != 'silent':
                times[row['label']] += float(row['end']) - float(row['start'])
        self.assertAlmostEqual(times[entry['label']], max(times.values()), places=6)
        table = self.annotate('-o', self.path('out'), '--head', self.head, '-f', 'segments', self.talk).stdout
        self.assertIn(f' {entry["label"]} ', table.splitlines()[1])

    @unittest.skipUnless('taglib' in COPIES, 'built without TagLib')
    def test_tags(self):
        """They are those of the element's summary."""
        self.check(self.annotate('-q', '-o', self.path('out'), '--head', self.head, '--tag-copy', self.talk), 0)
        with open(self.path('out', 'talk.tagged.flac'), 'rb') as file:
            tagged = file.read().lower()
        label, scores = self.summary_tags(self.talk, f'head-file={self.head}')
        self.assertIn(label.split('=')[1], NAMES)
        for text in (label, scores):
            self.assertTrue(text.encode() in tagged, text)
        self.assertEqual([name for name in OLD_NAMES if name.encode() in tagged], [])

    @unittest.skipUnless('libavformat' in COPIES, 'built without libavformat')
    def test_subtitles(self):
        launch(f'filesrc location={self.talk} ! decodebin ! audioconvert ! vorbisenc ! matroskamux ! '
               f'filesink location={self.path("talk.mka")}')
        self.check(self.annotate('-q', '-o', self.path('out'), '--head', self.head, '--subtitle-copy', '-f', 'vtt',
                                 self.path('talk.mka')), 0)
        with open(self.path('out', 'talk.vtt'), encoding='utf-8') as file:
            said = re.findall(r' --> .*\n(.*)', file.read())
        self.assertGreater(len(said), 1)
        with open(self.path('out', 'talk.subtitled.mka'), 'rb') as file:
            copy = file.read()
        for text in said:
            self.assertTrue(text.encode() in copy, text)

    def test_other_head(self):
        """Another head is another setting, no head too; the same one elsewhere is the same."""
        def status(*options):
            return self.summary('-o', self.path('out'), *options, self.talk)[self.talk]['status']
        again = self.path('copy of calls.gguf')
        shutil.copy(self.head, again)
        self.assertEqual(status(), 'annotated')
        self.assertEqual(status('-n', '--head', self.head), 'to do')
        self.assertEqual(status('--head', self.head), 'annotated')
        with_head = outputs(self.path('out'))
        self.assertEqual(status('--head', again), 'done before')
        self.assertEqual(status('--head', self.other_head), 'annotated')
        self.assertNotEqual(outputs(self.path('out')), with_head)
        self.assertEqual(status(), 'annotated')
        self.assertEqual(status('--head', self.head), 'annotated')
        self.assertEqual(outputs(self.path('out')), with_head)


class Lists(HeadTest):
    def write_list(self, n):
        with open(self.path('list.jsonl'), 'w', encoding='utf-8') as file:
            file.writelines(json.dumps({'path': clip}) + '\n' for clip in clips()[:n])

    def label(self, *options):
        done = self.annotate('--manifest', self.path('list.jsonl'), '-o', self.path('out'), *options)
        self.check(done, 0)
        return done.stdout, rows(self.path('out', 'list.emotions.jsonl'))

    def test_labels(self):
        self.write_list(4)
        _, lines = self.label('--head', self.head, '--embeddings', 'npy')
        done = run([MODEL_TOOL, 'run', self.model, *clips()[:4], '--head', self.head, '--device', 'ref', '--json'], text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        for line, said in zip(lines, map(json.loads, done.stdout.splitlines()), strict=True):
            self.assertEqual(sorted(line['emotion2vec_scores']), sorted(NAMES))
            self.assertEqual(line['emotion2vec_label'], said['label'])
            for name, score in said['scores'].items():
                self.assertAlmostEqual(line['emotion2vec_scores'][name], score, delta=2e-6)
            self.assertEqual((line['emotion2vec_model'], line['emotion2vec_head']), ('01-tiny', 'calls.gguf'))

    def test_other_head(self):
        """What another head said is made anew, a list that is complete and one that is not."""
        self.write_list(3)
        _, without = self.label()
        self.assertNotIn('emotion2vec_head', without[0])
        _, lines = self.label('--head', self.head)
        self.assertEqual(lines[0]['emotion2vec_head'], 'calls.gguf')
        self.assertIn('before', self.label('--head', self.head)[0])
        # as a killed run leaves it
        state = self.path('out', STATE, 'list.emotions')
        with open(state + '.key.done', encoding='utf-8') as file, open(state + '.key', 'w', encoding='utf-8') as copy:
            copy.write(file.read())
        with open(self.path('out', 'list.emotions.jsonl'), encoding='utf-8') as file, \
                open(state + '.jsonl.part', 'w', encoding='utf-8') as part:
            part.write(file.readline())
        said, others = self.label('--head', self.other_head)
        self.assertNotIn('before', said)
        self.assertEqual([line['emotion2vec_head'] for line in others], ['others.gguf'] * 3)


class Trouble(HeadTest):
    def refused(self, *arguments, status=1):
        done = self.annotate('-o', self.path('out'), *arguments, self.talk)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(outputs(self.path('out')), {})
        return done.stderr

    def test_head_of_another_model(self):
        """The error names both models and says what to do. It speaks of the option, not of the element's property."""
        other = self.path('other.gguf')
        run([MODEL_TOOL, 'convert', os.path.join(REFERENCE, '02-six-heads-odd', 'checkpoint.pt'), '-o', other])
        error = self.refused('--model', other, '--head', self.head)
        self.assertIn(f'{self.head}: the head is for features of width 32', error)
        self.assertIn("'02-six-heads-odd'", error)
        self.assertIn("'01-tiny'", error)
        self.assertNotIn('head-file', error)

    def test_no_head(self):
        self.assertIn('none.gguf: the head cannot be read: No such file', self.refused('--head', self.path('none.gguf')))
        self.assertIn('none.gguf: the head cannot be read', self.refused('-n', '--head', self.path('none.gguf')))
        self.assertIn(self.model, self.refused('--head', self.model))
        self.assertIn(self.talk, self.refused('--head', self.talk))

    def test_classes_of_the_model(self):
        error = self.refused('--head', self.head, '--classes', 'happy,sad', status=2)
        for word in ('--classes: ', 'happy', *NAMES):
            self.assertIn(word, error)

    def test_no_model(self):
        """Speaks of the option, not of the element's property."""
        data = self.path('data', 'gst-emotion2vec')
        os.makedirs(data)
        for name in ('one.gguf', 'two.gguf'):
            shutil.copy(self.model, os.path.join(data, name))
        environments = [({'EMOTION2VEC_MODEL': '', 'XDG_DATA_HOME': self.path('data')}, 'choose one with --model'),
                        ({'EMOTION2VEC_MODEL': self.path('none.gguf')}, 'the environment variable')]
        # where the package is installed, its model is found last
        empty = {'EMOTION2VEC_MODEL': '', 'XDG_DATA_HOME': self.path('empty')}
        if 'no model file was found' in run([MODEL_TOOL, 'doctor'], empty, text=True).stdout:
            environments.append((empty, 'name one with --model'))
        for environment, words in environments:
            done = run([TOOL, '-o', self.path('out'), self.talk], environment, text=True)
            self.check(done, 1, words)
            self.assertNotIn('model-file', done.stderr)
        self.assertIn('which --model names', self.refused('--model', self.path('none.gguf')))


if __name__ == '__main__':
    annotatekit.main()
