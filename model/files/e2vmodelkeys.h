/* e2vmodelkeys.h - everything of a model but its weights, as keys of a model file.
 *
 * docs/model-file.md lists the keys. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_MODEL_KEYS_H
#define E2V_MODEL_KEYS_H

#include "e2vgguf.h"
#include "e2vggufwriter.h"
#include "e2vmodel.h"

G_BEGIN_DECLS

#define E2V_MODEL_ARCHITECTURE "emotion2vec"
#define E2V_MODEL_FILE_VERSION 1
/* Version of the self-test's signal (e2vselftest.h); a file with another one has no self-test for us. */
#define E2V_SELFTEST_SIGNAL_VERSION 1

void e2v_model_keys_write (const E2vModel * model, E2vGgufWriter * writer);

/* Refuses files of other architectures and versions: E2V_ERROR_NOT_EMOTION2VEC, E2V_ERROR_FORMAT. */
gboolean e2v_model_keys_check (const E2vGguf * gguf, GError ** error);

/* The hyper-parameters, validated. */
gboolean e2v_model_keys_read_hparams (const E2vGguf * gguf, E2vHparams * hparams, GError ** error);

/* n_classes labels and a NULL; free with g_strfreev(). */
char **e2v_model_keys_read_labels (const E2vGguf * gguf, guint n_classes, GError ** error);

/* @info: filled with strings that are the caller's; e2v_model_info_clear() frees them. */
gboolean e2v_model_keys_read_info (const E2vGguf * gguf, E2vModelInfo * info, GError ** error);
void e2v_model_info_clear (E2vModelInfo * info);

/* Gives @model the file's self-test if there is one. */
gboolean e2v_model_keys_read_selftest (const E2vGguf * gguf, E2vModel * model, GError ** error);

G_END_DECLS

#endif
