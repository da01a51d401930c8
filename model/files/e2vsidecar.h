/* e2vsidecar.h - what the shapes of weights cannot tell: settings from the command line, config.yaml, config.json, and the
 * configuration inside a checkpoint.
 *
 * Sources are asked in that order, and the first that knows a field wins. Only the fields below are read, wherever they
 * stand under model, model_conf, cfg, task, modalities and audio; everything else is passed over. MT: a sidecar belongs to
 * one thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_SIDECAR_H
#define E2V_SIDECAR_H

#include "e2vhparams.h"
#include "e2vvalue.h"

G_BEGIN_DECLS

#define E2V_UNSET -1

/* E2V_UNSET, or 0 where a count of 0 means nothing, where nobody knows. */
typedef struct
{
  int embed_dim, depth, prenet_depth, num_heads, num_alibi_heads, num_extra_tokens;
  int conv_pos_width, conv_pos_depth, conv_pos_groups;
  int normalize, layer_norm_first, use_alibi_encoder;   /* 0 or 1 */
  double norm_eps;
  double calibration_temperature;      /* of the head's scores */
  E2vConvLayer conv[E2V_MAX_CONV_LAYERS];
  guint n_conv;
  guint strides[E2V_MAX_CONV_LAYERS];   /* of a setting that gives only these */
  guint n_strides;
} E2vSidecar;

void e2v_sidecar_init (E2vSidecar * sidecar);

/* Fields given as text, as all sources give them. A field that is known already stays as it is; a name that is none of
 * ours is passed over; null and references to other fields count as unknown. FALSE if a value makes no sense. */
gboolean e2v_sidecar_set (E2vSidecar * sidecar, const char *name, const char *text, GError ** error);

/* "key=value" strings of num_heads, norm_eps, normalize, conv_strides, calibration_temperature. Errors: E2V_ERROR_ARGUMENT. */
gboolean e2v_sidecar_read_settings (E2vSidecar * sidecar, const char *const *settings, GError ** error);

/* @text: at least @size bytes. Errors: E2V_ERROR_FORMAT. */
gboolean e2v_sidecar_read_yaml (E2vSidecar * sidecar, const char *text, gsize size, GError ** error);
gboolean e2v_sidecar_read_json (E2vSidecar * sidecar, const char *text, gsize size, GError ** error);

/* @config: 'cfg' of a training checkpoint, a dictionary or an opaque object with one inside. */
gboolean e2v_sidecar_read_config (E2vSidecar * sidecar, const E2vValue * config, GError ** error);

/* config.yaml in @folder, or else config.json; nothing if there is neither. Errors name the file. */
gboolean e2v_sidecar_read_folder (E2vSidecar * sidecar, const char *folder, GError ** error);

G_END_DECLS

#endif
