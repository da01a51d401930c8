/* copy-file.c - makes a copy of a media file as emotion2vec-annotate does, with what the command line says was heard.
 *
 *   copy-file check tags|subtitles INPUT
 *   copy-file tags INPUT OUTPUT [LABEL CONFIDENCE]
 *   copy-file subtitles INPUT OUTPUT [START:END:CHANNEL:CONFIDENCE:LABEL]...    times in ns
 *
 * With COPY_CANCEL_AT in the environment it stops when that much (0 to 1) is done. Prints how often progress was told.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copies.h"
#include "gstemotion2vectags.h"

static guint n_told;
static double last_told;

static gboolean
tell (double done, gpointer user_data)
{
  const double *cancel_at = user_data;

  g_assert_cmpfloat (done, >=, 0);
  g_assert_cmpfloat (done, <=, 1);
  last_told = done;
  n_told++;
  return done < *cancel_at;
}

/* LABEL has its confidence, "other" the rest. */
static GstTagList *
make_tags (char **args)
{
  const char *labels[] = { args[0], "other" };
  double scores[2] = { 0, };
  GstTagList *tags;

  if (!args[0])
    return gst_tag_list_new_empty ();
  scores[0] = g_ascii_strtod (args[1], NULL);
  scores[1] = 1 - scores[0];
  tags = gst_emotion2vec_tags_for_label (labels[0], scores[0]);
  gst_emotion2vec_tags_add_numbers (tags, "share", labels, scores, 2);
  gst_emotion2vec_tags_add_numbers (tags, "scores", labels, scores, 2);
  return tags;
}

static Annotation *
make_annotation (char **args)
{
  Annotation *annotation = annotation_new ();
  guint n = g_strv_length (args);

  annotation->labels = g_new0 (char *, n + 1);
  annotation->n_labels = n;
  for (guint i = 0; i < n; i++) {
    g_auto (GStrv) parts = g_strsplit (args[i], ":", 5);
    AnnotationSegment segment = { 0, };
    AnnotationWindow window = {.label = ANNOTATION_NO_LABEL };

    g_assert_cmpuint (g_strv_length (parts), ==, 5);
    segment.start = g_ascii_strtoull (parts[0], NULL, 10);
    segment.end = g_ascii_strtoull (parts[1], NULL, 10);
    segment.channel = atoi (parts[2]);
    segment.confidence = g_ascii_strtod (parts[3], NULL);
    annotation->labels[i] = g_strdup (parts[4]);
    segment.label = g_str_equal (parts[4], "silent") ? GST_EMOTION2VEC_SILENT :
        (gint) i;
    g_array_append_val (annotation->segments, segment);
    /* windows tell which channels there are */
    window.start = segment.start;
    window.duration = segment.end - segment.start;
    window.channel = segment.channel;
    g_array_append_val (annotation->windows, window);
  }
  return annotation;
}

static gboolean
make_copy (char **argv, double *cancel_at, GError ** error)
{
  g_autoptr (GstTagList) tags = NULL;
  g_autoptr (Annotation) annotation = NULL;

  if (g_str_equal (argv[1], "check"))
    return copies_check (argv[3], g_str_equal (argv[2], "tags") ? COPIES_TAGS
        : COPIES_SUBTITLES, error);
  if (g_str_equal (argv[1], "tags")) {
    tags = make_tags (argv + 4);
    return copies_write_tags (argv[2], argv[3], tags, tell, cancel_at, error);
  }
  annotation = make_annotation (argv + 4);
  return copies_write_subtitles (argv[2], argv[3], annotation, tell, cancel_at,
      error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  const char *cancel = g_getenv ("COPY_CANCEL_AT");
  double cancel_at = cancel ? g_ascii_strtod (cancel, NULL) : 2;

  gst_init (&argc, &argv);
  /* the tests limit the size of files; without this the signal would end the program instead of the write */
  signal (SIGXFSZ, SIG_IGN);
  if (argc < 4)
    return 2;
  if (!make_copy (argv, &cancel_at, &error)) {
    fprintf (stderr, "%s %d: %s\n", g_quark_to_string (error->domain),
        error->code, error->message);
    return 1;
  }
  printf ("progress was told %u times, %.3f at last\n", n_told, last_told);
  return 0;
}
