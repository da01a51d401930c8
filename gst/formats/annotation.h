/* annotation.h - what was heard in one audio track of one media file: what every output format is written from.
 *
 * It is filled from the element's messages and keeps one small row a window, so that ten hours of audio take a few MB.
 * What differs between two runs over the same file (times of inference, names of pipelines) is not in it.
 * Times are stream times: nanoseconds from the start of the file. Pure. MT: one owner at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ANNOTATION_H
#define ANNOTATION_H

#include <gst/gst.h>

#include "gstemotion2vectimeline.h"

G_BEGIN_DECLS

/* Label of a window without scores, as of a model without a head. GST_EMOTION2VEC_SILENT is the other one below 0. */
#define ANNOTATION_NO_LABEL (-2)

typedef struct
{
  guint64 id;                   /* of the element's message */
  GstClockTime start, duration;
  gint channel;                 /* -1: of all channels */
  gint label;                   /* index of the highest score, GST_EMOTION2VEC_SILENT or ANNOTATION_NO_LABEL */
  double level;                 /* RMS, dBFS; may be -inf */
  gsize scores;                 /* index of the first of n_labels scores in Annotation.scores; unused if label < 0 */
  guint speech:1, silent:1, partial:1, below_threshold:1;
} AnnotationWindow;

/* Neighbours that sound alike, joined; segments of one channel and trigger do not overlap. */
typedef struct
{
  GstClockTime start, end;
  gint channel;                 /* as above */
  gint label;                   /* as above, never ANNOTATION_NO_LABEL */
  gboolean speech;              /* of the speech trigger */
  double confidence;            /* mean of the label's scores, each weighed by the time it speaks for here; 0 if silent */
} AnnotationSegment;

/* What is written as one line of its own: tier, voice. */
typedef struct
{
  gint channel;                 /* -1: all channels */
  gboolean speech;              /* by the speech trigger */
} AnnotationTrack;

/* The time that a window speaks for; spans of one track do not overlap. */
typedef struct
{
  const AnnotationWindow *window;
  GstClockTime from, to;
} AnnotationSpan;

/* The loudest and the softest sample of a stretch of the audio, full scale +-1. */
typedef struct
{
  float low, high;
} AnnotationPeak;

typedef struct
{
  /* the file */
  char *name;                   /* as a reader may look it up: relative to where outputs go, or absolute; UTF-8 */
  char *media_type;             /* (nullable): MIME type, as "audio/flac" */
  guint track, n_tracks;        /* audio track, counted from 0 */
  char *language;               /* (nullable): of the track, ISO 639 */
  GstClockTime duration;        /* of the track */
  guint rate, channels;

  /* how it was heard */
  char *model, *device, *version;       /* (nullable) */
  char *head;                   /* (nullable): name of the head that was used in place of the model's own */
  GstClockTime window, interval;        /* as the element was set; an interval of 0 means the window's length here too */

  /* what was heard */
  guint n_labels;
  char **labels;                /* n_labels names and a NULL; NULL as long as no window had scores */
  GArray *windows;              /* AnnotationWindow, by start for each channel and trigger */
  GArray *scores;               /* double; see AnnotationWindow.scores */
  GArray *segments;             /* AnnotationSegment, by start; empty before annotation_finish() */
  GstTagList *tags;             /* (nullable): what the element says of the whole track, if it was asked */
  GArray *peaks;                /* AnnotationPeak, equally long each, over the duration; empty if not wanted */
} Annotation;

/* Empty: no names, duration 0. The caller sets the fields of the first two groups. */
Annotation *annotation_new (void);
void annotation_free (Annotation * annotation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Annotation, annotation_free)

/* Adds what an element message of the emotion2vec element says. Returns FALSE if @structure is none, lacks a field or has
 * one that makes no sense, or has other labels than the windows before it; then nothing is added. */
gboolean annotation_add (Annotation * annotation, const GstStructure * structure);

/* Makes the segments, when all windows are there. */
void annotation_finish (Annotation * annotation);

/* (transfer full) (element-type AnnotationTrack): those that have windows; the interval trigger first, channels in order. */
GArray *annotation_tracks (const Annotation * annotation);

/* (transfer full) (element-type AnnotationSpan): of the windows of @track with a label that speak for any time, in order.
 * They point into @annotation. */
GArray *annotation_spans (const Annotation * annotation, const AnnotationTrack * track);

gboolean annotation_is_of (const AnnotationSegment * segment, const AnnotationTrack * track);

/* "happy", "silent" or "none". */
const char *annotation_label (const Annotation * annotation, gint label);

/* The scores of @window, n_labels of them; NULL without. */
const double *annotation_scores (const Annotation * annotation, const AnnotationWindow * window);

/* Confidence: the highest score of @window; 0 without scores. */
double annotation_confidence (const Annotation * annotation, const AnnotationWindow * window);

G_END_DECLS

#endif
