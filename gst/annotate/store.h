/* store.h - the output files of one input: written under other names, put in place all together or not at all.
 *
 * A program that is killed at any moment leaves old outputs or new ones, never half of one: see the head of store.c.
 * Errors are of G_IO_ERROR, sentences about the input. MT: any thread; one owner at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STORE_H
#define STORE_H

#include <gio/gio.h>

#include "inputs.h"
#include "record.h"

G_BEGIN_DECLS

typedef struct _Store Store;

/* What an input was turned into, and would be again: of what a killed run left, nothing. Changes nothing on the disk.
 * (transfer full) */
Record *store_peek (const Input * input);

/* Whether all outputs @names were made with @key, and are there. */
gboolean store_is_done (const Input * input, const Record * record, const char *key, const char *const *names);

/* Whether outputs @names may be written: nothing is there but what @record says we wrote, unchanged. @force: whatever is
 * there is overwritten, but never one of @inputs, nor a folder. Errors: EXISTS. */
gboolean store_check (const Input * input, const Record * record, const Inputs * inputs, const char *const *names,
    gboolean force, GError ** error);

/* Makes the folders, keeps other runs away from this input, finishes what a killed run had decided to put in place and
 * removes what it had not. Errors: BUSY: another run is at work on the input; others: folders that cannot be written. */
Store *store_open (const Input * input, GError ** error);

/* Throws away what was not committed. */
void store_close (Store * store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Store, store_close)

/* As store_peek(), after the repair. */
const Record *store_record (const Store * store);

/* A new output, in the order of the calls; to be closed before the next. (transfer full). */
GOutputStream *store_create (Store * store, const char *name, GError ** error);

/* Where the output that was added last is now, for writers that want a path. */
const char *store_path (const Store * store);

/* Adds an output that the caller writes to store_path() by itself. */
void store_add (Store * store, const char *name);

/* Puts all outputs in place and records them: @key, @settings, @n_tracks, @overview as in Record. Closes nothing. */
gboolean store_commit (Store * store, const char *key, const char *settings, guint n_tracks, const Overview * overview,
    GError ** error);

G_END_DECLS

#endif
