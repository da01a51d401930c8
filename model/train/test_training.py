# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of training: a tiny run from the first filters to the plugin, every stage of it killed and gone on with.

    python3 test_training.py [unittest options]

Nothing is needed but the clips that come with the project; the rest of the corpus is made here. With EMOTION2VEC_TOOL,
GST_LAUNCH and the plugin in GST_PLUGIN_PATH the model is also converted and asked through the element.
EMOTION2VEC_KILL_SEED repeats the moments at which a run was killed.
"""
import csv
import hashlib
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import numpy as np
import soundfile
import torch

import checkpoint
import dataset
import runs
import train

FOLDER = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.join(FOLDER, "..", "..", "tests")
CLIPS = os.path.join(TESTS, "clips")
RATE = dataset.RATE
COLUMNS = ("path", "corpus", "split", "speaker", "emotion9", "licence")
KILL_SEED = int(os.environ.get("EMOTION2VEC_KILL_SEED") or random.SystemRandom().randrange(1 << 31))
# pitch in Hz, its change over the clip in octaves, beats per second, how fast the harmonics fall, level
VOICES = {"angry": (190, 0.0, 9.0, 0.3, 0.5), "happy": (340, 0.6, 4.0, 0.9, 0.3), "neutral": (140, 0.0, 3.0, 1.3, 0.2),
          "sad": (95, -0.4, 1.5, 2.5, 0.1)}


# ---- a corpus

def voice(emotion, speaker, rng):
    """A buzz that swells and sinks, in the manner of EMOTION; speakers differ in pitch and formants."""
    pitch, bend, beats, fall, level = VOICES[emotion]
    count = int(rng.uniform(1.1, 1.8) * RATE)
    time = np.arange(count) / RATE
    octaves = 0.25 * (speaker - 1.5) / 1.5 + rng.normal(0, 0.04) + bend * time / time[-1]
    phase = 2 * np.pi * np.cumsum(pitch * 2 ** octaves) / RATE
    formant = 600 + 150 * speaker
    wave = 0
    for harmonic in range(1, 20):
        place = harmonic * pitch
        gain = harmonic ** -fall * (1 + 2 * np.exp(-((place - formant) / 200) ** 2)) * (place < 0.4 * RATE)
        wave = wave + gain * np.sin(harmonic * phase + rng.uniform(0, 2 * np.pi))
    wave = wave * (0.55 - 0.45 * np.cos(2 * np.pi * beats * rng.uniform(0.9, 1.1) * time))
    return level * wave / np.abs(wave).max() + 0.002 * rng.standard_normal(count)


def write_corpus(folder):
    """Two corpora of made voices, the project's clips, noise and a room; FLAC, WAV and Opus."""
    rng, rows = np.random.default_rng(7), []

    def add(name, wave, *row):
        soundfile.write(os.path.join(folder, name), wave, RATE)
        rows.append((name,) + row)
    for speaker in range(4):
        for emotion in VOICES:
            for take in range(3):
                name = "%s-%d-%d.%s" % (emotion, speaker, take, "wav" if take else "flac")
                add(name, voice(emotion, speaker, rng), "voices%d" % (take % 2), "dev" if speaker == 3 else "train",
                    "v%d" % speaker, emotion, "CC0")
        add("free-%d.wav" % speaker, voice(rng.choice(list(VOICES)), speaker, rng), "voices0", "unlabelled", "?", "unknown", "CC0")
    add("nd.wav", voice("sad", 1, rng), "closed", "train", "n1", "sad", "CC BY-NC-ND 4.0")
    for part in ("aug", "eval"):
        add("hiss-%s.wav" % part, 0.1 * rng.standard_normal(2 * RATE), "hiss", "noise", part, "unknown", "CC0")
    decay = np.exp(-np.arange(RATE // 4) / 800)
    add("room.flac", 0.5 * decay * rng.standard_normal(len(decay)), "rir-made", "noise", "aug", "unknown", "CC0")
    with open(os.path.join(CLIPS, "clips.tsv"), encoding="utf-8", newline="") as file:
        for clip in csv.DictReader(file, delimiter="\t"):
            shutil.copy(os.path.join(CLIPS, clip["path"]), folder)
            rows.append((clip["path"], "emodb", "dev" if clip["speaker"] == "s15" else "train", clip["speaker"],
                         clip["emotion"], "CC0"))
    write_manifest(folder, rows)


def write_manifest(folder, rows, columns=COLUMNS):
    with open(os.path.join(folder, "manifest.tsv"), "w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t", lineterminator="\n").writerows([columns] + rows)


# ---- programs that are killed

class ScratchTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.dice = random.Random(KILL_SEED)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    @classmethod
    def path(cls, *names):
        return os.path.join(cls.scratch.name, *names)

    def command(self, program, *arguments):
        return [sys.executable, os.path.join(FOLDER, program), "--data", self.path("data"), "--cache", self.path("cache"),
                *arguments]

    def run_it(self, program, *arguments):
        """What it says."""
        done = subprocess.run(self.command(program, *arguments), capture_output=True, text=True, timeout=1800)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout + done.stderr

    def refused(self, program, *arguments):
        """What it says, which has to be meant for people."""
        done = subprocess.run(self.command(program, *arguments), capture_output=True, text=True, timeout=600)
        self.assertNotEqual(done.returncode, 0)
        self.assertNotIn("Traceback", done.stderr)
        return done.stderr

    def kill_it(self, phase, steps, program, *arguments):
        """Kills the program, with all its processes, after one of the STEPS of a phase, which is drawn."""
        moment = self.dice.randrange(1, steps)
        process = subprocess.Popen(self.command(program, *arguments), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   text=True, start_new_session=True)
        said = ""
        for line in process.stderr:
            said += line
            step = re.search(phase + r"step (\d+),", line)
            if step and int(step[1]) >= moment:
                break
        os.killpg(process.pid, signal.SIGKILL)
        # (where this process has to wait for its turn, the other one may have come to its end)
        self.assertIn(process.wait(), (0, -signal.SIGKILL), "EMOTION2VEC_KILL_SEED=%d: %s" % (KILL_SEED, said))
        process.stderr.close()

    def kill_and_go_on(self, steps, program, *arguments):
        self.kill_it("", steps, program, *arguments)
        return self.run_it(program, *arguments, "--resume")

    def weights(self, *names):
        return checkpoint.read_tensors(self.path(*names, "model.pt"))

    def assert_same_weights(self, one, other):
        self.assertEqual(set(one), set(other))
        for name, tensor in one.items():
            self.assertTrue(torch.equal(tensor, other[name]), "EMOTION2VEC_KILL_SEED=%d: %s" % (KILL_SEED, name))

    def rows(self, output):
        """Phase and step of each line of the log."""
        with open(self.path(output, "log.csv"), encoding="utf-8", newline="") as file:
            return [(row[0], int(row[1])) for row in list(csv.reader(file))[1:]]


class Repeatable(ScratchTest):
    """A run of a number of steps: bit by bit the same, whatever happens to it."""
    FRONT, CLASSES = 6, 8
    SETTINGS = ("--front-end-steps", str(FRONT), "--steps", str(CLASSES), "--batch-seconds", "5", "--log-every", "1",
                "--evaluate-every", "3", "--save-every", "2")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        os.mkdir(cls.path("data"))
        write_corpus(cls.path("data"))

    def check(self, processes):
        settings = self.SETTINGS + ("--processes", str(processes))
        whole, killed = ("%s%d" % (name, processes) for name in ("whole", "killed"))
        self.run_it("train.py", *settings, "--output", self.path(whole))
        expected = [("front-end", step + 1) for step in range(self.FRONT)]
        expected += [("classes", step + 1) for step in range(self.CLASSES)]
        self.assertEqual(self.rows(whole), expected)

        # once in the front end, once while it learns the classes
        self.kill_it("front-end ", self.FRONT, "train.py", *settings, "--output", self.path(killed))
        self.kill_it("classes ", self.CLASSES, "train.py", *settings, "--output", self.path(killed), "--resume")
        self.run_it("train.py", *settings, "--output", self.path(killed), "--resume")
        self.assertEqual(self.rows(killed), expected)
        self.assert_same_weights(self.weights(whole), self.weights(killed))
        self.assert_same_weights(self.weights(whole, "best"), self.weights(killed, "best"))
        return whole, killed

    def test_one_process(self):
        whole, killed = self.check(1)
        self.assertTrue(os.path.exists(self.path(whole, "log.png")) or not has_matplotlib())
        self.check_record(whole, killed)

        # a run that is at its end does nothing more
        self.run_it("train.py", *self.SETTINGS, "--processes", "1", "--output", self.path(killed), "--resume")
        self.assert_same_weights(self.weights(whole), self.weights(killed))
        self.assertIn("as many", self.refused("train.py", *self.SETTINGS, "--processes", "2", "--output", self.path(killed),
                                              "--resume"))

    def test_two_processes(self):
        self.check(2)

    def check_record(self, whole, killed):
        with open(self.path("data", "manifest.tsv"), "rb") as file:
            manifest = hashlib.sha256(file.read()).hexdigest()
        for output in (whole, killed):
            with open(self.path(output, "run.json"), encoding="utf-8") as file:
                entries = json.load(file)["runs"]
            self.assertEqual(len(entries) == 1, output == whole)
            for entry in entries:
                self.assertEqual((entry["seed"], entry["processes"], entry["threads"]), (1, 1, 1))
                self.assertEqual(entry["manifest_sha256"], manifest)
                self.assertEqual(entry["options"]["steps"], self.CLASSES)
                self.assertIn("--front-end-steps", entry["command"])
                self.assertEqual(entry["versions"]["torch"], torch.__version__)
                self.assertEqual(entry["versions"]["numpy"], np.__version__)
                self.assertEqual(entry["versions"]["python"], sys.version.split()[0])
                self.assertTrue(entry["versions"]["blas"])
                self.assertRegex(entry["started"], r"^20\d\d-\d\d-\d\dT[\d:]+\+00:00$")


def has_matplotlib():
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    return True


class Chain(ScratchTest):
    """All stages, one after the other, as README.md tells them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        os.mkdir(cls.path("data"))
        write_corpus(cls.path("data"))

    def test_from_filters_to_the_plugin(self):
        common = ("--batch-seconds", "12", "--log-every", "1", "--save-every", "4")
        self.kill_and_go_on(24, "train.py", *common, "--output", self.path("front"), "--front-end-only", "--front-end-steps", "24",
                            "--processes", "1")
        self.kill_and_go_on(12, "pretrain.py", *common, "--start", self.path("front"), "--output", self.path("pre"), "--steps",
                            "12", "--crop", "0.8", "1.2", "--clones", "2")
        self.kill_and_go_on(80, "train.py", *common, "--start", self.path("pre"), "--output", self.path("out"), "--steps", "80",
                            "--evaluate-every", "40", "--crop", "0.9", "1.3", "--processes", "1")
        said = self.run_it("evaluate.py", "--checkpoint", self.path("out"), "--calibrate", self.path("final"))
        self.assertIn("temperature", said)
        self.check_front_end()
        self.check_classes()

    def check_front_end(self):
        """The losses fell, and the encoder that goes on is the one that was trained."""
        with open(self.path("front", "log.csv"), encoding="utf-8", newline="") as file:
            mel = [float(re.search(r"mel=([\d.]+)", ",".join(row))[1]) for row in list(csv.reader(file))[1:]]
        self.assertEqual(len(mel), 24)
        self.assertLess(np.mean(mel[-4:]), 0.8 * np.mean(mel[:4]))
        filters = checkpoint.AUDIO + "local_encoder.conv_layers.0.0.weight"
        for stage in ("pre", "out", "final"):
            self.assertTrue(torch.equal(self.weights("front")[filters], self.weights(stage)[filters]), stage)

    def check_classes(self):
        with open(self.path("data", "manifest.tsv"), encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file, delimiter="\t")
                    if row["split"] == "train" and row["corpus"].startswith("voices")]
        clips = [self.path("data", row["path"]) for row in rows]
        truth = [dataset.CLASSES.index(row["emotion9"]) for row in rows]
        sys.path.append(os.path.join(TESTS, "model"))
        import agreement
        model = checkpoint.load(self.path("final")).eval()
        expected = agreement.ask_torch(model, getattr(model.hyper, "temperature", 1.0), clips)
        right = (expected.argmax(1) == truth).mean()
        print("%d of %d clips right" % (round(right * len(clips)), len(clips)), file=sys.stderr)
        self.assertGreater(right, 2 / len(VOICES))
        if "EMOTION2VEC_TOOL" not in os.environ or "GST_LAUNCH" not in os.environ:
            self.skipTest("the plugin was not asked: set EMOTION2VEC_TOOL, GST_LAUNCH and GST_PLUGIN_PATH")
        gguf = self.path("tiny.gguf")
        agreement.call([os.environ["EMOTION2VEC_TOOL"], "convert", self.path("final"), "-o", gguf])
        ours, labels = agreement.ask_element(os.environ["GST_LAUNCH"], clips, gguf, "ref")
        self.assertEqual(tuple(labels), dataset.CLASSES)
        self.assertTrue(agreement.compare("the element and PyTorch", clips, ours, expected))


class Sizes(ScratchTest):
    """Each shape is trained, measured and timed; runs of different shapes are not mixed up."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        os.mkdir(cls.path("data"))
        write_corpus(cls.path("data"))

    @unittest.skipUnless("EMOTION2VEC_TOOL" in os.environ, "set EMOTION2VEC_TOOL")
    def test_table(self):
        steps = ("--front-end-steps", "1", "--steps", "2", "--batch-seconds", "4", "--processes", "1")
        command = ("sizes.py", "--output", self.path("sizes"), "--tool", os.environ["EMOTION2VEC_TOOL"], "--devices", "ref",
                   "--", *steps)
        self.run_it(*command)
        with open(self.path("sizes", "sizes.csv"), encoding="utf-8", newline="") as file:
            rows = {row["shape"]: row for row in csv.DictReader(file)}
        self.assertEqual(list(rows), list(train.SHAPES))
        for shape, row in rows.items():
            tensors = self.weights("sizes", shape)
            self.assertEqual(int(row["parameters"]), sum(t.numel() for t in tensors.values()))
            self.assertEqual(tensors["proj.weight"].shape, (len(dataset.LABELS), train.SHAPES[shape].embed_dim))
            self.assertAlmostEqual(int(row["bytes"]) / (4 * int(row["parameters"])), 1, delta=0.1)
            self.assertAlmostEqual(float(row["MFLOP/s"]) / megaflops(train.SHAPES[shape]), 1, delta=0.05)
            self.assertTrue(0 <= float(row["4-class"]) <= 100 and float(row["ms/s ref"]) > 0)
        self.assertNotIn("==", self.run_it(*command), "a finished run was made again")

        mini = ("--start", self.path("sizes", "mini"), "--steps", "1", "--processes", "1")
        self.assertIn("has not the shape micro", self.refused("train.py", *mini, "--shape", "micro", "--output", self.path("x")))
        self.assertIn("--shape micro", self.refused("train.py", *steps, "--resume", "--output", self.path("sizes", "micro")))


def megaflops(hyper):
    """For a second of audio, of the products alone: two for each weight and each place that it is used at."""
    rate, width, total = RATE, 1, 0
    for channels, kernel, stride in hyper.conv_layers:
        rate, total = rate / stride, total + 2 * rate / stride * channels * kernel * width
        width = channels
    dim = hyper.embed_dim
    total += 2 * rate * width * dim + 2 * rate * hyper.conv_pos_depth * dim * dim // hyper.conv_pos_groups * hyper.conv_pos_kernel
    tokens = 3 * rate + hyper.num_extra_tokens          # of a window of three seconds
    return (total + (hyper.depth + hyper.prenet_depth) * tokens / 3 * (24 * dim * dim + 4 * tokens * dim)) / 1e6


class Words(ScratchTest):
    """What is said when something is missing, and how far a run is."""

    def test_no_data(self):
        said = self.refused("train.py", "--output", self.path("out"))
        self.assertIn(self.path("data", "manifest.tsv"), said)
        self.assertIn("--data needs", said)
        self.assertFalse(os.path.exists(self.path("out")))

    def test_bad_data(self):
        folder = self.path("data")
        os.mkdir(folder)
        try:
            write_manifest(folder, [], COLUMNS[:4])
            self.assertIn("no column emotion9, licence", self.refused("train.py", "--output", self.path("out")))
            write_manifest(folder, [("gone.wav", "made", "train", "s", "sad", "CC0")])
            self.assertIn("such as gone.wav", self.refused("pretrain.py", "--output", self.path("out"), "--start", "."))
            soundfile.write(os.path.join(folder, "gone.wav"), np.zeros(RATE), RATE)
            self.assertIn("no clip that can be used with split=dev", self.refused("train.py", "--output", self.path("out")))
        finally:
            shutil.rmtree(folder)
            shutil.rmtree(self.path("cache"), ignore_errors=True)

    def test_half_a_number_of_steps(self):
        self.assertIn("--front-end-steps", self.refused("train.py", "--output", self.path("out"), "--steps", "5"))
        self.assertIn("--steps", self.refused("train.py", "--output", self.path("out"), "--front-end-steps", "5"))

    def test_progress(self):
        class Terminal(io.StringIO):
            def isatty(self):
                return True
        for kind in (io.StringIO, Terminal):
            with mock.patch("sys.stderr", kind()) as stderr, mock.patch("sys.stdout", io.StringIO()) as stdout:
                bar = runs.Progress(0.0)
                bar.show(0.25, "one")
                bar.say("a word")
                bar.show(1.0, "two")
            lines = stderr.getvalue()
            self.assertIn("█████···············  25 % one, ", lines)
            self.assertIn("100 % two, 0 min 00 s left\n", lines)
            self.assertEqual(stdout.getvalue(), "a word\n")
            self.assertEqual(lines.count("\r"), 3 if kind is Terminal else 0)
            self.assertEqual(lines.count("\n"), 1 if kind is Terminal else 2)

    def test_forget(self):
        log = self.path("log.csv")
        for step in range(4):
            runs.append(log, ("step", "figures"), (step, "a=%d" % step, "b=1"))
        runs.forget(log, lambda row: int(row["step"]) < 2)
        with open(log, encoding="utf-8") as file:
            self.assertEqual(file.read().splitlines(), ["step,figures", "0,a=0,b=1", "1,a=1,b=1"])


if __name__ == "__main__":
    unittest.main()
