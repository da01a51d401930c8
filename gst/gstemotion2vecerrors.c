/* gstemotion2vecerrors.c - errors of model/ in GStreamer's domains, with what to do next.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecerrors.h"

#include "e2verror.h"

typedef struct
{
  E2vError from;
  gboolean library;             /* GST_LIBRARY_ERROR, else GST_RESOURCE_ERROR */
  gint code;
  const char *hint;
} ErrorRow;

static const ErrorRow error_rows[] = {
  {E2V_ERROR_NOT_FOUND, FALSE, GST_RESOURCE_ERROR_NOT_FOUND,
      "Check the properties model-file and device"},
  {E2V_ERROR_IO, FALSE, GST_RESOURCE_ERROR_READ,
      "Check the model file and its permissions"},
  {E2V_ERROR_FORMAT, FALSE, GST_RESOURCE_ERROR_OPEN_READ,
      "The model file is damaged or is no GGUF file: get it again, or convert "
        "a checkpoint with emotion2vec-model convert"},
  {E2V_ERROR_NOT_EMOTION2VEC, FALSE, GST_RESOURCE_ERROR_OPEN_READ,
      "Choose another model file; emotion2vec-model info tells what is in one"},
  {E2V_ERROR_TENSOR, FALSE, GST_RESOURCE_ERROR_OPEN_READ,
      "The model file is damaged: get it again, or convert it again with "
        "emotion2vec-model convert"},
  {E2V_ERROR_ARGUMENT, FALSE, GST_RESOURCE_ERROR_SETTINGS,
      "Check the properties of the element"},
  {E2V_ERROR_TOO_LARGE, FALSE, GST_RESOURCE_ERROR_NO_SPACE_LEFT,
      "Choose a smaller model, a shorter window or another device"},
  {E2V_ERROR_NO_DRIVER, TRUE, GST_LIBRARY_ERROR_INIT,
      "Without one, device=cpu works"},
  {E2V_ERROR_OUT_OF_MEMORY, FALSE, GST_RESOURCE_ERROR_NO_SPACE_LEFT,
      "Choose a smaller model, a shorter window or another device"},
  {E2V_ERROR_DEVICE_LOST, TRUE, GST_LIBRARY_ERROR_FAILED,
      "Restart the pipeline, update the driver or choose another device"},
  {E2V_ERROR_FORKED, TRUE, GST_LIBRARY_ERROR_FAILED,
      "Make new elements in the child of a fork"},
  {E2V_ERROR_DEVICE, TRUE, GST_LIBRARY_ERROR_FAILED,
      "Update the driver or choose another device"},
};

GError *
gst_emotion2vec_error_new (const GError * cause)
{
  static const ErrorRow other = { 0, TRUE, GST_LIBRARY_ERROR_FAILED,
    "This is a bug in gst-emotion2vec: please report it"
  };
  const ErrorRow *row = &other;

  for (guint i = 0; i < G_N_ELEMENTS (error_rows); i++)
    if (g_error_matches (cause, E2V_ERROR, (gint) error_rows[i].from))
      row = &error_rows[i];
  return g_error_new (row->library ? GST_LIBRARY_ERROR : GST_RESOURCE_ERROR,
      row->code, "emotion2vec: %s. %s.", cause->message, row->hint);
}
