# SPDX-License-Identifier: LGPL-2.1-or-later
"""The emotion2vec encoder in PyTorch: any shape of the family, for inference and for training.

Parameters carry the names of the public checkpoints.  All arrays are [batch, time, channels].
"""
import collections
import dataclasses
import math

import torch
import torch.nn.functional as F
from torch import nn

STANDARD_CONV = ((512, 10, 5),) + ((512, 3, 2),) * 4 + ((512, 2, 2),) * 2


@dataclasses.dataclass
class Hyper:
    """Everything that shapes the network; the defaults are those of emotion2vec_base."""
    embed_dim: int = 768
    depth: int = 8                      # main blocks
    prenet_depth: int = 4               # blocks of the context encoder, in front of the main ones
    num_heads: int = 12
    mlp_ratio: float = 4.0
    norm_eps: float = 1e-5              # of the norms of the token sequence and the blocks
    normalize: bool = True              # whole-clip normalisation of the waveform
    num_extra_tokens: int = 10
    conv_layers: tuple = STANDARD_CONV  # (channels, kernel, stride) of each layer
    conv_pos_depth: int = 5
    conv_pos_kernel: int = 19
    conv_pos_groups: int = 16
    use_alibi: bool = True
    alibi_shape: tuple = (1, 1, 12, 1, 1)   # (1 or blocks, 1, 1 or heads, 1, 1)
    classes: int = 0                    # 0: no head
    temperature: float = 1.0            # scores = softmax(logits / temperature); chosen on dev, no tensor knows of it

    @property
    def shortest(self):
        """Samples that give one frame."""
        samples = 1
        for _, kernel, stride in reversed(self.conv_layers):
            samples = (samples - 1) * stride + kernel
        return samples

    @property
    def hop(self):
        """Samples between frames."""
        return math.prod(stride for _, _, stride in self.conv_layers)


def base(classes=9):
    return Hyper(classes=classes)


def large(classes=9):
    return Hyper(embed_dim=1024, num_heads=16, alibi_shape=(1, 1, 16, 1, 1), classes=classes)


class _ContiguousGrad(torch.autograd.Function):
    """Identity that makes the gradient contiguous.

    PyTorch 1.13 on the CPU returns a wrong gradient of GELU when its input is contiguous and the
    incoming gradient is not.
    """

    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad):
        return grad.contiguous()


def gelu(x):
    """Exact GELU (by erf) with a gradient that is right in every memory layout."""
    return _ContiguousGrad.apply(F.gelu(x.contiguous()))


def normalize_waveform(wave):
    """Zero mean and unit variance over all samples of each clip; sums in double."""
    wide = wave.double()
    mean = wide.mean(-1, keepdim=True)
    variance = wide.var(-1, unbiased=False, keepdim=True)
    return ((wide - mean) / torch.sqrt(variance + 1e-5)).to(wave.dtype)


def alibi_slopes(heads):
    """Slope of each head's distance penalty."""
    def of_power(n):
        return [2.0 ** (-8.0 * (i + 1) / n) for i in range(n)]
    power = 1 << (heads.bit_length() - 1)
    return of_power(power) + of_power(2 * power)[0::2][:heads - power]


class LocalEncoder(nn.Module):
    """Strided convolutions over the samples, each with LayerNorm over the channels and GELU."""

    def __init__(self, layers):
        super().__init__()
        self.strides = [stride for _, _, stride in layers]
        self.conv_layers = nn.ModuleList()
        inputs = 1
        for channels, kernel, stride in layers:
            self.conv_layers.append(nn.ModuleDict({
                "0": nn.Conv1d(inputs, channels, kernel, stride, bias=False),
                "2": nn.ModuleDict({"1": nn.LayerNorm(channels)})}))
            inputs = channels

    def forward(self, wave, keep):
        x = wave.unsqueeze(-1)
        for i, (layer, stride) in enumerate(zip(self.conv_layers, self.strides)):
            weight = layer["0"].weight
            # As one matrix product in time-major layout: several times faster on a CPU than conv1d.
            x = x.unfold(1, weight.shape[2], stride).flatten(2) @ weight.flatten(1).t()
            x = keep("conv.%d" % i, gelu(layer["2"]["1"](x)))
        return x


class PositionalLayer(nn.Module):
    """Grouped convolution over time that keeps the length, LayerNorm without parameters, GELU."""

    def __init__(self, dim, kernel, groups):
        super().__init__()
        self.add_module("0", nn.Conv1d(dim, dim, kernel, padding=kernel // 2, groups=groups))

    def forward(self, x):
        y = getattr(self, "0")(x.transpose(1, 2))[:, :, :x.shape[1]].transpose(1, 2)
        return gelu(F.layer_norm(y, y.shape[-1:]))


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x, bias):
        batch, tokens, dim = x.shape
        q, k, v = self.qkv(x).view(batch, tokens, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        scores = (q * (dim // self.heads) ** -0.5) @ k.transpose(-2, -1)
        if bias is not None:
            scores = scores + bias
        mixed = scores.softmax(-1) @ v
        return self.proj(mixed.transpose(1, 2).reshape(batch, tokens, dim))


class Mlp(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x):
        return self.fc2(gelu(self.fc1(x)))


class Block(nn.Module):
    """Post-norm transformer block."""

    def __init__(self, dim, heads, mlp_ratio, eps, dropout):
        super().__init__()
        self.attn = Attention(dim, heads)
        self.norm1 = nn.LayerNorm(dim, eps)
        self.mlp = Mlp(dim, int(dim * mlp_ratio))
        self.norm2 = nn.LayerNorm(dim, eps)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, bias, said=None):
        """SAID, a list, gets the output of the MLP, the target of pre-training."""
        u = self.norm1(x + self.dropout(self.attn(x, bias)))
        y = self.mlp(u)
        if said is not None:
            said.append(y)
        return self.norm2(u + self.dropout(y))


class ContextEncoder(nn.Module):
    """The norm in front of all blocks, and the prenet blocks."""

    def __init__(self, blocks, dim, eps):
        super().__init__()
        self.norm = nn.LayerNorm(dim, eps)
        self.blocks = blocks


class AudioEncoder(nn.Module):
    """From samples to the tokens that enter the main blocks."""

    def __init__(self, hyper, prenet):
        super().__init__()
        channels, dim = hyper.conv_layers[-1][0], hyper.embed_dim
        self.local_encoder = LocalEncoder(hyper.conv_layers)
        self.project_features = nn.ModuleDict({"1": nn.LayerNorm(channels), "2": nn.Linear(channels, dim)})
        self.relative_positional_encoder = nn.ModuleDict({
            str(j + 1): PositionalLayer(dim, hyper.conv_pos_kernel, hyper.conv_pos_groups)
            for j in range(hyper.conv_pos_depth)})
        if hyper.num_extra_tokens:
            self.extra_tokens = nn.Parameter(torch.randn(1, hyper.num_extra_tokens, dim))
        if hyper.use_alibi:
            self.alibi_scale = nn.Parameter(torch.ones(hyper.alibi_shape))
        self.context_encoder = ContextEncoder(prenet, dim, hyper.norm_eps)

    def features(self, wave, keep):
        """The frames as they are before they know of each other, [batch, frames, width]."""
        x = self.local_encoder(wave, keep)
        return keep("projection", self.project_features["2"](self.project_features["1"](x)))

    def positions(self, x, keep):
        """What the positional convolutions make of the frames; it is added to them."""
        for j, layer in enumerate(self.relative_positional_encoder.values()):
            x = keep("pos_conv.%d" % j, layer(x))
        return keep("pos_out", x)

    def tokens(self, x, keep):
        """Frames with their positions, the extra tokens in front, normed."""
        if hasattr(self, "extra_tokens"):
            x = torch.cat([self.extra_tokens.expand(len(x), -1, -1), x], dim=1)
        return keep("prenet_norm", self.context_encoder.norm(keep("tokens_in", x)))

    def forward(self, wave, keep):
        x = self.features(wave, keep)
        return self.tokens(x + self.positions(x, keep), keep)


class Emotion2vec(nn.Module):
    """The whole model; forward takes waves of one length, [samples] or [batch, samples]."""

    def __init__(self, hyper, labels=(), dropout=0.0, head_dropout=0.0):
        super().__init__()
        self.hyper = hyper
        self.labels = tuple(labels)

        def blocks(count):
            return nn.ModuleList(Block(hyper.embed_dim, hyper.num_heads, hyper.mlp_ratio, hyper.norm_eps, dropout)
                                 for _ in range(count))
        self.modality_encoders = nn.ModuleDict({"AUDIO": AudioEncoder(hyper, blocks(hyper.prenet_depth))})
        self.blocks = blocks(hyper.depth)
        self.head_dropout = nn.Dropout(head_dropout)
        self.proj = nn.Linear(hyper.embed_dim, hyper.classes) if hyper.classes else None

    @property
    def audio(self):
        return self.modality_encoders["AUDIO"]

    @property
    def all_blocks(self):
        return list(self.audio.context_encoder.blocks) + list(self.blocks)

    def alibi_bias(self, frames):
        """What is added to the scores, [1 or blocks, heads, tokens, tokens]; None without ALiBi."""
        if not self.hyper.use_alibi:
            return None
        scale = self.audio.alibi_scale.clamp(min=0)[:, 0]
        place = torch.arange(frames, device=scale.device)
        distance = (place[:, None] - place[None, :]).abs().to(scale.dtype)
        slopes = scale.new_tensor(alibi_slopes(self.hyper.num_heads))[:, None, None]
        extra = self.hyper.num_extra_tokens
        # Extra tokens stand nowhere: no distance from or to them.
        return F.pad(-slopes * distance * scale, (extra, 0, extra, 0))

    def label_mask(self, logits):
        """Logits with those of "unuse" labels at minus infinity."""
        unused = [label.startswith("unuse") for label in self.labels]
        if not any(unused):
            return logits
        return logits.masked_fill(torch.tensor(unused, device=logits.device), -math.inf)

    def forward(self, wave, trace=False):
        """Dictionary with `frames`, `utterance` and, with a head, `logits` and `scores`; all stages with TRACE."""
        out = collections.OrderedDict()

        def keep(name, value):
            if trace:
                out[name] = value
            return value

        if wave.dim() == 1:
            wave = wave.unsqueeze(0)
        if wave.shape[1] < self.hyper.shortest:
            raise ValueError("%d samples, one frame needs %d" % (wave.shape[1], self.hyper.shortest))
        if self.hyper.normalize:
            wave = normalize_waveform(wave)
        x = self.audio(keep("waveform", wave), keep)
        extra = self.hyper.num_extra_tokens
        bias = self.alibi_bias(x.shape[1] - extra)
        if trace and bias is not None:
            for l, one in enumerate(bias):
                out["alibi_bias" if len(bias) == 1 else "alibi_bias.%d" % l] = one
        for l, block in enumerate(self.all_blocks):
            x = keep("block.%d" % l, block(x, None if bias is None else bias[l if len(bias) > 1 else 0]))
        out["frames"] = x[:, extra:]
        out["utterance"] = out["frames"].mean(1)
        if self.proj is not None:
            out["logits"] = self.proj(self.head_dropout(out["utterance"]))
            out["scores"] = (self.label_mask(out["logits"]) / self.hyper.temperature).softmax(-1)
        return out
