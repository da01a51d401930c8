#!/usr/bin/env python3
"""test_renderers.py - emotion2vectext, emotion2vecjson and emotion2vecscope in real pipelines, read back by ffprobe.

The element's messages say what was heard; from them the texts are computed here anew, by the definition: windows of 3 s,
one a second, speak for the second around their centre, the first from its start, the last to its end.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import json
import os
import re
import shutil
import subprocess
import unittest

import pipelinekit
from pipelinekit import GST_INSPECT, call, launch, messages

FFPROBE = shutil.which('ffprobe')
ROOMY = 'queue max-size-time=0 max-size-bytes=0 max-size-buffers=0'
HEAR = 'emotion2vec device=cpu'


def has(element):
    return call([GST_INSPECT, element]).returncode == 0


def timeline(results, merge):
    """(start, end, label) in seconds."""
    texts = []
    for k, result in enumerate(results):
        start, end = result['timestamp'], result['timestamp'] + result['duration']
        if k > 0:
            start = texts_end
        texts_end = end if k + 1 == len(results) else result['timestamp'] + 2 * 10**9
        if k + 2 == len(results):
            # the last one ends where the audio does, and begins off the grid
            texts_end = max(texts_end, results[-1]['timestamp'])
        if 'label' not in result:
            continue
        if merge and texts and texts[-1][2] == result['label'] and texts[-1][1] == start:
            texts[-1][1] = texts_end
        else:
            texts.append([start, texts_end, result['label']])
    return [(start / 1e9, end / 1e9, label) for start, end, label in texts]


@unittest.skipUnless(FFPROBE, 'ffprobe is not installed')
class Texts(pipelinekit.PipelineTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wav = cls.path('conversation.wav')
        done = launch(f'filesrc location={cls.conversation} ! decodebin ! audioconvert ! audioresample '
                      f'! audio/x-raw,format=S16LE,rate=16000,channels=1 ! wavenc ! filesink location={cls.wav}')
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        cls.results = messages(launch(f'filesrc location={cls.wav} ! wavparse ! {HEAR} ! fakesink'))

    def ok(self, line):
        done = launch(line)
        self.assertEqual(done.returncode, 0, done.stdout[-1000:] + done.stderr)
        self.assertNotIn('CRITICAL', done.stderr)
        return done

    def cues(self, path):
        """(start, end) of the packets of the track of text that are not empty, as ffprobe sees them, and its codec."""
        done = subprocess.run([FFPROBE, '-v', 'error', '-show_packets', '-show_streams', '-select_streams', 's', '-of', 'json',
                               path], capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        cues = [(float(p['pts_time']), float(p['pts_time']) + float(p['duration_time'])) for p in found['packets']
                if 'duration_time' in p and int(p['size']) > 2]
        return cues, found['streams'][0]['codec_name']

    def check_times(self, cues, texts):
        self.assertEqual(len(cues), len(texts))
        self.assertGreater(len(texts), 5)
        for cue, text in zip(cues, texts):
            self.assertAlmostEqual(cue[0], text[0], delta=0.0011)
            self.assertAlmostEqual(cue[1], text[1], delta=0.0021)

    @unittest.skipUnless(has('webvttenc'), 'webvttenc is in gstreamer1.0-plugins-bad')
    def test_webvtt(self):
        for merge in (True, False):
            path = self.path(f'{merge}.vtt')
            self.ok(f'filesrc location={self.wav} ! wavparse ! {HEAR} '
                    f'! emotion2vectext template={{label}} merge={str(merge).lower()} ! webvttenc ! filesink location={path}')
            cues, codec = self.cues(path)
            texts = timeline(self.results, merge)
            self.assertEqual(codec, 'webvtt')
            self.check_times(cues, texts)
            with open(path, encoding='utf-8') as file:
                lines = re.findall(r'-->.*\n(.*)\n', file.read())
            self.assertEqual(lines, [label for _, _, label in texts])

    def mux(self, name, encoder, muxer, text=''):
        path = self.path(name)
        self.ok(f'-e filesrc location={self.wav} ! wavparse ! {HEAR} ! tee name=t t. ! {ROOMY} ! {encoder} ! {muxer} name=m '
                f'! filesink location={path} t. ! queue ! emotion2vectext template={{label}} {text} ! m.')
        return path

    def test_matroska(self):
        path = self.mux('a.mkv', 'identity', 'matroskamux')
        cues, codec = self.cues(path)
        self.assertEqual(codec, 'subrip')
        self.check_times(cues, timeline(self.results, True))
        self.ok(f'filesrc location={path} ! matroskademux name=d d.subtitle_0 ! filesink location={self.path("t")}')
        with open(self.path('t'), encoding='utf-8') as file:
            self.assertEqual(file.read(), ''.join(label for _, _, label in timeline(self.results, True)))

    def test_quicktime(self):
        cues, codec = self.cues(self.mux('a.mov', 'identity', 'qtmux'))
        self.assertEqual(codec, 'mov_text')
        self.check_times(cues, timeline(self.results, True))

    def test_behind_a_mixer(self):
        """Metas are lost there; events are not, and come once."""
        path = self.path('mixed.jsonl')
        self.ok(f'filesrc location={self.wav} ! wavparse ! {HEAR} send-events=true ! audiomixer ! emotion2vecjson '
                f'! filesink location={path}')
        with open(path, encoding='utf-8') as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual([(line['id'], line['label'], line['timestamp']) for line in lines],
                         [(result['id'], result['label'], result['timestamp']) for result in self.results])

    def test_behind_an_encoder(self):
        """There metas come several times, and counts and texts stay the same."""
        if not (has('opusenc') and has('opusdec')):
            self.skipTest('no Opus')
        path = self.path('opus.jsonl')
        self.ok(f'filesrc location={self.wav} ! wavparse ! {HEAR} ! opusenc ! opusdec ! emotion2vecjson '
                f'! filesink location={path}')
        with open(path, encoding='utf-8') as file:
            self.assertEqual([json.loads(line)['id'] for line in file], [result['id'] for result in self.results])

    def test_schema(self):
        try:
            import jsonschema
        except ImportError:
            self.skipTest('python3-jsonschema is not installed')
        with open(os.path.join(pipelinekit.SOURCE, 'docs', 'metadata.schema.json'), encoding='utf-8') as file:
            validator = jsonschema.Draft202012Validator(json.load(file))
        path = self.path('schema.jsonl')
        self.ok(f'filesrc location={self.wav} ! wavparse ! {HEAR} embedding=utterance+frame granularity=utterance+frame '
                f'! emotion2vecjson ! filesink location={path}')
        with open(path, encoding='utf-8') as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual(len(lines), len(self.results))
        for line in lines:
            validator.validate(line)

    @unittest.skipUnless(has('textoverlay'), 'textoverlay is in gstreamer1.0-x')
    def test_overlay(self):
        """Black pictures, one a second: white letters are there where there is a text, and only there. The audio here is
        the conversation and then silence."""
        path = self.path('overlay.gray')
        quiet = self.path('quiet.wav')
        self.ok(f'filesrc location={self.wav} ! wavparse ! audiorate ! wavenc name=w ! filesink location={quiet}')
        self.ok(f'filesrc location={quiet} ! wavparse ! {HEAR} ! emotion2vectext ! textoverlay name=o font-desc=Sans,40 '
                f'! videoconvert ! video/x-raw,format=GRAY8 ! filesink location={path} '
                'videotestsrc num-buffers=40 pattern=black ! video/x-raw,width=320,height=240,framerate=1/1 ! o.video_sink')
        with open(path, 'rb') as file:
            frames = file.read()
        self.assertEqual(len(frames), 40 * 320 * 240)
        shown = [max(frames[n * 76800:(n + 1) * 76800]) > 200 for n in range(40)]
        texts = timeline(self.results, True)
        expected = [any(start <= n < end for start, end, _ in texts) for n in range(40)]
        self.assertEqual(shown, expected)
        self.assertIn(False, expected)

    @unittest.skipUnless(has('emotion2vecscope'), 'built without cairo')
    def test_scope(self):
        path = self.path('scope.avi')
        self.ok(f'filesrc location={self.wav} ! wavparse ! {HEAR} ! emotion2vecscope '
                f'! video/x-raw,width=320,height=120,framerate=10/1 ! videoconvert ! jpegenc ! avimux ! filesink location={path}')
        done = subprocess.run([FFPROBE, '-v', 'error', '-count_frames', '-show_streams', '-of', 'json', path],
                              capture_output=True, text=True, check=True)
        stream, = json.loads(done.stdout)['streams']
        frames, rate = self.decoded(self.wav)
        self.assertEqual((stream['width'], stream['height'], stream['avg_frame_rate']), (320, 120, '10/1'))
        self.assertEqual(int(stream['nb_read_frames']), frames * 10 // rate)


if __name__ == '__main__':
    unittest.main()
