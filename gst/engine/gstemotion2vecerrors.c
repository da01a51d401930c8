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
  const char *option_hint;      /* for tools, if they need other words; else NULL */
} ErrorRow;

static const ErrorRow error_rows[] = {
  {E2V_ERROR_NOT_FOUND, FALSE, GST_RESOURCE_ERROR_NOT_FOUND,
        "Check the properties model-file and device",
      "Check --model and --device; emotion2vec-model devices lists the devices"},
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
      "Check the properties of the element", "Check the options"},
  {E2V_ERROR_TOO_LARGE, FALSE, GST_RESOURCE_ERROR_NO_SPACE_LEFT,
      "Choose a smaller model, a shorter window or another device"},
  {E2V_ERROR_NO_DRIVER, TRUE, GST_LIBRARY_ERROR_INIT,
      "Without one, device=cpu works", "Without one, --device=cpu works"},
  {E2V_ERROR_OUT_OF_MEMORY, FALSE, GST_RESOURCE_ERROR_NO_SPACE_LEFT,
      "Choose a smaller model, a shorter window or another device"},
  {E2V_ERROR_DEVICE_LOST, TRUE, GST_LIBRARY_ERROR_FAILED,
        "Restart the pipeline, update the driver or choose another device",
      "Try again, update the driver or choose another device"},
  {E2V_ERROR_FORKED, TRUE, GST_LIBRARY_ERROR_FAILED,
      "Make new elements in the child of a fork"},
  {E2V_ERROR_DEVICE, TRUE, GST_LIBRARY_ERROR_FAILED,
      "Update the driver or choose another device"},
};

static const ErrorRow *
find_row (const GError * cause)
{
  static const ErrorRow other = { 0, TRUE, GST_LIBRARY_ERROR_FAILED,
    "This is a bug in gst-emotion2vec: please report it"
  };
  const ErrorRow *row = &other;

  for (guint i = 0; i < G_N_ELEMENTS (error_rows); i++)
    if (g_error_matches (cause, E2V_ERROR, (gint) error_rows[i].from))
      row = &error_rows[i];
  return row;
}

static GQuark
domain_of (const ErrorRow * row)
{
  return row->library ? GST_LIBRARY_ERROR : GST_RESOURCE_ERROR;
}

GError *
gst_emotion2vec_error_new (const GError * cause)
{
  const ErrorRow *row = find_row (cause);

  return g_error_new (domain_of (row), row->code, "emotion2vec: %s. %s.",
      cause->message, row->hint);
}

GError *
gst_emotion2vec_error_new_for_options (const GError * cause)
{
  const ErrorRow *row = find_row (cause);

  return g_error_new (domain_of (row), row->code, "%s. %s.", cause->message,
      row->option_hint ? row->option_hint : row->hint);
}
