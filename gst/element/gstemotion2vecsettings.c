/* gstemotion2vecsettings.c - what can be set on the emotion2vec element: its properties, their types and defaults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecsettings.h"

#include <math.h>

#define DEFAULT_DEVICE "auto"
#define DEFAULT_WINDOW (3 * GST_SECOND)
#define DEFAULT_INTERVAL GST_SECOND
#define DEFAULT_SPEECH_HANGOVER (300 * GST_MSECOND)
#define DEFAULT_MINIMUM_DURATION (500 * GST_MSECOND)
#define DEFAULT_MAX_PENDING 4
#define DEFAULT_SILENCE_THRESHOLD -60.0

/* Each waiting window holds its samples: this many of 30 s are half a gigabyte. */
#define LIMIT_MAX_PENDING 256

/* A day: no mood lasts longer. */
#define LIMIT_SMOOTHING 86400.0

/* When a property may change, told in its description and its flags. */
#define IN_NULL (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)
#define IN_READY (IN_NULL | GST_PARAM_MUTABLE_READY)
#define IN_ANY_STATE (IN_NULL | GST_PARAM_MUTABLE_PLAYING)
#define CONTROLLABLE (IN_ANY_STATE | GST_PARAM_CONTROLLABLE)

/* ---- types ------------------------------------------------------------------------------------------------------ */

/* Registers a type of properties once. */
#define DEFINE_TYPE(function, register, Values, name, ...) \
static GType \
function (void) \
{ \
  static const Values values[] = { __VA_ARGS__, {0, NULL, NULL} }; \
  static gsize type; \
\
  if (g_once_init_enter (&type)) { \
    GType made = register (name, values); \
\
    gst_type_mark_as_plugin_api (made, 0); \
    g_once_init_leave (&type, made); \
  } \
  return type; \
}

/* *INDENT-OFF* */
DEFINE_TYPE (precision_type, g_enum_register_static, GEnumValue, "GstEmotion2vecPrecision",
    {GST_EMOTION2VEC_PRECISION_AUTO, "Half precision where the device gains from it", "auto"},
    {GST_EMOTION2VEC_PRECISION_FP32, "Single precision", "fp32"},
    {GST_EMOTION2VEC_PRECISION_FP16, "Weights in half precision", "fp16"})

DEFINE_TYPE (trigger_type, g_flags_register_static, GFlagsValue, "GstEmotion2vecTrigger",
    {GST_EMOTION2VEC_TRIGGER_INTERVAL, "A result for each window", "interval"},
    {GST_EMOTION2VEC_TRIGGER_SPEECH, "A result for each stretch of speech", "speech"})

DEFINE_TYPE (channel_mode_type, g_enum_register_static, GEnumValue, "GstEmotion2vecChannelMode",
    {GST_EMOTION2VEC_CHANNEL_MODE_MIX, "The mean of all channels", "mix"},
    {GST_EMOTION2VEC_CHANNEL_MODE_FIRST, "The first channel", "first"},
    {GST_EMOTION2VEC_CHANNEL_MODE_EACH, "Each channel by itself", "each"})

DEFINE_TYPE (mode_type, g_enum_register_static, GEnumValue, "GstEmotion2vecMode",
    {GST_EMOTION2VEC_MODE_AUTO, "async in live pipelines, else sync", "auto"},
    {GST_EMOTION2VEC_MODE_SYNC, "A result is out before the buffer that ends its window", "sync"},
    {GST_EMOTION2VEC_MODE_ASYNC, "The audio never waits, results follow", "async"})

DEFINE_TYPE (overload_type, g_enum_register_static, GEnumValue, "GstEmotion2vecOverload",
    {GST_EMOTION2VEC_OVERLOAD_DROP_OLDEST, "Drop the window that waits longest", "drop-oldest"},
    {GST_EMOTION2VEC_OVERLOAD_DROP_NEWEST, "Drop the window that comes", "drop-newest"},
    {GST_EMOTION2VEC_OVERLOAD_BLOCK, "Let the audio wait", "block"},
    {GST_EMOTION2VEC_OVERLOAD_STRETCH, "Take a longer interval until it keeps up", "stretch"})

DEFINE_TYPE (on_error_type, g_enum_register_static, GEnumValue, "GstEmotion2vecOnError",
    {GST_EMOTION2VEC_ON_ERROR_FAIL, "Post an error and stop", "fail"},
    {GST_EMOTION2VEC_ON_ERROR_PASS, "Post a warning, let the audio pass, try again later", "pass"})

DEFINE_TYPE (tag_mode_type, g_flags_register_static, GFlagsValue, "GstEmotion2vecTagMode",
    {0, "No tags", "none"},
    {GST_EMOTION2VEC_TAG_MODE_SUMMARY, "A summary before the end of the stream", "summary"},
    {GST_EMOTION2VEC_TAG_MODE_CHANGES, "The label when it changes", "changes"})

DEFINE_TYPE (granularity_type, g_flags_register_static, GFlagsValue, "GstEmotion2vecGranularity",
    {GST_EMOTION2VEC_LEVEL_UTTERANCE, "Scores of the window", "utterance"},
    {GST_EMOTION2VEC_LEVEL_FRAME, "Scores of each frame too", "frame"})

DEFINE_TYPE (embedding_type, g_flags_register_static, GFlagsValue, "GstEmotion2vecEmbedding",
    {0, "No embeddings", "none"},
    {GST_EMOTION2VEC_LEVEL_UTTERANCE, "The embedding of the window", "utterance"},
    {GST_EMOTION2VEC_LEVEL_FRAME, "The features of each frame", "frame"})
/* *INDENT-ON* */

/* ---- the struct ------------------------------------------------------------------------------------------------- */

void
gst_emotion2vec_settings_init (GstEmotion2vecSettings * settings)
{
  static const GstEmotion2vecSettings defaults = {
    .window = DEFAULT_WINDOW,.interval = DEFAULT_INTERVAL,
    .minimum_duration = DEFAULT_MINIMUM_DURATION,
    .max_window = GST_EMOTION2VEC_MAX_WINDOW,
    .speech_hangover = DEFAULT_SPEECH_HANGOVER,
    .trigger = GST_EMOTION2VEC_TRIGGER_INTERVAL,.enabled = TRUE,
    .max_pending = DEFAULT_MAX_PENDING,.post_messages = TRUE,
    .attach_meta = TRUE,.tag_mode = GST_EMOTION2VEC_TAG_MODE_SUMMARY,
    .granularity = GST_EMOTION2VEC_LEVEL_UTTERANCE,
    .silence_threshold = DEFAULT_SILENCE_THRESHOLD,
  };

  *settings = defaults;
  settings->device = g_strdup (DEFAULT_DEVICE);
}

void
gst_emotion2vec_settings_clear (GstEmotion2vecSettings * settings)
{
  g_clear_pointer (&settings->model_file, g_free);
  g_clear_pointer (&settings->head_file, g_free);
  g_clear_pointer (&settings->device, g_free);
  g_clear_pointer (&settings->classes, g_free);
  g_clear_pointer (&settings->source_id, g_free);
}

typedef enum
{
  KIND_NONE,
  KIND_TEXT,                    /* char * */
  KIND_TIME,                    /* GstClockTime */
  KIND_TRUTH,                   /* gboolean */
  KIND_COUNT,                   /* guint */
  KIND_NUMBER,                  /* double */
  KIND_CHOICE,                  /* an enumeration, as large as gint */
  KIND_FLAGS,                   /* the same, of bits */
} Kind;

G_STATIC_ASSERT (sizeof (GstEmotion2vecMode) == sizeof (gint));

#define FIELD(PROP, kind, name) \
    [GST_EMOTION2VEC_PROP_##PROP] = { kind, \
      G_STRUCT_OFFSET (GstEmotion2vecSettings, name) }

/* Where the value of a property is kept, and as what. */
static const struct
{
  Kind kind;
  gsize offset;
} fields[] = {
  FIELD (MODEL_FILE, KIND_TEXT, model_file),
  FIELD (HEAD_FILE, KIND_TEXT, head_file),
  FIELD (DEVICE, KIND_TEXT, device),
  FIELD (PRECISION, KIND_CHOICE, precision),
  FIELD (WINDOW, KIND_TIME, window),
  FIELD (INTERVAL, KIND_TIME, interval),
  FIELD (ENABLED, KIND_TRUTH, enabled),
  FIELD (TRIGGER, KIND_FLAGS, trigger),
  FIELD (SPEECH_HANGOVER, KIND_TIME, speech_hangover),
  FIELD (MINIMUM_DURATION, KIND_TIME, minimum_duration),
  FIELD (MAX_WINDOW, KIND_TIME, max_window),
  FIELD (CHANNEL_MODE, KIND_CHOICE, channel_mode),
  FIELD (MODE, KIND_CHOICE, mode),
  FIELD (ALIGN_RESULTS, KIND_TRUTH, align_results),
  FIELD (MAX_PENDING, KIND_COUNT, max_pending),
  FIELD (OVERLOAD, KIND_CHOICE, overload),
  FIELD (ON_ERROR, KIND_CHOICE, on_error),
  FIELD (POST_MESSAGES, KIND_TRUTH, post_messages),
  FIELD (ATTACH_META, KIND_TRUTH, attach_meta),
  FIELD (SEND_EVENTS, KIND_TRUTH, send_events),
  FIELD (TAG_MODE, KIND_FLAGS, tag_mode),
  FIELD (GRANULARITY, KIND_FLAGS, granularity),
  FIELD (EMBEDDING, KIND_FLAGS, embedding),
  FIELD (CLASSES, KIND_TEXT, classes),
  FIELD (THRESHOLD, KIND_NUMBER, threshold),
  FIELD (SMOOTHING, KIND_NUMBER, smoothing),
  FIELD (SILENCE_THRESHOLD, KIND_NUMBER, silence_threshold),
  FIELD (SOURCE_ID, KIND_TEXT, source_id),
};

static Kind
kind_of (guint id)
{
  return id < G_N_ELEMENTS (fields) ? fields[id].kind : KIND_NONE;
}

gboolean
gst_emotion2vec_settings_set (GstEmotion2vecSettings * settings, guint id,
    const GValue * value)
{
  gpointer field = id < G_N_ELEMENTS (fields) ?
      G_STRUCT_MEMBER_P (settings, fields[id].offset) : NULL;

  switch (kind_of (id)) {
    case KIND_TEXT:
      g_free (*(char **) field);
      *(char **) field = g_value_dup_string (value);
      return TRUE;
    case KIND_TIME:
      *(GstClockTime *) field = g_value_get_uint64 (value);
      return TRUE;
    case KIND_TRUTH:
      *(gboolean *) field = g_value_get_boolean (value);
      return TRUE;
    case KIND_COUNT:
      *(guint *) field = g_value_get_uint (value);
      return TRUE;
    case KIND_NUMBER:
      *(double *) field = g_value_get_double (value);
      return TRUE;
    case KIND_CHOICE:
      *(gint *) field = g_value_get_enum (value);
      return TRUE;
    case KIND_FLAGS:
      *(guint *) field = g_value_get_flags (value);
      return TRUE;
    default:
      return FALSE;
  }
}

gboolean
gst_emotion2vec_settings_get (const GstEmotion2vecSettings * settings,
    guint id, GValue * value)
{
  gconstpointer field = id < G_N_ELEMENTS (fields) ?
      (const guint8 *) settings + fields[id].offset : NULL;

  switch (kind_of (id)) {
    case KIND_TEXT:
      g_value_set_string (value, *(char *const *) field);
      return TRUE;
    case KIND_TIME:
      g_value_set_uint64 (value, *(const GstClockTime *) field);
      return TRUE;
    case KIND_TRUTH:
      g_value_set_boolean (value, *(const gboolean *) field);
      return TRUE;
    case KIND_COUNT:
      g_value_set_uint (value, *(const guint *) field);
      return TRUE;
    case KIND_NUMBER:
      g_value_set_double (value, *(const double *) field);
      return TRUE;
    case KIND_CHOICE:
      g_value_set_enum (value, *(const gint *) field);
      return TRUE;
    case KIND_FLAGS:
      g_value_set_flags (value, *(const guint *) field);
      return TRUE;
    default:
      return FALSE;
  }
}

guint
gst_emotion2vec_settings_window_samples (const GstEmotion2vecSettings *
    settings)
{
  if (!(settings->trigger & GST_EMOTION2VEC_TRIGGER_INTERVAL))
    return 0;
  return (guint) gst_emotion2vec_window_to_16k (settings->window, GST_SECOND);
}

GstEmotion2vecWant
gst_emotion2vec_settings_wants (const GstEmotion2vecSettings * settings)
{
  GstEmotion2vecWant wants = 0;

  if (settings->granularity & GST_EMOTION2VEC_LEVEL_FRAME)
    wants |= GST_EMOTION2VEC_WANT_FRAME_SCORES;
  if (settings->embedding & GST_EMOTION2VEC_LEVEL_UTTERANCE)
    wants |= GST_EMOTION2VEC_WANT_UTTERANCE_EMBEDDING;
  if (settings->embedding & GST_EMOTION2VEC_LEVEL_FRAME)
    wants |= GST_EMOTION2VEC_WANT_FRAME_EMBEDDING;
  return wants;
}

/* ---- properties ------------------------------------------------------------------------------------------------- */

static void
install_model (GObjectClass * klass)
{
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_MODEL_FILE,
      g_param_spec_string ("model-file", "Model file",
          "GGUF file of the model; unset: the environment variable "
          "EMOTION2VEC_MODEL, then the user's data directory, then the "
          "installed model. May change in any state: another model is loaded "
          "in the background and takes over between two windows", NULL,
          IN_ANY_STATE));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_HEAD_FILE,
      g_param_spec_string ("head-file", "Head file",
          "GGUF file of a linear head with classes of its own, which replaces "
          "the model's; made by emotion2vec-model probe train; unset: none. "
          "May change in any state, as model-file does; both at once if one "
          "call sets both", NULL, IN_ANY_STATE));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_DEVICE,
      g_param_spec_string ("device", "Device",
          "Where the model runs: auto (a Vulkan device, else the CPU with a "
          "warning), vulkan, cpu, or a Vulkan device's index, UUID or part of "
          "its name. May change in NULL", DEFAULT_DEVICE, IN_NULL));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_PRECISION,
      g_param_spec_enum ("precision", "Precision",
          "Precision of the arithmetic. May change in NULL",
          precision_type (), GST_EMOTION2VEC_PRECISION_AUTO, IN_NULL));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_ON_ERROR,
      g_param_spec_enum ("on-error", "On error",
          "What to do if the device fails while it runs, and fails again when "
          "it was opened anew. May change in any state",
          on_error_type (), GST_EMOTION2VEC_ON_ERROR_FAIL, IN_ANY_STATE));
}

static void
install_windows (GObjectClass * klass)
{
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_WINDOW,
      g_param_spec_uint64 ("window", "Window",
          "Length of audio that a result is about, in nanoseconds; 0: "
          "everything up to the end, cut every max-window. May change in NULL "
          "and READY", 0, GST_EMOTION2VEC_MAX_WINDOW, DEFAULT_WINDOW,
          IN_READY));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_INTERVAL,
      g_param_spec_uint64 ("interval", "Interval",
          "Distance between the starts of windows, in nanoseconds; 0: same as "
          "window; at least 10 ms are used. Without effect if window is 0. "
          "May change in NULL and READY", 0, G_MAXINT64, DEFAULT_INTERVAL,
          IN_READY));
  g_object_class_install_property (klass,
      GST_EMOTION2VEC_PROP_MINIMUM_DURATION,
      g_param_spec_uint64 ("minimum-duration", "Minimum duration",
          "The shortest rest of the audio, in nanoseconds, that is worth a "
          "last window; a gap longer than this ends a stretch of audio. May "
          "change in NULL and READY", 0, GST_EMOTION2VEC_MAX_WINDOW,
          DEFAULT_MINIMUM_DURATION, IN_READY));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_MAX_WINDOW,
      g_param_spec_uint64 ("max-window", "Longest window",
          "Where window=0 and long stretches of speech are cut, in "
          "nanoseconds. May change in NULL and READY", GST_SECOND,
          GST_EMOTION2VEC_MAX_WINDOW, GST_EMOTION2VEC_MAX_WINDOW, IN_READY));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_TRIGGER,
      g_param_spec_flags ("trigger", "Trigger",
          "What gives a result: each window, each stretch of speech, or both. "
          "May change in NULL and READY", trigger_type (),
          GST_EMOTION2VEC_TRIGGER_INTERVAL, IN_READY));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_SPEECH_HANGOVER,
      g_param_spec_uint64 ("speech-hangover", "Speech hangover",
          "How long a pause ends a stretch of speech, in nanoseconds. May "
          "change in NULL and READY", 0, 10 * GST_SECOND,
          DEFAULT_SPEECH_HANGOVER, IN_READY));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_CHANNEL_MODE,
      g_param_spec_enum ("channel-mode", "Channel mode",
          "What is heard of several channels. May change in NULL and READY",
          channel_mode_type (), GST_EMOTION2VEC_CHANNEL_MODE_MIX, IN_READY));
  g_object_class_install_property (klass,
      GST_EMOTION2VEC_PROP_SILENCE_THRESHOLD,
      g_param_spec_double ("silence-threshold", "Silence threshold",
          "Windows whose loudest 100 ms stay below this level, in dBFS, are "
          "reported as silent and cost no inference; -inf: none. May change "
          "in any state", -INFINITY, 0, DEFAULT_SILENCE_THRESHOLD,
          CONTROLLABLE));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_ENABLED,
      g_param_spec_boolean ("enabled", "Enabled",
          "FALSE: the audio passes and nothing of it is analysed or kept. May "
          "change in any state", TRUE, CONTROLLABLE));
}

static void
install_flow (GObjectClass * klass)
{
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_MODE,
      g_param_spec_enum ("mode", "Mode",
          "Whether audio waits for results. May change in NULL and READY",
          mode_type (), GST_EMOTION2VEC_MODE_AUTO, IN_READY));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_ALIGN_RESULTS,
      g_param_spec_boolean ("align-results", "Align results",
          "When the audio does not wait for results: delay it so that a "
          "result rides on the buffer with the last sample of its window. "
          "Adds latency. May change in NULL and READY", FALSE, IN_READY));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_MAX_PENDING,
      g_param_spec_uint ("max-pending", "Most windows waiting",
          "Windows that may wait for the device. May change in any state", 1,
          LIMIT_MAX_PENDING, DEFAULT_MAX_PENDING, IN_ANY_STATE));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_OVERLOAD,
      g_param_spec_enum ("overload", "Overload",
          "What happens to windows when the device does not keep up with "
          "audio that does not wait. May change in any state",
          overload_type (), GST_EMOTION2VEC_OVERLOAD_DROP_OLDEST,
          IN_ANY_STATE));
}

static void
install_scores (GObjectClass * klass)
{
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_CLASSES,
      g_param_spec_string ("classes", "Classes",
          "Classes to tell apart, separated by commas; the scores of the "
          "others are left out. name=a+b merges classes: "
          "negative=angry+sad,positive=happy,neutral. Unset: all. May change "
          "in NULL and READY", NULL, IN_READY));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_THRESHOLD,
      g_param_spec_double ("threshold", "Threshold",
          "Results with less confidence are marked below-threshold. May "
          "change in any state", 0, 1, 0, CONTROLLABLE));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_SMOOTHING,
      g_param_spec_double ("smoothing", "Smoothing",
          "Time constant in seconds of an exponential mean over the scores of "
          "windows; 0: none. May change in any state", 0, LIMIT_SMOOTHING, 0,
          CONTROLLABLE));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_GRANULARITY,
      g_param_spec_flags ("granularity", "Granularity",
          "Whether results have the scores of each frame too. May change in "
          "any state", granularity_type (), GST_EMOTION2VEC_LEVEL_UTTERANCE,
          IN_ANY_STATE));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_EMBEDDING,
      g_param_spec_flags ("embedding", "Embedding",
          "Which embeddings results carry. May change in any state",
          embedding_type (), 0, IN_ANY_STATE));
}

static void
install_output (GObjectClass * klass)
{
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_POST_MESSAGES,
      g_param_spec_boolean ("post-messages", "Post messages",
          "Post an element message for every result. May change in any state",
          TRUE, IN_ANY_STATE));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_ATTACH_META,
      g_param_spec_boolean ("attach-meta", "Attach meta",
          "Attach every result to a buffer, or send it as an event if there "
          "is none. May change in any state", TRUE, IN_ANY_STATE));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_SEND_EVENTS,
      g_param_spec_boolean ("send-events", "Send events",
          "Send every result as a custom downstream event too, which passes "
          "mixers, encoders and muxers. May change in any state", FALSE,
          IN_ANY_STATE));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_TAG_MODE,
      g_param_spec_flags ("tag-mode", "Tag mode",
          "Which tags are put into the stream. May change in any state",
          tag_mode_type (), GST_EMOTION2VEC_TAG_MODE_SUMMARY, IN_ANY_STATE));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_SOURCE_ID,
      g_param_spec_string ("source-id", "Source id",
          "Who is speaking, copied into every result; unset: the stream id. "
          "May change in any state", NULL, IN_ANY_STATE));
}

static void
install_reports (GObjectClass * klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_LABELS,
      gst_param_spec_array ("labels", "Labels",
          "Names of the model's classes as its makers wrote them; empty in "
          "NULL and for a model without classes",
          g_param_spec_string ("label", "Label", "Name of a class", NULL,
              flags), flags));
  g_object_class_install_property (klass, GST_EMOTION2VEC_PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Counts since READY, delays, model and device; see docs/element.md",
          GST_TYPE_STRUCTURE, flags));
}

void
gst_emotion2vec_settings_install (GObjectClass * klass)
{
  install_model (klass);
  install_windows (klass);
  install_flow (klass);
  install_scores (klass);
  install_output (klass);
  install_reports (klass);
}
