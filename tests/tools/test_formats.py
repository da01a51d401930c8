#!/usr/bin/env python3
"""test_formats.py - every file format read back by a program that is not ours: Praat, FFmpeg, a browser, xmllint, and the
readers of Python. Times are compared to the resolution of the format, labels and scores to the last bit.

EMOTION2VEC_WRITE_FORMATS names write-formats, EMOTION2VEC_SOURCE the source tree.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import csv
import decimal
import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata
import unittest
import urllib.parse
import xml.etree.ElementTree

import jsonschema

import browser
import heard

HERE = pathlib.Path(__file__).parent
SECOND = heard.SECOND
EMOTIONML = '{http://www.w3.org/2009/10/emotionml}'


def run(*command, **more):
    """Output of a program that must not fail."""
    done = subprocess.run(command, capture_output=True, text=True, encoding='utf-8', check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f'{command[0]}: {done.stderr}{done.stdout}')
    return done.stdout


def nanoseconds(seconds):
    """The exact value of a decimal number of seconds."""
    return int(decimal.Decimal(seconds) * SECOND)


def milliseconds(time):
    """Rounded half up, as docs/formats.md says."""
    return (time + 500000) // 1000000


def one_line(words):
    """What becomes of a label where it has to stay on one line."""
    return ''.join(' ' if unicodedata.category(c) in ('Cc', 'Zl', 'Zp') else '\ufffd' if c in '\ufffe\uffff' else c
                   for c in words)


def xml_text(words):
    """What becomes of a label in XML: what it cannot hold is replaced."""
    return ''.join('\ufffd' if ord(c) < 32 and c not in '\t\n\r' or c in '\ufffe\uffff' else c for c in words)


def track_name(speech, channel):
    return ' '.join(([] if channel is None else [f'channel {channel + 1}']) + ['speech'] * speech)


class Formats(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        for name, case in heard.ALL.items():
            case.write(cls.path(name))

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    @classmethod
    def path(cls, case, suffix=None):
        folder = os.path.join(cls.scratch.name, case)
        return folder if suffix is None else os.path.join(folder, 'out' + suffix)

    def cases(self):
        for name, case in heard.ALL.items():
            with self.subTest(name):
                yield name, case

    def assert_same(self, found, expected):
        """Two lists are equal; says where they differ without comparing the rest, which takes forever."""
        for number, (one, other) in enumerate(zip(found, expected)):
            self.assertEqual(one, other, f'number {number}')
        self.assertEqual(len(found), len(expected))

    # ---- windows ----

    def test_csv(self):
        for name, case in self.cases():
            with open(self.path(name, '.csv'), newline='', encoding='utf-8') as file:
                header, *rows = csv.reader(file, strict=True)
            labels = case.labels if case.windows and any(w.scores for w in case.windows) else []
            self.assertEqual(header, ['id', 'start', 'end', 'channel', 'trigger', 'label', 'confidence', 'level', 'flags']
                             + ['score_' + label for label in labels])
            self.assertEqual(len(rows), len(case.windows))
            for number, (row, window) in enumerate(zip(rows, case.windows)):
                self.assertEqual(row[0], str(number))
                self.assertEqual(nanoseconds(row[1]), window.start)
                self.assertEqual(nanoseconds(row[2]), window.start + window.duration)
                self.assertEqual(row[3], '' if window.channel is None else str(window.channel))
                self.assertEqual(row[4], 'speech' if window.speech else 'interval')
                self.assertEqual(float(row[7]), window.level)
                if window.label is None:
                    self.assertEqual([row[5], row[6], row[8]], ['', '', 'silent'])
                    self.assertEqual(row[9:], [''] * len(labels))
                    continue
                self.assertEqual(row[5], case.labels[window.label])
                self.assertEqual(float(row[6]), max(window.scores))
                self.assertEqual(row[8], '')
                self.assertEqual([float(score) for score in row[9:]], window.scores)

    def test_jsonl(self):
        for name, case in self.cases():
            with open(self.path(name, '.jsonl'), encoding='utf-8', newline='\n') as file:
                results = [json.loads(line) for line in file]
            self.assertEqual(len(results), len(case.windows))
            for result, window in zip(results, case.windows):
                self.assertEqual(result['stream-time'], window.start)
                self.assertEqual(result['duration'], window.duration)
                self.assertEqual(result.get('scores'), window.scores)
                self.assertEqual(result.get('label'), None if window.label is None else case.labels[window.label])

    def check_xml(self, path, schema):
        run('xmllint', '--noout', '--huge', '--relaxng', str(HERE / schema), path)
        return xml.etree.ElementTree.parse(path).getroot()

    @unittest.skipUnless(shutil.which('xmllint'), 'no xmllint: install libxml2-utils')
    def test_emotionml(self):
        for name, case in self.cases():
            root = self.check_xml(self.path(name, '.emotionml'), 'emotionml.rng')
            windows = [w for w in case.windows if w.scores]
            emotions = root.findall(EMOTIONML + 'emotion')
            self.assertEqual(len(emotions), len(windows))
            if not windows:
                continue
            items = root.findall(f'{EMOTIONML}vocabulary/{EMOTIONML}item')
            names = [item.get('name') for item in items]
            self.assertEqual(len(set(names)), len(case.labels))
            self.assertEqual(root.get('category-set'), '#' + root.find(EMOTIONML + 'vocabulary').get('id'))
            self.assertEqual([item.findtext(EMOTIONML + 'info', item.get('name')) for item in items],
                             [xml_text(label) for label in case.labels])
            for emotion, window in zip(emotions, windows):
                self.assertEqual(emotion.get('expressed-through'), 'voice')
                categories = emotion.findall(EMOTIONML + 'category')
                self.assertEqual([category.get('name') for category in categories], names)
                self.assertEqual([float(category.get('confidence')) for category in categories], window.scores)
                self.check_reference(emotion, case, window)

    def check_reference(self, emotion, case, window):
        uri = urllib.parse.urlsplit(emotion.find(EMOTIONML + 'reference').get('uri'))
        self.assertEqual(urllib.parse.unquote(uri.path), case.name)
        self.assertEqual((uri.scheme, uri.netloc, uri.query), ('', '', ''))
        times = re.fullmatch(r't=([0-9.]+),([0-9.]+)', uri.fragment)
        self.assertEqual([nanoseconds(time) for time in times.groups()], [window.start, window.start + window.duration])
        self.assertEqual(emotion.findtext(EMOTIONML + 'info', ''), track_name(window.speech, window.channel))

    # ---- documentation ----

    def test_documented(self):
        """The examples of docs/formats.md are what is written, to the letter; the page has every format."""
        page = (pathlib.Path(os.environ['EMOTION2VEC_SOURCE']) / 'docs' / 'formats.md').read_text(encoding='utf-8')
        files = {path.name: path.read_text(encoding='utf-8') for path in pathlib.Path(self.path('documented')).iterdir()}
        for name in files:
            self.assertIn(f'`talk{name.removeprefix("out")}`', page)
        examples = re.findall(r'^```(\w+)\n(.*?)^```', page, re.M | re.S)
        examples = [text for kind, text in examples if not text.startswith('<View>')]
        self.assertEqual(len(examples), 9)
        for text in examples:
            self.assertTrue(any(text.replace('→', '\t') in file for file in files.values()), text)

    # ---- segments ----

    def test_segments(self):
        for name, case in self.cases():
            with open(self.path(name, '.segments.csv'), newline='', encoding='utf-8') as file:
                rows = list(csv.DictReader(file, strict=True))
            self.assertEqual(len(rows), len(case.segments))
            for row, segment in zip(rows, case.segments):
                self.assertEqual([nanoseconds(row['start']), nanoseconds(row['end'])], [segment.start, segment.end])
                self.assertEqual(row['channel'], '' if segment.channel is None else str(segment.channel))
                self.assertEqual(row['trigger'], 'speech' if segment.speech else 'interval')
                self.assertEqual(row['label'], 'silent' if segment.label is None else segment.label)
                if segment.label is None:
                    self.assertEqual(row['confidence'], '')
                else:
                    self.assertAlmostEqual(float(row['confidence']), segment.confidence, places=12)

    @staticmethod
    def shown(case):
        """What has a cue: start and end in milliseconds, and the segment."""
        return [(milliseconds(s.start), milliseconds(s.end), s) for s in case.segments if s.label is not None]

    @staticmethod
    def cue_text(segment):
        return f'{one_line(segment.label)} {int(100 * segment.confidence + 0.5)}%'

    def packets(self, path):
        """Start and end in milliseconds and the text of each, as FFmpeg has it."""
        found = json.loads(run('ffprobe', '-v', 'error', '-show_packets', '-show_data', '-of', 'json', path))['packets']
        for packet in found:
            digits = ''.join(line[10:49] for line in packet['data'].splitlines())
            start = nanoseconds(packet['pts_time']) // 1000000
            yield start, start + nanoseconds(packet['duration_time']) // 1000000, bytes.fromhex(digits).decode()

    @unittest.skipUnless(shutil.which('ffprobe'), 'no ffprobe: install ffmpeg')
    def test_vtt_ffmpeg(self):
        """In FFmpeg; what it makes of escapes is another matter."""
        for name, case in self.cases():
            found = list(self.packets(self.path(name, '.vtt')))
            self.assert_same([packet[:2] for packet in found], [cue[:2] for cue in self.shown(case)])

    @unittest.skipUnless(browser.found(), 'no chromium')
    def test_vtt_browser(self):
        names = list(heard.ALL)
        answers = browser.read_cues([self.path(name, '.vtt') for name in names])
        for name, cues in zip(names, answers):
            with self.subTest(name):
                case = heard.ALL[name]
                self.check_cues(case, cues)

    def check_cues(self, case, cues):
        expected = self.shown(case)
        several = len(case.tracks) > 1
        self.assertEqual(len(cues), len(expected))
        for cue, (start, end, segment) in zip(cues, expected):
            self.assertAlmostEqual(cue['start'], start / 1000, places=6)
            self.assertAlmostEqual(cue['end'], end / 1000, places=6)
            self.assertLess(cue['start'], cue['end'])
            self.assertEqual(cue['text'], self.cue_text(segment))
            self.assertEqual(cue['voice'], track_name(segment.speech, segment.channel) if several else None)

    def scenes(self, case):
        """What a subtitle that shows all tracks at once must have: a cue from each change to the next."""
        shown = self.shown(case)
        order = list(case.tracks)
        times = sorted({time for cue in shown for time in cue[:2]})
        for start, end in zip(times, times[1:]):
            lines = []
            for cue in sorted((cue for cue in shown if cue[0] <= start and cue[1] >= end),
                              key=lambda cue: order.index((cue[2].speech, cue[2].channel))):
                who = track_name(cue[2].speech, cue[2].channel) if len(order) > 1 else ''
                lines.append((who + ': ' if who else '') + self.cue_text(cue[2]))
            if lines:
                yield start, end, '\n'.join(lines).translate(str.maketrans('<>{}\\', '\u2039\u203a()\u2216'))

    @unittest.skipUnless(shutil.which('ffprobe'), 'no ffprobe: install ffmpeg')
    def test_srt(self):
        for name, case in self.cases():
            if name == 'hours':             # each with each would be too many, and there is one track
                expected = [(start, end, self.cue_text(segment)) for start, end, segment in self.shown(case)]
            else:
                expected = list(self.scenes(case))
            if not expected:
                self.assertEqual(os.path.getsize(self.path(name, '.srt')), 0)
                continue
            found = list(self.packets(self.path(name, '.srt')))
            self.assert_same([(start, end, text.rstrip()) for start, end, text in found],
                             [(start, end, text.rstrip()) for start, end, text in expected])

    @unittest.skipUnless(shutil.which('ffmpeg'), 'no ffmpeg')
    def test_srt_markup(self):
        """Nothing in a label is markup to FFmpeg."""
        text = run('ffmpeg', '-v', 'error', '-i', self.path('hostile', '.srt'), '-f', 'ass', '-')
        lines = re.findall('^Dialogue: .*?,Default,,0,0,0,,(.*)$', text, re.MULTILINE)
        self.assertEqual(len(lines), len(list(self.scenes(heard.ALL['hostile']))))
        for line in lines:
            self.assertNotRegex(line, r'[{}<>\\]')

    @unittest.skipUnless(shutil.which('praat'), 'no praat')
    def test_textgrid(self):
        for name, case in self.cases():
            text = run('praat', '--utf8', '--run', str(HERE / 'read-textgrid.praat'), self.path(name, '.TextGrid'))
            lines = iter([line.split('\t') for line in text.rstrip('\n').split('\n')])
            start, end = next(lines)
            self.assertEqual([nanoseconds(start), nanoseconds(end)], [0, case.duration or 1000000])
            tracks = case.tracks or {(False, None): []}
            for key, segments in tracks.items():
                tier, n = next(lines)
                self.assertEqual(tier, ('emotion ' + track_name(*key)).rstrip())
                self.check_tier([next(lines) for _ in range(int(n))], segments, case.duration or 1000000)
            self.assertEqual(list(lines), [])

    def check_tier(self, intervals, segments, duration):
        """They tile the file, and those that are no gaps are the segments."""
        until = 0
        found = []
        for start, end, label in intervals:
            self.assertEqual(nanoseconds(start), until)
            until = nanoseconds(end)
            self.assertLess(nanoseconds(start), until)
            found.append((nanoseconds(start), until, label))
        self.assertEqual(until, duration)
        expected = {(s.start, s.end, 'silent' if s.label is None else one_line(s.label)) for s in segments}
        self.assertFalse(expected - set(found))
        for gap in set(found) - expected:
            self.assertEqual(gap[2], '')

    @unittest.skipUnless(shutil.which('xmllint'), 'no xmllint: install libxml2-utils')
    def test_eaf(self):
        for name, case in self.cases():
            root = self.check_xml(self.path(name, '.eaf'), 'eaf.rng')
            media = root.find('HEADER/MEDIA_DESCRIPTOR')
            self.assertEqual(media.get('RELATIVE_MEDIA_URL'), './' + case.name)
            times = [int(slot.get('TIME_VALUE')) for slot in root.iter('TIME_SLOT')]
            self.assert_same(times, sorted(times))
            vocabulary = {entry.get('CVE_ID'): entry.findtext('CVE_VALUE') for entry in root.iter('CV_ENTRY_ML')}
            tiers = {tier.get('TIER_ID'): tier for tier in root.iter('TIER')}
            tracks = case.tracks or {(False, None): []}
            self.assertEqual(len(tiers), 2 * len(tracks))
            for key, segments in tracks.items():
                tier = ('emotion ' + track_name(*key)).rstrip()
                self.check_eaf_tier(root, tiers[tier], tiers[tier + ' confidence'], segments, vocabulary)
            ids = [element.get('ANNOTATION_ID') for element in root.iter() if 'ANNOTATION_ID' in element.attrib]
            last = root.findtext("HEADER/PROPERTY[@NAME='lastUsedAnnotationId']")
            self.assertLessEqual(max([int(i[1:]) for i in ids], default=0), int(last))

    @unittest.skipUnless(importlib.util.find_spec('pympi'), 'no pympi, which Debian does not have: put it on PYTHONPATH')
    def test_eaf_pympi(self):
        import pympi
        for name, case in self.cases():
            document = pympi.Elan.Eaf(self.path(name, '.eaf'))
            for key, segments in case.tracks.items():
                tier = ('emotion ' + track_name(*key)).rstrip()
                self.assert_same(sorted(document.get_annotation_data_for_tier(tier)), sorted(
                    (milliseconds(s.start), milliseconds(s.end), 'silent' if s.label is None else xml_text(s.label))
                    for s in segments))

    def check_eaf_tier(self, root, tier, below, segments, vocabulary):
        slots = {slot.get('TIME_SLOT_ID'): int(slot.get('TIME_VALUE')) for slot in root.iter('TIME_SLOT')}
        types = {kind.get('LINGUISTIC_TYPE_ID'): kind for kind in root.iter('LINGUISTIC_TYPE')}
        self.assertEqual(types[tier.get('LINGUISTIC_TYPE_REF')].get('TIME_ALIGNABLE'), 'true')
        self.assertEqual(types[below.get('LINGUISTIC_TYPE_REF')].get('CONSTRAINTS'), 'Symbolic_Association')
        self.assertEqual(below.get('PARENT_REF'), tier.get('TIER_ID'))
        values = {ref.get('ANNOTATION_REF'): ref.findtext('ANNOTATION_VALUE') for ref in below.iter('REF_ANNOTATION')}
        annotations = list(tier.iter('ALIGNABLE_ANNOTATION'))
        self.assertEqual(len(annotations), len(segments))
        for annotation, segment in zip(annotations, segments):
            span = [slots[annotation.get(f'TIME_SLOT_REF{i}')] for i in (1, 2)]
            self.assertEqual(span, [milliseconds(segment.start), milliseconds(segment.end)])
            value = annotation.findtext('ANNOTATION_VALUE')
            self.assertEqual(value, 'silent' if segment.label is None else xml_text(segment.label))
            self.assertEqual(vocabulary[annotation.get('CVE_REF')] or '', value)
            self.assertEqual(annotation.get('CVE_REF') == 'cve0', segment.label is None)
            confidence = values.pop(annotation.get('ANNOTATION_ID'), None)
            if segment.label is None:
                self.assertIsNone(confidence)
            else:
                self.assertAlmostEqual(float(confidence), segment.confidence, delta=0.00051)
        self.assertEqual(values, {})

    def test_audacity(self):
        """By the rule of Audacity's LabelTrack: two numbers and a title, with tabs between."""
        for name, case in self.cases():
            with open(self.path(name, '.labels.txt'), encoding='utf-8', newline='\n') as file:
                lines = [line.rstrip('\n').split('\t') for line in file]
            self.assertEqual(len(lines), len(case.segments))
            for (start, end, title), segment in zip(lines, case.segments):
                self.assertEqual([nanoseconds(start), nanoseconds(end)], [segment.start, segment.end])
                who = track_name(segment.speech, segment.channel) if len(case.tracks) > 1 else ''
                label = 'silent' if segment.label is None else one_line(segment.label)
                self.assertEqual(title, f'{who}: {label}' if who else label)

    def test_labelstudio(self):
        for name, case in self.cases():
            with open(self.path(name, '.labelstudio.json'), encoding='utf-8') as file:
                tasks = json.load(file)
            jsonschema.validate(tasks, LABEL_STUDIO)
            [task] = tasks
            self.assertEqual(task['data']['audio'], case.name)
            triggers = sorted({w.speech for w in case.windows})
            self.assertEqual([p['model_version'] for p in task['predictions']],
                             ['tiny, speech' if speech else 'tiny' for speech in triggers])
            for prediction, speech in zip(task['predictions'], triggers):
                segments = [s for s in case.segments if s.label is not None and s.speech == speech]
                self.check_regions(prediction, segments, case)

    def check_regions(self, prediction, segments, case):
        regions = prediction['result']
        self.assertEqual(len(regions), len(segments))
        self.assertEqual(len({region['id'] for region in regions}), len(regions))
        for region, segment in zip(regions, segments):
            self.assertAlmostEqual(region['value']['start'], segment.start / SECOND, places=9)
            self.assertAlmostEqual(region['value']['end'], segment.end / SECOND, places=9)
            self.assertEqual(region['value']['channel'], segment.channel or 0)
            self.assertEqual(region['value']['labels'], [segment.label])
            self.assertEqual(region['original_length'], case.duration / SECOND)
            self.assertAlmostEqual(region['score'], segment.confidence, places=12)
        if segments:
            weights = [s.end - s.start for s in segments]
            mean = sum(w * s.confidence for w, s in zip(weights, segments)) / sum(weights)
            self.assertAlmostEqual(prediction['score'], mean, places=9)


# What Label Studio documents of predictions for audio regions.
REGION = {
    'type': 'object',
    'required': ['from_name', 'to_name', 'type', 'value'],
    'properties': {
        'id': {'type': 'string'},
        'from_name': {'const': 'emotion'},
        'to_name': {'const': 'audio'},
        'type': {'const': 'labels'},
        'original_length': {'type': 'number', 'minimum': 0},
        'score': {'type': 'number', 'minimum': 0, 'maximum': 1},
        'value': {
            'type': 'object',
            'required': ['start', 'end', 'channel', 'labels'],
            'properties': {
                'start': {'type': 'number', 'minimum': 0},
                'end': {'type': 'number', 'minimum': 0},
                'channel': {'type': 'integer', 'minimum': 0},
                'labels': {'type': 'array', 'items': {'type': 'string'}, 'minItems': 1},
            },
            'additionalProperties': False,
        },
    },
    'additionalProperties': False,
}
LABEL_STUDIO = {
    'type': 'array',
    'items': {
        'type': 'object',
        'required': ['data', 'predictions'],
        'properties': {
            'data': {'type': 'object', 'required': ['audio'], 'properties': {'audio': {'type': 'string'}}},
            'predictions': {
                'type': 'array',
                'items': {
                    'type': 'object',
                    'required': ['model_version', 'result'],
                    'properties': {
                        'model_version': {'type': 'string'},
                        'score': {'type': 'number', 'minimum': 0, 'maximum': 1},
                        'result': {'type': 'array', 'items': REGION},
                    },
                    'additionalProperties': False,
                },
            },
        },
    },
}

if __name__ == '__main__':
    sys.exit(unittest.main())
