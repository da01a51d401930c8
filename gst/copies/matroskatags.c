/* matroskatags.c - our tags in Matroska files, changed where they lie.
 *
 * A file is one Segment with elements in it, among them SeekHead (where the others begin), Tags and Clusters (media).
 * (1) Media never move, so nothing that points at them changes.
 * (2) The new Tags go where the old ones were if they fit in, together with the Void behind them; else to the end.
 * (3) What is taken away becomes Void.
 * (4) The first SeekHead names the new Tags. If it has no room for that it names a second one at the end instead, which
 *     has all its entries.
 * (5) Everything is planned before anything is written: if there is no way, the file stays as it was.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "matroskatags.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "copiespriv.h"
#include "ebml.h"

#define ID_EBML 0x1a45dfa3
#define ID_SEGMENT 0x18538067
#define ID_SEEK_HEAD 0x114d9b74
#define ID_SEEK 0x4dbb
#define ID_SEEK_ID 0x53ab
#define ID_SEEK_POSITION 0x53ac
#define ID_CLUSTER 0x1f43b675
#define ID_CLUSTER_TIME 0xe7
#define ID_INFO 0x1549a966
#define ID_TIME_SCALE 0x2ad7b1
#define ID_VOID 0xec
#define ID_CRC 0xbf
#define ID_TAGS 0x1254c367
#define ID_TAG 0x7373
#define ID_TARGETS 0x63c0
#define ID_TRACK_UID 0x63c5
#define ID_EDITION_UID 0x63c9
#define ID_CHAPTER_UID 0x63c4
#define ID_ATTACHMENT_UID 0x63c6
#define ID_SIMPLE_TAG 0x67c8
#define ID_TAG_NAME 0x45a3
#define ID_TAG_STRING 0x4487

/* More than any table of contents or list of tags has; pictures are attachments. */
#define MAX_IN_MEMORY (64 << 20)

/* The time of a Cluster is among its first elements. */
#define MAX_CLUSTER_HEAD 64

/* An element of the Segment. */
typedef struct
{
  guint32 id;
  guint64 at, size;             /* in the file, with its head */
  guint64 room;                 /* ... and with the Void that follows */
} Part;

typedef struct
{
  int fd;
  guint64 segment;              /* where its size is written, in ... */
  guint size_length;            /* ... that many bytes */
  guint64 begin, end;           /* of what is in it */
  gboolean open_end;            /* its size is not known */
  GArray *parts;                /* Part: SeekHeads and Tags */
  guint64 crc;                  /* where the Segment's own checksum is; 0: it has none */
  Part info, cluster;           /* the first of each; id 0: there is none */
} File;

/* What is to be written. */
typedef struct
{
  guint64 at;
  GByteArray *data;
} Patch;

/* ---- finding the parts ------------------------------------------------------------------------------------------ */

static gboolean
read_head (const File * file, guint64 at, EbmlHead * head)
{
  guint8 data[EBML_MAX_HEAD];
  gssize n;

  do
    n = pread (file->fd, data, sizeof data, (off_t) at);
  while (n < 0 && errno == EINTR);
  return n > 0 && ebml_read_head (data, (gsize) n, head);
}

static gboolean
fail_damaged (GError ** error)
{
  g_set_error_literal (error, COPIES_ERROR, COPIES_ERROR_BAD_FILE,
      "the structure of this Matroska file is damaged; repair it, as with "
      "mkvmerge");
  return FALSE;
}

static gboolean
find_segment (File * file, guint64 size, GError ** error)
{
  EbmlHead header, segment;

  if (!read_head (file, 0, &header) || header.id != ID_EBML
      || header.size > size
      || !read_head (file, header.head + header.size, &segment)
      || segment.id != ID_SEGMENT)
    return fail_damaged (error);
  file->segment = header.head + header.size + segment.size_at;
  file->size_length = segment.head - segment.size_at;
  file->begin = header.head + header.size + segment.head;
  file->open_end = segment.size == EBML_UNKNOWN_SIZE;
  file->end = file->open_end ? size : file->begin + segment.size;
  if (segment.size != EBML_UNKNOWN_SIZE && segment.size > size - file->begin)
    return fail_damaged (error);
  if (file->end == size)
    return TRUE;
  g_set_error_literal (error, COPIES_ERROR, COPIES_ERROR_UNSUPPORTED,
      "there is something behind the end of this Matroska file's segment; "
      "write it anew, as with mkvmerge");
  return FALSE;
}

static void
note_part (File * file, guint64 at, const EbmlHead * head)
{
  Part part = { head->id, at, head->head + head->size, 0 };
  Part *last = file->parts->len > 0 ? &g_array_index (file->parts, Part,
      file->parts->len - 1) : NULL;

  part.room = part.size;
  if (head->id == ID_SEEK_HEAD || head->id == ID_TAGS)
    g_array_append_val (file->parts, part);
  else if (head->id == ID_VOID && last && last->at + last->room == at)
    last->room += part.size;
  else if (head->id == ID_CRC && at == file->begin)
    file->crc = at;
  else if (head->id == ID_INFO && file->info.id == 0)
    file->info = part;
}

static gboolean
find_parts (File * file, GError ** error)
{
  guint64 at = file->begin;
  EbmlHead head;

  while (at < file->end) {
    if (!read_head (file, at, &head))
      return fail_damaged (error);
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
      return fail_damaged (error);
    note_part (file, at, &head);
    at += head.head + head.size;
  }
  return TRUE;
}

static void
close_file (File * file)
{
  if (file->fd >= 0)
    close (file->fd);
  if (file->parts)
    g_array_unref (file->parts);
}

static gboolean
open_file (File * file, const char *path, int flags, GError ** error)
{
  off_t size;

  file->fd = open (path, flags | O_CLOEXEC);
  if (file->fd < 0)
    return fail_with_errno (error, errno, "cannot open the file");
  file->parts = g_array_new (FALSE, FALSE, sizeof (Part));
  size = lseek (file->fd, 0, SEEK_END);
  return find_segment (file, size > 0 ? (guint64) size : 0, error)
      && find_parts (file, error);
}

/* (transfer full) (nullable): the bytes of @part. */
static GByteArray *
load (const File * file, const Part * part, GError ** error)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();
  gsize done = 0;

  if (part->size > MAX_IN_MEMORY) {
    fail_damaged (error);
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

/* ---- tags ------------------------------------------------------------------------------------------------------- */

static gboolean
is_ours (const EbmlElement * simple)
{
  g_autofree char *name = NULL, *text = NULL;
  EbmlElement child;

  if (!ebml_find (simple, ID_TAG_NAME, &child))
    return FALSE;
  name = ebml_string (&child);
  if (own_tags_is_key (name))
    return TRUE;
  if (g_ascii_strcasecmp (name, "COMMENT") != 0
      || !ebml_find (simple, ID_TAG_STRING, &child))
    return FALSE;
  text = ebml_string (&child);
  return own_tags_is_comment (text);
}

/* Whether @tag is about the whole file, not about a track, chapter or attachment. */
static gboolean
is_global (const EbmlElement * tag)
{
  EbmlElement targets, child;
  EbmlReader reader;

  if (!ebml_find (tag, ID_TARGETS, &targets))
    return TRUE;
  reader.at = targets.content;
  reader.left = targets.size;
  while (ebml_next (&reader, &child))
    if ((child.id == ID_TRACK_UID || child.id == ID_EDITION_UID
            || child.id == ID_CHAPTER_UID || child.id == ID_ATTACHMENT_UID)
        && ebml_number (&child) != 0)
      return FALSE;
  return TRUE;
}

/* Appends @tag without what is ours in it; nothing if nothing else is in it. */
static void
append_without_ours (GByteArray * to, const EbmlElement * tag)
{
  g_autoptr (GByteArray) kept = g_byte_array_new ();
  EbmlReader reader = { tag->content, tag->size };
  EbmlElement child;
  guint n_kept = 0, n_ours = 0;

  while (ebml_next (&reader, &child)) {
    if (child.id == ID_SIMPLE_TAG && is_ours (&child)) {
      n_ours++;
      continue;
    }
    n_kept += child.id == ID_SIMPLE_TAG;
    /* a checksum is optional, and would be wrong now */
    if (child.id != ID_CRC)
      g_byte_array_append (kept, child.whole, (guint) child.whole_size);
  }
  if (n_ours == 0)
    g_byte_array_append (to, tag->whole, (guint) tag->whole_size);
  else if (n_kept > 0)
    ebml_append_element (to, ID_TAG, kept->data, kept->len);
}

typedef enum
{
  ALL_BUT_OURS,
  GLOBAL,
  NOT_GLOBAL
} Choice;

/* Appends the tags of @file that are of @choice. */
static gboolean
gather (const File * file, Choice choice, GByteArray * to, GError ** error)
{
  for (guint i = 0; i < file->parts->len; i++) {
    const Part *part = &g_array_index (file->parts, Part, i);
    g_autoptr (GByteArray) data = NULL;
    EbmlReader reader;
    EbmlElement tags, tag;

    if (part->id != ID_TAGS)
      continue;
    data = load (file, part, error);
    if (!data)
      return FALSE;
    reader.at = data->data;
    reader.left = data->len;
    if (!ebml_next (&reader, &tags))
      return fail_damaged (error);
    reader.at = tags.content;
    reader.left = tags.size;
    while (ebml_next (&reader, &tag)) {
      if (tag.id != ID_TAG)
        continue;
      if (choice == ALL_BUT_OURS)
        append_without_ours (to, &tag);
      else if (is_global (&tag) == (choice == GLOBAL))
        g_byte_array_append (to, tag.whole, (guint) tag.whole_size);
    }
  }
  return TRUE;
}

static void
append_simple (GByteArray * to, const char *name, const char *text)
{
  g_autoptr (GByteArray) simple = g_byte_array_new ();

  ebml_append_string (simple, ID_TAG_NAME, name);
  ebml_append_string (simple, ID_TAG_STRING, text);
  ebml_append_element (to, ID_SIMPLE_TAG, simple->data, simple->len);
}

/* Names are written in capitals in Matroska. */
static void
append_ours (GByteArray * to, const OwnTags * tags)
{
  g_autoptr (GByteArray) tag = g_byte_array_new ();

  if (tags->n == 0 && !tags->comment)
    return;
  ebml_append_element (tag, ID_TARGETS, "", 0);
  for (guint i = 0; i < tags->n; i++) {
    g_autofree char *name = g_ascii_strup (tags->tags[i].key, -1);

    append_simple (tag, name, tags->tags[i].value);
  }
  if (tags->comment)
    append_simple (tag, "COMMENT", tags->comment);
  ebml_append_element (to, ID_TAG, tag->data, tag->len);
}

/* ---- planning --------------------------------------------------------------------------------------------------- */

static void
clear_patch (gpointer data)
{
  g_byte_array_unref (((Patch *) data)->data);
}

/* @data: (transfer full) */
static void
add_patch (GArray * patches, guint64 at, GByteArray * data)
{
  Patch patch = { at, data };

  g_array_append_val (patches, patch);
}

/* A part of @size fits into @room: exactly, or with enough left for a Void. */
static gboolean
fits (guint64 size, guint64 room)
{
  return size == room || size + 2 <= room;
}

/* @data: (transfer full), padded with a Void to @room. */
static void
add_padded (GArray * patches, guint64 at, GByteArray * data, guint64 room)
{
  ebml_append_void (data, (gsize) (room - data->len));
  add_patch (patches, at, data);
}

static GByteArray *
wrap (guint32 id, const GByteArray * content)
{
  GByteArray *whole = g_byte_array_new ();

  ebml_append_element (whole, id, content->data, content->len);
  return whole;
}

static void
append_entry (GByteArray * to, guint32 id, guint64 position)
{
  g_autoptr (GByteArray) entry = g_byte_array_new ();
  guint32 big_endian = GUINT32_TO_BE (id);

  ebml_append_element (entry, ID_SEEK_ID, &big_endian, sizeof big_endian);
  ebml_append_number (entry, ID_SEEK_POSITION, position);
  ebml_append_element (to, ID_SEEK, entry->data, entry->len);
}

/* (transfer full) (nullable): the entries of a SeekHead but those of Tags. @removed: (out): how many those were. */
static GByteArray *
load_entries (const File * file, const Part * part, guint * removed,
    GError ** error)
{
  g_autoptr (GByteArray) data = load (file, part, error);
  GByteArray *entries;
  EbmlReader reader;
  EbmlElement head, seek, id;

  if (!data)
    return NULL;
  reader.at = data->data;
  reader.left = data->len;
  if (!ebml_next (&reader, &head)) {
    fail_damaged (error);
    return NULL;
  }
  entries = g_byte_array_new ();
  *removed = 0;
  reader.at = head.content;
  reader.left = head.size;
  while (ebml_next (&reader, &seek)) {
    if (seek.id != ID_SEEK)
      continue;
    if (ebml_find (&seek, ID_SEEK_ID, &id) && ebml_number (&id) == ID_TAGS)
      (*removed)++;
    else
      g_byte_array_append (entries, seek.whole, (guint) seek.whole_size);
  }
  return entries;
}

/* Where the new Tags go: over old ones, or to @end, which then moves. */
static guint64
plan_tags (const File * file, const GByteArray * content, GArray * patches,
    guint64 * end)
{
  GByteArray *tags = wrap (ID_TAGS, content);
  guint64 place = 0, size = tags->len;

  for (guint i = 0; i < file->parts->len; i++) {
    const Part *part = &g_array_index (file->parts, Part, i);

    if (part->id != ID_TAGS)
      continue;
    if (content->len > 0 && place == 0 && fits (size, part->room)) {
      place = part->at;
      add_padded (patches, place, g_byte_array_ref (tags), part->room);
    } else
      add_padded (patches, part->at, g_byte_array_new (), part->room);
  }
  if (content->len > 0 && place == 0) {
    place = *end;
    *end += size;
    add_patch (patches, place, g_byte_array_ref (tags));
  }
  g_byte_array_unref (tags);
  return place;
}

/* The first SeekHead, which shall name the Tags at @place. */
static gboolean
plan_first_seek_head (const File * file, const Part * part, guint64 place,
    GArray * patches, guint64 * end, GError ** error)
{
  guint removed;
  g_autoptr (GByteArray) entries = load_entries (file, part, &removed, error);
  g_autoptr (GByteArray) whole = NULL;

  if (!entries)
    return FALSE;
  append_entry (entries, ID_TAGS, place - file->begin);
  whole = wrap (ID_SEEK_HEAD, entries);
  if (!fits (whole->len, part->room)) {
    add_patch (patches, *end, g_steal_pointer (&whole));
    g_byte_array_set_size (entries, 0);
    append_entry (entries, ID_SEEK_HEAD, *end - file->begin);
    *end += g_array_index (patches, Patch, patches->len - 1).data->len;
    whole = wrap (ID_SEEK_HEAD, entries);
  }
  if (fits (whole->len, part->room)) {
    add_padded (patches, part->at, g_steal_pointer (&whole), part->room);
    return TRUE;
  }
  g_set_error_literal (error, COPIES_ERROR, COPIES_ERROR_UNSUPPORTED,
      "the table of contents of this Matroska file has no room");
  return FALSE;
}

/* A SeekHead that must not name Tags that are gone. */
static gboolean
plan_other_seek_head (const File * file, const Part * part, GArray * patches,
    GError ** error)
{
  guint removed;
  g_autoptr (GByteArray) entries = load_entries (file, part, &removed, error);

  if (!entries)
    return FALSE;
  if (removed > 0 && entries->len == 0)
    add_padded (patches, part->at, g_byte_array_new (), part->room);
  else if (removed > 0)
    add_padded (patches, part->at, wrap (ID_SEEK_HEAD, entries), part->room);
  return TRUE;
}

static gboolean
plan_seek_heads (const File * file, guint64 place, GArray * patches,
    guint64 * end, GError ** error)
{
  gboolean named = place == 0;

  for (guint i = 0; i < file->parts->len; i++) {
    const Part *part = &g_array_index (file->parts, Part, i);

    if (part->id != ID_SEEK_HEAD)
      continue;
    if (!(named ? plan_other_seek_head (file, part, patches, error)
            : plan_first_seek_head (file, part, place, patches, end, error)))
      return FALSE;
    named = TRUE;
  }
  if (named)
    return TRUE;
  g_set_error_literal (error, COPIES_ERROR, COPIES_ERROR_UNSUPPORTED,
      "this Matroska file has no table of contents");
  return FALSE;
}

/* The size of the Segment, which ends at @end now. */
static gboolean
plan_size (const File * file, guint64 end, GArray * patches, GError ** error)
{
  guint8 size[8];
  GByteArray *data;

  if (file->crc != 0) {
    data = g_byte_array_new ();
    ebml_append_void (data, 6);
    add_patch (patches, file->crc, data);
  }
  if (file->open_end || end == file->end)
    return TRUE;
  if (!ebml_write_size (size, file->size_length, end - file->begin)) {
    g_set_error_literal (error, COPIES_ERROR, COPIES_ERROR_UNSUPPORTED,
        "this Matroska file has no room for a larger size");
    return FALSE;
  }
  data = g_byte_array_new ();
  g_byte_array_append (data, size, file->size_length);
  add_patch (patches, file->segment, data);
  return TRUE;
}

static gboolean
apply (const File * file, const GArray * patches, GError ** error)
{
  for (guint i = 0; i < patches->len; i++) {
    const Patch *patch = &g_array_index (patches, Patch, i);
    gsize done = 0;

    while (done < patch->data->len) {
      gssize n = pwrite (file->fd, patch->data->data + done,
          patch->data->len - done, (off_t) (patch->at + done));

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return fail_with_errno (error, errno,
            "cannot write the tags of the copy");
      done += (gsize) n;
    }
  }
  return TRUE;
}

/* Makes @content, a number of Tag elements, the tags of @file. */
static gboolean
replace_tags (File * file, const GByteArray * content, GError ** error)
{
  g_autoptr (GArray) patches = g_array_new (FALSE, FALSE, sizeof (Patch));
  guint64 end = file->end, place;

  g_array_set_clear_func (patches, clear_patch);
  place = plan_tags (file, content, patches, &end);
  if (!plan_seek_heads (file, place, patches, &end, error)
      || !plan_size (file, end, patches, error)
      || !apply (file, patches, error))
    return FALSE;
  if (close (file->fd) != 0) {
    file->fd = -1;
    return fail_with_errno (error, errno, "cannot write the tags of the copy");
  }
  file->fd = -1;
  return TRUE;
}

/* ---- doors ------------------------------------------------------------------------------------------------------ */

gboolean
matroska_tags_write (const char *path, const OwnTags * tags, GError ** error)
{
  g_autoptr (GByteArray) content = g_byte_array_new ();
  File file = {.fd = -1 };
  gboolean done;

  /* ours first: of several comments many readers show the last */
  append_ours (content, tags);
  done = open_file (&file, path, O_RDWR, error)
      && gather (&file, ALL_BUT_OURS, content, error)
      && replace_tags (&file, content, error);
  close_file (&file);
  return done;
}

/* The number in the child @id of @part; @fallback if there is none. */
static gboolean
read_number (const File * file, const Part * part, guint32 id,
    guint64 fallback, guint64 * number, GError ** error)
{
  g_autoptr (GByteArray) data = NULL;
  EbmlReader reader;
  EbmlElement child;
  EbmlHead head;

  *number = fallback;
  if (part->id == 0)
    return TRUE;
  data = load (file, part, error);
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
  File file = {.fd = -1 };
  guint64 scale, time;
  gboolean done = open_file (&file, path, O_RDONLY, error)
      && read_number (&file, &file.info, ID_TIME_SCALE, 1000000, &scale, error)
      && read_number (&file, &file.cluster, ID_CLUSTER_TIME, 0, &time, error);

  close_file (&file);
  /* a year is more than any file lasts */
  if (done && time > 0 && scale > G_GUINT64_CONSTANT (31536000000000000) / time)
    return fail_damaged (error);
  if (done)
    *begin = time * scale;
  return done;
}

gboolean
matroska_tags_carry (const char *from, const char *to, GError ** error)
{
  g_autoptr (GByteArray) content = g_byte_array_new ();
  File source = {.fd = -1 }, target = {.fd = -1 };
  gboolean done = open_file (&source, from, O_RDONLY, error)
      && open_file (&target, to, O_RDWR, error)
      && gather (&source, GLOBAL, content, error)
      && gather (&target, NOT_GLOBAL, content, error)
      && replace_tags (&target, content, error);

  close_file (&source);
  close_file (&target);
  return done;
}
