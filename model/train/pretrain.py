# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pre-trains an encoder on speech without labels, by online distillation (distil.py).

    python3 pretrain.py --data DIR --cache DIR --start DIR --output DIR --steps 4000
    torchrun --nproc-per-node 2 pretrain.py …

--start is a checkpoint whose convolutions have learned to hear (train.py --front-end-only writes one). The output folder
gets the student in the public layout, the state to go on from, log.csv and log.png.  A run that was stopped goes on with
--resume and ends as if it never had been.
"""
import argparse
import csv
import dataclasses
import math
import os

import numpy as np
import torch
import torch.distributed as distributed

import checkpoint
import dataset
import runs
from distil import UTTERANCE_FORMS, Distiller, Recipe

# The published alarms, as deviations: below them the model says the same of everything.
LEAST_TARGET, LEAST_PREDICTION = math.sqrt(0.1), math.sqrt(0.01)
FIGURES = ("loss", "frame", "utterance", "target_deviation", "prediction_deviation", "gradient_norm", "rate", "decay")


class Collapse(RuntimeError):
    """The model says the same of everything."""


def groups_of(model, weight_decay):
    """Parameters that learn, in two groups: matrices, and what is not decayed."""
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    plain = [p for name, p in named if p.dim() < 2 or name.endswith(("extra_tokens", "alibi_scale"))]
    matrices = [p for name, p in named if not any(p is q for q in plain)]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0.0}]


def rate_at(step, options):
    """Linear warm-up over 5 % of the steps, then a cosine to zero."""
    warm = max(1, round(0.05 * options.steps))
    if step < warm:
        return options.rate * (step + 1) / warm
    return options.rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, options.steps - warm)))


class Run:
    """One process of a run."""

    def __init__(self, options):
        self.options = options
        self.rank, self.size = 0, 1
        if "WORLD_SIZE" in os.environ:
            # Debian's PyTorch 2 is built without libuv, but asks for it
            os.environ.setdefault("USE_LIBUV", "0")
            distributed.init_process_group("gloo")
            self.rank, self.size = distributed.get_rank(), distributed.get_world_size()
        torch.manual_seed(options.seed)
        student = checkpoint.load(options.start)
        student.proj = None
        student.hyper.classes = 0
        # A first layer of fixed filters (frontend.py) has weights too small for the common rate.
        student.audio.local_encoder.conv_layers[0]["0"].weight.requires_grad_(not options.fixed_filters)
        for module in student.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = options.dropout
        recipe = Recipe(clones=options.clones, utterance=options.utterance, utterance_weight=options.utterance_weight,
                        targets=options.targets, decoder_width=options.decoder_width,
                        decay=(options.decay_start, options.decay_end), decay_steps=options.decay_steps or options.steps)
        self.model = Distiller(student, recipe)
        torch.manual_seed(options.seed + 1000 * self.rank)  # from here on masks and dropout differ
        self.model.generator.manual_seed(options.seed + 1000 * self.rank)
        self.optimizer = torch.optim.AdamW(groups_of(self.model, options.weight_decay), lr=options.rate, betas=(0.9, 0.98))
        self.crops = dataset.UnlabelledCrops(dataset.Audio(options.cache), [options.seed, self.rank])
        self.step, self.seconds = 0, 0.0
        if options.resume:
            self.load()
        self.wrapped = self.model
        if self.size > 1:
            self.wrapped = torch.nn.parallel.DistributedDataParallel(self.model, find_unused_parameters=True)

    # ---- state

    def path(self, name):
        return os.path.join(self.options.output, name)

    def dice(self):
        """Of all processes, each of which has dice of its own: one file holds them, whenever the run is killed."""
        mine = {"crops": self.crops.rng.bit_generator.state, "torch": torch.get_rng_state(),
                "masks": self.model.generator.get_state()}
        if self.size == 1:
            return [mine]
        dice = [None] * self.size
        distributed.all_gather_object(dice, mine)
        return dice

    def save(self):
        first, *others = self.dice()
        if self.rank:
            return
        student = self.model.student
        checkpoint.save(student.state_dict(), student.hyper, (), self.options.output)
        state = {"step": self.step, "seconds": self.seconds, "size": self.size, **first, "others": others,
                 "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "updates": self.model.updates,
                 "recipe": dataclasses.asdict(self.model.recipe)}
        torch.save(state, self.path("state.pt.partial"))
        os.replace(self.path("state.pt.partial"), self.path("state.pt"))

    def load(self):
        if not os.path.exists(self.path("state.pt")):
            if self.rank == 0:
                runs.forget(self.path("log.csv"), lambda row: False)
            return
        shared = torch.load(self.path("state.pt"), weights_only=False)
        if shared["size"] != self.size:
            raise SystemExit("pretrain.py: %s was written by a run of %d processes: go on with as many"
                             % (self.path("state.pt"), shared["size"]))
        mine = shared["others"][self.rank - 1] if self.rank else shared
        if shared["recipe"] != dataclasses.asdict(self.model.recipe):
            raise SystemExit("pretrain.py: %s is of a run with other settings: %s" % (self.path("state.pt"), shared["recipe"]))
        self.model.load_state_dict(shared["model"])
        self.model.updates = shared["updates"]
        self.optimizer.load_state_dict(shared["optimizer"])
        self.step, self.seconds = shared["step"], shared["seconds"]
        self.crops.rng.bit_generator.state = mine["crops"]
        torch.set_rng_state(mine["torch"])
        self.model.generator.set_state(mine["masks"])
        if self.rank == 0:
            runs.forget(self.path("log.csv"), lambda row: int(row["step"]) <= self.step)

    # ---- steps

    def train_step(self):
        options = self.options
        seconds = float(self.crops.rng.uniform(*options.crop))
        wave = torch.from_numpy(self.crops.batch(max(2, round(options.batch_seconds / seconds)), seconds))
        rate = rate_at(self.step, options)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.model.train()
        self.model.teacher.eval()
        self.optimizer.zero_grad()
        loss, figures = self.wrapped(wave)
        loss.backward()
        learning = [p for group in self.optimizer.param_groups for p in group["params"] if p.grad is not None]
        norm = torch.nn.utils.clip_grad_norm_(learning, options.clip)
        if not math.isfinite(float(norm)):
            raise FloatingPointError("the gradient is not finite at step %d" % self.step)
        self.optimizer.step()
        figures.update(loss=loss.detach(), gradient_norm=norm, rate=rate, decay=self.model.decay())
        self.model.update_teacher()
        self.step += 1
        self.seconds += wave.numel() / dataset.RATE * self.size
        return {name: float(figures[name]) for name in FIGURES}

    def check_collapse(self, figures):
        if self.step < self.options.alarm_after:
            return
        if figures["target_deviation"] < LEAST_TARGET or figures["prediction_deviation"] < LEAST_PREDICTION:
            raise Collapse("the model collapses: deviation of the targets %.3f (alarm below %.3f), of the predictions %.3f "
                           "(%.3f); try a lower rate or a slower teacher" % (figures["target_deviation"], LEAST_TARGET,
                                                                            figures["prediction_deviation"], LEAST_PREDICTION))

    def log(self, figures):
        runs.append(self.path("log.csv"), ("step", "audio_hours") + FIGURES,
                    [self.step, "%.4f" % (self.seconds / 3600)] + ["%.6g" % figures[name] for name in FIGURES])

    def run(self):
        options, window = self.options, []
        progress = runs.Progress(self.step / options.steps)
        while self.step < options.steps:
            window.append(self.train_step())
            done = self.step == options.steps
            if self.step % options.log_every == 0 or done:
                means = {name: float(np.mean([row[name] for row in window])) for name in FIGURES}
                window.clear()
                if self.rank == 0:
                    self.log(means)
                    progress.show(self.step / options.steps, "step %d, loss %.3f (frame %.3f, utterance %.3f)"
                                  % (self.step, means["loss"], means["frame"], means["utterance"]))
                self.check_collapse(means)
            if self.step % options.save_every == 0 or done:
                self.save()
        if self.rank == 0:
            plot(self.path("log.csv"), self.path("log.png"))
        if self.size > 1:
            distributed.destroy_process_group()


def plot(log, picture):
    """The losses and the deviations over the steps."""
    with open(log, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    steps = [int(row["step"]) for row in rows]
    runs.plot(picture, [("step", {name: (steps, [float(row[name]) for row in rows]) for name in names})
                        for names in (("loss", "frame", "utterance"), ("target_deviation", "prediction_deviation"))])


def parse(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with manifest.tsv and the audio")
    parser.add_argument("--cache", required=True, help="folder of the decoded audio, made if missing")
    parser.add_argument("--start", required=True, help="folder of the checkpoint to begin with")
    parser.add_argument("--output", required=True, help="folder of the checkpoint, the log and the state")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--batch-seconds", type=float, default=32.0, help="audio in a batch of one process")
    parser.add_argument("--crop", type=float, nargs=2, default=(2.0, 3.2), metavar=("FROM", "TO"), help="seconds of a crop")
    parser.add_argument("--clones", type=int, default=4, help="masks of each crop")
    parser.add_argument("--utterance", choices=UTTERANCE_FORMS, default="chunk", help="form of the utterance loss")
    parser.add_argument("--utterance-weight", type=float, default=1.0)
    parser.add_argument("--targets", type=int, default=8, help="main blocks that the teacher's targets are averaged over")
    parser.add_argument("--decoder-width", type=int, default=96)
    parser.add_argument("--decay-start", type=float, default=0.997, help="of the teacher, in the beginning")
    parser.add_argument("--decay-end", type=float, default=0.9998, help="and in the end")
    parser.add_argument("--decay-steps", type=int, help="steps from the one to the other; all by default")
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--weight-decay", type=float, default=1e-2)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--clip", type=float, default=2.0, help="largest norm of a gradient")
    parser.add_argument("--learn-filters", dest="fixed_filters", action="store_false",
                        help="let the first convolution learn too")
    parser.add_argument("--alarm-after", type=int, default=500, help="steps before a collapse stops the run")
    parser.add_argument("--save-every", type=int, default=500, help="steps")
    parser.add_argument("--log-every", type=int, default=25, help="steps")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="go on from the state in the output folder")
    return parser.parse_args(arguments)


def main():
    options = parse()
    torch.set_num_threads(1)
    dataset.build_cache(options.data, options.cache)
    if os.environ.get("RANK", "0") == "0":
        runs.record(options, int(os.environ.get("WORLD_SIZE", "1")))
    try:
        Run(options).run()
    except KeyboardInterrupt:
        raise SystemExit("pretrain.py: stopped: --resume goes on from what was saved last") from None


if __name__ == "__main__":
    main()
