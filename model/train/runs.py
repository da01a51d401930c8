# SPDX-License-Identifier: LGPL-2.1-or-later
"""What all runs of training share: how they were made, how far they are, and what a log looks like."""
import csv
import datetime
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import time

FOLDER = os.path.dirname(os.path.abspath(__file__))
RECORD = "run.json"


# How a run was made

def git_description():
    """Which source this is: `git describe`; None outside of a repository and without git."""
    try:
        done = subprocess.run(["git", "-C", FOLDER, "describe", "--always", "--dirty", "--tags"], capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def loaded_blas():
    """File names of the BLAS libraries in this process; where /proc tells them."""
    try:
        with open("/proc/self/maps", encoding="utf-8") as file:
            paths = {line.split(None, 5)[5].strip() for line in file if len(line.split(None, 5)) == 6}
    except OSError:
        return []
    return sorted({os.path.basename(os.path.realpath(p)) for p in paths if re.search(r"/lib\w*(blas|mkl)[^/]*\.so", p)})


def versions():
    import numpy
    import scipy
    import scipy.linalg  # noqa: F401  (it loads the BLAS)
    import soundfile
    import torch
    return {"python": platform.python_version(), "torch": torch.__version__, "numpy": numpy.__version__,
            "scipy": scipy.__version__, "soundfile": soundfile.__version__, "libsndfile": soundfile.__libsndfile_version__,
            "blas": loaded_blas(), "system": platform.platform()}


def sha256(path):
    """Hexadecimal, or None if there is no such file."""
    if not os.path.exists(path):
        return None
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def record(options, processes):
    """Adds to OPTIONS.output/run.json how this run was made; a run that goes on is one more entry."""
    import torch
    os.makedirs(options.output, exist_ok=True)
    path = os.path.join(options.output, RECORD)
    runs = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            runs = json.load(file)["runs"]
    started = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    runs.append({"started": started, "command": sys.argv, "options": vars(options), "seed": options.seed,
                 "source": git_description(), "versions": versions(), "processes": processes,
                 "threads": torch.get_num_threads(),
                 "manifest_sha256": sha256(os.path.join(options.data, "manifest.tsv")),
                 "cache_sha256": sha256(os.path.join(options.cache, "index.tsv"))})
    with open(path + ".partial", "w", encoding="utf-8") as file:
        json.dump({"runs": runs}, file, indent=1)
    os.replace(path + ".partial", path)


# How far it is

class Progress:
    """A bar that is rewritten on a terminal, else one line a report."""

    def __init__(self, done):
        """DONE: the share of the run that lies behind, where it begins or goes on."""
        self.first, self.started, self.open = done, time.monotonic(), False

    def show(self, done, text):
        done = min(done, 1.0)
        took = time.monotonic() - self.started
        left = took / max(done - self.first, 1e-9) * (1 - done)
        line = "%s %3.0f %% %s, %d min %02d s left" % (
            "█" * round(20 * done) + "·" * (20 - round(20 * done)), 100 * done, text, left // 60, left % 60)
        if sys.stderr.isatty():
            print("\r\x1b[K" + line, end="" if done < 1 else "\n", file=sys.stderr, flush=True)
            self.open = done < 1
        else:
            print(line, file=sys.stderr, flush=True)

    def say(self, text):
        """A line that stays."""
        if self.open:
            print("\r\x1b[K", end="", file=sys.stderr)
            self.open = False
        print(text, flush=True)


# Logs

def append(path, names, values):
    """One more line of a table; the first one brings the names."""
    fresh = not os.path.exists(path)
    with open(path, "a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if fresh:
            writer.writerow(names)
        writer.writerow(values)


def forget(path, known):
    """Leaves only the lines of a table that KNOWN(row) holds for: a killed run has written more than its state knows of."""
    if not os.path.exists(path):
        return
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    names = rows[0] if rows else []
    kept = [row for row in rows[1:] if known(dict(zip(names, row)))]
    with open(path + ".partial", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names] + kept)
    os.replace(path + ".partial", path)


def plot(path, panels):
    """A picture with PANELS below each other: (what is along, {name: (xs, ys)}); nothing without matplotlib."""
    try:
        import matplotlib
    except ImportError:
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot
    figure, all_axes = pyplot.subplots(len(panels), 1, figsize=(7, 2.5 * len(panels)), squeeze=False, constrained_layout=True)
    for axes, (along, curves) in zip(all_axes[:, 0], panels):
        for name, (xs, ys) in curves.items():
            axes.plot(xs, ys, label=name.replace("_", " "))
        axes.set_xlabel(along)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
