/* test-summary.c - means, shares and table of contents of a stream, worked out by hand; and as wavenc writes them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/gstharness.h>
#include <math.h>
#include <string.h>

#include "gstemotion2vecsummary.h"

static const char *const labels[] = { "angry", "happy", NULL };

/* Three seconds from @start on. @happy: below 0: silent. */
static GstEmotion2vecResult *
make (GstClockTime start, double happy, double speech)
{
  const double scores[] = { 1 - happy, happy };
  GstEmotion2vecResult *result = gst_emotion2vec_result_new ();

  result->stream_time = start;
  result->running_time = start + 100 * GST_SECOND;
  result->duration = 3 * GST_SECOND;
  result->speech = speech;
  if (happy >= 0)
    gst_emotion2vec_result_set_scores (result, labels, scores, 2);
  else
    result->silent = TRUE;
  return result;
}

static void
add (GstEmotion2vecSummary * summary, GstEmotion2vecResult * result)
{
  gst_emotion2vec_summary_add (summary, result);
  gst_emotion2vec_result_free (result);
}

/* One a second, weights 2, 0.5, 0 and 2; the last is a tie. */
static GstEmotion2vecSummary *
make_summary (void)
{
  GstEmotion2vecSummary *summary = gst_emotion2vec_summary_new (GST_SECOND);

  add (summary, make (0, 0.25, 1));
  add (summary, make (GST_SECOND, 0.75, 0.5));
  add (summary, make (2 * GST_SECOND, 1, 0));
  add (summary, make (3 * GST_SECOND, 0.5, 1));
  return summary;
}

static void
check_value (const GstTagList * tags, const char *tag, guint index,
    const char *expected)
{
  g_autofree char *value = NULL;

  g_assert_true (gst_tag_list_get_string_index (tags, tag, index, &value));
  g_assert_cmpstr (value, ==, expected);
}

/* The three extended comments and the comment, without their keys. */
static void
check_tags (const GstEmotion2vecSummary * summary, const char *label,
    const char *share, const char *scores, const char *comment)
{
  g_autoptr (GstTagList) tags = gst_emotion2vec_summary_to_tags (summary);
  g_autofree char *e0 = g_strconcat ("emotion2vec-label=", label, NULL);
  g_autofree char *e1 = g_strconcat ("emotion2vec-share=", share, NULL);
  g_autofree char *e2 = g_strconcat ("emotion2vec-scores=", scores, NULL);
  g_autofree char *c = g_strconcat ("emotion2vec:", comment, NULL);

  g_assert_nonnull (tags);
  g_assert_cmpint (gst_tag_list_get_scope (tags), ==, GST_TAG_SCOPE_STREAM);
  g_assert_cmpint (gst_tag_list_n_tags (tags), ==, 2);
  g_assert_cmpuint (gst_tag_list_get_tag_size (tags,
          GST_TAG_EXTENDED_COMMENT), ==, 3);
  g_assert_cmpuint (gst_tag_list_get_tag_size (tags, GST_TAG_COMMENT), ==, 1);
  check_value (tags, GST_TAG_EXTENDED_COMMENT, 0, e0);
  check_value (tags, GST_TAG_EXTENDED_COMMENT, 1, e1);
  check_value (tags, GST_TAG_EXTENDED_COMMENT, 2, e2);
  check_value (tags, GST_TAG_COMMENT, 0, c);
}

static void
test_weighted (void)
{
  g_autoptr (GstEmotion2vecSummary) summary = make_summary ();

  /* happy: (2 * 0.25 + 0.5 * 0.75 + 0 * 1 + 2 * 0.5) / 4.5 = 0.41667; angry
   * for 4 s of 6 */
  check_tags (summary, "angry", "angry:0.667/happy:0.333",
      "angry:0.583/happy:0.417", "angry:0.58");
  /* reading changes nothing */
  check_tags (summary, "angry", "angry:0.667/happy:0.333",
      "angry:0.583/happy:0.417", "angry:0.58");
}

static void
test_no_speech (void)
{
  g_autoptr (GstEmotion2vecSummary) summary =
      gst_emotion2vec_summary_new (GST_SECOND);

  /* all alike, however long they speak for: (0.25 + 1 + 1) / 3 */
  add (summary, make (0, 0.25, 0));
  add (summary, make (GST_SECOND, 1, 0));
  add (summary, make (2 * GST_SECOND, 1, 0));
  check_tags (summary, "happy", "happy:0.600/angry:0.400",
      "happy:0.750/angry:0.250", "happy:0.75");
}

/* Speech that is not a share must not spoil the means. */
static void
test_odd_speech (void)
{
  g_autoptr (GstEmotion2vecSummary) summary =
      gst_emotion2vec_summary_new (GST_SECOND);

  add (summary, make (0, 0, (double) NAN));
  add (summary, make (GST_SECOND, 1, 7));
  add (summary, make (2 * GST_SECOND, 1, 1));
  check_tags (summary, "happy", "happy:0.600/angry:0.400", "happy:1.000",
      "happy:1.00");
}

static void
test_empty (void)
{
  g_autoptr (GstEmotion2vecSummary) summary =
      gst_emotion2vec_summary_new (GST_SECOND);

  g_assert_true (gst_emotion2vec_summary_is_empty (summary));
  g_assert_null (gst_emotion2vec_summary_to_tags (summary));
  g_assert_null (gst_emotion2vec_summary_to_toc (summary));
  /* nobody was heard */
  add (summary, make (0, -1, 0));
  g_assert_true (gst_emotion2vec_summary_is_empty (summary));
  g_assert_null (gst_emotion2vec_summary_to_tags (summary));
  g_assert_null (gst_emotion2vec_summary_to_toc (summary));
  add (summary, make (GST_SECOND, 1, 1));
  g_assert_false (gst_emotion2vec_summary_is_empty (summary));
  check_tags (summary, "happy", "happy:1.000", "happy:1.000", "happy:1.00");
  gst_emotion2vec_summary_reset (summary);
  g_assert_true (gst_emotion2vec_summary_is_empty (summary));
  g_assert_null (gst_emotion2vec_summary_to_tags (summary));
  /* as if it were new */
  add (summary, make (0, 0, 1));
  check_tags (summary, "angry", "angry:1.000", "angry:1.000", "angry:1.00");
}

/* Silence is in the timeline, not in means and shares. */
static void
test_silence (void)
{
  g_autoptr (GstEmotion2vecSummary) summary =
      gst_emotion2vec_summary_new (GST_SECOND);

  add (summary, make (0, 1, 0));
  add (summary, make (GST_SECOND, -1, 0));
  add (summary, make (2 * GST_SECOND, 0.25, 0));
  check_tags (summary, "happy", "angry:0.500/happy:0.500",
      "happy:0.625/angry:0.375", "happy:0.62");
}

/* Results of the interval count if there are any, those of speech otherwise. */
static void
test_triggers (void)
{
  g_autoptr (GstEmotion2vecSummary) summary =
      gst_emotion2vec_summary_new (GST_SECOND);
  GstEmotion2vecResult *speech = make (0, 1, 1);

  speech->speech_trigger = TRUE;
  add (summary, speech);
  check_tags (summary, "happy", "happy:1.000", "happy:1.000", "happy:1.00");
  add (summary, make (0, 0, 1));
  check_tags (summary, "angry", "angry:1.000", "angry:1.000", "angry:1.00");
}

static void
test_channels (void)
{
  g_autoptr (GstEmotion2vecSummary) summary =
      gst_emotion2vec_summary_new (GST_SECOND);
  g_autoptr (GstToc) toc = NULL;

  for (guint k = 0; k < 3; k++)
    for (gint channel = 1; channel >= 0; channel--) {
      GstEmotion2vecResult *result =
          make (k * GST_SECOND, channel == 0 ? 0.75 : 0, 1);

      result->channel = channel;
      add (summary, result);
    }
  check_tags (summary, "angry", "angry:0.500/happy:0.500",
      "angry:0.625/happy:0.375", "angry:0.62");
  toc = gst_emotion2vec_summary_to_toc (summary);
  g_assert_cmpuint (g_list_length (gst_toc_get_entries (toc)), ==, 2);
  for (GList * e = gst_toc_get_entries (toc); e; e = e->next) {
    g_autofree char *title = NULL;
    GList *chapters = gst_toc_entry_get_sub_entries (e->data);

    gst_tag_list_get_string (gst_toc_entry_get_tags (e->data), GST_TAG_TITLE,
        &title);
    g_assert_cmpstr (title, ==, e->prev ? "channel 1" : "channel 0");
    g_assert_cmpuint (g_list_length (chapters), ==, 1);
  }
}

/* The property `classes` or the model may change on the way. */
static void
test_other_labels (void)
{
  static const char *const others[] = { "neutral", "happy", NULL };
  static const double scores[] = { 1, 0 };
  g_autoptr (GstEmotion2vecSummary) summary =
      gst_emotion2vec_summary_new (GST_SECOND);
  GstEmotion2vecResult *other = make (GST_SECOND, -1, 1);

  other->silent = FALSE;
  gst_emotion2vec_result_set_scores (other, others, scores, 2);
  add (summary, make (0, 0.75, 1));
  add (summary, other);
  check_tags (summary, "neutral", "happy:0.500/neutral:0.500",
      "neutral:0.500/happy:0.375/angry:0.125", "neutral:0.50");
}

/* @index: of the chapter, counted from 0. */
static void
check_chapter (GstToc * toc, guint index, const char *title, gint64 start,
    gint64 stop)
{
  GstTocEntry *edition = gst_toc_get_entries (toc)->data;
  GstTocEntry *chapter =
      g_list_nth_data (gst_toc_entry_get_sub_entries (edition), index);
  g_autofree char *has_title = NULL;
  g_autofree char *uid = g_strdup_printf ("%u", index + 1);
  gint64 has_start, has_stop;

  g_assert_nonnull (chapter);
  g_assert_cmpint (gst_toc_entry_get_entry_type (chapter), ==,
      GST_TOC_ENTRY_TYPE_CHAPTER);
  g_assert_cmpstr (gst_toc_entry_get_uid (chapter), ==, uid);
  g_assert_true (gst_tag_list_get_string (gst_toc_entry_get_tags (chapter),
          GST_TAG_TITLE, &has_title));
  g_assert_cmpstr (has_title, ==, title);
  g_assert_true (gst_toc_entry_get_start_stop_times (chapter, &has_start,
          &has_stop));
  g_assert_cmpint (has_start, ==, start * GST_SECOND);
  g_assert_cmpint (has_stop, ==, stop * GST_SECOND);
}

static void
test_toc (void)
{
  g_autoptr (GstEmotion2vecSummary) summary = make_summary ();
  g_autoptr (GstToc) toc = NULL;
  GstTocEntry *edition;

  add (summary, make (4 * GST_SECOND, -1, 0));
  toc = gst_emotion2vec_summary_to_toc (summary);
  g_assert_cmpint (gst_toc_get_scope (toc), ==, GST_TOC_SCOPE_GLOBAL);
  g_assert_cmpuint (g_list_length (gst_toc_get_entries (toc)), ==, 1);
  edition = gst_toc_get_entries (toc)->data;
  g_assert_cmpint (gst_toc_entry_get_entry_type (edition), ==,
      GST_TOC_ENTRY_TYPE_EDITION);
  g_assert_cmpuint (g_list_length (gst_toc_entry_get_sub_entries (edition)),
      ==, 4);
  check_chapter (toc, 0, "angry", 0, 2);
  check_chapter (toc, 1, "happy", 2, 4);
  check_chapter (toc, 2, "angry", 4, 5);
  check_chapter (toc, 3, "silent", 5, 7);
}

/* All buffers that @h gave, in one. wavenc comes back to the start to write its sizes: that is the last buffer. */
static GByteArray *
collect (GstHarness * h)
{
  GByteArray *bytes = g_byte_array_new ();
  GstBuffer *buffer;

  while ((buffer = gst_harness_try_pull (h))) {
    GstMapInfo map;

    g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
    g_byte_array_append (bytes, map.data, (guint) map.size);
    gst_buffer_unmap (buffer, &map);
    gst_buffer_unref (buffer);
  }
  return bytes;
}

static const guint8 *
find (const GByteArray * bytes, gconstpointer what, gsize size)
{
  for (gsize i = 0; i + size <= bytes->len; i++)
    if (memcmp (bytes->data + i, what, size) == 0)
      return bytes->data + i;
  return NULL;
}

/* WAV keeps our table and our comment, sent when all audio has passed. */
static void
test_wav (void)
{
  static const guint8 first_label[] = "labl\x0a\0\0\0\x01\0\0\0angry";
  static const guint8 second_label[] = "labl\x0a\0\0\0\x02\0\0\0happy";
  static const char comment[] = "emotion2vec:angry:0.58";
  g_autoptr (GstEmotion2vecSummary) summary = make_summary ();
  g_autoptr (GstToc) toc = gst_emotion2vec_summary_to_toc (summary);
  g_autoptr (GByteArray) bytes = NULL;
  GstHarness *h = gst_harness_new ("wavenc");
  GstBuffer *audio;
  const guint8 *cue;

  gst_harness_set_src_caps_str (h, "audio/x-raw, format=S16LE, rate=8000, "
      "channels=1, layout=interleaved");
  audio = gst_harness_create_buffer (h, 6 * 8000 * 2);
  gst_buffer_memset (audio, 0, 0, 6 * 8000 * 2);
  gst_harness_push (h, audio);
  gst_harness_push_event (h,
      gst_event_new_tag (gst_emotion2vec_summary_to_tags (summary)));
  gst_harness_push_event (h, gst_event_new_toc (toc, FALSE));
  gst_harness_push_event (h, gst_event_new_eos ());
  bytes = collect (h);
  cue = find (bytes, "cue ", 4);
  g_assert (cue != NULL);
  g_assert_cmpuint (GST_READ_UINT32_LE (cue + 8), ==, 3);
  /* id and sample of each point */
  for (guint i = 0; i < 3; i++) {
    g_assert_cmpuint (GST_READ_UINT32_LE (cue + 12 + 24 * i), ==, i + 1);
    g_assert_cmpuint (GST_READ_UINT32_LE (cue + 16 + 24 * i), ==, i * 2 * 8000);
  }
  g_assert_nonnull (find (bytes, first_label, sizeof first_label));
  g_assert_nonnull (find (bytes, second_label, sizeof second_label));
  g_assert_nonnull (find (bytes, comment, sizeof comment));
  gst_harness_teardown (h);
}

/* As many changes as ten hours can have: the table is bounded, the tags are exact. */
static void
test_ten_hours (void)
{
  g_autoptr (GstEmotion2vecSummary) summary =
      gst_emotion2vec_summary_new (GST_SECOND);
  g_autoptr (GstToc) toc = NULL;
  GList *chapters;
  gint64 until = 0;

  for (guint k = 0; k < 36000; k++)
    add (summary, make (k * GST_SECOND, k % 4 ? 0.125 : 0.875, 1));
  toc = gst_emotion2vec_summary_to_toc (summary);
  chapters = gst_toc_entry_get_sub_entries (gst_toc_get_entries (toc)->data);
  g_assert_cmpuint (g_list_length (chapters), <=,
      GST_EMOTION2VEC_SUMMARY_MAX_ENTRIES);
  g_assert_cmpuint (g_list_length (chapters), >, 1);
  for (; chapters; chapters = chapters->next) {
    gint64 start, stop;

    gst_toc_entry_get_start_stop_times (chapters->data, &start, &stop);
    g_assert_cmpint (start, ==, until);
    until = stop;
  }
  g_assert_cmpint (until, ==, 36002 * GST_SECOND);
  /* 9000 windows say happy, the first of them for 2 s: 9001 of 36002 s; the
   * mean is (9001 * 0.875 + 27001 * 0.125) / 36002 */
  check_tags (summary, "angry", "angry:0.750/happy:0.250",
      "angry:0.687/happy:0.313", "angry:0.69");
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/summary/weighted", test_weighted);
  g_test_add_func ("/summary/no-speech", test_no_speech);
  g_test_add_func ("/summary/odd-speech", test_odd_speech);
  g_test_add_func ("/summary/empty", test_empty);
  g_test_add_func ("/summary/silence", test_silence);
  g_test_add_func ("/summary/triggers", test_triggers);
  g_test_add_func ("/summary/channels", test_channels);
  g_test_add_func ("/summary/other-labels", test_other_labels);
  g_test_add_func ("/summary/toc", test_toc);
  g_test_add_func ("/summary/wav", test_wav);
  g_test_add_func ("/summary/ten-hours", test_ten_hours);
  return g_test_run ();
}
