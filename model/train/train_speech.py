# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trains the network that finds speech.

    python3 train_speech.py --data DIR --cache DIR --output FILE

DIR and the cache are those of train.py, FILE gets the weights.  Two losses: the log odds of each frame, those near an edge
counting more; and for each edge, how likely its place is to within 90 ms if the log odds are added up from inside to outside,
as gst/window/gstemotion2vecvad.c does.  One thread; the same steps and seed give the same weights.
"""
import argparse
import time

import numpy as np
import torch
from torch.nn import functional

import dataset
import vad
from vad import DELAYS
from speechmix import Recordings

BATCH, SECONDS = 16, 10
RATE_START, RATE_END = 3e-3, 2e-5       # of learning
FRAME_WEIGHTS = (1.0, 0.4, 0.4)         # of the heads
EDGE_WEIGHT = 0.15
BACK, ON = 42, 30                       # frames around an edge among which it is looked for
NEAR = 9
CLIP = 4.0                              # log odds count for no more


def delayed(labels):
    """What each head should say at a frame, [batch, frames, DELAYS]."""
    return torch.stack([functional.pad(labels, (delay, 0))[:, :labels.shape[1]] for delay in DELAYS], 2)


def frame_loss(odds, labels):
    changes = functional.pad((labels[:, 1:] != labels[:, :-1]).float(), (1, 0))
    weight = delayed(0.35 + functional.max_pool1d(changes[:, None], 81, 1, 40)[:, 0])
    weight[:, :60] *= 0.3
    losses = functional.binary_cross_entropy_with_logits(odds, delayed(labels), reduction="none")
    return (losses * weight).mean((0, 1))


def evidence(odds, frames, known):
    """The log odds of FRAMES, each by the head with the longest delay that KNOWN frames allow; fewer where none does."""
    ago = known - 1 - frames
    frames, ago = frames[ago >= DELAYS[0]], ago[ago >= DELAYS[0]]
    head = np.searchsorted(DELAYS, ago, "right") - 1
    return odds[torch.from_numpy(frames + np.array(DELAYS)[head]), torch.from_numpy(head)]


def edges_of(odds, labels, rng):
    """For each edge: the evidence from inside to outside, and how many of its frames are speech."""
    changes = np.diff(np.concatenate([[0], labels, [0]]))
    starts, ends, count = np.flatnonzero(changes > 0), np.flatnonzero(changes < 0), len(labels)
    for i, (start, end) in enumerate(zip(starts, ends)):
        after = starts[i + 1] if i + 1 < len(starts) else count
        before = ends[i - 1] if i else 0
        guess = end + int(np.clip(rng.normal(0, 15), -28, 38))
        first, last = max(guess - BACK, (start + end) // 2), min(guess + ON, after)
        known = min(guess + int(rng.integers(30, 42)), after + 20)
        if first < end < last and known <= count:
            yield evidence(odds, np.arange(first, last), known), end - first
        guess = start + int(np.clip(rng.normal(0, 15), -28, 40))
        first, last = max(guess - BACK, before), min(guess + ON, end)
        known = guess + int(rng.choice([30, 60]))
        last = min(last, known - DELAYS[0])
        if first < start < last and known <= count:
            yield evidence(odds, np.arange(first, last)[::-1].copy(), known), last - start


def edge_loss(odds, labels, rng):
    found = [edge for one, line in zip(odds, labels.numpy()) for edge in edges_of(one, line, rng) if len(edge[0])]
    if not found:
        return odds.sum() * 0
    most = max(len(line) for line, _ in found)
    lines = torch.stack([functional.pad(CLIP * torch.tanh(line / CLIP), (0, most - len(line)), value=-CLIP) for line, _ in found])
    chance = torch.log_softmax(functional.pad(lines.cumsum(1), (1, 0)), 1)
    off = (torch.arange(most + 1)[None] - torch.tensor([place for _, place in found])[:, None]).abs()
    return -torch.logsumexp(chance.masked_fill(off > NEAR, -1e9), 1).mean()


def train(recordings, steps, seed, output):
    torch.manual_seed(seed)
    rng, network = np.random.default_rng(seed), vad.Network()
    optimiser = torch.optim.Adam(network.parameters(), RATE_START)
    start, mean, batch = time.time(), None, None
    print("%d weights" % sum(p.numel() for p in network.parameters()), flush=True)
    for step in range(steps):
        if step % 2 == 0:               # each batch twice: it takes longer to make than to learn from
            earlier, batch = batch, [torch.from_numpy(part) for part in recordings.batch(BATCH, SECONDS)]
        heard, labels = batch if step % 2 == 0 or earlier is None else earlier
        for group in optimiser.param_groups:
            group["lr"] = RATE_START * (1 - step / steps) ** 0.8 + RATE_END
        odds = network(heard)
        frames, edges = frame_loss(odds, labels), edge_loss(odds, labels, rng)
        optimiser.zero_grad()
        ((frames * torch.tensor(FRAME_WEIGHTS)).sum() + EDGE_WEIGHT * edges).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        losses = np.append(frames.detach().numpy(), edges.item())
        mean = losses if mean is None else 0.97 * mean + 0.03 * losses
        if (step + 1) % 50 == 0 or step + 1 == steps:
            print("step %d of %d, %.0f s, frames %.4f %.4f %.4f, edges %.4f" % (step + 1, steps, time.time() - start, *mean), flush=True)
            vad.write(network, output)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with manifest.tsv and the audio")
    parser.add_argument("--cache", required=True, help="folder with the decoded audio, made if it is not there")
    parser.add_argument("--output", required=True, help="file that gets the weights")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--permissive", action="store_true", help="leave out audio that may not be used commercially")
    options = parser.parse_args()
    torch.set_num_threads(1)
    dataset.build_cache(options.data, options.cache)
    recordings = Recordings(options.data, dataset.Audio(options.cache), options.seed, options.permissive)
    print({name: len(recordings.groups[name]) for name in recordings.corpora}, "noises", [len(g) for g in recordings.noises], flush=True)
    train(recordings, options.steps, options.seed, options.output)


if __name__ == "__main__":
    main()
