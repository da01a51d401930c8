# SPDX-License-Identifier: LGPL-2.1-or-later
"""The network that finds speech: what it hears of a frame, its layers, its file.  The twin of gst/window/gstemotion2vecvad.c.

    python3 vad.py WEIGHTS FILE...

prints for each frame of 10 ms the evidence that it is speech, for audio files of 16 kHz.
"""
import struct
import sys

import numpy as np
import torch
from scipy.fft import rfft
from scipy.signal import lfilter
from torch import nn

RATE, FRAME, WINDOW, SIZE = 16000, 160, 320, 512
BAND_EDGES = (100, 200, 300, 400, 510, 630, 770, 920, 1080, 1270, 1480, 1720, 2000, 2320, 2700, 3150, 3700, 4400, 5300, 6400, 7700)
BANDS = len(BAND_EDGES) - 1
FEATURES = BANDS + 2                    # and the level below the loudest, and voicing
WIDTH, HEAD_WIDTH, TAPS = 32, 12, 5
DELAYS = (8, 15, 30)                    # frames that a head hears after the one it judges
MAGIC = b"E2VEAR01"
LEAST = 1e-10                           # power, 100 dB below full scale

_BINS = [round(hertz * SIZE / RATE) for hertz in BAND_EDGES]
_HANN = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(WINDOW) + 0.5) / WINDOW)


def band_powers(wave):
    """Mean square of each band, [frames, BANDS]; a frame is seen through the 20 ms that end with it."""
    count = len(wave) // FRAME
    padded = np.concatenate([np.zeros(FRAME), wave[:count * FRAME]])
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::FRAME]
    power = np.abs(rfft(windows * _HANN, SIZE)) ** 2 * (2 / (SIZE * np.square(_HANN).sum()))
    return np.add.reduceat(power[:, :_BINS[-1]], _BINS[:-1], axis=1)


def _biquad(kind, hertz, rate, q):
    """After "Cookbook formulae for audio equalizer biquad filter coefficients" by R. Bristow-Johnson."""
    turn = 2 * np.pi * hertz / rate
    alpha, cosine = np.sin(turn) / (2 * q), np.cos(turn)
    sign = 1 if kind == "high" else -1
    b = np.array([(1 + sign * cosine) / 2, -sign * (1 + sign * cosine), (1 + sign * cosine) / 2])
    return b / (1 + alpha), np.array([1 + alpha, -2 * cosine, 1 - alpha]) / (1 + alpha)


def _slow(wave):
    """The signal between 150 and 1000 Hz at a quarter of the rate."""
    for q in (0.541, 1.307):
        wave = lfilter(*_biquad("low", 1000, RATE, q), wave)
    return lfilter(*_biquad("high", 150, RATE / 4, 0.707), wave[::4])


def _voicing_of(wave):
    """As in gst/window/gstemotion2vecfeatures.c: the largest normalised autocorrelation of 40 ms, at the lags of 70 to 400 Hz."""
    length, longest = 160, 57
    slow = np.concatenate([np.zeros(length + longest - FRAME // 4), _slow(wave)])
    parts = np.lib.stride_tricks.sliding_window_view(slow, length)
    energy = np.einsum("ij,ij->i", parts, parts)
    now = np.arange(longest, len(parts), FRAME // 4)
    best = np.zeros(len(now))
    for lag in range(10, longest + 1):
        product = np.einsum("ij,ij->i", parts[now], parts[now - lag])
        best = np.maximum(best, product / np.sqrt(energy[now] * energy[now - lag] + 1e-35))
    return best


def voicing(wave):
    """[frames]; after a frame of zeros everything begins anew."""
    count = len(wave) // FRAME
    sounds = wave[:count * FRAME].reshape(count, FRAME).any(1)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], sounds, [0]])))
    out = np.zeros(count)
    for start, end in edges.reshape(-1, 2):
        out[start:end] = _voicing_of(wave[start * FRAME:end * FRAME])
    return out


def _lowest(smooth, block=30, blocks=10):
    """The least of this block so far and of the blocks before it."""
    count = len(smooth)
    padded = np.concatenate([smooth, np.full((-count % block, smooth.shape[1]), np.inf)]).reshape(-1, block, smooth.shape[1])
    least = np.minimum.accumulate(padded, 1)
    ends = least[:, -1].copy()
    for number in range(1, len(least)):
        least[number] = np.minimum(least[number], ends[max(0, number - blocks + 1):number].min(0))
    return least.reshape(-1, smooth.shape[1])[:count]


def _peaks(levels, fall=0.02, least=-60.0):
    out, peak = np.empty(len(levels)), least
    for k, level in enumerate(levels.tolist()):
        peak = out[k] = max(peak - fall, level, least)
    return out


def features(wave):
    """What the network hears, [frames, FEATURES]: each band in tens of decibels above its floor, the level in twenties of
    decibels below the loudest so far, voicing."""
    wave = np.asarray(wave, np.float64)
    power = band_powers(wave) + LEAST
    smooth = lfilter([0.2], [1, -0.8], power, axis=0, zi=0.8 * power[:1])[0]
    level = 10 * np.log10(power.sum(1))
    peak = _peaks(level)
    floor = np.maximum(np.maximum(10 * np.log10(_lowest(smooth)), -85), (peak - 55)[:, None])
    bands = np.clip((10 * np.log10(power) - floor) / 10, -1, 4)
    below = np.clip((level - peak) / 20, -3, 0)
    return np.column_stack([bands, below, voicing(wave)]).astype(np.float32)


class Network(nn.Module):
    """A convolution over three frames, a recurrent layer, and a head for each delay that looks at what the layer said at
    TAPS moments since the frame it judges."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(FEATURES, WIDTH, 3)
        self.gru = nn.GRU(WIDTH, WIDTH, batch_first=True)
        self.hidden = nn.ModuleList([nn.Linear(WIDTH * TAPS, HEAD_WIDTH) for _ in DELAYS])
        self.last = nn.ModuleList([nn.Linear(HEAD_WIDTH, 1) for _ in DELAYS])

    def forward(self, heard):
        """[batch, frames, FEATURES] to the log odds of speech [batch, frames, DELAYS]; what is at frame t is about the frame
        t - delay."""
        padded = nn.functional.pad(heard.transpose(1, 2), (2, 0), mode="replicate")
        state, _ = self.gru(torch.relu(self.conv(padded)).transpose(1, 2))
        count, out = state.shape[1], []
        for delay, hidden, last in zip(DELAYS, self.hidden, self.last):
            past = nn.functional.pad(state.transpose(1, 2), (delay, 0), mode="replicate").transpose(1, 2)
            ago = [delay * tap // (TAPS - 1) for tap in range(TAPS)]
            seen = torch.cat([past[:, delay - k:delay - k + count] for k in ago], 2)
            out.append(last(torch.relu(hidden(seen))))
        return torch.cat(out, 2)


def write(network, path):
    """MAGIC, the number of weights (uint32), the weights (float32), all little-endian, in the order of state_dict()."""
    weights = np.concatenate([value.numpy().ravel() for value in network.state_dict().values()]).astype("<f4")
    with open(path, "wb") as file:
        file.write(MAGIC + struct.pack("<I", len(weights)) + weights.tobytes())


def read(path):
    with open(path, "rb") as file:
        content = file.read()
    if content[:8] != MAGIC:
        raise SystemExit("%s: these are no weights for finding speech" % path)
    weights = torch.from_numpy(np.frombuffer(content[12:], "<f4").copy())
    network, at = Network(), 0
    for value in network.state_dict().values():
        value.copy_(weights[at:at + value.numel()].view_as(value))
        at += value.numel()
    return network.eval()


def main():
    import soundfile
    network = read(sys.argv[1])
    for path in sys.argv[2:]:
        wave, _ = soundfile.read(path)
        with torch.no_grad():
            odds = network(torch.from_numpy(features(wave))[None])[0].numpy()
        for k, row in enumerate(odds):
            print(path, k, *("%.4f" % odd for odd in row))


if __name__ == "__main__":
    main()
