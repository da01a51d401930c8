# SPDX-License-Identifier: LGPL-2.1-or-later
"""What pre-training and the forms of its utterance loss give: the same short run in all forms, with several seeds.

    python3 ablate.py --data DIR --cache DIR --output DIR [--steps 1000] [--seeds 1 2 3] [--fine-tune "OPTIONS"]

Forms: no pre-training (the front end alone), the frame loss alone, and with the chunk, token and global utterance loss.
The forms of a seed start from the same front end.  Each is judged by a linear probe on frozen utterance embeddings
(standardised, logistic regression, its penalty the best on dev) and, with --fine-tune, by a run of train.py with those
options.  A stopped series goes on where it was.  DIR gets a folder for each run, ablation.csv and table.md.
"""
import argparse
import os
import shlex

import numpy as np
import torch

import checkpoint
import dataset
import embeddings
import evaluate
import trials

FORMS = {"none": "no pre-training", "frame": "frame loss", "chunk": "frame + utterance, chunk",
         "token": "frame + utterance, token", "global": "frame + utterance, global"}
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)      # scikit-learn's C
KINDS = ("4-class", "all")


def probe_clips(audio, count, seed=0):
    """COUNT training clips, as many of each corpus as there are or as fit; the same in every run."""
    rng = np.random.default_rng(seed)
    train = [c for c in audio.select("train") if "ND" not in c.licence]
    corpora = sorted({c.corpus for c in train})
    chosen = []
    for corpus in corpora:
        mine = [c for c in train if c.corpus == corpus]
        picked = rng.permutation(len(mine))[:-(-count // len(corpora))]
        chosen += [mine[k] for k in sorted(picked)]
    return chosen


def probe(model, audio, train, dev):
    """The results of evaluate.measure() on dev of the best linear probe."""
    from sklearn.linear_model import LogisticRegression
    known, fresh = (embeddings.embeddings_of(model, map(audio.wave, clips)).astype(np.float64) for clips in (train, dev))
    centre, spread = known.mean(0), known.std(0) + 1e-9
    truth = np.array([dataset.CLASSES.index(c.emotion9) for c in train])
    best, found = -1.0, None
    for penalty in PENALTIES:
        machine = LogisticRegression(C=penalty, class_weight="balanced", max_iter=1000)
        machine.fit((known - centre) / spread, truth)
        logits = np.full((len(dev), len(dataset.CLASSES)), -np.inf)
        logits[:, machine.classes_] = machine.decision_function((fresh - centre) / spread)
        results = evaluate.measure(logits, dev)
        if sum(evaluate.means(results)) > best:
            best, found = sum(evaluate.means(results)), results
    return found


def rows_of(results, form, seed, judge):
    return [{"form": form, "seed": seed, "judge": judge, "corpus": r[0], "kind": r[1], "ua": "%.2f" % r[4]} for r in results]


def table(rows):
    """Mean over the corpora, then mean and deviation over the seeds."""
    judges = list(dict.fromkeys(r["judge"] for r in rows))
    heads = ["%s, %s" % (judge, kind) for judge in judges for kind in KINDS]
    lines = ["| pre-training | seeds | %s |" % " | ".join(heads), "|---|--:|%s" % ("--:|" * len(heads))]
    for form in FORMS:
        seeds = list(dict.fromkeys(r["seed"] for r in rows if r["form"] == form))
        if not seeds:
            continue
        cells = []
        for judge in judges:
            for kind in KINDS:
                values = [np.mean([float(r["ua"]) for r in rows
                                   if (r["form"], r["seed"], r["judge"], r["kind"]) == (form, seed, judge, kind)] or [np.nan])
                          for seed in seeds]
                cells.append("%.1f" % np.mean(values) + (" ± %.1f" % np.std(values, ddof=1) if len(values) > 1 else ""))
        lines.append("| %s | %d | %s |" % (FORMS[form], len(seeds), " | ".join(cells)))
    return "\n".join(lines) + "\n"


class Series:
    def __init__(self, options):
        self.options = options
        self.audio = dataset.Audio(options.cache)
        self.train, self.dev = probe_clips(self.audio, options.probe_clips), self.audio.select("dev")
        self.common = ["--data", options.data, "--cache", options.cache]

    def folder(self, *words):
        return os.path.join(self.options.output, "-".join(map(str, words)))

    def front_end(self, seed):
        trials.run_once("train.py", self.folder("front", seed), self.common + [
            "--front-end-only", "--processes", 1, "--seed", seed] + shlex.split(self.options.front_end))
        return self.folder("front", seed)

    def pre_train(self, form, seed):
        """The folder of the encoder."""
        front = self.front_end(seed)
        if form == "none":
            return front
        trials.run_once("pretrain.py", self.folder(form, seed), self.common + [
            "--start", front, "--seed", seed, "--steps", self.options.steps,
            "--utterance", "none" if form == "frame" else form] + shlex.split(self.options.pre_train))
        return self.folder(form, seed)

    def judge(self, form, seed):
        encoder = self.pre_train(form, seed)
        rows = rows_of(probe(checkpoint.load(encoder).eval(), self.audio, self.train, self.dev), form, seed, "probe")
        if self.options.fine_tune is not None:
            folder = self.folder("fine", form, seed)
            trials.run_once("train.py", folder, self.common + ["--start", encoder, "--processes", 1, "--seed", seed]
                            + shlex.split(self.options.fine_tune))
            logits = evaluate.logits_of(checkpoint.load(folder).eval(), map(self.audio.wave, self.dev))
            rows += rows_of(evaluate.measure(logits, self.dev), form, seed, "fine-tuned")
        return rows

    def run(self):
        rows = []
        for seed in self.options.seeds:
            for form in self.options.forms:
                fresh = self.judge(form, seed)
                rows += fresh
                print("%s, seed %d: %s" % (FORMS[form], seed, ", ".join(
                    "%(judge)s %(corpus)s %(kind)s %(ua)s" % r for r in fresh)), flush=True)
                trials.write_table(rows, os.path.join(self.options.output, "ablation.csv"))
                with open(os.path.join(self.options.output, "table.md"), "w", encoding="utf-8") as file:
                    file.write(table(rows))
        print(table(rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with manifest.tsv and the audio")
    parser.add_argument("--cache", required=True, help="folder of the decoded audio, made if missing")
    parser.add_argument("--output", required=True, help="folder that gets the runs and the tables")
    parser.add_argument("--steps", type=int, default=1000, help="of each run of pre-training")
    parser.add_argument("--seeds", type=int, nargs="+", default=(1, 2, 3))
    parser.add_argument("--forms", nargs="+", default=tuple(FORMS), choices=tuple(FORMS))
    parser.add_argument("--front-end", default="--front-end-minutes 1", help="options of train.py for the front end")
    parser.add_argument("--pre-train", default="", help="more options of pretrain.py")
    parser.add_argument("--fine-tune", help="options of train.py, such as \"--minutes 5\"; without, the probe judges alone")
    parser.add_argument("--probe-clips", type=int, default=3000, help="training clips that the probe learns from")
    options = parser.parse_args()
    try:
        import sklearn  # noqa: F401
    except ImportError:
        parser.error("scikit-learn is needed: apt install python3-sklearn")
    torch.set_num_threads(1)
    os.makedirs(options.output, exist_ok=True)
    dataset.build_cache(options.data, options.cache)
    Series(options).run()


if __name__ == "__main__":
    main()
