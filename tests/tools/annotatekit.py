"""annotatekit.py - what the tests of emotion2vec-annotate share: calling it, making media, comparing outputs.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import glob
import json
import os
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


def main():
    if not os.path.exists(TOOL):
        sys.exit('set EMOTION2VEC_ANNOTATE')
    unittest.main()
