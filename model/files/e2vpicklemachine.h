/* e2vpicklemachine.h - the parts of the pickle machine: its input, stack, marks and memo, each with its limits.
 *
 * Shared by the instructions in e2vpickle.c; nobody else needs it. MT: one thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_PICKLE_MACHINE_H
#define E2V_PICKLE_MACHINE_H

#include "e2vbytes.h"
#include "e2vvalue.h"

G_BEGIN_DECLS

typedef struct
{
  E2vBytes bytes;
  E2vValuePool *pool;           /* borrowed */
  GPtrArray *stack;
  GArray *marks;                /* guint: heights of the stack */
  GPtrArray *memo;              /* by number, NULL where there is none */
  guint n_memo;
  gsize names_size;             /* bytes of all names of classes so far */
} E2vMachine;

void e2v_machine_init (E2vMachine * m, E2vValuePool * pool, const guint8 * data, gsize size);
void e2v_machine_clear (E2vMachine * m);

/* Says that the input ends too early. */
gboolean e2v_machine_truncated (GError ** error);

/* A little-endian number of @width bytes. */
gboolean e2v_machine_read_number (E2vMachine * m, guint width, guint64 * number, GError ** error);

/* The rest of a line, as protocol 0 has it; borrowed. */
gboolean e2v_machine_read_line (E2vMachine * m, const guint8 ** line, gsize * size, GError ** error);

/* A line of at most 31 characters, terminated: more makes no number. */
gboolean e2v_machine_read_decimal (E2vMachine * m, char number[32], GError ** error);

gboolean e2v_machine_push (E2vMachine * m, const E2vValue * value, GError ** error);

/* Number of values above the last mark. */
guint e2v_machine_depth (const E2vMachine * m);

/* Refuses if there are fewer than @n values above the last mark; after it, @n pops are safe. */
gboolean e2v_machine_need (const E2vMachine * m, guint n, GError ** error);
E2vValue *e2v_machine_pop (E2vMachine * m);
E2vValue *e2v_machine_top (const E2vMachine * m);

gboolean e2v_machine_mark (E2vMachine * m, GError ** error);

/* Removes the last mark. @base: (out): its height, @n: (out): number of values above it. */
gboolean e2v_machine_take_mark (E2vMachine * m, guint * base, guint * n, GError ** error);

/* Takes off everything from height @base on. */
void e2v_machine_drop (E2vMachine * m, guint base);

/* Files the top of the stack under a number, and pushes what is filed under one. */
gboolean e2v_machine_memo_put (E2vMachine * m, guint64 number, GError ** error);
gboolean e2v_machine_memo_get (E2vMachine * m, guint64 number, GError ** error);

G_END_DECLS

#endif
