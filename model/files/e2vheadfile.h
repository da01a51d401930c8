/* e2vheadfile.h - the file of a linear head: an E2vHead as GGUF version 3.
 *
 * docs/model-file.md describes it. Loading is strict, as that of a model is. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_HEAD_FILE_H
#define E2V_HEAD_FILE_H

#include "e2vhead.h"

G_BEGIN_DECLS

#define E2V_HEAD_ARCHITECTURE "emotion2vec-head"
#define E2V_HEAD_FILE_VERSION 1

/* Errors: E2V_ERROR_NOT_FOUND, E2V_ERROR_IO, E2V_ERROR_OUT_OF_MEMORY, E2V_ERROR_FORMAT, E2V_ERROR_NOT_EMOTION2VEC (a GGUF
 * file of something else), E2V_ERROR_TENSOR. */
E2vHead *e2v_head_load (const char *path, GError ** error);
E2vHead *e2v_head_load_from_memory (const guint8 * data, gsize size, GError ** error);

/* Writes to a temporary name in the same folder and renames. Errors: E2V_ERROR_IO. */
gboolean e2v_head_save (const E2vHead * head, const char *path, GError ** error);

G_END_DECLS

#endif
