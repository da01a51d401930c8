/* gstemotion2vecsummary.c - what a whole stream sounded like.
 *
 * (1) Labels are numbered as they turn up: `labels` is the table, arrays by label grow with it.
 * (2) How long a window speaks for is certain when the next one comes, so each track keeps its last window's scores and
 *     counts them then. The functions that read count them for the time being, in a copy.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecsummary.h"

#include "gstemotion2vectags.h"
#include "gstemotion2vectimeline.h"

/* Sums over windows, by label. */
typedef struct
{
  GArray *weighted, *plain;     /* double */
  double weight, n;             /* what to divide them by */
} Sums;

/* The windows of one kind and channel. */
typedef struct
{
  gboolean speech_trigger;
  gint channel;
  GstEmotion2vecTimeline *timeline;
  GArray *scores;               /* double by label: of the last window; empty if it was silent */
  double speech;                /* of the last window */
} Track;

struct _GstEmotion2vecSummary
{
  GstClockTime interval;
  GPtrArray *labels;            /* string */
  GPtrArray *tracks;            /* Track */
  Sums sums[2];                 /* by speech_trigger */
};

/* ---- sums ------------------------------------------------------------------------------------------------------- */

static GArray *
new_doubles (void)
{
  return g_array_new (FALSE, TRUE, sizeof (double));
}

static void
init_sums (Sums * sums)
{
  sums->weighted = new_doubles ();
  sums->plain = new_doubles ();
  sums->weight = sums->n = 0;
}

static void
clear_sums (Sums * sums)
{
  g_array_unref (sums->weighted);
  g_array_unref (sums->plain);
}

static void
copy_sums (const Sums * from, Sums * to)
{
  to->weighted = g_array_copy (from->weighted);
  to->plain = g_array_copy (from->plain);
  to->weight = from->weight;
  to->n = from->n;
}

/* sum[label] += factor * scores[label], for all labels */
static void
add_scores (GArray * sum, const GArray * scores, double factor)
{
  if (sum->len < scores->len)
    g_array_set_size (sum, scores->len);
  for (guint i = 0; i < scores->len; i++)
    g_array_index (sum, double, i) +=
        factor * g_array_index (scores, double, i);
}

/* Counts the last window of @track, which speaks for @time. */
static void
count (Sums * sums, const Track * track, GstClockTime time)
{
  double speech = track->speech > 0 ? MIN (track->speech, 1) : 0;
  double weight = speech * (double) time / GST_SECOND;

  if (track->scores->len == 0)
    return;
  add_scores (sums->weighted, track->scores, weight);
  sums->weight += weight;
  add_scores (sums->plain, track->scores, 1);
  sums->n++;
}

/* ---- tracks ----------------------------------------------------------------------------------------------------- */

static void
free_track (gpointer data)
{
  Track *track = data;

  gst_emotion2vec_timeline_free (track->timeline);
  g_array_unref (track->scores);
  g_free (track);
}

static gint
compare_tracks (gconstpointer a, gconstpointer b)
{
  const Track *first = *(Track * const *) a, *second = *(Track * const *) b;

  return (first->channel > second->channel) -
      (first->channel < second->channel);
}

/* The track that @result belongs to, a new one if need be. */
static Track *
find_track (GstEmotion2vecSummary * summary,
    const GstEmotion2vecResult * result)
{
  Track *track;

  for (guint i = 0; i < summary->tracks->len; i++) {
    track = summary->tracks->pdata[i];
    if (track->channel == result->channel
        && track->speech_trigger == !!result->speech_trigger)
      return track;
  }
  track = g_new0 (Track, 1);
  track->channel = result->channel;
  track->speech_trigger = !!result->speech_trigger;
  track->timeline = gst_emotion2vec_timeline_new (summary->interval,
      GST_EMOTION2VEC_SUMMARY_MAX_ENTRIES);
  track->scores = new_doubles ();
  g_ptr_array_add (summary->tracks, track);
  g_ptr_array_sort (summary->tracks, compare_tracks);
  return track;
}

/* ---- life ------------------------------------------------------------------------------------------------------- */

GstEmotion2vecSummary *
gst_emotion2vec_summary_new (GstClockTime interval)
{
  GstEmotion2vecSummary *summary = g_new0 (GstEmotion2vecSummary, 1);

  summary->interval = interval;
  summary->labels = g_ptr_array_new_with_free_func (g_free);
  summary->tracks = g_ptr_array_new_with_free_func (free_track);
  for (guint i = 0; i < G_N_ELEMENTS (summary->sums); i++)
    init_sums (&summary->sums[i]);
  return summary;
}

void
gst_emotion2vec_summary_free (GstEmotion2vecSummary * summary)
{
  if (!summary)
    return;
  g_ptr_array_unref (summary->labels);
  g_ptr_array_unref (summary->tracks);
  for (guint i = 0; i < G_N_ELEMENTS (summary->sums); i++)
    clear_sums (&summary->sums[i]);
  g_free (summary);
}

void
gst_emotion2vec_summary_reset (GstEmotion2vecSummary * summary)
{
  g_ptr_array_set_size (summary->labels, 0);
  g_ptr_array_set_size (summary->tracks, 0);
  for (guint i = 0; i < G_N_ELEMENTS (summary->sums); i++) {
    clear_sums (&summary->sums[i]);
    init_sums (&summary->sums[i]);
  }
}

gboolean
gst_emotion2vec_summary_is_empty (const GstEmotion2vecSummary * summary)
{
  return summary->labels->len == 0;
}

/* ---- adding ----------------------------------------------------------------------------------------------------- */

static guint
number_of (GstEmotion2vecSummary * summary, const char *label)
{
  guint number;

  if (g_ptr_array_find_with_equal_func (summary->labels, label, g_str_equal,
          &number))
    return number;
  g_ptr_array_add (summary->labels, g_strdup (label));
  return summary->labels->len - 1;
}

/* Stream time, or whatever comes nearest. */
static GstClockTime
start_of (const GstEmotion2vecResult * result)
{
  if (GST_CLOCK_TIME_IS_VALID (result->stream_time))
    return result->stream_time;
  if (GST_CLOCK_TIME_IS_VALID (result->running_time))
    return result->running_time;
  return result->offset;
}

/* Makes @result the last window of @track. */
static void
keep_scores (GstEmotion2vecSummary * summary, Track * track,
    const GstEmotion2vecResult * result)
{
  g_array_set_size (track->scores, 0);
  for (guint c = 0; c < result->n_classes; c++) {
    guint number = number_of (summary, result->labels[c]);

    if (number >= track->scores->len)
      g_array_set_size (track->scores, number + 1);
    g_array_index (track->scores, double, number) = result->scores[c];
  }
  track->speech = result->speech;
}

void
gst_emotion2vec_summary_add (GstEmotion2vecSummary * summary,
    const GstEmotion2vecResult * result)
{
  Track *track = find_track (summary, result);
  gint best = gst_emotion2vec_result_best (result);
  GstEmotion2vecHeard heard = { start_of (result), result->duration,
    result->stretch, result->speech_trigger, GST_EMOTION2VEC_SILENT
  };
  GstClockTime time;

  /* numbers in the order of the result, whichever label wins first */
  for (guint c = 0; c < result->n_classes; c++)
    number_of (summary, result->labels[c]);
  if (best >= 0)
    heard.label = (gint) number_of (summary, result->labels[best]);
  time = gst_emotion2vec_timeline_add (track->timeline, &heard);
  count (&summary->sums[track->speech_trigger], track, time);
  keep_scores (summary, track, result);
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* Whether the results of stretches of speech count: TRUE unless the interval made any with scores. */
static gboolean
choose_trigger (const GstEmotion2vecSummary * summary)
{
  if (summary->sums[FALSE].n > 0)
    return FALSE;
  for (guint i = 0; i < summary->tracks->len; i++) {
    const Track *track = summary->tracks->pdata[i];

    if (!track->speech_trigger && track->scores->len > 0)
      return FALSE;
  }
  return TRUE;
}

/* means[label], for all labels */
static void
compute_means (const GstEmotion2vecSummary * summary, gboolean trigger,
    double *means)
{
  Sums sums;
  const GArray *sum;
  double total;

  copy_sums (&summary->sums[trigger], &sums);
  for (guint i = 0; i < summary->tracks->len; i++) {
    const Track *track = summary->tracks->pdata[i];

    if (track->speech_trigger == trigger)
      count (&sums, track, gst_emotion2vec_timeline_last (track->timeline));
  }
  sum = sums.weight > 0 ? sums.weighted : sums.plain;
  total = sums.weight > 0 ? sums.weight : sums.n;
  for (guint i = 0; i < summary->labels->len; i++)
    means[i] = i < sum->len ? g_array_index (sum, double, i) / total : 0;
  clear_sums (&sums);
}

/* shares[label], for all labels */
static void
compute_shares (const GstEmotion2vecSummary * summary, gboolean trigger,
    double *shares)
{
  double total = 0;

  for (guint l = 0; l < summary->labels->len; l++) {
    shares[l] = 0;
    for (guint i = 0; i < summary->tracks->len; i++) {
      const Track *track = summary->tracks->pdata[i];

      if (track->speech_trigger == trigger)
        shares[l] += (double) gst_emotion2vec_timeline_time (track->timeline,
            (gint) l);
    }
    total += shares[l];
  }
  for (guint l = 0; l < summary->labels->len && total > 0; l++)
    shares[l] /= total;
}

GstTagList *
gst_emotion2vec_summary_to_tags (const GstEmotion2vecSummary * summary)
{
  const char *const *labels = (const char *const *) summary->labels->pdata;
  guint n = summary->labels->len, best = 0;
  gboolean trigger = choose_trigger (summary);
  g_autofree double *means = g_new (double, n + 1);
  g_autofree double *shares = g_new (double, n + 1);
  GstTagList *list;

  if (n == 0)
    return NULL;
  compute_means (summary, trigger, means);
  compute_shares (summary, trigger, shares);
  for (guint l = 1; l < n; l++)
    if (means[l] > means[best])
      best = l;
  list = gst_emotion2vec_tags_for_label (labels[best], means[best]);
  gst_emotion2vec_tags_add_numbers (list, "share", labels, shares, n);
  gst_emotion2vec_tags_add_numbers (list, "scores", labels, means, n);
  return list;
}

/* ---- table of contents ------------------------------------------------------------------------------------------ */

/* Uids are numbers, since that is all that WAV and Matroska have for them. */
static GstTocEntry *
new_entry (GstTocEntryType type, guint64 uid, const char *title)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, uid);
  GstTocEntry *entry = gst_toc_entry_new (type, text);

  if (title)
    gst_toc_entry_set_tags (entry, gst_tag_list_new (GST_TAG_TITLE, title,
            NULL));
  return entry;
}

/* @chapter_uid: (inout): the last one in use. */
static GstTocEntry *
make_edition (const GstEmotion2vecSummary * summary, const Track * track,
    guint64 uid, guint64 * chapter_uid)
{
  g_autofree char *title = track->channel < 0 ? NULL :
      g_strdup_printf ("channel %d", track->channel);
  g_autoptr (GArray) segments =
      gst_emotion2vec_timeline_segments (track->timeline);
  GstTocEntry *edition = new_entry (GST_TOC_ENTRY_TYPE_EDITION, uid, title);

  for (guint i = 0; i < segments->len; i++) {
    const GstEmotion2vecSegment *segment =
        &g_array_index (segments, GstEmotion2vecSegment, i);
    GstTocEntry *chapter = new_entry (GST_TOC_ENTRY_TYPE_CHAPTER,
        ++*chapter_uid, segment->label < 0 ? "silent"
        : summary->labels->pdata[segment->label]);

    gst_toc_entry_set_start_stop_times (chapter, (gint64) segment->start,
        (gint64) segment->end);
    gst_toc_entry_append_sub_entry (edition, chapter);
  }
  return edition;
}

GstToc *
gst_emotion2vec_summary_to_toc (const GstEmotion2vecSummary * summary)
{
  gboolean trigger = choose_trigger (summary);
  guint64 chapter_uid = 0, uid = G_MAXUINT32;
  GstToc *toc;

  if (gst_emotion2vec_summary_is_empty (summary))
    return NULL;
  toc = gst_toc_new (GST_TOC_SCOPE_GLOBAL);
  for (guint i = 0; i < summary->tracks->len; i++) {
    const Track *track = summary->tracks->pdata[i];

    if (track->speech_trigger == trigger)
      gst_toc_append_entry (toc, make_edition (summary, track, uid--,
              &chapter_uid));
  }
  return toc;
}
