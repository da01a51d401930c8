#!/usr/bin/env python3
"""test_annotate_resume.py - emotion2vec-annotate killed at any moment, started again, in several jobs and several runs.

Whatever happened before, what is there in the end is byte by byte what an undisturbed run makes, and at no moment is there
half a file.

    EMOTION2VEC_KILLS=20    runs that are killed at random moments (default 5)
    EMOTION2VEC_SEED=N      other moments

SPDX-License-Identifier: LGPL-2.1-or-later"""
import fcntl
import os
import random
import shutil
import subprocess
import time
import unittest

import annotatekit
import watched
from annotatekit import AnnotateTest, STATE, clips, files, leftovers, outputs, run

KILLS = int(os.environ.get('EMOTION2VEC_KILLS', '5'))
SEED = int(os.environ.get('EMOTION2VEC_SEED', '1'))
KILLAT = os.environ['EMOTION2VEC_KILLAT']
FORMATS = ['--format', 'jsonl,vtt,csv']


class ResumeTest(AnnotateTest):
    @classmethod
    def make_media(cls):
        for clip in clips()[:4]:
            shutil.copy(clip, cls.media)

    def undisturbed(self, *arguments):
        """Outputs of a run that nobody disturbs."""
        folder = self.path('undisturbed')
        self.check(self.annotate('-q', '-o', folder, *FORMATS, *arguments), 0)
        return outputs(folder)

    def check_whole(self, folder, expected):
        """What is there is whole."""
        for path, content in outputs(folder).items():
            self.assertEqual(content, expected[path], path)

    def check_end(self, folder, expected):
        self.assertEqual(outputs(folder).keys(), expected.keys())
        self.check_whole(folder, expected)
        self.assertEqual(leftovers(folder), [])

    def killed(self, number, *arguments):
        """A run that dies before it changes something for the `number`th time; whether it did."""
        preload = [os.environ.get('EMOTION2VEC_PRELOAD'), KILLAT]
        done = self.annotate(*arguments, environment={'LD_PRELOAD': ':'.join(filter(None, preload)), 'KILL_AT': str(number)})
        self.assertIn(done.returncode, (0, -9), done.stderr)
        return done.returncode == -9


class Steps(ResumeTest):
    """Killed between any two steps of the way on which outputs come to their place."""

    @unittest.skipIf('EMOTION2VEC_WRAPPER' in os.environ, 'the wrapper would be killed')
    def test_each_step(self):
        source = os.path.join(self.media, sorted(os.listdir(self.media))[0])
        expected = self.undisturbed(source)
        moments = 0
        for number in range(1, 1000):
            folder = self.path(f'out{number}')
            arguments = ['-q', '-o', folder, *FORMATS, source]
            if not self.killed(number, *arguments):
                break
            moments += 1
            if os.path.exists(folder):
                self.check_whole(folder, expected)
            self.check(self.annotate(*arguments), 0)
            self.check_end(folder, expected)
        # at least: 3 parts and the record written, 4 renames
        self.assertGreater(moments, 8)

    @unittest.skipIf('EMOTION2VEC_WRAPPER' in os.environ, 'the wrapper would be killed')
    def test_new_settings(self):
        """Old outputs are replaced all together, and a run that was killed on the way leaves nothing that the next one takes
        for someone else's."""
        source = os.path.join(self.media, sorted(os.listdir(self.media))[0])
        before = self.undisturbed(source)
        shutil.rmtree(self.path('undisturbed'))
        after = self.undisturbed(source, '--interval', '0.5')
        self.assertNotEqual(before, after)
        for number in range(1, 1000):
            folder = self.path(f'out{number}')
            self.check(self.annotate('-q', '-o', folder, *FORMATS, source), 0)
            arguments = ['-q', '-o', folder, '--interval', '0.5', *FORMATS, source]
            if not self.killed(number, *arguments):
                break
            for path, content in outputs(folder).items():
                self.assertIn(content, (before[path], after[path]))
            self.check(self.annotate(*arguments), 0)
            self.check_end(folder, after)
        self.assertGreater(number, 8)

    @unittest.skipIf('EMOTION2VEC_WRAPPER' in os.environ, 'the wrapper would be killed')
    def test_killed_again_and_again(self):
        """The run that repairs what a killed one left is killed too."""
        chance = random.Random(SEED)
        expected = self.undisturbed(self.media)
        folder = self.path('out')
        arguments = ['-q', '-o', folder, *FORMATS, self.media]
        for _ in range(4 * KILLS):
            if not self.killed(chance.randint(1, 12), *arguments):
                break
            if os.path.exists(folder):
                self.check_whole(folder, expected)
        self.check(self.annotate(*arguments), 0)
        self.check_end(folder, expected)


class Moments(ResumeTest):
    """Killed from outside, at moments that chance chooses."""

    def test_random_moments(self):
        chance = random.Random(SEED)
        begin = time.monotonic()
        expected = self.undisturbed(self.media)
        longest = time.monotonic() - begin
        n_killed = 0
        for _ in range(KILLS):
            folder = self.path('out')
            command = self.command('-q', '-o', folder, *FORMATS, self.media)
            process = subprocess.Popen(watched.command(command), env=watched.environment(), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            try:
                process.wait(timeout=chance.uniform(0, longest))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                n_killed += 1
            if os.path.exists(folder):
                self.check_whole(folder, expected)
            self.check(self.annotate('-q', '-o', folder, *FORMATS, self.media), 0)
            self.check_end(folder, expected)
            shutil.rmtree(folder)
        print(f'{n_killed} of {KILLS} runs were killed before they were done')


class Again(ResumeTest):
    """What is done is not done again, unless something is different."""

    def setUp(self):
        super().setUp()
        self.source = self.path('talk.opus')
        shutil.copy(clips()[0], self.source)
        self.arguments = [self.source, '-o', self.path('out'), *FORMATS]
        self.assertEqual(self.status(), 'annotated')
        self.assertEqual(self.status(), 'done before')

    def status(self, *more):
        entry = self.summary(*self.arguments, *more)[self.source]
        return entry['status']

    def test_same_outcome(self):
        first = self.summary(*self.arguments, '--no-resume')[self.source]
        again = self.summary(*self.arguments)[self.source]
        for field in ('duration', 'windows', 'label', 'outputs'):
            self.assertEqual(first[field], again[field])
        self.assertAlmostEqual(first['share'], again['share'], places=6)

    def test_no_resume(self):
        self.assertEqual(self.status('--no-resume'), 'annotated')

    def test_other_settings(self):
        for setting in (['--interval', '2'], ['--window', '2'], ['--trigger', 'speech'], ['--channels', 'first'],
                        ['--silence', '-50'], ['--track', 'all'], ['--precision', 'fp32']):
            self.assertEqual(self.status(*setting), 'annotated', setting)
            self.assertEqual(self.status(*setting), 'done before', setting)

    def test_other_model(self):
        other = self.path('other.gguf')
        run([annotatekit.MODEL_TOOL, 'convert', os.path.join(annotatekit.REFERENCE, '02-six-heads-odd', 'checkpoint.pt'), '-o',
             other])
        self.assertEqual(self.status('--model', other), 'annotated')

    def test_same_model_elsewhere(self):
        other = self.path('copy.gguf')
        shutil.copy(self.model, other)
        self.assertEqual(self.status('--model', other), 'done before')

    def test_other_content(self):
        shutil.copy(clips()[1], self.source)
        self.assertEqual(self.status(), 'annotated')
        self.assertEqual(self.status(), 'done before')

    def test_missing_output(self):
        os.remove(self.path('out', 'talk.csv'))
        self.assertEqual(self.status(), 'annotated')
        self.assertTrue(os.path.exists(self.path('out', 'talk.csv')))

    def test_more_formats(self):
        self.assertEqual(self.status('--format', 'srt'), 'annotated')
        self.assertEqual(self.status(), 'done before')
        self.assertEqual(self.status('--format', 'srt'), 'done before')

    def test_corrected_by_hand(self):
        """What a person made of an output is kept while it is up to date, and not overwritten when it is not."""
        subtitles = self.path('out', 'talk.vtt')
        with open(subtitles, 'a', encoding='utf-8') as file:
            file.write('\nNOTE checked\n')
        self.assertEqual(self.status(), 'done before')
        entry = self.summary(*self.arguments, '--interval', '2')[self.source]
        self.assertEqual(entry['status'], 'failed')
        self.assertIn('was changed after it was made', entry['error'])
        with open(subtitles, encoding='utf-8') as file:
            self.assertIn('NOTE checked', file.read())
        self.assertEqual(self.status('--interval', '2', '--force'), 'annotated')
        with open(subtitles, encoding='utf-8') as file:
            self.assertNotIn('NOTE checked', file.read())

    def test_damaged_record(self):
        """A record that makes no sense is none: then outputs are not known to be ours."""
        path = self.path('out', STATE, 'talk.opus.state')
        with open(path, encoding='utf-8') as file:
            text = file.read()
        for damaged in ('', 'nonsense\n', text[:len(text) // 2], text.replace('output ', 'output x '),
                        text.replace('talk.csv', '../talk.csv'), text.replace('heard ', 'heard -')):
            with open(path, 'w', encoding='utf-8') as file:
                file.write(damaged)
            entry = self.summary(*self.arguments)[self.source]
            self.assertEqual(entry['status'], 'failed', damaged)
            self.assertIn('--force overwrites it', entry['error'])
        self.assertEqual(self.status('--force'), 'annotated')

    def test_other_run_at_work(self):
        os.remove(self.path('out', 'talk.csv'))
        with open(self.path('out', STATE, 'talk.opus.lock'), 'w', encoding='utf-8') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            entry = self.summary(*self.arguments)[self.source]
            self.assertEqual(entry['error'], 'another run is at work on it')
        self.assertEqual(self.status(), 'annotated')
        self.assertEqual(leftovers(self.path('out')), [])


class Jobs(ResumeTest):
    def test_reference_executor(self):
        expected = self.undisturbed(self.media, '-j', '1')
        for jobs in ('2', '4', '7'):
            folder = self.path('out' + jobs)
            self.check(self.annotate('-q', '-j', jobs, '-o', folder, *FORMATS, self.media), 0)
            self.check_end(folder, expected)

    @unittest.skipIf('EMOTION2VEC_WRAPPER' in os.environ, 'too slow with a wrapper')
    def test_bundled_model(self):
        """On whatever device there is, in batches of other sizes."""
        results = []
        for jobs in ('1', '4'):
            folder = self.path('out' + jobs)
            done = run([annotatekit.TOOL, '-q', '-j', jobs, '--interval', '0.3', '-o', folder, *FORMATS, self.media],
                       text=True)
            self.check(done, 0)
            results.append(outputs(folder))
        self.assertEqual(len(results[0]), 3 * 4)
        self.assertEqual(results[0], results[1])

    def test_two_runs_at_once(self):
        """Two runs over one folder share the work or leave it to each other; the outputs are the same."""
        expected = self.undisturbed(self.media)
        folder = self.path('out')
        command = self.command('-q', '-o', folder, *FORMATS, self.media)
        both = [subprocess.Popen(watched.command(command), env=watched.environment(), stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True) for _ in range(2)]
        for process in both:
            _, errors = process.communicate()
            for line in errors.splitlines():
                self.assertIn('another run is at work on it', line)
        self.check_end(folder, expected)
        self.assertEqual(len(files(folder)), len(expected) + 4)


if __name__ == '__main__':
    annotatekit.main()
