/* e2vpicklemachine.c - the parts of the pickle machine.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vpicklemachine.h"

#include <string.h>

#define MAX_STACK (1 << 20)

void
e2v_machine_init (E2vMachine * m, E2vValuePool * pool, const guint8 * data,
    gsize size)
{
  e2v_bytes_init (&m->bytes, data, size);
  m->pool = pool;
  m->stack = g_ptr_array_new ();
  m->marks = g_array_new (FALSE, FALSE, sizeof (guint));
  m->memo = g_ptr_array_new ();
  m->n_memo = 0;
  m->names_size = 0;
}

void
e2v_machine_clear (E2vMachine * m)
{
  g_ptr_array_unref (m->stack);
  g_array_unref (m->marks);
  g_ptr_array_unref (m->memo);
}

gboolean
e2v_machine_truncated (GError ** error)
{
  return e2v_bad_format (error, "the pickle ends too early");
}

gboolean
e2v_machine_read_number (E2vMachine * m, guint width, guint64 * number,
    GError ** error)
{
  const guint8 *data;

  if (!e2v_bytes_take (&m->bytes, width, &data))
    return e2v_machine_truncated (error);
  *number = 0;
  for (guint i = 0; i < width; i++)
    *number |= (guint64) data[i] << (8 * i);
  return TRUE;
}

gboolean
e2v_machine_read_line (E2vMachine * m, const guint8 ** line, gsize * size,
    GError ** error)
{
  const guint8 *start = m->bytes.data + m->bytes.pos;
  gsize left = e2v_bytes_left (&m->bytes);
  const guint8 *end = left > 0 ? memchr (start, '\n', left) : NULL;

  if (!end)
    return e2v_machine_truncated (error);
  *line = start;
  *size = (gsize) (end - start);
  m->bytes.pos += *size + 1;
  return TRUE;
}

gboolean
e2v_machine_read_decimal (E2vMachine * m, char number[32], GError ** error)
{
  const guint8 *line;
  gsize size;

  if (!e2v_machine_read_line (m, &line, &size, error))
    return FALSE;
  if (size > 31)
    return e2v_bad_format (error, "the pickle has a number of %" G_GSIZE_FORMAT
        " digits", size);
  memcpy (number, line, size);
  number[size] = 0;
  return TRUE;
}

gboolean
e2v_machine_push (E2vMachine * m, const E2vValue * value, GError ** error)
{
  if (m->stack->len >= MAX_STACK)
    return e2v_bad_format (error, "the pickle needs a stack of more than %u "
        "values", MAX_STACK);
  g_ptr_array_add (m->stack, (gpointer) value);
  return TRUE;
}

guint
e2v_machine_depth (const E2vMachine * m)
{
  guint base = 0;

  if (m->marks->len > 0)
    base = g_array_index (m->marks, guint, m->marks->len - 1);
  return m->stack->len - base;
}

gboolean
e2v_machine_need (const E2vMachine * m, guint n, GError ** error)
{
  if (e2v_machine_depth (m) < n)
    return e2v_bad_format (error, "the pickle takes more values from its stack "
        "than there are");
  return TRUE;
}

E2vValue *
e2v_machine_pop (E2vMachine * m)
{
  return g_ptr_array_remove_index (m->stack, m->stack->len - 1);
}

E2vValue *
e2v_machine_top (const E2vMachine * m)
{
  return g_ptr_array_index (m->stack, m->stack->len - 1);
}

gboolean
e2v_machine_mark (E2vMachine * m, GError ** error)
{
  guint height = m->stack->len;

  if (m->marks->len >= MAX_STACK)
    return e2v_bad_format (error, "the pickle has more than %u open marks",
        MAX_STACK);
  g_array_append_val (m->marks, height);
  return TRUE;
}

gboolean
e2v_machine_take_mark (E2vMachine * m, guint * base, guint * n, GError ** error)
{
  if (m->marks->len == 0)
    return e2v_bad_format (error, "the pickle needs a mark that is not there");
  *base = g_array_index (m->marks, guint, m->marks->len - 1);
  *n = m->stack->len - *base;
  g_array_set_size (m->marks, m->marks->len - 1);
  return TRUE;
}

void
e2v_machine_drop (E2vMachine * m, guint base)
{
  g_ptr_array_set_size (m->stack, (int) base);
}

/* Python numbers the memo from 0 on, so that a number is always smaller than the instructions so far. Holding it against
 * the position keeps the memo a plain array that is bounded by the input. */
gboolean
e2v_machine_memo_put (E2vMachine * m, guint64 number, GError ** error)
{
  if (!e2v_machine_need (m, 1, error))
    return FALSE;
  if (number >= m->bytes.pos)
    return e2v_bad_format (error, "the pickle files a value under the absurd "
        "number %" G_GUINT64_FORMAT, number);
  if (number >= m->memo->len)
    g_ptr_array_set_size (m->memo, (int) number + 1);
  if (!m->memo->pdata[number])
    m->n_memo++;
  m->memo->pdata[number] = e2v_machine_top (m);
  return TRUE;
}

gboolean
e2v_machine_memo_get (E2vMachine * m, guint64 number, GError ** error)
{
  if (number >= m->memo->len || !m->memo->pdata[number])
    return e2v_bad_format (error, "the pickle refers to value %"
        G_GUINT64_FORMAT ", which is not there", number);
  return e2v_machine_push (m, m->memo->pdata[number], error);
}
