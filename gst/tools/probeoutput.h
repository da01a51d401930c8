/* probeoutput.h - how "probe" shows figures: tables for people, JSON for programs.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_OUTPUT_H
#define PROBE_OUTPUT_H

#include "e2vreport.h"
#include "jsonwriter.h"

G_BEGIN_DECLS

/* @name: of the split, NULL: of all. @labels: of the classes. */
void probe_output_print (const char *name, const E2vReport * report, const char *const *labels);

/* One object. @key: NULL in an array. */
void probe_output_write (JsonWriter * json, const char *key, const char *name, const E2vReport * report,
    const char *const *labels);

G_END_DECLS

#endif
