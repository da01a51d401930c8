#!/usr/bin/env python3
"""read-results.py - prints what emotion2vec says of a media file, read from messages, buffers and events.

    read-results.py [--from messages|stream|both] [--through ELEMENTS] FILE

It needs no header and no library of gst-emotion2vec, and of Python only PyGObject: on Debian the packages python3-gi and
gir1.2-gstreamer-1.0 (GStreamer 1.22 or later). With --through 'opusenc ! opusdec' the stream is read behind these
elements, as far from the listener as you like; they duplicate metas, and still every result is printed once.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import argparse
import sys
import threading
import warnings

import gi

gi.require_version('Gst', '1.0')
from gi.repository import GLib, Gst  # noqa: E402  (the version has to be said first)

# of GLib's array type, which GStreamer's bindings use
warnings.simplefilter('ignore', DeprecationWarning)

SECOND = 10**9


def values(structure, name):
    """The items of an array field, [] if it is absent."""
    there, array = structure.get_array(name)
    return [array.get_nth(i) for i in range(array.n_values)] if there else []


def number(structure, name):
    there, value = structure.get_uint64(name)
    return value if there else None


class Printer:
    """Prints each result once, whichever way it comes and how often. Buffers arrive on another thread than messages."""

    def __init__(self):
        self.lock = threading.Lock()
        self.seen = set()
        self.doubles = 0

    def take(self, structure, carrier):
        key = (structure.get_string('element'), structure.get_string('stream-id'), number(structure, 'id'))
        with self.lock:
            if key in self.seen:
                self.doubles += 1
                return
            self.seen.add(key)
            print(f'{carrier:7} {describe(structure)}', flush=True)


def describe(structure):
    """A result in one line: number, time, the three highest scores."""
    start, duration = number(structure, 'stream-time'), number(structure, 'duration')
    time = 'at no time' if start in (None, Gst.CLOCK_TIME_NONE) else \
        f'{start / SECOND:8.3f} s to {(start + duration) / SECOND:8.3f} s'
    scores = sorted(zip(values(structure, 'scores'), values(structure, 'labels')), reverse=True)
    says = ', '.join(f'{label} {score:.2f}' for score, label in scores[:3]) or 'nothing'
    return f'{number(structure, "id"):4}: {time}: {says}'


def metas(buffer):
    """The structures of all results on a buffer. get_custom_meta() gives the first one, so the others are reached by
    taking that off a copy of the buffer, which shares the audio."""
    copy = buffer.copy_region(Gst.BufferCopyFlags.META, 0, 0)
    while (meta := copy.get_custom_meta('GstEmotion2vecMeta')) is not None:
        yield meta.get_structure()
        copy.remove_meta(meta.meta)


def watch(pad, info, printer):
    """A probe: metas ride on buffers; results that have no buffer left, at the end, are events."""
    if info.type & Gst.PadProbeType.BUFFER:
        for structure in metas(info.get_buffer()):
            printer.take(structure, 'meta')
    elif info.get_event().has_name('emotion2vec'):
        printer.take(info.get_event().get_structure(), 'event')
    return Gst.PadProbeReturn.OK


def run(pipeline, printer, messages):
    """Plays to the end. Returns: an exit status."""
    wanted = Gst.MessageType.ELEMENT | Gst.MessageType.EOS | Gst.MessageType.ERROR
    pipeline.set_state(Gst.State.PLAYING)
    while True:
        message = pipeline.get_bus().timed_pop_filtered(Gst.CLOCK_TIME_NONE, wanted)
        if message.type == Gst.MessageType.EOS:
            return 0
        if message.type == Gst.MessageType.ERROR:
            print(message.parse_error()[0].message, file=sys.stderr)
            return 1
        if messages and message.get_structure().has_name('emotion2vec'):
            printer.take(message.get_structure(), 'message')


def main():
    parser = argparse.ArgumentParser(description='Prints what emotion2vec says of a media file.')
    parser.add_argument('--from', dest='source', choices=['messages', 'stream', 'both'], default='both')
    parser.add_argument('--through', default='identity', help='elements between emotion2vec and the reader')
    parser.add_argument('file')
    arguments = parser.parse_args()
    Gst.init(None)
    try:
        pipeline = Gst.parse_launch('filesrc name=file ! decodebin ! audioconvert ! emotion2vec ! '
                                    f'{arguments.through} ! fakesink name=end')
    except GLib.Error as error:
        print(error.message, file=sys.stderr)
        return 1
    pipeline.get_by_name('file').set_property('location', arguments.file)
    printer = Printer()
    if arguments.source != 'messages':
        kinds = Gst.PadProbeType.BUFFER | Gst.PadProbeType.EVENT_DOWNSTREAM
        pipeline.get_by_name('end').get_static_pad('sink').add_probe(kinds, watch, printer)
    status = run(pipeline, printer, arguments.source != 'stream')
    pipeline.set_state(Gst.State.NULL)
    print(f'{len(printer.seen)} results, {printer.doubles} doubles')
    return status


if __name__ == '__main__':
    sys.exit(main())
