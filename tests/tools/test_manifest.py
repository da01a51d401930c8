"""test_manifest.py - lists of utterances: the same labels as one by one, in order, whatever happens on the way.

Expected labels come from `emotion2vec-model run` on files that are cut out beforehand, sample by sample.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest
import wave

import numpy

import testkit
import watched

ANNOTATE = os.environ['EMOTION2VEC_ANNOTATE']
MODEL = os.environ['EMOTION2VEC_MODEL']
CLIPS = os.environ['EMOTION2VEC_CLIPS']
GST_LAUNCH = os.environ['GST_LAUNCH']
SEED = int(os.environ.get('EMOTION2VEC_KILL_SEED', '1'))
KILLS = int(os.environ.get('EMOTION2VEC_KILLS', '5'))


def convert(source, target, *elements):
    line = ['filesrc', f'location={source}', '!', 'decodebin', '!', 'audioconvert', '!', 'audioresample', '!', *elements, '!',
            'filesink', f'location={target}']
    subprocess.run([GST_LAUNCH, '-q', *line], env=watched.environment(), check=True, timeout=120)


def cut(source, target, start, end):
    """The samples from `start` to `end`, in seconds."""
    with wave.open(source) as file, wave.open(target, 'wb') as part:
        rate = file.getframerate()
        part.setparams(file.getparams())
        file.setpos(round(start * rate))
        part.writeframes(file.readframes(round(end * rate) - round(start * rate)))


def labels_of_run(path):
    """What the other tool says of a file of one window."""
    said = json.loads(testkit.call('run', '--json', MODEL, path).stdout)
    return said['label'], said['scores']


def read_safetensors(path):
    with open(path, 'rb') as file:
        header = json.loads(file.read(struct.unpack('<Q', file.read(8))[0]))
        first, last = header['embeddings']['data_offsets']
        data = file.read()
        assert len(data) == last
        return numpy.frombuffer(data[first:last], '<f4').reshape(header['embeddings']['shape'])


class Lists(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        speech = os.path.join(CLIPS, 'conversation.opus')
        shutil.copy(speech, cls.path('speech ü.opus'))
        convert(speech, cls.path('speech.wav'), 'audio/x-raw,format=S16LE,rate=44100,channels=1', '!', 'wavenc')
        testkit.to_aiff(cls.path('speech.wav'), cls.path('speech.aiff'))
        convert(speech, cls.path('speech.flac'), 'audio/x-raw,format=S16LE,rate=44100,channels=1', '!', 'flacenc')

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def path(cls, *names):
        return os.path.join(cls.folder.name, *names)

    def write(self, name, lines):
        with open(self.path(name), 'w', encoding='utf-8') as file:
            file.writelines(line if line.endswith('\n') else line + '\n' for line in lines)
        return self.path(name)

    def command(self, name, *options):
        return [ANNOTATE, '--manifest', self.path(name), '--model', MODEL, '--output-dir', self.path('out'), *options]

    def label(self, name, *options, status=0):
        done = subprocess.run(watched.command(self.command(name, *options)), env=watched.environment(), capture_output=True,
                              text=True, timeout=600)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def read(self, leaf):
        with open(self.path('out', leaf), 'rb') as file:
            return file.read()

    def lines(self, leaf):
        return [json.loads(line) for line in self.read(leaf).decode().splitlines()]

    def test_parts(self):
        """Parts of files are what a file of just these samples is."""
        parts = [(4.0, 7.25), (10.5, 12.0), (0.0, 2.0), (30.123, 33.5)]
        self.write('parts.jsonl', [json.dumps({'path': f'speech.{kind}', 'start': start, 'end': end})
                                   for kind in ('wav', 'flac', 'aiff') for start, end in parts])
        self.label('parts.jsonl')
        said = self.lines('parts.emotions.jsonl')
        self.assertEqual(len(said), 12)
        for line, (start, end) in zip(said, parts * 3):
            cut(self.path('speech.wav'), self.path('part.wav'), start, end)
            label, scores = labels_of_run(self.path('part.wav'))
            self.assertEqual(line['emotion2vec_label'], label)
            for name, score in scores.items():
                self.assertAlmostEqual(line['emotion2vec_scores'][name], score, delta=2e-6, msg=(line, name))
            self.assertAlmostEqual(line['emotion2vec_confidence'], max(scores.values()), delta=2e-6)

    def test_kinds_of_lists(self):
        """NeMo's lists and Kaldi's say the same; lines keep their text; what an earlier run added is replaced."""
        self.write('ours.jsonl', ['{"path": "speech ü.opus", "start": 4, "end": 7.250, "text": "a {b} ü", "x": 1.10}'])
        self.write('nemo.json', ['{"audio_filepath": "speech ü.opus", "offset": 4.0, "duration": 3.25}',
                                 '{"audio_filepath": "speech.wav", "duration": 1.0}'])
        self.write('wav.scp', ['utt-1 speech.wav', f'utt-2\t{self.path("speech ü.opus")}'])
        for name in ('ours.jsonl', 'nemo.json', 'wav.scp'):
            self.label(name)
        first = self.read('ours.emotions.jsonl').decode()
        self.assertTrue(first.startswith('{"path": "speech ü.opus", "start": 4, "end": 7.250, "text": "a {b} ü", "x": 1.10, '))
        ours, nemo, kaldi = (self.lines(f'{name}.emotions.jsonl') for name in ('ours', 'nemo', 'wav'))
        self.assertEqual(ours[0]['emotion2vec_scores'], nemo[0]['emotion2vec_scores'])
        self.assertEqual(nemo[1]['emotion2vec_scores'], kaldi[0]['emotion2vec_scores'])
        self.assertEqual([line['utterance'] for line in kaldi], ['utt-1', 'utt-2'])
        self.assertEqual(kaldi[0]['path'], 'speech.wav')

        again = dict(ours[0], emotion2vec_label='nonsense', emotion2vec_row=7, path=self.path('speech ü.opus'))
        self.write('again.jsonl', [json.dumps(again)])
        self.label('again.jsonl')
        twice = self.lines('again.emotions.jsonl')[0]
        self.assertEqual({key: twice[key] for key in twice if key != 'path'}, {key: ours[0][key] for key in ours[0] if key != 'path'})
        self.assertEqual(self.read('again.emotions.jsonl').count(b'"emotion2vec_label"'), 1)

    def test_long(self):
        """What is longer than a window of the element is heard in parts: the mean, by their lengths."""
        self.write('long.jsonl', ['{"path": "speech.wav"}', '{"path": "speech.wav", "start": 0, "end": 30}'])
        self.label('long.jsonl', '--embeddings', 'npy')
        with wave.open(self.path('speech.wav')) as file:
            seconds = file.getnframes() / file.getframerate()
        self.assertGreater(seconds, 30.2)
        # the element says what its parts are
        line = ['filesrc', f'location={self.path("speech.wav")}', '!', 'wavparse', '!', 'emotion2vec', 'window=0',
                f'model-file={MODEL}', 'mode=sync', 'minimum-duration=100000000', '!', 'fakesink']
        said = subprocess.run([GST_LAUNCH, '-m', *line], env=watched.environment(), check=True, capture_output=True, text=True, timeout=300).stdout
        parts = []
        for text in said.splitlines():
            if 'emotion2vec, element=' in text:
                numbers = text.split('scores=(double)<')[1].split('>')[0]
                duration = int(text.split('duration=(guint64)')[1].split(',')[0])
                parts.append((duration, numpy.array([float(x) for x in numbers.split(',')])))
        self.assertGreater(len(parts), 1)
        expected = sum(duration * scores for duration, scores in parts) / sum(duration for duration, _ in parts)
        numpy.testing.assert_allclose(list(self.lines('long.emotions.jsonl')[0]['emotion2vec_scores'].values()), expected,
                                      atol=2e-6)

    def test_embeddings(self):
        """NumPy reads them; the other kind holds the same; rows are those of the lines that were heard."""
        self.write('rows.jsonl', [json.dumps({'path': 'speech.wav', 'start': start, 'end': start + 2}) for start in range(3)]
                   + ['{"path": "nowhere.wav"}', '{"path": "speech.wav", "start": 1, "end": 3}'])
        self.label('rows.jsonl', '--embeddings', 'npy', status=1)
        rows = numpy.load(self.path('out', 'rows.emotions.npy'))
        said = self.lines('rows.emotions.jsonl')
        self.assertEqual([line.get('emotion2vec_row') for line in said], [0, 1, 2, None, 3])
        self.assertEqual(rows.shape[0], 4)
        self.assertTrue(numpy.isfinite(rows).all())
        numpy.testing.assert_array_equal(rows[1], rows[3])
        self.assertFalse(numpy.array_equal(rows[0], rows[1]))
        self.label('rows.jsonl', '--embeddings', 'safetensors', status=1)
        numpy.testing.assert_array_equal(read_safetensors(self.path('out', 'rows.emotions.safetensors')), rows)
        # the linear head on the embedding gives the logits: their order must be that of the scores
        trace = self.path('trace')
        cut(self.path('speech.wav'), self.path('part.wav'), 1, 3)
        testkit.call('run', '--trace', trace, MODEL, self.path('part.wav'))
        [name] = [name for name in os.listdir(trace) if name.endswith('.safetensors')]
        with open(os.path.join(trace, name), 'rb') as file:
            header = json.loads(file.read(struct.unpack('<Q', file.read(8))[0]))
            data = file.read()
        first, last = header['utterance']['data_offsets']
        numpy.testing.assert_allclose(rows[1], numpy.frombuffer(data[first:last], '<f4'), atol=2e-6)

    def test_bad_lines(self):
        """Each has its line and its reason; the others are heard."""
        reasons = {
            '{"path": "nowhere.wav"}': 'there is no such file',
            '{"path": "bad.jsonl"}': 'not a media file',
            'utt sox speech.wav -t wav - |': 'commands are not run',
            'alone': 'no path',
            '{"path": "speech.wav", "start": 3, "end": 2}': 'no part of a file',
            '{"path": "speech.wav", "start": -1}': 'no part of a file',
            '{"path": "speech.wav", "start": "1"}': 'no part of a file',
            '{"path": "speech.wav", "start": 1e99}': 'no part of a file',
            '{"path": "speech.wav", "start": 300, "end": 301}': 'no audio in that part',
            '{"path": "speech.wav", "start": 1, "end": 1.01}': 'too short',
            '{"file": "speech.wav"}': 'neither "path" nor',
            '{}': 'neither "path" nor',
            '{"path": "speech.wav"': 'no JSON object',
            '{"path": ' + '[' * 100000: 'no JSON object',
        }
        self.write('bad.jsonl', [*reasons, '', '{"path": "speech.wav", "start": 4, "end": 6}'])
        done = self.label('bad.jsonl', status=1)
        said = self.lines('bad.emotions.jsonl')
        self.assertEqual(len(said), len(reasons) + 1)
        for line, (written, reason) in zip(said, reasons.items()):
            self.assertIn(reason, line['emotion2vec_error'], written[:80])
            self.assertIn(reason, done.stderr)
        self.assertIn('emotion2vec_label', said[-1])
        with open(self.path('bytes.scp'), 'wb') as file:
            file.write(b'utt \xff\xfe.wav\n')
        self.label('bytes.scp', status=1)
        self.assertIn('UTF-8', self.lines('bytes.emotions.jsonl')[0]['emotion2vec_error'])

    def many(self):
        return self.write('many.jsonl', [json.dumps({'path': ('speech.wav', 'speech.flac')[k % 2], 'start': k % 28, 'end': k % 28 + 1.5})
                                         for k in range(40)])

    def test_jobs_and_shards(self):
        """The same bytes with any number of jobs; shards are the lines in turn."""
        self.many()
        self.label('many.jsonl', '--jobs', '1', '--embeddings', 'npy')
        whole, rows = self.read('many.emotions.jsonl'), self.read('many.emotions.npy')
        self.label('many.jsonl', '--jobs', '5', '--no-resume', '--embeddings', 'npy')
        self.assertEqual(self.read('many.emotions.jsonl'), whole)
        self.assertEqual(self.read('many.emotions.npy'), rows)
        parts = []
        for shard in range(1, 4):
            self.label('many.jsonl', '--shard', f'{shard}/3')
            parts.append(self.lines(f'many.emotions-{shard}-of-3.jsonl'))
        joined = [parts[k % 3][k // 3] for k in range(40)]
        for one, other in zip(joined, whole.decode().splitlines()):
            other = json.loads(other)
            del other['emotion2vec_row']
            self.assertEqual(one, other)

    def test_killed(self):
        """A run that is killed again and again ends with the same bytes, and nothing is in place before the end."""
        self.many()
        options = ('--embeddings', 'safetensors', '--jobs', '2')
        self.label('many.jsonl', *options)
        expected = self.read('many.emotions.jsonl'), self.read('many.emotions.safetensors')
        shutil.rmtree(self.path('out'))
        dice, kills = random.Random(SEED), 0
        part = self.path('out', '.emotion2vec-annotate', 'many.emotions.jsonl.part')
        for attempt in range(KILLS):
            process = subprocess.Popen(self.command('many.jsonl', *options), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            # a moment that is known by what is written, and not by a clock
            before = os.path.getsize(part) if os.path.exists(part) else 0
            wanted = before + dice.randrange(1, 3000)
            while process.poll() is None and not (os.path.exists(part) and os.path.getsize(part) >= wanted):
                time.sleep(0.001)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                kills += 1
                self.assertFalse(os.path.exists(self.path('out', 'many.emotions.jsonl')))
            process.wait()
        self.assertGreater(kills, 0)
        # half a line, and half a row, as a power cut leaves them
        if os.path.exists(part):
            with open(part, 'ab') as file:
                file.write(b'{"path": "speech.wav", "emotion2vec_ro')
            with open(self.path('out', '.emotion2vec-annotate', 'many.emotions.rows.part'), 'ab') as file:
                file.write(b'123')
        done = self.label('many.jsonl', *options)
        self.assertIn('before', done.stdout)
        self.assertEqual((self.read('many.emotions.jsonl'), self.read('many.emotions.safetensors')), expected)
        self.assertEqual(os.listdir(self.path('out', '.emotion2vec-annotate')), ['many.emotions.key.done'])

    def test_changed_list(self):
        """Outputs of another list or of other settings are made anew; those of others are not overwritten."""
        self.write('change.jsonl', ['{"path": "speech.wav", "start": 0, "end": 2}'])
        self.label('change.jsonl')
        first = self.read('change.emotions.jsonl')
        self.assertIn('before', self.label('change.jsonl').stdout)
        self.label('change.jsonl', '--classes', 'angry,happy')
        self.assertEqual(list(self.lines('change.emotions.jsonl')[0]['emotion2vec_scores']), ['angry', 'happy'])
        self.write('change.jsonl', ['{"path": "speech.wav", "start": 9, "end": 12}'])
        self.label('change.jsonl')
        self.assertNotEqual(self.read('change.emotions.jsonl'), first)
        self.write('foreign.jsonl', ['{"path": "speech.wav", "start": 0, "end": 2}'])
        self.write(os.path.join('out', 'foreign.emotions.jsonl'), ['precious'])
        done = self.label('foreign.jsonl', status=1)
        self.assertIn('--force', done.stderr)
        self.assertEqual(self.read('foreign.emotions.jsonl'), b'precious\n')
        self.label('foreign.jsonl', '--force')

    def test_usage(self):
        self.write('use.jsonl', ['{"path": "speech.wav"}'])
        for options, said in ((['speech.wav'], 'neither paths nor formats'), (['--format', 'vtt'], 'neither paths nor formats'),
                              (['--embeddings', 'csv'], 'npy, safetensors')):
            self.assertIn(said, self.label('use.jsonl', *options, status=2).stderr)
        done = subprocess.run([ANNOTATE, '--embeddings', 'npy', self.path('speech.wav')], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn('needs --manifest', done.stderr)
        done = subprocess.run(self.command('not there.jsonl'), capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn('not there.jsonl', done.stderr)

    @unittest.skipUnless(shutil.which('parallel'), 'needs GNU parallel')
    def test_parallel(self):
        """The recipe for GNU parallel: shards side by side, then joined in the order of the list."""
        self.many()
        self.label('many.jsonl')
        whole = self.read('many.emotions.jsonl')
        subprocess.run(['parallel', '--will-cite', '--halt', 'soon,fail=1', '--jobs', '2', ' '.join(
            f"'{word}'" for word in self.command('many.jsonl', '--quiet')) + ' --shard {}/4', ':::', '1', '2', '3', '4'],
            check=True, timeout=300)
        shards = [self.path('out', f'many.emotions-{k}-of-4.jsonl') for k in range(1, 5)]
        joined = subprocess.run(['paste', '-d', '\\n', *shards], check=True, capture_output=True, timeout=60).stdout
        self.assertEqual(joined, whole)


if __name__ == '__main__':
    unittest.main()
