#!/usr/bin/env python3
"""test_elan.py - examples/elan, run the way ELAN runs a local recognizer.

ELAN splits the command of recognizer.cmdi at blanks, runs it in that folder with little in its environment, sends a PARAM
document to its standard input, watches its output for RESULT lines, and reads the file that the document names.
EMOTION2VEC_ANNOTATE names the tool, EMOTION2VEC_SOURCE the source tree.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import csv
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import wave
import xml.etree.ElementTree as ElementTree
from xml.sax.saxutils import escape

import testkit
import watched

TOOL = os.environ['EMOTION2VEC_ANNOTATE']
FOLDER = pathlib.Path(os.environ['EMOTION2VEC_SOURCE']) / 'examples' / 'elan'
CMD = '{http://www.clarin.eu/cmd/}'


def read_tiers(path):
    """As ELAN's XmlTierIO: names and (start, end, value) in milliseconds; a time with a point would be seconds."""
    root = ElementTree.parse(path).getroot()
    assert root.tag == 'TIERS'
    found = {}
    for tier in root:
        [name] = tier.get('columns').split()
        found[name] = []
        for span in tier:
            times = [int(span.get(key)) for key in ('start', 'end')]
            found[name].append((*times, span.findtext('v')))
    return found


class Elan(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)
        self.recognizer = ElementTree.parse(FOLDER / 'recognizer.cmdi').getroot().find(f'{CMD}Components/{CMD}RECOGNIZER')

    def parameters(self):
        """All of recognizer.cmdi with their defaults; files have none."""
        found = {}
        for kind in ['input', 'numparam', 'textparam', 'output']:
            for element in self.recognizer.findall(CMD + kind):
                found[element.text.strip()] = element.get('default')
        return found

    def run_elan(self, **values):
        """What ELAN does when Start is pressed. Returns the lines that it reads."""
        command = self.recognizer.find(CMD + 'recognizer').get('runLinux').split()
        parameters = {**self.parameters(), **values}
        text = '<?xml version="1.0" encoding="UTF-8"?>\n' \
            '<PARAM xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ' \
            'xsi:noNamespaceSchemaLocation="file:avatech-call.xsd">\n' \
            '<param name="InvocationContext">emotion2vec 2026-01-31 14:23:09+0100</param>\n' \
            + ''.join(f'<param name="{name}">{escape(value or "")}</param>\n' for name, value in parameters.items()) + '</PARAM>\n'
        keep = ['EMOTION2VEC_ANNOTATE', 'EMOTION2VEC_MODEL', 'GST_REGISTRY_1_0', 'XDG_CACHE_HOME', 'ASAN_OPTIONS']
        environment = {name: os.environ[name] for name in keep if name in os.environ}
        done = subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=FOLDER,
                              env={**environment, 'LC_ALL': 'C'}, check=False)
        return done.stdout.decode().splitlines()

    def clip(self, name='talk.wav'):
        """4.5 seconds that are heard, and 6 of silence."""
        path = self.scratch / name
        testkit.tone(str(path), 4.5, channels=2)
        with wave.open(str(path), 'rb') as file:
            settings, heard = file.getparams(), file.readframes(file.getnframes())
        with wave.open(str(path), 'wb') as file:
            file.setparams(settings)
            file.writeframes(heard + bytes(6 * settings.framerate * 4))
        return path

    def segments(self, path, *options):
        """What the tool says without ELAN."""
        folder = self.scratch / 'segments'
        subprocess.run(watched.command([TOOL, '--format', 'segments', '-o', str(folder), *options, str(path)]),
                       env=watched.environment(), capture_output=True, check=True)
        [file] = folder.glob('*.segments.csv')
        with open(file, encoding='utf-8', newline='') as text:
            rows = list(csv.DictReader(text))
        shutil.rmtree(folder)
        return rows

    def test_description(self):
        """ELAN needs an executable command and a name; and the parameters of which the script knows."""
        self.assertEqual(self.recognizer.find(CMD + 'recognizer').get('recognizerType'), 'local')
        self.assertEqual(set(self.parameters()), {'source', 'tiers', 'window', 'interval', 'trigger', 'channels', 'model'})
        for element in self.recognizer.findall(CMD + 'numparam'):
            low, default, high = (float(element.get(key)) for key in ('min', 'default', 'max'))
            self.assertTrue(low <= default <= high)
        for element in self.recognizer.findall(CMD + 'textparam'):
            if element.get('convoc'):
                self.assertIn(element.get('default'), element.get('convoc').split())
        self.assertTrue(os.access(FOLDER / 'emotion2vec-elan', os.X_OK))

    @unittest.skipUnless(shutil.which('xmllint'), 'no xmllint: install libxml2-utils')
    def test_well_formed(self):
        subprocess.run(['xmllint', '--noout', '--nonet', str(FOLDER / 'recognizer.cmdi')], check=True)

    def check_tiers(self, found, rows):
        """The tiers have the segments that are no silence, and no other."""
        expected = {}
        for row in rows:
            name = 'emotion' + (f'-channel-{int(row["channel"]) + 1}' if row['channel'] else '')
            tier = expected.setdefault(name, [])
            if row['label'] != 'silent':
                tier.append((round(float(row['start']) * 1000), round(float(row['end']) * 1000), row['label']))
        self.assertEqual(found, expected)
        self.assertTrue(any(expected.values()))
        self.assertIn('silent', {row['label'] for row in rows})

    def test_annotates(self):
        source, tiers = self.clip('a & b "ü".wav'), self.scratch / 'out file.xml'
        # ELAN takes "file:" off a URI and leaves three slashes
        lines = self.run_elan(source=f'//{source}', tiers=str(tiers))
        self.assertEqual(lines[-1], 'RESULT: DONE.', lines)
        self.assertTrue(any(line.startswith('PROGRESS: ') for line in lines))
        found = read_tiers(tiers)
        self.check_tiers(found, self.segments(source))
        self.assertEqual(found['emotion'][0][0], 0)
        self.assertLess(found['emotion'][-1][1], 10500)

    def test_options(self):
        source, tiers = self.clip(), self.scratch / 'out.xml'
        lines = self.run_elan(source=str(source), tiers=str(tiers), channels='each', window='2.0', interval='0.5')
        self.assertEqual(lines[-1], 'RESULT: DONE.', lines)
        found = read_tiers(tiers)
        self.assertEqual(sorted(found), ['emotion-channel-1', 'emotion-channel-2'])
        self.check_tiers(found, self.segments(source, '--channels', 'each', '--window', '2', '--interval', '0.5'))

    def fails(self, word, **values):
        lines = self.run_elan(**values)
        self.assertEqual(lines[-1], 'RESULT: FAILED.', lines)
        self.assertIn(word, '\n'.join(lines))

    def test_fails(self):
        tiers = str(self.scratch / 'out.xml')
        (self.scratch / 'notes.wav').write_text('no audio')
        self.fails('nowhere.wav', source='/nowhere.wav', tiers=tiers)
        self.fails('notes.wav', source=str(self.scratch / 'notes.wav'), tiers=tiers)
        self.fails('"source"', tiers=tiers)
        self.fails('"tiers"', source=str(self.clip()))
        self.fails('nowhere.gguf', source=str(self.clip()), tiers=tiers, model='/nowhere.gguf')
        self.assertFalse(os.path.exists(tiers))


if __name__ == '__main__':
    sys.exit(unittest.main())
