"""test_annotate_copies.py - emotion2vec-annotate's copies of media files: packets of the original, words of the element.

Skipped parts: what the tool was built without.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import json
import os
import re
import shutil
import subprocess
import unittest

import annotatekit
from annotatekit import AnnotateTest, GST_LAUNCH, launch, run

COPIES = os.environ['EMOTION2VEC_COPIES'].split()
# extension, what makes it from raw audio, and whether there can be subtitles in it
KINDS = {'flac': ('flacenc', False), 'ogg': ('vorbisenc ! oggmux', False), 'opus': ('opusenc ! oggmux', False),
         'wav': ('audio/x-raw,format=S16LE ! wavenc', False), 'mka': ('opusenc ! matroskamux', True)}


def packets(path, stream='a:0'):
    """Hashes of the packets of one stream, with their times."""
    done = subprocess.run(['ffmpeg', '-v', 'error', '-i', path, '-map', f'0:{stream}', '-c', 'copy', '-f', 'framemd5', '-'],
                          check=True, capture_output=True, text=True, timeout=120)
    # behind ", S=" come hashes of side data, as of a header with the tags
    return [line.split(', S=')[0] for line in done.stdout.splitlines() if not line.startswith('#')]


def probe(path, *what):
    done = subprocess.run(['ffprobe', '-v', 'error', '-of', 'json', *what, path], check=True, capture_output=True, text=True,
                          timeout=120)
    return json.loads(done.stdout)


def values(path):
    """All values of tags, of the file and its streams, by lower-case key."""
    said = probe(path, '-show_format', '-show_streams')
    found = {}
    for part in [said['format'], *said['streams']]:
        for key, value in part.get('tags', {}).items():
            found.setdefault(key.lower(), []).append(value)
    return found


@unittest.skipUnless(shutil.which('ffmpeg') and shutil.which('ffprobe'), 'needs ffmpeg')
class Copies(AnnotateTest):
    @classmethod
    def make_media(cls):
        source = os.path.join(annotatekit.CLIPS, 'conversation.opus')
        for extension, (encode, _) in KINDS.items():
            launch(f'filesrc location={source} ! decodebin ! audioconvert ! audioresample ! {encode} ! '
                   f'filesink location={cls.media}/talk-{extension}.{extension}')

    def source(self, extension):
        return os.path.join(self.media, f'talk-{extension}.{extension}')

    def summary_tags(self, path):
        """The element's own summary of a stream, as gst-launch-1.0 tells it."""
        line = (f'filesrc location={path} ! decodebin ! emotion2vec model-file={self.model} device=ref tag-mode=summary '
                '! fakesink')
        done = run([GST_LAUNCH, '-t', *line.split()], text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return re.findall(r'(emotion2vec-\w+)=([^\s,]*)', done.stdout), re.findall(r'emotion2vec:[\w-]+:[\d.]+', done.stdout)

    @unittest.skipUnless('taglib' in COPIES, 'built without TagLib')
    def test_tags(self):
        for extension in KINDS:
            with self.subTest(extension=extension):
                source, copy = self.source(extension), self.path('out', f'talk-{extension}.tagged.{extension}')
                self.check(self.annotate('-q', '-o', self.path('out'), '--tag-copy', source), 0)
                self.assertEqual(os.listdir(self.path('out')).count(f'talk-{extension}.jsonl'), 0)
                self.assertEqual(packets(copy), packets(source))
                said = ' '.join(value for several in values(copy).values() for value in several)
                named, comments = self.summary_tags(source)
                self.assertTrue(named and comments)
                self.assertIn(comments[-1], said)
                if extension != 'wav':
                    for key, value in dict(named).items():
                        self.assertIn(value, ' '.join(values(copy)[key]))

    @unittest.skipUnless('libavformat' in COPIES, 'built without libavformat')
    def test_subtitles(self):
        """Their times and texts are those of the WebVTT file."""
        source, copy = self.source('mka'), self.path('out', 'talk-mka.subtitled.mka')
        self.check(self.annotate('-q', '-o', self.path('out'), '--subtitle-copy', '-f', 'vtt', source), 0)
        self.assertEqual([line.split(',')[3:] for line in packets(copy)], [line.split(',')[3:] for line in packets(source)])
        done = subprocess.run(['ffmpeg', '-v', 'error', '-copyts', '-i', copy, '-map', '0:s:0', '-f', 'webvtt', '-'], check=True,
                              capture_output=True, text=True, timeout=120)
        cue = re.compile(r'(?:(\d+):)?(\d+):([\d.]+) --> (?:(\d+):)?(\d+):([\d.]+)\n(.*)')
        with open(self.path('out', 'talk-mka.vtt'), encoding='utf-8') as file:
            expected = cue.findall(file.read())
        found = cue.findall(done.stdout)

        def seconds(match, first):
            return int(match[first] or 0) * 3600 + int(match[first + 1]) * 60 + float(match[first + 2])
        self.assertGreater(len(expected), 1)
        self.assertEqual(len(found), len(expected))
        for one, other in zip(found, expected):
            self.assertAlmostEqual(seconds(one, 0), seconds(other, 0), delta=0.0011)
            self.assertAlmostEqual(seconds(one, 3), seconds(other, 3), delta=0.0011)
            self.assertEqual(one[6].split()[0], other[6].split()[0])

    @unittest.skipUnless('taglib' in COPIES, 'built without TagLib')
    def test_again(self):
        """Done is done; copies are not annotated in their turn."""
        folder = self.path('talks')
        os.mkdir(folder)
        shutil.copy(self.source('opus'), folder)
        first = self.summary('--tag-copy', folder)
        self.assertEqual([entry['status'] for entry in first.values()], ['annotated'])
        again = self.summary('--tag-copy', folder)
        self.assertEqual([entry['status'] for entry in again.values()], ['done before'])
        self.assertEqual(len(again), 1)

    def test_refused(self):
        """What cannot be copied is said before anything is heard, and leaves nothing."""
        source = self.source('flac')
        self.check(self.annotate('-q', '-o', self.path('out'), '--subtitle-copy', source), 1, 'talk-flac.flac')
        with open(source, 'rb') as file:
            self.check(self.annotate('-q', '-o', self.path('out'), '--tag-copy', '-', stdin=file), 1, 'only files can be copied')
        self.assertEqual([name for name in os.listdir(self.path('out')) if not name.startswith('.')], [])

    def test_report(self):
        self.check(self.annotate('-q', '-o', self.path('out'), '--report', self.source('opus')), 0)
        self.assertEqual([name for name in os.listdir(self.path('out')) if not name.startswith('.')], ['talk-opus.html'])


if __name__ == '__main__':
    unittest.main()
