/* ebml.c - the grammar of Matroska files.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ebml.h"

#include <string.h>

#define ID_VOID 0xec

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* The length of a number by its first byte, 1 to 8; 0 if it has none. */
static guint
length_of (guint8 first)
{
  for (guint length = 1; length <= 8; length++)
    if (first & (0x100 >> length))
      return length;
  return 0;
}

gboolean
ebml_read_head (const guint8 * data, gsize size, EbmlHead * head)
{
  guint id_length = size > 0 ? length_of (data[0]) : 0, length;
  guint64 ones;

  if (id_length == 0 || id_length > 4 || size <= id_length)
    return FALSE;
  length = length_of (data[id_length]);
  if (length == 0 || size < id_length + length)
    return FALSE;
  head->id = 0;
  for (guint i = 0; i < id_length; i++)
    head->id = head->id << 8 | data[i];
  head->size_at = id_length;
  head->head = id_length + length;
  head->size = data[id_length] & (0xff >> length);
  for (guint i = 1; i < length; i++)
    head->size = head->size << 8 | data[id_length + i];
  ones = ((guint64) 1 << (7 * length)) - 1;
  if (head->size == ones)
    head->size = EBML_UNKNOWN_SIZE;
  return TRUE;
}

gboolean
ebml_next (EbmlReader * reader, EbmlElement * element)
{
  EbmlHead head;

  if (!ebml_read_head (reader->at, reader->left, &head)
      || head.size > reader->left - head.head)
    return FALSE;
  element->id = head.id;
  element->whole = reader->at;
  element->whole_size = head.head + (gsize) head.size;
  element->content = reader->at + head.head;
  element->size = (gsize) head.size;
  reader->at += element->whole_size;
  reader->left -= element->whole_size;
  return TRUE;
}

gboolean
ebml_find (const EbmlElement * parent, guint32 id, EbmlElement * child)
{
  EbmlReader reader = { parent->content, parent->size };

  while (ebml_next (&reader, child))
    if (child->id == id)
      return TRUE;
  return FALSE;
}

guint64
ebml_number (const EbmlElement * element)
{
  guint64 number = 0;

  for (gsize i = 0; i < element->size; i++)
    number = number << 8 | element->content[i];
  return number;
}

char *
ebml_string (const EbmlElement * element)
{
  return g_strndup ((const char *) element->content, element->size);
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

gboolean
ebml_write_size (guint8 * to, guint length, guint64 size)
{
  /* all ones mean "unknown" */
  if (size >= ((guint64) 1 << (7 * length)) - 1)
    return FALSE;
  for (guint i = 0; i < length; i++)
    to[i] = (guint8) (size >> (8 * (length - 1 - i)));
  to[0] |= (guint8) (0x100 >> length);
  return TRUE;
}

static void
append_id (GByteArray * to, guint32 id)
{
  for (gint shift = 24; shift >= 0; shift -= 8)
    if (id >> shift) {
      guint8 byte = (guint8) (id >> shift);

      g_byte_array_append (to, &byte, 1);
    }
}

void
ebml_append_element (GByteArray * to, guint32 id, gconstpointer content,
    gsize size)
{
  guint8 head[8];
  guint length = 1;

  append_id (to, id);
  while (!ebml_write_size (head, length, size))
    length++;
  g_byte_array_append (to, head, length);
  g_byte_array_append (to, content, (guint) size);
}

void
ebml_append_string (GByteArray * to, guint32 id, const char *text)
{
  ebml_append_element (to, id, text, strlen (text));
}

void
ebml_append_number (GByteArray * to, guint32 id, guint64 number)
{
  guint64 big_endian = GUINT64_TO_BE (number);

  ebml_append_element (to, id, &big_endian, sizeof big_endian);
}

void
ebml_append_void (GByteArray * to, gsize whole_size)
{
  guint length = whole_size < 10 ? 1 : 8;
  guint8 head[8];
  guint at;

  if (whole_size == 0)
    return;
  append_id (to, ID_VOID);
  ebml_write_size (head, length, whole_size - 1 - length);
  g_byte_array_append (to, head, length);
  at = to->len;
  g_byte_array_set_size (to, at + (guint) whole_size - 1 - length);
  memset (to->data + at, 0, to->len - at);
}
