/* gstemotion2vechead.c - a linear head of its own for one stream.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vechead.h"

#include "e2verror.h"
#include "e2vhead.h"
#include "e2vheadfile.h"
#include "gstemotion2vecenginepriv.h"
#include "gstemotion2vecerrors.h"

/* The hints of model files lead astray here. */
static GError *
make_error (const GError * cause)
{
  gint code = GST_RESOURCE_ERROR_OPEN_READ;

  if (g_error_matches (cause, E2V_ERROR, E2V_ERROR_NOT_FOUND))
    code = GST_RESOURCE_ERROR_NOT_FOUND;
  else if (g_error_matches (cause, E2V_ERROR, E2V_ERROR_IO))
    code = GST_RESOURCE_ERROR_READ;
  return g_error_new (GST_RESOURCE_ERROR, code, "emotion2vec: head-file: %s. "
      "Choose another head-file; emotion2vec-model info tells what is in one.",
      cause->message);
}

GstEmotion2vecHead *
gst_emotion2vec_head_load (const char *head_file,
    const GstEmotion2vecEngine * engine, GError ** error)
{
  E2vHead *head = e2v_head_load (head_file, error);

  if (head && e2v_head_check_model (head, e2v_encoder_model (engine->encoder),
          error))
    return head;
  e2v_head_unref (head);
  return NULL;
}

GstEmotion2vecHead *
gst_emotion2vec_head_open (const char *head_file,
    const GstEmotion2vecEngine * engine, GError ** error)
{
  g_autoptr (GError) cause = NULL;
  GstEmotion2vecHead *head =
      gst_emotion2vec_head_load (head_file, engine, &cause);

  if (!head)
    g_propagate_error (error, make_error (cause));
  return head;
}

GstEmotion2vecHead *
gst_emotion2vec_head_ref (GstEmotion2vecHead * head)
{
  return head ? e2v_head_ref (head) : NULL;
}

void
gst_emotion2vec_head_unref (GstEmotion2vecHead * head)
{
  e2v_head_unref (head);
}

const char *
gst_emotion2vec_head_name (const GstEmotion2vecHead * head)
{
  return e2v_head_spec (head)->name;
}

const char *const *
gst_emotion2vec_head_labels (const GstEmotion2vecHead * head,
    const GstEmotion2vecEngine * engine)
{
  return head ? (const char *const *) e2v_head_spec (head)->labels
      : gst_emotion2vec_engine_labels (engine);
}

const char *const *
gst_emotion2vec_head_names (const GstEmotion2vecHead * head,
    const GstEmotion2vecEngine * engine)
{
  return head ? e2v_head_names (head) : gst_emotion2vec_engine_names (engine);
}
