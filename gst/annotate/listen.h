/* listen.h - one audio track of one media file, through the emotion2vec element, into an annotation.
 *
 * The element runs in this process, so all callers share one model in memory, and windows of several files share
 * batches. Only the chosen track is decoded. MT: any thread; each call blocks until the file is heard.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LISTEN_H
#define LISTEN_H

#include "annotation.h"

G_BEGIN_DECLS

/* Properties of the element, as their text. */
typedef struct
{
  char *model;                  /* path of the model file */
  char *head;                   /* (nullable): path of the file of a head in place of the model's own */
  char *device, *precision;
  GstClockTime window, interval;
  char *trigger, *channels;
  char *classes;                /* (nullable) */
  char *silence;                /* (nullable): threshold, dBFS */
  GstClockTime minimum;         /* shortest window; 0: the element's default */
  gboolean tags;                /* the annotation gets tags */
  gboolean embedding;           /* results carry the utterance embedding; see ListenSource.result */
  char *warning;                /* (nullable): of the engine, which every element repeats and the caller has told */
} ListenSettings;

typedef struct
{
  const char *path, *uri;       /* one of them, or neither: standard input */
  guint track;                  /* audio track, counted from 0 */
  /* (nullable): called by another thread while the file is read, a few times a second of work. @duration:
   * GST_CLOCK_TIME_NONE if unknown. */
  void (*progress) (GstClockTime position, GstClockTime duration, gpointer user_data);
  gpointer user_data;
  gboolean part;                /* only from start to end, which is GST_CLOCK_TIME_NONE for the end of the file */
  GstClockTime start, end;
  /* (nullable): called by the calling thread with each result before it is in the annotation. */
  void (*result) (const GstStructure * structure, gpointer user_data);
} ListenSource;

/* (transfer full): finished but for its name, model's name, device and version. A file that breaks off is annotated as far
 * as it goes. @warnings: (element-type utf8): what was wrong with it is appended.
 * Errors: of G_IO_ERROR, a sentence that names what is wrong with the file, not the file: NOT_FOUND there is no such track,
 * INVALID_DATA not media, damaged, or without audio; NOT_SUPPORTED no decoder for it; FAILED the model, the
 * device, or something in between. */
Annotation *listen_to_track (const ListenSource * source, const ListenSettings * settings, GPtrArray * warnings,
    GError ** error);

G_END_DECLS

#endif
