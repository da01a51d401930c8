/* fuzzsealzip.c - makes the checksums of a changed zip archive right again.
 *
 * libzip compares the CRC-32 of each entry with the one in the directory. Without this a changed pickle in an archive
 * would never be read.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzzkit.h"

#include "e2vbytes.h"

#include <string.h>

/* Sizes of the fixed parts, and offsets in them (PKWARE's APPNOTE, 4.3). */
#define LOCAL_SIZE 30
#define ENTRY_SIZE 46
#define END_SIZE 22

static guint32
crc32_of (const guint8 * data, gsize size)
{
  guint32 crc = 0xffffffff;

  for (gsize i = 0; i < size; i++) {
    crc ^= data[i];
    for (guint bit = 0; bit < 8; bit++)
      crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

static void
write_u32 (guint8 * at, guint32 value)
{
  value = GUINT32_TO_LE (value);
  memcpy (at, &value, sizeof value);
}

/* @entry: in the directory. */
static void
seal_entry (guint8 * data, gsize size, guint8 * entry)
{
  guint32 length = e2v_peek_u32 (entry + 20);
  guint32 offset = e2v_peek_u32 (entry + 42);
  guint64 start;
  guint32 crc;

  if (!e2v_range_fits (offset, LOCAL_SIZE, size))
    return;
  start = (guint64) offset + LOCAL_SIZE + e2v_peek_u16 (data + offset + 26)
      + e2v_peek_u16 (data + offset + 28);
  if (!e2v_range_fits (start, length, size))
    return;
  crc = crc32_of (data + start, length);
  write_u32 (entry + 16, crc);
  if (e2v_peek_u32 (data + offset + 14) != 0)
    write_u32 (data + offset + 14, crc);
}

/* The last end-of-directory record, or NULL. */
static const guint8 *
find_end (const guint8 * data, gsize size)
{
  for (gsize i = size < END_SIZE ? 0 : size - END_SIZE + 1; i > 0; i--) {
    if (memcmp (data + i - 1, "PK\5\6", 4) == 0)
      return data + i - 1;
  }
  return NULL;
}

void
fuzz_seal_zip (guint8 * data, gsize size)
{
  const guint8 *end = find_end (data, size);
  guint64 at = end ? e2v_peek_u32 (end + 16) : size;

  while (e2v_range_fits (at, ENTRY_SIZE, size)
      && memcmp (data + at, "PK\1\2", 4) == 0) {
    guint8 *entry = data + at;

    seal_entry (data, size, entry);
    at += ENTRY_SIZE + e2v_peek_u16 (entry + 28) + e2v_peek_u16 (entry + 30) +
        e2v_peek_u16 (entry + 32);
  }
}
