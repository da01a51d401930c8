# SPDX-License-Identifier: LGPL-2.1-or-later
"""The corpora: reads the manifest, decodes the clips once into an int16 cache, cuts training crops.

The data folder holds `manifest.tsv` and the audio files that it names.  Everything else works on the
cache, a folder with `audio.i16` (all clips one after the other, 16 kHz mono) and `index.tsv`.

    python3 dataset.py --data DIR --cache DIR
"""
import argparse
import collections
import csv
import multiprocessing
import os
import time

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

RATE = 16000
LABELS = ("生气/angry", "厌恶/disgusted", "恐惧/fearful", "开心/happy", "中立/neutral",
          "其他/other", "难过/sad", "吃惊/surprised", "<unk>")
CLASSES = ("angry", "disgusted", "fearful", "happy", "neutral", "other", "sad", "surprised", "unknown")
UNKNOWN = CLASSES.index("unknown")
SPLITS = ("train", "dev", "test", "zeroshot", "noise", "unlabelled")
INDEX_FIELDS = ("path", "corpus", "split", "speaker", "emotion9", "licence", "offset", "samples")

# How often a training clip comes from each corpus; `noise` are clips without speech, labelled <unk>.
CORPUS_SHARE = {"ravdess": 0.27, "nemo": 0.28, "emogator": 0.25, "indian-emospeech": 0.17, "noise": 0.03}
OTHER_SHARE = 0.25                      # of a corpus that is not named there

Clip = collections.namedtuple("Clip", INDEX_FIELDS)


def read_manifest(data):
    """Rows of DATA/manifest.tsv as dictionaries, those of the splits that are used here."""
    path = os.path.join(data, "manifest.tsv")
    if not os.path.exists(path):
        raise SystemExit("there is no %s: --data needs a folder with the audio and this table, tab separated, with the columns %s"
                         % (path, ", ".join(INDEX_FIELDS[:6])))
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        missing = [name for name in INDEX_FIELDS[:6] if name not in (rows.fieldnames or ())]
        if missing:
            raise SystemExit("%s has no column %s: it has to be tab separated, with these names in its first line"
                             % (path, ", ".join(missing)))
        return [row for row in rows if row["split"] in SPLITS]


def decode(path):
    """A file as int16 samples, 16 kHz mono."""
    import soundfile
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if rate != RATE:
        raise ValueError("%s: %d Hz, expected %d" % (path, rate, RATE))
    return np.clip(np.round(samples.mean(axis=1) * 32768), -32768, 32767).astype(np.int16)


def build_cache(data, cache, jobs=2):
    """Decodes every clip of the manifest into CACHE; does nothing if the cache is there."""
    if os.path.exists(os.path.join(cache, "index.tsv")):
        return
    rows = read_manifest(data)
    absent = [row["path"] for row in rows if not os.path.exists(os.path.join(data, row["path"]))]
    if absent:
        raise SystemExit("%d clips of the manifest are not in %s, such as %s: complete the folder, or take their lines out"
                         % (len(absent), data, absent[0]))
    os.makedirs(cache, exist_ok=True)
    start, offset, index = time.time(), 0, []
    with open(os.path.join(cache, "audio.i16"), "wb") as audio, multiprocessing.Pool(jobs) as pool:
        paths = [os.path.join(data, row["path"]) for row in rows]
        for number, (row, samples) in enumerate(zip(rows, pool.imap(decode, paths, chunksize=32)), 1):
            samples.tofile(audio)
            index.append([row[f] for f in INDEX_FIELDS[:6]] + [offset, len(samples)])
            offset += len(samples)
            if number % 2000 == 0 or number == len(rows):
                took = time.time() - start
                print("decoded %d of %d clips, %.2f h of audio, %.0f s left"
                      % (number, len(rows), offset / RATE / 3600, took / number * (len(rows) - number)), flush=True)
    partial = os.path.join(cache, "index.tsv.partial")
    with open(partial, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None)
        writer.writerows([INDEX_FIELDS] + index)
    os.replace(partial, os.path.join(cache, "index.tsv"))


def check_labelled(audio):
    """Ends the program if there is nothing to learn classes from, or to judge them with."""
    labelled = [c for c in audio.clips if c.emotion9 in CLASSES and c.split in ("train", "dev")]
    for split in ("train", "dev"):
        if not any(c.split == split and (split == "dev" or "ND" not in c.licence) for c in labelled):
            raise SystemExit("the data have no clip that can be used with split=%s and one of the classes %s in the column "
                             "emotion9: mark some in manifest.tsv (speakers of dev must not be in train) and remove the cache"
                             % (split, ", ".join(CLASSES)))


class Audio:
    """The cached clips: `clips` and their samples."""

    def __init__(self, cache):
        with open(os.path.join(cache, "index.tsv"), encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            self.clips = [Clip(*[r[f] for f in INDEX_FIELDS[:6]], int(r["offset"]), int(r["samples"])) for r in rows]
        self.samples = np.memmap(os.path.join(cache, "audio.i16"), np.int16, "r")

    def select(self, *splits):
        return [clip for clip in self.clips if clip.split in splits]

    def wave(self, clip):
        """Samples of a clip as float32 in -1 … 1."""
        return self.samples[clip.offset:clip.offset + clip.samples].astype(np.float32) / 32768


def active_span(wave, below=35.0):
    """First and last sample of the 20 ms frames that are within BELOW dB of the loudest one."""
    frame = RATE // 50
    count = len(wave) // frame
    if count < 2:
        return 0, len(wave)
    power = np.square(wave[:count * frame].reshape(count, frame)).mean(axis=1)
    loud = np.flatnonzero(power >= power.max() * 10 ** (-below / 10))
    return int(loud[0]) * frame, int(loud[-1] + 1) * frame


def crop(wave, length, span, rng):
    """LENGTH samples that lie inside SPAN where it is longer, and cover it where it is shorter.

    Clips that are too short are repeated: exact zeros would give frames whose gradient explodes.
    """
    if len(wave) <= length:
        repeated = np.tile(wave, length // len(wave) + 2)
        start = rng.integers(0, len(wave))
        return repeated[start:start + length]
    first, last = sorted((span[0], span[1] - length))
    first, last = max(first, 0), min(last, len(wave) - length)
    start = rng.integers(first, last + 1) if last > first else max(min(first, len(wave) - length), 0)
    return wave[start:start + length]


def stretch(wave, factor, hop=200, reach=160):
    """WAVE, float32, lasting FACTOR times as long at the same pitch: waveform similarity overlap-add (WSOLA).

    Pieces of two hops are taken from their places in WAVE, at most REACH samples away: from where they most resemble what
    came after the piece before.
    """
    length = round(len(wave) * factor)
    count = length // hop + 2
    padded = np.pad(wave, (reach + hop, reach + 6 * hop))
    sparse = padded[::2]                # enough to find the place
    window = np.hanning(2 * hop + 1)[:-1].astype(np.float32)
    result = np.zeros((count + 1) * hop, np.float32)
    place = reach
    for k in range(count):
        if k:
            first = round(k * hop / factor) & ~1
            wanted = sparse[(place + hop) // 2:(place + 2 * hop) // 2]
            place = first + 2 * int(np.correlate(sparse[first // 2:first // 2 + reach + len(wanted)], wanted).argmax())
        result[k * hop:(k + 2) * hop] += padded[place:place + 2 * hop] * window
    return result[hop:hop + length]


class TrainingCrops:
    """Endless batches of augmented crops, classes even within each corpus.

    Draws from the train split and from the noise clips marked for augmentation; clips under a licence
    without derivatives are left out. VOICES is the chance that a clip gets another voice: pitch, formants and tempo
    changed further, and independently.
    """

    def __init__(self, audio, seed, share=None, voices=0.0):
        self.audio, self.voices = audio, voices
        self.rng = np.random.default_rng(seed)
        usable = [c for c in audio.clips if "ND" not in c.licence]
        train = [c for c in usable if c.split == "train"]
        augment = [c for c in usable if c.split == "noise" and c.speaker == "aug"]
        self.noise = [c for c in augment if not c.corpus.startswith("rir")]
        self.rooms = [self._room(c) for c in augment if c.corpus.startswith("rir")]
        self.groups = {"noise": {UNKNOWN: self.noise}} if self.noise else {}
        for clip in train:
            group = self.groups.setdefault(clip.corpus, {})
            group.setdefault(CLASSES.index(clip.emotion9), []).append(clip)
        if not share:
            share = dict(CORPUS_SHARE, **{name: OTHER_SHARE for name in sorted(self.groups) if name not in CORPUS_SHARE})
        self.corpora = [name for name in share if name in self.groups]
        self.share = np.array([share[name] for name in self.corpora])
        self.share /= self.share.sum()
        self.spans = {}
        self.seconds = sum(c.samples for c in train if c.corpus in self.corpora) / RATE

    def prior(self, absent=0.1):
        """log P(class | corpus) up to a constant, [corpora, classes]; ABSENT for a class without clips."""
        return np.log([[1.0 if k in self.groups[name] else absent for k in range(len(CLASSES))]
                       for name in self.corpora]).astype(np.float32)

    def batch(self, size, seconds, strength):
        """Waves [size, samples], classes [size], corpora [size], clips; STRENGTH is the chance of each distortion."""
        length = int(seconds * RATE)
        waves = np.empty((size, length), np.float32)
        classes, corpora, drawn = np.empty(size, np.int64), np.empty(size, np.int64), []
        for row in range(size):
            corpora[row] = self.rng.choice(len(self.corpora), p=self.share)
            group = self.groups[self.corpora[corpora[row]]]
            classes[row] = self.rng.choice(list(group))
            clips = group[classes[row]]
            drawn.append(clips[self.rng.integers(len(clips))])
            waves[row] = self._example(drawn[row], length, strength)
        return waves, classes, corpora, drawn

    def _example(self, clip, length, strength):
        rng = self.rng
        if clip.split == "noise" and rng.random() < 0.3:
            return self._hiss(length)
        wave = self.audio.wave(clip)
        if clip.path not in self.spans:
            self.spans[clip.path] = active_span(wave)
        cut = self._voice(wave, self.spans[clip.path], length)
        colour, echo = rng.random() < 2 * strength, self.rooms and rng.random() < strength / 2
        narrow = rng.random() < strength
        if colour or echo or narrow:
            padded = next_fast_len(length + RATE // 2, real=True)
            spectrum = rfft(cut, padded)
            if colour:
                knots = rng.normal(0, 4, 9)  # dB, evenly spaced on a bent frequency axis
                place = np.sqrt(np.linspace(0, 1, len(spectrum))) * (len(knots) - 1)
                spectrum *= 10 ** (np.interp(place, np.arange(len(knots)), knots).astype(np.float32) / 20)
            if echo:
                spectrum *= rfft(self.rooms[rng.integers(len(self.rooms))], padded)
            if narrow:
                spectrum *= self._band(len(spectrum))
            cut = irfft(spectrum, padded)[:length]
        level = np.sqrt(np.mean(np.square(cut)) + 1e-12)
        if self.noise and clip.split != "noise" and rng.random() < 1.5 * strength:
            other = self.audio.wave(self.noise[rng.integers(len(self.noise))])
            other = crop(other, length, (0, len(other)), rng)
            other_level = np.sqrt(np.mean(np.square(other)) + 1e-12)
            cut = cut + other * (level / other_level * 10 ** (-rng.uniform(2, 30) / 20))
        # A whisper of dither keeps digital silence away from the normalisations.
        return cut + rng.standard_normal(length, np.float32) * (level * 1e-3 + 1e-6)

    def _voice(self, wave, span, length):
        """LENGTH samples of WAVE at another speed; with the chance of VOICES in another voice."""
        rng, tempo = self.rng, None
        pitch = np.exp(rng.uniform(-0.12, 0.12))
        if self.voices and rng.random() < self.voices:
            pitch, tempo = np.exp(rng.uniform(-0.22, 0.22)), np.exp(rng.uniform(-0.15, 0.15))
        needed = int(length * pitch) + 2
        if tempo:
            cut = stretch(crop(wave, int(length * tempo) + 2, span, rng), pitch / tempo)
            cut = np.pad(cut, (0, max(0, needed - len(cut))))
        else:
            cut = crop(wave, needed, span, rng)
        return np.interp(np.arange(length) * pitch, np.arange(len(cut)), cut).astype(np.float32)

    def _band(self, bins):
        """A telephone or a poor microphone: from up to 350 Hz to 3 kHz or more, with soft edges."""
        hertz = np.linspace(0, RATE / 2, bins)
        low, high = self.rng.uniform(0, 350), np.exp(self.rng.uniform(np.log(3000), np.log(7500)))
        edge = self.rng.uniform(20, 150)
        rise = 1 / (1 + np.exp(np.clip(-(hertz - low) / (edge / 4), -50, 50)))
        fall = 1 / (1 + np.exp(np.clip((hertz - high) / edge, -50, 50)))
        return (np.maximum(rise, 1e-3) * np.maximum(fall, 1e-3)).astype(np.float32)

    def _hiss(self, length):
        """Noise with a random spectral slope, for empty channels."""
        spectrum = rfft(self.rng.standard_normal(length))
        slope = self.rng.uniform(0, 1)
        return irfft(spectrum / np.arange(1, len(spectrum) + 1) ** slope, length).astype(np.float32)

    def _room(self, clip):
        response = self.audio.wave(clip)[:RATE // 2]
        return response / np.sqrt(np.sum(np.square(response)) + 1e-12)


class UnlabelledCrops:
    """Endless batches of crops for pre-training: train and unlabelled clips, labels unseen, clips under a licence
    without derivatives left out.  A clip comes as often as it is long, up to LONGEST seconds."""

    LONGEST = 4.0

    def __init__(self, audio, seed):
        self.audio = audio
        self.rng = np.random.default_rng(seed)
        self.clips = [c for c in audio.select("train", "unlabelled") if "ND" not in c.licence]
        weight = np.minimum([c.samples / RATE for c in self.clips], self.LONGEST)
        self.chance = np.cumsum(weight / weight.sum())
        self.spans = {}

    def batch(self, size, seconds):
        """Waves [size, samples]."""
        length = int(seconds * RATE)
        waves = np.empty((size, length), np.float32)
        for row in range(size):
            clip = self.clips[min(int(np.searchsorted(self.chance, self.rng.random())), len(self.clips) - 1)]
            wave = self.audio.wave(clip)
            if clip.path not in self.spans:
                self.spans[clip.path] = active_span(wave)
            waves[row] = crop(wave, length, self.spans[clip.path], self.rng)
            # a whisper of dither, as in TrainingCrops
            level = np.sqrt(np.mean(np.square(waves[row])) + 1e-12)
            waves[row] += self.rng.standard_normal(length, np.float32) * (level * 1e-3 + 1e-6)
        return waves


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with manifest.tsv and the audio")
    parser.add_argument("--cache", required=True, help="folder that gets the decoded audio")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    build_cache(options.data, options.cache, options.jobs)


if __name__ == "__main__":
    main()
