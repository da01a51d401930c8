# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of series of runs, of the figures of embeddings, and of the model card's tables.

    python3 test_series.py [unittest options]
"""
import csv
import io
import os
import re
import tempfile
import unittest
from contextlib import redirect_stdout

import numpy as np

import ablate
import card
import corpora
import dataset
import embeddings
import trials

try:
    import sklearn.neighbors
except ImportError:
    sklearn = None
SCRIPT = """import os, sys
folder = sys.argv[sys.argv.index("--output") + 1]
os.makedirs(folder, exist_ok=True)
with open(os.path.join(folder, "state.pt"), "a") as file:
    print(sys.argv[3:], file=file)
sys.exit(int(os.environ.get("TRIALS_TEST_STATUS", "0")))
"""


class Runs(unittest.TestCase):
    def test_once(self):
        """A run that failed goes on, a finished one is not run again, another command in its folder is refused."""
        with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
            script, output = os.path.join(folder, "script.py"), os.path.join(folder, "out")
            with open(script, "w", encoding="utf-8") as file:
                file.write(SCRIPT)
            os.environ["TRIALS_TEST_STATUS"] = "3"
            try:
                with self.assertRaises(Exception):
                    trials.run_once(script, output, ["--steps", 5])
            finally:
                del os.environ["TRIALS_TEST_STATUS"]
            self.assertTrue(trials.run_once(script, output, ["--steps", 5]))
            self.assertFalse(trials.run_once(script, output, ["--steps", 5]))
            with open(os.path.join(output, "state.pt"), encoding="utf-8") as file:
                self.assertEqual(file.read().splitlines(), ["['--steps', '5']", "['--steps', '5', '--resume']"])
            with self.assertRaises(SystemExit):
                trials.run_once(script, output, ["--steps", 6])

    def test_cache_without_a_corpus(self):
        """Only training clips of that corpus are missing, and the samples of the others are where they were."""
        rows = [["path", "corpus", "split", "speaker", "emotion9", "licence", "offset", "samples"]]
        rows += [["%s%d" % (c, k), c, split, "s", "sad", "MIT", str(100 * len(rows)), "3"]
                 for c in "ab" for k, split in enumerate(("train", "dev", "train"))]
        with tempfile.TemporaryDirectory() as folder:
            cache, less = os.path.join(folder, "cache"), os.path.join(folder, "less")
            os.makedirs(cache)
            np.arange(1000, dtype=np.int16).tofile(os.path.join(cache, "audio.i16"))
            with open(os.path.join(cache, "index.tsv"), "w", encoding="utf-8", newline="") as file:
                csv.writer(file, delimiter="\t").writerows(rows)
            for _ in range(2):
                self.assertEqual(corpora.without(cache, less, ["b"]), 2)
            whole, part = dataset.Audio(cache), dataset.Audio(less)
            self.assertEqual([c.path for c in part.clips], ["a0", "a1", "a2", "b1"])
            for clip in part.clips:
                same = next(c for c in whole.clips if c.path == clip.path)
                np.testing.assert_array_equal(part.wave(clip), whole.wave(same))

    def test_table(self):
        """Mean over the corpora first, then mean and deviation over the seeds: (15, 25) and (35, 45)."""
        rows = [{"form": "chunk", "seed": seed, "judge": "probe", "corpus": corpus, "kind": kind, "ua": str(ua)}
                for seed, values in ((1, (10, 20)), (2, (20, 30))) for corpus, ua in zip("ab", values)
                for kind, ua in (("4-class", ua), ("all", ua + 20))]
        self.assertIn("| frame + utterance, chunk | 2 | 20.0 ± 7.1 | 40.0 ± 7.1 |", ablate.table(rows))

    def test_probe_clips(self):
        clips = [dataset.Clip("%s%d" % (c, k), c, "train", "s", "sad", licence, 0, 0)
                 for c, licence, count in (("a", "MIT", 50), ("b", "MIT", 7), ("c", "CC BY-ND", 50)) for k in range(count)]
        audio = dataset.Audio.__new__(dataset.Audio)
        audio.clips = clips
        chosen = ablate.probe_clips(audio, 40)
        self.assertEqual([sum(c.corpus == x for c in chosen) for x in "abc"], [20, 7, 0])
        self.assertEqual(chosen, ablate.probe_clips(audio, 40))


class Embeddings(unittest.TestCase):
    @unittest.skipUnless(sklearn, "needs scikit-learn")
    def test_votes(self):
        """Against scikit-learn's nearest neighbours, each clip judged by the others."""
        rng = np.random.default_rng(1)
        kinds = rng.integers(0, 3, 120)
        points = rng.standard_normal((120, 4)) + 1.5 * kinds[:, None]
        right = []
        for k in range(120):
            others = np.arange(120) != k
            machine = sklearn.neighbors.KNeighborsClassifier(embeddings.NEAR).fit(points[others], kinds[others])
            right.append(machine.predict(points[k:k + 1])[0] == kinds[k])
        expected = 100 * np.mean([np.mean(np.array(right)[kinds == kind]) for kind in range(3)])
        everyone = np.ones((120, 120), bool)
        self.assertAlmostEqual(embeddings.votes(points, kinds, everyone), expected)

    def test_only_the_allowed_vote(self):
        """Each speaker says both kinds in a place of his own: his own clips would mislead, those of others do not."""
        kinds, speakers = np.array([0, 1] * 20), np.repeat([0, 1], 20)
        points = np.stack([speakers * 100.0 + np.arange(40) % 20 * 0.01, kinds * 10.0], 1)
        allowed = speakers[:, None] != speakers
        self.assertEqual(embeddings.votes(points, kinds, allowed), 100)
        self.assertEqual(embeddings.votes(points, speakers, allowed), 0)


class Card(unittest.TestCase):
    def test_documents_have_the_figures(self):
        figures = card.Figures(card.FIGURES)
        for path in card.DOCUMENTS:
            with open(path, encoding="utf-8") as file:
                text = file.read()
            self.assertTrue(card.BLOCK.search(text), path)
            self.assertEqual(card.with_tables(text, figures), text, "run model/train/card.py")

    def test_another_figure_is_seen(self):
        figures = card.Figures(card.FIGURES)
        with open(card.DOCUMENTS[0], encoding="utf-8") as file:
            text = file.read()
        figures.reports["dev"]["figures"][0]["ua"] += 1
        self.assertNotEqual(card.with_tables(text, figures), text)

    def test_pictures_exist(self):
        with open(card.DOCUMENTS[0], encoding="utf-8") as file:
            named = re.findall(r"\]\(pictures/(card-[a-z.]+)\)", file.read())
        self.assertEqual(len(named), 5)
        for name in named:
            self.assertLess(os.path.getsize(os.path.join(card.PICTURES, name)), 150000)


if __name__ == "__main__":
    unittest.main()
