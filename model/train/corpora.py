# SPDX-License-Identifier: LGPL-2.1-or-later
"""What each training corpus gives: trains without one after the other, and measures on all dev sets.

    python3 corpora.py --data DIR --cache DIR --output DIR [--only] -- [options of train.py]

A stopped series goes on where it was.  DIR gets a folder for each run and corpora.csv.  The same for the classical
baseline, in minutes: baseline.py --corpora.
"""
import argparse
import csv
import os

import numpy as np
import torch

import checkpoint
import dataset
import evaluate
import trials


def without(cache, folder, unwanted):
    """A cache that lacks the training clips of the corpora in UNWANTED; the samples are those of CACHE."""
    os.makedirs(folder, exist_ok=True)
    samples = os.path.join(folder, "audio.i16")
    if not os.path.exists(samples):
        os.symlink(os.path.abspath(os.path.join(cache, "audio.i16")), samples)
    with open(os.path.join(cache, "index.tsv"), encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    kept = [r for r in rows if not (r[2] == "train" and r[1] in unwanted)]
    with open(os.path.join(folder, "index.tsv"), "w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None).writerows(kept)
    return len(rows) - len(kept)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with manifest.tsv and the audio")
    parser.add_argument("--cache", required=True, help="folder of the decoded audio, made if missing")
    parser.add_argument("--output", required=True, help="folder that gets the runs and the table")
    parser.add_argument("--only", action="store_true", help="train on one corpus alone too")
    parser.add_argument("training", nargs="*", help="options of train.py, behind --")
    options = parser.parse_args()
    dataset.build_cache(options.data, options.cache)
    audio = dataset.Audio(options.cache)
    names = sorted({c.corpus for c in audio.select("train") if "ND" not in c.licence})
    runs = [("all", [])] + [("without " + n, [n]) for n in names]
    if options.only:
        runs += [("only " + n, [m for m in names if m != n]) for n in names]
    torch.set_num_threads(1)
    clips, rows = audio.select("dev"), []
    for name, unwanted in runs:
        folder = os.path.join(options.output, name.replace(" ", "-"))
        lacking = without(options.cache, os.path.join(folder, "cache"), unwanted)
        trials.run_once("train.py", folder, ["--data", options.data, "--cache", os.path.join(folder, "cache")]
                        + options.training)
        model = checkpoint.load(folder).eval()
        logits = evaluate.logits_of(model, map(audio.wave, clips))
        rows += [{"training": name, "clips left out": lacking, "corpus": r[0], "kind": r[1], "ua": "%.2f" % r[4]}
                 for r in evaluate.measure(logits, clips)]
        trials.write_table(rows, os.path.join(options.output, "corpora.csv"))
        mine = [r for r in rows if r["training"] == name]
        print("%s: %s; mean %s" % (name, ", ".join("%(corpus)s %(kind)s %(ua)s" % r for r in mine), " / ".join(
            "%.1f" % np.mean([float(r["ua"]) for r in mine if r["kind"] == k]) for k in ("4-class", "all"))), flush=True)


if __name__ == "__main__":
    main()
