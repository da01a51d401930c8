/* test-tags.c - our tags beside upstream's, in every order of events; when a label is news.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "gstemotion2vectags.h"

/* All values of @tag, with newlines between them; "" without. */
static char *
values (const GstTagList * list, const char *tag)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < gst_tag_list_get_tag_size (list, tag); i++) {
    g_autofree char *value = NULL;

    gst_tag_list_get_string_index (list, tag, i, &value);
    g_string_append_printf (text, "%s%s", i ? "\n" : "", value);
  }
  return g_string_free (text, FALSE);
}

static void
check (const GstTagList * list, const char *tag, const char *expected)
{
  g_autofree char *text = values (list, tag);

  g_assert_cmpstr (text, ==, expected);
}

static GstTagList *
upstream_list (GstTagScope scope)
{
  GstTagList *list = gst_tag_list_new (GST_TAG_TITLE, "T",
      GST_TAG_COMMENT, "a comment", GST_TAG_BITRATE, 64000u,
      GST_TAG_EXTENDED_COMMENT, "mood=dark", NULL);

  gst_tag_list_set_scope (list, scope);
  return list;
}

static void
check_merged (const GstTagList * list, const char *label)
{
  g_autofree char *extended =
      g_strconcat ("mood=dark\nemotion2vec-label=", label, NULL);
  g_autofree char *comment =
      g_strconcat ("a comment\nemotion2vec:", label, ":0.81", NULL);

  g_assert_cmpint (gst_tag_list_get_scope (list), ==, GST_TAG_SCOPE_STREAM);
  g_assert_cmpint (gst_tag_list_n_tags (list), ==, 4);
  check (list, GST_TAG_TITLE, "T");
  check (list, GST_TAG_EXTENDED_COMMENT, extended);
  check (list, GST_TAG_COMMENT, comment);
}

static void
test_label (void)
{
  g_autoptr (GstTagList) list =
      gst_emotion2vec_tags_for_label ("happy", 0.8149);
  g_autoptr (GstTagList) odd =
      gst_emotion2vec_tags_for_label ("böse \"x\"=a:b/c", 1);

  g_assert_cmpint (gst_tag_list_get_scope (list), ==, GST_TAG_SCOPE_STREAM);
  check (list, GST_TAG_EXTENDED_COMMENT, "emotion2vec-label=happy");
  check (list, GST_TAG_COMMENT, "emotion2vec:happy:0.81");
  check (odd, GST_TAG_COMMENT, "emotion2vec:b--se--x--a-b-c:1.00");
  check (odd, GST_TAG_EXTENDED_COMMENT, "emotion2vec-label=b--se--x--a-b-c");
}

static void
test_numbers (void)
{
  static const char *const labels[] = { "a", "b", "c d", "e", NULL };
  static const double numbers[] = { 0.0004, 0.25, 0.5, 0.25 };
  static const double none[] = { 0, 0, 0, 0 };
  g_autoptr (GstTagList) list = gst_emotion2vec_tags_for_label ("b", 0.5);

  gst_emotion2vec_tags_add_numbers (list, "share", labels, numbers, 4);
  gst_emotion2vec_tags_add_numbers (list, "scores", labels, none, 4);
  check (list, GST_TAG_EXTENDED_COMMENT, "emotion2vec-label=b\n"
      "emotion2vec-share=c-d:0.500/b:0.250/e:0.250\n"
      "emotion2vec-scores=a:0.000");
}

/* Matroska escapes whatever is not in this set. */
static void
test_characters (void)
{
  static const char *const labels[] = { "<unk>", "так", "x y", NULL };
  static const double numbers[] = { 0.5, 0.3, 0.2 };
  g_autoptr (GstTagList) list = gst_emotion2vec_tags_for_label ("a\\b{}", 0.1);
  g_autofree char *comments = values (list, GST_TAG_COMMENT);
  g_autofree char *extended = NULL;

  gst_emotion2vec_tags_add_numbers (list, "scores", labels, numbers, 3);
  extended = values (list, GST_TAG_EXTENDED_COMMENT);
  g_assert_cmpuint (strspn (comments, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS
          "_+-/:."), ==, strlen (comments));
  g_assert_cmpuint (strspn (extended, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS
          "_+-/:.=\n"), ==, strlen (extended));
}

/* Before there is anything of ours, lists pass as they are: the same object. */
static void
test_nothing_of_ours (void)
{
  g_autoptr (GstEmotion2vecTags) tags = gst_emotion2vec_tags_new ();
  g_autoptr (GstTagList) stream = upstream_list (GST_TAG_SCOPE_STREAM);
  g_autoptr (GstTagList) merged =
      gst_emotion2vec_tags_merge_upstream (tags, stream);
  g_autoptr (GstEmotion2vecTags) fresh = gst_emotion2vec_tags_new ();

  g_assert_true (merged == stream);
  g_assert_null (gst_emotion2vec_tags_set_ours (fresh, NULL));
}

static void
test_upstream_first (void)
{
  g_autoptr (GstEmotion2vecTags) tags = gst_emotion2vec_tags_new ();
  g_autoptr (GstTagList) upstream = upstream_list (GST_TAG_SCOPE_STREAM);
  g_autoptr (GstTagList) ours = gst_emotion2vec_tags_for_label ("happy", 0.81);
  g_autoptr (GstTagList) first =
      gst_emotion2vec_tags_merge_upstream (tags, upstream);
  g_autoptr (GstTagList) list = gst_emotion2vec_tags_set_ours (tags, ours);

  check_merged (list, "happy");
  /* nobody else's list was written to */
  check (upstream, GST_TAG_EXTENDED_COMMENT, "mood=dark");
  check (ours, GST_TAG_COMMENT, "emotion2vec:happy:0.81");
}

static void
test_ours_first (void)
{
  g_autoptr (GstEmotion2vecTags) tags = gst_emotion2vec_tags_new ();
  g_autoptr (GstTagList) upstream = upstream_list (GST_TAG_SCOPE_STREAM);
  g_autoptr (GstTagList) ours = gst_emotion2vec_tags_for_label ("happy", 0.81);
  g_autoptr (GstTagList) first = gst_emotion2vec_tags_set_ours (tags, ours);
  g_autoptr (GstTagList) list = NULL;

  g_assert_true (gst_tag_list_is_equal (first, ours));
  list = gst_emotion2vec_tags_merge_upstream (tags, upstream);
  check_merged (list, "happy");
}

/* A new list of upstream's replaces the old one, a new one of ours ours, and nothing piles up. */
static void
test_again (void)
{
  g_autoptr (GstEmotion2vecTags) tags = gst_emotion2vec_tags_new ();
  g_autoptr (GstTagList) other = gst_tag_list_new (GST_TAG_ARTIST, "A", NULL);
  g_autoptr (GstTagList) last = NULL;

  for (guint i = 0; i < 4; i++) {
    g_autoptr (GstTagList) upstream = upstream_list (GST_TAG_SCOPE_STREAM);
    g_autoptr (GstTagList) ours =
        gst_emotion2vec_tags_for_label (i % 2 ? "sad" : "happy", 0.81);

    gst_tag_list_unref (gst_emotion2vec_tags_merge_upstream (tags, upstream));
    g_clear_pointer (&last, gst_tag_list_unref);
    last = gst_emotion2vec_tags_set_ours (tags, ours);
    check_merged (last, i % 2 ? "sad" : "happy");
  }
  g_clear_pointer (&last, gst_tag_list_unref);
  last = gst_emotion2vec_tags_merge_upstream (tags, other);
  check (last, GST_TAG_TITLE, "");
  check (last, GST_TAG_ARTIST, "A");
  check (last, GST_TAG_COMMENT, "emotion2vec:sad:0.81");
}

/* What an earlier analysis left in the file is replaced, in capitals too. */
static void
test_old_ours (void)
{
  g_autoptr (GstEmotion2vecTags) tags = gst_emotion2vec_tags_new ();
  g_autoptr (GstTagList) upstream =
      gst_tag_list_new (GST_TAG_EXTENDED_COMMENT, "EMOTION2VEC-LABEL=sad",
      GST_TAG_EXTENDED_COMMENT, "emotion2vec-scores[en]=sad:1.000",
      GST_TAG_EXTENDED_COMMENT, "x=emotion2vec-label", GST_TAG_COMMENT,
      "emotion2vec:sad:1.00", GST_TAG_COMMENT, "emotion2vec is nice", NULL);
  g_autoptr (GstTagList) ours = gst_emotion2vec_tags_for_label ("happy", 0.81);
  g_autoptr (GstTagList) list = NULL;

  gst_tag_list_unref (gst_emotion2vec_tags_merge_upstream (tags, upstream));
  list = gst_emotion2vec_tags_set_ours (tags, ours);
  check (list, GST_TAG_EXTENDED_COMMENT,
      "x=emotion2vec-label\nemotion2vec-label=happy");
  check (list, GST_TAG_COMMENT, "emotion2vec is nice\nemotion2vec:happy:0.81");
}

static void
test_scopes (void)
{
  g_autoptr (GstEmotion2vecTags) tags = gst_emotion2vec_tags_new ();
  g_autoptr (GstTagList) global = upstream_list (GST_TAG_SCOPE_GLOBAL);
  g_autoptr (GstTagList) stream = upstream_list (GST_TAG_SCOPE_STREAM);
  g_autoptr (GstTagList) ours = gst_emotion2vec_tags_for_label ("happy", 0.81);
  g_autoptr (GstTagList) first = NULL;
  g_autoptr (GstTagList) second = NULL;
  g_autoptr (GstTagList) third = NULL;

  first = gst_emotion2vec_tags_set_ours (tags, ours);
  second = gst_emotion2vec_tags_merge_upstream (tags, global);
  g_assert_true (second == global);
  third = gst_emotion2vec_tags_merge_upstream (tags, stream);
  check_merged (third, "happy");
}

static void
test_reset (void)
{
  g_autoptr (GstEmotion2vecTags) tags = gst_emotion2vec_tags_new ();
  g_autoptr (GstTagList) upstream = upstream_list (GST_TAG_SCOPE_STREAM);
  g_autoptr (GstTagList) ours = gst_emotion2vec_tags_for_label ("happy", 0.81);
  g_autoptr (GstTagList) list = NULL;
  g_autoptr (GstTagList) bare = NULL;

  gst_tag_list_unref (gst_emotion2vec_tags_merge_upstream (tags, upstream));
  gst_tag_list_unref (gst_emotion2vec_tags_set_ours (tags, ours));
  gst_emotion2vec_tags_reset (tags);
  list = gst_emotion2vec_tags_set_ours (tags, ours);
  g_assert_true (gst_tag_list_is_equal (list, ours));
  gst_emotion2vec_tags_reset (tags);
  bare = gst_emotion2vec_tags_merge_upstream (tags, upstream);
  g_assert_true (bare == upstream);
}

/* ---- news ------------------------------------------------------------------------------------------------------- */

#define MS GST_MSECOND

/* Two classes, so that the label is @label. */
static GstEmotion2vecResult *
make_result (const char *label, guint start, guint duration)
{
  const char *const labels[] = { label, "other", NULL };
  static const double scores[] = { 0.75, 0.25 };
  GstEmotion2vecResult *result = gst_emotion2vec_result_new ();

  result->running_time = start * MS;
  result->duration = duration * MS;
  if (label)
    gst_emotion2vec_result_set_scores (result, labels, scores, 2);
  return result;
}

/* @news: 1: the label is news, 0: it is not. */
static void
hear (GstEmotion2vecTags * tags, GstEmotion2vecResult * result, int news)
{
  const char *label = gst_emotion2vec_tags_news (tags, result);

  if (news)
    g_assert_cmpstr (label, ==, result->labels[0]);
  else
    g_assert_null (label);
  gst_emotion2vec_result_free (result);
}

static void
test_news (void)
{
  g_autoptr (GstEmotion2vecTags) tags = gst_emotion2vec_tags_new ();

  /* nothing is shared with a window before the first */
  hear (tags, make_result ("happy", 0, 3000), 1);
  hear (tags, make_result ("happy", 1000, 3000), 0);
  /* once is not enough, as windows overlap */
  hear (tags, make_result ("sad", 2000, 3000), 0);
  hear (tags, make_result ("happy", 3000, 3000), 0);
  hear (tags, make_result ("sad", 4000, 3000), 0);
  hear (tags, make_result ("angry", 5000, 3000), 0);
  hear (tags, make_result ("angry", 6000, 3000), 1);
  hear (tags, make_result ("angry", 7000, 3000), 0);
  /* a window that shares nothing with the one before it */
  hear (tags, make_result ("happy", 10000, 3000), 1);
  hear (tags, make_result ("sad", 13000, 900), 0);
  hear (tags, make_result ("sad", 13900, 900), 1);
}

/* At most one a second, but nothing is lost. */
static void
test_news_rate (void)
{
  g_autoptr (GstEmotion2vecTags) tags = gst_emotion2vec_tags_new ();

  hear (tags, make_result ("happy", 0, 500), 0);
  hear (tags, make_result ("happy", 100, 500), 1);
  hear (tags, make_result ("sad", 200, 500), 0);
  hear (tags, make_result ("sad", 300, 500), 0);
  hear (tags, make_result ("sad", 1099, 500), 0);
  hear (tags, make_result ("sad", 1100, 500), 1);
  hear (tags, make_result ("sad", 2200, 500), 0);
  /* time has gone back */
  hear (tags, make_result ("happy", 0, 500), 0);
  hear (tags, make_result ("happy", 100, 500), 1);
}

static void
test_news_passed_over (void)
{
  g_autoptr (GstEmotion2vecTags) tags = gst_emotion2vec_tags_new ();
  GstEmotion2vecResult *result;

  hear (tags, make_result ("happy", 0, 3000), 1);
  hear (tags, make_result ("sad", 1000, 3000), 0);
  hear (tags, make_result (NULL, 2000, 3000), 0);
  result = make_result ("angry", 3000, 3000);
  result->below_threshold = TRUE;
  hear (tags, result, 0);
  result = make_result ("angry", 3000, 3000);
  result->channel = 1;
  hear (tags, result, 0);
  /* the second in a row of those that count */
  result = make_result ("sad", 3000, 3000);
  result->channel = 0;
  hear (tags, result, 1);
}

static void
test_news_speech (void)
{
  g_autoptr (GstEmotion2vecTags) tags = gst_emotion2vec_tags_new ();
  GstEmotion2vecResult *result;

  hear (tags, make_result ("happy", 0, 3000), 1);
  result = make_result ("sad", 2000, 1500);
  result->speech_trigger = TRUE;
  hear (tags, result, 1);
  gst_emotion2vec_tags_reset (tags);
  hear (tags, make_result ("sad", 2500, 1500), 1);
}

/* Without times, the number of results is all there is. */
static void
test_news_without_time (void)
{
  g_autoptr (GstEmotion2vecTags) tags = gst_emotion2vec_tags_new ();

  for (guint i = 0; i < 6; i++) {
    GstEmotion2vecResult *result =
        make_result (i < 3 ? "happy" : "sad", 0, 500);

    result->running_time = GST_CLOCK_TIME_NONE;
    hear (tags, result, i == 1 || i == 4);
  }
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tags/label", test_label);
  g_test_add_func ("/tags/numbers", test_numbers);
  g_test_add_func ("/tags/characters", test_characters);
  g_test_add_func ("/tags/nothing-of-ours", test_nothing_of_ours);
  g_test_add_func ("/tags/upstream-first", test_upstream_first);
  g_test_add_func ("/tags/ours-first", test_ours_first);
  g_test_add_func ("/tags/again", test_again);
  g_test_add_func ("/tags/old-ours", test_old_ours);
  g_test_add_func ("/tags/scopes", test_scopes);
  g_test_add_func ("/tags/reset", test_reset);
  g_test_add_func ("/tags/news", test_news);
  g_test_add_func ("/tags/news-rate", test_news_rate);
  g_test_add_func ("/tags/news-passed-over", test_news_passed_over);
  g_test_add_func ("/tags/news-speech", test_news_speech);
  g_test_add_func ("/tags/news-without-time", test_news_without_time);
  return g_test_run ();
}
