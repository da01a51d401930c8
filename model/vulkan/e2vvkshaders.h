/* e2vvkshaders.h - the shader families: compiled kernels, and what each wants of grids and weights.
 *
 * Immutable tables. The names of kernels are those of operations (e2v_op_name()).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_VK_SHADERS_H
#define E2V_VK_SHADERS_H

#include <volk.h>

#include "e2vop.h"
#include "e2vvkpack.h"

G_BEGIN_DECLS

/* What a work group of a kernel covers. */
typedef struct
{
  guint rows;
  guint texels;                 /* of a row; 0: all */
} E2vVkTile;

typedef struct
{
  const char *name;             /* "simd", "scalar" */
  guint lanes;                  /* subgroup size that the kernels are made for; 0: any */
  VkDescriptorType descriptor;
  E2vVkPacking packing;
  E2vVkTile tiles[E2V_N_OPS];
} E2vVkFamily;

/* @lanes: 4, 8 or 16. */
const E2vVkFamily *e2v_vk_family_simd (guint lanes);
const E2vVkFamily *e2v_vk_family_scalar (void);

/* SPIR-V of a kernel; @half: with weights in half precision (matmul only). Returns the words, and their bytes. */
const guint32 *e2v_vk_family_code (const E2vVkFamily * family, E2vOpKind kind, gboolean half, gsize * size);

/* SHA-256 of all kernels of a family, hexadecimal; free with g_free(). */
char *e2v_vk_family_digest (const E2vVkFamily * family);

G_END_DECLS

#endif
