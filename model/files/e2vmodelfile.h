/* e2vmodelfile.h - our model file: an E2vModel as GGUF version 3.
 *
 * docs/model-file.md describes keys and tensor names. Loading is strict: every tensor of the layout has to be there with
 * its shape, and none besides; checksums of each tensor and of all metadata are verified. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_MODEL_FILE_H
#define E2V_MODEL_FILE_H

#include "e2vmodel.h"

G_BEGIN_DECLS

/* Maps the file; the model borrows its pages as long as it lives.
 * Errors: E2V_ERROR_NOT_FOUND, E2V_ERROR_IO, E2V_ERROR_OUT_OF_MEMORY, E2V_ERROR_FORMAT (not GGUF, damaged, an absurd
 * count), and E2V_ERROR_NOT_EMOTION2VEC or E2V_ERROR_TENSOR naming what is wrong. */
E2vModel *e2v_model_load (const char *path, GError ** error);

/* The same for a file in memory, which has to outlive the model. Contents are verified each time. */
E2vModel *e2v_model_load_from_memory (const guint8 * data, gsize size, GError ** error);

/* Writes to a temporary name in the same folder and renames. Tensors keep the element types that they have in @model, F32,
 * F16 or BF16, so that its self-test is that of the file. Errors: E2V_ERROR_IO. */
gboolean e2v_model_save (E2vModel * model, const char *path, GError ** error);

G_END_DECLS

#endif
