/* gstemotion2vecspeech.c - finds the stretches of speech in mono 16 kHz audio.
 *
 * (1) A frame's loudness is its mean level above the noise over all bands, each counted from 0 to MAX_DB. What is loud
 *     and not voiced is noise or a consonant: it neither opens a span nor keeps one open for longer than VOICE_LASTS.
 * (2) The noise floor follows quickly where there is no speech, and not at all where there is; the lowest level of the
 *     last seconds lifts it if it was wrong.
 * (3) Spans never overlap, and none begins before earliest_start() once a frame has been taken.
 * (4) Each edge is looked at a second time, see gstemotion2vecedges.h, when GST_EMOTION2VEC_EDGES_ON frames after it are
 *     known, or when the span closes if that is sooner. What opens and what closes a span, and when, does not depend on it.
 * (5) With a VAD (gstemotion2vecvad.h) neither loudness nor floor nor voicing matter: what it says of each frame, a little
 *     later, is added up. A span opens when the sum has risen by OPEN_RISE, and its end is where the sum was largest. A fall
 *     counts for no more than MOST_FALL, so that what is said after a pause is heard, and a click is not.
 * The numbers were chosen by measurement, see docs/speech-trigger.md.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecspeech.h"

#include <math.h>
#include <string.h>

#include "gstemotion2vecvad.h"
#include "gstemotion2vecedges.h"
#include "gstemotion2vecfeatures.h"

#define N_BANDS GST_EMOTION2VEC_FEATURES_BANDS

/* Loudness, in dB: of a frame that may open a span, that keeps it open, and that is speech though nothing says voice. */
#define OPEN_DB 4.5
#define CLOSE_DB 3.2
#define CERTAIN_DB 14.0
#define MAX_DB 20.0
/* A span stays open for frames above this share of its own loudness. */
#define CLOSE_SHARE 0.25
#define PEAK_RATE 0.1

/* The voicing of a voice. */
#define VOICED 0.68

/* In frames: a span opens when OPEN_FRAMES of the last OPEN_AMONG were loud and voiced. It starts where the loud frames around
 * them do, with holes of up to MAX_HOLE, at most MAX_ONSET ago. */
#define OPEN_FRAMES 4
#define OPEN_AMONG 10
#define MAX_HOLE 6
#define MAX_ONSET 30
/* Loud frames up to this long after a voiced one are still speech. */
#define VOICE_LASTS 22
/* Added before and after. */
#define MARGIN_BEFORE 3
#define MARGIN_AFTER 2

/* Mean squares of a band: the lowest floor, and the highest that is believed of the first frame. */
#define LOWEST_FLOOR 1e-8
#define FIRST_FLOOR 1.25e-7
/* Part of the way to the present energy that the floor goes in a frame: down; up, where it is quiet; up, in noise. */
#define FLOOR_DOWN 0.2
#define FLOOR_UP 0.05
#define FLOOR_UP_NOISE 0.07
/* It sees no more than this times itself: 0.3 dB a frame. */
#define FLOOR_JUMP 2.5

/* The lowest smoothed energy of the last 5 s, in blocks of 0.5 s. */
#define BLOCK_FRAMES 50
#define N_BLOCKS 10
#define LOWEST_SMOOTHING 0.8
#define LOUDNESS_SMOOTHING 0.5
/* Smoothed energy above this times the present one does not count: after a loud end it takes long to die away. */
#define MAX_LAG 10.0

/* Of the sum of the log odds that a VAD gives. */
#define OPEN_RISE 20.0
#define MOST_FALL 20.0
/* Of one frame, where the sum is too slow. */
#define SURE 2.0
/* In frames: a span that a VAD opens starts at most so long ago. In a span frames are judged CLOSE_DELAY later, for better. So
 * much of a pause is unjudged: a hangover shorter than VAD_PATIENCE takes so many more; and a span waits VAD_GRACE longer if
 * something may be coming. */
#define MAX_RISE 60
#define VAD_PATIENCE 30
#define VAD_GRACE 20
#define CLOSE_DELAY 15
/* A span of up to SHORT frames in all comes to nothing where the sum over it, with hindsight, is less than this. */
#define SHORT 100
#define LEAST_SUM 40.0

/* Frames searched for a quiet one if a span grows too long: 2 s. */
#define CUT_SEARCH 200

G_STATIC_ASSERT (GST_EMOTION2VEC_VAD_BACK == GST_EMOTION2VEC_EDGES_BACK);

typedef struct
{
  double floor;                 /* of the noise */
  double energy;                /* of the last frame */
  double smooth;                /* energy, for the loudness */
  double slow;                  /* energy, for the lowest */
  double lowest;                /* of this block */
  double blocks[N_BLOCKS];      /* lowest of those before, INFINITY where there is none */
} Band;

struct _GstEmotion2vecSpeech
{
  GstEmotion2vecSpeechSettings settings;
  GstEmotion2vecFeatures *features;
  GstEmotion2vecEdges *edges;
  GstEmotion2vecVad *vad;       /* NULL: the rules decide */
  guint64 n;                    /* frames so far */
  Band bands[N_BANDS];
  guint strong;                 /* a bit for each of the last frames: loud and voiced; the newest is bit 0 */
  guint64 loud_start, loud_end; /* the last run of loud frames */
  guint64 voice_end;            /* after the last voiced frame; 0: none yet */
  double rise;                  /* with a VAD: of the sum since it was least, outside of a span */
  guint64 rise_start;
  double fall;                  /* of the sum since it was largest, in a span */
  double evidence;              /* of the frame judged last */
  gboolean doubtful;            /* the span up to final_end, if that is known */

  gboolean open;
  guint64 start, end;           /* of the open span, without the margin at its end */
  gboolean start_is_final;      /* it has been looked at again, or is that of a cut */
  guint64 final_end;            /* what a second look at end has given; 0: not yet */
  double peak;                  /* its loudness */
  guint64 previous_end;
  float levels[CUT_SEARCH];     /* of the last frames, frame k at k % CUT_SEARCH, dBFS */
};

GstEmotion2vecSpeech *
gst_emotion2vec_speech_new (const GstEmotion2vecSpeechSettings * settings)
{
  GstEmotion2vecSpeech *speech = g_new0 (GstEmotion2vecSpeech, 1);

  speech->settings = *settings;
  speech->features = gst_emotion2vec_features_new ();
  speech->edges = gst_emotion2vec_edges_new ();
  if (settings->vad)
    speech->vad = gst_emotion2vec_vad_new (settings->vad);
  return speech;
}

void
gst_emotion2vec_speech_free (GstEmotion2vecSpeech * speech)
{
  if (!speech)
    return;
  gst_emotion2vec_features_free (speech->features);
  gst_emotion2vec_edges_free (speech->edges);
  gst_emotion2vec_vad_free (speech->vad);
  g_free (speech);
}

void
gst_emotion2vec_speech_reset (GstEmotion2vecSpeech * speech)
{
  const GstEmotion2vecSpeechSettings settings = speech->settings;
  GstEmotion2vecFeatures *features = speech->features;
  GstEmotion2vecEdges *edges = speech->edges;
  GstEmotion2vecVad *vad = speech->vad;

  memset (speech, 0, sizeof *speech);
  speech->settings = settings;
  speech->features = features;
  speech->edges = edges;
  gst_emotion2vec_features_reset (features);
  gst_emotion2vec_edges_reset (edges);
  speech->vad = vad;
  if (vad)
    gst_emotion2vec_vad_reset (vad);
}

void
gst_emotion2vec_speech_set_silence_threshold (GstEmotion2vecSpeech * speech,
    double dbfs)
{
  speech->settings.silence_threshold = dbfs;
}

/* ---- noise floor and loudness ----------------------------------------------------------------------------------- */

static void
band_start (Band * band, double energy)
{
  band->floor = CLAMP (energy, LOWEST_FLOOR, FIRST_FLOOR);
  band->smooth = band->slow = energy;
  band->lowest = INFINITY;
  for (guint k = 0; k < N_BLOCKS; k++)
    band->blocks[k] = INFINITY;
}

static void
band_smooth (Band * band, double energy)
{
  band->energy = energy;
  band->smooth += (1 - LOUDNESS_SMOOTHING) * (energy - band->smooth);
  band->slow += (1 - LOWEST_SMOOTHING) * (energy - band->slow);
  band->lowest = MIN (band->lowest, band->slow);
}

static double
band_lowest (const Band * band)
{
  double lowest = band->lowest;

  for (guint k = 0; k < N_BLOCKS; k++)
    lowest = MIN (lowest, band->blocks[k]);
  return lowest;
}

/* @up: how fast the floor may rise */
static void
band_follow (Band * band, double up)
{
  double seen = MIN (band->energy, FLOOR_JUMP * band->floor);

  band->floor += (seen < band->floor ? FLOOR_DOWN : up) * (seen - band->floor);
  band->floor = MAX (band->floor, LOWEST_FLOOR);
}

static double
loudness (const GstEmotion2vecSpeech * speech)
{
  double sum = 0;

  for (guint b = 0; b < N_BANDS; b++) {
    const Band *band = &speech->bands[b];
    double energy = MIN (band->smooth, MAX_LAG * band->energy);

    if (energy > band->floor)
      sum += MIN (MAX_DB, 10 * log10 (energy / band->floor));
  }
  return sum / N_BANDS;
}

/* How fast the floor may rise now. */
static double
floor_rate (const GstEmotion2vecSpeech * speech, gboolean may_open)
{
  if (!speech->open && !may_open)
    return FLOOR_UP;
  if (speech->voice_end == 0 || speech->n + 1 - speech->voice_end > VOICE_LASTS)
    return FLOOR_UP_NOISE;
  return 0;
}

static void
follow_floor (GstEmotion2vecSpeech * speech, gboolean may_open)
{
  double up = floor_rate (speech, may_open);
  guint64 block = speech->n / BLOCK_FRAMES;

  for (guint b = 0; b < N_BANDS; b++) {
    Band *band = &speech->bands[b];

    band_follow (band, up);
    if (block > 0)
      band->floor = MAX (band->floor, band_lowest (band));
    if ((speech->n + 1) % BLOCK_FRAMES == 0) {
      band->blocks[block % N_BLOCKS] = band->lowest;
      band->lowest = INFINITY;
    }
  }
}

/* ---- spans ------------------------------------------------------------------------------------------------------ */

/* Where a span starts that opens with the frame after @n frames, its first loud frame being @first. */
static guint64
start_of (const GstEmotion2vecSpeech * speech, guint64 n, guint64 first)
{
  guint64 start = n > MAX_ONSET ? MAX (first, n - MAX_ONSET) : first;

  start -= MIN (start, MARGIN_BEFORE);
  return MAX (start, speech->previous_end);
}

/* @start, or later where a span up to now would be too long. */
static guint64
leave_room (const GstEmotion2vecSpeech * speech, guint64 start)
{
  guint64 longest = speech->settings.longest;

  return speech->n > longest ? MAX (start, speech->n - longest) : start;
}

static guint64
end_of (const GstEmotion2vecSpeech * speech)
{
  if (speech->final_end)
    return speech->final_end;
  /* what a VAD has not judged yet is what came before */
  if (speech->vad)
    return speech->fall < 0 ? speech->end : speech->n;
  return MIN (speech->end + MARGIN_AFTER, speech->n);
}

static void
settle_start (GstEmotion2vecSpeech * speech)
{
  guint64 start;

  if (speech->vad)
    start = gst_emotion2vec_vad_start (speech->vad, speech->start, speech->end,
        speech->previous_end);
  else
    start = gst_emotion2vec_edges_start (speech->edges, speech->start,
        speech->end, speech->previous_end);
  speech->start = leave_room (speech, start);
  speech->start_is_final = TRUE;
}

/* Whether so little speaks for the open span, settled, that it is none. */
static gboolean
is_doubtful (const GstEmotion2vecSpeech * speech)
{
  double sum = 0;

  if (speech->final_end > speech->start + SHORT)
    return FALSE;
  for (guint64 k = speech->start; k < speech->final_end; k++)
    sum += gst_emotion2vec_vad_evidence (speech->vad, k);
  return sum < LEAST_SUM;
}

static void
settle_end (GstEmotion2vecSpeech * speech)
{
  if (speech->vad) {
    speech->final_end = gst_emotion2vec_vad_end (speech->vad, speech->start,
        speech->end);
    speech->doubtful = is_doubtful (speech);
  } else
    speech->final_end = gst_emotion2vec_edges_end (speech->edges,
        speech->start, end_of (speech));
}

/* Looks again at those edges of the open span after which enough is known; with @closes at both, for no more will be known.
 * After a cut in a pause the end may lie before the start: such a span comes to nothing. */
static void
settle (GstEmotion2vecSpeech * speech, gboolean closes)
{
  const guint64 wait = GST_EMOTION2VEC_EDGES_ON;
  guint64 start_wait = speech->vad ? GST_EMOTION2VEC_VAD_WAIT : wait;
  guint64 n = speech->n;

  if (!speech->start_is_final && (closes || n >= speech->start + start_wait))
    settle_start (speech);
  if (speech->final_end > 0 || speech->end <= speech->start)
    return;
  if (closes || n >= speech->end + wait)
    settle_end (speech);
}

/* The quietest of the last frames, all in the second half of the open span. */
static guint64
quietest (const GstEmotion2vecSpeech * speech)
{
  guint64 n = MIN (CUT_SEARCH, (speech->n - speech->start) / 2);
  guint64 best = speech->n;
  float least = INFINITY;

  for (guint64 k = speech->n - n; k < speech->n; k++) {
    float level = speech->levels[k % CUT_SEARCH];

    if (level < least) {
      least = level;
      best = k;
    }
  }
  return best;
}

/* Ends the open span, and with @goes_on starts the next one, at @at. */
static gboolean
end_span (GstEmotion2vecSpeech * speech, guint64 at, gboolean goes_on,
    GstEmotion2vecSpan * span)
{
  span->start = speech->start;
  span->end = MIN (at, end_of (speech));
  speech->previous_end = MAX (speech->previous_end, at);
  speech->start = at;
  speech->start_is_final = TRUE;
  speech->open = goes_on;
  speech->strong = 0;
  speech->rise = 0;
  return span->end > span->start;
}

static gboolean
close_span (GstEmotion2vecSpeech * speech, GstEmotion2vecSpan * span)
{
  settle (speech, TRUE);
  return end_span (speech, end_of (speech), FALSE, span)
      && !(speech->final_end > 0 && speech->doubtful);
}

static guint
count_strong (const GstEmotion2vecSpeech * speech)
{
  guint n = 0;

  for (guint k = 0; k < OPEN_AMONG; k++)
    n += speech->strong >> k & 1;
  return n;
}

/* What is known of one frame. */
typedef struct
{
  double loudness;
  gboolean may_open, loud, voiced, certain;
} Judgement;

static Judgement
judge (const GstEmotion2vecSpeech * speech,
    const GstEmotion2vecFrameFeatures * frame, gboolean vote)
{
  double close_db = CLOSE_DB;
  gboolean audible = frame->level > speech->settings.silence_threshold;
  Judgement judgement;

  if (speech->open)
    close_db = MAX (close_db, CLOSE_SHARE * speech->peak);
  judgement.loudness = loudness (speech);
  /* before the first block the floor may still be far below the noise */
  judgement.certain = judgement.loudness > CERTAIN_DB
      && speech->n >= BLOCK_FRAMES;
  judgement.may_open = audible && judgement.loudness > OPEN_DB;
  judgement.loud = audible && judgement.loudness > close_db;
  judgement.voiced = judgement.loud && (vote || frame->voicing > VOICED);
  return judgement;
}

/* The last frame, number n - 1, may open the span. */
static void
try_open (GstEmotion2vecSpeech * speech, double frame_loudness)
{
  if (count_strong (speech) < OPEN_FRAMES)
    return;
  speech->open = TRUE;
  speech->start = leave_room (speech,
      start_of (speech, speech->n - 1, speech->loud_start));
  speech->end = speech->n;
  speech->start_is_final = FALSE;
  speech->final_end = 0;
  speech->peak = frame_loudness;
}

static void
note (GstEmotion2vecSpeech * speech, const Judgement * frame)
{
  gboolean strong = frame->may_open && (frame->voiced || frame->certain);

  speech->strong = speech->strong << 1 | (strong ? 1 : 0);
  if (frame->loud) {
    if (speech->n >= speech->loud_end + MAX_HOLE)
      speech->loud_start = speech->n;
    speech->loud_end = speech->n + 1;
  }
  if (frame->voiced)
    speech->voice_end = speech->n + 1;
}

/* Whether the last frame belongs to the open span. */
static gboolean
goes_on (GstEmotion2vecSpeech * speech, const Judgement * frame)
{
  if (frame->loudness > speech->peak)
    speech->peak += PEAK_RATE * (frame->loudness - speech->peak);
  return frame->loud && (frame->certain || (speech->voice_end > 0
          && speech->n - speech->voice_end <= VOICE_LASTS));
}

/* The last frame belongs to the open span. */
static void
take_last (GstEmotion2vecSpeech * speech)
{
  speech->end = speech->n;
  speech->final_end = 0;
}

static void
count_frame (GstEmotion2vecSpeech * speech, double level)
{
  speech->levels[speech->n % CUT_SEARCH] = (float) level;
  speech->n++;
}

static void
push_by_rule (GstEmotion2vecSpeech * speech,
    const GstEmotion2vecFrameFeatures * frame, gboolean vote)
{
  Judgement judgement;

  for (guint b = 0; b < N_BANDS; b++) {
    if (speech->n == 0)
      band_start (&speech->bands[b], frame->bands[b]);
    band_smooth (&speech->bands[b], frame->bands[b]);
  }
  judgement = judge (speech, frame, vote);
  gst_emotion2vec_edges_push (speech->edges, frame->bands,
      frame->level > speech->settings.silence_threshold);
  note (speech, &judgement);
  follow_floor (speech, judgement.may_open);
  count_frame (speech, frame->level);
  if (!speech->open)
    try_open (speech, judgement.loudness);
  else if (goes_on (speech, &judgement))
    take_last (speech);
}

/* ---- with a VAD ------------------------------------------------------------------------------------------------ */

/* Frame number @judged has been judged, outside of a span. */
static void
try_rise (GstEmotion2vecSpeech * speech, guint64 judged)
{
  guint64 start;

  if (speech->rise <= 0)
    speech->rise_start = judged;
  speech->rise = MAX (speech->rise + speech->evidence, 0);
  if (speech->rise < OPEN_RISE)
    return;
  start = MAX (speech->rise_start, speech->previous_end);
  if (speech->n > MAX_RISE)
    start = MAX (start, speech->n - MAX_RISE);
  speech->open = TRUE;
  speech->start = leave_room (speech, start);
  speech->end = judged + 1;
  speech->start_is_final = FALSE;
  speech->final_end = 0;
  speech->fall = 0;
}

/* The same in a span. */
static void
try_fall (GstEmotion2vecSpeech * speech, guint64 judged)
{
  speech->fall = CLAMP (speech->fall + speech->evidence, -MOST_FALL, 0);
  if (speech->fall < 0)
    return;
  speech->end = MAX (speech->end, judged + 1);
  speech->final_end = 0;
}

static void
push_by_vad (GstEmotion2vecSpeech * speech, const float *samples,
    const GstEmotion2vecFrameFeatures * frame, gboolean vote)
{
  guint delay = speech->open ? CLOSE_DELAY : GST_EMOTION2VEC_VAD_DELAY;
  guint64 judged = speech->n - delay;
  gboolean audible = frame->level > speech->settings.silence_threshold;

  gst_emotion2vec_vad_push (speech->vad, samples, frame->voicing,
      audible, vote);
  count_frame (speech, frame->level);
  if (audible && frame->voicing > VOICED)
    speech->voice_end = speech->n;
  if (speech->n <= delay)
    return;
  speech->evidence = gst_emotion2vec_vad_evidence (speech->vad, judged);
  if (speech->open)
    try_fall (speech, judged);
  else
    try_rise (speech, judged);
}

/* ---- frame by frame --------------------------------------------------------------------------------------------- */

/* Whether the pause may be over: the VAD was sure of speech last, or there was a voice in what it has not judged yet. */
static gboolean
may_come_back (const GstEmotion2vecSpeech * speech)
{
  return speech->evidence > SURE || (speech->voice_end > 0
      && speech->n - speech->voice_end < CLOSE_DELAY);
}

/* Whether the pause has been long enough. */
static gboolean
is_over (const GstEmotion2vecSpeech * speech)
{
  guint64 hangover = speech->settings.hangover;
  guint64 pause = speech->n - speech->end;
  guint64 wait = hangover;

  if (speech->vad)
    wait = MIN (hangover + CLOSE_DELAY, MAX (hangover, VAD_PATIENCE));
  if (pause == 0 || pause < wait)
    return FALSE;
  return !speech->vad || pause >= wait + VAD_GRACE || !may_come_back (speech);
}

gboolean
gst_emotion2vec_speech_push (GstEmotion2vecSpeech * speech,
    const float *samples, gboolean vote, GstEmotion2vecSpan * span)
{
  GstEmotion2vecFrameFeatures frame;

  gst_emotion2vec_features_push (speech->features, samples, &frame);
  if (speech->vad)
    push_by_vad (speech, samples, &frame, vote);
  else
    push_by_rule (speech, &frame, vote);
  if (!speech->open)
    return FALSE;
  if (is_over (speech))
    return close_span (speech, span);
  settle (speech, FALSE);
  if (speech->n - speech->start >= speech->settings.longest)
    return end_span (speech, quietest (speech), TRUE, span);
  return FALSE;
}

gboolean
gst_emotion2vec_speech_finish (GstEmotion2vecSpeech * speech,
    GstEmotion2vecSpan * span)
{
  return speech->open && close_span (speech, span);
}

gboolean
gst_emotion2vec_speech_current (const GstEmotion2vecSpeech * speech,
    GstEmotion2vecSpan * span)
{
  span->start = speech->start;
  span->end = end_of (speech);
  return speech->open && span->end > span->start;
}

guint64
gst_emotion2vec_speech_earliest (const GstEmotion2vecSpeech * speech)
{
  guint64 start = speech->start;

  if (speech->open && speech->start_is_final)
    return start;
  if (!speech->open && speech->vad)
    start = speech->n - MIN (speech->n, MAX_RISE);
  else if (!speech->open)
    start = start_of (speech, speech->n, 0);
  return MAX (speech->previous_end,
      start - MIN (start, GST_EMOTION2VEC_EDGES_BACK));
}
