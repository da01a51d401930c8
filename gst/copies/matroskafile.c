/* matroskafile.c - where in a Matroska file its tables of contents and tags lie, and when it begins.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "matroskafile.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "copiespriv.h"
#include "ebml.h"

#define ID_EBML 0x1a45dfa3
#define ID_SEGMENT 0x18538067
#define ID_CLUSTER 0x1f43b675
#define ID_CLUSTER_TIME 0xe7
#define ID_INFO 0x1549a966
#define ID_TIME_SCALE 0x2ad7b1
#define ID_VOID 0xec

/* More than any table of contents or list of tags has; pictures are attachments. */
#define MAX_IN_MEMORY (64 << 20)

/* The time of a Cluster is among its first elements. */
#define MAX_CLUSTER_HEAD 64

static gboolean
read_head (const MatroskaFile * file, guint64 at, EbmlHead * head)
{
  guint8 data[EBML_MAX_HEAD];
  gssize n;

  do
    n = pread (file->fd, data, sizeof data, (off_t) at);
  while (n < 0 && errno == EINTR);
  return n > 0 && ebml_read_head (data, (gsize) n, head);
}

gboolean
matroska_fail_damaged (GError ** error)
{
  g_set_error_literal (error, COPIES_ERROR, COPIES_ERROR_BAD_FILE,
      "the structure of this Matroska file is damaged; repair it, as with "
      "mkvmerge");
  return FALSE;
}

static gboolean
find_segment (MatroskaFile * file, guint64 size, GError ** error)
{
  EbmlHead header, segment;

  if (!read_head (file, 0, &header) || header.id != ID_EBML
      || header.size > size
      || !read_head (file, header.head + header.size, &segment)
      || segment.id != ID_SEGMENT)
    return matroska_fail_damaged (error);
  file->segment = header.head + header.size + segment.size_at;
  file->size_length = segment.head - segment.size_at;
  file->begin = header.head + header.size + segment.head;
  file->open_end = segment.size == EBML_UNKNOWN_SIZE;
  file->end = file->open_end ? size : file->begin + segment.size;
  if (segment.size != EBML_UNKNOWN_SIZE && segment.size > size - file->begin)
    return matroska_fail_damaged (error);
  if (file->end == size)
    return TRUE;
  g_set_error_literal (error, COPIES_ERROR, COPIES_ERROR_UNSUPPORTED,
      "there is something behind the end of this Matroska file's segment; "
      "write it anew, as with mkvmerge");
  return FALSE;
}

static void
note_part (MatroskaFile * file, guint64 at, const EbmlHead * head)
{
  MatroskaPart part = { head->id, at, head->head + head->size, 0 };
  MatroskaPart *last =
      file->parts->len > 0 ? &g_array_index (file->parts, MatroskaPart,
      file->parts->len - 1) : NULL;

  part.room = part.size;
  if (head->id == MATROSKA_SEEK_HEAD || head->id == MATROSKA_TAGS)
    g_array_append_val (file->parts, part);
  else if (head->id == ID_VOID && last && last->at + last->room == at)
    last->room += part.size;
  else if (head->id == MATROSKA_CRC && at == file->begin)
    file->crc = at;
  else if (head->id == ID_INFO && file->info.id == 0)
    file->info = part;
}

static gboolean
find_parts (MatroskaFile * file, GError ** error)
{
  guint64 at = file->begin;
  EbmlHead head;

  while (at < file->end) {
    if (!read_head (file, at, &head))
      return matroska_fail_damaged (error);
    if (head.id == ID_CLUSTER && file->cluster.id == 0) {
      file->cluster.id = head.id;
      file->cluster.at = at;
      file->cluster.size = MIN (head.size, MAX_CLUSTER_HEAD);
      file->cluster.size = MIN (head.head + file->cluster.size, file->end - at);
    }
    /* what is in a Cluster without a size is passed one by one: nothing in there looks like what we want */
    if (head.id == ID_CLUSTER && head.size == EBML_UNKNOWN_SIZE) {
      at += head.head;
      continue;
    }
    if (head.size > file->end - at || head.head + head.size > file->end - at)
      return matroska_fail_damaged (error);
    note_part (file, at, &head);
    at += head.head + head.size;
  }
  return TRUE;
}

void
matroska_file_close (MatroskaFile * file)
{
  if (file->fd >= 0)
    close (file->fd);
  if (file->parts)
    g_array_unref (file->parts);
}

gboolean
matroska_file_open (MatroskaFile * file, const char *path, int flags,
    GError ** error)
{
  off_t size;

  file->fd = open (path, flags | O_CLOEXEC);
  if (file->fd < 0)
    return fail_with_errno (error, errno, "cannot open the file");
  file->parts = g_array_new (FALSE, FALSE, sizeof (MatroskaPart));
  size = lseek (file->fd, 0, SEEK_END);
  return find_segment (file, size > 0 ? (guint64) size : 0, error)
      && find_parts (file, error);
}

GByteArray *
matroska_file_load (const MatroskaFile * file, const MatroskaPart * part,
    GError ** error)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();
  gsize done = 0;

  if (part->size > MAX_IN_MEMORY) {
    matroska_fail_damaged (error);
    return NULL;
  }
  g_byte_array_set_size (data, (guint) part->size);
  while (done < data->len) {
    gssize n = pread (file->fd, data->data + done, data->len - done,
        (off_t) (part->at + done));

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      fail_with_errno (error, n < 0 ? errno : EIO, "cannot read the tags");
      return NULL;
    }
    done += (gsize) n;
  }
  return g_steal_pointer (&data);
}

/* ---- times ------------------------------------------------------------------------------------------------------ */

/* The number in the child @id of @part; @fallback if there is none. */
static gboolean
read_number (const MatroskaFile * file, const MatroskaPart * part, guint32 id,
    guint64 fallback, guint64 * number, GError ** error)
{
  g_autoptr (GByteArray) data = NULL;
  EbmlReader reader;
  EbmlElement child;
  EbmlHead head;

  *number = fallback;
  if (part->id == 0)
    return TRUE;
  data = matroska_file_load (file, part, error);
  if (!data || !ebml_read_head (data->data, data->len, &head))
    return data != NULL;
  reader.at = data->data + head.head;
  reader.left = data->len - head.head;
  while (ebml_next (&reader, &child))
    if (child.id == id) {
      *number = ebml_number (&child);
      break;
    }
  return TRUE;
}

gboolean
matroska_begin (const char *path, guint64 * begin, GError ** error)
{
  MatroskaFile file = {.fd = -1 };
  guint64 scale, time;
  gboolean done = matroska_file_open (&file, path, O_RDONLY, error)
      && read_number (&file, &file.info, ID_TIME_SCALE, 1000000, &scale, error)
      && read_number (&file, &file.cluster, ID_CLUSTER_TIME, 0, &time, error);

  matroska_file_close (&file);
  /* a year is more than any file lasts */
  if (done && time > 0 && scale > G_GUINT64_CONSTANT (31536000000000000) / time)
    return matroska_fail_damaged (error);
  if (done)
    *begin = time * scale;
  return done;
}
