# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the pictures and the tables of the model card anew, from the figures that are kept beside the weights.

    python3 card.py [--check]

The figures: dev.json, test.json and zeroshot.json of evaluate.py --output, baseline.json of baseline.py --corpora,
robustness.tsv of robustness.py, embeddings.json of embeddings.py, corpora.csv of corpora.py.  The tables stand in the
documents between lines `<!-- card.py: NAME -->` and `<!-- end -->`.  --check only says whether the documents have what the
figures give.
"""
import argparse
import csv
import json
import os
import re
import sys

import numpy as np

import cardplots
from cardplots import SPLITS, name

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIGURES = os.path.join(ROOT, "model", "weights", "figures")
PICTURES = os.path.join(ROOT, "docs", "pictures")
DOCUMENTS = (os.path.join(ROOT, "docs", "model-card.md"), os.path.join(ROOT, "model", "weights", "emotion2vec-mini.md"))
BLOCK = re.compile(r"(?<=<!-- card\.py: )([a-z]+)( -->\n)(.*?)(?=<!-- end -->)", re.S)
KINDS = ("4-class", "all")


class Figures:
    """All that was measured."""

    def __init__(self, folder):
        def read(file):
            with open(os.path.join(folder, file), encoding="utf-8") as stream:
                return json.load(stream)
        self.reports = {split: read(split + ".json") for split in SPLITS
                        if os.path.exists(os.path.join(folder, split + ".json"))}
        self.baseline, self.embeddings = read("baseline.json"), read("embeddings.json")

        def read_table(file, delimiter=","):
            with open(os.path.join(folder, file), encoding="utf-8", newline="") as stream:
                return list(csv.DictReader(stream, delimiter=delimiter))
        self.robustness = read_table("robustness.tsv", "\t")
        self.corpora = read_table("corpora.csv")

    def rows(self, split, kind):
        """Figures of a kind, corpora in the order of SPLITS' files."""
        return [r for r in self.reports[split]["figures"] if r["kind"] == kind]

    def of_baseline(self, split, kind, corpus):
        """Rows of the two variants."""
        return [next(r for r in v["splits"][split] if (r["corpus"], r["kind"]) == (corpus, kind))
                for v in self.baseline["variants"].values()]


def table(head, rows, left=1):
    """Markdown; all but the first LEFT columns are numbers."""
    lines = ["| %s |" % " | ".join(head), "|%s|" % "|".join(["---"] * left + ["--:"] * (len(head) - left))]
    return "\n".join(lines + ["| %s |" % " | ".join(row) for row in rows]) + "\n"


def ranged(row):
    return "%.1f (%.1f–%.1f)" % (row["ua"], *row["range"])


def results(figures):
    """A line for each set: both kinds, with the better variant of the baseline in each cell."""
    lines = []
    for split in figures.reports:
        for four, every in zip(figures.rows(split, "4-class"), figures.rows(split, "all")):
            line = ["%s %s" % (SPLITS[split], name(four["corpus"]))]
            for row in (four, every):
                best = max(r["ua"] for r in figures.of_baseline(split, row["kind"], row["corpus"]))
                line += ["%d" % row["clips"], ranged(row), "%.1f" % row["wa"], "%.1f" % row["f1"],
                         "%.1f" % (100 / row["classes"]), "%.1f" % best]
            lines.append(line)
        if len(figures.rows(split, "all")) > 1:
            line = ["**%s, mean**" % SPLITS[split]]
            for kind in KINDS:
                rows = figures.rows(split, kind)
                best = max(np.mean([figures.of_baseline(split, kind, r["corpus"])[v]["ua"] for r in rows]) for v in (0, 1))
                line += ["", "**%.1f**" % np.mean([r["ua"] for r in rows])] + [
                    "%.1f" % np.mean([r[what] for r in rows]) for what in ("wa", "f1")]
                line += ["%.1f" % np.mean([100 / r["classes"] for r in rows]), "%.1f" % best]
            lines.append(line)
    half = ("WA", "F1", "chance", "SVM")
    return table(("split, corpus", "clips", "4-class UA") + half + ("clips", "all-class UA") + half, lines)


def verdict(figures):
    """What the comparison with the baseline comes to."""
    lines = []
    for split in figures.reports:
        for kind in KINDS:
            rows = figures.rows(split, kind)
            others = [figures.of_baseline(split, kind, r["corpus"]) for r in rows]
            mean = np.mean([r["ua"] for r in rows])
            columns = [np.mean([o[v]["ua"] for o in others]) for v in (0, 1)]
            best = [max(r["ua"] for r in o) for o in others]
            under = [name(r["corpus"]) for r, b in zip(rows, best) if b > r["range"][1]]
            lines.append([SPLITS[split], "4" if kind == "4-class" else "all", "%.1f" % mean] + ["%.1f" % c for c in columns]
                         + [("%+.1f" % over).replace("-", "−") for over in (mean - max(columns), mean - np.mean(best))]
                         + [", ".join(under) or "none"])
    return table(("split", "classes", "mini, mean UA", "SVM, level as is", "SVM, level normalised", "over the better column",
                  "over the better cells", "sets where the SVM is above the range"), lines, 2)


def baseline(figures):
    variants = figures.baseline["variants"]
    lines = []
    for split in SPLITS:
        first = next(iter(variants.values()))["splits"][split]
        for corpus in dict.fromkeys(r["corpus"] for r in first):
            line = ["%s %s" % (SPLITS[split], name(corpus))]
            for kind in KINDS:
                rows = figures.of_baseline(split, kind, corpus)
                line += ["%d" % rows[0]["clips"]] + [ranged(r) for r in rows]
            lines.append(line)
    return table(("split, corpus", "clips", "4-class UA, level as is", "level normalised", "clips",
                  "all-class UA, level as is", "level normalised"), lines)


def calibration(figures):
    lines = []
    for split, report in figures.reports.items():
        for corpus, errors in report["calibration"].items():
            lines.append(["%s %s" % (SPLITS[split], name(corpus))] + [
                "%.1f" % errors[when]["error"] if when in errors else "–" for when in ("before", "after")])
    return table(("split, corpus", "error before, %", "error after, %"), lines)


def robustness(figures):
    lines = []
    for condition in dict.fromkeys(r["condition"] for r in figures.robustness):
        rows = [r for r in figures.robustness if r["condition"] == condition]
        lines.append([condition.replace("clean", "whole clips, clean")] + [
            "%.1f" % np.mean([float(r[kind]) for r in rows if r[kind]]) for kind in ("ua4", "ua")]
            + ["%.1f" % float(r["ua"]) for r in rows])
    corpora = [name(r["corpus"]) for r in figures.robustness[:len(rows)]]
    return table(["condition, dev", "mean UA, 4 classes", "mean UA, all"] + corpora, lines)


def embeddings(figures):
    return table(("the %d nearest clips elect" % figures.embeddings["near"], "UA of the vote, %", "chance, %", "silhouette"),
                 [[what, "%.1f" % r["near_ua"], "%.1f" % r["chance"], "%+.3f" % r["silhouette"]]
                  for what, r in figures.embeddings["figures"].items()])


def corpora(figures):
    """The baseline with its level as is: what each training corpus gives to each set."""
    rows = [r for r in figures.baseline["corpora"] if r["level"] == "level as is"]
    sets = list(dict.fromkeys((r["split"], r["corpus"]) for r in rows))
    text = []
    for kind in KINDS:
        value = {(r["training"], r["split"], r["corpus"]): r for r in rows if r["kind"] == kind}
        lines = []
        for training in dict.fromkeys(r["training"] for r in rows):
            shown = training.split(" ")
            cells = [value[(training,) + s] for s in sets]
            lines.append([" ".join(shown[:-1] + [name(shown[-1])]), "%d" % cells[0]["clips"]] + ["%.1f" % c["ua"] for c in cells])
        text.append(table(["4 classes, trained on" if kind == "4-class" else "all classes, trained on", "clips"]
                          + ["%s %s" % (SPLITS[split], name(corpus)) for split, corpus in sets], lines))
    return "\n".join(text)


def leaveout(figures):
    """The encoder: what it loses on dev when a training corpus is missing."""
    value = {(r["training"], r["corpus"], r["kind"]): float(r["ua"]) for r in figures.corpora}
    sets = list(dict.fromkeys(r["corpus"] for r in figures.corpora))
    lines = []
    for training in dict.fromkeys(r["training"] for r in figures.corpora):
        lines.append([" ".join(name(word) for word in training.split(" "))] + [
            "%.1f" % value[training, corpus, kind] for kind in KINDS for corpus in sets])
    return table(["trained on"] + ["%s, dev %s" % ("4 classes" if kind == "4-class" else "all", name(corpus))
                                   for kind in KINDS for corpus in sets], lines)


TABLES = {f.__name__: f for f in (results, verdict, baseline, calibration, robustness, embeddings, corpora, leaveout)}


def with_tables(text, figures):
    """TEXT with its tables made anew."""
    return BLOCK.sub(lambda m: m[1] + m[2] + "\n" + TABLES[m[1]](figures) + "\n", text)


def draw(figures, folder):
    def path(file):
        return os.path.join(folder, "card-" + file)
    cardplots.accuracy(figures.reports, figures.baseline, path("accuracy.svg"))
    cardplots.confusions(figures.reports, path("confusion.svg"))
    cardplots.calibration(figures.reports["dev"], path("calibration.svg"))
    cardplots.robustness(figures.robustness, path("robustness.svg"))
    cardplots.embeddings(figures.embeddings, path("embeddings.png"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--figures", default=FIGURES, help="folder of the figures (default: beside the weights)")
    parser.add_argument("--pictures", default=PICTURES, help="folder that gets the pictures (default: docs/pictures)")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a table is not that of the figures")
    options = parser.parse_args()
    figures = Figures(options.figures)
    stale = []
    for document in DOCUMENTS:
        with open(document, encoding="utf-8") as file:
            text = file.read()
        fresh = with_tables(text, figures)
        if fresh != text:
            stale.append(os.path.relpath(document, ROOT))
            if not options.check:
                with open(document, "w", encoding="utf-8") as file:
                    file.write(fresh)
    if options.check:
        if stale:
            sys.exit("tables of %s are not those of the figures: run model/train/card.py" % " and ".join(stale))
        return
    try:
        draw(figures, options.pictures)
    except ImportError:
        parser.error("matplotlib is needed for the pictures: apt install python3-matplotlib")
    print("made anew: pictures in %s; %s" % (options.pictures, ", ".join(stale) or "tables are the same"))


if __name__ == "__main__":
    main()
