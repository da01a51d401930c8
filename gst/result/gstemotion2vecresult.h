/* gstemotion2vecresult.h - what was heard in one window: made once, rendered into everything.
 *
 * The element fills in what it knows when a window is cut, the engine what the model said, the scorer what follows from
 * that. docs/metadata.md is the schema of the rendered structure. Pure. MT: one owner at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_RESULT_H
#define GST_EMOTION2VEC_RESULT_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* Name of the structure in element messages and custom events. */
#define GST_EMOTION2VEC_STRUCTURE_NAME "emotion2vec"

typedef struct
{
  /* from the element */
  char *element;                /* name of the element that made it */
  char *stream_id;              /* (nullable) */
  char *source_id;              /* (nullable): who is speaking */
  guint64 id;                   /* counts up per stream */
  guint64 stream;               /* not rendered: number of the stream, since ids of streams may come again */
  GstClockTime timestamp, stream_time, running_time;    /* start of the window; NONE without a TIME segment */
  GstClockTime duration;
  GstClockTime interval;        /* to the start of the next window; NONE if the interval did not make this one */
  gboolean speech_trigger;      /* a stretch of speech made the window, else the interval */
  gint channel;                 /* -1: of all channels */
  double level;                 /* RMS of the window, dBFS */
  gboolean silent;              /* no inference was made */
  gboolean partial;             /* shorter than asked */
  gboolean tail;                /* its stretch had ended: no buffer is left that it could ride on */
  guint64 stretch;              /* not rendered: number of its stretch of contiguous audio, and ... */
  GstClockTime offset;          /* ... start of the window counted from the stretch's start */
  guint64 serial;               /* not rendered: number of the buffer that completed the window */
  double speech;                /* not rendered: share of speech in the window, 0 to 1 */

  /* from the engine; the arrays are NULL if the model has no head, the window is silent or they were not wanted */
  char *model;                  /* (nullable): name of the model */
  GstClockTime inference_time;  /* from submit to scores, the batch's time shared; NONE without inference */
  guint n_model_classes;
  double *model_scores;         /* [n_model_classes], sum 1 */
  guint n_frames, dim;
  double frame_rate;            /* frames a second */
  float *utterance;             /* [dim] */
  float *frames;                /* [n_frames][dim] */
  float *model_frame_scores;    /* [n_frames][n_model_classes] */
  char *trouble;                /* (nullable), not rendered: what the device had to be helped with for this result */

  /* from the scorer */
  guint n_classes;              /* 0 without scores */
  char **labels;                /* n_classes short names and a NULL */
  double *scores;               /* [n_classes], sum 1 */
  double *raw_scores;           /* [n_classes], before smoothing; NULL unless smoothed */
  float *frame_scores;          /* [n_frames][n_classes] */
  gboolean below_threshold;
} GstEmotion2vecResult;

/* Empty: times, interval and inference time NONE, channel -1. */
GstEmotion2vecResult *gst_emotion2vec_result_new (void);
void gst_emotion2vec_result_free (GstEmotion2vecResult * result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEmotion2vecResult, gst_emotion2vec_result_free)

/* @labels: @n strings and a NULL; both arrays are copied. */
void gst_emotion2vec_result_set_scores (GstEmotion2vecResult * result, const char *const *labels, const double *scores,
    guint n);

/* Class with the highest score, the first of equals; -1 without scores. */
gint gst_emotion2vec_result_best (const GstEmotion2vecResult * result);

/* (transfer full): all fields, under their names in docs/metadata.md; fields that do not apply are absent. @name: of the
 * structure. Embeddings are copied once; copies of the structure share them. */
GstStructure *gst_emotion2vec_result_to_structure (const GstEmotion2vecResult * result, const char *name);

G_END_DECLS

#endif
