/* gstemotion2vecmodelsearch.h - which model file an element loads that was not told.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_MODEL_SEARCH_H
#define GST_EMOTION2VEC_MODEL_SEARCH_H

#include <glib.h>

G_BEGIN_DECLS

/* Names of the environment variable and of the folder below the user's data directory. */
#define GST_EMOTION2VEC_MODEL_VARIABLE "EMOTION2VEC_MODEL"
#define GST_EMOTION2VEC_MODEL_FOLDER "gst-emotion2vec"

/* The first of: @model_file (may be NULL), the environment variable, emotion2vec-mini.gguf or else the only *.gguf in
 * the folder of the user's data directory, the installed model. A place that names a file which is not there is an
 * error, it is not passed over. (transfer full).
 * Errors: E2V_ERROR_NOT_FOUND. */
char *gst_emotion2vec_find_model (const char *model_file, GError ** error);

/* The same where @option, as "--model", names @model_file, and not the property model-file: for the words of errors. */
char *gst_emotion2vec_find_model_of (const char *option, const char *model_file, GError ** error);

/* Name of the environment variable that names the weights of the network that finds speech; empty: use none. */
#define GST_EMOTION2VEC_SPEECH_VARIABLE "EMOTION2VEC_SPEECH"

/* The first of: the environment variable, emotion2vec-speech.bin beside the model that GST_EMOTION2VEC_MODEL_VARIABLE names, in the
 * folder of the user's data directory, where it was installed. (transfer full).
 * Errors: G_FILE_ERROR_NOENT: there are none. */
char *gst_emotion2vec_find_speech (GError ** error);

G_END_DECLS

#endif
