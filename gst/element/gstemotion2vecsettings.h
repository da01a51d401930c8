/* gstemotion2vecsettings.h - what can be set on the emotion2vec element: its properties, their types and defaults.
 *
 * docs/element.md tells what each one does. MT: the owner guards the struct.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_SETTINGS_H
#define GST_EMOTION2VEC_SETTINGS_H

#include "gstemotion2vecengine.h"
#include "gstemotion2vecstream.h"
#include "gstemotion2vecwindow.h"

G_BEGIN_DECLS

typedef enum
{
  GST_EMOTION2VEC_MODE_AUTO,
  GST_EMOTION2VEC_MODE_SYNC,
  GST_EMOTION2VEC_MODE_ASYNC,
} GstEmotion2vecMode;

typedef enum
{
  GST_EMOTION2VEC_ON_ERROR_FAIL,
  GST_EMOTION2VEC_ON_ERROR_PASS,
} GstEmotion2vecOnError;

typedef enum
{
  GST_EMOTION2VEC_TAG_MODE_SUMMARY = 1 << 0,
  GST_EMOTION2VEC_TAG_MODE_CHANGES = 1 << 1,
} GstEmotion2vecTagMode;

/* What a result is about beside its window as a whole, or what of it is wanted. */
typedef enum
{
  GST_EMOTION2VEC_LEVEL_UTTERANCE = 1 << 0,
  GST_EMOTION2VEC_LEVEL_FRAME = 1 << 1,
} GstEmotion2vecLevel;

/* Ids of the properties. Those from LABELS on are no settings. */
enum
{
  GST_EMOTION2VEC_PROP_MODEL_FILE = 1,
  GST_EMOTION2VEC_PROP_HEAD_FILE,
  GST_EMOTION2VEC_PROP_DEVICE,
  GST_EMOTION2VEC_PROP_PRECISION,
  GST_EMOTION2VEC_PROP_WINDOW,
  GST_EMOTION2VEC_PROP_INTERVAL,
  GST_EMOTION2VEC_PROP_ENABLED,
  GST_EMOTION2VEC_PROP_TRIGGER,
  GST_EMOTION2VEC_PROP_SPEECH_HANGOVER,
  GST_EMOTION2VEC_PROP_MINIMUM_DURATION,
  GST_EMOTION2VEC_PROP_MAX_WINDOW,
  GST_EMOTION2VEC_PROP_CHANNEL_MODE,
  GST_EMOTION2VEC_PROP_MODE,
  GST_EMOTION2VEC_PROP_ALIGN_RESULTS,
  GST_EMOTION2VEC_PROP_MAX_PENDING,
  GST_EMOTION2VEC_PROP_OVERLOAD,
  GST_EMOTION2VEC_PROP_ON_ERROR,
  GST_EMOTION2VEC_PROP_POST_MESSAGES,
  GST_EMOTION2VEC_PROP_ATTACH_META,
  GST_EMOTION2VEC_PROP_SEND_EVENTS,
  GST_EMOTION2VEC_PROP_TAG_MODE,
  GST_EMOTION2VEC_PROP_GRANULARITY,
  GST_EMOTION2VEC_PROP_EMBEDDING,
  GST_EMOTION2VEC_PROP_CLASSES,
  GST_EMOTION2VEC_PROP_THRESHOLD,
  GST_EMOTION2VEC_PROP_SMOOTHING,
  GST_EMOTION2VEC_PROP_SILENCE_THRESHOLD,
  GST_EMOTION2VEC_PROP_SOURCE_ID,
  GST_EMOTION2VEC_PROP_LABELS,
  GST_EMOTION2VEC_PROP_STATS,
};

typedef struct
{
  char *model_file, *head_file, *device;        /* (nullable) */
  GstEmotion2vecPrecision precision;
  GstClockTime window, interval, minimum_duration, max_window;
  GstClockTime speech_hangover;
  GstEmotion2vecTrigger trigger;
  GstEmotion2vecChannelMode channel_mode;
  gboolean enabled;
  GstEmotion2vecMode mode;
  gboolean align_results;
  guint max_pending;
  GstEmotion2vecOverload overload;
  GstEmotion2vecOnError on_error;
  gboolean post_messages, attach_meta, send_events;
  GstEmotion2vecTagMode tag_mode;
  GstEmotion2vecLevel granularity, embedding;
  char *classes;                /* (nullable) */
  double threshold;             /* 0 to 1 */
  double smoothing;             /* s */
  double silence_threshold;     /* dBFS */
  char *source_id;              /* (nullable) */
} GstEmotion2vecSettings;

void gst_emotion2vec_settings_init (GstEmotion2vecSettings * settings);
void gst_emotion2vec_settings_clear (GstEmotion2vecSettings * settings);

/* Gives @klass all properties, and marks their types as part of the plugin's interface. */
void gst_emotion2vec_settings_install (GObjectClass * klass);

/* FALSE: @id is none of these. */
gboolean gst_emotion2vec_settings_set (GstEmotion2vecSettings * settings, guint id, const GValue * value);
gboolean gst_emotion2vec_settings_get (const GstEmotion2vecSettings * settings, guint id, GValue * value);

/* Length of the windows in 16 kHz samples; 0: of any length. */
guint gst_emotion2vec_settings_window_samples (const GstEmotion2vecSettings * settings);

/* What the engine has to give for these settings. */
GstEmotion2vecWant gst_emotion2vec_settings_wants (const GstEmotion2vecSettings * settings);

G_END_DECLS

#endif
