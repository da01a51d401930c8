# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures a checkpoint: unweighted and weighted accuracy, F1 and calibration for each corpus of a split.

    python3 evaluate.py --checkpoint DIR --data DIR --cache DIR [--split dev] [--confusion] [--baseline FILE.json]
    python3 evaluate.py --checkpoint DIR --clips DIR
"""
import argparse
import csv
import dataclasses
import json
import os
import re

import numpy as np
import torch

import checkpoint
import dataset

FOUR = tuple(dataset.CLASSES.index(name) for name in ("angry", "happy", "neutral", "sad"))


@torch.no_grad()
def outputs_of(model, waves, name):
    """One of the model's outputs for a clip, "logits" or "utterance", [clips, …]; clips too short are repeated."""
    rows = []
    for wave in waves:
        if len(wave) < model.hyper.shortest:
            wave = np.tile(wave, model.hyper.shortest // len(wave) + 1)
        rows.append(model(torch.from_numpy(wave))[name][0].numpy())
    return np.stack(rows)


def logits_of(model, waves):
    """Logits [clips, classes] of whole clips, one by one."""
    return outputs_of(model, waves, "logits")


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


def weighted_f1(counts):
    """F1 in percent, the mean over the classes weighted by their clips."""
    right, totals, said = counts.diagonal(), counts.sum(1), counts.sum(0)
    return 100 * (totals * 2 * right / np.maximum(totals + said, 1)).sum() / totals.sum()


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


def figures(logits, clips):
    """The results of measure() as dictionaries for a JSON file, with weighted F1 and the range of UA."""
    truth = np.array([dataset.CLASSES.index(c.emotion9) for c in clips])
    table = []
    for corpus, kind, count, present, ua, wa, counts, rows in measure(logits, clips):
        classes = FOUR if kind == "4-class" else range(logits.shape[1])
        table.append({"corpus": corpus, "kind": kind, "clips": count, "classes": present, "ua": ua,
                      "range": bootstrap(logits[rows], truth[rows], classes).tolist(), "wa": wa,
                      "f1": weighted_f1(counts), "confusion": counts.tolist()})
    return table


def reliability(logits, truth, temperature=1.0, bins=10):
    """For each bin of the highest score: clips, their mean score, the share of them that is right; and the log loss."""
    shifted = (logits - logits.max(1, keepdims=True)) / temperature
    scores = np.exp(shifted) / np.exp(shifted).sum(1, keepdims=True)
    confidence, right = scores.max(1), scores.argmax(1) == truth
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins)
    sums = (np.bincount(place, weights, bins) / np.maximum(count, 1) for weights in (confidence, right))
    return np.stack([count, *sums]), -np.log(scores[np.arange(len(truth)), truth]).mean()


def calibration(logits, truth, temperature=1.0):
    """Mean log loss, and expected calibration error in percent, of the scores at a temperature."""
    (count, confidence, right), loss = reliability(logits, truth, temperature)
    return loss, 100 * (count * abs(confidence - right)).sum() / count.sum()


def calibrations(logits, clips, temperature):
    """For each corpus: error, loss and bins as the head says it and at the model's temperature."""
    truth = np.array([dataset.CLASSES.index(c.emotion9) for c in clips])
    table = {}
    for corpus in sorted({c.corpus for c in clips}):
        rows = np.array([c.corpus == corpus for c in clips])
        for name, value in (("before", 1.0), ("after", temperature)):
            loss, error = calibration(logits[rows], truth[rows], value)
            bins = reliability(logits[rows], truth[rows], value)[0]
            table.setdefault(corpus, {})[name] = {"error": error, "log_loss": float(loss), "bins": bins.T.tolist()}
    return table


def best_temperature(logits, clips, least=0.3):
    """The temperature of LEAST or more with the least log loss, every corpus counting the same."""
    truth = np.array([dataset.CLASSES.index(c.emotion9) for c in clips])
    groups = [np.array([c.corpus == corpus for c in clips]) for corpus in {c.corpus for c in clips}]
    grid = np.geomspace(least, 5, 60)
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


def write_json(content, path):
    """Numbers with seven digits, lists of numbers on one line: a file that can be read and compared."""
    def short(value):
        if isinstance(value, dict):
            return {k: short(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [short(v) for v in value]
        return float("%.7g" % value) if isinstance(value, (float, np.floating)) else value
    with open(path + ".partial", "w", encoding="utf-8") as file:
        lines = json.dumps(short(content), ensure_ascii=False, indent=1)
        file.write(re.sub(r"\[[-\d.,e\s]+\]", lambda m: re.sub(r"\s+", " ", m[0]).replace("[ ", "[").replace(" ]", "]"), lines))
        file.write("\n")
    os.replace(path + ".partial", path)


def compare(table, split, baseline):
    """Lines that put the baseline of baseline.py beside a table of figures()."""
    variants = baseline["variants"]
    columns = [{(r["corpus"], r["kind"]): r["ua"] for r in variants[v]["splits"].get(split, [])} for v in variants]
    lines = ["%-18s %-8s %7s %15s %s %11s  %s" % ("beside the baseline", "kind", "UA %", "95 % of UA",
                                                  " ".join("%16s" % v for v in variants), "difference", "the better baseline lies")]
    differences = {}
    for row in table:
        key = row["corpus"], row["kind"]
        if any(key not in column for column in columns):
            continue
        values = [column[key] for column in columns]
        low, high = row["range"]
        place = "below" if max(values) < low else "above" if max(values) > high else "inside"
        differences.setdefault(row["kind"], []).append([row["ua"] - v for v in values + [max(values)]])
        lines.append("%-18s %-8s  %7.1f   %5.1f - %5.1f %s %+11.1f  %s" % (
            key + (row["ua"], low, high, " ".join("%16.1f" % v for v in values), row["ua"] - max(values), place)))
    for kind, rows in differences.items():
        mean = np.mean(rows, 0)
        lines.append("%s: on average %+.1f over the better column, %+.1f over the better one of each row" % (
            kind, min(mean[:-1]), mean[-1]))
    return lines


def select(audio, split, corpus):
    """Clips of a split; of `noise` only those that no training hears."""
    clips = [c for c in audio.select(split) if not corpus or c.corpus in corpus.split(",")]
    if split == "noise":
        clips = [c for c in clips if c.speaker == "eval" and not c.corpus.startswith("rir")]
    return clips


def report_of(model, logits, clips, options):
    """Everything that is known after a look at a split, for a JSON file."""
    return {"checkpoint": os.path.basename(os.path.abspath(options.checkpoint)), "split": options.split,
            "parameters": sum(t.numel() for t in model.state_dict().values()), "temperature": model.hyper.temperature,
            "figures": figures(logits, clips), "calibration": calibrations(logits, clips, model.hyper.temperature)}


def print_report(report):
    print("%-18s %-8s %6s %8s %7s %15s %7s %7s" % ("corpus", "kind", "clips", "classes", "UA %", "95 % of UA", "WA %", "F1 %"))
    for r in report["figures"]:
        print("%-18s %-8s %6d %8d %7.1f   %5.1f - %5.1f %7.1f %7.1f" % (
            r["corpus"], r["kind"], r["clips"], r["classes"], r["ua"], *r["range"], r["wa"], r["f1"]))
    if report["split"] != "noise":
        print("mean UA over the corpora: 4-class %.1f, all %.1f" % tuple(
            np.mean([r["ua"] for r in report["figures"] if r["kind"] == kind]) for kind in ("4-class", "all")))
    for corpus, c in report["calibration"].items():
        print("%-18s calibration error %.1f %%, %.1f %% without the temperature of %.2f" % (
            corpus, c["after"]["error"], c["before"]["error"], report["temperature"]))


def evaluate_split(model, options):
    dataset.build_cache(options.data, options.cache)
    audio = dataset.Audio(options.cache)
    clips = select(audio, options.split, options.corpus)
    logits = logits_of(model, map(audio.wave, clips))
    if options.calibrate:
        # Not below 1: it would make the model surer of voices that it does not know than of those that it learned from.
        model.hyper = dataclasses.replace(model.hyper, temperature=round(float(best_temperature(logits, clips, 1.0)), 3))
        print("temperature %g" % model.hyper.temperature)
        checkpoint.save(model.state_dict(), model.hyper, model.labels, options.calibrate)
    report = report_of(model, logits, clips, options)
    print_report(report)
    if options.output:
        write_json(report, options.output)
    if options.baseline:
        with open(options.baseline, encoding="utf-8") as file:
            print("\n" + "\n".join(compare(report["figures"], options.split, json.load(file))))
    if options.confusion:
        for r in report["figures"]:
            print("\n%s, %s\n%s" % (r["corpus"], r["kind"], format_confusion(np.array(r["confusion"]))))


def evaluate_clips(model, folder):
    with open(os.path.join(folder, "clips.tsv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    waves = [dataset.decode(os.path.join(folder, row["path"])).astype(np.float32) / 32768 for row in rows]
    logits = logits_of(model, waves)
    truth = np.array([dataset.CLASSES.index(row["emotion"]) for row in rows])
    for row, values in zip(rows, logits):
        order = np.argsort(-values)
        scores = np.exp((values - values.max()) / model.hyper.temperature)
        scores /= scores.sum()
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
    parser.add_argument("--calibrate", help="folder that gets the checkpoint with the temperature that suits dev best")
    parser.add_argument("--output", help="file that gets all figures, JSON")
    parser.add_argument("--baseline", help="file of baseline.py --output, to be printed beside")
    parser.add_argument("--clips", help="instead of a split: folder with clips.tsv and its clips")
    options = parser.parse_args()
    if options.calibrate and options.split != "dev":
        parser.error("the temperature is chosen on dev")
    if not options.clips and not (options.data and options.cache):
        parser.error("give --data and --cache, or --clips")
    if options.calibrate and options.corpus:
        parser.error("the temperature is chosen on all corpora")
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
