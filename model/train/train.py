# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trains emotion2vec-mini: front end on log-mel and pitch, then nine classes with supervision.

Between the two, pretrain.py may teach the encoder without labels: --front-end-only writes what it starts from, --start
takes what it wrote.

The length of a run is a wall-clock budget, or with --steps a number of steps: such a run can be repeated bit by bit.
Either can be stopped at any moment, and goes on with --resume.

    python3 train.py --data DIR --cache DIR --output DIR [--minutes 45] [--processes 2]
"""
import argparse
import collections
import csv
import dataclasses
import math
import os
import pickle
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
import runs
import teachers
from emotion2vec import Emotion2vec, Hyper, normalize_waveform
from features import BANDS, Targets

def shape(dim, heads, depth, convolutions, groups):
    """A narrow relative of the published shapes: frames of 50 Hz by wide kernels, which train several times faster than the
    published seven layers; one prenet block, three positional layers."""
    return Hyper(embed_dim=dim, depth=depth, prenet_depth=1, num_heads=heads, num_extra_tokens=4,
                 conv_layers=((256, 400, 160), (convolutions, 3, 2), (convolutions, 3, 1)),
                 conv_pos_depth=3, conv_pos_kernel=9, conv_pos_groups=groups,
                 alibi_shape=(1, 1, heads, 1, 1), classes=len(dataset.LABELS))


# The bundled model is a mini; the others show what its size costs and gives.
SHAPES = {"micro": shape(64, 4, 2, 128, 8), "mini": shape(128, 4, 3, 160, 16), "midi": shape(256, 8, 5, 256, 16)}


# Of log.csv; the last one holds "name=value, …", which differ from phase to phase.
COLUMNS = ("phase", "step", "seconds", "audio_hours", "rate", "gradient_norm", "figures")


class Crew:
    """The processes of a run: averages vectors over shared memory."""

    def __init__(self, size):
        self.size = size
        self.board = torch.zeros(size, 1 << 23).share_memory_()
        self.barrier = multiprocessing.get_context("spawn").Barrier(size)

    def mean(self, rank, vector):
        if self.size == 1:
            return vector
        self.board[rank, :len(vector)] = vector
        self.barrier.wait()
        result = self.board[:, :len(vector)].mean(0)
        self.barrier.wait()
        return result

    def gather(self, rank, thing):
        """A list with what each process gave."""
        if self.size == 1:
            return [thing]
        packed = np.frombuffer(pickle.dumps(thing), np.uint8)
        self.board[rank, 0] = len(packed)
        self.board[rank, 1:1 + len(packed)] = torch.from_numpy(packed.astype(np.float32))
        self.barrier.wait()
        things = [pickle.loads(row[1:1 + int(row[0])].numpy().astype(np.uint8).tobytes()) for row in self.board]
        self.barrier.wait()
        return things


class Phase:
    """One optimisation with a budget of time, or of steps if there are any: AdamW, warm-up, cosine to zero, averaged
    gradients."""

    def __init__(self, name, crew, rank, modules, minutes, steps, rate, options):
        self.name, self.crew, self.rank, self.rate = name, crew, rank, rate
        self.budget, self.steps = 60 * minutes, steps
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
        """The share of the budget that is spent."""
        return self.step / self.steps if self.steps else self.seconds / self.budget

    @property
    def clock(self):
        """What --evaluate-every and --save-every count: steps in a run of steps, else seconds."""
        return self.step if self.steps else self.seconds

    def update(self, loss, figures, audio_seconds):
        """One step; FIGURES are logged as means."""
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
        if self.rank == 0 and (self.step % self.options.log_every == 0 or self.progress >= 1):
            self.write_log(rate, names)

    def start(self):
        """Begins (or goes on) counting time."""
        self.started, self.offset = time.monotonic(), self.seconds
        self.bar = runs.Progress(self.progress)

    def state(self):
        return {"phase": self.name, "optimizer": self.optimizer.state_dict(), "step": self.step, "seconds": self.seconds,
                "audio": self.audio}

    def restore(self, state):
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds, self.audio = state["step"], state["seconds"], state["audio"]

    def write_log(self, rate, names):
        steps = self.window["steps"]
        values = [self.name, self.step, "%.1f" % self.seconds, "%.3f" % (self.audio / 3600), "%.3g" % rate,
                  "%.3f" % (self.window["gradient"] / steps)] + ["%s=%.4f" % (n, self.window[n] / steps) for n in names]
        runs.append(os.path.join(self.options.output, "log.csv"), COLUMNS, values)
        self.bar.show(self.progress, "%s step %s, %s s, %s h of audio, rate %s, gradient %s, %s"
                      % (tuple(values[:6]) + (", ".join(values[6:]),)))
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
        self.hyper = SHAPES[options.shape]
        self.model = Emotion2vec(self.hyper, dataset.LABELS, dropout=0.15, head_dropout=0.2)
        initialise(self.model)
        self.targets = Targets(self.hyper)
        self.acoustic = nn.Linear(self.hyper.conv_layers[-1][0], BANDS + 2)   # front end -> log-mel, pitch, voicing
        self.summary = nn.Linear(self.hyper.embed_dim, 2 * BANDS + 3)         # utterance -> statistics of those
        self.judge = Emotion2vec(self.hyper, dataset.LABELS).eval()           # for the dev split; made here, as its first weights are drawn
        self.crops = dataset.TrainingCrops(self.audio, [options.seed, rank], voices=options.voices)
        self.opinions = teachers.Opinions(options.teachers) if options.teachers else None
        self.prior = torch.from_numpy(self.crops.prior())
        self.centre = self.spread = None
        self.best = 0.0

    def batch(self, strength):
        """Waves of one random length, classes, corpora, clips."""
        seconds = float(self.crops.rng.uniform(*self.options.crop))
        size = max(4, round(self.options.batch_seconds / seconds))
        *arrays, clips = self.crops.batch(size, seconds, strength)
        return *map(torch.from_numpy, arrays), clips

    def measure_statistics(self):
        """Mean and spread of the clip statistics, to standardise them; the same in all processes."""
        rows = []
        for _ in range(12):
            wave, _, _, _ = self.batch(0.1)
            rows.append(self.statistics(wave))
        rows = torch.cat(rows)
        both = self.crew.mean(self.rank, torch.cat([rows.mean(0), rows.std(0)]))
        self.centre, self.spread = both.chunk(2)

    def statistics(self, wave):
        """Statistics of log-mel and pitch of each clip, at the frames that the model has."""
        wave = normalize_waveform(wave)
        count = (wave.shape[1] - self.hyper.shortest) // self.hyper.hop + 1
        return self.targets.statistics(*self.targets.frames(wave, count))

    def start_front_end(self):
        """Filters, and the dice of this process."""
        same_everywhere, _, _, _ = dataset.TrainingCrops(self.audio, self.options.seed).batch(32, 2.0, 0.0)
        frontend.start(self.model, torch.from_numpy(same_everywhere))
        torch.manual_seed(self.options.seed + 1000 * self.rank)   # from here on dropout differs
        self.measure_statistics()

    def train_front_end(self, state):
        """The front end learns to predict log-mel bands and pitch, frame by frame."""
        encoder = self.model.audio.local_encoder
        phase = Phase("front-end", self.crew, self.rank, (encoder, self.acoustic),
                      self.options.front_end_minutes, self.options.front_end_steps, 2e-3, self.options)
        if state:
            phase.restore(state)
        saved = phase.clock
        phase.start()
        while phase.progress < 1:
            wave, _, _, _ = self.batch(0.2)
            wave = normalize_waveform(wave)
            said = self.acoustic(encoder(wave, lambda name, value: value))
            mel, octaves, voicing = self.targets.frames(wave, said.shape[1])
            mel_loss = (said[..., :BANDS] - mel).square().mean()
            pitch_loss = ((said[..., BANDS] - octaves).square() * (voicing > 0.5)).mean()
            voicing_loss = (said[..., BANDS + 1] - voicing).square().mean()
            phase.update(mel_loss + pitch_loss + voicing_loss,
                         {"mel": mel_loss, "pitch": pitch_loss, "voicing": voicing_loss}, wave.numel() / dataset.RATE)
            if phase.progress >= 1 or phase.clock - saved >= self.options.save_every:
                saved = phase.clock
                self.save(phase)

    def begin(self):
        """The first weights of a run that has no state yet."""
        if self.options.start:
            self.start_from(self.options.start)
        else:
            self.start_front_end()

    def start_from(self, folder):
        """Takes the encoder of a checkpoint of this shape; the head stays as it is."""
        start = checkpoint.load(folder)
        if dataclasses.replace(start.hyper, classes=0, temperature=1.0) != dataclasses.replace(self.hyper, classes=0):
            raise SystemExit("train.py: %s has not the shape %s: make it with the same --shape" % (folder, self.options.shape))
        tensors, mine = start.state_dict(), self.model.state_dict()
        for name, tensor in mine.items():
            if not name.startswith("proj."):
                tensor.copy_(tensors[name])
        self.model.audio.local_encoder.conv_layers[0]["0"].weight.requires_grad_(False)
        torch.manual_seed(self.options.seed + 1000 * self.rank)
        self.measure_statistics()

    def train_classes(self, state):
        """All of the model learns the classes; its utterance vector also learns the clip's statistics."""
        phase = Phase("classes", self.crew, self.rank, (self.model, self.summary),
                      self.options.minutes, self.options.steps, self.options.rate, self.options)
        average = Averaged(self.model)
        evaluated = 0
        if state:
            phase.restore(state)
            average.tensors, average.steps, evaluated = state["average"], state["step"], state["evaluated"]
        saved = phase.clock
        phase.start()
        self.model.train()
        while phase.progress < 1:
            wave, classes, corpora, clips = self.batch(0.1 + self.options.strength * phase.progress)
            out = self.model(wave)
            # Within its corpus a class competes with the classes that the corpus has.
            loss = F.cross_entropy(out["logits"] + self.prior[corpora], classes, label_smoothing=0.05)
            if self.opinions:
                # The teachers know nothing of corpora.
                taught = F.cross_entropy(out["logits"], torch.from_numpy(self.opinions.of(clips)))
                loss = loss + self.options.teachers_weight * (taught - loss)
            statistics = (self.statistics(wave) - self.centre) / self.spread
            summary = (self.summary(out["utterance"]) - statistics).square().mean()
            right = (out["logits"].argmax(1) == classes).float().mean()
            phase.update(loss + self.options.summary_weight * summary,
                         {"loss": loss, "summary": summary, "accuracy": right}, wave.numel() / dataset.RATE)
            average.update(self.model)
            done = phase.progress >= 1
            due = done or phase.clock - evaluated >= self.options.evaluate_every
            if due:
                evaluated = phase.clock
                self.measure_dev(phase, average, done)
            if due or phase.clock - saved >= self.options.save_every:
                saved = phase.clock
                self.save(phase, average, evaluated)

    def save(self, phase, average=None, evaluated=0):
        """Writes the averaged model, and all that a run needs to go on as if it had not been stopped."""
        dice = self.crew.gather(self.rank, (self.crops.rng.bit_generator.state, torch.get_rng_state().numpy()))
        if self.rank != 0:
            return
        state = dict(phase.state(), shape=self.options.shape, model=self.model.state_dict(), acoustic=self.acoustic.state_dict(),
                     summary=self.summary.state_dict(), best=self.best, centre=self.centre, spread=self.spread, dice=dice)
        if average:
            checkpoint.save(average.tensors, self.hyper, dataset.LABELS, self.options.output)
            state.update(average=average.tensors, evaluated=evaluated)
        path = self.state_path()
        torch.save(state, path + ".partial")
        os.replace(path + ".partial", path)

    def restore(self, state):
        if "dice" not in state:
            raise SystemExit("train.py: %s was written by an older train.py: begin anew, with --start %s to keep its encoder"
                             % (self.state_path(), self.options.output))
        if state.get("shape", "mini") != self.options.shape:
            raise SystemExit("train.py: %s is of a run with --shape %s" % (self.state_path(), state.get("shape", "mini")))
        self.model.load_state_dict(state["model"])
        self.acoustic.load_state_dict(state["acoustic"])
        self.summary.load_state_dict(state["summary"])
        self.centre, self.spread, self.best = state["centre"], state["spread"], state["best"]
        self.model.audio.local_encoder.conv_layers[0]["0"].weight.requires_grad_(False)
        self.restore_dice(state["dice"])
        if self.rank == 0:
            phase, step = state["phase"], state["step"]
            runs.forget(os.path.join(self.options.output, "log.csv"),
                        lambda row: int(row["step"]) <= step if row["phase"] == phase else phase == "classes")

    def restore_dice(self, dice):
        """Of as many processes as before; others get new ones: nobody may see the crops of the beginning again."""
        if len(dice) == self.crew.size:
            self.crops.rng.bit_generator.state = dice[self.rank][0]
            torch.set_rng_state(torch.from_numpy(dice[self.rank][1].copy()))
        elif self.options.steps or self.options.front_end_steps:
            raise SystemExit("train.py: %s was written by a run of %d processes: a run that shall be repeatable goes on with "
                             "as many" % (self.state_path(), len(dice)))
        else:
            again = int(time.time())
            self.crops.rng = np.random.default_rng([self.options.seed, self.rank, again])
            torch.manual_seed(again + self.rank)

    def state_path(self):
        return os.path.join(self.options.output, "state.pt")

    def measure_dev(self, phase, average, done):
        """Measures the averaged model on dev, and keeps the best one."""
        self.judge.load_state_dict(average.tensors)
        mine = self.dev[self.rank::self.crew.size]
        logits = np.zeros((len(self.dev), self.hyper.classes), np.float32)
        if mine:
            logits[self.rank::self.crew.size] = evaluate.logits_of(self.judge, map(self.audio.wave, mine))
        logits = (self.crew.mean(self.rank, torch.from_numpy(logits).flatten()) * self.crew.size).view(-1, self.hyper.classes)
        if self.rank == 0:
            results = evaluate.measure(logits.numpy(), self.dev)
            line = "dev UA 4-class %.1f, all %.1f; " % evaluate.means(results)
            line += ", ".join("%s %s %.1f" % (r[0], r[1], r[4]) for r in results)
            if sum(evaluate.means(results)) > self.best:
                self.best = sum(evaluate.means(results))
                checkpoint.save(average.tensors, self.hyper, dataset.LABELS, os.path.join(self.options.output, "best"))
            phase.bar.say("%s at %.0f s, %.1f h, %.1f epochs" % (line, phase.seconds, phase.audio / 3600,
                                                                phase.audio / self.crops.seconds))
            with open(os.path.join(self.options.output, "dev.txt"), "a", encoding="utf-8") as file:
                file.write("step %d, %.0f s, %.2f h: %s\n" % (phase.step, phase.seconds, phase.audio / 3600, line))
                if done:
                    for result in results:
                        file.write("%s %s\n%s\n" % (result[0], result[1], evaluate.format_confusion(result[6])))

    def run(self):
        state = None
        if self.options.resume and os.path.exists(self.state_path()):
            state = torch.load(self.state_path(), weights_only=False)
            self.restore(state)
        else:
            if self.options.resume and self.rank == 0:
                runs.forget(os.path.join(self.options.output, "log.csv"), lambda row: False)
            self.begin()
        phase = state["phase"] if state else "classes" if self.options.start else "front-end"
        if phase == "front-end":
            self.train_front_end(state)
            state = None
            if self.rank == 0 and self.options.front_end_only:
                checkpoint.save(self.model.state_dict(), self.hyper, dataset.LABELS, self.options.output)
        if not self.options.front_end_only:
            self.train_classes(state)
        if self.rank == 0:
            plot(self.options.output)


def plot(folder):
    """The figures of log.csv over the steps, a panel for each phase."""
    with open(os.path.join(folder, "log.csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    panels = []
    for phase in sorted({row[0] for row in rows}, reverse=True):
        curves = collections.defaultdict(lambda: ([], []))
        for row in rows:
            for figure in row[len(COLUMNS) - 1:] if row[0] == phase else ():
                name, value = figure.split("=")
                curves[name][0].append(int(row[1]))
                curves[name][1].append(float(value))
        panels.append(("step, " + phase, dict(curves)))
    runs.plot(os.path.join(folder, "log.png"), panels)


def work(rank, crew, options):
    torch.set_num_threads(1)
    Trainer(rank, crew, options).run()


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with manifest.tsv and the audio")
    parser.add_argument("--cache", required=True, help="folder of the decoded audio, made if missing")
    parser.add_argument("--output", required=True, help="folder of the checkpoint, the log and the state")
    parser.add_argument("--minutes", type=float, default=45.0, help="time for the supervised part")
    parser.add_argument("--front-end-minutes", type=float, default=2.0)
    parser.add_argument("--steps", type=int, help="steps of the supervised part, instead of minutes: repeatable bit by bit")
    parser.add_argument("--front-end-steps", type=int, help="the same for the front end")
    parser.add_argument("--front-end-only", action="store_true", help="stop after the front end")
    parser.add_argument("--shape", default="mini", choices=SHAPES, help="of the network")
    parser.add_argument("--start", help="folder of a checkpoint of this shape to take the encoder from")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--batch-seconds", type=float, default=32.0, help="audio in a batch of one process")
    parser.add_argument("--crop", type=float, nargs=2, default=(0.9, 2.9), metavar=("FROM", "TO"), help="seconds of a crop")
    parser.add_argument("--rate", type=float, default=8e-4)
    parser.add_argument("--strength", type=float, default=0.25, help="how much likelier distortions get over the run")
    parser.add_argument("--summary-weight", type=float, default=0.2, help="weight of the auxiliary task")
    parser.add_argument("--voices", type=float, default=0.0, help="chance that a clip gets another voice")
    parser.add_argument("--teachers", help="file of teachers.py: learn from the opinions in it too")
    parser.add_argument("--teachers-weight", type=float, default=0.5, help="of 1, the labels have the rest")
    parser.add_argument("--evaluate-every", type=float, default=240.0, help="seconds; with --steps, steps")
    parser.add_argument("--save-every", type=float, default=60.0, help="seconds; with --steps, steps")
    parser.add_argument("--log-every", type=int, default=50, help="steps")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="go on from the state in the output folder")
    options = parser.parse_args()
    if options.steps and not (options.front_end_steps or options.start):
        parser.error("--steps needs --front-end-steps too, or --start with a front end that has learned")
    if options.front_end_steps and not (options.steps or options.front_end_only):
        parser.error("--front-end-steps needs --steps too, or --front-end-only")
    return options


def main():
    options = parse()
    torch.set_num_threads(1)
    dataset.build_cache(options.data, options.cache, options.processes)
    dataset.check_labelled(dataset.Audio(options.cache))
    runs.record(options, options.processes)
    crew = Crew(options.processes)
    try:
        if options.processes == 1:
            work(0, crew, options)
        else:
            multiprocessing.spawn(work, (crew, options), nprocs=options.processes)
    except KeyboardInterrupt:
        raise SystemExit("train.py: stopped: --resume goes on from what was saved last") from None
    except multiprocessing.ProcessExitedException as error:
        raise SystemExit("train.py: %s" % error) from None


if __name__ == "__main__":
    main()
