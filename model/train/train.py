# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trains emotion2vec-mini: front end on log-mel and pitch, then nine classes with supervision.

Between the two, pretrain.py may teach the encoder without labels: --front-end-only writes what it starts from, --start
takes what it wrote.

The length of a run is a wall-clock budget; it can be stopped and started again at any time.

    python3 train.py --data DIR --cache DIR --output DIR [--minutes 45] [--processes 2]
"""
import argparse
import collections
import csv
import math
import os
import time

import numpy as np
import torch
import torch.multiprocessing as multiprocessing
import torch.nn.functional as F
from torch import nn

import checkpoint
import dataset
import evaluate
import frontend
from emotion2vec import Emotion2vec, Hyper, normalize_waveform
from features import BANDS, Targets

MINI = Hyper(embed_dim=128, depth=3, prenet_depth=1, num_heads=4, num_extra_tokens=4,
             conv_layers=((256, 400, 160), (160, 3, 2), (160, 3, 1)),
             conv_pos_depth=3, conv_pos_kernel=9, conv_pos_groups=16,
             alibi_shape=(1, 1, 4, 1, 1), classes=len(dataset.LABELS))


class Crew:
    """The processes of a run: averages vectors over shared memory."""

    def __init__(self, size):
        self.size = size
        self.board = torch.zeros(size, 1 << 22).share_memory_()
        self.barrier = multiprocessing.get_context("spawn").Barrier(size)

    def mean(self, rank, vector):
        if self.size == 1:
            return vector
        self.board[rank, :len(vector)] = vector
        self.barrier.wait()
        result = self.board[:, :len(vector)].mean(0)
        self.barrier.wait()
        return result


class Phase:
    """One optimisation with a wall-clock budget: AdamW, warm-up, cosine to zero, averaged gradients."""

    def __init__(self, name, crew, rank, modules, minutes, rate, options):
        self.name, self.crew, self.rank, self.budget, self.rate = name, crew, rank, 60 * minutes, rate
        named = [(n, p) for module in modules for n, p in module.named_parameters() if p.requires_grad]
        matrices = [p for n, p in named if p.dim() > 1 and not n.endswith(("extra_tokens", "alibi_scale"))]
        plain = [p for n, p in named if p.dim() < 2 or n.endswith(("extra_tokens", "alibi_scale"))]
        self.parameters = matrices + plain
        self.optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.05},
                                            {"params": plain, "weight_decay": 0.0}], lr=rate, betas=(0.9, 0.98))
        self.options = options
        self.step, self.seconds, self.audio = 0, 0.0, 0.0   # audio: in seconds, of all processes
        self.window = collections.defaultdict(float)        # sums since the last line of the log

    @property
    def progress(self):
        return self.seconds / self.budget

    def update(self, loss, figures, audio_seconds):
        """One step; FIGURES are logged as means.  Returns False once the budget is spent."""
        self.optimizer.zero_grad(set_to_none=False)
        loss.backward()
        spent = time.monotonic() - self.started
        names = sorted(figures)
        extra = torch.tensor([spent] + [float(figures[n]) for n in names])
        vector = torch.cat([p.grad.flatten() for p in self.parameters] + [extra])
        vector = self.crew.mean(self.rank, vector)
        gradient, extra = vector[:-len(extra)], vector[-len(extra):].tolist()
        norm = float(gradient.norm())
        if not math.isfinite(norm):
            raise FloatingPointError("gradient is not finite")
        gradient = gradient * min(1.0, 2.0 / (norm + 1e-6))
        at = 0
        for p in self.parameters:
            p.grad.copy_(gradient[at:at + p.numel()].view_as(p))
            at += p.numel()
        warm = min(1.0, self.progress / 0.06 + 0.01)
        rate = self.rate * warm * 0.5 * (1 + math.cos(math.pi * min(self.progress, 1.0)))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.step += 1
        self.audio += audio_seconds * self.crew.size
        for name, value in zip(["spent"] + names + ["gradient", "steps"], extra + [norm, 1]):
            self.window[name] += value
        self.seconds = self.offset + extra[0]
        if self.rank == 0 and self.step % self.options.log_every == 0:
            self.write_log(rate, names)
        return self.seconds < self.budget

    def start(self):
        """Begins (or goes on) counting time."""
        self.started, self.offset = time.monotonic(), self.seconds

    def write_log(self, rate, names):
        steps = self.window["steps"]
        values = [self.name, self.step, "%.1f" % self.seconds, "%.3f" % (self.audio / 3600), "%.3g" % rate,
                  "%.3f" % (self.window["gradient"] / steps)] + ["%s=%.4f" % (n, self.window[n] / steps) for n in names]
        path = os.path.join(self.options.output, "log.csv")
        fresh = not os.path.exists(path)
        with open(path, "a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            if fresh:
                writer.writerow(["phase", "step", "seconds", "audio_hours", "rate", "gradient_norm", "figures"])
            writer.writerow(values)
        left = max(self.budget - self.seconds, 0)
        print("%s step %s, %s s, %s h of audio, rate %s, gradient %s, %s; %d min %02d s left"
              % (tuple(values[:6]) + (", ".join(values[6:]), left // 60, left % 60)), flush=True)
        self.window.clear()


class Averaged:
    """Exponential moving average of the weights, the ones that are evaluated and written."""

    def __init__(self, model, decay=0.999):
        self.decay, self.steps = decay, 0
        self.tensors = {name: t.detach().clone() for name, t in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model):
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for name, tensor in model.state_dict().items():
            self.tensors[name].lerp_(tensor, 1 - decay)


def initialise(model):
    """First weights of everything but the convolutions."""
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_normal_(module.weight)
            nn.init.zeros_(module.bias)
    with torch.no_grad():
        model.audio.extra_tokens[:, 0] = 0


class Trainer:
    """One process of a run."""

    def __init__(self, rank, crew, options):
        self.rank, self.crew, self.options = rank, crew, options
        torch.manual_seed(options.seed)
        self.audio = dataset.Audio(options.cache)
        self.dev = self.audio.select("dev")
        self.model = Emotion2vec(MINI, dataset.LABELS, dropout=0.15, head_dropout=0.2)
        initialise(self.model)
        self.targets = Targets(MINI)
        self.acoustic = nn.Linear(MINI.conv_layers[-1][0], BANDS + 2)   # front end -> log-mel, pitch, voicing
        self.summary = nn.Linear(MINI.embed_dim, 2 * BANDS + 3)         # utterance -> statistics of those
        # A run that goes on must not see the crops of its beginning again.
        again = int(time.time()) if options.resume else 0
        self.crops = dataset.TrainingCrops(self.audio, [options.seed, rank, again])
        self.prior = torch.from_numpy(self.crops.prior())
        self.centre = self.spread = None
        self.best = 0.0

    def batch(self, strength):
        """Waves of one random length, classes, corpora."""
        seconds = float(self.crops.rng.uniform(*self.options.crop))
        size = max(4, round(self.options.batch_seconds / seconds))
        return (torch.from_numpy(a) for a in self.crops.batch(size, seconds, strength))

    def measure_statistics(self):
        """Mean and spread of the clip statistics, to standardise them; the same in all processes."""
        rows = []
        for _ in range(12):
            wave, _, _ = self.batch(0.1)
            rows.append(self.statistics(wave))
        rows = torch.cat(rows)
        both = self.crew.mean(self.rank, torch.cat([rows.mean(0), rows.std(0)]))
        self.centre, self.spread = both.chunk(2)

    def statistics(self, wave):
        """Statistics of log-mel and pitch of each clip, at the frames that the model has."""
        wave = normalize_waveform(wave)
        count = (wave.shape[1] - MINI.shortest) // MINI.hop + 1
        return self.targets.statistics(*self.targets.frames(wave, count))

    def train_front_end(self):
        """The front end learns to predict log-mel bands and pitch, frame by frame."""
        same_everywhere, _, _ = dataset.TrainingCrops(self.audio, self.options.seed).batch(32, 2.0, 0.0)
        frontend.start(self.model, torch.from_numpy(same_everywhere))
        torch.manual_seed(self.options.seed + 1000 * self.rank)   # from here on dropout differs
        self.measure_statistics()
        encoder = self.model.audio.local_encoder
        phase = Phase("front-end", self.crew, self.rank, (encoder, self.acoustic),
                      self.options.front_end_minutes, 2e-3, self.options)
        phase.start()
        going = True
        while going:
            wave, _, _ = self.batch(0.2)
            wave = normalize_waveform(wave)
            said = self.acoustic(encoder(wave, lambda name, value: value))
            mel, octaves, voicing = self.targets.frames(wave, said.shape[1])
            mel_loss = (said[..., :BANDS] - mel).square().mean()
            pitch_loss = ((said[..., BANDS] - octaves).square() * (voicing > 0.5)).mean()
            voicing_loss = (said[..., BANDS + 1] - voicing).square().mean()
            going = phase.update(mel_loss + pitch_loss + voicing_loss,
                                 {"mel": mel_loss, "pitch": pitch_loss, "voicing": voicing_loss},
                                 wave.numel() / dataset.RATE)

    def start_from(self, folder):
        """Takes the encoder of a checkpoint of this shape; the head stays as it is."""
        tensors = checkpoint.load(folder).state_dict()
        mine = self.model.state_dict()
        for name, tensor in mine.items():
            if not name.startswith("proj."):
                tensor.copy_(tensors[name])
        self.model.audio.local_encoder.conv_layers[0]["0"].weight.requires_grad_(False)
        torch.manual_seed(self.options.seed + 1000 * self.rank)
        self.measure_statistics()

    def train_classes(self, state):
        """All of the model learns the classes; its utterance vector also learns the clip's statistics."""
        phase = Phase("classes", self.crew, self.rank, (self.model, self.summary),
                      self.options.minutes, self.options.rate, self.options)
        average = Averaged(self.model)
        if state:
            phase.optimizer.load_state_dict(state["optimizer"])
            phase.step, phase.seconds, phase.audio = state["step"], state["seconds"], state["audio"]
            average.tensors, average.steps = state["average"], state["step"]
        evaluated = phase.seconds
        phase.start()
        going = True
        self.model.train()
        while going:
            wave, classes, corpora = self.batch(0.1 + self.options.strength * phase.progress)
            out = self.model(wave)
            # Within its corpus a class competes with the classes that the corpus has.
            loss = F.cross_entropy(out["logits"] + self.prior[corpora], classes, label_smoothing=0.05)
            statistics = (self.statistics(wave) - self.centre) / self.spread
            summary = (self.summary(out["utterance"]) - statistics).square().mean()
            right = (out["logits"].argmax(1) == classes).float().mean()
            going = phase.update(loss + self.options.summary_weight * summary,
                                 {"loss": loss, "summary": summary, "accuracy": right}, wave.numel() / dataset.RATE)
            average.update(self.model)
            if not going or phase.seconds - evaluated >= self.options.evaluate_every:
                evaluated = phase.seconds
                self.write(phase, average, going)

    def write(self, phase, average, going):
        """Writes the averaged model and the state, and measures on dev."""
        if self.rank == 0:
            checkpoint.save(average.tensors, MINI, dataset.LABELS, self.options.output)
            state = {"model": self.model.state_dict(), "summary": self.summary.state_dict(),
                     "optimizer": phase.optimizer.state_dict(), "average": average.tensors,
                     "step": phase.step, "seconds": phase.seconds, "audio": phase.audio,
                     "best": self.best, "centre": self.centre, "spread": self.spread}
            path = os.path.join(self.options.output, "state.pt")
            torch.save(state, path + ".partial")
            os.replace(path + ".partial", path)
        judge = Emotion2vec(MINI, dataset.LABELS)
        judge.load_state_dict(average.tensors)
        mine = self.dev[self.rank::self.crew.size]
        logits = np.zeros((len(self.dev), MINI.classes), np.float32)
        logits[self.rank::self.crew.size] = evaluate.logits_of(judge.eval(), map(self.audio.wave, mine))
        logits = (self.crew.mean(self.rank, torch.from_numpy(logits).flatten()) * self.crew.size).view(-1, MINI.classes)
        if self.rank == 0:
            results = evaluate.measure(logits.numpy(), self.dev)
            line = "dev UA 4-class %.1f, all %.1f; " % evaluate.means(results)
            line += ", ".join("%s %s %.1f" % (r[0], r[1], r[4]) for r in results)
            if sum(evaluate.means(results)) > self.best:
                self.best = sum(evaluate.means(results))
                checkpoint.save(average.tensors, MINI, dataset.LABELS, os.path.join(self.options.output, "best"))
            print("%s at %.0f s, %.1f h, %.1f epochs" % (line, phase.seconds, phase.audio / 3600,
                                                        phase.audio / self.crops.seconds), flush=True)
            with open(os.path.join(self.options.output, "dev.txt"), "a", encoding="utf-8") as file:
                file.write("step %d, %.0f s, %.2f h: %s\n" % (phase.step, phase.seconds, phase.audio / 3600, line))
                if not going:
                    for result in results:
                        file.write("%s %s\n%s\n" % (result[0], result[1], evaluate.format_confusion(result[6])))

    def run(self):
        path = os.path.join(self.options.output, "state.pt")
        state = torch.load(path, weights_only=False) if self.options.resume and os.path.exists(path) else None
        if state:
            self.model.load_state_dict(state["model"])
            self.summary.load_state_dict(state["summary"])
            self.centre, self.spread, self.best = state["centre"], state["spread"], state["best"]
            self.model.audio.local_encoder.conv_layers[0]["0"].weight.requires_grad_(False)
        elif self.options.start:
            self.start_from(self.options.start)
        else:
            self.train_front_end()
        if self.options.front_end_only:
            if self.rank == 0:
                checkpoint.save(self.model.state_dict(), MINI, dataset.LABELS, self.options.output)
            return
        self.train_classes(state)


def work(rank, crew, options):
    torch.set_num_threads(1)
    Trainer(rank, crew, options).run()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with manifest.tsv and the audio")
    parser.add_argument("--cache", required=True, help="folder of the decoded audio, made if missing")
    parser.add_argument("--output", required=True, help="folder of the checkpoint, the log and the state")
    parser.add_argument("--minutes", type=float, default=45.0, help="time for the supervised part")
    parser.add_argument("--front-end-minutes", type=float, default=2.0)
    parser.add_argument("--front-end-only", action="store_true", help="stop after the front end")
    parser.add_argument("--start", help="folder of a checkpoint of this shape to take the encoder from")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--batch-seconds", type=float, default=32.0, help="audio in a batch of one process")
    parser.add_argument("--crop", type=float, nargs=2, default=(0.9, 2.9), metavar=("FROM", "TO"), help="seconds of a crop")
    parser.add_argument("--rate", type=float, default=8e-4)
    parser.add_argument("--strength", type=float, default=0.25, help="how much likelier distortions get over the run")
    parser.add_argument("--summary-weight", type=float, default=0.2, help="weight of the auxiliary task")
    parser.add_argument("--evaluate-every", type=float, default=240.0, help="seconds")
    parser.add_argument("--log-every", type=int, default=50, help="steps")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="go on from the state in the output folder")
    options = parser.parse_args()
    os.makedirs(options.output, exist_ok=True)
    dataset.build_cache(options.data, options.cache, options.processes)
    crew = Crew(options.processes)
    multiprocessing.spawn(work, (crew, options), nprocs=options.processes)


if __name__ == "__main__":
    main()
