#!/usr/bin/env python3
"""test_tags.py - the summary in real files: which containers keep it, what of others' tags stays, chapters in WAV.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import os
import re
import struct
import unittest

import pipelinekit
from pipelinekit import launch, messages

# Encoder and muxer; whether what comes at the end of the stream still gets into the file (measured without this element).
CONTAINERS = {
    'mkv': ('opusenc ! matroskamux', True),
    'webm': ('opusenc ! webmmux', True),
    'mp4': ('lamemp3enc ! mpegaudioparse ! mp4mux', True),
    'mov': ('audio/x-raw,format=S16LE ! qtmux', True),
    'wav': ('wavenc', True),
    'opus': ('opusenc ! oggmux', False),
    'ogg': ('vorbisenc ! oggmux', False),
    'flac': ('flacenc', False),
    'mp3': ('lamemp3enc ! id3v2mux', False),
}


def riff_chunks(data):
    """(name, content) of the chunks of a RIFF file or of a LIST."""
    at = 0
    while at + 8 <= len(data):
        name, size = data[at:at + 4].decode(), struct.unpack('<I', data[at + 4:at + 8])[0]
        yield name, data[at + 8:at + 8 + size]
        at += 8 + size + size % 2


def wav_chapters(path):
    """[(first sample, title)] of the cue points of a WAV file and their labels."""
    with open(path, 'rb') as file:
        chunks = list(riff_chunks(file.read()[12:]))
    cue, = [content for name, content in chunks if name == 'cue ']
    labels = {}
    for name, content in chunks:
        if name == 'LIST' and content[:4] == b'adtl':
            for _, label in riff_chunks(content[4:]):
                labels[struct.unpack('<I', label[:4])[0]] = label[4:].rstrip(b'\0').decode()
    points = [struct.unpack('<II4sIII', cue[at:at + 24]) for at in range(4, len(cue), 24)]
    return [(point[5], labels[point[0]]) for point in points]


class Tags(pipelinekit.PipelineTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clip = os.path.join(pipelinekit.CLIPS, 'emodb-s14-angry.opus')

    def write(self, name, chain, settings, tags='title=of-others', element='emotion2vec'):
        """Results of a run whose audio, with a title from upstream, goes into a file."""
        path = self.path(name)
        if element == 'emotion2vec':
            settings = f'device=ref model-file={self.model} {settings}'
        done = launch(f'filesrc location={self.clip} ! decodebin ! audioconvert ! taginject tags={tags} ! '
                      f'{element} {settings} ! {chain} ! filesink location={path}')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn('CRITICAL', done.stderr)
        return path, messages(done)

    def read(self, path):
        """{tag: set of values} that GStreamer finds in a file."""
        done = launch(f'-t filesrc location={path} ! decodebin ! fakesink')
        self.assertEqual(done.returncode, 0, done.stderr)
        found = {}
        for name, value in re.findall(r'^ *([a-z ]+): (.*)$', done.stdout, re.M):
            found.setdefault(name, set()).add(value)
        return found

    def test_summary(self):
        for suffix, (chain, late) in CONTAINERS.items():
            with self.subTest(container=suffix):
                path, results = self.write(f'summary.{suffix}', chain, 'window=0')
                result, = results
                found = self.read(path)
                self.assertEqual(found['title'], {'of-others'})
                expected = f'emotion2vec:{result["label"]}:{result["confidence"]:.2f}'
                if late:
                    self.assertIn(expected, found['comment'])
                else:
                    self.assertNotIn(expected, found.get('comment', ()))

    def test_none(self):
        """As if the element were not there (whether a title then gets into a WAV file depends on GStreamer's version)."""
        path, results = self.write('none.wav', 'wavenc', 'window=0 tag-mode=none')
        other, _ = self.write('identity.wav', 'wavenc', '', element='identity')
        self.assertTrue(results)
        self.assertEqual(self.read(path), self.read(other))

    def test_comment_of_others_stays(self):
        """The stream has both; the file gets the first one only, which is theirs."""
        for suffix in ('mkv', 'mp4', 'wav'):
            with self.subTest(container=suffix):
                path, _ = self.write(f'comment.{suffix}', CONTAINERS[suffix][0], 'window=0', 'comment=of-others')
                self.assertEqual(self.read(path)['comment'], {'of-others'})
        done = launch(f'-t filesrc location={self.clip} ! decodebin ! taginject tags=comment=of-others ! emotion2vec '
                      f'device=ref model-file={self.model} window=0 ! fakesink')
        result, = messages(done)
        for comment in ('of-others', f'emotion2vec:{result["label"]}:{result["confidence"]:.2f}'):
            self.assertRegex(done.stdout, rf'(?m)^ +(comment)?: {re.escape(comment)}$')

    def test_chapters(self):
        """Neighbours of one label are one chapter; window and interval are the same, so each speaks for itself."""
        path, results = self.write('chapters.wav', 'audioconvert ! audio/x-raw,channels=1 ! wavenc',
                                   'window=500000000 interval=500000000 silence-threshold=-100')
        with open(path, 'rb') as file:
            rate, = struct.unpack('<I', file.read()[24:28])
        expected = []
        for k, result in enumerate(results):
            if not expected or expected[-1][1] != result['label']:
                expected.append((k * rate // 2, result['label']))
        self.assertGreaterEqual(len(expected), 2)
        self.assertEqual(wav_chapters(path), expected)


if __name__ == '__main__':
    unittest.main()
