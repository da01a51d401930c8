#!/usr/bin/env python3
"""test_audacity.py - label files imported by Audacity itself: what it then has, and what it exports again.

Audacity tells times with six digits and exports them with six digits after the point. Skipped where Audacity, Xvfb or
xdotool is missing, or where they cannot import three labels that were written by hand.

EMOTION2VEC_WRITE_FORMATS names write-formats.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import math
import os
import shutil
import sys
import unicodedata
import unittest

import audacity
import heard
import testkit

SECOND = heard.SECOND
BY_HAND = [(0, 1.5, 'one'), (1.5, 2.25, 'zwei ü'), (2.75, 4, '三 three')]
program = None


def bilingual():
    """The labels of emotion2vec's own model cards."""
    case = heard.Heard(3 * SECOND, SECOND, 9 * SECOND, labels=['生气/angry', '开心/happy', '中立/neutral', '<unk>'])
    case.add_grid([0, 1, 1, None, 2, 3, 0])
    return case


def one_line(words):
    """What docs/formats.md says of labels that have to stay on one line."""
    return ''.join(' ' if unicodedata.category(c) in ('Cc', 'Zl', 'Zp') else '\ufffd' if c in '\ufffe\uffff' else c
                   for c in words)


def title(case, segment):
    label = 'silent' if segment.label is None else one_line(segment.label)
    if len(case.tracks) == 1:
        return label
    who = [] if segment.channel is None else [f'channel {segment.channel + 1}']
    return ' '.join(who + ['speech'] * segment.speech) + ': ' + label


def path(name):
    return os.path.join(program.home, name)


def round_trip(name, told=True):
    """What Audacity tells after it has imported program.home/name, if that is wanted, and what it exports."""
    program.import_labels(path(name))
    tracks = program.info('Labels') if told else None
    program.export_labels(path('export.txt'))
    with open(path('export.txt'), encoding='utf-8', newline='\n') as file:
        exported = [line.rstrip('\n').split('\t') for line in file]
    os.unlink(path('export.txt'))
    return tracks, exported


def start():
    """Audacity, once it has taken labels that are not ours; skips the test where that does not work."""
    global program
    if audacity.missing():
        print(f'skipped: no {audacity.missing()}')
        sys.exit(77)
    try:
        program = audacity.Audacity()
        with open(path('hand.txt'), 'w', encoding='utf-8') as file:
            file.writelines(f'{start}\t{end}\t{words}\n' for start, end, words in BY_HAND)
        tracks, exported = round_trip('hand.txt')
        if [tuple(label) for label in tracks[0][1]] != BY_HAND or len(exported) != len(BY_HAND):
            raise audacity.Trouble(f'labels written by hand became {tracks}, {exported}')
        program.clear()
    except (audacity.Trouble, OSError, ValueError) as trouble:
        if program:
            program.close()
        print(f'skipped: {trouble}')
        sys.exit(77)
    print('Audacity', audacity.version())


class Labels(unittest.TestCase):
    def tearDown(self):
        program.clear()

    def check(self, case, told=True):
        case.write(path('case'))
        shutil.copy(path('case/out.labels.txt'), path('labels.txt'))
        testkit.tone(path('talk.wav'), case.duration / SECOND)
        program.command(f'Import2: Filename={path("talk.wav")}')
        tracks, exported = round_trip('labels.txt', told)
        if told:
            self.check_told(case, tracks)
        self.check_exported(case, exported)
        [wave, labels] = program.info('Tracks')
        self.assertEqual((wave['kind'], labels['kind']), ('wave', 'label'))
        self.assertAlmostEqual(wave['end'], case.duration / SECOND, delta=1e-3)

    def check_told(self, case, tracks):
        [[_, labels]] = tracks
        self.assertEqual(len(labels), len(case.segments))
        for (start, end, words), segment in zip(labels, case.segments):
            self.assertTrue(math.isclose(start, segment.start / SECOND, rel_tol=6e-6), (start, segment))
            self.assertTrue(math.isclose(end, segment.end / SECOND, rel_tol=6e-6), (end, segment))
            self.assertEqual(words, title(case, segment))

    def check_exported(self, case, lines):
        self.assertEqual(len(lines), len(case.segments))
        for line, segment in zip(lines, case.segments):
            self.assertAlmostEqual(float(line[0]), segment.start / SECOND, delta=0.51e-6)
            self.assertAlmostEqual(float(line[1]), segment.end / SECOND, delta=0.51e-6)
            self.assertEqual(line[2:], [title(case, segment)])

    def test_talk(self):
        self.check(heard.ALL['talk'])

    def test_odd_times(self):
        self.check(heard.ALL['odd'])

    def test_channels_and_triggers(self):
        self.check(heard.ALL['channels'])

    def test_bilingual(self):
        self.check(bilingual())

    def test_hostile(self):
        """Only as exported: Audacity forgets to escape backslashes when it tells."""
        self.check(heard.ALL['hostile'], told=False)


if __name__ == '__main__':
    start()
    try:
        unittest.main(exit=False, verbosity=2).result.wasSuccessful() or sys.exit(1)
    finally:
        program.close()
