/* oddstream.h - what a stream is made of, legal and illegal, at random.
 *
 * Everything follows from the player's random numbers. MT: one thread a player.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ODDSTREAM_H
#define ODDSTREAM_H

#include <gst/audio/audio.h>

#include "orderbench.h"

typedef struct
{
  Bench *bench;
  GstElement *element;
  GRand *rand;
  GstAudioInfo info;            /* in force */
  GstClockTime pts;             /* where the audio is, as far as it is legal */
  guint64 *next_offset;         /* names the buffers */
} Player;

/* Less than @n. */
guint odd_below (GRand * rand, guint n);
gboolean odd_chance (GRand * rand, guint percent);

/* All magnitudes alike, with the borders now and then. */
guint64 odd_u64 (GRand * rand);
/* Mostly near where the stream is. */
GstClockTime odd_time (Player * p);

/* Not of the lowest rates: a few bytes would be minutes of audio. */
void odd_choose_info (Player * p);
GstEvent *odd_good_caps (Player * p);
GstEvent *odd_bad_caps (Player * p);

/* As a source makes it: right after the last one. */
GstBuffer *odd_good_buffer (Player * p, gsize n_frames);
/* Times, flags, sizes and memories of any kind. */
GstBuffer *odd_buffer (Player * p);
gsize odd_n_frames (Player * p);

/* A property of the element and a value that it can take; NULL now and then. @value: to be unset by the caller. */
GParamSpec *odd_property (Player * p, GValue * value);

/* The device of all elements: EMOTION2VEC_FUZZ_DEVICE, or ref. */
const char *odd_device (void);

#endif
