/* gstemotion2vecmodelsearch.c - which model file an element loads that was not told, and what finds speech for it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecmodelsearch.h"

#include "e2verror.h"

#define BUNDLED "emotion2vec-mini.gguf"
#define SPEECH "emotion2vec-speech.bin"

/* @source: who named it, for the message. */
static char *
expect_file (const char *path, const char *source, GError ** error)
{
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return g_strdup (path);
  g_set_error (error, E2V_ERROR, E2V_ERROR_NOT_FOUND,
      "there is no model file \"%s\", which %s names", path, source);
  return NULL;
}

/* The bundled model's name or else the only model in @folder; NULL without @error: none. @option: what else could name one. */
static char *
search_folder (const char *folder, const char *option, GError ** error)
{
  g_autofree char *bundled = g_build_filename (folder, BUNDLED, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autofree char *found = NULL;
  const char *name;

  if (g_file_test (bundled, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&bundled);
  while (dir && (name = g_dir_read_name (dir))) {
    if (!g_str_has_suffix (name, ".gguf"))
      continue;
    if (found) {
      g_set_error (error, E2V_ERROR, E2V_ERROR_NOT_FOUND,
          "there are several models in \"%s\" and none is called " BUNDLED
          ": choose one with %s or the environment variable "
          GST_EMOTION2VEC_MODEL_VARIABLE, folder, option);
      return NULL;
    }
    found = g_build_filename (folder, name, NULL);
  }
  return g_steal_pointer (&found);
}

/* @option: its name. @source: the same, for the sentence that it named a file. */
static char *
find_model (const char *option, const char *source, const char *model_file,
    GError ** error)
{
  const char *variable = g_getenv (GST_EMOTION2VEC_MODEL_VARIABLE);
  g_autofree char *folder = g_build_filename (g_get_user_data_dir (),
      GST_EMOTION2VEC_MODEL_FOLDER, NULL);
  g_autoptr (GError) ambiguous = NULL;
  char *found;

  if (model_file && *model_file)
    return expect_file (model_file, source, error);
  if (variable && *variable)
    return expect_file (variable, "the environment variable "
        GST_EMOTION2VEC_MODEL_VARIABLE, error);
  found = search_folder (folder, option, &ambiguous);
  if (found)
    return found;
  if (ambiguous) {
    g_propagate_error (error, g_steal_pointer (&ambiguous));
    return NULL;
  }
  if (g_file_test (EMOTION2VEC_DATADIR "/" BUNDLED, G_FILE_TEST_EXISTS))
    return g_strdup (EMOTION2VEC_DATADIR "/" BUNDLED);
  g_set_error (error, E2V_ERROR, E2V_ERROR_NOT_FOUND,
      "no model file was found, neither in \"%s\" nor in \""
      EMOTION2VEC_DATADIR "\": name one with %s or the environment variable "
      GST_EMOTION2VEC_MODEL_VARIABLE, folder, option);
  return NULL;
}

char *
gst_emotion2vec_find_model (const char *model_file, GError ** error)
{
  return find_model ("model-file", "the property model-file", model_file,
      error);
}

char *
gst_emotion2vec_find_model_of (const char *option, const char *model_file,
    GError ** error)
{
  return find_model (option, option, model_file, error);
}

/* @folder: (transfer full) (nullable). Returns: (nullable) (transfer full): the weights in it. */
static char *
speech_in (char *folder)
{
  g_autofree char *owned = folder;
  g_autofree char *path =
      folder ? g_build_filename (folder, SPEECH, NULL) : NULL;

  return path && g_file_test (path, G_FILE_TEST_EXISTS) ?
      g_steal_pointer (&path) : NULL;
}

char *
gst_emotion2vec_find_speech (GError ** error)
{
  const char *variable = g_getenv (GST_EMOTION2VEC_SPEECH_VARIABLE);
  const char *model = g_getenv (GST_EMOTION2VEC_MODEL_VARIABLE);
  char *found = NULL;

  if (variable && *variable)
    return g_strdup (variable);
  if (!variable && model && *model)
    found = speech_in (g_path_get_dirname (model));
  if (!variable && !found)
    found = speech_in (g_build_filename (g_get_user_data_dir (),
            GST_EMOTION2VEC_MODEL_FOLDER, NULL));
  if (!variable && !found)
    found = speech_in (g_strdup (EMOTION2VEC_DATADIR));
  if (!found)
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
        variable ? "the environment variable " GST_EMOTION2VEC_SPEECH_VARIABLE
        " is empty" : "there is no " SPEECH " in \"" EMOTION2VEC_DATADIR
        "\" or beside the model");
  return found;
}
