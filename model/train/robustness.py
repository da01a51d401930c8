# SPDX-License-Identifier: LGPL-2.1-or-later
"""How much a checkpoint loses in noise, on the telephone, through a codec and with short windows.

    python3 robustness.py --checkpoint DIR --data DIR --cache DIR --output DIR [--split dev]

Writes robustness.tsv (one line for each condition and corpus) and two pictures, noise.svg and windows.svg. The Opus
condition needs gst-launch-1.0 with GStreamer's Opus and Ogg plugins.
"""
import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
import soundfile
import torch
from scipy.signal import butter, resample_poly, sosfiltfilt

import checkpoint
import dataset
import evaluate

RATE = dataset.RATE
RATIOS = (20, 10, 5)                # dB
WINDOWS = (1.0, 2.0, 3.0, 5.0)      # seconds
GAP = RATE // 2                     # between clips that go through a codec together


def add_noise(wave, noise, ratio):
    """NOISE, from its start on and again and again, RATIO dB below the clip's active part."""
    first, last = dataset.active_span(wave)
    level = np.sqrt(np.mean(np.square(wave[first:last])) + 1e-12)
    noise = np.tile(noise, len(wave) // len(noise) + 1)[:len(wave)]
    return wave + noise * (level / np.sqrt(np.mean(np.square(noise)) + 1e-12) * 10 ** (-ratio / 20))


def telephone(wave):
    """300 to 3400 Hz at 8 kHz, with the eight bits of the µ-law."""
    narrow = sosfiltfilt(butter(4, (300, 3400), "bandpass", fs=RATE, output="sos"), wave)
    narrow = np.clip(resample_poly(narrow, 1, 2), -1, 1)
    code = np.round(np.sign(narrow) * np.log1p(255 * np.abs(narrow)) / np.log(256) * 127) / 127
    narrow = np.sign(code) * np.expm1(np.abs(code) * np.log(256)) / 255
    return resample_poly(narrow, 2, 1)[:len(wave)].astype(np.float32)


def through_opus(waves, bitrate):
    """All clips through the Opus codec in one go."""
    starts = np.cumsum([GAP] + [len(wave) + GAP for wave in waves])
    joined = np.zeros(starts[-1] + GAP, np.float32)
    for wave, start in zip(waves, starts):
        joined[start:start + len(wave)] = wave
    with tempfile.TemporaryDirectory() as folder:
        there, back = os.path.join(folder, "there.wav"), os.path.join(folder, "back.wav")
        soundfile.write(there, joined, RATE, subtype="PCM_16")
        subprocess.run(["gst-launch-1.0", "-q", "filesrc", "location=" + there, "!", "wavparse", "!", "audioconvert", "!",
                        "audioresample", "!", "opusenc", "bitrate=%d" % bitrate, "!", "oggmux", "!", "oggdemux", "!",
                        "opusdec", "!", "audioconvert", "!", "audioresample", "!",
                        "audio/x-raw,format=S16LE,rate=%d,channels=1" % RATE, "!", "wavenc", "!", "filesink",
                        "location=" + back], check=True)
        decoded, _ = soundfile.read(back, dtype="float32")
    decoded = np.pad(decoded, (0, max(0, len(joined) - len(decoded))))
    return [decoded[start:start + len(wave)] for wave, start in zip(waves, starts)]


def windows_of(wave, seconds):
    """Windows side by side over the active part, the last one at its end; a shorter clip is one window."""
    length = int(seconds * RATE)
    if len(wave) <= length:
        return [wave]
    first, last = dataset.active_span(wave)
    starts = list(range(first, max(first + 1, last - length // 2), length))
    return [wave[start:start + length] for start in (min(s, len(wave) - length) for s in starts)]


def conditions(audio, clips, seed):
    """Yields (name, waves, clips): the same clips under each condition, or windows of them with their clips."""
    rng = np.random.default_rng(seed)
    waves = [audio.wave(clip) for clip in clips]
    yield "clean", waves, clips
    places = [c for c in audio.select("noise") if c.speaker == "eval" and not c.corpus.startswith("rir")]
    for ratio in RATIOS:
        yield "noise %d dB" % ratio, [add_noise(w, audio.wave(places[rng.integers(len(places))]), ratio) for w in waves], clips
    yield "telephone", [telephone(w) for w in waves], clips
    yield "Opus 12 kbit/s", through_opus(waves, 12000), clips
    for seconds in WINDOWS:
        pieces = [(piece, clip) for wave, clip in zip(waves, clips) for piece in windows_of(wave, seconds)]
        yield "window %g s" % seconds, [p for p, _ in pieces], [c for _, c in pieces]


def measure(model, audio, clips, seed):
    """Rows (condition, corpus, pieces, UA of four, UA of all)."""
    rows = []
    for name, waves, owners in conditions(audio, clips, seed):
        started = time.monotonic()
        results = evaluate.measure(evaluate.logits_of(model, [np.ascontiguousarray(w, np.float32) for w in waves]), owners)
        for corpus in sorted({r[0] for r in results}):
            of = {r[1]: r for r in results if r[0] == corpus}
            rows.append((name, corpus, of["all"][2], of["4-class"][4] if "4-class" in of else None, of["all"][4]))
        print("%-15s mean UA: 4-class %.1f, all %.1f (%d pieces, %.0f s)" % (
            (name,) + evaluate.means(results) + (len(waves), time.monotonic() - started)), file=sys.stderr, flush=True)
    return rows


def write_table(rows, path):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(("condition", "corpus", "pieces", "ua4", "ua"))
        for name, corpus, pieces, four, every in rows:
            writer.writerow((name, corpus, pieces, "" if four is None else "%.2f" % four, "%.2f" % every))


def draw(rows, order, title, path):
    """UA of all classes along the conditions of ORDER, thin for each corpus and thick for their mean."""
    import matplotlib
    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "emotion2vec"
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(figsize=(6, 3.6), constrained_layout=True)
    value = {(name, corpus): every for name, corpus, _, _, every in rows}
    corpora = sorted({corpus for _, corpus in value})
    for corpus in corpora:
        axes.plot(range(len(order)), [value[name, corpus] for name in order], lw=1, marker="o", ms=3, label=corpus)
    axes.plot(range(len(order)), [np.mean([value[name, c] for c in corpora]) for name in order], "k", lw=2.5, label="mean")
    axes.set_xticks(range(len(order)), order)
    axes.set_ylabel("UA of all classes, %")
    axes.set_ylim(bottom=0)
    axes.set_title(title)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(path, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", required=True, help="folder with model.pt, config.yaml, tokens.txt")
    parser.add_argument("--data", required=True, help="folder with manifest.tsv and the audio")
    parser.add_argument("--cache", required=True, help="folder of the decoded audio, made if missing")
    parser.add_argument("--output", required=True, help="folder of the table and the pictures")
    parser.add_argument("--split", default="dev", choices=("dev", "test", "zeroshot"))
    parser.add_argument("--seed", type=int, default=1, help="of the noise")
    options = parser.parse_args()
    torch.set_num_threads(1)
    dataset.build_cache(options.data, options.cache)
    audio = dataset.Audio(options.cache)
    model = checkpoint.load(options.checkpoint).eval()
    rows = measure(model, audio, audio.select(options.split), options.seed)
    os.makedirs(options.output, exist_ok=True)
    write_table(rows, os.path.join(options.output, "robustness.tsv"))
    draw(rows, ["clean"] + ["noise %d dB" % r for r in RATIOS], "In noise", os.path.join(options.output, "noise.svg"))
    draw(rows, ["window %g s" % s for s in WINDOWS] + ["clean"], "By length of the window (clean: whole clips)",
         os.path.join(options.output, "windows.svg"))


if __name__ == "__main__":
    main()
