/* matroskatags.c - our tags in Matroska files, changed where they lie.
 *
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
#include <unistd.h>

#include "copiespriv.h"
#include "ebml.h"
#include "matroskafile.h"

#define ID_SEEK 0x4dbb
#define ID_SEEK_ID 0x53ab
#define ID_SEEK_POSITION 0x53ac
#define ID_TAG 0x7373
#define ID_TARGETS 0x63c0
#define ID_TRACK_UID 0x63c5
#define ID_EDITION_UID 0x63c9
#define ID_CHAPTER_UID 0x63c4
#define ID_ATTACHMENT_UID 0x63c6
#define ID_SIMPLE_TAG 0x67c8
#define ID_TAG_NAME 0x45a3
#define ID_TAG_STRING 0x4487

/* What is to be written. */
typedef struct
{
  guint64 at;
  GByteArray *data;
} Patch;

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
    if (child.id != MATROSKA_CRC)
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
gather (const MatroskaFile * file, Choice choice, GByteArray * to,
    GError ** error)
{
  for (guint i = 0; i < file->parts->len; i++) {
    const MatroskaPart *part = &g_array_index (file->parts, MatroskaPart, i);
    g_autoptr (GByteArray) data = NULL;
    EbmlReader reader;
    EbmlElement tags, tag;

    if (part->id != MATROSKA_TAGS)
      continue;
    data = matroska_file_load (file, part, error);
    if (!data)
      return FALSE;
    reader.at = data->data;
    reader.left = data->len;
    if (!ebml_next (&reader, &tags))
      return matroska_fail_damaged (error);
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
load_entries (const MatroskaFile * file, const MatroskaPart * part,
    guint * removed, GError ** error)
{
  g_autoptr (GByteArray) data = matroska_file_load (file, part, error);
  GByteArray *entries;
  EbmlReader reader;
  EbmlElement head, seek, id;

  if (!data)
    return NULL;
  reader.at = data->data;
  reader.left = data->len;
  if (!ebml_next (&reader, &head)) {
    matroska_fail_damaged (error);
    return NULL;
  }
  entries = g_byte_array_new ();
  *removed = 0;
  reader.at = head.content;
  reader.left = head.size;
  while (ebml_next (&reader, &seek)) {
    if (seek.id != ID_SEEK)
      continue;
    if (ebml_find (&seek, ID_SEEK_ID, &id)
        && ebml_number (&id) == MATROSKA_TAGS)
      (*removed)++;
    else
      g_byte_array_append (entries, seek.whole, (guint) seek.whole_size);
  }
  return entries;
}

/* Where the new Tags go: over old ones, or to @end, which then moves. */
static guint64
plan_tags (const MatroskaFile * file, const GByteArray * content,
    GArray * patches, guint64 * end)
{
  GByteArray *tags = wrap (MATROSKA_TAGS, content);
  guint64 place = 0, size = tags->len;

  for (guint i = 0; i < file->parts->len; i++) {
    const MatroskaPart *part = &g_array_index (file->parts, MatroskaPart, i);

    if (part->id != MATROSKA_TAGS)
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
plan_first_seek_head (const MatroskaFile * file, const MatroskaPart * part,
    guint64 place, GArray * patches, guint64 * end, GError ** error)
{
  guint removed;
  g_autoptr (GByteArray) entries = load_entries (file, part, &removed, error);
  g_autoptr (GByteArray) whole = NULL;

  if (!entries)
    return FALSE;
  append_entry (entries, MATROSKA_TAGS, place - file->begin);
  whole = wrap (MATROSKA_SEEK_HEAD, entries);
  if (!fits (whole->len, part->room)) {
    add_patch (patches, *end, g_steal_pointer (&whole));
    g_byte_array_set_size (entries, 0);
    append_entry (entries, MATROSKA_SEEK_HEAD, *end - file->begin);
    *end += g_array_index (patches, Patch, patches->len - 1).data->len;
    whole = wrap (MATROSKA_SEEK_HEAD, entries);
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
plan_other_seek_head (const MatroskaFile * file, const MatroskaPart * part,
    GArray * patches, GError ** error)
{
  guint removed;
  g_autoptr (GByteArray) entries = load_entries (file, part, &removed, error);

  if (!entries)
    return FALSE;
  if (removed > 0 && entries->len == 0)
    add_padded (patches, part->at, g_byte_array_new (), part->room);
  else if (removed > 0)
    add_padded (patches, part->at, wrap (MATROSKA_SEEK_HEAD, entries),
        part->room);
  return TRUE;
}

static gboolean
plan_seek_heads (const MatroskaFile * file, guint64 place, GArray * patches,
    guint64 * end, GError ** error)
{
  gboolean named = place == 0;

  for (guint i = 0; i < file->parts->len; i++) {
    const MatroskaPart *part = &g_array_index (file->parts, MatroskaPart, i);

    if (part->id != MATROSKA_SEEK_HEAD)
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
plan_size (const MatroskaFile * file, guint64 end, GArray * patches,
    GError ** error)
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
apply (const MatroskaFile * file, const GArray * patches, GError ** error)
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
replace_tags (MatroskaFile * file, const GByteArray * content, GError ** error)
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
  MatroskaFile file = {.fd = -1 };
  gboolean done;

  /* ours first: of several comments many readers show the last */
  append_ours (content, tags);
  done = matroska_file_open (&file, path, O_RDWR, error)
      && gather (&file, ALL_BUT_OURS, content, error)
      && replace_tags (&file, content, error);
  matroska_file_close (&file);
  return done;
}

gboolean
matroska_tags_carry (const char *from, const char *to, GError ** error)
{
  g_autoptr (GByteArray) content = g_byte_array_new ();
  MatroskaFile source = {.fd = -1 }, target = {.fd = -1 };
  gboolean done = matroska_file_open (&source, from, O_RDONLY, error)
      && matroska_file_open (&target, to, O_RDWR, error)
      && gather (&source, GLOBAL, content, error)
      && gather (&target, NOT_GLOBAL, content, error)
      && replace_tags (&target, content, error);

  matroska_file_close (&source);
  matroska_file_close (&target);
  return done;
}
