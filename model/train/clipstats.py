# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a classical recogniser knows of a clip: 442 statistics of bands, cepstrum, pitch, energy and spectrum.

    python3 clipstats.py FILE...

prints a few of them for audio files of 16 kHz.  All times are in frames of 10 ms.
"""
import sys

import numpy as np
from scipy.fft import dct, irfft, next_fast_len, rfft
from scipy.signal import find_peaks

import dataset
from features import PITCH_RANGE, mel_filters

RATE = dataset.RATE
HOP, WINDOW, SIZE = RATE // 100, RATE // 40, 512
BANDS, CEPSTRUM = 40, 20
PITCH_WINDOW = RATE // 25
VOICED = 0.5                # of a perfect period
BELOW = 40.0                # dB under the loudest frame: where a clip is active
LEVEL = 0.1                 # RMS of the active frames of a clip whose level is normalised
FLOOR = 1e-10               # power, 100 dB below full scale

POINTS = (10, 50, 90)       # percent


def _spread_names(name, count):
    return ["%s%d.%s" % (name, k, what) for what in ("mean", "sd", "p10", "p50", "p90") for k in range(count)]


NAMES = (_spread_names("mel", BANDS) + _spread_names("mfcc", CEPSTRUM) + _spread_names("delta", CEPSTRUM)
         + ["delta2_%d.sd" % k for k in range(CEPSTRUM)]
         + ["f0.mean", "f0.sd", "f0.p10", "f0.p50", "f0.p90", "f0.change", "f0.trend", "voiced", "period.mean", "period.sd"]
         + ["energy.mean", "energy.sd", "energy.max", "energy.range", "energy.change", "active", "seconds", "peaks"]
         + ["centroid.mean", "centroid.sd", "rolloff.mean", "rolloff.sd"])

_FILTERS = mel_filters(SIZE, BANDS).numpy()
_HANN = np.hanning(WINDOW + 1)[:-1]
_PITCH_HANN = np.hanning(PITCH_WINDOW + 1)[:-1]
_PITCH_SIZE = next_fast_len(2 * PITCH_WINDOW, real=True)


def _frames(wave, length):
    """Frames [count, length] whose middles are HOP apart, the first one half a hop from the start."""
    count = max(1, len(wave) // HOP)
    padded = np.pad(wave, (length // 2 - HOP // 2, length))
    return np.lib.stride_tricks.sliding_window_view(padded, length)[::HOP][:count]


def power_spectrum(wave):
    """Power of each bin, [frames, bins]; a full-scale sine adds up to a half over its bins."""
    return np.abs(rfft(_frames(wave, WINDOW) * _HANN, SIZE)) ** 2 * (2 / (SIZE * np.square(_HANN).sum()))


def _autocorrelation(frames):
    spectrum = rfft(frames, _PITCH_SIZE)
    return irfft(spectrum.real ** 2 + spectrum.imag ** 2)[..., :PITCH_WINDOW]


_WINDOW_CORRELATION = _autocorrelation(_PITCH_HANN)


def pitch(wave):
    """F0 in Hz and how periodic each frame is, 0 to 1: the highest peak of the autocorrelation.

    The autocorrelation is divided by that of the window, as otherwise long periods would look weak (Boersma 1993).
    """
    frames = _frames(wave, PITCH_WINDOW)
    correlation = _autocorrelation((frames - frames.mean(1, keepdims=True)) * _PITCH_HANN)
    correlation = correlation / (correlation[:, :1] + FLOOR) / (_WINDOW_CORRELATION / _WINDOW_CORRELATION[0])
    first, last = int(RATE / PITCH_RANGE[1]), int(RATE / PITCH_RANGE[0])
    # Slightly prefer short lags, against octave errors.
    lags = correlation[:, first:last + 1] + np.linspace(0, -0.05, last - first + 1)
    lag = lags.argmax(1) + first
    row = np.arange(len(lag))
    left, middle, right = (correlation[row, lag + k] for k in (-1, 0, 1))
    bend = np.minimum(left - 2 * middle + right, -1e-9)
    shift = np.clip(0.5 * (left - right) / bend, -0.5, 0.5)   # top of the parabola through the three
    return RATE / (lag + shift), np.clip(middle, 0, 1)


def delta(x):
    """Slope over five frames, [frames, …]."""
    x = np.pad(x, ((2, 2), (0, 0)), "edge")
    return (2 * (x[4:] - x[:-4]) + x[3:-1] - x[1:-3]) / 10


def _spread(x):
    return np.concatenate([x.mean(0), x.std(0), np.percentile(x, POINTS, axis=0).ravel()])


def _pitch_numbers(hertz, periodic, active):
    """Ten numbers; the semitones are above 100 Hz.  Without a voiced frame they are zeros."""
    voiced = active & (periodic > VOICED)
    shares = [voiced.sum() / active.sum(), periodic[active].mean(), periodic[active].std()]
    if not voiced.any():
        return [0.0] * 7 + shares
    semitones = 12 * np.log2(hertz / 100)
    both = voiced[1:] & voiced[:-1]
    change = np.abs(np.diff(semitones))[both].mean() if both.any() else 0.0
    time, values = np.flatnonzero(voiced) / 100, semitones[voiced]
    trend = np.polyfit(time, values, 1)[0] if len(time) > 2 else 0.0
    return [values.mean(), values.std(), *np.percentile(values, POINTS), change, trend] + shares


def _energy_numbers(decibels, active):
    smooth = np.convolve(np.pad(decibels, 2, "edge"), np.ones(5) / 5, "valid")
    peaks, _ = find_peaks(smooth, height=smooth.max() - BELOW, prominence=3)
    seconds = len(decibels) / 100
    inside = decibels[active]
    low, high = np.percentile(inside, (5, 95))
    return [inside.mean(), inside.std(), inside.max(), high - low, np.abs(np.diff(inside)).mean() if len(inside) > 1 else 0.0,
            active.mean(), seconds, len(peaks) / seconds]


def _spectrum_numbers(power):
    hertz = np.arange(power.shape[1]) * RATE / SIZE
    total = power.sum(1) + FLOOR
    centroid = power @ hertz / total
    rolloff = hertz[(np.cumsum(power, 1) < 0.85 * total[:, None]).sum(1).clip(max=power.shape[1] - 1)]
    return [centroid.mean(), centroid.std(), rolloff.mean(), rolloff.std()]


def _of_level(power, energy, hertz, periodic, active, gain):
    """All numbers of a clip that is GAIN times as loud."""
    mel = 10 * np.log10(gain ** 2 * power @ _FILTERS + FLOOR)
    cepstrum = dct(mel, norm="ortho")[:, :CEPSTRUM]
    slope = delta(cepstrum)
    decibels = 10 * np.log10(gain ** 2 * energy + FLOOR)
    return np.concatenate([
        _spread(mel[active]), _spread(cepstrum[active]), _spread(np.abs(slope[active])), delta(slope)[active].std(0),
        _pitch_numbers(hertz, periodic, active), _energy_numbers(decibels, active), _spectrum_numbers(power[active])])


def statistics(wave):
    """[2, 442]: with the level as it is, and with the level of the active frames made LEVEL."""
    wave = np.asarray(wave, np.float64)
    power = power_spectrum(wave)
    energy = power.sum(1)
    active = energy >= energy.max() * 10 ** (-BELOW / 10)
    hertz, periodic = pitch(wave)
    gain = LEVEL / np.sqrt(energy[active].mean() + FLOOR)
    return np.stack([_of_level(power, energy, hertz, periodic, active, g) for g in (1.0, gain)]).astype(np.float32)


def main():
    for path in sys.argv[1:]:
        numbers = dict(zip(NAMES, statistics(dataset.decode(path) / 32768)[0]))
        print(path, ", ".join("%s %.1f" % (name, numbers[name]) for name in NAMES[420:]))


if __name__ == "__main__":
    main()
