/* e2vconvert.h - public checkpoints (torch's zip and stream containers, safetensors) become an E2vModel.
 *
 * Official names come from e2vlayout.h; this and e2vderive.c are the only places that know the official shapes.
 * MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_CONVERT_H
#define E2V_CONVERT_H

#include "e2vmodel.h"

G_BEGIN_DECLS

typedef struct
{
  const char *labels_file;      /* one label a line, UTF-8; NULL: tokens.txt beside the checkpoint */
  const char *licence_file;     /* NULL: none */
  const char *const *settings;  /* "key=value" strings that override what shapes and config.yaml tell, NULL-terminated;
                                   num_heads, norm_eps, normalize, conv_strides,
                                   calibration_temperature; may be NULL */
  gboolean half;                /* matrices in F16 where that is safe (e2v_half_is_safe()), else everything in F32 */
  void (*progress) (const char *step, double fraction, gpointer user_data);     /* may be NULL */
  gpointer user_data;
} E2vConvertOptions;

/* @path: a checkpoint file, or a folder that holds one (model.pt, *.pt, *.safetensors) with config.yaml and tokens.txt.
 * Errors name the tensor or field: E2V_ERROR_NOT_FOUND, E2V_ERROR_IO, E2V_ERROR_FORMAT, E2V_ERROR_NOT_EMOTION2VEC,
 * E2V_ERROR_TENSOR, E2V_ERROR_ARGUMENT (a bad setting, labels that do not fit the head), E2V_ERROR_OUT_OF_MEMORY. */
E2vModel *e2v_convert (const char *path, const E2vConvertOptions * options, GError ** error);

G_END_DECLS

#endif
