/* filesutil.h - what the tests of model files share: folders of their own, the reference cases, the seeded recipe.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FILES_UTIL_H
#define FILES_UTIL_H

#include "e2vmodel.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Makes a folder of this program's own and points the user's cache there; before anything else in main(). */
void files_test_init (int *argc, char ***argv);

/* Removes the folder and everything in it. */
int files_test_run (void);

/* A path in that folder. (transfer full) */
char *files_test_path (const char *name);
char *files_test_write (const char *name, const void *data, gsize size);
GByteArray *files_test_read (const char *path);

/* Takes and frees the error: it has to have this code, and all of these words in its message, the last one NULL. */
void files_test_expect (GError * error, int code, ...) G_GNUC_NULL_TERMINATED;

/* The reference cases. */
char *files_case_path (const char *name, const char *file);
JsonObject *files_case_config (JsonParser * parser, const char *name);

/* Element @index of the tensor of this official name: tests/reference/README.md, "Seeded weights". @dims: official. */
float files_recipe (JsonObject * config, const char *name, const guint64 * dims, guint n_dims, guint64 index);

/* The nearest value with this many bits behind the leading one, ties to even. */
double files_round (double value, int bits, int min_exponent);

/* A small model with everything in it: head, ALiBi, extra tokens, information, self-test. */
E2vModel *files_test_model (void);

G_END_DECLS

#endif
