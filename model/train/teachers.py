# SPDX-License-Identifier: LGPL-2.1-or-later
"""What classical recognisers think of the training clips, none of them knowing the speaker: soft targets for train.py.

    python3 teachers.py --data DIR --cache DIR --output FILE.npz [--features FILE.npz] [--folds 4]

An encoder learns the voices of the few training speakers by heart; statistics of a clip in a support vector machine or in
trees go wrong in other places, and both together are right more often than either. So that the encoder can learn from
their opinions and not from their memory, the speakers are dealt into folds, and a clip is judged by recognisers that
heard only the other folds. FILE.npz holds `paths` and `scores` [clips, 9].
"""
import argparse
import collections
import os
import time

import numpy as np

import baseline
import dataset
import evaluate

LEAST_SCORE = 1e-4      # of a class, before the logarithm


def support_vectors(seed, c=3.0, gamma=0.001):
    """Learns from statistics [clips, 442] and classes; the result gives logits for other statistics."""
    def learn(features, classes):
        machine = baseline.Machine(features, classes).fit(c, gamma)
        return lambda others: machine.logits(machine.distances(others))
    return learn


def trees(seed, count=200):
    """The same by extremely randomised trees."""
    from sklearn.ensemble import ExtraTreesClassifier

    def learn(features, classes):
        forest = ExtraTreesClassifier(count, class_weight="balanced", min_samples_leaf=3, max_features=60, random_state=seed)
        forest.fit(features, classes)

        def logits(others):
            scores = np.zeros((len(others), len(dataset.CLASSES)))
            scores[:, forest.classes_] = forest.predict_proba(others)
            return np.log(np.maximum(scores, LEAST_SCORE))
        return logits
    return learn


TEACHERS = {"support vectors": support_vectors, "trees": trees}


def deal(clips, folds, seed):
    """The fold of each clip: in every corpus the speakers are shuffled and dealt out in turn."""
    rng, fold_of = np.random.default_rng(seed), {}
    for corpus in sorted({c.corpus for c in clips}):
        speakers = sorted({c.speaker for c in clips if c.corpus == corpus})
        for place, number in enumerate(rng.permutation(len(speakers))):
            fold_of[corpus, speakers[number]] = place % folds
    return np.array([fold_of[c.corpus, c.speaker] for c in clips])


def log_scores(logits, clips):
    """Logarithms of scores that are as sure as the clips allow: the temperature with the least log loss."""
    scaled = logits / evaluate.best_temperature(logits, clips)
    scaled = scaled - scaled.max(1, keepdims=True)
    scores = np.exp(scaled) / np.exp(scaled).sum(1, keepdims=True)
    return np.log(np.maximum(scores, LEAST_SCORE))


def judge(learn, features, classes, fold):
    """Logits [clips, 9] of each fold by what was learned from the others."""
    logits = np.empty((len(classes), len(dataset.CLASSES)))
    for k in range(fold.max() + 1):
        logits[fold == k] = learn(features[fold != k], classes[fold != k])(features[fold == k])
    return logits


def opinions(bench, folds, seed):
    """Training clips and their scores [clips, 9], the geometric mean over teachers and variants of the statistics."""
    rows = bench.training("all", lambda clip: "ND" not in clip.licence)
    clips, classes = [bench.clips[k] for k in rows], bench.truth[rows]
    fold, total, started = deal(clips, folds, seed), 0, time.monotonic()
    for name, make in TEACHERS.items():
        for variant, level in enumerate(baseline.VARIANTS):
            logs = log_scores(judge(make(seed), bench.features[rows, variant], classes, fold), clips)
            report("%s, %s, %.0f s" % (name, level, time.monotonic() - started), logs, clips)
            total = total + logs
    total = log_scores(total, clips)
    report("together", total, clips)
    return clips, np.exp(total)


def report(name, logits, clips):
    results = evaluate.measure(logits, clips)
    print("%s: UA of speakers not heard %.1f / %.1f; %s" % ((name,) + evaluate.means(results) + (", ".join(
        "%s %s %.1f" % (r[0], r[1], r[4]) for r in results),)), flush=True)


class Opinions:
    """The scores of a file, for batches of clips; a clip that the file does not know is judged by its label."""

    def __init__(self, path):
        with np.load(path) as kept:
            self.scores = dict(zip(kept["paths"].tolist(), kept["scores"].astype(np.float32)))

    def of(self, clips):
        """[clips, 9]."""
        sure = np.eye(len(dataset.CLASSES), dtype=np.float32)
        return np.stack([self.scores.get(c.path, sure[dataset.CLASSES.index(c.emotion9)]) for c in clips])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with manifest.tsv and the audio")
    parser.add_argument("--cache", required=True, help="folder of the decoded audio, made if missing")
    parser.add_argument("--output", required=True, help="file that gets the scores, .npz")
    parser.add_argument("--features", help="file that keeps the statistics of the clips, .npz, shared with baseline.py")
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.folds < 2:
        parser.error("with less than two folds every teacher knows the speaker that it judges")
    dataset.build_cache(options.data, options.cache)
    bench = baseline.Bench(dataset.Audio(options.cache), options.features)
    clips, scores = opinions(bench, options.folds, options.seed)
    np.savez(options.output + ".partial.npz", paths=np.array([c.path for c in clips]), scores=scores.astype(np.float32))
    os.replace(options.output + ".partial.npz", options.output)
    counts = collections.Counter(c.corpus for c in clips)
    print("%s: %s" % (options.output, ", ".join("%d clips of %s" % (n, c) for c, n in sorted(counts.items()))))


if __name__ == "__main__":
    main()
