"""speech.py - real speech of given lengths as WAV files of 16 kHz, mono.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import os
import wave

import numpy as np

import reference

START = 2                       # seconds into the clip, where somebody speaks


def decode(gst_launch, clip, path):
    """The clip's samples as numbers of 16 bits; also written to `path`."""
    reference.call([gst_launch, '-q', 'filesrc', f'location={clip}', '!', 'decodebin', '!', 'audioconvert', '!',
                    'audioresample', '!', 'audio/x-raw,format=S16LE,rate=16000,channels=1', '!', 'wavenc', '!',
                    'filesink', f'location={path}'])
    with wave.open(path, 'rb') as file:
        return np.frombuffer(file.readframes(file.getnframes()), '<i2')


def cut(gst_launch, clip, folder, lengths):
    """Writes N seconds of the clip to folder/Ns.wav for each length; returns {N: (path, samples)}."""
    samples = decode(gst_launch, clip, os.path.join(folder, 'clip.wav'))
    cuts = {}
    for seconds in lengths:
        part = samples[16000 * START:16000 * (START + seconds)]
        if len(part) != 16000 * seconds:
            raise RuntimeError(f'{clip} is too short for {seconds} s')
        path = os.path.join(folder, f'{seconds}s.wav')
        with wave.open(path, 'wb') as file:
            file.setparams((1, 2, 16000, len(part), 'NONE', ''))
            file.writeframes(part.tobytes())
        cuts[seconds] = path, part
    return cuts
