/* fuzzkit.h - what the fuzz targets share.
 *
 * A target gives one input to one reader and uses everything the reader says is there. Besides the sanitizers' faults, a
 * reader that fails without an error, or sets one and does not fail, is a finding. MT: one thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FUZZKIT_H
#define FUZZKIT_H

#include "e2vmodel.h"
#include "e2vvalue.h"

G_BEGIN_DECLS

/* The target, in libFuzzer's words; always returns 0. */
int LLVMFuzzerTestOneInput (const guint8 * data, gsize size);

/* Aborts unless exactly one of @ok and @error is set and the message is UTF-8. Frees and clears the error; returns @ok. */
gboolean fuzz_check (gboolean ok, GError ** error);

/* Reads every byte, so that a sanitizer sees a range that is not there. */
void fuzz_touch (const void *data, gsize size);

/* The same for all tensors of a model. */
void fuzz_touch_model (const E2vModel * model);

/* Uses every value of a pool. */
void fuzz_touch_values (const E2vValuePool * pool);

/* A path that leads to a file of these contents as long as the descriptor @fd (out) is open. (transfer full) */
char *fuzz_make_file (const guint8 * data, gsize size, int *fd);

/* Makes the checksums of a model file right again where @data has room for them, so that a changed file gets past them. */
void fuzz_seal (guint8 * data, gsize size);

/* Calls @load with the input, and with a copy whose checksums are made right. */
void fuzz_load_sealed_too (const guint8 * data, gsize size, void (*load) (const guint8 * data, gsize size));

/* The same for the entries of a zip archive; other files stay as they are. */
void fuzz_seal_zip (guint8 * data, gsize size);

G_END_DECLS

#endif
