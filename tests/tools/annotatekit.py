"""annotatekit.py - what the tests of emotion2vec-annotate share: calling it, making media, comparing outputs.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import watched

TOOL = os.environ['EMOTION2VEC_ANNOTATE']
MODEL_TOOL = os.environ['EMOTION2VEC_TOOL']
CLIPS = os.environ['EMOTION2VEC_CLIPS']
REFERENCE = os.environ['EMOTION2VEC_REFERENCE']
BUNDLED = os.environ['EMOTION2VEC_MODEL']
GST_LAUNCH = os.environ['GST_LAUNCH']
STATE = '.emotion2vec-annotate'


def run(command, environment=None, **settings):
    return subprocess.run(watched.command(command), env=watched.environment({'LC_ALL': 'C.UTF-8', **(environment or {})}),
                          check=False, **{'capture_output': True, **settings})


def launch(line):
    """Makes media: a launch line in one string, file names without spaces."""
    done = subprocess.run([GST_LAUNCH, '-q', *line.split()], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f'{line}\n{done.stderr}')


def clips():
    return sorted(glob.glob(os.path.join(CLIPS, 'emodb-*.opus')))


def files(folder):
    """Content by path of all files below a folder."""
    found = {}
    for place, _, names in os.walk(os.fsencode(folder)):
        for name in names:
            path = os.path.join(place, name)
            with open(path, 'rb') as file:
                found[os.path.relpath(path, os.fsencode(folder))] = file.read()
    return found


def outputs(folder):
    """The same, less the program's own."""
    return {path: content for path, content in files(folder).items() if STATE.encode() not in path}


def leftovers(folder):
    return [path for path in files(folder) if path.endswith((b'.part', b'.lock'))]


def rows(path):
    with open(path, encoding='utf-8') as file:
        return [json.loads(line) for line in file]


class AnnotateTest(unittest.TestCase):
    """A test class with a scratch folder and a small model of random weights, on the reference executor."""
    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.mkdtemp()
        cls.model = os.path.join(cls.shared, 'tiny.gguf')
        done = run([MODEL_TOOL, 'convert', os.path.join(REFERENCE, '01-tiny', 'checkpoint.pt'), '-o', cls.model], text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        cls.media = os.path.join(cls.shared, 'media')
        os.mkdir(cls.media)
        cls.make_media()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.shared)

    @classmethod
    def make_media(cls):
        """Into cls.media, once for all tests of the class."""

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def command(self, *arguments):
        return [TOOL, '--model', self.model, '--device', 'ref', *arguments]

    def annotate(self, *arguments, environment=None, **settings):
        return run(self.command(*arguments), environment, **{'text': True, 'errors': 'replace', **settings})

    def check(self, done, status, *words):
        """The process ended with `status` and its error output has all `words`."""
        self.assertEqual(done.returncode, status, f'{done.stderr}{done.stdout}')
        for word in words:
            self.assertIn(word, done.stderr)

    def summary(self, *arguments, **settings):
        """{file: what --json says of it}, in order."""
        done = self.annotate('--json', '-q', *arguments, **settings)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return {entry['file']: entry for entry in json.loads(done.stdout)['files']}

    def messages(self, path, settings):
        """What gst-launch-1.0 prints of the element's messages, by a parser of its own."""
        line = f'filesrc location={path} ! decodebin ! emotion2vec model-file={self.model} device=ref {settings} ! fakesink'
        done = run([GST_LAUNCH, '-m', *line.split()], text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = []
        for text in re.findall(r'\(element\): (emotion2vec, .*);', done.stdout):
            fields = dict(re.findall(r'([\w-]+)=\([\w]+\)("[^"]*"|<[^>]*>|[^,;]*)', text))
            found.append({
                'start': int(fields['stream-time']), 'duration': int(fields['duration']), 'id': int(fields['id']),
                'label': fields.get('label', '').strip('"'), 'channel': int(fields.get('channel', -1)),
                'silent': fields['silent'] == 'true', 'trigger': fields['trigger'],
                'scores': [float(re.sub(r'\(\w+\)', '', score)) for score in fields.get('scores', '<>')[1:-1].split(',')
                           if score.strip()]})
        return found

    def summary_tags(self, path, settings=''):
        """Label and scores of the element's own summary of a stream, "KEY=VALUE", as gst-launch-1.0 tells them."""
        line = (f'filesrc location={path} ! decodebin ! emotion2vec model-file={self.model} device=ref tag-mode=summary '
                f'{settings} ! fakesink')
        done = run([GST_LAUNCH, '-t', *line.split()], text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [re.findall(rf'emotion2vec-{key}=[^\s,]*', done.stdout)[-1] for key in ('label', 'scores')]

    def check_heard(self, path, options, settings):
        """Windows, labels and scores are those of the element's messages, of which there are some."""
        self.check(self.annotate('-q', '-o', self.path('out'), *options, path), 0)
        heard = rows(self.path('out', os.path.basename(path).split('.')[0] + '.jsonl'))
        expected = self.messages(path, settings)
        self.assertGreater(len(expected), 3)
        self.assertEqual(len(heard), len(expected))
        for row, message in zip(heard, expected):
            for key, field in (('start', 'stream-time'), ('duration', 'duration'), ('id', 'id'), ('silent', 'silent'),
                               ('trigger', 'trigger')):
                self.assertEqual(row[field], message[key], field)
            self.assertEqual(row.get('label', ''), message['label'])
            self.assertEqual(row.get('channel', -1), message['channel'])
            self.assertEqual(row.get('scores', []), message['scores'])
        return heard


def main():
    if not os.path.exists(TOOL):
        sys.exit('set EMOTION2VEC_ANNOTATE')
    unittest.main()
