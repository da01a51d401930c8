#!/usr/bin/env python3
"""test_cli.py - the command line of emotion2vec-model: options, exit statuses, what is printed.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import testkit
import watched
from testkit import REFERENCE, TOOL, call, to_aiff, tone


class Usage(testkit.ToolTest):
    def test_help(self):
        done = call('--help')
        self.check(done, 0)
        for command in ('convert', 'info', 'devices', 'selftest', 'doctor', 'run', 'bench', 'probe'):
            self.assertIn(command, done.stdout)
            done_command = call(command, '--help')
            self.check(done_command, 0)
            self.assertIn('Examples:', done_command.stdout)

    def test_version(self):
        self.assertRegex(call('--version').stdout, r'^emotion2vec-model \d+\.\d+\.\d+\n$')

    def test_wrong_usage_ends_with_2_and_points_to_help(self):
        for arguments in ([], ['walk'], ['--walk'], ['run'], ['run', self.model], ['run', '--walk', 'a', 'b'],
                          ['convert'], ['convert', 'a', 'b'], ['convert', 'a', '--precision', 'fp64'],
                          ['info'], ['info', 'a', 'b'], ['devices', 'a'],
                          ['selftest'], ['selftest', 'a', 'b'], ['selftest', self.model, '--precision', 'fp8'],
                          ['bench'], ['bench', self.model, '--shape', 'mini'], ['bench', '--shape', 'huge'],
                          ['bench', '--shape', 'mini', '--window', '0'], ['bench', '--shape', 'mini', '--window', '3,x'],
                          ['bench', '--shape', 'mini', '--batch', '1,,2'],
                          ['run', self.model, self.audio, '--precision', 'fp8'],
                          ['run', self.model, self.audio, '--precision', 'fp64'],
                          ['run', self.model, self.audio, '--granularity', 'word']):
            with self.subTest(arguments=arguments):
                self.check(call(*arguments), 2, '--help')

    def test_unknown_command_is_named(self):
        self.check(call('walk'), 2, "'walk'", 'convert')


class Convert(testkit.ToolTest):
    def checkpoint(self, case='01-tiny'):
        return os.path.join(REFERENCE, case, 'checkpoint.pt')

    def test_default_output_is_the_checkpoints_name_in_the_current_folder(self):
        done = call('convert', self.checkpoint(), cwd=self.scratch.name)
        self.check(done, 0)
        self.assertTrue(os.path.exists(self.path('checkpoint.gguf')))

    def test_folder(self):
        folder = self.path('my-model')
        os.makedirs(folder)
        shutil.copy(self.checkpoint(), os.path.join(folder, 'model.pt'))
        shutil.copy(os.path.join(REFERENCE, '01-tiny', 'tokens.txt'), folder)
        done = call('convert', folder, cwd=self.scratch.name)
        self.check(done, 0)
        info = json.loads(call('info', self.path('my-model.gguf'), '--json').stdout)
        self.assertEqual(info['labels'][0], '生气/angry')

    def test_half_precision_halves_the_file(self):
        half = self.path('half.gguf')
        self.check(call('convert', self.checkpoint('02-six-heads-odd'), '-o', half,
                        '--precision', 'fp16'), 0)
        full = self.convert_case('02-six-heads-odd')
        self.assertLess(os.path.getsize(half), 0.7 * os.path.getsize(full))
        self.assertEqual(json.loads(call('info', half, '--json').stdout)['precision'], 'fp16')

    def test_self_test_of_a_half_precision_file_is_that_of_its_weights(self):
        half = self.path('half.gguf')
        self.check(call('convert', self.checkpoint('02-six-heads-odd'), '-o', half, '--precision', 'fp16'), 0)
        self.check(call('selftest', half), 0)

    def test_labels_and_licence(self):
        labels, licence, model = self.path('labels.txt'), self.path('LICENCE'), self.path('labelled.gguf')
        names = [f'{word}/{word}' for word in 'a b c d e f g h'.split()] + ['<unk>']
        pathlib.Path(labels).write_text('\n'.join(names), encoding='utf-8')
        pathlib.Path(licence).write_text('Free for everyone.\n', encoding='utf-8')
        self.check(call('convert', self.checkpoint(), '-o', model, '--labels', labels, '--licence', licence), 0)
        info = json.loads(call('info', model, '--json').stdout)
        self.assertEqual(info['labels'], names)
        self.assertEqual(info['licence_text'].strip(), 'Free for everyone.')

    def test_labels_that_do_not_fit(self):
        labels = self.path('three.txt')
        pathlib.Path(labels).write_text('a\nb\nc', encoding='utf-8')
        self.check(call('convert', self.checkpoint(), '-o', self.path('x.gguf'), '--labels', labels), 1, '3', '9')
        self.assertFalse(os.path.exists(self.path('x.gguf')))

    def test_settings(self):
        # the same numbers that the shapes tell are accepted, impossible ones are not
        model = self.path('set.gguf')
        self.check(call('convert', self.checkpoint(), '-o', model, '--set', 'norm_eps=1e-6', '--set',
                        'normalize=false', '--set', 'num_heads=4'), 0)
        shape = json.loads(call('info', model, '--json').stdout)['shape']
        self.assertEqual((shape['norm_eps'], shape['normalize']), (1e-6, False))
        for setting in ('colour=red', 'num_heads', 'num_heads=5', 'norm_eps=-1', 'normalize=perhaps',
                        'conv_strides=5,2'):
            with self.subTest(setting=setting):
                done = call('convert', self.checkpoint(), '-o', model, '--set', setting)
                self.check(done, 1, setting.split('=')[0])

    def test_not_a_checkpoint(self):
        text = self.path('text.pt')
        pathlib.Path(text).write_text('hello', encoding='utf-8')
        for path in (text, self.path('missing.pt'), self.scratch.name):
            with self.subTest(path=path):
                self.check(call('convert', path, '-o', self.path('y.gguf')), 1, path)

    def test_never_over_the_checkpoint(self):
        copy = self.path('copy.pt')
        shutil.copy(self.checkpoint(), copy)
        self.check(call('convert', copy, '-o', copy), 2, 'checkpoint itself')
        self.assertEqual(pathlib.Path(copy).read_bytes(), pathlib.Path(self.checkpoint()).read_bytes())


class Info(testkit.ToolTest):
    def test_text(self):
        text = call('info', self.model).stdout
        for word in ('生气/angry', 'angry', 'unknown', 'fp32', 'checksums', 'verified', 'self-test', 'SHA-256'):
            self.assertIn(word, text)

    def test_json(self):
        info = json.loads(call('info', self.model, '--json').stdout)
        with open(os.path.join(REFERENCE, self.case, 'config.json'), encoding='utf-8') as file:
            config = json.load(file)
        for key in ('embed_dim', 'depth', 'prenet_depth', 'num_heads', 'num_extra_tokens', 'norm_eps', 'normalize',
                    'conv_layers'):
            self.assertEqual(info['shape'][key], config['model'][key], key)
        self.assertEqual(info['labels'], config['labels'])
        self.assertGreater(info['selftest_samples'], 0)
        self.assertEqual(info['bytes'], os.path.getsize(self.model))

    def test_missing(self):
        self.check(call('info', self.path('none.gguf')), 1, 'none.gguf')


class Run(testkit.ToolTest):
    def run_json(self, *arguments, **settings):
        done = call('run', self.model, *arguments, '--json', '--device', 'ref', **settings)
        self.check(done, 0)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_json(self):
        result, = self.run_json(self.audio, '--embedding', '--granularity', 'frame')
        self.assertEqual(list(result), ['file', 'seconds', 'frames', 'label', 'confidence', 'scores', 'embedding',
                                        'frame_scores'])
        self.assertEqual((result['file'], result['seconds'], result['frames']), (self.audio, 0.5, 24))
        self.assertEqual(len(result['embedding']), 32)
        self.assertEqual([len(scores) for scores in result['frame_scores']], [9] * 24)
        self.assertEqual(result['label'], max(result['scores'], key=result['scores'].get))
        self.assertAlmostEqual(sum(result['scores'].values()), 1, places=5)
        self.assertAlmostEqual(sum(result['frame_scores'][7]), 1, places=5)
        plain, = self.run_json(self.audio)
        self.assertNotIn('embedding', plain)
        self.assertNotIn('frame_scores', plain)

    def test_text(self):
        done = call('run', self.model, self.audio, '--device', 'ref')
        self.check(done, 0)
        self.assertIn('unknown', done.stdout.splitlines()[0])
        self.assertEqual(len(done.stdout.splitlines()), 10)

    def test_feature_model_has_no_scores(self):
        feature = self.convert_case('04-feature-12-heads')
        audio = os.path.join(REFERENCE, '04-feature-12-heads', 'audio.wav')
        done = call('run', feature, audio, '--json', '--embedding', '--device', 'ref')
        self.check(done, 0)
        self.assertEqual(list(json.loads(done.stdout)), ['file', 'seconds', 'frames', 'embedding'])
        self.check(call('run', feature, audio, '--granularity', 'frame', '--device', 'ref'), 1, 'no head')

    def test_unused_labels_are_left_out(self):
        model = self.convert_case('06-one-extra-per-layer')
        with open(os.path.join(REFERENCE, '06-one-extra-per-layer', 'config.json'), encoding='utf-8') as file:
            used = [label for label in json.load(file)['labels'] if not label.startswith('unuse')]
        done = call('run', model, os.path.join(REFERENCE, '06-one-extra-per-layer', 'audio.wav'), '--json',
                    '--device', 'ref')
        self.assertEqual(len(json.loads(done.stdout)['scores']), len(used))

    def test_one_bad_file_does_not_stop_the_others(self):
        text = self.path('text.wav')
        pathlib.Path(text).write_text('this is no audio', encoding='utf-8')
        done = call('run', self.model, self.audio, self.path('missing.wav'), text, self.audio, '--json', '--device',
                    'ref')
        self.check(done, 1, 'missing.wav', 'text.wav')
        self.assertEqual([json.loads(line)['file'] for line in done.stdout.splitlines()], [self.audio, self.audio])

    def test_files_that_decodebin_stands_still_over(self):
        """decodebin loses errors of elements that it is plugging, now and then: then nothing comes, no error either."""
        numbers = range(16)
        for number in numbers:
            pathlib.Path(self.path(f'{number}.mp4')).write_bytes(
                b'\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41' + bytes(8) + b'mdat' + bytes(10000))
            to_aiff(self.audio, self.path(f'{number}.aiff'))
        damaged, good = ([self.path(f'{number}.{kind}') for number in numbers] for kind in ('mp4', 'aiff'))
        done = call('run', self.model, *damaged, *good, '--json', '--device', 'ref')
        self.assertEqual(done.returncode, 1)
        for line, path in zip(done.stderr.splitlines(), damaged, strict=True):
            self.assertIn(f'{path}: it is damaged', line)
        results = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([result['file'] for result in results], good)
        direct, = self.run_json(self.audio)
        for result in results:
            self.assertEqual(result['scores'], direct['scores'])

    def test_empty_file(self):
        pathlib.Path(self.path('empty.wav')).write_bytes(b'')
        self.check(call('run', self.model, self.path('empty.wav'), '--device', 'ref'), 1, 'empty.wav: the file is empty')

    def test_standard_input_and_uri_give_the_same(self):
        direct, = self.run_json(self.audio)
        with open(self.audio, 'rb') as file:
            stdin, = self.run_json('-', stdin=file)
        uri, = self.run_json(pathlib.Path(self.audio).as_uri())
        self.assertEqual(direct['scores'], stdin['scores'])
        self.assertEqual(direct['scores'], uri['scores'])

    def test_names_that_need_care(self):
        name = self.path('a "b" ü\\.wav')
        shutil.copy(self.audio, name)
        result, = self.run_json(name)
        self.assertEqual(result['file'], name)

    def test_other_formats_are_mixed_and_resampled(self):
        stereo = self.path('stereo.wav')
        tone(stereo, 1.5, rate=44100, channels=2)
        result, = self.run_json(stereo)
        self.assertAlmostEqual(result['seconds'], 1.5, places=3)

    def test_thirty_seconds_and_no_more(self):
        fits, long = self.path('30.wav'), self.path('30.5.wav')
        tone(fits, 30)
        tone(long, 30.5)
        result, = self.run_json(fits)
        self.assertEqual(result['seconds'], 30)
        self.check(call('run', self.model, long, '--device', 'ref'), 1, '30 s', 'emotion2vec-annotate')

    def test_too_short(self):
        short = self.path('short.wav')
        tone(short, 0.02)
        self.check(call('run', self.model, short, '--device', 'ref'), 1, 'short.wav')

    def test_video_without_audio(self):
        clip = self.path('silent.avi')
        made = subprocess.run(['gst-launch-1.0', '-q', 'videotestsrc', 'num-buffers=5', '!', 'avimux', '!', 'filesink',
                               f'location={clip}'], capture_output=True, check=False)
        if made.returncode != 0:
            self.skipTest('no avimux')
        self.check(call('run', self.model, clip, '--device', 'ref'), 1, 'no audio')

    def test_trace_names(self):
        traces = self.path('traces')
        self.run_json(self.audio, self.audio, '--trace', traces)
        self.assertEqual(sorted(os.listdir(traces)), ['audio-2.safetensors', 'audio.safetensors'])

    def test_unknown_device(self):
        self.check(call('run', self.model, self.audio, '--device', 'no-such-device'), 1)

    def test_missing_model(self):
        self.check(call('run', self.path('none.gguf'), self.audio), 1, 'none.gguf')

    def test_interrupt_finishes_the_file_in_hand(self):
        audio = self.path('interrupt.wav')
        tone(audio, 20)
        process = subprocess.Popen(watched.command([TOOL, 'run', self.model, *[audio] * 50, '--json', '--device', 'ref']),
                                   env=watched.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate()
        self.assertEqual(process.returncode, 1)
        self.assertIn('interrupted', errors)
        for line in [first, *rest.splitlines()]:
            self.assertEqual(json.loads(line)['file'], audio)
        self.assertLess(len(rest.splitlines()), 49)


class Devices(testkit.ToolTest):
    def test_json(self):
        devices = [json.loads(line) for line in call('devices', '--json').stdout.splitlines()]
        self.assertEqual(devices[-1]['index'], 'ref')
        for device in devices:
            if device['index'] in ('cpu', 'ref'):
                continue
            self.assertIn(device['shaders'], ('simd', 'scalar'))
            self.assertIn(device['precision'], ('fp32', 'fp16'))

    def test_no_driver(self):
        done = call('devices', environment={'VK_ICD_FILENAMES': '/dev/null', 'VK_DRIVER_FILES': '/dev/null'})
        self.check(done, 0, 'warning')
        self.assertIn('reference executor', done.stdout)


class Bench(testkit.ToolTest):
    def test_json(self):
        start = time.monotonic()
        done = call('bench', self.model, '--device', 'ref', '--window', '0.5,1', '--batch', '1,2', '--json')
        elapsed = time.monotonic() - start
        self.check(done, 0)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([(line['window'], line['batch']) for line in lines], [(.5, 1), (.5, 2), (1, 1), (1, 2)])
        for line in lines:
            self.assertAlmostEqual(sum(line['stages'].values()), 1, places=4)
            self.assertAlmostEqual(line['real_time_factor'], line['seconds'] / line['window'] / line['batch'], places=4)
            self.assertTrue(0 < line['seconds'] < elapsed)
        self.assertAlmostEqual(lines[1]['gflop'], 2 * lines[0]['gflop'], places=4)

    def test_shape(self):
        done = call('bench', '--shape', 'mini', '--device', 'ref', '--window', '0.1')
        self.check(done, 0)
        self.assertIn('GFLOP/s', done.stdout)


if __name__ == '__main__':
    testkit.main()
