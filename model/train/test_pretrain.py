# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of pre-training: masks, student and teacher against slower ways to say the same, whole runs that are killed.

    python3 test_pretrain.py [unittest options]
"""
import csv
import json
import math
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import numpy as np
import soundfile
import torch

import checkpoint
import distil
import emotion2vec
import pretrain

FOLDER = os.path.dirname(os.path.abspath(__file__))
HYPER = emotion2vec.Hyper(embed_dim=32, depth=2, prenet_depth=1, num_heads=2, mlp_ratio=2.0, num_extra_tokens=3,
                          conv_layers=((16, 400, 160), (16, 3, 2)), conv_pos_depth=2, conv_pos_kernel=5,
                          conv_pos_groups=4, alibi_shape=(1, 1, 2, 1, 1), classes=0)
RECIPE = distil.Recipe(clones=3, decoder_width=32, decoder_groups=4, targets=2, layer_drop=0.0)


def model_and_wave(seed=1, **changes):
    torch.manual_seed(seed)
    model = emotion2vec.Emotion2vec(emotion2vec.Hyper(**dict(vars(HYPER), **changes)))
    return model.eval(), torch.randn(2, 16000)


def generator(seed=1):
    return torch.Generator().manual_seed(seed)


class Masks(unittest.TestCase):
    def test_same_number(self):
        for frames in (2, 5, 13, 50, 149):
            masks = distil.draw_masks(64, frames, RECIPE, generator())
            self.assertEqual(set(masks.sum(1).tolist()), {max(1, min(frames - 1, round(frames / 2)))}, frames)

    def test_spans(self):
        """Half of independent frames would come in runs of 2; spans of 5 make longer ones."""
        masks = distil.draw_masks(200, 150, RECIPE, generator()).numpy()
        runs = np.diff(np.pad(masks, ((0, 0), (1, 1))).astype(int), axis=1)
        self.assertGreater(masks.sum() / (runs == 1).sum(), 4)

    def test_everywhere(self):
        """Every frame is masked at times; near the ends, where fewer spans reach, less often."""
        share = distil.draw_masks(4000, 40, RECIPE, generator()).float().mean(0)
        self.assertGreater(float(share.min()), 0.1)
        self.assertLess(float((share[8:-8] - 0.55).abs().max()), 0.1)
        self.assertFalse(torch.equal(*distil.draw_masks(2, 40, RECIPE, generator())))

    def test_places(self):
        masks = torch.tensor([[True, False, False, True], [False, True, True, False]])
        self.assertEqual(distil.kept_places(masks).tolist(), [[1, 2], [0, 3]])


class Student(unittest.TestCase):
    def test_nothing_masked(self):
        """Then the student is the encoder."""
        model, wave = model_and_wave()
        distiller = distil.Distiller(model, RECIPE).eval()
        with torch.no_grad():
            features = model.audio.features(emotion2vec.normalize_waveform(wave), distil.nothing)
            masks = torch.zeros(features.shape[:2], dtype=torch.bool)
            places = distil.kept_places(masks)
            x = model.audio.tokens(distil.take(features + model.audio.positions(features, distil.nothing), places),
                                   distil.nothing)
            x = distil.run_blocks(model, x, places)
            torch.testing.assert_close(x[:, HYPER.num_extra_tokens:], model(wave)["frames"], rtol=1e-5, atol=1e-5)

    def test_masked_frames_are_gone(self):
        """Leaving frames out is the same as letting nobody look at them, if the distances stay."""
        model, _ = model_and_wave()
        frames, extra = 20, HYPER.num_extra_tokens
        torch.manual_seed(3)
        x = torch.randn(2, extra + frames, HYPER.embed_dim)
        masks = distil.draw_masks(2, frames, RECIPE, generator())
        places = distil.kept_places(masks)
        tokens = torch.cat([torch.arange(extra).expand(2, -1), places + extra], 1)
        with torch.no_grad():
            short = distil.run_blocks(model, distil.take(x, tokens), places)
            hidden = torch.cat([torch.zeros(2, extra, dtype=torch.bool), masks], 1)
            bias = model.alibi_bias(frames) + torch.zeros(2, 1, 1, extra + frames).masked_fill(hidden[:, None, None], -math.inf)
            for block in model.all_blocks:
                x = block(x, bias)
        torch.testing.assert_close(short, distil.take(x, tokens), rtol=1e-5, atol=1e-5)

    def test_masked_audio_does_not_matter(self):
        model, wave = model_and_wave()
        distiller = distil.Distiller(model, RECIPE).eval()
        features = model.audio.features(wave, distil.nothing)
        masks = distil.draw_masks(2, features.shape[1], RECIPE, generator())
        with torch.no_grad():
            torch.manual_seed(5)
            one = distiller.predict(features, masks)
            torch.manual_seed(5)
            other = distiller.predict(features + 7 * masks[:, :, None], masks)
        for a, b in zip(one, other):
            torch.testing.assert_close(a, b)

    def test_whole(self):
        """The utterance forms, from the tokens themselves."""
        model, wave = model_and_wave()
        features = model.audio.features(wave, distil.nothing)
        masks = distil.draw_masks(2, features.shape[1], RECIPE, generator())
        caught = []
        handle = model.blocks[-1].register_forward_hook(lambda module, inputs, output: caught.append(output))
        said = {}
        for form in distil.UTTERANCE_FORMS:
            distiller = distil.Distiller(model, distil.Recipe(**dict(vars(RECIPE), utterance=form))).eval()
            caught.clear()
            with torch.no_grad():
                said[form] = distiller.predict(features, masks)[1], caught[0].numpy()
        handle.remove()
        for form, expected in (("chunk", lambda x: x[:, :3].mean(1)), ("token", lambda x: x[:, 0]),
                               ("global", lambda x: x[:, 3:].mean(1))):
            np.testing.assert_allclose(said[form][0].numpy(), expected(said[form][1]), rtol=1e-5, atol=1e-6)
        self.assertIsNone(said["none"][0])
        with self.assertRaisesRegex(ValueError, "extra tokens"):
            distil.Distiller(model_and_wave(num_extra_tokens=0)[0], RECIPE)


class Teacher(unittest.TestCase):
    def test_targets(self):
        """Of the blocks' own parts, in NumPy."""
        model, wave = model_and_wave()
        distiller = distil.Distiller(model, RECIPE)
        caught = []
        handles = [block.mlp.register_forward_hook(lambda module, inputs, output: caught.append(output.numpy()))
                   for block in model.blocks]
        with torch.no_grad():
            model(wave)
            features = model.audio.features(emotion2vec.normalize_waveform(wave), distil.nothing)
            targets = distiller.targets(features).numpy()
        for handle in handles:
            handle.remove()
        expected = 0
        for y in caught[:2]:
            y = y[:, HYPER.num_extra_tokens:].astype(float)
            expected += (y - y.mean(1, keepdims=True)) / np.sqrt(y.var(1, keepdims=True) + 1e-5) / 2
        np.testing.assert_allclose(targets, expected, rtol=1e-3, atol=1e-4)

    def test_follows(self):
        model, wave = model_and_wave()
        distiller = distil.Distiller(model, distil.Recipe(**dict(vars(RECIPE), decay=(0.5, 0.9), decay_steps=4)))
        name = "blocks.0.mlp.fc1.weight"
        before = distiller.teacher.state_dict()[name].clone()
        with torch.no_grad():
            model.blocks[0].mlp.fc1.weight.add_(1.0)
        distiller.update_teacher()
        moved = distiller.teacher.state_dict()[name] - before
        torch.testing.assert_close(moved, torch.full_like(moved, 0.5), rtol=1e-5, atol=1e-5)
        self.assertAlmostEqual(distiller.decay(), 0.6)
        self.assertFalse(any("local_encoder" in name for name in distiller.teacher.state_dict()))

    def test_gradients(self):
        """The teacher learns nothing, the ears of the student learn, and float32 agrees with float64."""
        grads = {}
        for kind in (torch.float32, torch.float64):
            model, wave = model_and_wave()
            distiller = distil.Distiller(model, distil.Recipe(**dict(vars(RECIPE), input_dropout=0.0))).to(kind)
            distiller.generator.manual_seed(4)
            torch.manual_seed(4)
            distiller.decoder.eval()
            noise = torch.Tensor.normal_
            try:
                torch.Tensor.normal_ = lambda self, *args: self.zero_()
                loss, figures = distiller(wave.to(kind))
            finally:
                torch.Tensor.normal_ = noise
            loss.backward()
            self.assertTrue(all(p.grad is None for p in distiller.teacher.parameters()))
            grads[kind] = {name: p.grad.double() for name, p in model.named_parameters() if p.grad is not None}
        self.assertIn("modality_encoders.AUDIO.local_encoder.conv_layers.0.0.weight", grads[torch.float32])
        for name, grad in grads[torch.float64].items():
            error = float((grads[torch.float32][name] - grad).norm() / (grad.norm() + 1e-9))
            self.assertLess(error, 1e-3, name)


def write_data(folder):
    """A manifest and clips of tones in noise."""
    rng = np.random.default_rng(1)
    with open(os.path.join(folder, "manifest.tsv"), "w", encoding="utf-8") as file:
        file.write("path\tcorpus\tsplit\tspeaker\temotion9\tlicence\n")
        for number in range(12):
            time_axis = np.arange(16000) / 16000
            wave = 0.3 * np.sin(2 * np.pi * (150 + 20 * number) * time_axis * (1 + 0.1 * time_axis))
            name = "clip%d.wav" % number
            soundfile.write(os.path.join(folder, name), wave + 0.01 * rng.standard_normal(16000), 16000)
            licence = "CC BY-NC-ND 4.0" if number == 11 else "CC0"
            file.write("%s\ttones\t%s\ts%d\tunknown\t%s\n" % (name, "unlabelled" if number % 2 else "train", number, licence))


class Runs(unittest.TestCase):
    """Whole runs of the program."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        write_data(cls.folder.name)
        model, _ = model_and_wave()
        checkpoint.save(model.state_dict(), HYPER, (), cls.path("start"))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder.name, name)

    def command(self, output, *more):
        return [sys.executable, os.path.join(FOLDER, "pretrain.py"), "--data", self.folder.name, "--cache", self.path("cache"),
                "--start", self.path("start"), "--output", self.path(output), "--batch-seconds", "4", "--crop", "0.8", "1",
                "--steps", "30", "--log-every", "1", "--save-every", "3", "--decoder-width", "32", "--targets", "2", *more]

    def run_it(self, output, *more):
        done = subprocess.run(self.command(output, *more), capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def rows(self, output):
        with open(os.path.join(self.path(output), "log.csv"), encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def weights(self, output):
        return checkpoint.load(self.path(output)).state_dict()

    def start_pair(self, output, *more):
        """Two processes, as torchrun starts them: the one of PyTorch 1.13 stumbles over Python 3.11."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        together = dict(os.environ, WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=port)
        return [subprocess.Popen(self.command(output, *more), env=dict(together, RANK=str(rank)), stderr=subprocess.PIPE,
                                 text=True) for rank in range(2)]

    def finish(self, processes):
        for process in processes:
            _, said = process.communicate(timeout=600)
            self.assertEqual(process.returncode, 0, said)

    def test_learns_and_goes_on(self):
        self.run_it("whole")
        rows = self.rows("whole")
        self.assertEqual([int(row["step"]) for row in rows], list(range(1, 31)))
        frame = [float(row["frame"]) for row in rows]
        self.assertLess(np.mean(frame[-5:]), 0.95 * np.mean(frame[:5]))
        self.assertTrue(all(math.isfinite(float(value)) for row in rows for value in row.values()))

        # killed in the middle, gone on with: as if nothing had been
        process = subprocess.Popen(self.command("killed"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and not os.path.exists(os.path.join(self.path("killed"), "state.pt")):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.run_it("killed", "--resume")
        self.assertEqual(int(self.rows("killed")[-1]["step"]), 30)
        for name, tensor in self.weights("whole").items():
            self.assertTrue(torch.equal(tensor, self.weights("killed")[name]), name)

    def test_two_processes(self):
        """They hear more, and go on together."""
        settings = ("--steps", "4", "--save-every", "2")
        self.finish(self.start_pair("pair", *settings))
        rows = self.rows("pair")
        self.assertEqual(len(rows), 4)
        alone = pretrain.parse(self.command("pair")[2:])
        hours = float(rows[-1]["audio_hours"]) * 3600 / 4
        self.assertGreater(hours, 1.5 * alone.batch_seconds)
        with open(os.path.join(self.path("pair"), "run.json"), encoding="utf-8") as file:
            self.assertEqual([entry["processes"] for entry in json.load(file)["runs"]], [2])
        # alone it would see other crops
        done = subprocess.run(self.command("pair", *settings, "--resume"), capture_output=True, text=True, timeout=600)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("go on with as many", done.stderr)

        processes = self.start_pair("killed pair", *settings)
        next(line for line in processes[0].stderr if " step 3," in line)
        for process in processes:
            process.kill()
        for process in processes:
            process.communicate()
        self.finish(self.start_pair("killed pair", *settings, "--resume"))
        self.assertEqual([row["step"] for row in self.rows("killed pair")], [row["step"] for row in rows])
        for name, tensor in self.weights("pair").items():
            self.assertTrue(torch.equal(tensor, self.weights("killed pair")[name]), name)

    def test_other_settings_are_refused(self):
        self.run_it("settings", "--steps", "3")
        done = subprocess.run(self.command("settings", "--steps", "3", "--resume", "--clones", "2"), capture_output=True,
                              text=True, timeout=600)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("other settings", done.stderr)

    def test_collapse_is_an_alarm(self):
        """A teacher whose blocks say nothing."""
        model, _ = model_and_wave()
        with torch.no_grad():
            for block in model.blocks:
                block.mlp.fc2.weight.zero_()
                block.mlp.fc2.bias.zero_()
        checkpoint.save(model.state_dict(), HYPER, (), self.path("mute"))
        done = subprocess.run(self.command("flat", "--start", self.path("mute"), "--alarm-after", "1"), capture_output=True,
                              text=True, timeout=600)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("the model collapses", done.stderr)


if __name__ == "__main__":
    unittest.main()
