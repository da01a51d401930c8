/* tracefile.h - every stage of one window as a safetensors file, to be held against another implementation.
 *
 * Names and shapes are those of tests/reference/README.md.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TRACE_FILE_H
#define TRACE_FILE_H

#include "e2vencoder.h"

G_BEGIN_DECLS

gboolean trace_file_write (E2vEncoder * encoder, const E2vWindow * window, const char *path, GError ** error);

G_END_DECLS

#endif
