/* e2vvkshaders.c - the table of embedded SPIR-V; nobody else includes the generated headers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vvkshaders.h"

#include <string.h>

typedef struct
{
  const char *family, *kernel;
  guint lanes;                  /* 0: the family has one build */
  gboolean half;
  const guint32 *code;
  gsize size;
} Module;

/* Defines `modules`. */
#include "e2vshaderlist.h"

/* Kernels that move data: one row by as many texels as there are lanes. */
#define MOVERS(n) \
  [E2V_OP_UNFOLD] = { 1, n }, [E2V_OP_SPLIT_GROUPS] = { 1, n }, \
  [E2V_OP_JOIN_GROUPS] = { 1, n }, [E2V_OP_TOKENS] = { 1, n }, \
  [E2V_OP_MEAN] = { 1, n }

#define SIMD(n) { \
  .name = "simd", .lanes = n, \
  .descriptor = VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER, \
  .packing = { .columns = 8 * n, .k_multiple = 8, .lanes = n }, \
  .tiles = { MOVERS (n), \
    [E2V_OP_MATMUL] = { 8, 2 * n }, [E2V_OP_SCORES] = { 8, 2 * n }, \
    [E2V_OP_MIX] = { 8, 2 * n }, [E2V_OP_NORM] = { n, 0 }, \
    [E2V_OP_SOFTMAX] = { n, 0 } } }

static const E2vVkFamily simd[] = { SIMD (4), SIMD (8), SIMD (16) };

static const E2vVkFamily scalar = {
  .name = "scalar",
  .descriptor = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
  .packing = {.columns = 64,.k_multiple = 16},
  .tiles = {MOVERS (64),
        [E2V_OP_MATMUL] = {64, 16},[E2V_OP_SCORES] = {64, 16},
        [E2V_OP_MIX] = {64, 16},[E2V_OP_NORM] = {1, 0},
      [E2V_OP_SOFTMAX] = {1, 0}},
};

const E2vVkFamily *
e2v_vk_family_simd (guint lanes)
{
  for (guint i = 0; i < G_N_ELEMENTS (simd); i++) {
    if (simd[i].lanes == lanes)
      return &simd[i];
  }
  g_return_val_if_reached (NULL);
}

const E2vVkFamily *
e2v_vk_family_scalar (void)
{
  return &scalar;
}

static gboolean
is_of_family (const Module * m, const E2vVkFamily * family)
{
  return !strcmp (m->family, family->name) && m->lanes == family->lanes;
}

char *
e2v_vk_family_digest (const E2vVkFamily * family)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < G_N_ELEMENTS (modules); i++) {
    if (is_of_family (&modules[i], family))
      g_checksum_update (sum, (const guchar *) modules[i].code,
          (gssize) modules[i].size);
  }
  return g_strdup (g_checksum_get_string (sum));
}

const guint32 *
e2v_vk_family_code (const E2vVkFamily * family, E2vOpKind kind, gboolean half,
    gsize * size)
{
  for (guint i = 0; i < G_N_ELEMENTS (modules); i++) {
    const Module *m = &modules[i];

    if (is_of_family (m, family) && !strcmp (m->kernel, e2v_op_name (kind))
        && m->half == half) {
      *size = m->size;
      return m->code;
    }
  }
  g_return_val_if_reached (NULL);
}
