# SPDX-License-Identifier: LGPL-2.1-or-later
"""The pictures of the model card: each function draws one from what evaluate.py, robustness.py and embeddings.py wrote.

Colours are those of Okabe and Ito, which people with any kind of colour vision can tell apart.
"""
import numpy as np

import dataset

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PURPLE, GREY = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#999999")
# by class; neutral and <unk> have no colour of their own
EMOTION_COLOURS = (RED, GREEN, PURPLE, ORANGE, GREY, YELLOW, BLUE, SKY, BLACK)
CORPUS_COLOURS = {"ravdess": BLUE, "nemo": RED, "emogator": ORANGE, "indian-emospeech": GREEN, "turev": PURPLE, "tess": SKY}
MARKS = {"ravdess": "o", "nemo": "s", "emogator": "^", "indian-emospeech": "D", "turev": "v", "tess": "P"}
NAMES = {"ravdess": "RAVDESS", "nemo": "nEMO", "emogator": "EmoGator", "indian-emospeech": "Indian EmoSpeech",
         "turev": "TurEV-DB", "tess": "TESS"}
SPLITS = {"dev": "dev", "test": "test", "zeroshot": "zero-shot"}


def name(corpus):
    return NAMES.get(corpus, corpus)


def _pyplot():
    import matplotlib
    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "emotion2vec", "svg.fonttype": "none", "font.size": 9,
                                "axes.spines.top": False, "axes.spines.right": False, "figure.facecolor": "white"})
    from matplotlib import pyplot
    return pyplot


def _save(pyplot, figure, path):
    date = {"metadata": {"Date": None}} if path.endswith(".svg") else {"dpi": 110}
    figure.savefig(path, **date)
    pyplot.close(figure)


def accuracy(reports, baseline, path):
    """UA of each set with its range, the two baselines and chance; 4-class left, all classes right."""
    pyplot = _pyplot()
    figure, panels = pyplot.subplots(1, 2, figsize=(9, 4.2), sharey=True, constrained_layout=True)
    for axes, kind in zip(panels, ("4-class", "all")):
        rows = [(split, r) for split in SPLITS if split in reports for r in reports[split]["figures"] if r["kind"] == kind]
        for y, (split, row) in enumerate(rows):
            low, high = row["range"]
            axes.plot((low, high), (y, y), color=BLUE, lw=2, label="its 95 % range" if not y else None)
            axes.plot(row["ua"], y, "o", color=BLUE, ms=8, label="emotion2vec-mini" if not y else None)
            axes.plot(100 / row["classes"], y, "|", color=GREY, ms=14, mew=2, label="chance" if not y else None)
            for variant, mark, colour, shift in zip(baseline["variants"], "Ds", (ORANGE, RED), (-0.25, 0.25)):
                same = [r for r in baseline["variants"][variant]["splits"][split]
                        if (r["corpus"], r["kind"]) == (row["corpus"], kind)]
                if same:
                    axes.plot(same[0]["ua"], y + shift, mark, mfc="none", mec=colour, mew=1.6, ms=5,
                              label="SVM, %s" % variant if not y else None)
        axes.set_yticks(range(len(rows)), ["%s, %s" % (name(r["corpus"]), SPLITS[split]) for split, r in rows])
        axes.set(xlim=(0, 100), ylim=(len(rows) - 0.5, -0.5), xlabel="unweighted accuracy (UA), %",
                 title="4 classes" if kind == "4-class" else "all classes of the corpus")
        axes.grid(axis="x", alpha=0.3)
    figure.get_layout_engine().set(rect=(0, 0.06, 1, 0.94))
    figure.legend(*panels[0].get_legend_handles_labels(), loc="lower center", ncol=5, fontsize=8, frameon=False)
    _save(pyplot, figure, path)


def confusions(reports, path):
    """Shares of each true class, for all classes, of test and zero-shot sets (dev if nobody has looked at those)."""
    pyplot = _pyplot()
    splits = [s for s in ("test", "zeroshot") if s in reports] or ["dev"]
    rows = [(s, r) for s in splits for r in reports[s]["figures"] if r["kind"] == "all"]
    columns = min(3, len(rows))
    figure, grid = pyplot.subplots(-(-len(rows) // columns), columns, figsize=(10.5, 3.5 * -(-len(rows) // columns)),
                                   squeeze=False, constrained_layout=True)
    for axes in grid.flat[len(rows):]:
        axes.set_axis_off()
    for axes, (split, row) in zip(grid.flat, rows):
        counts = np.array(row["confusion"])
        true = [k for k in range(len(counts)) if counts[k].any()]
        said = [k for k in range(len(counts)) if counts[:, k].any() or k in true]
        share = 100 * counts[true][:, said] / counts[true].sum(1, keepdims=True)
        axes.imshow(share, cmap="Blues", vmin=0, vmax=100, extent=(0, len(said), len(true), 0), aspect="auto",
                    interpolation="nearest")
        for y, x in np.ndindex(share.shape):
            if share[y, x] >= 1:
                axes.text(x + 0.5, y + 0.5, "%.0f" % share[y, x], ha="center", va="center", fontsize=8,
                          color="white" if share[y, x] > 55 else "black",
                          weight="bold" if true[y] == said[x] else "normal")
        axes.set_xticks(np.arange(len(said)) + 0.5, [dataset.CLASSES[k] for k in said], rotation=45, ha="right", fontsize=8)
        axes.set_yticks(np.arange(len(true)) + 0.5, [dataset.CLASSES[k] for k in true], fontsize=8)
        axes.set_title("%s, %s (%d clips)" % (name(row["corpus"]), SPLITS[split], row["clips"]), fontsize=10)
        axes.tick_params(length=0)
    figure.supxlabel("said", fontsize=9)
    figure.supylabel("true, %", fontsize=9)
    _save(pyplot, figure, path)


def pooled_bins(report, when):
    """Bins (share of clips, mean score, share right) over the corpora, each corpus weighing the same."""
    weight, score, right = np.zeros((3, 10))
    tables = [np.array(c[when]["bins"]) for c in report["calibration"].values()]
    for bins in tables:
        share = bins[:, 0] / bins[:, 0].sum() / len(tables)
        weight, score, right = weight + share, score + share * bins[:, 1], right + share * bins[:, 2]
    return weight, score / np.maximum(weight, 1e-9), right / np.maximum(weight, 1e-9)


def calibration(report, path):
    """How often the model is right when it gives a score, before and after its temperature, on dev."""
    pyplot = _pyplot()
    figure, panels = pyplot.subplots(1, 2, figsize=(8, 3.9), sharey=True, constrained_layout=True)
    for axes, when, title in zip(panels, ("before", "after"),
                                 ("the head as trained", "at the temperature of %.2f" % report["temperature"])):
        weight, score, right = pooled_bins(report, when)
        used = weight > 0.005
        axes.bar(np.arange(10) / 10 + 0.05, weight, 0.09, color=GREY, alpha=0.4, label="share of the clips")
        axes.plot((0, 1), (0, 1), "--", color=BLACK, lw=1, label="as right as sure")
        axes.plot(score[used], right[used], "o-", color=BLUE, label="emotion2vec-mini")
        error = 100 * (weight * abs(score - right)).sum()
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="highest score", title="%s\ncalibration error %.1f %%" % (title, error))
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("share that is right")
    panels[0].legend(loc="upper left", fontsize=8)
    _save(pyplot, figure, path)


def robustness(rows, path):
    """UA on windows of several lengths, left, and under bad conditions, right; ROWS are those of robustness.tsv."""
    pyplot = _pyplot()
    value = {(r["condition"], r["corpus"], kind): float(r[kind]) for r in rows for kind in ("ua", "ua4") if r[kind]}
    corpora = sorted({r["corpus"] for r in rows})
    conditions = list(dict.fromkeys(r["condition"] for r in rows))
    windows = [c for c in conditions if c.startswith("window")]
    figure, panels = pyplot.subplots(1, 2, figsize=(9, 3.9), sharey=True, constrained_layout=True,
                                     gridspec_kw={"width_ratios": (len(windows) + 1, len(conditions) - len(windows))})
    for axes, order, title in ((panels[0], windows + ["clean"], "by length of the window, dev"),
                               (panels[1], [c for c in conditions if c not in windows], "under bad conditions, dev")):
        for corpus in corpora:
            _along(axes, order, [value[c, corpus, "ua"] for c in order], "-", CORPUS_COLOURS.get(corpus, GREY), 1,
                   MARKS.get(corpus, "o"), "%s, all classes" % name(corpus))
        for kind, style, label in (("ua", "-", "mean, all classes"), ("ua4", "--", "mean, 4 classes")):
            means = [np.mean([value[c, corpus, kind] for corpus in corpora if (c, corpus, kind) in value]) for c in order]
            _along(axes, order, means, style, BLACK, 2.5, "P" if kind == "ua" else "x", label)
        axes.set_xticks(range(len(order)), [_short(c) for c in order], fontsize=8)
        axes.set(ylim=(0, 75), title=title)
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("unweighted accuracy (UA), %")
    panels[0].legend(loc="lower right", fontsize=7, ncol=2)
    _save(pyplot, figure, path)


def _along(axes, order, values, style, colour, width, mark, label):
    """Values with a line through those that are steps of one scale; a telephone is no step between noise and Opus."""
    scale = [k for k, c in enumerate(order) if c.startswith(("clean", "noise", "window"))]
    axes.plot(scale, [values[k] for k in scale], style, color=colour, lw=width, marker=mark, ms=4 + width, label=label)
    others = [k for k in range(len(order)) if k not in scale]
    axes.plot(others, [values[k] for k in others], mark, color=colour, ms=4 + width, mew=max(1, width))


def _short(condition):
    return {"clean": "whole\nclip"}.get(condition, condition.replace("window ", "").replace("noise ", "noise\n")
                                       .replace("Opus ", "Opus\n"))


def embeddings(content, path):
    """The map of the clips three times: by emotion, by corpus, by speaker of the corpora with few of them."""
    pyplot = _pyplot()
    figure, panels = pyplot.subplots(1, 3, figsize=(12.5, 4.6), constrained_layout=True)
    x, y = np.array(content["x"]), np.array(content["y"])
    corpus, speaker = np.array(content["corpus"]), np.array(content["speaker"])
    emotion = np.array(content["emotion"])
    for k in sorted(set(emotion)):
        here = emotion == k
        panels[0].scatter(x[here], y[here], s=9, color=EMOTION_COLOURS[k], label=dataset.CLASSES[k], lw=0)
    for one in sorted(set(corpus)):
        here = corpus == one
        panels[1].scatter(x[here], y[here], s=9, color=CORPUS_COLOURS.get(one, GREY), marker=MARKS.get(one, "o"),
                          label=name(one), lw=0)
    few = [c for c in sorted(set(corpus)) if len(set(speaker[corpus == c])) <= 4]
    others = ~np.isin(corpus, few)
    panels[2].scatter(x[others], y[others], s=6, color="#DDDDDD", label="other corpora", lw=0)
    voices = sorted({(c, s) for c, s in zip(corpus, speaker) if c in few})
    for number, (one, voice) in enumerate(voices):
        here = (corpus == one) & (speaker == voice)
        panels[2].scatter(x[here], y[here], s=9, color=(BLUE, RED, GREEN, ORANGE, PURPLE, BLACK, SKY, YELLOW)[number % 8],
                          marker="os^Dv"[number % 5], label="%s %s" % (name(one), voice), lw=0)
    for axes, title in zip(panels, ("by emotion", "by corpus", "by speaker")):
        axes.set(xticks=(), yticks=(), title=title)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.01), fontsize=8, ncol=3, markerscale=2, frameon=False)
        for side in axes.spines.values():
            side.set_visible(False)
    _save(pyplot, figure, path)
