# SPDX-License-Identifier: LGPL-2.1-or-later
"""Online distillation, how emotion2vec learns from speech without labels.

A student sees clips with half of their frames masked, a teacher sees the whole clips.  The student predicts what the
teacher says of the masked frames (frame loss) and of the clip as a whole (utterance loss); the teacher is the student's
moving average.  After Ma et al. 2023 and the data2vec 2.0 that it builds on.

[B] clips, [M] masks of each, [T] frames, [D] width.
"""
import copy
import dataclasses
import math

import torch
import torch.nn.functional as F
from torch import nn

from emotion2vec import gelu, normalize_waveform

UTTERANCE_FORMS = ("chunk", "token", "global", "none")


@dataclasses.dataclass
class Recipe:
    """The published settings, but for the decoder's width, which suits a narrow model, and the pace of the average."""
    clones: int = 8                 # M
    masked: float = 0.5             # share of the frames
    span: int = 5                   # frames masked in a row
    adjust: float = 0.05            # spans overlap: so many more of them
    targets: int = 8                # main blocks whose MLPs are averaged, counted from the last
    utterance: str = "chunk"        # mean of all extra tokens, the first one (token), mean of the frames (global)
    utterance_weight: float = 1.0
    decoder_layers: int = 4
    decoder_width: int = 96
    decoder_kernel: int = 7
    decoder_groups: int = 16
    input_dropout: float = 0.1
    layer_drop: float = 0.05
    decay: tuple = (0.999, 0.99999)  # of the teacher, from and to
    decay_steps: int = 20000


def draw_masks(count, frames, recipe, generator):
    """[COUNT, FRAMES] booleans, True where masked; the same number in every row."""
    span = min(recipe.span, frames)
    wanted = max(1, min(frames - 1, round(recipe.masked * frames)))
    spans = int((recipe.masked + recipe.adjust) * frames / span + float(torch.rand((), generator=generator)))
    starts = torch.rand(count, frames - span + 1, generator=generator).argsort(1)[:, :max(1, spans)]
    masks = torch.zeros(count, frames)
    masks.scatter_(1, (starts[:, :, None] + torch.arange(span)).flatten(1), 1.0)
    # Of the frames in spans, and then of the others, random ones until the number is right.
    order = (masks + torch.rand(count, frames, generator=generator) * 0.5).argsort(1, descending=True)
    return torch.zeros(count, frames, dtype=torch.bool).scatter_(1, order[:, :wanted], True)


def kept_places(masks):
    """Indices of the frames that are not masked, in order, [rows, kept]."""
    rows, frames = masks.shape
    return (~masks).nonzero()[:, 1].view(rows, -1)


def take(x, places):
    """x[row, places[row]] of [rows, T, D]."""
    return x.gather(1, places[:, :, None].expand(-1, -1, x.shape[2]))


class Decoder(nn.Module):
    """From the kept frames to predictions for all: convolutions with residuals, then a linear layer."""

    def __init__(self, dim, recipe):
        super().__init__()
        self.dropout = recipe.input_dropout
        widths = [dim] + [recipe.decoder_width] * recipe.decoder_layers
        self.blocks = nn.ModuleList(
            nn.Conv1d(a, b, recipe.decoder_kernel, padding=recipe.decoder_kernel // 2, groups=recipe.decoder_groups)
            for a, b in zip(widths, widths[1:]))
        self.proj = nn.Linear(widths[-1], dim)

    def forward(self, kept, places, frames):
        x = kept.new_empty(len(kept), frames, kept.shape[2]).normal_(0, 0.01)
        kept = F.dropout(kept, self.dropout, self.training)
        x = x.scatter(1, places[:, :, None].expand_as(kept), kept)
        for block in self.blocks:
            y = block(x.transpose(1, 2)).transpose(1, 2)
            y = gelu(F.layer_norm(y, y.shape[-1:]))
            x = x + y if x.shape == y.shape else y
        return self.proj(x)


def nothing(name, value):
    return value


def run_blocks(model, x, places, layer_drop=0.0, said=None):
    """X through all blocks.  PLACES: frames that the tokens behind the extra ones stand at, [rows, kept], or None: all.
    SAID: gets the MLP outputs of the main blocks."""
    extra, prenet = model.hyper.num_extra_tokens, len(model.audio.context_encoder.blocks)
    frames = x.shape[1] - extra if places is None else int(places.max()) + 1
    bias = model.alibi_bias(frames)
    if bias is not None and places is not None:
        tokens = torch.cat([torch.arange(extra, device=x.device).expand(len(places), -1), places + extra], 1)
        bias = bias[:, :, tokens[:, :, None], tokens[:, None, :]].transpose(1, 2)
    for l, block in enumerate(model.all_blocks):
        if layer_drop and float(torch.rand(())) < layer_drop:
            continue
        mine = None if bias is None else bias[l if len(bias) > 1 else 0]
        x = block(x, mine, said if l >= prenet else None)
    return x


class Distiller(nn.Module):
    """Student, decoder and teacher; forward takes waves [B, samples] and returns the loss and figures for the log."""

    def __init__(self, student, recipe):
        super().__init__()
        if recipe.utterance not in UTTERANCE_FORMS:
            raise ValueError("no such utterance loss: %s" % recipe.utterance)
        if recipe.utterance in ("chunk", "token") and student.hyper.num_extra_tokens == 0:
            raise ValueError("the utterance loss %s needs extra tokens" % recipe.utterance)
        self.recipe, self.student = recipe, student
        self.decoder = Decoder(student.hyper.embed_dim, recipe)
        self.teacher = copy.deepcopy(student).eval().requires_grad_(False)
        # The teacher hears with the student's ears: only what follows the local features is averaged.
        for unused in ("local_encoder", "project_features"):
            delattr(self.teacher.audio, unused)
        self.teacher.proj = None
        self.generator = torch.Generator()
        self.updates = 0

    def decay(self):
        """How much of the teacher stays at the next update."""
        start, end = self.recipe.decay
        return start + (end - start) * min(1.0, self.updates / self.recipe.decay_steps)

    @torch.no_grad()
    def update_teacher(self):
        decay, live = self.decay(), self.student.state_dict()
        for name, tensor in self.teacher.state_dict().items():
            tensor.lerp_(live[name], 1 - decay)
        self.updates += 1

    @torch.no_grad()
    def targets(self, features):
        """What the teacher says of each frame, [B, T, D]: zero mean and unit variance over time for every channel of
        every block, then averaged."""
        teacher, said = self.teacher, []
        x = teacher.audio.tokens(features + teacher.audio.positions(features, nothing), nothing)
        run_blocks(teacher, x, None, said=said)
        said = [y[:, teacher.hyper.num_extra_tokens:].transpose(1, 2) for y in said[-self.recipe.targets:]]
        return torch.stack([F.instance_norm(y) for y in said]).mean(0).transpose(1, 2)

    def predict(self, features, masks):
        """The student's view of masked clips: its predictions [B·M, T, D], what it says of the whole [B·M, D]."""
        student, extra, places = self.student, self.student.hyper.num_extra_tokens, kept_places(masks)
        heard = features * (~masks)[:, :, None]
        heard = take(heard + student.audio.positions(heard, nothing), places)
        x = run_blocks(student, student.audio.tokens(heard, nothing), places,
                       self.recipe.layer_drop if self.training else 0.0)
        frames = x[:, extra:]
        whole = {"chunk": lambda: x[:, :extra].mean(1), "token": lambda: x[:, 0], "global": lambda: frames.mean(1),
                 "none": lambda: None}[self.recipe.utterance]()
        return self.decoder(frames, places, masks.shape[1]), whole

    def forward(self, wave):
        recipe = self.recipe
        features = self.student.audio.features(normalize_waveform(wave), nothing)
        targets = self.targets(features.detach())
        clones = [x.repeat_interleave(recipe.clones, 0) for x in (features, targets)]
        masks = draw_masks(len(clones[0]), features.shape[1], recipe, self.generator).to(wave.device)
        said, whole = self.predict(clones[0], masks)
        scale = 1 / math.sqrt(said.shape[2])
        # A mean over masked frames, where the publication sums: the step then does not hang on the size of the batch.
        frame = (said[masks] - clones[1][masks]).square().sum(1).mean() * scale
        utterance = frame.new_zeros(())
        if whole is not None:
            utterance = (whole - clones[1].mean(1)).square().sum(1).mean() * scale
        figures = {"frame": frame.detach(), "utterance": utterance.detach(),
                   "target_deviation": spread(targets), "prediction_deviation": spread(said.detach()[masks])}
        return frame + recipe.utterance_weight * utterance, figures


def spread(x):
    """Mean over the channels of the standard deviation over everything else; near 0 when the model collapses."""
    return x.flatten(0, -2).var(0, unbiased=False).clamp(min=1e-6).sqrt().mean()
