# SPDX-License-Identifier: LGPL-2.1-or-later
"""Acoustic targets of the auxiliary tasks: log-mel bands and pitch at the model's frame rate."""
import math

import torch
import torch.nn.functional as F

RATE = 16000
BANDS = 64
FLOOR = 1e-2                 # added to the power of the normalised wave before the logarithm
PITCH_RANGE = (65.0, 450.0)  # Hz


def mel_points(count, low=60.0, high=7600.0):
    """COUNT frequencies in Hz, evenly spaced in mel from LOW to HIGH."""
    to_mel = lambda f: 2595 * math.log10(1 + f / 700)
    return 700 * (10 ** (torch.linspace(to_mel(low), to_mel(high), count) / 2595) - 1)


def mel_filters(size, bands=BANDS):
    """Triangles over the bins of a DFT of SIZE points, [bins, bands]; each sums to 1."""
    edges = mel_points(bands + 2, low=20.0)
    bins = torch.arange(size // 2 + 1) * RATE / size
    rise = (bins[:, None] - edges[None, :-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[None, 2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    triangles = torch.minimum(rise, fall).clamp(min=0)
    nearest = F.one_hot((edges[1:-1] / RATE * size).round().long(), size // 2 + 1).t().float()
    triangles = torch.where(triangles.sum(0) > 0.5, triangles, nearest)
    return triangles / triangles.sum(0)


class Targets:
    """Log-mel bands, pitch and voicing of normalised waves for the frames of a model."""

    def __init__(self, hyper):
        self.hop, self.centre = hyper.hop, hyper.shortest // 2
        self.mel_size, self.pitch_size = 512, 1024
        self.filters = mel_filters(self.mel_size)
        self.mel_window = torch.hann_window(self.mel_size)
        self.pitch_window = torch.hann_window(self.pitch_size)
        self.window_correlation = self._correlation(self.pitch_window[None, :])
        self.shortest_lag, self.longest_lag = int(RATE / PITCH_RANGE[1]), int(RATE / PITCH_RANGE[0])

    def _correlation(self, frames):
        spectrum = torch.fft.rfft(frames, 2 * self.pitch_size)
        return torch.fft.irfft(spectrum.real ** 2 + spectrum.imag ** 2)[..., :self.pitch_size]

    def _frames(self, wave, size, count):
        left = max(size // 2 - self.centre, 0)
        wave = F.pad(wave, (left, size))[:, self.centre - size // 2 + left:]
        return wave.unfold(1, size, self.hop)[:, :count]

    @torch.no_grad()
    def frames(self, wave, count):
        """For COUNT frames: log-mel [batch, count, BANDS], octaves about 150 Hz and voicing [batch, count]."""
        spectrum = torch.fft.rfft(self._frames(wave, self.mel_size, count) * self.mel_window)
        power = (spectrum.real ** 2 + spectrum.imag ** 2) @ self.filters / self.mel_window.square().sum()
        mel = torch.log(power + FLOOR)
        pieces = self._frames(wave, self.pitch_size, count)
        correlation = self._correlation((pieces - pieces.mean(-1, keepdim=True)) * self.pitch_window)
        correlation = correlation / (correlation[..., :1] + 1e-2) / (self.window_correlation / self.window_correlation[:, :1])
        lags = correlation[..., self.shortest_lag:self.longest_lag + 1]
        # Slightly prefer short lags, against octave errors.
        preference = torch.linspace(0, -0.05, lags.shape[-1])
        lag = (lags + preference).argmax(-1)
        voicing = lags.gather(-1, lag[..., None])[..., 0].clamp(0, 1)
        return mel, torch.log2(RATE / (lag + self.shortest_lag).float() / 150), voicing

    @staticmethod
    def statistics(mel, octaves, voicing):
        """What a clip sounds like in 2·BANDS + 3 numbers: band means and spreads, pitch, its spread, voicing."""
        weight = (voicing > 0.5).float() + 1e-3
        pitch = (octaves * weight).sum(1) / weight.sum(1)
        spread = torch.sqrt(((octaves - pitch[:, None]) ** 2 * weight).sum(1) / weight.sum(1))
        return torch.cat([mel.mean(1), mel.std(1), torch.stack([pitch, spread, voicing.mean(1)], 1)], 1)
