#!/usr/bin/env python3
"""test_annotate.py - emotion2vec-annotate as a user meets it: what it hears, what it refuses, what things are called.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import unittest

import annotatekit
import watched
from annotatekit import AnnotateTest, clips, files, launch, outputs, rows, run
from testkit import tone


def decode(path):
    return f'filesrc location={path} ! decodebin ! audioconvert ! audioresample'


class Hearing(AnnotateTest):
    """Windows and labels are those of the element's messages."""

    @classmethod
    def make_media(cls):
        long = os.path.join(annotatekit.CLIPS, 'conversation.opus')
        cls.files = {}
        for name, encode in (('a.flac', 'audio/x-raw,rate=44100,channels=2 ! flacenc'),
                             ('b.ogg', 'audio/x-raw,rate=48000,channels=1 ! vorbisenc ! oggmux'),
                             ('c.wav', 'audio/x-raw,rate=8000,channels=1,format=S16LE ! wavenc'),
                             ('d.wav', 'audio/x-raw,rate=96000,channels=6,format=F32LE ! wavenc'),
                             ('e.mka', 'audio/x-raw,rate=48000 ! opusenc ! matroskamux')):
            path = os.path.join(cls.media, name)
            launch(f'{decode(long)} ! {encode} ! filesink location={path}')
            cls.files[name] = path

    def check_same(self, name, options, settings):
        self.check_heard(self.files[name], options, settings)

    def test_formats(self):
        for name in self.files:
            with self.subTest(name=name):
                self.check_same(name, [], '')

    def test_settings(self):
        self.check_same('a.flac', ['--window', '1.5', '--interval', '0.7'], 'window=1500000000 interval=700000000')
        self.check_same('b.ogg', ['--trigger', 'speech'], 'trigger=speech')
        self.check_same('a.flac', ['--channels', 'each'], 'channel-mode=each')
        self.check_same('d.wav', ['--channels', 'first'], 'channel-mode=first')
        self.check_same('c.wav', ['--silence', '-20'], 'silence-threshold=-20')
        self.check_same('c.wav', ['--interval', '0'], 'interval=0')


class Tracks(AnnotateTest):
    """The sound of films, and of several tracks."""

    @classmethod
    def make_media(cls):
        one, other = (os.path.join(cls.media, name) for name in ('one.flac', 'other.flac'))
        for path, clip in ((one, clips()[0]), (other, clips()[4])):
            launch(f'{decode(clip)} ! audio/x-raw,rate=16000,channels=1,format=S16LE ! flacenc ! filesink location={path}')
        cls.one, cls.other = one, other
        cls.two = os.path.join(cls.media, 'two.mkv')
        launch(f'matroskamux name=mux ! filesink location={cls.two} '
               f'filesrc location={one} ! flacparse ! queue ! mux.audio_0 '
               f'filesrc location={other} ! flacparse ! queue ! mux.audio_1')
        cls.film = os.path.join(cls.media, 'film.webm')
        launch(f'webmmux name=mux ! filesink location={cls.film} '
               'videotestsrc num-buffers=30 ! video/x-raw,width=64,height=48,framerate=10/1 ! vp8enc ! queue ! mux. '
               f'{decode(clips()[0])} ! vorbisenc ! queue ! mux.')
        cls.silent_film = os.path.join(cls.media, 'silent.webm')
        launch('videotestsrc num-buffers=30 ! video/x-raw,width=64,height=48,framerate=10/1 ! vp8enc ! webmmux ! '
               f'filesink location={cls.silent_film}')

    def windows(self, *arguments, name):
        folder = self.path('out')
        self.check(self.annotate('-q', '--no-resume', '--force', '-o', folder, *arguments), 0)
        return [(row['stream-time'], row['duration'], row['scores']) for row in rows(os.path.join(folder, name))]

    def test_chosen(self):
        one, other = (self.windows(path, name=name + '.jsonl') for path, name in ((self.one, 'one'), (self.other, 'other')))
        self.assertNotEqual(one, other)
        self.assertEqual(self.windows(self.two, name='two.jsonl'), one)
        self.assertEqual(self.windows('--track', '1', self.two, name='two.jsonl'), one)
        self.assertEqual(self.windows('--track', '2', self.two, name='two.jsonl'), other)
        self.check(self.annotate('-o', self.path('x'), '--track', '3', self.two), 1, 'there is no audio track 3 in it, it has 2')

    def test_all(self):
        one, other = (self.windows(path, name=name + '.jsonl') for path, name in ((self.one, 'one'), (self.other, 'other')))
        self.assertEqual(self.windows('--track', 'all', self.two, name='two.track1.jsonl'), one)
        self.assertEqual(self.windows('--track', 'all', self.two, name='two.track2.jsonl'), other)
        entry = self.summary('-o', self.path('out'), '--track', 'all', self.two)[self.two]
        self.assertEqual(entry['status'], 'done before')
        self.assertEqual(len(entry['outputs']), 4)

    def test_film(self):
        done = self.annotate('-o', self.path('out'), self.film, environment={'GST_DEBUG': 'GST_ELEMENT_FACTORY:4'})
        self.check(done, 0, 'creating element "vorbisdec"')
        self.assertNotIn('creating element "vp8dec"', done.stderr)
        self.assertEqual(len(rows(self.path('out', 'film.jsonl'))), 2)

    def test_no_sound(self):
        self.check(self.annotate('-o', self.path('out'), self.silent_film), 1, 'silent.webm: there is no audio in it')
        self.assertEqual(files(self.path('out')), {})

    def test_no_decoder(self):
        """Names what is missing: the decoder is hidden."""
        done = self.annotate('-o', self.path('out'), self.film, environment={'GST_PLUGIN_FEATURE_RANK': 'vorbisdec:NONE,'
                             'avdec_vorbis:NONE'})
        self.check(done, 1, 'film.webm: GStreamer has no', 'Vorbis', 'install the plugin for it')


class Bad(AnnotateTest):
    """Each bad file gets a line of its own, and the others are annotated."""

    @classmethod
    def make_media(cls):
        shutil.copy(clips()[0], os.path.join(cls.media, 'good.opus'))

    def add(self, name, content):
        with open(self.path(name), 'wb') as file:
            file.write(content)
        return self.path(name)

    def good(self):
        return os.path.join(self.media, 'good.opus')

    def test_together(self):
        with open(self.good(), 'rb') as file:
            opus = file.read()
        tone(self.path('head.wav'), 2)
        with open(self.path('head.wav'), 'rb') as file:
            wav = file.read()
        launch(f'{decode(self.good())} ! vorbisenc ! webmmux streamable=false ! filesink location={self.path("webm")}')
        with open(self.path('webm'), 'rb') as file:
            webm = file.read()
        bad = {
            'empty.wav': (b'', 'the file is empty'),
            'text.mp3': (b'Not music at all.\n' * 1000, 'not a media file'),
            'zeros.wav': (bytes(100000), 'not a media file'),
            'head.wav': (wav[:30], '(not a media file|it is damaged)'),     # GStreamer 1.22, 1.26
            'header.webm': (webm[:300], ''),
            'header.mp4': (b'\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41' + bytes(8) + b'mdat' + bytes(10000),
                           'it is damaged: no stream was found in it'),
            'header.opus': (opus[:200], ''),
            'nosamples.wav': (wav[:44], ''),
        }
        paths = [self.add(name, content) for name, (content, _) in bad.items()]
        done = self.annotate('-o', self.path('out'), self.good(), self.path('nosuch.wav'), *paths)
        self.check(done, 1, 'nosuch.wav: there is no such file')
        for name, (_, words) in bad.items():
            self.assertRegex(done.stderr, rf'{re.escape(name)}: .*{words}')
        self.assertEqual(outputs(self.path('out')).keys(), {b'good.jsonl', b'good.vtt'})
        self.assertIn(f'{len(bad) + 2} files: 1 annotated, {len(bad) + 1} failed', done.stdout)
        self.assertNotIn('CRITICAL', done.stderr)

    def test_unreadable(self):
        if os.geteuid() == 0:
            self.skipTest('root reads everything')
        path = self.add('locked.wav', b'x')
        os.chmod(path, 0)
        self.check(self.annotate('-o', self.path('out'), path), 1, 'locked.wav: it cannot be read: Permission denied')

    def test_cut_off(self):
        """Annotated as far as it goes, with a warning."""
        long = os.path.join(annotatekit.CLIPS, 'conversation.opus')
        for name, encode in (('flac', 'flacenc'), ('mka', 'vorbisenc ! matroskamux')):
            with self.subTest(name=name):
                whole = self.path('whole.' + name)
                launch(f'{decode(long)} ! {encode} ! filesink location={whole}')
                with open(whole, 'rb') as file:
                    content = file.read()
                cut = self.add('cut.' + name, content[:len(content) // 2])
                out = self.path('out-' + name)
                done = self.annotate('-o', out, whole, cut)
                self.check(done, 0, f'warning: {cut}: it ends after', 'it may be cut off')
                self.assertNotIn(f'warning: {whole}', done.stderr)
                some, all_rows = (rows(os.path.join(out, base + '.jsonl')) for base in ('cut', 'whole'))
                self.assertGreater(len(some), 5)
                self.assertLess(len(some), len(all_rows))
                for one, other in zip(some[:-1], all_rows):
                    self.assertEqual((one['stream-time'], one['scores']), (other['stream-time'], other['scores']))

    def test_short(self):
        tone(self.path('short.wav'), 0.3)
        self.check(self.annotate('-o', self.path('out'), self.path('short.wav')), 0, '0.30 s are too short for a result')
        self.assertEqual(rows(self.path('out', 'short.jsonl')), [])

    def test_chained(self):
        """Parts of an Ogg file that were put behind each other are all heard."""
        content = b''
        for clip in clips()[:2]:
            with open(clip, 'rb') as file:
                content += file.read()
        path = self.add('chained.opus', content)
        entries = self.summary('-o', self.path('out'), self.good(), path)
        one, both = entries[self.good()], entries[path]
        self.assertGreater(both['windows'], one['windows'])
        self.assertGreater(both['duration'], one['duration'] + 2)

    def test_many_that_decodebin_stands_still_over(self):
        """Its errors get lost now and then, as chance will have it: then the source's own error, or none, is left."""
        content = b'\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41' + bytes(8) + b'mdat' + bytes(10000)
        for number in range(12):
            self.add(f'{number}.mp4', content)
        for entry in self.summary('-o', self.path('out'), self.folder).values():
            self.assertIn(entry['error'], ('it is damaged: no stream was found in it',
                                           'it is damaged, or not what it seems to be (Internal data stream error)'))

    def test_model(self):
        self.check(self.annotate('-m', self.path('no.gguf'), self.good()), 1, 'no.gguf')
        self.check(self.annotate('-m', self.add('bad.gguf', b'GGUF' + bytes(100)), self.good()), 1, 'bad.gguf')

    def test_device(self):
        done = self.annotate('--device', 'no-such-device', self.good())
        self.check(done, 1, 'no-such-device', 'Check --model and --device')
        self.assertNotIn('propert', done.stderr)
        # the words of the element are not those of a tool
        none = {'VK_ICD_FILENAMES': '/dev/null', 'VK_DRIVER_FILES': '/dev/null'}
        done = self.annotate('--device', 'vulkan', self.good(), environment=none)
        self.check(done, 1, 'no Vulkan driver', '--device=cpu works')
        self.assertNotIn(' device=cpu', done.stderr)
        self.assertEqual(files(self.media).keys(), {b'good.opus'})


class Names(AnnotateTest):
    """What outputs are called, what is overwritten, which files are taken."""

    @classmethod
    def make_media(cls):
        cls.clip = os.path.join(cls.media, 'talk.wav')
        tone(cls.clip, 1)

    def put(self, *names):
        """A copy of the clip."""
        path = os.path.join(os.fsencode(self.folder), *(os.fsencode(name) for name in names))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(self.clip, path)
        return path

    def made(self, *arguments, status=0, folder=None):
        """Paths of what a run made below a folder."""
        before = set(outputs(folder or self.folder))
        self.check(self.annotate('-q', *arguments), status)
        return set(outputs(folder or self.folder)) - before

    def test_beside(self):
        path = self.put('talk.wav')
        self.assertEqual(self.made(path), {b'talk.jsonl', b'talk.vtt'})
        self.assertEqual(self.made('-f', 'csv,srt', '-f', 'csv', path), {b'talk.csv', b'talk.srt'})

    def test_scripts(self):
        names = ['नमस्ते.wav', '日本語 の.wav', 'مرحبا.wav', 'Ω ünïcödé.wav', 'with space.wav', "quote'\".wav", 'new\nline.wav',
                 '100%25 %s.wav', '-dash.wav', 'colon:slash?hash#.wav', 'star*.wav', b'invalid\xff\xfe.wav', 'noextension',
                 'two.dots.wav']
        for name in names:
            self.put('in', name)
        made = self.made('-f', 'jsonl', self.path('in'))
        self.assertEqual(made, {b'in/' + re.sub(rb'\.wav$', b'', os.fsencode(name)) + b'.jsonl' for name in names})
        again = self.annotate('--json', '-f', 'jsonl', self.path('in'), self.path('in', 'star*.wav'))
        self.assertEqual([entry['status'] for entry in json.loads(again.stdout)['files']], ['done before'] * len(names))

    def test_other_locale(self):
        path = self.put('日本語.wav')
        done = run(self.command(path), {'LC_ALL': 'C'})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(os.path.exists(self.path('日本語.jsonl')))

    def test_long(self):
        self.put('n' * 240 + '.wav')
        self.assertEqual(self.made(self.folder, '-f', 'jsonl'), {b'n' * 240 + b'.jsonl'})
        self.put('m' * 250 + '.wav')
        self.check(self.annotate('-q', self.folder, '-f', 'labelstudio'), 1, 'File name too long')

    def test_same_stem(self):
        for name in ('talk.wav', 'talk.wave', 'talk.wav.wav', 'other.wav'):
            self.put('in', name)
        self.assertEqual(self.made('-o', self.path('out'), '-f', 'vtt', self.path('in')),
                         {b'out/talk.wav.vtt', b'out/talk.wave.vtt', b'out/talk.wav.wav.vtt', b'out/other.vtt'})

    def test_same_outputs(self):
        self.check(self.annotate('-o', self.path('out'), self.put('a', 'talk.wav'), self.put('b', 'talk.wav')), 2,
                   'would have the same outputs')
        self.assertFalse(os.path.exists(self.path('out')))

    def test_folders(self):
        for name in ('a.wav', 'x/b.wav', 'x/y/c.wav', '.hidden.wav', '.folder/d.wav'):
            self.put('in', *name.split('/'))
        with open(self.path('in', 'notes.txt'), 'w', encoding='utf-8') as file:
            file.write('nothing\n')
        os.symlink('..', self.path('in', 'x', 'loop'))
        done = self.annotate('-f', 'vtt', '-o', self.path('one'), self.path('in'))
        self.check(done, 0, 'not media, left out: notes.txt')
        self.assertEqual(outputs(self.path('one')).keys(), {b'a.vtt'})
        self.check(self.annotate('-q', '-r', '-f', 'vtt', '-o', self.path('all'), self.path('in')), 0)
        self.assertEqual(outputs(self.path('all')).keys(), {b'a.vtt', b'x/b.vtt', b'x/y/c.vtt'})
        os.mkdir(self.path('none'))
        self.check(self.annotate(self.path('none')), 1, 'there is no media file in this folder')

    def test_own_outputs(self):
        """What the program wrote beside its inputs is no input, whatever is in it, and worth no word."""
        path = self.put('talk.wav')
        self.check(self.annotate('-q', path), 0)
        self.put('talk.vtt')
        entries = self.summary(self.folder)
        self.assertEqual(list(entries), [os.fsdecode(path)])
        self.assertNotIn('left out', self.annotate(self.folder).stderr)

    def test_twice(self):
        path = os.fsdecode(self.put('in', 'a.wav'))
        entries = self.summary('-o', self.path('out'), path, self.path('in'), self.path('in', '..', 'in', 'a.wav'),
                               self.path('in', '*.wav'), 'file://' + path)
        self.assertEqual(len(entries), 1)

    def test_overwriting(self):
        path = self.put('talk.wav')
        with open(self.path('talk.vtt'), 'w', encoding='utf-8') as file:
            file.write('mine')
        self.check(self.annotate(path), 1, "talk.vtt' is there already and was not made from this file by this program")
        with open(self.path('talk.vtt'), encoding='utf-8') as file:
            self.assertEqual(file.read(), 'mine')
        self.assertEqual(set(files(self.folder)), {b'talk.wav', b'talk.vtt'})
        self.check(self.annotate('--force', path), 0)
        with open(self.path('talk.vtt'), encoding='utf-8') as file:
            self.assertTrue(file.read().startswith('WEBVTT'))

    def test_input_is_not_overwritten(self):
        """Not even if it has the name of an output and --force is given, nor through a link."""
        path = self.put('talk.wav')
        other = self.put('talk.vtt')
        self.check(self.annotate('--force', path, other), 0)
        os.remove(self.path('talk.wav.vtt'))
        before = files(self.folder)[b'talk.vtt']
        os.link(self.path('talk.vtt'), self.path('talk.wav.vtt'))
        self.check(self.annotate('--force', '--no-resume', path, other), 1, "talk.wav.vtt' is an input")
        self.assertEqual(files(self.folder)[b'talk.vtt'], before)

    def test_folder_in_the_way(self):
        path = self.put('talk.wav')
        os.mkdir(self.path('talk.vtt'))
        self.check(self.annotate('--force', path), 1, "talk.vtt' is a folder")
        with open(self.path('file'), 'w', encoding='utf-8') as file:
            file.write('x')
        self.check(self.annotate('-o', self.path('file'), path), 1, 'cannot make the folder')

    def test_streams(self):
        with open(self.clip, 'rb') as file:
            self.check(self.annotate('-q', '-f', 'jsonl', '-o', self.path('out'), '-', stdin=file), 0)
        uri = 'file://' + self.clip.replace('talk', '%74alk')
        self.check(self.annotate('-q', '-f', 'jsonl', '-o', self.path('out'), uri), 0)
        self.assertEqual(outputs(self.path('out')).keys(), {b'stdin.jsonl', b'talk.jsonl'})
        self.assertEqual(rows(self.path('out', 'stdin.jsonl')), rows(self.path('out', 'talk.jsonl')))
        self.check(self.annotate('nonsense://host/x.mp3', '-o', self.path('out')), 1, 'nonsense://host/x.mp3: ')

    def test_name_for_readers(self):
        """Beside the outputs by its name, elsewhere by its path."""
        path = self.put('talk.wav')
        self.check(self.annotate('-q', '-f', 'eaf', path), 0)
        self.check(self.annotate('-q', '-f', 'eaf', '-o', self.path('out'), path), 0)
        for name, expected in (('talk.eaf', 'talk.wav'), ('out/talk.eaf', self.path('talk.wav'))):
            with open(self.path(name), encoding='utf-8') as file:
                self.assertIn(f'{expected}"', file.read())

    def test_dry_run(self):
        path = os.fsdecode(self.put('talk.wav'))
        entry = self.summary('-n', path)[path]
        self.assertEqual((entry['status'], entry['outputs']), ('to do', [self.path('talk.jsonl'), self.path('talk.vtt')]))
        self.assertEqual(set(files(self.folder)), {b'talk.wav'})

    def test_shards(self):
        names = [os.fsdecode(self.put('in', f'{number:02}.wav')) for number in range(11)]
        for n in (1, 3, 11, 20):
            parts = [list(self.summary('-n', '--shard', f'{i}/{n}', self.path('in'))) for i in range(1, n + 1)]
            self.assertEqual(sorted(sum(parts, [])), names)
            self.assertLessEqual(max(map(len, parts)) - min(map(len, parts)), 1)
        for i in (1, 2):
            self.check(self.annotate('-q', '-f', 'vtt', '-o', self.path('out'), '--shard', f'{i}/2', self.path('in')), 0)
        self.check(self.annotate('-q', '-f', 'vtt', '-o', self.path('whole'), self.path('in')), 0)
        self.assertEqual(outputs(self.path('out')), outputs(self.path('whole')))


class CommandLine(AnnotateTest):
    @classmethod
    def make_media(cls):
        for number, clip in enumerate(clips()[:3]):
            shutil.copy(clip, os.path.join(cls.media, f'{number}.opus'))

    def test_help(self):
        done = self.annotate('--help')
        self.assertEqual(done.returncode, 0)
        for word in ('--output-dir', '--shard', 'Examples:', 'Exit status', 'jsonl', 'vtt', 'textgrid'):
            self.assertIn(word, done.stdout)
        self.assertRegex(self.annotate('--version').stdout, r'^emotion2vec-annotate \d+\.\d+')

    def test_usage(self):
        for arguments, words in (
                ([], 'nothing to annotate'), (['--nonsense', 'x'], 'nonsense'), (['-f', 'doc', 'x'], "no format 'doc'"),
                (['-f', 'vtt,', 'x'], "no format ''"), (['--trigger', 'now', 'x'], "--trigger: there is no 'now'"),
                (['--channels', 'left', 'x'], '--channels'), (['--precision', 'fp8', 'x'], '--precision'),
                (['--window', '31', 'x'], '--window: 31 is not between 0 and 30'), (['--window', '-1', 'x'], '--window'),
                (['--interval', 'often', 'x'], 'often'), (['--track', '0', 'x'], "--track: '0' is no track"),
                (['--shard', '4/3', 'x'], "--shard: '4/3'"), (['--shard', '0/3', 'x'], '--shard'), (['-j', '-2', 'x'], '--jobs'),
                (['--silence', '3', 'x'], '--silence'), (['--resume', '--no-resume', 'x'], 'exclude each other'),
                (['--classes', 'blue', self.media], '--classes: ')):
            self.check(self.annotate(*arguments), 2, words, "Try 'emotion2vec-annotate --help'")

    def test_table(self):
        done = self.annotate('-o', self.path('out'), self.media)
        self.check(done, 0, '0.opus: 0:0')
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0].split(), ['file', 'length', 'emotion', 'share', 'took'])
        for number, line in enumerate(lines[1:4]):
            self.assertRegex(line, rf'{number}\.opus +0:0\d +\w+ +\d+ % +\d+\.\d s$')
        self.assertRegex(lines[4], r'^3 files: 3 annotated\. 0:\d\d of audio in \d+:\d\d: \d+\.\d times as fast as it plays\.$')
        quiet = self.annotate('-q', '-o', self.path('quiet'), self.media)
        self.assertEqual((quiet.stdout, quiet.stderr), ('', ''))

    def test_overview(self):
        """Label and share of the summary, worked out again from the segments."""
        self.check(self.annotate('-q', '-o', self.path('out'), '-f', 'segments', '--window', '1', self.media), 0)
        entries = self.summary('-o', self.path('out'), '-f', 'segments', '--window', '1', self.media)
        for path, entry in entries.items():
            name = os.path.basename(path).replace('.opus', '.segments.csv')
            times = {}
            with open(self.path('out', name), encoding='utf-8') as file:
                heading = file.readline().strip().split(',')
                for line in file:
                    row = dict(zip(heading, line.strip().split(',')))
                    if row['label'] != 'silent':
                        times[row['label']] = times.get(row['label'], 0) + float(row['end']) - float(row['start'])
            self.assertEqual(entry['label'], max(times, key=times.get))
            self.assertAlmostEqual(entry['share'], times[entry['label']] / sum(times.values()), places=3)

    def test_terminal(self):
        """A bar that is rewritten, with files, speed, and nothing of it left at the end."""
        try:
            leader, follower = pty.openpty()
        except OSError as error:
            self.skipTest(f'no terminals here: {error}')
        process = subprocess.Popen(watched.command(self.command('-o', self.path('out'), self.media)), stdout=subprocess.PIPE,
                                   stderr=follower, env=watched.environment({'TERM': 'xterm', 'LC_ALL': 'C.UTF-8'}))
        os.close(follower)
        seen = b''
        while True:
            try:
                some = os.read(leader, 4096)
            except OSError:         # the other end is closed
                break
            if not some:
                break
            seen += some
        os.close(leader)
        process.communicate()
        self.assertEqual(process.returncode, 0)
        self.assertRegex(seen, rb'\r\x1b\[K\[[#-]{20}\] +\d+ %  \d/3')
        self.assertRegex(seen, rb'\d\.\dx')
        self.assertTrue(seen.endswith(b'\r\x1b[K'))

    def test_interrupted(self):
        """The file in hand is finished, nothing more is begun. The tool waits for its standard input meanwhile."""
        tone(self.path('long.wav'), 20)
        with open(self.path('long.wav'), 'rb') as file:
            content = file.read()
        process = subprocess.Popen(watched.command(self.command('-q', '--json', '-j', '1', '-o', self.path('out'), '-',
                                                                self.media)),
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=watched.environment())
        # more than a pipe holds: when this is written, it is being read
        process.stdin.write(content[:400000])
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(content[400000:])
        self.assertEqual(process.returncode, 1)
        self.assertIn(b'interrupted', errors)
        statuses = [entry['status'] for entry in json.loads(out)['files']]
        self.assertEqual(statuses, ['annotated'] + ['not begun'] * 3)
        self.assertEqual(outputs(self.path('out')).keys(), {b'stdin.jsonl', b'stdin.vtt'})

    def test_interrupted_twice(self):
        process = subprocess.Popen(watched.command(self.command('-q', '-o', self.path('out'), '-')), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=watched.environment())
        tone(self.path('long.wav'), 20)
        with open(self.path('long.wav'), 'rb') as file:
            process.stdin.write(file.read(400000))
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        self.assertIn(b'interrupted', process.stderr.readline())
        process.send_signal(signal.SIGINT)
        process.communicate()
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertEqual(outputs(self.path('out')), {})


if __name__ == '__main__':
    annotatekit.main()
