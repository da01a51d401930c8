"""pipelinekit.py - runs gst-launch-1.0 and reads the element's messages from what it prints.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

TOOL = os.environ['EMOTION2VEC_TOOL']
TIMELINE = os.environ['EMOTION2VEC_TIMELINE']
SOURCE = os.environ['EMOTION2VEC_SOURCE']
CLIPS = os.environ['EMOTION2VEC_CLIPS']
REFERENCE = os.environ['EMOTION2VEC_REFERENCE']
BUNDLED = os.environ['EMOTION2VEC_MODEL']
GST_LAUNCH = os.environ['GST_LAUNCH']
GST_INSPECT = os.environ['GST_INSPECT']

sys.path.insert(0, os.path.join(SOURCE, 'tests', 'tools'))
import watched  # noqa: E402
from printed import printed  # noqa: E402


def call(arguments, environment=None, **settings):
    """Runs a program; `environment` adds to ours, a value of None takes away."""
    variables = watched.environment({'LC_ALL': 'C.UTF-8', **(environment or {})})
    return subprocess.run(watched.command(arguments), env=variables, capture_output=True, text=True, check=False,
                          **settings)


def launch(line, environment=None, **settings):
    return call([GST_LAUNCH, '-m', *line.split()], environment, **settings)


def messages(done):
    return printed(done.stdout)


class PipelineTest(unittest.TestCase):
    """A test class with a scratch folder and a small model made from a reference case."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.model = cls.path('01-tiny.gguf')
        done = call([TOOL, 'convert', os.path.join(REFERENCE, '01-tiny', 'checkpoint.pt'), '-o', cls.model])
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        cls.conversation = os.path.join(CLIPS, 'conversation.opus')
        cls.utterance = os.path.join(REFERENCE, '01-tiny', 'audio.wav')

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.scratch.name, name)

    @classmethod
    def make_head(cls, path):
        """A head for the bundled model, which knows two voices apart."""
        manifest = cls.path('voices.tsv')
        with open(manifest, 'w', encoding='utf-8') as file:
            file.write('path\tlabel\tspeaker\n')
            file.writelines(f'emodb-{voice}-angry.opus\t{voice}\t{voice}\n' for voice in ('s14', 's15'))
        done = call([TOOL, 'probe', 'train', '--manifest', manifest, '--root', CLIPS, '--l2', '1', BUNDLED, '-o', path])
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def tool_scores(self, audio, *arguments):
        done = call([TOOL, 'run', self.model, audio, '--json', *arguments])
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def decoded(self, audio):
        """(frames, rate) of what GStreamer decodes from the file: counted in a raw file, read from printed caps."""
        raw = self.path('raw')
        done = launch(f'-v filesrc location={audio} ! decodebin ! identity name=decoded ! filesink location={raw}')
        self.assertEqual(done.returncode, 0, done.stderr)
        caps = re.search(r'GstIdentity:decoded.GstPad:src: caps = (.*)', done.stdout)[1]
        width = {'S16LE': 2, 'F32LE': 4}[re.search(r'format=\(string\)(\w+)', caps)[1]]
        channels = int(re.search(r'channels=\(int\)(\d+)', caps)[1])
        return os.path.getsize(raw) // (width * channels), int(re.search(r'rate=\(int\)(\d+)', caps)[1])
