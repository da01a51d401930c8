/* test-tags.c - tags and the table of contents: what leaves the element, beside what upstream says.
 *
 * With window=0 a stream is one window, so its summary is known from the encoder's scores of the whole.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "slowrig.h"

/* Values of the property `tag-mode`. */
enum
{
  TAGS_NONE,
  TAGS_SUMMARY,
  TAGS_CHANGES,
};

/* A rig, and the tag and TOC events that leave the element. */
typedef struct
{
  Rig *rig;
  GPtrArray *tags, *tocs;       /* of GstEvent */
  GArray *n_before;             /* guint: buffers that left before each of the tags */
} Bench;

static GstPadProbeReturn
on_event (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  Bench *bench = data;
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  guint n = slowrig_n_buffers (bench->rig);

  if (GST_EVENT_TYPE (event) == GST_EVENT_TOC)
    g_ptr_array_add (bench->tocs, gst_event_ref (event));
  if (GST_EVENT_TYPE (event) != GST_EVENT_TAG)
    return GST_PAD_PROBE_OK;
  g_ptr_array_add (bench->tags, gst_event_ref (event));
  g_array_append_val (bench->n_before, n);
  return GST_PAD_PROBE_OK;
}

static Bench *
bench_new (guint mode, guint tag_mode, guint64 window)
{
  GstAudioInfo info = slowrig_audio ();
  Bench *bench = g_new0 (Bench, 1);
  GstPad *src;

  slow_reset ();
  bench->tags = g_ptr_array_new_with_free_func ((GDestroyNotify)
      gst_event_unref);
  bench->tocs = g_ptr_array_new_with_free_func ((GDestroyNotify)
      gst_event_unref);
  bench->n_before = g_array_new (FALSE, FALSE, sizeof (guint));
  bench->rig = rig_new (&info, NULL, "window", window, "interval", window / 2,
      "mode", mode, "tag-mode", tag_mode, NULL);
  src = gst_element_get_static_pad (bench->rig->element, "src");
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, bench,
      NULL);
  gst_object_unref (src);
  return bench;
}

static void
bench_free (Bench * bench)
{
  rig_free (bench->rig);
  g_ptr_array_unref (bench->tags);
  g_ptr_array_unref (bench->tocs);
  g_array_unref (bench->n_before);
  g_free (bench);
}

/* ---- lists ------------------------------------------------------------------------------------------------------ */

static GstTagList *
list_of (const GPtrArray * events, guint index)
{
  GstTagList *list;

  g_assert_cmpuint (index, <, events->len);
  gst_event_parse_tag (events->pdata[index], &list);
  return list;
}

/* (transfer full): what upstream says. */
static GstEvent *
upstream_tags (GstTagScope scope, const char *title, const char *comment)
{
  GstTagList *list = gst_tag_list_new (GST_TAG_TITLE, title, NULL);

  if (comment)
    gst_tag_list_add (list, GST_TAG_MERGE_APPEND, GST_TAG_COMMENT, comment,
        NULL);
  gst_tag_list_set_scope (list, scope);
  return gst_event_new_tag (list);
}

static gboolean
has (const GstTagList * list, const char *tag, const char *value)
{
  for (guint i = 0; i < gst_tag_list_get_tag_size (list, tag); i++) {
    const char *text;

    g_assert_true (gst_tag_list_peek_string_index (list, tag, i, &text));
    if (g_str_equal (text, value))
      return TRUE;
  }
  return FALSE;
}

static void
check_title (const GstTagList * list, const char *title)
{
  g_assert_cmpuint (gst_tag_list_get_tag_size (list, GST_TAG_TITLE), ==,
      title ? 1 : 0);
  g_assert_true (!title || has (list, GST_TAG_TITLE, title));
}

/* Scores as the tag says them: "a:0.500/b:0.300/...", highest first, without those that read 0.000. */
static char *
scores_text (const char *const *labels, const double *scores, guint n)
{
  g_autoptr (GString) text = g_string_new ("emotion2vec-scores=");
  gboolean told[16] = { FALSE };

  for (guint i = 0; i < n; i++) {
    guint best = n;

    for (guint c = 0; c < n; c++)
      if (!told[c] && (best == n || scores[c] > scores[best]))
        best = c;
    told[best] = TRUE;
    if (i == 0 || scores[best] >= 0.0005)
      g_string_append_printf (text, "%s%s:%.3f", i ? "/" : "", labels[best],
          scores[best]);
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static const char *const names[] = { "angry", "disgusted", "fearful", "happy",
  "neutral", "other", "sad", "surprised", "unknown"
};

static guint
best_of (const float *scores)
{
  guint best = 0;

  for (guint c = 1; c < 9; c++)
    if (scores[c] > scores[best])
      best = c;
  return best;
}

/* The summary of a stream that was one window of these samples, beside @n_comments of upstream's. */
static void
check_summary (const GstTagList * list, const float *samples, guint ms,
    guint n_comments)
{
  g_autoptr (E2vResult) output =
      slowrig_expect (rig_model (), samples, ms * 16);
  guint best = best_of (output->scores);
  double scores[9];
  g_autofree char *label = g_strconcat ("emotion2vec-label=", names[best],
      NULL);
  g_autofree char *share =
      g_strconcat ("emotion2vec-share=", names[best], ":1.000", NULL);
  g_autofree char *comment = g_strdup_printf ("emotion2vec:%s:%.2f",
      names[best], (double) output->scores[best]);
  g_autofree char *text = NULL;

  for (guint c = 0; c < 9; c++)
    scores[c] = (double) output->scores[c];
  text = scores_text (names, scores, 9);
  g_assert_cmpint (gst_tag_list_get_scope (list), ==, GST_TAG_SCOPE_STREAM);
  g_assert_cmpuint (gst_tag_list_get_tag_size (list, GST_TAG_EXTENDED_COMMENT),
      ==, 3);
  g_assert_true (has (list, GST_TAG_EXTENDED_COMMENT, label));
  g_assert_true (has (list, GST_TAG_EXTENDED_COMMENT, share));
  g_assert_true (has (list, GST_TAG_EXTENDED_COMMENT, text));
  g_assert_true (has (list, GST_TAG_COMMENT, comment));
  g_assert_cmpuint (gst_tag_list_get_tag_size (list, GST_TAG_COMMENT), ==,
      n_comments + 1);
}

/* ---- summary ---------------------------------------------------------------------------------------------------- */

/* Upstream's list of the same scope goes on with ours in it; one of the other scope has nothing to do with it. */
static void
check_merged (guint mode)
{
  Bench *bench = bench_new (mode, TAGS_SUMMARY, 0);
  g_autofree float *noise = slowrig_noise (1000, 1);
  GstEvent *global = upstream_tags (GST_TAG_SCOPE_GLOBAL, "album", NULL);
  GstEvent *stream = upstream_tags (GST_TAG_SCOPE_STREAM, "title", "mine");

  rig_send (bench->rig, gst_event_ref (global));
  rig_send (bench->rig, gst_event_ref (stream));
  /* nothing to add yet: untouched */
  g_assert_cmpuint (bench->tags->len, ==, 2);
  g_assert_true (bench->tags->pdata[0] == global);
  g_assert_true (bench->tags->pdata[1] == stream);
  gst_event_unref (global);
  gst_event_unref (stream);
  slowrig_push (bench->rig, noise, 1000, 0);
  rig_send (bench->rig, gst_event_new_eos ());
  g_assert_cmpuint (bench->tags->len, ==, 3);
  check_summary (list_of (bench->tags, 2), noise, 1000, 1);
  check_title (list_of (bench->tags, 2), "title");
  g_assert_true (has (list_of (bench->tags, 2), GST_TAG_COMMENT, "mine"));
  /* after all audio and before EOS, at which this log ends */
  g_assert_cmpuint (g_array_index (bench->n_before, guint, 2), ==, 100);
  bench_free (bench);
}

static void
test_merged (void)
{
  check_merged (MODE_SYNC);
  check_merged (MODE_ASYNC);
}

/* What comes from upstream after ours carries ours, and replaces upstream's last. */
static void
test_upstream_follows (void)
{
  Bench *bench = bench_new (MODE_SYNC, TAGS_CHANGES, 1000 * MS);
  g_autofree float *noise = slowrig_noise (1500, 1);
  g_autoptr (E2vResult) output =
      slowrig_expect (rig_model (), noise, 1000 * 16);
  g_autofree char *label = g_strconcat ("emotion2vec-label=",
      names[best_of (output->scores)], NULL);
  GstEvent *event = upstream_tags (GST_TAG_SCOPE_STREAM, "two", NULL);
  guint32 seqnum = gst_event_get_seqnum (event);

  rig_send (bench->rig, upstream_tags (GST_TAG_SCOPE_STREAM, "one", "mine"));
  slowrig_push (bench->rig, noise, 1000, 0);
  g_assert_cmpuint (bench->tags->len, ==, 2);
  check_title (list_of (bench->tags, 1), "one");
  g_assert_true (has (list_of (bench->tags, 1), GST_TAG_COMMENT, "mine"));
  g_assert_true (has (list_of (bench->tags, 1), GST_TAG_EXTENDED_COMMENT,
          label));
  rig_send (bench->rig, event);
  g_assert_cmpuint (bench->tags->len, ==, 3);
  check_title (list_of (bench->tags, 2), "two");
  g_assert_false (has (list_of (bench->tags, 2), GST_TAG_COMMENT, "mine"));
  g_assert_true (has (list_of (bench->tags, 2), GST_TAG_EXTENDED_COMMENT,
          label));
  g_assert_cmpuint (gst_event_get_seqnum (bench->tags->pdata[2]), ==, seqnum);
  bench_free (bench);
}

/* Nothing of ours, and upstream's events are the very same. */
static void
test_none (void)
{
  Bench *bench = bench_new (MODE_SYNC, TAGS_NONE, 1000 * MS);
  GstEvent *first = upstream_tags (GST_TAG_SCOPE_STREAM, "one", "mine");
  GstEvent *second = upstream_tags (GST_TAG_SCOPE_STREAM, "two", NULL);

  rig_send (bench->rig, gst_event_ref (first));
  slowrig_push_noise (bench->rig, 1500, 0);
  rig_send (bench->rig, gst_event_ref (second));
  rig_send (bench->rig, gst_event_new_eos ());
  g_assert_cmpuint (bench->tags->len, ==, 2);
  g_assert_true (bench->tags->pdata[0] == first);
  g_assert_true (bench->tags->pdata[1] == second);
  g_assert_cmpuint (bench->tocs->len, ==, 0);
  g_assert_cmpuint (rig_count_messages (bench->rig, GST_MESSAGE_TOC), ==, 0);
  gst_event_unref (first);
  gst_event_unref (second);
  bench_free (bench);
}

/* tag-mode may change while it plays: what upstream said before is not lost. */
static void
test_turned_on (void)
{
  Bench *bench = bench_new (MODE_SYNC, TAGS_NONE, 0);
  g_autofree float *noise = slowrig_noise (1000, 1);

  rig_send (bench->rig, upstream_tags (GST_TAG_SCOPE_STREAM, "title", "mine"));
  slowrig_push (bench->rig, noise, 1000, 0);
  g_object_set (bench->rig->element, "tag-mode", TAGS_SUMMARY, NULL);
  rig_send (bench->rig, gst_event_new_eos ());
  g_assert_cmpuint (bench->tags->len, ==, 2);
  check_summary (list_of (bench->tags, 1), noise, 1000, 1);
  check_title (list_of (bench->tags, 1), "title");
  bench_free (bench);
}

/* ---- changes ---------------------------------------------------------------------------------------------------- */

/* A second of a tone in a little noise. */
static float *
tone (guint hz)
{
  float *samples = slowrig_noise (1000, hz);

  for (guint i = 0; i < 16000; i++)
    samples[i] = (float) (0.02 * (double) samples[i]
        + 0.5 * sin (2 * G_PI * hz * i / 16000));
  return samples;
}

/* Two sounds in which the model hears something different. */
static void
find_sounds (float **sounds, guint * labels)
{
  for (guint hz = 100;; hz += 150) {
    g_autofree float *sound = tone (hz);
    g_autoptr (E2vResult) output = slowrig_expect (rig_model (), sound, 16000);

    g_assert_cmpuint (hz, <, 8000);
    if (!sounds[0]) {
      labels[0] = best_of (output->scores);
      sounds[0] = g_steal_pointer (&sound);
    } else if (best_of (output->scores) != labels[0]) {
      labels[1] = best_of (output->scores);
      sounds[1] = g_steal_pointer (&sound);
      return;
    }
  }
}

/* Windows of a second that share nothing: a tag with each other label, before the buffer that ends the window. */
static void
test_changes (void)
{
  static const guint order[] = { 0, 0, 1, 1, 1, 0, 1 };
  static const guint news[] = { 0, 2, 5, 6 };
  Bench *bench = bench_new (MODE_SYNC, TAGS_CHANGES, 0);
  float *sounds[2] = { NULL, NULL };
  guint labels[2];

  find_sounds (sounds, labels);
  g_object_set (bench->rig->element, "max-window", 1000 * MS, NULL);
  slowrig_restart (bench->rig);
  rig_send (bench->rig, upstream_tags (GST_TAG_SCOPE_STREAM, "title", "mine"));
  for (guint s = 0; s < G_N_ELEMENTS (order); s++)
    slowrig_push (bench->rig, sounds[order[s]], 1000, s * 1000 * MS);
  rig_send (bench->rig, gst_event_new_eos ());
  g_assert_cmpuint (bench->tags->len, ==, 1 + G_N_ELEMENTS (news));
  g_assert_cmpuint (bench->tocs->len, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (news); i++) {
    const GstTagList *list = list_of (bench->tags, i + 1);
    g_autofree char *label = g_strconcat ("emotion2vec-label=",
        names[labels[order[news[i]]]], NULL);

    g_assert_cmpuint (g_array_index (bench->n_before, guint, i + 1), ==,
        news[i] * 100 + 99);
    g_assert_cmpuint (gst_tag_list_get_tag_size (list,
            GST_TAG_EXTENDED_COMMENT), ==, 1);
    g_assert_true (has (list, GST_TAG_EXTENDED_COMMENT, label));
    g_assert_cmpuint (gst_tag_list_get_tag_size (list, GST_TAG_COMMENT), ==, 2);
    check_title (list, "title");
  }
  bench_free (bench);
  g_free (sounds[0]);
  g_free (sounds[1]);
}

/* ---- table of contents ------------------------------------------------------------------------------------------ */

typedef struct
{
  gint64 start, stop;
  const char *title;
} Chapter;

/* Of windows of 1 s every 500 ms, one stretch of them that ends at @end: window k speaks for the 500 ms around its
 * middle, the first and the last to the ends of the stretch; equal neighbours are one. Returns the number of chapters. */
static guint
expect_chapters (const GPtrArray * results, gint64 end, Chapter * chapters)
{
  guint n = 0;

  for (guint k = 0; k < results->len; k++) {
    const char *label = gst_structure_get_string (results->pdata[k], "label");
    gint64 start = k == 0 ? 0 :
        (gint64) (rig_u64 (results->pdata[k], "timestamp") + 250 * MS);

    if (n > 0 && g_str_equal (chapters[n - 1].title, label))
      continue;
    if (n > 0)
      chapters[n - 1].stop = start;
    chapters[n].start = start;
    chapters[n].stop = end;
    chapters[n++].title = label;
  }
  return n;
}

static void
check_chapters (GstToc * toc, const Chapter * chapters, guint n)
{
  GList *editions = gst_toc_get_entries (toc), *item;
  guint i = 0;

  g_assert_cmpint (gst_toc_get_scope (toc), ==, GST_TOC_SCOPE_GLOBAL);
  g_assert_cmpuint (g_list_length (editions), ==, 1);
  item = gst_toc_entry_get_sub_entries (editions->data);
  g_assert_cmpuint (g_list_length (item), ==, n);
  for (; item; item = item->next, i++) {
    gint64 start, stop;

    gst_toc_entry_get_start_stop_times (item->data, &start, &stop);
    g_assert_cmpint (start, ==, chapters[i].start);
    g_assert_cmpint (stop, ==, chapters[i].stop);
    g_assert_true (has (gst_toc_entry_get_tags (item->data), GST_TAG_TITLE,
            chapters[i].title));
  }
}

/* Event and message, both once. */
static void
test_toc (void)
{
  Bench *bench = bench_new (MODE_SYNC, TAGS_SUMMARY, 1000 * MS);
  float *sounds[2] = { NULL, NULL };
  guint labels[2], n;
  g_autoptr (GPtrArray) results = NULL;
  g_autoptr (GstToc) toc = NULL;
  Chapter chapters[16];

  find_sounds (sounds, labels);
  for (guint s = 0; s < 6; s++)
    slowrig_push (bench->rig, sounds[s / 2 % 2], 1000, s * 1000 * MS);
  rig_send (bench->rig, gst_event_new_eos ());
  results = rig_results (bench->rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 11);
  n = expect_chapters (results, 6000 * MS, chapters);
  g_assert_cmpuint (n, >=, 3);
  g_assert_cmpuint (bench->tocs->len, ==, 1);
  gst_event_parse_toc (bench->tocs->pdata[0], &toc, NULL);
  check_chapters (toc, chapters, n);
  g_assert_cmpuint (rig_count_messages (bench->rig, GST_MESSAGE_TOC), ==, 1);
  bench_free (bench);
  g_free (sounds[0]);
  g_free (sounds[1]);
}

static void
test_upstream_toc (void)
{
  Bench *bench = bench_new (MODE_SYNC, TAGS_SUMMARY, 1000 * MS);
  g_autoptr (GstToc) toc = gst_toc_new (GST_TOC_SCOPE_GLOBAL);
  GstSegment segment;
  GstEvent *event;

  gst_toc_append_entry (toc, gst_toc_entry_new (GST_TOC_ENTRY_TYPE_EDITION,
          "upstream"));
  event = gst_event_new_toc (toc, FALSE);
  rig_send (bench->rig, gst_event_ref (event));
  slowrig_push_noise (bench->rig, 1500, 0);
  /* a flush does not take it away */
  rig_send (bench->rig, gst_event_new_flush_start ());
  rig_send (bench->rig, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  rig_send (bench->rig, gst_event_new_segment (&segment));
  slowrig_push_noise (bench->rig, 1500, 0);
  rig_send (bench->rig, gst_event_new_eos ());
  g_assert_cmpuint (bench->tocs->len, ==, 1);
  g_assert_true (bench->tocs->pdata[0] == event);
  g_assert_cmpuint (bench->tags->len, ==, 1);
  g_assert_cmpuint (rig_count_messages (bench->rig, GST_MESSAGE_TOC), ==, 0);
  gst_event_unref (event);
  bench_free (bench);
}

/* ---- several streams -------------------------------------------------------------------------------------------- */

static void
check_nothing (Bench * bench)
{
  rig_send (bench->rig, gst_event_new_eos ());
  g_assert_cmpuint (bench->tags->len, ==, 0);
  g_assert_cmpuint (bench->tocs->len, ==, 0);
  g_assert_cmpuint (rig_count_messages (bench->rig, GST_MESSAGE_TOC), ==, 0);
  bench_free (bench);
}

/* No audio, too little of it, or only silence. */
static void
test_empty (void)
{
  Bench *bench;

  check_nothing (bench_new (MODE_SYNC, TAGS_SUMMARY | TAGS_CHANGES, 0));
  check_nothing (bench_new (MODE_ASYNC, TAGS_SUMMARY | TAGS_CHANGES, 0));
  bench = bench_new (MODE_SYNC, TAGS_SUMMARY | TAGS_CHANGES, 1000 * MS);
  slowrig_push_noise (bench->rig, 400, 0);
  check_nothing (bench);
  bench = bench_new (MODE_SYNC, TAGS_SUMMARY | TAGS_CHANGES, 1000 * MS);
  g_object_set (bench->rig->element, "silence-threshold", -60.0, NULL);
  rig_push_silence (bench->rig, 2000, 0);
  check_nothing (bench);
}

/* Each stream has its own summary, once. @eos: whether the first one ends with EOS. */
static void
check_two_streams (gboolean eos)
{
  Bench *bench = bench_new (MODE_SYNC, TAGS_SUMMARY, 0);
  g_autofree float *one = slowrig_noise (1000, 1);
  g_autofree float *two = slowrig_noise (1500, 2);

  slowrig_begin_stream (bench->rig, "one");
  rig_send (bench->rig, upstream_tags (GST_TAG_SCOPE_STREAM, "first", NULL));
  slowrig_push (bench->rig, one, 1000, 0);
  if (eos)
    rig_send (bench->rig, gst_event_new_eos ());
  slowrig_begin_stream (bench->rig, "two");
  slowrig_push (bench->rig, two, 1500, 0);
  rig_send (bench->rig, gst_event_new_eos ());
  g_assert_cmpuint (bench->tags->len, ==, 3);
  check_summary (list_of (bench->tags, 1), one, 1000, 0);
  check_title (list_of (bench->tags, 1), "first");
  check_summary (list_of (bench->tags, 2), two, 1500, 0);
  check_title (list_of (bench->tags, 2), NULL);
  g_assert_cmpuint (bench->tocs->len, ==, 2);
  g_assert_cmpuint (rig_count_messages (bench->rig, GST_MESSAGE_TOC), ==, 2);
  bench_free (bench);
}

static void
test_two_streams (void)
{
  check_two_streams (FALSE);
  check_two_streams (TRUE);
}

/* ---- streams that give way to another while windows of theirs are being run -------------------------------------- */

/* Messages about earlier streams. (transfer container), of structures. */
static GPtrArray *
late_summaries (Bench * bench)
{
  GPtrArray *found = g_ptr_array_new ();

  rig_flush_bus (bench->rig);
  for (guint i = 0; i < bench->rig->log->len; i++) {
    const LogEntry *entry = bench->rig->log->pdata[i];

    if (entry->kind == LOG_MESSAGE && entry->fields
        && gst_structure_has_name (entry->fields, "emotion2vec-summary"))
      g_ptr_array_add (found, entry->fields);
  }
  return found;
}

static void
check_late_summary (const GstStructure * fields, const char *stream_id,
    const float *samples, guint ms)
{
  GstTagList *tags;

  g_assert_cmpstr (gst_structure_get_string (fields, "stream-id"), ==,
      stream_id);
  g_assert_true (gst_structure_get (fields, "tags", GST_TYPE_TAG_LIST, &tags,
          NULL));
  check_summary (tags, samples, ms, 0);
  gst_tag_list_unref (tags);
}

/* The messages on the bus in order, told by a letter: results and late summaries, each by the stream that it is about. */
static void
check_order (Bench * bench, const char *expected)
{
  g_autoptr (GString) order = g_string_new (NULL);

  rig_flush_bus (bench->rig);
  for (guint i = 0; i < bench->rig->log->len; i++) {
    const LogEntry *entry = bench->rig->log->pdata[i];
    const char *id = entry->kind == LOG_MESSAGE && entry->fields ?
        gst_structure_get_string (entry->fields, "stream-id") : NULL;

    if (!id)
      continue;
    if (gst_structure_has_name (entry->fields, "emotion2vec-summary"))
      g_string_append_printf (order, "[%s]", id);
    else if (gst_structure_has_name (entry->fields, "emotion2vec"))
      g_string_append (order, id);
  }
  g_assert_cmpstr (order->str, ==, expected);
}

/* The device stands still while one stream gives way to the next and that to a third: none of them waits, no tag tells
 * anything of the first two behind their ends, and the bus has their summaries in order. */
static void
test_late (void)
{
  Bench *bench = bench_new (MODE_ASYNC, TAGS_SUMMARY, 0);
  g_autofree float *one = slowrig_noise (1000, 1);
  g_autofree float *two = slowrig_noise (1500, 2);
  g_autofree float *three = slowrig_noise (1250, 3);
  g_autoptr (GPtrArray) late = NULL;

  slow_close ();
  slowrig_begin_stream (bench->rig, "a");
  slowrig_push (bench->rig, one, 1000, 0);
  slowrig_begin_stream (bench->rig, "b");
  slowrig_push (bench->rig, two, 1500, 0);
  /* the same id once more: it is another stream all the same */
  slowrig_begin_stream (bench->rig, "a");
  slowrig_push (bench->rig, three, 1250, 0);
  g_assert_cmpuint (slowrig_n_buffers (bench->rig), ==, 375);
  g_assert_cmpuint (bench->tags->len, ==, 0);
  slow_open ();
  rig_send (bench->rig, gst_event_new_eos ());
  check_order (bench, "a[a]b[b]a");
  late = late_summaries (bench);
  check_late_summary (late->pdata[0], "a", one, 1000);
  check_late_summary (late->pdata[1], "b", two, 1500);
  g_assert_cmpuint (bench->tags->len, ==, 1);
  check_summary (list_of (bench->tags, 0), three, 1250, 0);
  g_assert_cmpuint (bench->tocs->len, ==, 1);
  g_assert_cmpuint (rig_count_messages (bench->rig, GST_MESSAGE_TOC), ==, 3);
  bench_free (bench);
}

/* Asserts that the first tag event left before the second STREAM_START of those given here. */
static void
check_before_stream (const Bench * bench)
{
  guint n_starts = 0;

  for (guint i = 0; i < bench->rig->log->len; i++) {
    const LogEntry *entry = bench->rig->log->pdata[i];

    if (entry->kind != LOG_EVENT)
      continue;
    if (entry->event == GST_EVENT_TAG)
      break;
    n_starts += entry->event == GST_EVENT_STREAM_START;
  }
  /* the harness sends one of its own */
  g_assert_cmpuint (n_starts, ==, 2);
}

/* What is known of a stream when it gives way goes out as tags in front of the next; once, if that is all. */
static void
test_known_in_time (void)
{
  Bench *bench = bench_new (MODE_ASYNC, TAGS_SUMMARY, 0);
  g_autofree float *one = slowrig_noise (1500, 1);
  g_autoptr (GPtrArray) late = NULL;

  /* two parts, and the first of them is run in time */
  g_object_set (bench->rig->element, "max-window", 1000 * MS, NULL);
  slowrig_restart (bench->rig);
  g_ptr_array_set_size (bench->rig->log, 0);
  slowrig_begin_stream (bench->rig, "x");
  slowrig_begin_stream (bench->rig, "a");
  slowrig_push (bench->rig, one, 1000, 0);
  slowrig_settle (bench->rig);
  slow_close ();
  slowrig_push (bench->rig, one + 16000, 500, 1000 * MS);
  slowrig_begin_stream (bench->rig, "b");
  check_before_stream (bench);
  check_summary (list_of (bench->tags, 0), one, 1000, 0);
  slow_open ();
  slowrig_push (bench->rig, one, 1000, 0);
  slowrig_settle (bench->rig);
  slowrig_begin_stream (bench->rig, "c");
  rig_send (bench->rig, gst_event_new_eos ());
  check_order (bench, "aa[a]b");
  late = late_summaries (bench);
  g_assert_cmpuint (late->len, ==, 1);
  g_assert_cmpuint (bench->tags->len, ==, 2);
  check_summary (list_of (bench->tags, 1), one, 1000, 0);
  bench_free (bench);
}

/* The last window of a stream is dropped for one of the next: its summary does without, and comes all the same. */
static void
test_late_and_dropped (void)
{
  Bench *bench = bench_new (MODE_ASYNC, TAGS_SUMMARY, 0);
  g_autofree float *one = slowrig_noise (1500, 1);
  g_autoptr (GPtrArray) late = NULL;

  g_object_set (bench->rig->element, "max-window", 1000 * MS, "max-pending", 1,
      NULL);
  slowrig_restart (bench->rig);
  slowrig_settle (bench->rig);
  slow_reset ();
  slow_close ();
  slowrig_begin_stream (bench->rig, "a");
  slowrig_push (bench->rig, one, 1000, 0);
  slow_wait_for_runs (1);
  slowrig_push (bench->rig, one + 16000, 500, 1000 * MS);
  slowrig_begin_stream (bench->rig, "b");
  slowrig_push (bench->rig, one, 1000, 0);
  g_assert_cmpuint (slowrig_stat (bench->rig, "dropped"), ==, 1);
  slow_open ();
  rig_send (bench->rig, gst_event_new_eos ());
  check_order (bench, "a[a]b");
  late = late_summaries (bench);
  check_late_summary (late->pdata[0], "a", one, 1000);
  bench_free (bench);
}

/* What was forgotten is not waited for, and nobody is told of a stream that lost a part in this way. */
static void
test_late_and_forgotten (void)
{
  Bench *bench = bench_new (MODE_ASYNC, TAGS_SUMMARY, 0);
  g_autofree float *one = slowrig_noise (1500, 1);
  GstSegment segment;

  g_object_set (bench->rig->element, "max-window", 1000 * MS, NULL);
  slowrig_restart (bench->rig);
  slowrig_begin_stream (bench->rig, "a");
  slowrig_push (bench->rig, one, 1000, 0);
  slowrig_settle (bench->rig);
  slow_close ();
  slowrig_push (bench->rig, one + 16000, 500, 1000 * MS);
  slowrig_begin_stream (bench->rig, "b");
  rig_send (bench->rig, gst_event_new_flush_start ());
  rig_send (bench->rig, gst_event_new_flush_stop (TRUE));
  slow_open ();
  gst_segment_init (&segment, GST_FORMAT_TIME);
  rig_send (bench->rig, gst_event_new_segment (&segment));
  slowrig_push (bench->rig, one, 1000, 0);
  rig_send (bench->rig, gst_event_new_eos ());
  check_order (bench, "ab");
  g_assert_cmpuint (bench->tags->len, ==, 2);
  check_summary (list_of (bench->tags, 1), one, 1000, 0);
  bench_free (bench);
}

/* ---- flush ------------------------------------------------------------------------------------------------------ */

/* The summary is of what came after the flush; upstream's tags, which it does not send again, are kept. */
static void
test_flush (void)
{
  Bench *bench = bench_new (MODE_SYNC, TAGS_SUMMARY, 0);
  g_autofree float *one = slowrig_noise (1000, 1);
  g_autofree float *two = slowrig_noise (1000, 2);
  GstSegment segment;

  /* each part is a window, so the first one had its result */
  g_object_set (bench->rig->element, "max-window", 1000 * MS, NULL);
  slowrig_restart (bench->rig);
  rig_send (bench->rig, upstream_tags (GST_TAG_SCOPE_STREAM, "title", "mine"));
  slowrig_push (bench->rig, one, 1000, 0);
  rig_send (bench->rig, gst_event_new_flush_start ());
  rig_send (bench->rig, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  rig_send (bench->rig, gst_event_new_segment (&segment));
  slowrig_push (bench->rig, two, 1000, 0);
  rig_send (bench->rig, gst_event_new_eos ());
  g_assert_cmpuint (bench->tags->len, ==, 2);
  check_summary (list_of (bench->tags, 1), two, 1000, 1);
  check_title (list_of (bench->tags, 1), "title");
  bench_free (bench);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  slowrig_install ();
  g_test_add_func ("/tags/merged", test_merged);
  g_test_add_func ("/tags/upstream-follows", test_upstream_follows);
  g_test_add_func ("/tags/none", test_none);
  g_test_add_func ("/tags/turned-on", test_turned_on);
  g_test_add_func ("/tags/changes", test_changes);
  g_test_add_func ("/tags/toc", test_toc);
  g_test_add_func ("/tags/upstream-toc", test_upstream_toc);
  g_test_add_func ("/tags/empty", test_empty);
  g_test_add_func ("/tags/two-streams", test_two_streams);
  g_test_add_func ("/tags/late", test_late);
  g_test_add_func ("/tags/known-in-time", test_known_in_time);
  g_test_add_func ("/tags/late-and-dropped", test_late_and_dropped);
  g_test_add_func ("/tags/late-and-forgotten", test_late_and_forgotten);
  g_test_add_func ("/tags/flush", test_flush);
  return g_test_run ();
}
