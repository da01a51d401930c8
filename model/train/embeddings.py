# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the clips lie in the space of utterance embeddings, by emotion, corpus and speaker.

    python3 embeddings.py --checkpoint DIR --data DIR --cache DIR --output FILE.json [--split dev]

FILE.json gets a map of the clips (t-SNE), which card.py draws, and two kinds of figures that say what the eye sees:
how often the clips nearby are of the same kind, and the silhouette.
"""
import argparse

import numpy as np
import torch

import checkpoint
import dataset
import evaluate

NEAR = 10


def embeddings_of(model, waves):
    """Utterance embeddings [clips, width] of whole clips."""
    return evaluate.outputs_of(model, waves, "utterance")


def votes(points, kinds, allowed):
    """UA in percent when the NEAR nearest of the allowed clips elect a clip's kind; ALLOWED [clips, clips]."""
    kinds = np.unique(kinds, return_inverse=True)[1]
    squares = np.square(points).sum(1)
    distances = squares[:, None] + squares - 2 * points @ points.T
    distances[~allowed | np.eye(len(points), dtype=bool)] = np.inf
    order = np.argsort(distances, 1)[:, :NEAR]
    counts = np.stack([((kinds[order] == k) & np.isfinite(np.take_along_axis(distances, order, 1))).sum(1)
                       for k in range(kinds.max() + 1)], 1)
    right = counts.argmax(1) == kinds
    return 100 * np.mean([right[kinds == k].mean() for k in range(kinds.max() + 1)])


def figures(points, clips):
    """For each kind: the vote of the clips nearby, chance, and the silhouette (-1 to 1)."""
    from sklearn.metrics import silhouette_score
    emotion, corpus, speaker = (np.array([getattr(c, name) for c in clips]) for name in ("emotion9", "corpus", "speaker"))
    speaker = np.char.add(np.char.add(corpus, "/"), speaker)
    everyone = np.ones((len(clips),) * 2, bool)
    table = {}
    for name, kinds, allowed in (("emotion, other speakers nearby", emotion, speaker[:, None] != speaker),
                                 ("corpus", corpus, everyone), ("speaker", speaker, everyone)):
        table[name] = {"near_ua": votes(points, kinds, allowed), "chance": 100 / len(set(kinds)),
                       "silhouette": float(silhouette_score(points, kinds))}
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", required=True, help="folder with model.pt, config.yaml, tokens.txt")
    parser.add_argument("--data", required=True, help="folder with manifest.tsv and the audio")
    parser.add_argument("--cache", required=True, help="folder of the decoded audio, made if missing")
    parser.add_argument("--split", default="dev", choices=("train", "dev"))
    parser.add_argument("--output", required=True, help="file that gets the map and the figures, JSON")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    try:
        from sklearn.manifold import TSNE
    except ImportError:
        parser.error("scikit-learn is needed: apt install python3-sklearn")
    torch.set_num_threads(1)
    dataset.build_cache(options.data, options.cache)
    audio = dataset.Audio(options.cache)
    clips = evaluate.select(audio, options.split, "")
    points = embeddings_of(checkpoint.load(options.checkpoint).eval(), map(audio.wave, clips))
    points = (points - points.mean(0)) / (points.std(0) + 1e-9)
    table = figures(points, clips)
    for name, row in table.items():
        print("%-32s vote of the %d nearest: UA %.1f %% (chance %.1f), silhouette %+.3f" % (
            name, NEAR, row["near_ua"], row["chance"], row["silhouette"]))
    place = TSNE(init="pca", learning_rate="auto", perplexity=30, random_state=options.seed).fit_transform(points)
    evaluate.write_json({"split": options.split, "near": NEAR, "figures": table,
                         "emotion": [dataset.CLASSES.index(c.emotion9) for c in clips],
                         "corpus": [c.corpus for c in clips], "speaker": [c.speaker for c in clips],
                         "x": np.round(place[:, 0].astype(float), 2).tolist(),
                         "y": np.round(place[:, 1].astype(float), 2).tolist()}, options.output)


if __name__ == "__main__":
    main()
