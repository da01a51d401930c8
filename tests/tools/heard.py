"""heard.py - what was heard in a file, made by hand, and which segments follow from it.

The times of segments are worked out here by the rule of docs/formats.md, not by the code under test.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import dataclasses
import functools
import os
import random
import subprocess

import watched

WRITE_FORMATS = os.environ['EMOTION2VEC_WRITE_FORMATS']
SECOND = 10**9
CLASSES = ['angry', 'disgusted', 'fearful', 'happy', 'neutral', 'other', 'sad', 'surprised', 'unknown']
HOSTILE = ['--> <b>&"\',\n\nx', '', '"', '=1+1', 'a\tb\r\nc', '\\N{\\an8}<i>', 'سعيد 😀 楽しい', '&amp;&#60;', ']]>', '\x01\x7f\u2028\ufffe',
           'silent', '--', ' ', 'a' * 3000]


@dataclasses.dataclass
class Window:
    start: int                          # ns
    duration: int
    label: int = None                   # index, None: silent
    scores: list = None
    channel: int = None
    speech: bool = False
    level: float = -23.25


@dataclasses.dataclass
class Segment:
    start: int
    end: int
    label: str                          # None: silent
    confidence: float
    channel: int = None
    speech: bool = False


def quoted(text):
    """As a string in a serialised GstStructure."""
    return '"' + ''.join(f'\\{b:03o}' for b in text.encode()) + '"'


def made_scores(rng, n, label):
    """Some that sum to one, the highest of which is that of `label`."""
    scores = [rng.random() for _ in range(n)]
    scores[label] = max(scores) + 0.1 + rng.random()
    return [score / sum(scores) for score in scores]


class Heard:
    """A file of `duration` ns and its windows."""

    def __init__(self, window, interval, duration, labels=tuple(CLASSES), name='talk.wav'):
        self.window, self.interval, self.duration = window, interval, duration
        self.labels, self.name = list(labels), name
        self.windows = []
        self.rng = random.Random(len(self.labels) + duration)

    def add(self, start, duration, label, **more):
        scores = None if label is None else made_scores(self.rng, len(self.labels), label)
        self.windows.append(Window(start, duration, label, scores, **more))

    def add_grid(self, labels, **more):
        for k, label in enumerate(labels):
            self.add(k * self.interval, self.window, label, **more)

    def grid_segments(self, channel=None):
        """Of the windows of the interval of one channel: window k speaks for the interval around its centre, the first from its
        start on and the last until its end. Neighbours with one label are one segment."""
        windows = [w for w in self.windows if w.channel == channel and not w.speech]
        margin = (self.window - self.interval) // 2
        segments = []
        for k, window in enumerate(windows):
            start = window.start if k == 0 else window.start + margin
            end = window.start + (window.duration if k == len(windows) - 1 else margin + self.interval)
            label = None if window.label is None else self.labels[window.label]
            score = 0 if label is None else window.scores[window.label]
            if segments and segments[-1].label == label:
                last = segments[-1]
                last.confidence = (last.confidence * (last.end - last.start) + score * (end - start)) / (end - last.start)
                last.end = end
            else:
                segments.append(Segment(start, end, label, score, channel))
        return segments

    def speech_segments(self, channel=None):
        """Stretches of speech, none of which here touches another."""
        return [Segment(w.start, w.start + w.duration, self.labels[w.label], w.scores[w.label], channel, True)
                for w in self.windows if w.speech and w.channel == channel]

    @functools.cached_property
    def tracks(self):
        """Segments of each (speech, channel), in the order of tiers."""
        keys = sorted({(w.speech, -1 if w.channel is None else w.channel) for w in self.windows})
        found = {}
        for speech, channel in keys:
            channel = None if channel < 0 else channel
            found[speech, channel] = self.speech_segments(channel) if speech else self.grid_segments(channel)
        return found

    @functools.cached_property
    def segments(self):
        """All, in the order in which they are written."""
        every = sum(self.tracks.values(), [])
        return sorted(every, key=lambda s: (s.start, s.speech, -1 if s.channel is None else s.channel))

    def describe(self):
        """The input of write-formats."""
        lines = [f'annotation, name=(string){quoted(self.name)}, media-type=(string)"audio/x-wav", '
                 f'model=(string)"tiny", version=(string)"1.2", duration=(guint64){self.duration}, '
                 f'window=(guint64){self.window}, interval=(guint64){self.interval};']
        names = ', '.join('(string)' + quoted(label) for label in self.labels)
        for number, window in enumerate(self.windows):
            line = (f'emotion2vec, id=(guint64){number}, stream-time=(guint64){window.start}, '
                    f'duration=(guint64){window.duration}, level=(double){window.level}, '
                    f'trigger=(string){"speech" if window.speech else "interval"}')
            if window.channel is not None:
                line += f', channel=(int){window.channel}'
            if window.label is None:
                line += ', silent=(boolean)true'
            else:
                scores = ', '.join(f'(double){score!r}' for score in window.scores)
                line += f', labels=(string)< {names} >, scores=(double)< {scores} >'
            lines.append(line + ';')
        return '\n'.join(lines) + '\n'

    def write(self, folder):
        """Writes folder/out.* in all formats."""
        os.makedirs(folder, exist_ok=True)
        subprocess.run(watched.command([WRITE_FORMATS, folder]), input=self.describe(), text=True, encoding='utf-8',
                       env=watched.environment({'G_DEBUG': 'fatal-warnings'}), check=True)


def talk():
    """A minute in windows of 3 s, with silence."""
    heard = Heard(3 * SECOND, SECOND, 60 * SECOND)
    heard.add_grid([heard.rng.choice([None, 0, 3, 3, 6, 8]) for _ in range(58)])
    return heard


def odd():
    """Times that are no multiples of a millisecond, and a name that needs escapes everywhere."""
    heard = Heard(1234567890, 987654320, 9 * SECOND, name='a "b" & <c>/d#e%20?f ü;g.wav')
    heard.add_grid([0, 3, 3, 6, None, 0, 8])
    return heard


def hostile():
    heard = Heard(2 * SECOND, SECOND, 40 * SECOND, labels=HOSTILE)
    heard.add_grid(list(range(len(HOSTILE))) + [0, 1, 0])
    return heard


def channels():
    """Two channels, and stretches of speech on one of them."""
    heard = Heard(2 * SECOND, 2 * SECOND, 20 * SECOND)
    for channel in (1, 0):
        heard.add_grid([heard.rng.choice([None, 0, 3]) for _ in range(10)], channel=channel)
    for k in range(4):
        heard.add(k * 5 * SECOND + 250000001, 1700000000, 3 + k, channel=1, speech=True)
    return heard


def hours():
    heard = Heard(SECOND, SECOND, 36000 * SECOND)
    heard.add_grid([heard.rng.choice([None, 0, 3, 6]) for _ in range(36000)])
    return heard


def silence():
    heard = Heard(3 * SECOND, SECOND, 5 * SECOND)
    heard.add_grid([None] * 3)
    return heard


def documented():
    """The example of docs/formats.md."""
    heard = Heard(3 * SECOND, SECOND, 6 * SECOND, labels=['angry', 'happy', 'neutral'])
    heard.add_grid([1, 1, 2, None])
    for window, scores in zip(heard.windows, ([0.125, 0.8125, 0.0625], [0.125, 0.75, 0.125], [0.0625, 0.3125, 0.625])):
        window.scores = scores
    return heard


def empty():
    return Heard(3 * SECOND, SECOND, 0)


ALL = {make.__name__: make() for make in (talk, odd, hostile, channels, hours, silence, documented, empty)}
