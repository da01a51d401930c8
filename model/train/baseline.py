# SPDX-License-Identifier: LGPL-2.1-or-later
"""The floor that an encoder has to beat: statistics of the clip (clipstats.py) and a support vector machine.

    python3 baseline.py --data DIR --cache DIR --output FILE.json [--features FILE.npz] [--with-nd]

Two variants, the level of the clips as it is and normalised; in each one machine for the four classes and one for all.
C and gamma are the best on dev. FILE.json is what `evaluate.py --baseline` prints beside a checkpoint.
--corpora trains again and again without one corpus and with one corpus only, and tells what each of them gives.
"""
import argparse
import json
import os
import sys
import time

import numpy as np

import clipstats
import dataset
import evaluate

SPLITS = ("dev", "test", "zeroshot")
VARIANTS = ("level as is", "level normalised")
KINDS = {"4-class": evaluate.FOUR, "all": tuple(k for k in range(len(dataset.CLASSES)) if k != dataset.UNKNOWN)}
C_GRID = (1.0, 3.0, 10.0, 30.0)
GAMMA_GRID = (0.0005, 0.001, 0.002, 0.004)


def features_of(audio, clips, path):
    """[clips, 2, 442]; kept in PATH, where they are taken from if they belong to the same clips."""
    names = np.array([c.path for c in clips])
    if path and os.path.exists(path):
        with np.load(path) as kept:
            if np.array_equal(kept["names"], names) and list(kept["statistics"]) == clipstats.NAMES:
                return kept["features"]
    started, rows = time.monotonic(), []
    for number, clip in enumerate(clips, 1):
        rows.append(clipstats.statistics(audio.wave(clip)))
        if number % 2000 == 0 or number == len(clips):
            took = time.monotonic() - started
            print("statistics of %d of %d clips, %.0f s left" % (number, len(clips), took / number * (len(clips) - number)),
                  file=sys.stderr, flush=True)
    features = np.stack(rows)
    if path:
        np.savez(path, names=names, statistics=np.array(clipstats.NAMES), features=features)
    return features


class Machine:
    """One-vs-one support vector machines with a radial kernel, every class weighing the same.

    Distances are computed once for all values of gamma.
    """

    def __init__(self, features, classes):
        self.centre, self.spread = features.mean(0), features.std(0) + 1e-9
        self.features, self.classes = self._standard(features), classes
        self.squares = self._distances(self.features)
        self.gamma = None

    def _standard(self, features):
        return (features.astype(np.float64) - self.centre) / self.spread

    def _distances(self, x):
        """Squared distances from the training clips, [rows, training clips]."""
        squares = np.square(x).sum(1)[:, None] + np.square(self.features).sum(1) - 2 * x @ self.features.T
        return np.maximum(squares, 0, out=squares)

    def distances(self, features):
        return self._distances(self._standard(features))

    def fit(self, c, gamma):
        from sklearn.svm import SVC
        if gamma != self.gamma:
            self.gamma, self.kernel = gamma, np.exp(-gamma * self.squares)
        self.svc = SVC(C=c, kernel="precomputed", class_weight="balanced", cache_size=1000)
        self.svc.fit(self.kernel, self.classes)
        return self

    def logits(self, distances):
        """[rows, 9]: votes of the pairs, ties decided by their margins; minus infinity where nothing was learned."""
        logits = np.full((len(distances), len(dataset.CLASSES)), -np.inf)
        logits[:, self.svc.classes_] = self.svc.decision_function(np.exp(-self.gamma * distances))
        return logits


class Bench:
    """Clips with their statistics, and the splits of them."""

    def __init__(self, audio, path):
        self.clips = audio.select("train", *SPLITS)
        self.features = features_of(audio, self.clips, path)
        self.truth = np.array([dataset.CLASSES.index(c.emotion9) for c in self.clips])

    def rows(self, split):
        return [k for k, c in enumerate(self.clips) if c.split == split]

    def training(self, kind, wanted):
        """Training clips of a kind for which WANTED(clip) is true."""
        return [k for k in self.rows("train") if self.truth[k] in KINDS[kind] and wanted(self.clips[k])]

    def machine(self, variant, kind, wanted):
        rows = self.training(kind, wanted)
        return Machine(self.features[rows, variant], self.truth[rows])

    def measure(self, machine, variant, kind, split):
        """What evaluate.py says of the machine, rows of this kind only."""
        rows = self.rows(split)
        logits = machine.logits(machine.distances(self.features[rows, variant]))
        return [r for r in evaluate.figures(logits, [self.clips[k] for k in rows]) if r["kind"] == kind]

    def choose(self, variant, kind, wanted):
        """The machine with the best mean UA on dev, and how it was chosen."""
        machine = self.machine(variant, kind, wanted)
        dev = self.rows("dev")
        distances, clips = machine.distances(self.features[dev, variant]), [self.clips[k] for k in dev]
        best = None
        for gamma in GAMMA_GRID:
            for c in C_GRID:
                results = evaluate.measure(machine.fit(c, gamma).logits(distances), clips)
                mean = np.mean([r[4] for r in results if r[1] == kind])
                if best is None or mean > best["dev_ua"]:
                    best = {"C": c, "gamma": gamma, "dev_ua": mean, "training_clips": len(machine.classes)}
        return machine.fit(best["C"], best["gamma"]), best


def full(bench, wanted):
    """Both variants and both kinds on all splits."""
    report = {}
    for variant, name in enumerate(VARIANTS):
        report[name] = {"chosen": {}, "splits": {split: [] for split in SPLITS}}
        for kind in KINDS:
            machine, chosen = bench.choose(variant, kind, wanted)
            report[name]["chosen"][kind] = chosen
            print("%s, %s: C %g, gamma %g, mean dev UA %.1f %%, %d training clips" % (
                name, kind, chosen["C"], chosen["gamma"], chosen["dev_ua"], chosen["training_clips"]), flush=True)
            for split in SPLITS:
                report[name]["splits"][split] += bench.measure(machine, variant, kind, split)
    return report


def corpora(bench, wanted, report):
    """UA on every set with all training corpora, without each of them, and with each of them alone."""
    names = sorted({bench.clips[k].corpus for k in bench.rows("train") if wanted(bench.clips[k])})
    lines = [("all", names)] + [("without " + n, [m for m in names if m != n]) for n in names] + [
        ("only " + n, [n]) for n in names]
    table = []
    for variant, level in enumerate(VARIANTS):
        for kind in KINDS:
            chosen = report[level]["chosen"][kind]
            for name, used in lines:
                machine = bench.machine(variant, kind, lambda clip: wanted(clip) and clip.corpus in used)
                machine.fit(chosen["C"], chosen["gamma"])
                for split in SPLITS:
                    for row in bench.measure(machine, variant, kind, split):
                        table.append({"level": level, "kind": kind, "training": name, "clips": len(machine.classes),
                                      "split": split, "corpus": row["corpus"], "ua": row["ua"]})
                print("%s, %s, %s: %s" % (level, kind, name, ", ".join(
                    "%s %s %.1f" % (r["split"], r["corpus"], r["ua"]) for r in table[-9:])), flush=True)
    return table


def print_table(report):
    print("%-9s %-18s %-8s %s" % ("split", "corpus", "kind", "  ".join("%28s" % v for v in VARIANTS)))
    for split in SPLITS:
        for rows in zip(*(report[v]["splits"][split] for v in VARIANTS)):
            print("%-9s %-18s %-8s %s" % (split, rows[0]["corpus"], rows[0]["kind"], "  ".join(
                "%14.1f (%4.1f - %4.1f)" % (r["ua"], *r["range"]) for r in rows)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with manifest.tsv and the audio")
    parser.add_argument("--cache", required=True, help="folder of the decoded audio, made if missing")
    parser.add_argument("--output", required=True, help="file that gets the figures, JSON")
    parser.add_argument("--features", help="file that keeps the statistics of the clips, .npz")
    parser.add_argument("--with-nd", action="store_true", help="train on corpora under a licence without derivatives too")
    parser.add_argument("--corpora", action="store_true", help="also train without, and with only, each corpus")
    options = parser.parse_args()
    try:
        import sklearn
    except ImportError:
        parser.error("scikit-learn is needed: apt install python3-sklearn")
    dataset.build_cache(options.data, options.cache)
    bench = Bench(dataset.Audio(options.cache), options.features)
    wanted = (lambda clip: True) if options.with_nd else (lambda clip: "ND" not in clip.licence)
    report = {"name": "statistics and SVM", "with_nd": options.with_nd, "scikit-learn": sklearn.__version__,
              "variants": full(bench, wanted)}
    print_table(report["variants"])
    if options.corpora:
        report["corpora"] = corpora(bench, wanted, report["variants"])
    evaluate.write_json(report, options.output)


if __name__ == "__main__":
    main()
