# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the size of the network gives and costs: the same short run for each shape of train.py.

    python3 sizes.py --data DIR --cache DIR --output DIR --tool emotion2vec-model [--devices cpu vulkan] -- [options of train.py]

Every shape is trained alike and measured on dev, then converted and timed by `emotion2vec-model bench`. A stopped series
goes on where it was.  DIR gets a folder for each shape and sizes.csv.
"""
import argparse
import json
import os
import subprocess

import numpy as np
import torch

import checkpoint
import dataset
import evaluate
import train
import trials

WINDOW = 3      # seconds, the element's default


def costs(tool, folder, devices):
    """What the plugin's tool says of the model: bytes of the file, MFLOP for a second of audio, ms for it on each device."""
    gguf = os.path.join(folder, "model.gguf")
    subprocess.run([tool, "convert", folder, "-o", gguf], check=True, stdout=subprocess.DEVNULL)
    said = {"bytes": os.path.getsize(gguf)}
    for device in devices:
        out = subprocess.run([tool, "bench", gguf, "--json", "--device", device, "--window", str(WINDOW)], check=True,
                             capture_output=True, text=True).stdout
        timed = json.loads(out)
        said["MFLOP/s"] = "%.0f" % (1000 * timed["gflop"] / WINDOW)
        said["ms/s " + device] = "%.2f" % (1000 * timed["seconds"] / WINDOW)
    return said


def accuracy(folder, audio, clips):
    """Parameters, and UA on CLIPS."""
    model = checkpoint.load(folder).eval()
    results = evaluate.measure(evaluate.logits_of(model, map(audio.wave, clips)), clips)
    said = {"parameters": sum(t.numel() for t in model.state_dict().values())}
    said.update(zip(("4-class", "all"), ("%.2f" % m for m in evaluate.means(results))))
    said.update(("%s %s" % (r[0], r[1]), "%.2f" % r[4]) for r in results)
    return said


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with manifest.tsv and the audio")
    parser.add_argument("--cache", required=True, help="folder of the decoded audio, made if missing")
    parser.add_argument("--output", required=True, help="folder that gets the runs and the table")
    parser.add_argument("--tool", required=True, help="the program emotion2vec-model")
    parser.add_argument("--devices", nargs="+", default=["cpu", "vulkan"])
    parser.add_argument("--shapes", nargs="+", default=list(train.SHAPES), choices=train.SHAPES)
    parser.add_argument("training", nargs="*", help="options of train.py, behind --")
    options = parser.parse_args()
    dataset.build_cache(options.data, options.cache)
    audio = dataset.Audio(options.cache)
    clips, rows = audio.select("dev"), []
    torch.set_num_threads(1)
    for shape in options.shapes:
        folder = os.path.join(options.output, shape)
        trials.run_once("train.py", folder, ["--data", options.data, "--cache", options.cache, "--shape", shape]
                        + options.training)
        row = {"shape": shape}
        row.update(accuracy(folder, audio, clips))
        row.update(costs(options.tool, folder, options.devices))
        rows.append(row)
        trials.write_table(rows, os.path.join(options.output, "sizes.csv"))
        print(", ".join("%s %s" % pair for pair in row.items()), flush=True)


if __name__ == "__main__":
    main()
