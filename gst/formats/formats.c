/* formats.c - the table of file formats.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats.h"

static const Format formats[] = {
  {"jsonl", ".jsonl", "JSON Lines: one object a window, with all scores",
      format_jsonl_write},
};

const Format *
formats_all (guint * n)
{
  *n = G_N_ELEMENTS (formats);
  return formats;
}

const Format *
formats_find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    if (g_str_equal (formats[i].name, name))
      return &formats[i];
  return NULL;
}
