"""speechkit.py - recordings with known pauses, and how well the windower finds the speech in them.

Spans are pairs of times in seconds. Where speech begins and ends is measured on the clean audio by its energy above 100 Hz
alone: from the first to the last 10 ms that are less than 40 dB below the loudest.

In noise less of it can be heard. What can be, is judged by the critical bands of hearing (E. Zwicker, J. Acoust. Soc. Am. 33,
248, 1961): sound is heard if in one of them it is louder than the noise. To compare with the power of the noise over all
frequencies would be wrong: the rumble of a street, far below most of speech, would hide what everybody hears.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import os
import subprocess
import tempfile

import numpy

LISTEN = os.environ['EMOTION2VEC_LISTEN']
GST_LAUNCH = os.environ['GST_LAUNCH']
CLIPS = os.environ['EMOTION2VEC_CLIPS']
# of the network that finds speech
SPEECH_WEIGHTS = os.environ['EMOTION2VEC_SPEECH']
RATE = 16000
FRAME = 160

# Hz: the edges of the critical bands from 100 Hz on
CRITICAL_BANDS = [100, 200, 300, 400, 510, 630, 770, 920, 1080, 1270, 1480, 1720, 2000, 2320, 2700, 3150, 3700, 4400, 5300,
                  6400, 7700]

# the times of a stretch found count as right if they are this near
NEAR = 0.1


def decode(path):
    """An Ogg Opus file as mono 16 kHz samples."""
    with tempfile.NamedTemporaryFile() as file:
        line = ['filesrc', f'location={path}', '!', 'oggdemux', '!', 'opusdec', '!', 'audioconvert', '!', 'audioresample', '!',
                f'audio/x-raw,format=F32LE,rate={RATE},channels=1', '!', 'filesink', f'location={file.name}']
        subprocess.run([GST_LAUNCH, '-q', *line], check=True, timeout=60)
        return numpy.fromfile(file.name, '<f4').astype(float)


def without_rumble(audio):
    """What is above 100 Hz."""
    spectrum = numpy.fft.rfft(audio)
    spectrum[:round(100 * len(audio) / RATE)] = 0
    return numpy.fft.irfft(spectrum, len(audio))


def frame_levels(audio):
    """dBFS of each 10 ms."""
    frames = audio[:len(audio) // FRAME * FRAME].reshape(-1, FRAME)
    return 10 * numpy.log10((frames ** 2).mean(1) + 1e-12)


def loud_frames(audio, below_peak):
    levels = frame_levels(without_rumble(audio))
    return numpy.flatnonzero(levels > levels.max() - below_peak)


def edges(audio):
    """First and last moment of speech."""
    loud = loud_frames(audio, 40)
    return loud[0] * FRAME / RATE, (loud[-1] + 1) * FRAME / RATE


def find_speech(audio, network=True):
    """What the windower finds: a list of (start, end, moment when it was known). `network` False: by rules."""
    with tempfile.NamedTemporaryFile() as file:
        audio.astype('<f4').tofile(file.name)
        done = subprocess.run([LISTEN, file.name] + [SPEECH_WEIGHTS] * network, check=True, capture_output=True, text=True, timeout=600)
    return [tuple(int(number) / RATE for number in line.split()) for line in done.stdout.splitlines()]


def white(n, random):
    return random.standard_normal(n)


def pink(n, random):
    spectrum = numpy.fft.rfft(random.standard_normal(n))
    spectrum[1:] /= numpy.sqrt(numpy.arange(1, len(spectrum)))
    spectrum[0] = 0
    return numpy.fft.irfft(spectrum, n)


def band_powers(audio):
    """The power in each critical band: a row for each 10 ms, seen through 20 ms."""
    around = numpy.lib.stride_tricks.sliding_window_view(numpy.pad(audio, FRAME // 2), 2 * FRAME)[::FRAME]
    power = abs(numpy.fft.rfft(around * numpy.hanning(2 * FRAME))) ** 2
    bins = numpy.round(numpy.array(CRITICAL_BANDS) * 2 * FRAME / RATE).astype(int)
    return numpy.add.reduceat(power[:, :bins[-1]], bins[:-1], axis=1)


def heard_spans(audio, spans, noise):
    """From where to where the spans of `audio` are heard through `noise`, whose power in a band is that of all its time."""
    heard = (band_powers(audio) > band_powers(noise).mean(0)).any(1)
    found = []
    for start, end in spans:
        first = round(start * RATE / FRAME)
        loud = numpy.flatnonzero(heard[first:round(end * RATE / FRAME)])
        found.append((start + loud[0] * FRAME / RATE, start + (loud[-1] + 1) * FRAME / RATE))
    return found


def add_noise(audio, spans, noise, ratio):
    """`noise` added, `ratio` dB below the mean power of the audio inside of `spans`; and where the speech is then still
    heard, as spans."""
    speech = numpy.concatenate([audio[round(start * RATE):round(end * RATE)] for start, end in spans])
    power = (speech ** 2).mean() / 10 ** (ratio / 10)
    noise = noise[:len(audio)] * numpy.sqrt(power / (noise[:len(audio)] ** 2).mean())
    mixed = audio + noise
    return mixed / max(1, abs(mixed).max()), heard_spans(audio, spans, noise)


class Score:
    """Counts over any number of recordings. `network`: what finds the speech, else rules."""

    def __init__(self, network=True):
        self.network = network
        self.there = self.found = self.false = 0
        self.minutes = 0
        self.heard_errors, self.real_errors, self.delays = [], [], []

    def add(self, audio, spans, heard=None):
        """Looks for `spans`, of which `heard` can be heard."""
        stretches = find_speech(audio, self.network)
        self.minutes += len(audio) / RATE / 60
        self.there += len(spans)
        self.false += sum(all(common(stretch, span) <= 0 for span in spans) for stretch in stretches)
        left = list(stretches)
        for span, audible in zip(spans, heard or spans):
            best = max(left, key=lambda stretch: common(stretch, span), default=(0, 0, 0))
            if not is_match(best, span):
                continue
            left.remove(best)
            self.found += 1
            self.heard_errors += [best[0] - audible[0], best[1] - audible[1]]
            self.real_errors += [best[0] - span[0], best[1] - span[1]]
            self.delays.append(best[2] - span[1])

    def share_found(self):
        return self.found / self.there

    def false_a_minute(self):
        return self.false / self.minutes

    def share_near(self):
        """Of the edges, compared with where the speech is heard."""
        return share_near(self.heard_errors)

    def share_near_real(self):
        """Of the edges, compared with those of the clean speech."""
        return share_near(self.real_errors)

    def median_error(self):
        return float(numpy.median(numpy.abs(self.heard_errors)))

    def delay(self, percent):
        """From the real end of the speech, which is when a listener would expect the result."""
        return float(numpy.percentile(self.delays, percent))

    def __str__(self):
        return (f'{self.found} of {self.there} found ({100 * self.share_found():.1f} %), {self.false_a_minute():.2f} false a '
                f'minute, edges: median error {1000 * self.median_error():.0f} ms, {100 * self.share_near():.0f} % within '
                f'{1000 * NEAR:.0f} ms, {100 * self.share_near_real():.0f} % of the clean ones, known after '
                f'{self.delay(50):.2f} s ({self.delay(95):.2f} s)')


def together(scores):
    """One score over all that went into these."""
    total = Score(scores[0].network)
    for score in scores:
        for name, value in vars(score).items():
            if name != 'network':
                setattr(total, name, getattr(total, name) + value)
    return total


def share_near(errors):
    return float((numpy.abs(errors) <= NEAR).mean())


def common(stretch, span):
    """Seconds that both share."""
    return min(stretch[1], span[1]) - max(stretch[0], span[0])


def is_match(stretch, span):
    """Half of the span, and not much else."""
    length = span[1] - span[0]
    return common(stretch, span) >= length / 2 and stretch[1] - stretch[0] <= 2 * length + 0.5
