/* gstemotion2vectags.c - our tags, beside those that come from upstream.
 *
 * (1) upstream[] holds the last list of each scope; it is never written to.
 * (2) What is sent for a scope follows from upstream[scope] and ours alone, so any number of events in any order ends
 *     with the same list.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vectags.h"

#include <string.h>

/* Our values begin with these, whatever the case: some writers of files turn keys into capitals. */
#define KEY_PREFIX "emotion2vec-"
#define COMMENT_PREFIX "emotion2vec:"

#define NEWS_DISTANCE GST_SECOND        /* between two of them */
#define NEWS_DURATION GST_SECOND        /* of audio that needs no second result */

struct _GstEmotion2vecTags
{
  GstTagList *upstream[2];      /* by GstTagScope; (nullable) */
  GstTagList *ours;             /* (nullable) */

  /* news */
  char *told;                   /* (nullable): what was news last ... */
  GstClockTime told_at;         /* ... and its running time */
  char *label;                  /* (nullable): of the last result ... */
  guint n_same;                 /* ... and how many in a row had it */
  GstClockTime heard_until;     /* running time */
};

/* ---- what we say ------------------------------------------------------------------------------------------------ */

static char *
plain_name (const char *label)
{
  char *name = g_strdup (label);

  g_strcanon (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_+-.", '-');
  return name;
}

/* Decimals with a point, whatever the language of the user. */
static const char *
decimals (char *text, const char *format, double number)
{
  return g_ascii_formatd (text, G_ASCII_DTOSTR_BUF_SIZE, format, number);
}

GstTagList *
gst_emotion2vec_tags_for_label (const char *label, double confidence)
{
  g_autofree char *name = plain_name (label);
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *extended = g_strconcat (KEY_PREFIX "label=", name, NULL);
  g_autofree char *comment = g_strconcat (COMMENT_PREFIX, name, ":",
      decimals (number, "%.2f", confidence), NULL);
  GstTagList *list = gst_tag_list_new (GST_TAG_EXTENDED_COMMENT, extended,
      GST_TAG_COMMENT, comment, NULL);

  gst_tag_list_set_scope (list, GST_TAG_SCOPE_STREAM);
  return list;
}

/* Highest first; of equals, the one that comes first. */
static gint
compare_numbers (gconstpointer a, gconstpointer b, gpointer numbers)
{
  guint first = *(const guint *) a, second = *(const guint *) b;
  double difference =
      ((const double *) numbers)[second] - ((const double *) numbers)[first];

  if (difference > 0)
    return 1;
  return difference < 0 || first < second ? -1 : 1;
}

void
gst_emotion2vec_tags_add_numbers (GstTagList * list, const char *key,
    const char *const *labels, const double *numbers, guint n)
{
  g_autoptr (GString) text = g_string_new (KEY_PREFIX);
  g_autoptr (GArray) order = g_array_new (FALSE, FALSE, sizeof (guint));
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (text, "%s=", key);
  for (guint i = 0; i < n; i++)
    g_array_append_val (order, i);
  g_array_sort_with_data (order, compare_numbers, (gpointer) numbers);
  for (guint i = 0; i < n; i++) {
    guint c = g_array_index (order, guint, i);
    g_autofree char *name = plain_name (labels[c]);

    if (i > 0 && numbers[c] < 0.0005)
      break;
    g_string_append_printf (text, "%s%s:%s", i > 0 ? "/" : "", name,
        decimals (number, "%.3f", numbers[c]));
  }
  gst_tag_list_add (list, GST_TAG_MERGE_APPEND, GST_TAG_EXTENDED_COMMENT,
      text->str, NULL);
}

/* ---- beside upstream's ------------------------------------------------------------------------------------------ */

GstEmotion2vecTags *
gst_emotion2vec_tags_new (void)
{
  GstEmotion2vecTags *tags = g_new0 (GstEmotion2vecTags, 1);

  gst_emotion2vec_tags_reset (tags);
  return tags;
}

void
gst_emotion2vec_tags_forget_ours (GstEmotion2vecTags * tags)
{
  g_clear_pointer (&tags->ours, gst_tag_list_unref);
  g_clear_pointer (&tags->told, g_free);
  g_clear_pointer (&tags->label, g_free);
  tags->n_same = 0;
  tags->told_at = tags->heard_until = GST_CLOCK_TIME_NONE;
}

void
gst_emotion2vec_tags_reset (GstEmotion2vecTags * tags)
{
  for (guint i = 0; i < G_N_ELEMENTS (tags->upstream); i++)
    g_clear_pointer (&tags->upstream[i], gst_tag_list_unref);
  gst_emotion2vec_tags_forget_ours (tags);
}

void
gst_emotion2vec_tags_free (GstEmotion2vecTags * tags)
{
  if (!tags)
    return;
  gst_emotion2vec_tags_reset (tags);
  g_free (tags);
}

/* Takes the values that begin with @prefix out of @tag. */
static void
remove_ours (GstTagList * list, const char *tag, const char *prefix)
{
  guint n = gst_tag_list_get_tag_size (list, tag);
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < n; i++) {
    g_autofree char *value = NULL;

    if (gst_tag_list_get_string_index (list, tag, i, &value)
        && g_ascii_strncasecmp (value, prefix, strlen (prefix)) != 0)
      g_ptr_array_add (kept, g_steal_pointer (&value));
  }
  if (kept->len == n)
    return;
  gst_tag_list_remove_tag (list, tag);
  for (guint i = 0; i < kept->len; i++)
    gst_tag_list_add (list, GST_TAG_MERGE_APPEND, tag, kept->pdata[i], NULL);
}

static GstTagList *
list_to_send (const GstEmotion2vecTags * tags, GstTagScope scope)
{
  GstTagList *upstream = tags->upstream[scope], *list;

  if (!tags->ours || gst_tag_list_get_scope (tags->ours) != scope)
    return upstream ? gst_tag_list_ref (upstream) : NULL;
  if (!upstream)
    return gst_tag_list_ref (tags->ours);
  list = gst_tag_list_copy (upstream);
  remove_ours (list, GST_TAG_EXTENDED_COMMENT, KEY_PREFIX);
  remove_ours (list, GST_TAG_COMMENT, COMMENT_PREFIX);
  gst_tag_list_insert (list, tags->ours, GST_TAG_MERGE_APPEND);
  return list;
}

GstTagList *
gst_emotion2vec_tags_merge_upstream (GstEmotion2vecTags * tags,
    const GstTagList * upstream)
{
  GstTagScope scope = gst_tag_list_get_scope (upstream);
  GstTagList *last = tags->upstream[scope];

  tags->upstream[scope] = gst_tag_list_ref ((GstTagList *) upstream);
  g_clear_pointer (&last, gst_tag_list_unref);
  return list_to_send (tags, scope);
}

GstTagList *
gst_emotion2vec_tags_set_ours (GstEmotion2vecTags * tags,
    const GstTagList * ours)
{
  GstTagList *last = tags->ours;

  tags->ours = ours ? gst_tag_list_ref ((GstTagList *) ours) : NULL;
  g_clear_pointer (&last, gst_tag_list_unref);
  return list_to_send (tags,
      ours ? gst_tag_list_get_scope (ours) : GST_TAG_SCOPE_STREAM);
}

/* ---- news ------------------------------------------------------------------------------------------------------- */

/* Whether @result shares no audio with the window before it. */
static gboolean
stands_alone (const GstEmotion2vecTags * tags,
    const GstEmotion2vecResult * result)
{
  return result->speech_trigger || !GST_CLOCK_TIME_IS_VALID (tags->heard_until)
      || (GST_CLOCK_TIME_IS_VALID (result->running_time)
      && result->running_time >= tags->heard_until);
}

/* A running time that goes back, after a seek, is news of its own. */
static gboolean
is_long_ago (const GstEmotion2vecTags * tags, GstClockTime now)
{
  return !GST_CLOCK_TIME_IS_VALID (tags->told_at)
      || !GST_CLOCK_TIME_IS_VALID (now) || now < tags->told_at
      || now - tags->told_at >= NEWS_DISTANCE;
}

const char *
gst_emotion2vec_tags_news (GstEmotion2vecTags * tags,
    const GstEmotion2vecResult * result)
{
  gint best = gst_emotion2vec_result_best (result);
  gboolean firm;

  if (best < 0 || result->below_threshold || result->channel > 0)
    return NULL;
  if (g_strcmp0 (tags->label, result->labels[best]) != 0) {
    g_free (tags->label);
    tags->label = g_strdup (result->labels[best]);
    tags->n_same = 0;
  }
  tags->n_same++;
  firm = tags->n_same >= 2 || (result->duration >= NEWS_DURATION
      && stands_alone (tags, result));
  if (GST_CLOCK_TIME_IS_VALID (result->running_time))
    tags->heard_until = result->running_time + result->duration;
  if (!firm || g_strcmp0 (tags->told, tags->label) == 0
      || !is_long_ago (tags, result->running_time))
    return NULL;
  g_free (tags->told);
  tags->told = g_strdup (tags->label);
  tags->told_at = result->running_time;
  return tags->told;
}
