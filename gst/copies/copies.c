/* copies.c - copies of media files: what is possible, by which way, and what is left behind if it fails.
 *
 * (1) The output is never opened before it is certain that it is not the input.
 * (2) What fails after that takes the output away again, unless it is no plain file, as /dev/full.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "copies.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "container.h"
#include "copiespriv.h"
#include "cues.h"
#include "filetags.h"
#include "matroskatags.h"
#include "owntags.h"
#include "remux.h"

#ifdef HAVE_TAGLIB
#define TAGLIB_IS_HERE TRUE
#else
#define TAGLIB_IS_HERE FALSE
#define file_tags_write(path, kind, tags, error) FALSE
#define file_tags_carry_mp4(from, to, error) FALSE
#endif

#ifdef HAVE_LIBAVFORMAT
#define LIBAVFORMAT_IS_HERE TRUE
#else
#define LIBAVFORMAT_IS_HERE FALSE
#define remux(input, output, container, cues, language, progress, error) FALSE
#endif

GQuark
copies_error_quark (void)
{
  return g_quark_from_static_string ("copies-error-quark");
}

/* ---- what is possible ------------------------------------------------------------------------------------------- */

static gboolean
is_matroska (const Container * container)
{
  return container->kind == CONTAINER_MATROSKA
      || container->kind == CONTAINER_WEBM;
}

static gboolean
fail (GError ** error, CopiesError code, const char *message)
{
  g_set_error_literal (error, COPIES_ERROR, (int) code, message);
  return FALSE;
}

static gboolean
check_tags (const Container * container, GError ** error)
{
  if (is_matroska (container) || TAGLIB_IS_HERE)
    return TRUE;
  return fail (error, COPIES_ERROR_UNAVAILABLE, "this program was built "
      "without TagLib, which writes tags: install libtag1-dev and a C++ "
      "compiler, and build it again");
}

static gboolean
check_subtitles (const Container * container, GError ** error)
{
  gboolean mp4 = container->kind == CONTAINER_MP4;

  if (!mp4 && !is_matroska (container))
    return fail (error, COPIES_ERROR_UNSUPPORTED, "only Matroska, WebM and "
        "MP4/M4A/MOV files have room for a subtitle track; of others, make a "
        "copy with tags or a subtitle file");
  if (mp4 && container->fragmented)
    return fail (error, COPIES_ERROR_UNSUPPORTED, "this MP4 file is in "
        "fragments; make a plain one first: ffmpeg -i IN -map 0 -c copy OUT");
  if (!LIBAVFORMAT_IS_HERE)
    return fail (error, COPIES_ERROR_UNAVAILABLE, "this program was built "
        "without libavformat, which writes subtitle tracks: install "
        "libavformat-dev and libavcodec-dev, and build it again");
  if (mp4 && !TAGLIB_IS_HERE)
    return fail (error, COPIES_ERROR_UNAVAILABLE, "this program was built "
        "without TagLib, which copies the tags of MP4 files: install "
        "libtag1-dev and a C++ compiler, and build it again");
  return TRUE;
}

/* @container: (out) */
static gboolean
look (const char *input, CopiesKind kind, Container * container,
    GError ** error)
{
  GStatBuf status;

  if (g_stat (input, &status) != 0)
    return fail_with_errno (error, errno, "cannot open the original");
  if (!S_ISREG (status.st_mode))
    return fail (error, COPIES_ERROR_UNSUPPORTED, "this is no plain file: "
        "copies are made of files on a disk only");
  return container_look (input, container, error)
      && (kind == COPIES_TAGS ? check_tags (container, error)
      : check_subtitles (container, error));
}

gboolean
copies_check (const char *input, CopiesKind kind, GError ** error)
{
  Container container;

  return look (input, kind, &container, error);
}

/* ---- the output ------------------------------------------------------------------------------------------------- */

static gboolean
is_same_file (const char *input, const char *output)
{
  GStatBuf one, other;

  return g_stat (input, &one) == 0 && g_stat (output, &other) == 0
      && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static gboolean
check_output (const char *input, const char *output, GError ** error)
{
  if (!is_same_file (input, output))
    return TRUE;
  return fail (error, COPIES_ERROR_SAME_FILE,
      "input and output are the same file; the original is never changed");
}

/* Returns: @done. If that is FALSE, the output is gone. */
static gboolean
leave (const char *output, gboolean done)
{
  GStatBuf status;

  if (!done && g_lstat (output, &status) == 0 && S_ISREG (status.st_mode))
    g_unlink (output);
  return done;
}

/* ---- tags ------------------------------------------------------------------------------------------------------- */

/* A Matroska file without room for tags is written anew, which makes some. */
static gboolean
write_matroska_tags (const char *input, const char *output,
    const Container * container, const OwnTags * tags, Progress * progress,
    GError ** error)
{
  g_autoptr (GError) no_room = NULL;

  progress->to = 1;
  if (!copy_bytes (input, output, progress, error))
    return FALSE;
  if (matroska_tags_write (output, tags, &no_room))
    return TRUE;
  if (!LIBAVFORMAT_IS_HERE
      || !g_error_matches (no_room, COPIES_ERROR, COPIES_ERROR_UNSUPPORTED)) {
    g_propagate_error (error, g_steal_pointer (&no_room));
    return FALSE;
  }
  return remux (input, output, container, NULL, NULL, progress, error)
      && matroska_tags_carry (input, output, error)
      && matroska_tags_write (output, tags, error);
}

static gboolean
write_tags (const char *input, const char *output, const Container * container,
    const OwnTags * tags, Progress * progress, GError ** error)
{
  if (is_matroska (container))
    return write_matroska_tags (input, output, container, tags, progress,
        error);
  return copy_bytes (input, output, progress, error)
      && file_tags_write (output, container->kind, tags, error);
}

gboolean
copies_write_tags (const char *input, const char *output,
    const GstTagList * tags, CopiesProgress progress, gpointer user_data,
    GError ** error)
{
  g_autoptr (OwnTags) own = own_tags_new (tags);
  Progress steps = { progress, user_data, 0, 1 };
  Container container;

  if (!look (input, COPIES_TAGS, &container, error)
      || !check_output (input, output, error))
    return FALSE;
  return leave (output, write_tags (input, output, &container, own, &steps,
          error));
}

/* ---- subtitles -------------------------------------------------------------------------------------------------- */

/* Labels are English words, but models may bring any. */
static const char *
language_of (const Annotation * annotation)
{
  for (guint i = 0; i < annotation->n_labels; i++)
    if (!g_str_is_ascii (annotation->labels[i]))
      return "und";
  return "eng";
}

static gboolean
write_subtitles (const char *input, const char *output,
    const Container * container, const Annotation * annotation,
    const Progress * progress, GError ** error)
{
  g_autoptr (GArray) cues = cues_from_annotation (annotation);

  if (!remux (input, output, container, cues, language_of (annotation),
          progress, error))
    return FALSE;
  return is_matroska (container) ? matroska_tags_carry (input, output, error)
      : file_tags_carry_mp4 (input, output, error);
}

gboolean
copies_write_subtitles (const char *input, const char *output,
    const Annotation * annotation, CopiesProgress progress,
    gpointer user_data, GError ** error)
{
  Progress steps = { progress, user_data, 0, 1 };
  Container container;

  if (!look (input, COPIES_SUBTITLES, &container, error)
      || !check_output (input, output, error))
    return FALSE;
  return leave (output, write_subtitles (input, output, &container, annotation,
          &steps, error));
}
