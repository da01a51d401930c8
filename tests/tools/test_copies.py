#!/usr/bin/env python3
"""test_copies.py - copies of media files with tags and subtitles, read back by programs that are not ours.

What must not change is compared packet by packet: times, sizes, flags and MD5 of the data, as ffprobe gives them out.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest

import watched

COPY_FILE = os.environ['EMOTION2VEC_COPY_FILE']
LIBRARIES = os.environ['EMOTION2VEC_COPIES'].split()
CLIP = os.path.join(os.environ['EMOTION2VEC_CLIPS'], 'emodb-s14-angry.opus')
SKIPPED = 77

OURS = {'emotion2vec-label': 'happy', 'emotion2vec-share': 'happy:0.810/other:0.190',
        'emotion2vec-scores': 'happy:0.810/other:0.190'}
COMMENT = 'emotion2vec:happy:0.81'
THEIRS = {'title': 'Of others', 'artist': 'Somebody'}
METADATA = '-metadata title=Of\\ others -metadata artist=Somebody'
WITH_COMMENT = METADATA + ' -metadata comment=theirs'
VIDEO = '-f lavfi -i testsrc=s=128x96:r=25:d=4'
PICTURE = '-i cover.png -map 0:a -map 1 -c:v copy -disposition:v attached_pic'
H264 = '-c:v libx264 -bf 2 -g 25'

# Name: how ffmpeg makes it out of the clip (-i CLIP is written as CLIP).
MEDIA = {
    'plain.opus': f'CLIP {METADATA} -c copy',
    'comment.opus': f'CLIP {WITH_COMMENT} -c copy',
    'vorbis.ogg': f'CLIP {METADATA} -c:a libvorbis',
    'flac.oga': f'CLIP {METADATA} -c:a flac',
    'cover.flac': f'CLIP {PICTURE} {METADATA} -c:a flac',
    'cover.mp3': f'CLIP {PICTURE} {METADATA} -c:a libmp3lame -id3v2_version 3',
    'comment4.mp3': f'CLIP {WITH_COMMENT} -c:a libmp3lame -id3v2_version 4',
    'bare.mp3': 'CLIP -c:a libmp3lame -id3v2_version 0 -write_xing 0 -map_metadata -1',
    'cover.m4a': f'CLIP {PICTURE} {METADATA} -c:a aac',
    'comment.m4a': f'CLIP {WITH_COMMENT} -c:a aac',
    'narrow.wav': f'CLIP {METADATA} -ar 8000',
    'cd.wav': f'CLIP {WITH_COMMENT} -ar 44100 -ac 2',
    'wide.wav': f'CLIP -map_metadata -1 -fflags +bitexact -ar 48000 -c:a pcm_s24le',
    'two.mp4': f'{VIDEO} CLIP -map 0 -map 1 -map 1 {METADATA} -metadata:s:a:0 language=deu -metadata:s:a:1 language=eng '
               f'{H264} -c:a aac',
    'fast.mp4': f'{VIDEO} CLIP -i chapters.txt -map 0 -map 1 -map_metadata 2 -map_chapters 2 {METADATA} '
                f'{H264} -c:a aac -movflags +faststart',
    'late.mp4': f'{VIDEO} -itsoffset 0.5 CLIP -map 0 -map 1 {METADATA} {H264} -c:a aac',
    'quick.mov': f'{VIDEO} CLIP -map 0 -map 1 {H264} -c:a aac',
    'rich.mkv': f'{VIDEO} CLIP -i subtitles.srt -i chapters.txt -map 0 -map 1 -map 1 -map 2 -map_metadata 3 '
                f'-map_chapters 3 {METADATA} -metadata:s:a:0 language=deu {H264} -c:a:0 libopus -c:a:1 flac -c:s srt '
                '-attach cover.png -metadata:s:t mimetype=image/png -metadata:s:t filename=cover.png',
    'late.mkv': f'{VIDEO} CLIP -map 0 -map 1 {WITH_COMMENT} {H264} -c:a libvorbis -output_ts_offset 10',
    'plain.webm': f'{VIDEO} CLIP -map 0 -map 1 {METADATA} -c:v libvpx -c:a libopus',
    'live.webm': f'{VIDEO} CLIP -map 0 -map 1 {METADATA} -c:v libvpx -c:a libopus -live 1',
}
SEGMENTS = [(0, 1000000000, 'happy', 0.81), (1500000000, 2250400000, 'sad', 0.5),
            (2250400000, 3000000000, 'a<b&c', 0.254)]
CUES = [(0.0, 1.0, 'happy 81%'), (1.5, 2.25, 'sad 50%'), (2.25, 3.0, 'a<b&c 25%')]
TAGGED = [name for name in MEDIA if 'taglib' in LIBRARIES or name.endswith(('.mkv', '.webm'))]
SUBTITLED = [name for name in MEDIA if name.endswith(('.mkv', '.webm', '.mp4', '.m4a', '.mov'))]


def run(*command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors='replace',
                          check=False, timeout=600, **options)


def copy_file(*args, **options):
    return run(*watched.command([COPY_FILE, *args]), **options)


def shell(line, folder):
    done = subprocess.run(['sh', '-c', line], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f'{line}\n{done.stderr}')


def remembered(function):
    """Asks about each file once, as long as it stays the same."""
    known = {}

    def ask(path, *what):
        status = os.stat(path)
        key = path, what, status.st_mtime_ns, status.st_size, status.st_ino
        if key not in known:
            known[key] = function(path, *what)
        return known[key]
    return ask


@remembered
def probe(path, *what):
    done = run('ffprobe', '-v', 'error', '-of', 'json', *what, path)
    if done.returncode != 0:
        raise AssertionError(f'ffprobe cannot read {path}: {done.stderr}')
    return json.loads(done.stdout)


def streams(path):
    return probe(path, '-show_streams')['streams']


def is_ours(stream):
    tags = stream.get('tags', {})
    return stream['codec_type'] == 'subtitle' and 'emotions' in (tags.get('title'), tags.get('handler_name'))


def kept(path):
    """The tracks that are not ours, but for the text of chapters: pictures last, where attachments may go."""
    found = [stream for stream in streams(path) if not is_ours(stream) and stream['codec_type'] != 'data']
    return sorted(found, key=lambda stream: (stream['disposition']['attached_pic'], stream['index']))


def packets(path):
    """[(kind and codec, [packets])] of the tracks that are not ours."""
    found = probe(path, '-show_packets', '-show_data_hash', 'md5')['packets']
    names = ('pts_time', 'dts_time', 'duration_time', 'size', 'flags', 'data_hash', 'side_data_list')
    return [((stream['codec_type'], stream['codec_name'], stream['codec_tag_string']),
             [tuple(str(packet.get(name)) for name in names) for packet in found
              if packet['stream_index'] == stream['index']]) for stream in kept(path)]


@remembered
def decoded(path):
    """MD5 of the samples of each audio track, as they are heard."""
    found = []
    for number in range(sum(stream['codec_type'] == 'audio' for stream in streams(path))):
        found.append(run('ffmpeg', '-v', 'error', '-i', path, '-map', f'0:a:{number}', '-f', 'md5', '-').stdout)
    return found


def tags(path):
    """{key in small letters: value} of the file and of its first track, where Ogg has them."""
    shown = probe(path, '-show_format', '-show_streams')
    found = dict(shown['streams'][0].get('tags', {})) if path.endswith(('.opus', '.ogg', '.oga')) else {}
    found.update(shown['format'].get('tags', {}))
    return {key.lower(): value for key, value in found.items()}


@remembered
def cues(path):
    """[(start, end, text)] of our track, as ffmpeg writes them into a WebVTT file."""
    number, = [at for at, stream in enumerate(s for s in streams(path) if s['codec_type'] == 'subtitle')
               if is_ours(stream)]
    done = run('ffmpeg', '-v', 'error', '-i', path, '-map', f'0:s:{number}', '-copyts', '-f', 'srt', '-')
    found = []
    for block in done.stdout.strip().split('\n\n'):
        _, times, text = block.split('\n', 2)
        start, end = (sum(float(part.replace(',', '.')) * unit for part, unit in zip(time.split(':'), (3600, 60, 1)))
                      for time in times.split(' --> '))
        found.append((round(start, 3), round(end, 3), re.sub('</?font[^>]*>', '', text)))
    return found


def read(path):
    with open(path, 'rb') as file:
        return file.read()


class Copies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        path = cls.folder.name
        with open(f'{path}/subtitles.srt', 'w', encoding='utf-8') as file:
            file.write('1\n00:00:00,500 --> 00:00:01,500\nHello\n')
        with open(f'{path}/chapters.txt', 'w', encoding='utf-8') as file:
            file.write(';FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n'
                       '[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=3000\ntitle=Two\n')
        shell('ffmpeg -v error -f lavfi -i testsrc=s=64x64:d=1:r=1 -frames:v 1 cover.png', path)
        for name, how in MEDIA.items():
            shell(f'ffmpeg -v error {how.replace("CLIP", f"-i {CLIP}")} {name}', path)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def setUp(self):
        if os.path.exists(self.path('out')):
            os.unlink(self.path('out'))

    def copy(self, *args, **options):
        done = copy_file(*args, **options)
        self.assertEqual(done.returncode, 0, f'{args}: {done.stderr}')
        return done.stdout

    def fails(self, domain, code, words, *args, **options):
        done = copy_file(*args, **options)
        self.assertEqual(done.returncode, 1, f'{args}: {done.stdout}{done.stderr}')
        self.assertRegex(done.stderr, f'^{domain} {code}: ')
        self.assertRegex(done.stderr, words)

    def with_tags(self, name, output=None, source=None):
        """Made once, unless it gets a name of its own."""
        made = output is None and os.path.exists(self.path(f'tagged-{name}'))
        output = self.path(output or f'tagged-{name}')
        if made:
            return output
        self.copy('tags', source or self.path(name), output, 'happy', '0.81')
        return output

    def with_subtitles(self, name, output=None, source=None, segments=None):
        made = output is None and segments is None and os.path.exists(self.path(f'subtitled-{name}'))
        output = self.path(output or f'{"subtitled" if segments is None else "older"}-{name}')
        if made:
            return output
        self.copy('subtitles', source or self.path(name), output,
                  *(f'{start}:{end}:-1:{confidence}:{label}' for start, end, label, confidence in segments or SEGMENTS))
        return output


class Tags(Copies):
    def test_packets(self):
        for name in TAGGED:
            with self.subTest(name):
                before = read(self.path(name))
                path = self.with_tags(name)
                self.assertEqual(read(self.path(name)), before)
                expected = packets(self.path(name))
                self.assertGreater(len(expected[0][1]), 10)
                self.assertEqual(packets(path), expected)
                self.assertEqual(decoded(path), decoded(self.path(name)))

    def test_tags(self):
        """All of ours where ffprobe looks, all of theirs, pictures and chapters."""
        for name in TAGGED:
            with self.subTest(name):
                path = self.with_tags(name)
                before, after = tags(self.path(name)), tags(path)
                if not name.endswith('.wav'):
                    self.assertLessEqual(OURS.items(), after.items())
                if name.startswith(('bare', 'wide', 'quick')):
                    self.assertNotIn('title', before)
                else:
                    self.assertLessEqual(THEIRS.items(), after.items())
                for key, value in before.items():
                    if (name, key) == ('cd.wav', 'comment'):
                        # FFmpeg 7 reads the ID3 chunk too, and shows the later comment; theirs is where it was
                        self.assertIn(after[key], (value, COMMENT))
                        self.assertRegex(read(path), b'(?s)ICMT....' + value.encode())
                    else:
                        self.assertEqual(after[key], value)
                if 'comment' not in before:
                    self.assertEqual(after['comment'], COMMENT)
                self.assertEqual(probe(path, '-show_chapters'), probe(self.path(name), '-show_chapters'))

    def test_gstreamer(self):
        """gst-discoverer-1.0 shows the first value of each tag."""
        for name in TAGGED:
            with self.subTest(name):
                seen = run('gst-discoverer-1.0', '-v', self.with_tags(name)).stdout
                if name != 'cd.wav' and not name.startswith('comment'):
                    self.assertIn(COMMENT, seen)
                if not name.endswith(('.wav', '.mp3', '.mp4', '.m4a', '.mov')):
                    self.assertRegex(seen, '(?i)emotion2vec-label=happy')

    @unittest.skipUnless(shutil.which('mediainfo'), 'needs mediainfo')
    def test_mediainfo(self):
        """It shows no tags of Ogg FLAC, whoever wrote them."""
        for name in TAGGED:
            if name.endswith('.oga'):
                continue
            with self.subTest(name):
                seen = run('mediainfo', self.with_tags(name)).stdout
                self.assertRegex(seen, r'(?im)^emotion2vec-label *: happy')
                self.assertRegex(seen, r'(?im)^emotion2vec-scores *: happy:0.810')

    @unittest.skipUnless(shutil.which('exiftool'), 'needs exiftool')
    def test_exiftool(self):
        for name in TAGGED:
            with self.subTest(name):
                # -ee: behind the media too
                seen = run('exiftool', '-ee', '-a', '-u', '-G', self.with_tags(name)).stdout
                # its one comment is theirs, and exiftool knows no ID3 in WAV
                if name != 'cd.wav':
                    self.assertRegex(seen, COMMENT if name.endswith('.wav') else '(?i)happy:0.810/other:0.190')

    def test_twice(self):
        """Once more over a copy: the same bytes; with other results: only those."""
        for name in TAGGED:
            with self.subTest(name):
                once = self.with_tags(name)
                twice = self.with_tags(name, 'twice-' + name, source=once)
                self.assertEqual(read(twice), read(once))
                other = self.path('other-' + name)
                self.copy('tags', once, other, 'a-very-long-label-' + 'x' * 3000, '0.5')
                self.assertNotIn(b'happy', read(other))
                self.assertEqual(packets(other), packets(self.path(name)))
                self.copy('tags', other, twice, 'happy', '0.81')
                self.assertEqual(tags(twice), tags(once))
                self.assertEqual(packets(twice), packets(self.path(name)))

    def test_taken_out(self):
        for name in TAGGED:
            with self.subTest(name):
                path = self.path('without-' + name)
                self.copy('tags', self.with_tags(name), path)
                self.assertEqual(tags(path), tags(self.path(name)))
                self.assertNotIn(b'emotion2vec', read(path).lower())
                self.assertEqual(packets(path), packets(self.path(name)))

    def test_all_values_stay(self):
        """Several values of one key, which many libraries join or drop; other chunks of a WAV file."""
        if shutil.which('mkvpropedit'):
            with open(self.path('tags.xml'), 'w', encoding='utf-8') as file:
                file.write('<Tags><Tag><Targets><TargetTypeValue>50</TargetTypeValue></Targets>'
                           '<Simple><Name>ARTIST</Name><String>One</String></Simple>'
                           '<Simple><Name>ARTIST</Name><String>Two</String></Simple></Tag></Tags>')
            shutil.copy(self.path('rich.mkv'), self.path('several.mkv'))
            self.assertEqual(run('mkvpropedit', self.path('several.mkv'), '--tags',
                                 f'global:{self.path("tags.xml")}').returncode, 0)
            copies = [self.with_tags('several.mkv')]
            if 'libavformat' in LIBRARIES:
                copies.append(self.with_subtitles('several.mkv'))
            for path in copies:
                self.assertEqual(run('mkvextract', path, 'tags', self.path('out.xml')).returncode, 0)
                text = read(self.path('out.xml')).decode()
                self.assertEqual(re.findall('<String>(One|Two)</String>', text), ['One', 'Two'])
        if 'taglib' not in LIBRARIES:
            return
        with open(self.path('chunk.wav'), 'wb') as file:
            data = read(self.path('cd.wav')) + b'bext\4\0\0\0keep'
            file.write(data[:4] + (len(data) - 8).to_bytes(4, 'little') + data[8:])
        self.assertIn(b'bext\4\0\0\0keep', read(self.with_tags('chunk.wav')))

    @unittest.skipUnless(shutil.which('mkvinfo'), 'needs mkvtoolnix')
    def test_matroska_is_sound(self):
        for name in ('rich.mkv', 'late.mkv', 'plain.webm', 'live.webm'):
            with self.subTest(name):
                done = json.loads(run('mkvmerge', '--identify', '-F', 'json', self.with_tags(name)).stdout)
                self.assertEqual(done['warnings'] + done['errors'], [])
                self.assertEqual(len(done['global_tags']), 1)


class Subtitles(Copies):
    def setUp(self):
        super().setUp()
        if 'libavformat' not in LIBRARIES or 'taglib' not in LIBRARIES:
            self.skipTest('built without libavformat or TagLib')

    def tags_to_keep(self, path):
        """QuickTime's own kind of tags goes through libavformat, which does not keep the name of a program."""
        return {key: value for key, value in tags(path).items() if not (path.endswith('.mov') and key == 'encoder')}

    def test_packets(self):
        for name in SUBTITLED:
            with self.subTest(name):
                before = read(self.path(name))
                path = self.with_subtitles(name)
                self.assertEqual(read(self.path(name)), before)
                self.assertEqual(packets(path), packets(self.path(name)))
                self.assertEqual(decoded(path), decoded(self.path(name)))

    def begin(self, name):
        """Seconds of the file where GStreamer's stream time is 0: in Matroska, the time of the first cluster."""
        if not name.endswith(('.mkv', '.webm')):
            return 0
        if not shutil.which('mkvinfo'):
            self.skipTest('needs mkvtoolnix')
        shown = run('mkvinfo', '-v', '-v', self.path(name)).stdout
        return float(re.search(r'Cluster timestamp: 00:00:([\d.]+)', shown)[1])

    def test_cues(self):
        for name in SUBTITLED:
            with self.subTest(name):
                path = self.with_subtitles(name)
                begin = self.begin(name)
                texts = [(round(start + begin, 3), round(end + begin, 3), text.replace('<', '\u2039') if name.endswith('mkv') else text)
                         for start, end, text in CUES]
                self.assertEqual([(start, end, text.replace('&lt;', '<').replace('&amp;', '&'))
                                  for start, end, text in cues(path)], texts)
                track, = [stream for stream in streams(path) if is_ours(stream)]
                self.assertEqual(track['tags']['language'], 'eng')
                self.assertEqual(track['codec_name'],
                                 {'mkv': 'subrip', 'webm': 'webvtt'}.get(name.split('.')[-1], 'mov_text'))

    def test_all_else(self):
        """Tags, chapters, attachments, languages, what is on by default."""
        names = ('codec_name', 'codec_tag_string', 'disposition', 'width', 'height', 'sample_rate', 'start_time')
        for name in SUBTITLED:
            with self.subTest(name):
                path = self.with_subtitles(name)
                self.assertEqual(self.tags_to_keep(path), self.tags_to_keep(self.path(name)))
                self.assertEqual(probe(path, '-show_chapters'), probe(self.path(name), '-show_chapters'))
                for one, other in zip(kept(path), kept(self.path(name)), strict=True):
                    self.assertEqual([one.get(key) for key in names], [other.get(key) for key in names])
                    self.assertEqual(one.get('tags', {}).get('language'), other.get('tags', {}).get('language'))

    def test_twice(self):
        for name in SUBTITLED:
            with self.subTest(name):
                once = self.with_subtitles(name, segments=[(0, 3000000000, 'old', 1)])
                twice = self.with_subtitles(name, 'twice-' + name, source=once)
                again = self.with_subtitles(name, 'again-' + name, source=twice)
                self.assertEqual(cues(twice), cues(self.with_subtitles(name)))
                self.assertEqual(cues(again), cues(twice))
                self.assertEqual(packets(again), packets(self.path(name)))
                self.assertEqual(self.tags_to_keep(again), self.tags_to_keep(self.path(name)))
                self.assertLess(abs(len(read(again)) - len(read(twice))), 64)

    def test_repeatable(self):
        for name in SUBTITLED:
            with self.subTest(name):
                self.assertEqual(read(self.with_subtitles(name)), read(self.with_subtitles(name, 'same-' + name)))

    def test_no_segments(self):
        for name in ('rich.mkv', 'two.mp4', 'plain.webm'):
            with self.subTest(name):
                path = self.path('none-' + name)
                self.copy('subtitles', self.path(name), path, '0:1000000000:-1:0:silent')
                self.assertEqual(packets(path), packets(self.path(name)))

    def test_channels(self):
        """Two voices: a cue has a line for each that is heard then."""
        path = self.path('channels.mp4')
        self.copy('subtitles', self.path('two.mp4'), path, '0:2000000000:0:0.9:happy',
                  '1000000000:3000000000:1:0.6:sad')
        self.assertEqual(cues(path), [(0, 1, 'channel 1: happy 90%'),
                                      (1, 2, 'channel 1: happy 90%\nchannel 2: sad 60%'),
                                      (2, 3, 'channel 2: sad 60%')])

    def test_with_tags(self):
        """Both, in either order."""
        for name in ('rich.mkv', 'two.mp4', 'plain.webm'):
            with self.subTest(name):
                path = self.with_subtitles(name, 'both-' + name, source=self.with_tags(name))
                self.assertLessEqual(OURS.items(), tags(path).items())
                path = self.with_tags(name, 'other-' + name, source=self.with_subtitles(name))
                self.assertLessEqual(OURS.items(), tags(path).items())
                self.assertEqual(cues(path), cues(self.with_subtitles(name)))
                self.assertEqual(packets(path), packets(self.path(name)))


class Trouble(Copies):
    ERROR, UNSUPPORTED, BAD_FILE, SAME_FILE = 'copies-error-quark', 0, 2, 3

    def kinds(self, name):
        """The copies that can be made of a file here."""
        found = ['tags'] if 'taglib' in LIBRARIES or name.endswith(('mkv', 'webm')) else []
        return found + (['subtitles'] if name in SUBTITLED and len(LIBRARIES) == 2 else [])

    def arguments(self, kind):
        return ['happy', '0.81'] if kind == 'tags' else ['0:1000000000:-1:0.81:happy']

    def test_unsupported(self):
        shell(f'ffmpeg -v error -i {CLIP} -ar 44100 -c:a pcm_s16be a.aiff; '
              f'ffmpeg -v error {VIDEO} -i {CLIP} -c:v libtheora -c:a libvorbis a.ogv; '
              f'ffmpeg -v error {VIDEO} -i {CLIP} {H264} -c:a aac -movflags +frag_keyframe+empty_moov fragments.mp4',
              self.folder.name)
        with open(self.path('text.mp3'), 'w', encoding='utf-8') as file:
            file.write('not a media file\n')
        for name in ('a.aiff', 'a.ogv', 'text.mp3'):
            self.fails(self.ERROR, self.UNSUPPORTED, 'FLAC, Ogg .*WebM', 'check', 'tags', self.path(name))
            self.fails(self.ERROR, self.UNSUPPORTED, 'FLAC, Ogg .*WebM', 'tags', self.path(name),
                       self.path('out'), 'a', '1')
            self.assertFalse(os.path.exists(self.path('out')))
        for name in ('plain.opus', 'cd.wav', 'cover.mp3', 'cover.flac'):
            self.fails(self.ERROR, self.UNSUPPORTED, 'only Matroska.*tags', 'check', 'subtitles', self.path(name))
        self.fails(self.ERROR, self.UNSUPPORTED, 'fragments.*ffmpeg', 'check', 'subtitles', self.path('fragments.mp4'))
        self.fails(self.ERROR, self.UNSUPPORTED, 'no plain file', 'check', 'tags', self.folder.name)
        self.fails('g-io-error-quark', 1, 'No such file', 'check', 'tags', self.path('nothing'))

    def test_same_file(self):
        for name in ('rich.mkv', 'two.mp4', 'plain.opus'):
            before = read(self.path(name))
            os.symlink(self.path(name), self.path('link-' + name))
            os.link(self.path(name), self.path('hard-' + name))
            for output in (name, 'link-' + name, 'hard-' + name):
                for kind in self.kinds(name):
                    self.fails(self.ERROR, self.SAME_FILE, 'same file', kind, self.path(name), self.path(output),
                               *self.arguments(kind))
            self.assertEqual(read(self.path(name)), before)

    def test_truncated(self):
        """Any length: an error that leaves nothing, or a copy (where the format does not tell); never a crash."""
        for name in MEDIA:
            whole = read(self.path(name))
            for size in (0, 3, 11, 40, 300, len(whole) // 3, len(whole) - 1):
                with open(self.path('short-' + name), 'wb') as file:
                    file.write(whole[:size])
                for kind in self.kinds(name):
                    with self.subTest(name=name, size=size, kind=kind):
                        output = self.path('short-copy-' + name)
                        done = copy_file(kind, self.path('short-' + name), output, *self.arguments(kind))
                        self.assertIn(done.returncode, (0, 1), done.stderr)
                        self.assertEqual(os.path.exists(output), done.returncode == 0)
                        if done.returncode:
                            self.assertRegex(done.stderr, r'^[-\w]+ \d+: .{10}')
                        else:
                            os.unlink(output)
                        if size == len(whole) // 3 and name.endswith(('wav', 'mp4', 'm4a', 'mov', 'mkv', 'plain.webm')):
                            self.assertEqual(done.returncode, 1)
                            self.assertRegex(done.stderr, 'truncated|cut off')

    def test_damaged(self):
        """Bytes of the first and last kilobyte changed: an error or a copy, never a crash or a hang."""
        for name in ('rich.mkv', 'two.mp4', 'cover.flac', 'cover.mp3', 'plain.opus', 'cd.wav'):
            whole = read(self.path(name))
            for at in list(range(4, 1000, 61)) + list(range(len(whole) - 900, len(whole), 130)):
                with open(self.path('bad-' + name), 'wb') as file:
                    file.write(whole[:at] + bytes([whole[at] ^ 0xff]) + whole[at + 1:])
                for kind in self.kinds(name):
                    with self.subTest(name=name, at=at, kind=kind):
                        done = copy_file(kind, self.path('bad-' + name), self.path('out'), *self.arguments(kind))
                        self.assertIn(done.returncode, (0, 1), done.stderr)
                        self.assertEqual(os.path.exists(self.path('out')), done.returncode == 0)
                        self.setUp()

    def test_full_disk(self):
        """A limit on the size of files fails like a full disk, at any moment of writing; /dev/full right away."""
        for name in MEDIA:
            size = os.path.getsize(self.path(name))
            for kind in self.kinds(name):
                whole = self.path('whole-' + name)
                self.copy(kind, self.path(name), whole, *self.arguments(kind))
                for limit in (0, size // 2, size - 1, size + 60):
                    with self.subTest(name=name, kind=kind, limit=limit):
                        output = self.path('full-' + name)
                        done = copy_file(kind, self.path(name), output, *self.arguments(kind), preexec_fn=lambda:
                                   resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
                        self.assertEqual(os.path.exists(output), done.returncode == 0)
                        if done.returncode:
                            self.assertRegex(done.stderr, '(?i)^g-io-error-quark .*file too large')
                        else:
                            self.assertEqual(read(output), read(whole))
                self.fails('g-io-error-quark', 12, 'No space left', kind, self.path(name), '/dev/full',
                           *self.arguments(kind))
                self.assertTrue(os.path.exists('/dev/full'))

    def test_no_way_out(self):
        for kind in self.kinds('rich.mkv'):
            self.fails('g-io-error-quark', 1, 'cannot create the copy', kind, self.path('rich.mkv'),
                       self.path('no/such/folder.mkv'), *self.arguments(kind))
        if os.geteuid() == 0:
            self.skipTest('root may write anywhere')
        os.mkdir(self.path('locked'), 0o500)
        for kind in self.kinds('rich.mkv'):
            self.fails('g-io-error-quark', 14, 'cannot create the copy', kind, self.path('rich.mkv'),
                       self.path('locked/copy.mkv'), *self.arguments(kind))

    def test_cancelled(self):
        for name in ('rich.mkv', 'two.mp4', 'plain.opus'):
            for kind in self.kinds(name):
                self.fails('g-io-error-quark', 19, 'cancelled', kind, self.path(name), self.path('out'),
                           *self.arguments(kind), env={**os.environ, 'COPY_CANCEL_AT': '0.2'})
                self.assertFalse(os.path.exists(self.path('out')))

    def test_progress(self):
        for name in ('rich.mkv', 'two.mp4', 'plain.opus'):
            for kind in self.kinds(name):
                words = self.copy(kind, self.path(name), self.path('out'), *self.arguments(kind))
                self.assertGreater(float(words.split()[-3]), 0.5, words)


if __name__ == '__main__':
    for program in ('ffmpeg', 'ffprobe'):
        if not shutil.which(program):
            print(f'skipped: needs {program}')
            sys.exit(SKIPPED)
    unittest.main()
