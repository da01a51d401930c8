/* gstemotion2vecresult.h - what was heard in one window: made once, rendered into everything.
 *
 * docs/metadata.md is the schema of the rendered structure. Pure. MT: one owner at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_RESULT_H
#define GST_EMOTION2VEC_RESULT_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* Name of the structure in element messages and custom events. */
#define GST_EMOTION2VEC_STRUCTURE_NAME "emotion2vec"

typedef struct
{
  char *element;                /* name of the element that made it */
  char *stream_id;              /* (nullable) */
  guint64 id;                   /* counts up per stream */
  GstClockTime timestamp, stream_time, running_time;    /* start of the window; NONE without a TIME segment */
  GstClockTime duration;
  double level;                 /* RMS of the window, dBFS */
  gboolean partial;             /* shorter than asked */
  gboolean tail;                /* its stretch had ended: no buffer is left that it could ride on */
  char *model;                  /* name of the model */
  GstClockTime inference_time;  /* of the batch that the window was in */
  gboolean silent;              /* no inference was made */
  guint n_model_classes;        /* 0 without a head, when silent or failed */
  double *model_scores;         /* n_model_classes: the model's own, sum 1 */
  guint n_frames, dim;          /* 0 when silent or failed */
  float *utterance;             /* [dim], as wanted, else NULL; so are the next two */
  float *frames;                /* [n_frames][dim] */
  float *model_frame_scores;    /* [n_frames][n_model_classes] */
  double frame_rate;            /* frames a second */
  guint n_classes;              /* 0 without a head */
  char **labels;                /* n_classes short names and a NULL */
  double *scores;               /* n_classes, sum 1 */
} GstEmotion2vecResult;

GstEmotion2vecResult *gst_emotion2vec_result_new (void);
void gst_emotion2vec_result_free (GstEmotion2vecResult * result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEmotion2vecResult, gst_emotion2vec_result_free)

/* @labels: @n strings and a NULL; both arrays are copied. */
void gst_emotion2vec_result_set_scores (GstEmotion2vecResult * result, const char *const *labels, const double *scores,
    guint n);

/* Class with the highest score, the first of equals; -1 without a head. */
gint gst_emotion2vec_result_best (const GstEmotion2vecResult * result);

/* (transfer full): all fields, under their names in docs/metadata.md. @name: of the structure. */
GstStructure *gst_emotion2vec_result_to_structure (const GstEmotion2vecResult * result, const char *name);

G_END_DECLS

#endif
