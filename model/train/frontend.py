# SPDX-License-Identifier: LGPL-2.1-or-later
"""The start of a wide-kernel front end: Gabor filters as layer 0 and weights of layer 1 that sum them.

Layer 0 holds mel-spaced Gabor filters in four phases.  Their small scale matters: LayerNorm over the
channels would throw the level of every frame away, but with weights this small its epsilon acts as
a knee, and loud frames stay louder than quiet ones.
"""
import math

import torch
from torch import nn

from features import BANDS, RATE, mel_points

PHASES = 4
SCALE = 0.002


def gabor_filters(size, bands=BANDS):
    """[bands · PHASES, size] filters of unit norm without DC, band by band."""
    centres = mel_points(bands)
    spacing = torch.gradient(centres)[0]
    # As narrow as the spacing asks, within what the window holds and the hop needs.
    width = (RATE / (2 * math.pi * spacing)).clamp(0.12 * size, 0.25 * size)
    time = torch.arange(size) - (size - 1) / 2
    envelope = torch.exp(-0.5 * (time / width[:, None]) ** 2) * torch.hann_window(size, periodic=False)
    angle = 2 * math.pi * centres[:, None] / RATE * time
    phases = [envelope * torch.cos(angle - 2 * math.pi * p / PHASES) for p in range(PHASES)]
    filters = torch.stack(phases, 1).flatten(0, 1)
    filters = filters - filters.mean(1, keepdim=True)
    return filters / filters.norm(dim=1, keepdim=True)


@torch.no_grad()
def start(model, wave):
    """Sets the first weights of the convolutions; WAVE [batch, samples] are clips to measure on."""
    encoder = model.audio.local_encoder
    first, second = encoder.conv_layers[0], encoder.conv_layers[1]
    channels, _, size = first["0"].weight.shape
    if channels != BANDS * PHASES:
        raise ValueError("layer 0 needs %d channels" % (BANDS * PHASES))
    first["0"].weight.copy_(SCALE * gabor_filters(size)[:, None])
    first["0"].weight.requires_grad_(False)

    weight = second["0"].weight
    nn.init.normal_(weight, std=0.02)
    middle = weight.shape[2] // 2
    for band in range(min(BANDS, weight.shape[0] // 2)):
        phases = slice(PHASES * band, PHASES * (band + 1))
        weight[band, phases, middle] += 0.5
        weight[BANDS + band, phases, -1] += 0.5
        weight[BANDS + band, phases, 0] -= 0.5
    for layer in encoder.conv_layers[2:]:
        nn.init.kaiming_normal_(layer["0"].weight)
    # Silent frames then keep a finite gradient.
    for layer in encoder.conv_layers[1:]:
        nn.init.normal_(layer["2"]["1"].bias, std=0.2)

    # Even out the bands: every channel of the normed layer 0 gets RMS 2.
    norm = first["2"]["1"]
    caught = []
    handle = norm.register_forward_hook(lambda module, inputs, output: caught.append(output))
    model(wave)
    handle.remove()
    norm.weight.mul_(2 / caught[0].square().mean((0, 1)).sqrt().clamp(min=0.05))
