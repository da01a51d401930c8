#!/usr/bin/env python3
"""test_cookbook.py - the recipes of docs/cookbook.md, each run as it stands there, and what they make read by programs of others.

A test belongs to the section whose heading it names; its blocks of code go through a shell, in a folder with the files
that the page talks of. Only what SUBSTITUTES lists is changed in them. What was heard is said by the element's messages.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import csv
import functools
import glob
import json
import os
import queue
import re
import shlex
import shutil
import signal
import socket
import subprocess
import threading
import time
import unittest

import pipelinekit
from pipelinekit import CLIPS, GST_INSPECT, GST_LAUNCH, SOURCE, call, launch, messages, printed

PAGE = os.path.join(SOURCE, 'docs', 'cookbook.md')
SECOND = 10**9
PYTHON = '/usr/bin/python3'
PATH = os.environ.get('PATH', '') + ':/usr/sbin'
ENVIRONMENT = {**os.environ, 'PATH': PATH, 'LC_ALL': 'C.UTF-8'}

# Seconds after which nothing will come any more: a recipe whose queues are too small waits for ever.
STANDSTILL = 200

# What a test does not have or has elsewhere. {names} are ports that are free, see `ports`.
SUBSTITUTES = [
    (r'\bgst-launch-1\.0\b', shlex.quote(GST_LAUNCH)),
    # a microphone: four and a half seconds of noise, as live as one
    (r'\bautoaudiosrc\b', 'audiotestsrc is-live=true wave=pink-noise num-buffers=200'),
    # a loudspeaker and a screen: files that ffmpeg can look into
    (r'\bautoaudiosink\b', 'audioconvert ! wavenc ! filesink location=heard.wav'),
    (r'\bautovideosink\b', 'jpegenc quality=95 ! avimux ! filesink location=screen.avi'),
    # a camera that is switched off after 12 seconds
    (r'\bvideotestsrc is-live=true\b', 'videotestsrc is-live=true num-buffers=300'),
    # brokers and ports of our own, so that those of this machine are left alone
    (r'-h localhost\b', '-h 127.0.0.1 -p {mqtt}'),
    (r'\bbroker:9092\b', '127.0.0.1:{kafka}'),
    (r'--port=8080\b', '--port={web}'),
    (r'\b(UDP4-RECV:|port=)5005\b', r'\g<1>{udp}'),
    # socat says when it listens
    (r'^socat\b', 'socat -d -d'),
    # websocketd passes few variables on, and the plugin is not installed
    (r'^websocketd\b', 'websocketd --passenv=' + ','.join(
        name for name in os.environ if re.match('GST_|EMOTION2VEC_|VK_|XDG_|HOME$|LD_PRELOAD$', name))),
]


def sections(text):
    """{heading: [blocks of shell code]} of a page, for sections that have any."""
    found = {}
    for part in re.split(r'^## ', text, flags=re.M)[1:]:
        blocks = re.findall(r'^```sh\n(.*?)^```', part, re.M | re.S)
        if blocks:
            found[part.splitlines()[0]] = blocks
    return found


with open(PAGE, encoding='utf-8') as page:
    RECIPES = sections(page.read())


def recipe(heading, *programs, elements=()):
    """A test of the recipe under `heading`, which needs programs and elements."""
    def decorate(test):
        @functools.wraps(test)
        def run(self):
            for program in programs:
                if not shutil.which(program, path=PATH):
                    self.skipTest(f'{program} is not installed')
            for element in elements:
                if call([GST_INSPECT, element]).returncode != 0:
                    self.skipTest(f'there is no element {element}')
            self.blocks = RECIPES[heading]
            test(self)
        run.heading = heading
        return run
    return decorate


class Background:
    """A program that runs beside the test; its lines are read as they come."""

    def __init__(self, arguments, **settings):
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, **settings)
        self.out, self.err = (self.lines(pipe) for pipe in (self.process.stdout, self.process.stderr))

    @staticmethod
    def lines(pipe):
        lines = queue.Queue()

        def read():
            for line in pipe:
                lines.put(line)
            lines.put(None)
            pipe.close()
        threading.Thread(target=read, daemon=True).start()
        return lines

    @staticmethod
    def wait_for(lines, pattern):
        """What `pattern` finds in the first line that has it."""
        seen = []
        while True:
            try:
                line = lines.get(timeout=STANDSTILL)
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f'no line with {pattern} in:\n{"".join(seen)}')
            seen.append(line)
            if match := re.search(pattern, line):
                return match

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdin.close()


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def runs(results):
    """[start, end, label] in seconds of what is shown: each window speaks for the second around its centre, the first one
    from its start, the last one to its end; neighbours with one label are joined."""
    found = []
    for k, result in enumerate(results):
        begin = found[-1][1] if k else result['timestamp'] / SECOND
        end = (result['timestamp'] + (result['duration'] + result['interval']) / 2) / SECOND
        if k == len(results) - 1:
            end = (result['timestamp'] + result['duration']) / SECOND
        if k and found[-1][2] == result['label']:
            found[-1][1] = end
        else:
            found.append([begin, end, result['label']])
    return found


@unittest.skipUnless(shutil.which('ffmpeg') and shutil.which('ffprobe'), 'ffmpeg is not installed')
class Cookbook(pipelinekit.PipelineTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.files = cls.path('files')
        os.makedirs(os.path.join(cls.files, 'calls'))
        talk = ['-ss', '7.5', '-t', '9', '-i', cls.conversation]
        voices = ['-i', os.path.join(CLIPS, 'emodb-s14-sad.opus'), '-i', os.path.join(CLIPS, 'emodb-s15-angry.opus')]
        film = ['-f', 'lavfi', '-i', 'color=black:s=640x360:r=25:d=9', '-i', 'speech.wav', '-shortest']
        cls.ffmpeg(*talk, '-ac', '1', '-ar', '48000', 'speech.wav')
        cls.ffmpeg(*talk, '-c:a', 'libopus', 'speech.opus')
        cls.ffmpeg(*film, '-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-c:a', 'libopus', 'film.mkv')
        cls.ffmpeg(*film, '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-pix_fmt', 'yuv420p', '-c:a', 'aac', 'film.mp4')
        cls.ffmpeg(*voices, '-map', '0', '-ar', '16000', 'agent.wav', '-map', '1', '-ar', '16000', 'caller.wav')
        cls.ffmpeg('-i', 'agent.wav', '-i', 'caller.wav', '-filter_complex', 'join=inputs=2:channel_layout=stereo', 'call.wav')
        cls.make_head(os.path.join(cls.files, 'calls.gguf'))
        shutil.copy(cls.conversation, cls.files)
        for clip in sorted(glob.glob(os.path.join(CLIPS, 'emodb-s15-*.opus'))):
            shutil.copy(clip, os.path.join(cls.files, 'calls'))
        for name, clip in (('ann', 's14-happy'), ('bob', 's15-sad')):
            shutil.copy(os.path.join(CLIPS, f'emodb-{clip}.opus'), os.path.join(cls.files, f'{name}.opus'))

    @classmethod
    def ffmpeg(cls, *arguments):
        subprocess.run(['ffmpeg', '-v', 'error', '-y', *arguments], check=True, cwd=cls.files, stdin=subprocess.DEVNULL)

    def setUp(self):
        """A folder with the files of the page for each test: what one recipe makes is not there for the next."""
        self.folder = self.path(self.id().rpartition('.')[2])
        os.makedirs(self.folder)
        for name in os.listdir(self.files):
            os.symlink(os.path.join(self.files, name), os.path.join(self.folder, name))
        self.ports = {'mqtt': free_port(socket.SOCK_STREAM), 'web': free_port(socket.SOCK_STREAM),
                      'udp': free_port(socket.SOCK_DGRAM), 'kafka': 0}

    def at(self, name):
        return os.path.join(self.folder, name)

    def prepared(self, block):
        for pattern, ours in SUBSTITUTES:
            block = re.sub(pattern, ours, block, flags=re.M)
        for name, port in self.ports.items():
            block = block.replace(f'{{{name}}}', str(port))
        return block

    def cook(self, block):
        """Runs a block to its end; what still runs then, as a reader that nobody writes to, is ended."""
        shell = subprocess.Popen(['sh', '-e', '-c', self.prepared(block)], cwd=self.folder, env=ENVIRONMENT, text=True,
                                 start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = shell.communicate(timeout=STANDSTILL)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, signal.SIGKILL)
            out, err = shell.communicate()
            self.fail(f'the recipe stands still\n{out[-1000:]}{err}')
        self.assertEqual(shell.returncode, 0, out[-1000:] + err)
        self.assertNotRegex(err, 'CRITICAL|linking failed')
        return out

    def background(self, arguments):
        program = Background(arguments, cwd=self.folder, env=ENVIRONMENT)
        self.addCleanup(program.stop)
        return program

    def listen(self, block):
        return self.background(['sh', '-c', 'exec ' + self.prepared(block)])

    def heard(self, name):
        """The results for a file, as messages."""
        done = launch(f'filesrc location={self.at(name)} ! decodebin ! emotion2vec ! fakesink')
        self.assertEqual(done.returncode, 0, done.stderr)
        results = messages(done)
        self.assertTrue(results)
        return results

    def check_lines(self, lines, name):
        """Lines of JSON are the results for a file."""
        results, expected = [json.loads(line) for line in lines], self.heard(name)
        self.assertEqual([(line['timestamp'], line['label']) for line in results],
                         [(result['timestamp'], result['label']) for result in expected])
        return results

    def read(self, name):
        with open(self.at(name), encoding='utf-8') as file:
            return file.read()

    def probe(self, name, *arguments):
        done = subprocess.run(['ffprobe', '-v', 'error', '-of', 'json', *arguments, name], cwd=self.folder, check=True,
                              capture_output=True, text=True)
        return json.loads(done.stdout)

    def codecs(self, name):
        return [stream['codec_name'] for stream in self.probe(name, '-show_streams')['streams']]

    def cues(self, name):
        """[start, end, text] of the subtitles in a file, as ffmpeg reads them."""
        done = subprocess.run(['ffmpeg', '-v', 'error', '-i', name, '-map', '0:s:0', '-f', 'webvtt', '-'], cwd=self.folder,
                              check=True, capture_output=True, text=True)
        found = []
        for cue in done.stdout.split('\n\n'):
            if match := re.search(r'([\d:.]+) --> ([\d:.]+).*\n(.*)', cue):
                times = [sum(float(part) * 60**k for k, part in enumerate(reversed(match[i].split(':')))) for i in (1, 2)]
                found.append([*times, match[3]])
        return found

    def check_cues(self, cues, expected, slack=0.05):
        """Subtitles are these [start, end, label]."""
        self.assertEqual([cue[2].split()[0] for cue in cues], [run[2] for run in expected])
        for cue, run in zip(cues, expected):
            self.assertAlmostEqual(cue[0], run[0], delta=slack)
            self.assertAlmostEqual(cue[1], run[1], delta=slack)

    def pictures(self, crop, shape):
        """A part of each frame on the screen, made smaller: for each pixel, whether it is bright."""
        width, height = shape
        done = subprocess.run(['ffmpeg', '-v', 'error', '-i', 'screen.avi', '-vf', f'crop={crop},scale={width}:{height}', '-f',
                               'rawvideo', '-pix_fmt', 'gray', '-'], cwd=self.folder, check=True, capture_output=True)
        size = width * height
        bright = [grey > 80 for grey in done.stdout]
        return [bright[at:at + size] for at in range(0, len(bright), size)]

    def check_overlay(self, results):
        """White texts on black at the bottom of a film of 640x360; another picture wherever another text begins."""
        frames = self.pictures('640:70:0:290', (160, 18))
        self.assertAlmostEqual(len(frames) / 25, 9, delta=0.1)
        differ = [k / 25 for k in range(1, len(frames)) if sum(a != b for a, b in zip(frames[k - 1], frames[k])) > 10]
        expected = [run[0] for run in runs(results)[1:]]
        self.assertEqual(len(differ), len(expected), (differ, expected))
        for ours, time_ in zip(differ, expected):
            self.assertAlmostEqual(ours, time_, delta=0.06)
        for frame in frames[1:len(frames) - 5]:
            self.assertGreater(sum(frame), 50)
        self.assertAlmostEqual(float(self.probe('heard.wav', '-show_format')['format']['duration']), 9, delta=0.1)

    def test_every_recipe_has_a_test(self):
        tested = [test.heading for test in vars(Cookbook).values() if hasattr(test, 'heading')]
        self.assertEqual(sorted(tested), sorted(RECIPES))
        self.assertGreater(len(tested), 15)
        with open(PAGE, encoding='utf-8') as file:
            text = file.read()
        blocks = '\n'.join(block for recipe in RECIPES.values() for block in recipe)
        self.assertEqual(*(len(re.findall('gst-launch-1.0 .*!', code)) for code in (text, blocks)))

    @recipe('Microphone')
    def test_microphone(self):
        results = printed(self.cook(self.blocks[0]))
        self.assertGreaterEqual(len(results), 2)
        self.assertEqual([result['timestamp'] // SECOND for result in results[:2]], [0, 1])
        self.assertTrue(all('label' in result for result in results))

    @recipe('Microphone, subtitles over a picture', elements=['textoverlay'])
    def test_microphone_subtitles(self):
        self.cook(self.blocks[0])
        lit = [sum(frame) > 50 for frame in self.pictures('640:70:0:290', (160, 18))]
        self.assertEqual(len(lit), 300)
        self.assertNotIn(True, lit[:75])
        self.assertIn(True, lit[75:])

    @recipe('Lines of JSON', 'jq')
    def test_lines(self):
        self.cook(self.blocks[0])
        results = self.check_lines(self.read('emotions.jsonl').splitlines(), 'speech.opus')
        rows = list(csv.reader(self.read('emotions.tsv').splitlines(), delimiter='\t'))
        self.assertEqual([row[1] for row in rows], [result['label'] for result in results])
        self.assertEqual([float(row[0]) for row in rows], [result['stream-time'] / SECOND for result in results])

    @recipe('A film with what is heard', elements=['textoverlay'])
    def test_film(self):
        self.cook(self.blocks[0])
        self.check_overlay(self.heard('film.mkv'))

    @recipe('A film with text and scope', elements=['textoverlay', 'emotion2vecscope'])
    def test_film_scope(self):
        self.cook(self.blocks[0])
        self.check_overlay(self.heard('film.mkv'))
        stream = self.probe('screen.avi', '-show_streams')['streams'][0]
        self.assertEqual((stream['width'], stream['height']), (640, 520))
        # scores are areas that are brighter than the ground, from right to left
        frames = self.pictures('400:90:0:360', (80, 18))
        bright = [sum(frame) for frame in frames]
        self.assertGreater(bright[-1], 3 * bright[25])
        self.assertGreater(bright[-1], 80 * 18 / 3)

    @recipe('Subtitle file', elements=['webvttenc'])
    def test_subtitle_file(self):
        self.cook(self.blocks[0])
        self.assertEqual(self.codecs('speech.vtt'), ['webvtt'])
        self.check_cues(self.cues('speech.vtt'), runs(self.heard('speech.opus')))

    @recipe('Subtitles in Matroska')
    def test_matroska(self):
        self.cook(self.blocks[0])
        self.assertEqual(self.codecs('subtitled.mkv'), ['vp8', 'opus', 'subrip'])
        self.check_cues(self.cues('subtitled.mkv'), runs(self.heard('film.mkv')))
        self.check_untouched('film.mkv', 'subtitled.mkv')

    @recipe('Subtitles in MP4', elements=['h264parse', 'faad'])
    def test_mp4(self):
        self.cook(self.blocks[0])
        self.assertEqual(self.codecs('subtitled.mp4'), ['h264', 'aac', 'mov_text'])
        self.check_cues(self.cues('subtitled.mp4'), runs(self.heard('film.mp4')))
        self.check_untouched('film.mp4', 'subtitled.mp4', padding=2)

    def check_untouched(self, before, after, padding=0):
        """Packets of picture and sound are the same bytes, but for the sound's padding at both ends."""
        for stream in ('v', 'a'):
            old, new = (self.packets(name, stream) for name in (before, after))
            missing = len(old) - len(new)
            self.assertIn(missing, range((padding if stream == 'a' else 0) + 1))
            self.assertIn(new, [old[first:first + len(new)] for first in range(missing + 1)])

    def packets(self, name, stream):
        """Hashes of the packets of a stream; of pictures less the parameter sets, which h264parse 1.26 repeats in the first."""
        sets = ['-bsf:v', 'filter_units=remove_types=7-8'] if stream == 'v' and name.endswith('.mp4') else []
        done = subprocess.run(['ffmpeg', '-v', 'error', '-i', name, '-map', f'0:{stream}', '-c', 'copy', *sets, '-f', 'framehash', '-'],
                              cwd=self.folder, check=True, capture_output=True, text=True)
        hashes = [line.split(',')[5].strip() for line in done.stdout.splitlines() if not line.startswith('#')]
        self.assertGreater(len(hashes), 200)
        return hashes

    @recipe('HLS with subtitles', elements=['hlssink2', 'h264parse', 'faad', 'webvttenc'])
    def test_hls(self):
        self.cook(self.blocks[0])
        # ffmpeg follows a playlist of subtitles, but not from the one above it, and then says so
        done = subprocess.run(['ffprobe', '-v', 'warning', '-show_streams', 'hls/index.m3u8'], cwd=self.folder, check=True,
                              capture_output=True, text=True)
        self.assertRegex(done.stdout + done.stderr, r'codec_name=webvtt|subtitle\(uri: emotions.m3u8\)')
        self.assertEqual(sorted(self.codecs('hls/index.m3u8'))[:2], ['aac', 'h264'])
        self.assertEqual(self.codecs('hls/emotions.m3u8'), ['webvtt'])
        self.check_cues(self.cues('hls/emotions.m3u8'), runs(self.heard('film.mp4')))
        self.assertAlmostEqual(float(self.probe('hls/film.m3u8', '-show_format')['format']['duration']), 9, delta=0.1)
        # the map is what the segments say: ticks of 1/90000 s
        begin = [float(stream['start_time']) for stream in self.probe('hls/part00000.ts', '-show_streams')['streams']]
        mapped = re.search(r'^WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:(\d+),LOCAL:00:00:00.000\n', self.read('hls/emotions.vtt'))
        for time_ in begin:
            self.assertAlmostEqual(int(mapped[1]) / 90000, time_, delta=0.05)

    @recipe('A FIFO', 'jq')
    def test_fifo(self):
        self.cook(self.blocks[0])
        angry = [result for result in self.heard('speech.opus') if result['label'] == 'angry']
        self.assertTrue(angry)
        lines = self.read('angry.txt').splitlines()
        self.assertEqual([float(line.split()[0]) for line in lines], [result['stream-time'] / SECOND for result in angry])

    @recipe('A pipe', 'jq')
    def test_pipe(self):
        self.cook(self.blocks[0])
        lines = [json.loads(line) for line in self.read('short.jsonl').splitlines()]
        self.assertEqual([(line['at'], line['sounds']) for line in lines],
                         [(result['stream-time'], result['label']) for result in self.heard('speech.opus')])

    @recipe('MQTT', 'mosquitto', 'mosquitto_sub', 'mosquitto_pub')
    def test_mqtt(self):
        with open(self.at('broker.conf'), 'w', encoding='utf-8') as file:
            file.write(f'listener {self.ports["mqtt"]} 127.0.0.1\nallow_anonymous true\nlog_dest stderr\nlog_type all\n')
            if os.geteuid() == 0:
                file.write('user root\n')
        broker = self.background(['mosquitto', '-c', 'broker.conf'])
        broker.wait_for(broker.err, 'mosquitto version .* running')
        reader = self.listen(self.blocks[0])
        broker.wait_for(broker.err, 'Sending SUBACK')
        self.cook(self.blocks[1])
        expected = self.heard('speech.opus')
        got = [reader.wait_for(reader.out, r'^(\S+) (\{.*\})$') for _ in expected]
        self.assertEqual({match[1] for match in got}, {'emotions/desk1'})
        self.check_lines([match[2] for match in got], 'speech.opus')

    @recipe('Kafka', 'kcat')
    def test_kafka(self):
        """librdkafka plays the broker, inside of a reader: another program's socket all the same."""
        broker = self.background(['kcat', '-C', '-b', 'none', '-X', 'test.mock.num.brokers=1', '-X',
                                  'allow.auto.create.topics=true', '-d', 'mock', '-t', 'emotions'])
        self.ports['kafka'] = int(broker.wait_for(broker.err, r'bootstrap\.servers=127\.0\.0\.1:(\d+)')[1])
        broker.wait_for(broker.err, 'Created topic')
        self.cook(self.blocks[0])
        # the topic has several partitions, between which there is no order
        lines = sorted(self.cook(self.blocks[1]).splitlines(), key=lambda line: json.loads(line)['timestamp'])
        self.check_lines(lines, 'speech.opus')

    @recipe('WebSocket', 'websocketd')
    def test_websocket(self):
        if call([PYTHON, '-c', 'import websockets']).returncode != 0:
            self.skipTest('python3-websockets is not installed')
        self.listen(self.blocks[0])
        # it does not say when it listens
        while not self.answers(('localhost', self.ports['web'])):
            time.sleep(0.05)
        reader = self.background([PYTHON, '-m', 'websockets', f'ws://localhost:{self.ports["web"]}/'])
        expected = self.heard('speech.opus')
        self.check_lines([reader.wait_for(reader.out, r'\{.*\}')[0] for _ in expected], 'speech.opus')

    @staticmethod
    def answers(address):
        with socket.socket() as client:
            return client.connect_ex(address) == 0

    @recipe('UDP', 'socat')
    def test_udp(self):
        reader = self.listen(self.blocks[0])
        reader.wait_for(reader.err, 'starting data transfer loop')
        self.cook(self.blocks[1])
        expected = self.heard('speech.opus')
        lines = [reader.wait_for(reader.out, '.*')[0] for _ in expected]
        self.check_lines(lines, 'speech.opus')
        self.assertLess(max(map(len, lines)), 1500)

    @recipe('A call on two channels', elements=['webvttenc'])
    def test_call(self):
        voices = {name: self.heard(f'{name}.wav') for name in ('agent', 'caller')}
        self.cook(self.blocks[0])
        lines = [json.loads(line) for line in self.read('call.jsonl').splitlines()]
        for channel, (name, results) in enumerate(voices.items()):
            mine = [line for line in lines if line['channel'] == channel]
            self.assertEqual(mine[0]['label'], results[0]['label'])
            self.assertAlmostEqual(mine[0]['confidence'], results[0]['confidence'], delta=0.01)
            self.assertEqual(self.cues(f'{name}.vtt')[0][2].split()[0], results[0]['label'])
        self.cook(self.blocks[1])
        lines = {line['source-id']: line for line in map(json.loads, self.read('voices.jsonl').splitlines())}
        self.assertEqual(set(lines), set(voices))
        self.assertEqual(lines['agent']['label'], voices['agent'][0]['label'])
        self.assertEqual(lines['caller']['labels'], ['angry', 'happy', 'neutral', 'sad'])

    @recipe('A conference')
    def test_conference(self):
        self.cook(self.blocks[0])
        results = self.check_lines(self.read('meeting.jsonl').splitlines(), 'ann.opus')
        self.assertEqual({result['source-id'] for result in results}, {'ann'})
        lengths = [float(self.probe(name, '-show_format')['format']['duration'])
                   for name in ('heard.wav', 'ann.opus', 'bob.opus')]
        self.assertAlmostEqual(lengths[0], max(lengths[1:]), delta=0.1)

    @recipe('Classes of your own')
    def test_head(self):
        self.cook(self.blocks[0])
        results = [json.loads(line) for line in self.read('own.jsonl').splitlines()]
        self.assertEqual([result['timestamp'] for result in results],
                         [result['timestamp'] for result in self.heard('speech.opus')])
        self.assertEqual({tuple(result['labels']) for result in results}, {('s14', 's15')})

    @recipe('Sentences', elements=['webvttenc'])
    def test_sentences(self):
        self.cook(self.blocks[0])
        with open(os.path.join(CLIPS, 'conversation.tsv'), encoding='utf-8') as file:
            spoken = list(csv.DictReader(file, delimiter='\t'))
        cues = self.cues('sentences.vtt')
        self.assertEqual(len(cues), len(spoken))
        for cue, sentence in zip(cues, spoken):
            # clips begin and end with some silence of their own
            self.assertAlmostEqual(cue[0], float(sentence['start']), delta=0.4)
            self.assertAlmostEqual(cue[1], float(sentence['end']), delta=0.4)
            self.assertRegex(cue[2], r'^\w+, -\d+ dB$')

    @recipe('Many streams')
    def test_many(self):
        self.cook(self.blocks[0])
        lines = [json.loads(line) for line in self.read('calls.jsonl').splitlines()]
        names = sorted(os.path.join('calls', name) for name in os.listdir(self.at('calls')))
        self.assertEqual(sorted({line['source-id'] for line in lines}), names)
        for name in names:
            self.check_lines([json.dumps(line) for line in lines if line['source-id'] == name], name)


if __name__ == '__main__':
    unittest.main()
