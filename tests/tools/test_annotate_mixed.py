"""test_annotate_mixed.py - emotion2vec-annotate on a folder as people have them: 27 files of many kinds, some of them broken.

EMOTION2VEC_KILLS runs of it are killed at random moments (2 by default), EMOTION2VEC_KILL_SEED chooses them.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import csv
import json
import os
import random
import re
import shutil
import subprocess
import time
import unittest

import annotatekit
import watched
from annotatekit import AnnotateTest, clips, outputs, rows

KILLS = int(os.environ.get('EMOTION2VEC_KILLS', '2'))
SEED = int(os.environ.get('EMOTION2VEC_KILL_SEED', '1'))
FORMATS = 'jsonl,csv,segments,vtt,srt,textgrid,eaf,audacity,emotionml,labelstudio,html'

PICTURES = ['-f', 'lavfi', '-i', 'testsrc=size=64x48:rate=5:duration=5']
FILM = ['-map', '0:a', '-map', '1:v', '-shortest']
# name: what ffmpeg makes of a clip
MADE = {
    'film.mkv': PICTURES + FILM + ['-c:a', 'libopus', '-c:v', 'libx264'],
    'film.mp4': PICTURES + FILM + ['-c:a', 'aac', '-c:v', 'libx264'],
    'film.webm': PICTURES + FILM + ['-c:a', 'libvorbis', '-c:v', 'libvpx'],
    'film.avi': PICTURES + FILM + ['-c:a', 'pcm_s16le', '-c:v', 'mpeg4'],
    'film.mov': PICTURES + FILM + ['-c:a', 'aac', '-c:v', 'mpeg4'],
    'talk.flac': [], 'talk.opus': ['-c:a', 'libopus'], 'talk.ogg': ['-c:a', 'libvorbis'], 'talk.mp3': ['-c:a', 'libmp3lame'],
    'talk.m4a': ['-c:a', 'aac'], 'talk.mka': ['-c:a', 'flac'], 'talk.aiff': [], 'talk.weba': ['-c:a', 'libopus', '-f', 'webm'],
    'rate 8000.wav': ['-ar', '8000'], 'rate 44100.wav': ['-ar', '44100'], 'rate 48000.wav': ['-ar', '48000'],
    'rate 96000.wav': ['-ar', '96000', '-c:a', 'pcm_s24le'], 'float.wav': ['-c:a', 'pcm_f32le'],
    'stereo.flac': ['-ac', '2'], 'five point one.wav': ['-ac', '6'],
    'sprache über ärger.flac': [], '話.flac': [], 'a%20b?.flac': [],
    'two tracks.mkv': ['-map', '0:a', '-map', '0:a', '-c:a', 'flac'],
}
BROKEN = ('empty.wav', 'not media.mp3', 'silent film.mp4')


def make(source, name, folder, arguments):
    subprocess.run(['ffmpeg', '-v', 'error', '-y', '-i', source, *arguments, '-fflags', '+bitexact',
                    'file:' + os.path.join(folder, name)], check=True, timeout=120)


def seconds(text):
    """Of a subtitle's time."""
    return sum(float(part) * factor for part, factor in zip(reversed(text.replace(',', '.').split(':')), (1, 60, 3600)))


@unittest.skipUnless(shutil.which('ffmpeg'), 'needs ffmpeg')
class Mixed(AnnotateTest):
    @classmethod
    def make_media(cls):
        for number, (name, arguments) in enumerate(MADE.items()):
            make(clips()[number % len(clips())], name, cls.media, arguments)
        for name in BROKEN[:2]:
            with open(os.path.join(cls.media, name), 'w', encoding='utf-8') as file:
                file.write('' if name.startswith('empty') else 'this is a text and no media file\n' * 20)
        subprocess.run(['ffmpeg', '-v', 'error', *PICTURES, '-c:v', 'libx264', os.path.join(cls.media, BROKEN[2])], check=True)
        make(os.path.join(annotatekit.CLIPS, 'conversation.opus'), 'truncated.flac', cls.media, ['-t', '9'])
        path = os.path.join(cls.media, 'truncated.flac')
        os.truncate(path, os.path.getsize(path) // 2)

    def arguments(self, folder, *more):
        return ['-q', '-o', folder, '-f', FORMATS, *more, self.media]

    def check_outputs(self, folder, base):
        """All formats of one file tell the same."""
        def path(suffix):
            return os.path.join(folder, base + suffix)
        windows = rows(path('.jsonl'))
        self.assertGreater(len(windows), 0, base)
        with open(path('.csv'), encoding='utf-8', newline='') as file:
            table = list(csv.DictReader(file))
        self.assertEqual([row['label'] for row in table], [window['label'] for window in windows])
        with open(path('.segments.csv'), encoding='utf-8', newline='') as file:
            segments = [(float(row['start']), float(row['end']), row['label']) for row in csv.DictReader(file)]
        with open(path('.labels.txt'), encoding='utf-8') as file:
            audacity = [line.rstrip('\n').split('\t') for line in file]
        self.assertEqual([(float(start), float(end), label) for start, end, label in audacity], segments)
        spoken = [segment for segment in segments if segment[2] != 'silent']
        for suffix in ('.vtt', '.srt'):
            with open(path(suffix), encoding='utf-8') as file:
                cues = re.findall(r'^([\d:.,]+) --> ([\d:.,]+)\n(\S+)', file.read(), re.MULTILINE)
            self.assertEqual([label for _, _, label in cues], [label for _, _, label in spoken])
            for (start, end, _), segment in zip(cues, spoken):
                self.assertAlmostEqual(seconds(start), segment[0], delta=0.0006)
                self.assertAlmostEqual(seconds(end), segment[1], delta=0.0006)
        with open(path('.labelstudio.json'), encoding='utf-8') as file:
            regions = json.load(file)[0]['predictions'][0]['result']
        self.assertEqual([region['value']['labels'][0] for region in regions], [label for _, _, label in spoken])
        for suffix in ('.TextGrid', '.eaf', '.emotionml', '.html'):
            self.assertGreater(os.path.getsize(path(suffix)), 200)

    def test_folder(self):
        said = self.summary('-o', self.path('out'), '-f', FORMATS, self.media)
        by_name = {os.path.basename(name): entry for name, entry in said.items()}
        # in a folder, what is no media is passed over; an empty or soundless one is an error
        for name in BROKEN:
            if name in by_name:
                self.assertEqual(by_name[name]['status'], 'failed', name)
                self.assertTrue(by_name[name]['error'])
        self.assertIn('silent film.mp4', by_name)
        good = {name: entry for name, entry in by_name.items() if name not in BROKEN}
        self.assertEqual(set(good), {*MADE, 'truncated.flac'})
        for name, entry in good.items():
            self.assertEqual(entry['status'], 'annotated', f'{name}: {entry}')
            first = os.path.basename(entry['outputs'][0])
            self.check_outputs(self.path('out'), first[:-len('.jsonl')])
        self.assertTrue(good['truncated.flac'].get('warnings'))
        self.assertEqual([name for name, entry in good.items() if entry.get('warnings')], ['truncated.flac'])
        done = self.annotate(*self.arguments(self.path('out')))
        self.assertEqual(done.returncode, 1)

    def test_tracks(self):
        source = os.path.join(self.media, 'two tracks.mkv')
        self.check(self.annotate('-q', '-o', self.path('out'), '--track', 'all', source), 0)
        one, other = (rows(self.path('out', f'two tracks.track{number}.jsonl')) for number in (1, 2))
        self.assertEqual([row['scores'] for row in one], [row['scores'] for row in other])

    def test_killed(self):
        """Killed at random moments and gone on with: the outputs of an undisturbed run, byte for byte."""
        begin = time.monotonic()
        self.annotate(*self.arguments(self.path('whole')))
        took = time.monotonic() - begin
        expected = outputs(self.path('whole'))
        chance, killed = random.Random(SEED), 0
        for _ in range(KILLS):
            process = subprocess.Popen(watched.command(self.command(*self.arguments(self.path('out')))), env=watched.environment(),
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(chance.uniform(0, took / 2))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                killed += 1
            for path, content in outputs(self.path('out')).items() if os.path.exists(self.path('out')) else ():
                self.assertEqual(content, expected[path], path)
        self.annotate(*self.arguments(self.path('out')))
        self.assertEqual(outputs(self.path('out')), expected)
        self.assertEqual(annotatekit.leftovers(self.path('out')), [])
        print(f'killed {killed} times')


if __name__ == '__main__':
    unittest.main()
