# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures a checkpoint: unweighted and weighted accuracy for each corpus of a split.

    python3 evaluate.py --checkpoint DIR --data DIR --cache DIR [--split dev] [--confusion]
    python3 evaluate.py --checkpoint DIR --clips DIR
"""
import argparse
import csv
import os

import numpy as np
import torch

import checkpoint
import dataset

FOUR = tuple(dataset.CLASSES.index(name) for name in ("angry", "happy", "neutral", "sad"))


@torch.no_grad()
def logits_of(model, waves):
    """Logits [clips, classes] of whole clips, one by one; clips too short are repeated."""
    rows = []
    for wave in waves:
        if len(wave) < model.hyper.shortest:
            wave = np.tile(wave, model.hyper.shortest // len(wave) + 1)
        rows.append(model(torch.from_numpy(wave))["logits"][0].numpy())
    return np.stack(rows)


def confusion(logits, truth, classes):
    """Counts [true, said] over CLASSES; clips and logits of other classes are left out."""
    classes = list(classes)
    chosen = np.isin(truth, classes)
    said = np.array(classes)[logits[chosen][:, classes].argmax(1)]
    counts = np.zeros((len(dataset.CLASSES),) * 2, int)
    np.add.at(counts, (truth[chosen], said), 1)
    return counts


def accuracies(counts):
    """UA and WA in percent; UA is the mean recall over the classes that occur."""
    totals = counts.sum(1)
    present = totals > 0
    return 100 * (counts.diagonal()[present] / totals[present]).mean(), 100 * counts.trace() / totals.sum()


def bootstrap(logits, truth, classes, rounds=200, seed=0):
    """95 % range of UA when the clips are drawn again (speakers are not)."""
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(rounds):
        again = rng.integers(0, len(truth), len(truth))
        values.append(accuracies(confusion(logits[again], truth[again], classes))[0])
    return np.percentile(values, [2.5, 97.5])


def measure(logits, clips):
    """For each corpus, 4-class then all-class: (corpus, kind, clips, classes, UA, WA, confusion, rows)."""
    truth = np.array([dataset.CLASSES.index(c.emotion9) for c in clips])
    results = []
    for corpus in sorted({c.corpus for c in clips}):
        rows = np.array([c.corpus == corpus for c in clips])
        for kind, classes in (("4-class", FOUR), ("all", range(logits.shape[1]))):
            counts = confusion(logits[rows], truth[rows], classes)
            present = int((counts.sum(1) > 0).sum())
            if not present:
                continue
            results.append((corpus, kind, int(counts.sum()), present) + accuracies(counts) + (counts, rows))
    return results


def means(results):
    """Mean UA over the corpora, 4-class and all-class."""
    return tuple(np.mean([r[4] for r in results if r[1] == kind]) for kind in ("4-class", "all"))


def calibration(logits, truth, temperature=1.0, bins=10):
    """Mean log loss, and expected calibration error in percent, of the scores at a temperature."""
    shifted = (logits - logits.max(1, keepdims=True)) / temperature
    scores = np.exp(shifted) / np.exp(shifted).sum(1, keepdims=True)
    confidence, right = scores.max(1), scores.argmax(1) == truth
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(confidence[place == b].sum() - right[place == b].sum()) for b in range(bins)]
    return -np.log(scores[np.arange(len(truth)), truth]).mean(), 100 * sum(gaps) / len(truth)


def best_temperature(logits, clips):
    """The temperature with the least log loss, every corpus counting the same."""
    truth = np.array([dataset.CLASSES.index(c.emotion9) for c in clips])
    groups = [np.array([c.corpus == corpus for c in clips]) for corpus in {c.corpus for c in clips}]
    grid = np.geomspace(0.3, 5, 60)
    return grid[np.argmin([sum(calibration(logits[g], truth[g], t)[0] for g in groups) for t in grid])]


def format_confusion(counts):
    """Rows are the truth, columns what was said."""
    shown = [k for k in range(len(counts)) if counts[k].any() or counts[:, k].any()]
    lines = ["%12s %s   recall" % ("", " ".join("%6s" % dataset.CLASSES[k][:6] for k in shown))]
    for k in shown:
        if counts[k].any():
            lines.append("%12s %s   %5.1f %%" % (dataset.CLASSES[k], " ".join("%6d" % counts[k, j] for j in shown),
                                                100 * counts[k, k] / counts[k].sum()))
    return "\n".join(lines)


def evaluate_split(model, options):
    dataset.build_cache(options.data, options.cache)
    audio = dataset.Audio(options.cache)
    clips = [c for c in audio.select(options.split) if c.corpus in options.corpus.split(",") or not options.corpus]
    if options.split == "noise":
        clips = [c for c in clips if c.speaker == "eval" and not c.corpus.startswith("rir")]
    logits = logits_of(model, map(audio.wave, clips))
    truth = np.array([dataset.CLASSES.index(c.emotion9) for c in clips])
    results = measure(logits, clips)
    print("%-18s %-8s %6s %8s %7s %15s %7s" % ("corpus", "kind", "clips", "classes", "UA %", "95 % of UA", "WA %"))
    for corpus, kind, count, present, ua, wa, counts, rows in results:
        low, high = bootstrap(logits[rows], truth[rows], FOUR if kind == "4-class" else range(logits.shape[1]))
        print("%-18s %-8s %6d %8d %7.1f   %5.1f - %5.1f %7.1f" % (corpus, kind, count, present, ua, low, high, wa))
    if options.split != "noise":
        print("mean UA over the corpora: 4-class %.1f, all %.1f" % means(results))
    for corpus, kind, _, _, _, _, _, rows in results:
        if kind == "all":
            print("%-18s calibration error %.1f %%" % (corpus, calibration(logits[rows], truth[rows])[1]))
    if options.calibrate:
        temperature = best_temperature(logits, clips)
        print("temperature %.2f" % temperature)
        tensors = model.state_dict()
        for name in ("proj.weight", "proj.bias"):
            tensors[name] = tensors[name] / temperature
        checkpoint.save(tensors, model.hyper, model.labels, options.calibrate)
    if options.confusion:
        for corpus, kind, _, _, _, _, counts, _ in results:
            print("\n%s, %s\n%s" % (corpus, kind, format_confusion(counts)))


def evaluate_clips(model, folder):
    with open(os.path.join(folder, "clips.tsv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    waves = [dataset.decode(os.path.join(folder, row["path"])).astype(np.float32) / 32768 for row in rows]
    logits = logits_of(model, waves)
    truth = np.array([dataset.CLASSES.index(row["emotion"]) for row in rows])
    for row, values in zip(rows, logits):
        order = np.argsort(-values)
        scores = np.exp(values - values.max()) / np.exp(values - values.max()).sum()
        of_four = FOUR[int(values[list(FOUR)].argmax())]
        print("%-28s %-9s 4-class: %-9s all: %s" % (row["path"], row["emotion"], dataset.CLASSES[of_four], ", ".join(
            "%s %.2f" % (dataset.CLASSES[k], scores[k]) for k in order[:3])))
    for kind, classes in (("4-class", FOUR), ("all", range(logits.shape[1]))):
        counts = confusion(logits, truth, classes)
        print("%s: %d of %d right" % (kind, counts.trace(), counts.sum()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", required=True, help="folder with model.pt, config.yaml, tokens.txt")
    parser.add_argument("--data", help="folder with manifest.tsv and the audio")
    parser.add_argument("--cache", help="folder of the decoded audio")
    parser.add_argument("--split", default="dev", choices=("train", "dev", "test", "zeroshot", "noise"),
                        help="noise: the clips kept for robustness tests, <unk> being right")
    parser.add_argument("--corpus", default="", help="only these, comma separated")
    parser.add_argument("--confusion", action="store_true", help="print confusion matrices too")
    parser.add_argument("--calibrate", help="folder that gets the checkpoint with its head at the best temperature")
    parser.add_argument("--clips", help="instead of a split: folder with clips.tsv and its clips")
    options = parser.parse_args()
    if options.calibrate and options.split != "dev":
        parser.error("the temperature is chosen on dev")
    if not options.clips and not (options.data and options.cache):
        parser.error("give --data and --cache, or --clips")
    torch.set_num_threads(1)
    model = checkpoint.load(options.checkpoint).eval()
    if tuple(model.labels) != dataset.LABELS:
        parser.error("the labels of this checkpoint are not the nine official ones")
    if options.clips:
        evaluate_clips(model, options.clips)
    else:
        evaluate_split(model, options)


if __name__ == "__main__":
    main()
