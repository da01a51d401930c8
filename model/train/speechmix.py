# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recordings to learn the finding of speech from: clips with pauses in between, in noise, and where they can be heard.

A frame is speech from the first to the last one of its clip that is louder than the mean of the noise in at least one of the
critical bands.  Only clips with clear edges and without a pause are taken, only train speakers, and none under a licence that
forbids derivatives.
"""
import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

import dataset
from vad import FRAME, LEAST, RATE, band_powers, features

SHARE = {"ravdess": 0.25, "nemo": 0.35, "emogator": 0.2, "indian-emospeech": 0.2}
FADE = RATE // 20


def clear_span(wave):
    """First and last sample that are within 40 dB of the loudest; None where the edges hang on these 40 dB or there is a pause."""
    spectrum = rfft(wave)
    spectrum[:round(100 * len(wave) / RATE)] = 0
    frames = irfft(spectrum, len(wave))[:len(wave) // FRAME * FRAME].reshape(-1, FRAME)
    levels = 10 * np.log10(np.square(frames).mean(1) + 1e-12)
    wide, narrow = (np.flatnonzero(levels > levels.max() - below) for below in (40, 30))
    if (narrow[0] - wide[0] > 6 or wide[-1] - narrow[-1] > 6 or wide[-1] + 1 - wide[0] < 40
            or np.diff(narrow, prepend=narrow[0]).max() > 21):
        return None
    return wide[0] * FRAME, (wide[-1] + 1) * FRAME


def stretch(wave, factor):
    return np.interp(np.arange(int(len(wave) / factor) - 1) * factor, np.arange(len(wave)), wave)


def unit(wave):
    return wave / np.sqrt(np.square(wave).mean() + 1e-12)


class Recordings:
    """Endless recordings; PERMISSIVE leaves out what may not be used commercially."""

    def __init__(self, data, audio, seed, permissive=False):
        self.audio, self.rng = audio, np.random.default_rng(seed)
        screams = {row["path"] for row in dataset.read_manifest(data) if (row.get("emotion") or "").endswith("/scream")}
        usable = [c for c in audio.clips if "ND" not in c.licence and not (permissive and "NC" in c.licence)]
        self.groups = {}
        for clip in usable:
            span = clear_span(audio.wave(clip)) if clip.split == "train" else None
            if span:
                self.groups.setdefault(clip.corpus, []).append((clip, span))
        if not self.groups:
            raise SystemExit("no clip of split=train in %s has clear edges and no pause: finding speech cannot be learned from it" % data)
        noise = [c for c in usable if c.split == "noise" and c.speaker == "aug" and c.corpus.startswith("noise")
                 and c.path not in screams and c.samples > 2 * RATE]
        self.noises = [[c for c in noise if c.corpus == name] for name in sorted({c.corpus for c in noise})]
        self.corpora = sorted(self.groups)
        self.share = np.array([SHARE.get(name, 0.2) for name in self.corpora])
        self.share /= self.share.sum()

    def _shape(self, wave, spread):
        """Through a random equaliser: SPREAD dB at nine places."""
        spectrum = rfft(wave, next_fast_len(len(wave), real=True))
        gain = np.interp(np.sqrt(np.linspace(0, 1, len(spectrum))) * 8, np.arange(9), self.rng.normal(0, spread, 9))
        return irfft(spectrum * 10 ** (gain / 20), next_fast_len(len(wave), real=True))[:len(wave)]

    def _hiss(self, count):
        """White noise, or noise with a random slope."""
        if self.rng.random() < 0.33:
            return self.rng.standard_normal(count)
        size = next_fast_len(count, real=True)
        spectrum = rfft(self.rng.standard_normal(size))
        spectrum /= np.maximum(1, np.arange(len(spectrum))) ** self.rng.uniform(0.2, 1)
        spectrum[0] = 0
        wave = irfft(spectrum, size)[:count]
        return self._shape(wave, 6) if self.rng.random() < 0.6 else wave

    def _place(self, count):
        """Recorded noise, one piece again and again or one after the other."""
        rng = self.rng
        group = self.noises[rng.integers(len(self.noises))]
        factor = np.exp(rng.uniform(-0.3, 0.3)) if rng.random() < 0.7 else 1.0
        same, clip = rng.random() < 0.5, group[rng.integers(len(group))]
        out, at = np.zeros(count + 60 * RATE), 0
        while at < count:
            piece = stretch(self.audio.wave(clip)[:30 * RATE], factor)
            piece = piece if same else unit(piece)
            piece[:FADE] *= np.linspace(0, 1, FADE)
            piece[-FADE:] *= np.linspace(1, 0, FADE)
            out[at:at + len(piece)] += piece
            at += len(piece) - FADE
            if not same:
                clip = group[rng.integers(len(group))]
        return self._shape(out[:count], 4) if rng.random() < 0.6 else out[:count]

    def _noise(self, count):
        rng = self.rng
        recorded = self.noises and rng.random() < 0.65
        wave = unit(self._place(count) if recorded else self._hiss(count))
        if rng.random() < 0.45:         # it comes and goes
            points = int(count / RATE / np.exp(rng.uniform(np.log(0.25), np.log(2)))) + 2
            gain = np.interp(np.linspace(0, points - 1, count), np.arange(points), rng.normal(0, rng.uniform(1, 4.5), points))
            wave = wave * 10 ** (gain / 20)
        if recorded and rng.random() < 0.25:
            wave = wave + 0.5 * self._noise(count)
        return unit(wave)

    def _speech(self, count):
        """Clips with pauses: the wave and the spans."""
        rng, out, spans = self.rng, np.zeros(count), []
        group = self.groups[self.corpora[rng.choice(len(self.corpora), p=self.share)]]
        at, spread = int(rng.uniform(0.2, 1.5) * RATE), rng.uniform(0, 4)
        while True:
            clip, (start, end) = group[rng.integers(len(group))]
            wave = self.audio.wave(clip)[start:end].astype(float)
            if rng.random() < 0.5:
                wave = stretch(wave, np.exp(rng.uniform(-0.15, 0.15)))
            if at + len(wave) > count - RATE // 5:
                return (self._shape(out, 4) if rng.random() < 0.4 else out), spans
            out[at:at + len(wave)] = unit(wave) * 10 ** (rng.normal(0, spread) / 20)
            spans.append((at, at + len(wave)))
            at += len(wave) + int(rng.uniform(0.5, 2.2) * RATE)

    def _narrow(self, *waves):
        """All through the same telephone."""
        rng, size = self.rng, next_fast_len(len(waves[0]), real=True)
        hertz = np.linspace(0, RATE / 2, size // 2 + 1)
        low, high, edge = rng.uniform(0, 350), np.exp(rng.uniform(np.log(3000), np.log(7500))), rng.uniform(20, 150)
        gain = (np.maximum(1 / (1 + np.exp(np.clip((low - hertz) / (edge / 4), -50, 50))), 1e-3)
                * np.maximum(1 / (1 + np.exp(np.clip((hertz - high) / edge, -50, 50))), 1e-3))
        return [irfft(rfft(wave, size) * gain, size)[:len(wave)] for wave in waves]

    def recording(self, seconds):
        """What the network hears, and 1 where there is speech, 0 elsewhere."""
        rng, count = self.rng, int(seconds * RATE)
        speech, spans = self._speech(count)
        if not spans:
            return self.recording(seconds)
        power = np.mean(np.concatenate([speech[start:end] for start, end in spans]) ** 2)
        noise = self._noise(count) * np.sqrt(power / 10 ** (rng.uniform(3, 30) / 10))
        chance = rng.random()
        if chance < 0.08:
            noise *= 0
        elif chance < 0.15:
            noise *= 10 ** (-rng.uniform(5, 35) / 20)
        elif chance < 0.21:             # nobody speaks
            speech, spans = np.zeros(count), []
        if rng.random() < 0.2:
            speech, noise = self._narrow(speech, noise)
        labels = self._labels(speech, noise, spans)
        mixed = speech + noise
        if chance >= 0.04:              # else digital silence
            mixed = mixed + rng.standard_normal(count) * np.sqrt(power) * 1e-4
        mixed = mixed * 10 ** (rng.uniform(-45, -12) / 20) / np.sqrt(power)
        if rng.random() < 0.15:         # too loud
            mixed = mixed * 10 ** (rng.uniform(0, 15) / 20)
        mixed = np.clip(mixed, -1, 1)
        return features(np.round(mixed * 32768) / 32768 if rng.random() < 0.5 else mixed), labels

    @staticmethod
    def _labels(speech, noise, spans):
        labels = np.zeros(len(speech) // FRAME, np.float32)
        if not noise.any():
            for start, end in spans:
                labels[round(start / FRAME):round(end / FRAME)] = 1
            return labels
        heard = (band_powers(speech) > np.maximum(band_powers(noise), LEAST).mean(0)).any(1)
        for start, end in spans:
            first = round(start / FRAME)
            loud = np.flatnonzero(heard[first:round(end / FRAME)])
            if len(loud):
                labels[first + loud[0]:first + loud[-1] + 1] = 1
        return labels

    def batch(self, size, seconds):
        heard, labels = zip(*[self.recording(seconds) for _ in range(size)])
        return np.stack(heard), np.stack(labels)
