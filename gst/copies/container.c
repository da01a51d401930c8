/* container.c - what kind of file this is, by its bytes.
 *
 * The name of a file is not asked: names lie. Sizes in the file are untrusted; they are only ever compared with its length.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "copiespriv.h"
#include "ebml.h"

/* How far behind an ID3 tag the first frame of an MP3 may be; some programs leave padding there. */
#define MP3_SEARCH 4096

typedef struct
{
  int fd;
  guint64 size;
} Source;

/* Returns: how many bytes there were; the rest of @data is 0. */
static gsize
peek (const Source * source, guint64 at, guint8 * data, gsize size)
{
  gssize n;

  memset (data, 0, size);
  if (at >= source->size)
    return 0;
  do
    n = pread (source->fd, data, size, (off_t) at);
  while (n < 0 && errno == EINTR);
  return n > 0 ? (gsize) n : 0;
}

static gboolean
fail_truncated (GError ** error, const Source * source, guint64 expected)
{
  g_set_error (error, COPIES_ERROR, COPIES_ERROR_BAD_FILE,
      "the file is truncated: by what it says it has %" G_GUINT64_FORMAT
      " bytes, there are %" G_GUINT64_FORMAT
      "; repair it with the program that made it, or with ffmpeg", expected,
      source->size);
  return FALSE;
}

static gboolean
fail_unsupported (GError ** error, const char *what)
{
  g_set_error (error, COPIES_ERROR, COPIES_ERROR_UNSUPPORTED,
      "%s; copies are made of FLAC, Ogg (Vorbis, Opus, FLAC), MP3, WAV, "
      "MP4/M4A/MOV, Matroska and WebM files", what);
  return FALSE;
}

/* ---- Ogg -------------------------------------------------------------------------------------------------------- */

static gboolean
look_ogg (const Source * source, Container * found, GError ** error)
{
  static const struct
  {
    const char *begin;
    gsize size;
    ContainerKind kind;
  } codecs[] = {
    {"\001vorbis", 7, CONTAINER_VORBIS},
    {"OpusHead", 8, CONTAINER_OPUS},
    {"\177FLAC", 5, CONTAINER_OGG_FLAC}
  };
  guint8 page[27 + 255 + 8], second[27];
  guint64 next;
  gsize segments, codec = 0;

  peek (source, 0, page, sizeof page);
  segments = page[26];
  while (codec < G_N_ELEMENTS (codecs)
      && memcmp (page + 27 + segments, codecs[codec].begin,
          codecs[codec].size) != 0)
    codec++;
  if (codec == G_N_ELEMENTS (codecs))
    return fail_unsupported (error,
        "the first stream of this Ogg file is not Vorbis, Opus or FLAC");
  next = 27 + segments;
  for (gsize i = 0; i < segments; i++)
    next += page[27 + i];
  /* a second beginning right behind the first: several streams side by side */
  if (peek (source, next, second, sizeof second) == sizeof second
      && memcmp (second, "OggS", 4) == 0 && second[5] & 2)
    return fail_unsupported (error, "this Ogg file has several streams");
  found->kind = codecs[codec].kind;
  return TRUE;
}

/* ---- MP3 -------------------------------------------------------------------------------------------------------- */

static gboolean
is_mp3_frame (const guint8 * data)
{
  return data[0] == 0xff && (data[1] & 0xe6) == 0xe2    /* layer III */
      && (data[1] & 0x18) != 0x08       /* a version that exists */
      && (data[2] & 0xf0) != 0xf0 && (data[2] & 0x0c) != 0x0c;
}

/* Behind an ID3 tag: FLAC or MP3. */
static gboolean
look_id3 (const Source * source, Container * found, GError ** error)
{
  guint8 head[10], data[MP3_SEARCH + 4];
  guint64 at = 10;

  peek (source, 0, head, sizeof head);
  at += (guint64) (head[6] & 0x7f) << 21 | (guint64) (head[7] & 0x7f) << 14
      | (guint64) (head[8] & 0x7f) << 7 | (head[9] & 0x7f);
  if (head[5] & 0x10)
    at += 10;
  peek (source, at, data, sizeof data);
  if (memcmp (data, "fLaC", 4) == 0) {
    found->kind = CONTAINER_FLAC;
    return TRUE;
  }
  for (gsize i = 0; i < MP3_SEARCH; i++)
    if (is_mp3_frame (data + i)) {
      found->kind = CONTAINER_MP3;
      return TRUE;
    }
  return fail_unsupported (error,
      "there is neither MP3 nor FLAC behind the ID3 tag");
}

/* ---- WAV -------------------------------------------------------------------------------------------------------- */

static gboolean
look_wav (const Source * source, Container * found, GError ** error)
{
  guint8 head[8];
  guint64 end;

  peek (source, 0, head, sizeof head);
  end = 8 + (guint64) GST_READ_UINT32_LE (head + 4);
  if (end == 8 || end == 8 + (guint64) G_MAXUINT32) {
    g_set_error_literal (error, COPIES_ERROR, COPIES_ERROR_BAD_FILE,
        "the header of this WAV file was never completed, as that of a "
        "recording that was cut off or of a pipe; write it anew, as with sox "
        "or ffmpeg");
    return FALSE;
  }
  /* the byte that pads an odd chunk is often forgotten at the end */
  if (end > source->size + 1)
    return fail_truncated (error, source, end);
  found->kind = CONTAINER_WAV;
  return TRUE;
}

/* ---- MP4 -------------------------------------------------------------------------------------------------------- */

static gboolean
is_mp4 (const guint8 * head)
{
  static const char types[][5] =
      { "ftyp", "moov", "mdat", "wide", "free", "skip", "pnot" };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (memcmp (head + 4, types[i], 4) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
look_mp4 (const Source * source, Container * found, GError ** error)
{
  gboolean index = FALSE, media = FALSE;
  guint64 at = 0;
  guint8 head[16];

  found->kind = CONTAINER_MP4;
  memcpy (found->brand, "qt  ", 5);
  while (at + 8 <= source->size) {
    guint64 size;

    peek (source, at, head, sizeof head);
    size = GST_READ_UINT32_BE (head);
    if (size == 1)
      size = GST_READ_UINT64_BE (head + 8);
    else if (size == 0)
      size = source->size - at;
    if (size < 8 || size > source->size - at)
      return fail_truncated (error, source, size > G_MAXUINT64 - at
          ? G_MAXUINT64 : at + MAX (size, 8));
    if (memcmp (head + 4, "ftyp", 4) == 0)
      memcpy (found->brand, head + 8, 4);
    found->fragmented |= memcmp (head + 4, "moof", 4) == 0;
    media |= memcmp (head + 4, "mdat", 4) == 0;
    if (memcmp (head + 4, "moov", 4) == 0) {
      index = TRUE;
      found->index_first = !media;
    }
    at += size;
  }
  if (index)
    return TRUE;
  g_set_error_literal (error, COPIES_ERROR, COPIES_ERROR_BAD_FILE,
      "this MP4 file has no \"moov\" box: it was cut off while it was written");
  return FALSE;
}

/* ---- Matroska --------------------------------------------------------------------------------------------------- */

#define ID_EBML 0x1a45dfa3
#define ID_DOCUMENT_TYPE 0x4282
#define ID_SEGMENT 0x18538067

/* (transfer full) (nullable): "matroska", "webm" or another. @end: (out): of the EBML header. */
static char *
read_document_type (const Source * source, guint64 * end)
{
  guint8 data[256];
  EbmlReader reader = { data, peek (source, 0, data, sizeof data) };
  EbmlElement header, type;

  if (!ebml_next (&reader, &header) || header.id != ID_EBML
      || !ebml_find (&header, ID_DOCUMENT_TYPE, &type))
    return NULL;
  *end = header.whole_size;
  return ebml_string (&type);
}

static gboolean
look_matroska (const Source * source, Container * found, GError ** error)
{
  guint64 at = 0;
  g_autofree char *type = read_document_type (source, &at);
  guint8 data[EBML_MAX_HEAD];
  gsize n = peek (source, at, data, sizeof data);
  EbmlHead segment;

  if (g_strcmp0 (type, "matroska") == 0)
    found->kind = CONTAINER_MATROSKA;
  else if (g_strcmp0 (type, "webm") == 0)
    found->kind = CONTAINER_WEBM;
  else
    return fail_unsupported (error,
        "this EBML file is neither Matroska nor WebM");
  if (!ebml_read_head (data, n, &segment) || segment.id != ID_SEGMENT)
    return fail_truncated (error, source, at + EBML_MAX_HEAD);
  at += segment.head;
  if (segment.size != EBML_UNKNOWN_SIZE && segment.size > source->size - at)
    return fail_truncated (error, source, at + segment.size);
  return TRUE;
}

/* ---- all -------------------------------------------------------------------------------------------------------- */

static gboolean
look (const Source * source, Container * found, GError ** error)
{
  guint8 head[12];

  if (source->size == 0) {
    g_set_error_literal (error, COPIES_ERROR, COPIES_ERROR_BAD_FILE,
        "the file is empty");
    return FALSE;
  }
  peek (source, 0, head, sizeof head);
  if (memcmp (head, "OggS", 4) == 0)
    return look_ogg (source, found, error);
  if (memcmp (head, "ID3", 3) == 0)
    return look_id3 (source, found, error);
  if (memcmp (head, "RIFF", 4) == 0 && memcmp (head + 8, "WAVE", 4) == 0)
    return look_wav (source, found, error);
  if (memcmp (head, "RF64", 4) == 0 || memcmp (head, "BW64", 4) == 0)
    return fail_unsupported (error, "this is a WAV file with 64-bit sizes");
  if (memcmp (head, "\x1a\x45\xdf\xa3", 4) == 0)
    return look_matroska (source, found, error);
  if (is_mp4 (head))
    return look_mp4 (source, found, error);
  if (memcmp (head, "fLaC", 4) == 0)
    found->kind = CONTAINER_FLAC;
  else if (is_mp3_frame (head))
    found->kind = CONTAINER_MP3;
  else
    return fail_unsupported (error, "this kind of file is not known");
  return TRUE;
}

gboolean
container_look (const char *path, Container * container, GError ** error)
{
  Source source = { open (path, O_RDONLY | O_CLOEXEC), 0 };
  Container found = { 0, };
  gboolean known;
  off_t size;

  if (source.fd < 0)
    return fail_with_errno (error, errno, "cannot open the original");
  size = lseek (source.fd, 0, SEEK_END);
  source.size = size > 0 ? (guint64) size : 0;
  known = look (&source, &found, error);
  close (source.fd);
  if (known)
    *container = found;
  return known;
}
