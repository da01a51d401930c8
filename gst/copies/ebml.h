/* ebml.h - the grammar of Matroska files (RFC 8794): elements of an identifier, a size and that many bytes.
 *
 * Private to gst/copies. Pure. Sizes are untrusted: what does not fit into its parent ends the parent. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef EBML_H
#define EBML_H

#include <glib.h>

G_BEGIN_DECLS

#define EBML_UNKNOWN_SIZE G_MAXUINT64
#define EBML_MAX_HEAD 12        /* bytes of identifier and size */

typedef struct
{
  guint32 id;                   /* with its marker bits, as the specifications print them */
  guint head;                   /* bytes of identifier and size */
  guint size_at;                /* where in the head the size begins */
  guint64 size;                 /* of what follows; EBML_UNKNOWN_SIZE */
} EbmlHead;

/* Reads the head of the element at @data. @size: how much there is. Returns: FALSE if it is none; @head is then undefined. */
gboolean ebml_read_head (const guint8 * data, gsize size, EbmlHead * head);

/* The elements in a piece of memory, one after the other. */
typedef struct
{
  const guint8 *at;
  gsize left;
} EbmlReader;

typedef struct
{
  guint32 id;
  const guint8 *whole, *content;        /* of the same element: with and without its head */
  gsize whole_size, size;
} EbmlElement;

/* Returns: FALSE at the end and where nothing sensible follows. */
gboolean ebml_next (EbmlReader * reader, EbmlElement * element);

/* The first child @id of @parent. */
gboolean ebml_find (const EbmlElement * parent, guint32 id, EbmlElement * child);

/* An unsigned integer; of more than 8 bytes, the last ones. */
guint64 ebml_number (const EbmlElement * element);

/* (transfer full): without zeros at its end, not always UTF-8. */
char *ebml_string (const EbmlElement * element);

void ebml_append_element (GByteArray * to, guint32 id, gconstpointer content, gsize size);
void ebml_append_string (GByteArray * to, guint32 id, const char *text);

/* An integer of exactly 8 bytes. */
void ebml_append_number (GByteArray * to, guint32 id, guint64 number);

/* An element that says nothing, of @whole_size bytes with its head: 0, or 2 and more. */
void ebml_append_void (GByteArray * to, gsize whole_size);

/* Writes @size as a number of @length bytes, 1 to 8. Returns: FALSE if it does not fit. */
gboolean ebml_write_size (guint8 * to, guint length, guint64 size);

G_END_DECLS

#endif
