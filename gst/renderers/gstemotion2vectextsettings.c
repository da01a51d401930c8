/* gstemotion2vectextsettings.c - what the properties of the emotion2vectext element say, and how they look.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vectextsettings.h"

#include <string.h>

#include "gstemotion2vectemplate.h"

#define DEFAULT_MAXIMUM_DURATION (10 * GST_SECOND)
#define DEFAULT_MAXIMUM_DELAY (10 * GST_SECOND)
#define LONGEST_TIME (G_MAXINT64 / 4)

void
gst_emotion2vec_text_settings_init (GstEmotion2vecTextSettings * settings)
{
  memset (settings, 0, sizeof *settings);
  settings->captions.merge = TRUE;
  settings->captions.maximum = DEFAULT_MAXIMUM_DURATION;
  settings->voices.delay = DEFAULT_MAXIMUM_DELAY;
  settings->voices.channel = -1;
}

gboolean
gst_emotion2vec_text_settings_set (GstEmotion2vecTextSettings * settings,
    guint id, const GValue * value)
{
  switch (id) {
    case GST_EMOTION2VEC_TEXT_PROP_TIMING:
      settings->timing = (GstEmotion2vecTextTiming) g_value_get_enum (value);
      return TRUE;
    case GST_EMOTION2VEC_TEXT_PROP_MERGE:
      settings->captions.merge = g_value_get_boolean (value);
      return TRUE;
    case GST_EMOTION2VEC_TEXT_PROP_MINIMUM_DURATION:
      settings->captions.minimum = g_value_get_uint64 (value);
      return TRUE;
    case GST_EMOTION2VEC_TEXT_PROP_MAXIMUM_DURATION:
      settings->captions.maximum = g_value_get_uint64 (value);
      return TRUE;
    case GST_EMOTION2VEC_TEXT_PROP_MAXIMUM_DELAY:
      settings->voices.delay = g_value_get_uint64 (value);
      return TRUE;
    case GST_EMOTION2VEC_TEXT_PROP_CHANNEL:
      settings->voices.channel = g_value_get_int (value);
      return TRUE;
    case GST_EMOTION2VEC_TEXT_PROP_TRIGGER:
      settings->voices.trigger =
          (GstEmotion2vecTextTrigger) g_value_get_enum (value);
      return TRUE;
    case GST_EMOTION2VEC_TEXT_PROP_EMOJI:
      settings->emoji = g_value_get_boolean (value);
      return TRUE;
    case GST_EMOTION2VEC_TEXT_PROP_COLOUR:
      settings->colour = g_value_get_boolean (value);
      return TRUE;
    default:
      return FALSE;
  }
}

gboolean
gst_emotion2vec_text_settings_get (const GstEmotion2vecTextSettings * settings,
    guint id, GValue * value)
{
  if (id == GST_EMOTION2VEC_TEXT_PROP_TIMING)
    g_value_set_enum (value, (gint) settings->timing);
  else if (id == GST_EMOTION2VEC_TEXT_PROP_MERGE)
    g_value_set_boolean (value, settings->captions.merge);
  else if (id == GST_EMOTION2VEC_TEXT_PROP_MINIMUM_DURATION)
    g_value_set_uint64 (value, settings->captions.minimum);
  else if (id == GST_EMOTION2VEC_TEXT_PROP_MAXIMUM_DURATION)
    g_value_set_uint64 (value, settings->captions.maximum);
  else if (id == GST_EMOTION2VEC_TEXT_PROP_MAXIMUM_DELAY)
    g_value_set_uint64 (value, settings->voices.delay);
  else if (id == GST_EMOTION2VEC_TEXT_PROP_CHANNEL)
    g_value_set_int (value, settings->voices.channel);
  else if (id == GST_EMOTION2VEC_TEXT_PROP_TRIGGER)
    g_value_set_enum (value, (gint) settings->voices.trigger);
  else if (id == GST_EMOTION2VEC_TEXT_PROP_EMOJI)
    g_value_set_boolean (value, settings->emoji);
  else if (id == GST_EMOTION2VEC_TEXT_PROP_COLOUR)
    g_value_set_boolean (value, settings->colour);
  else
    return FALSE;
  return TRUE;
}

static GType
register_enum (const char *name, const GEnumValue * values)
{
  GType type = g_enum_register_static (name, values);

  gst_type_mark_as_plugin_api (type, 0);
  return type;
}

static GType
timing_type (void)
{
  static const GEnumValue values[] = {
    {GST_EMOTION2VEC_TEXT_TIMING_AUTO, "arrival in live pipelines, else exact",
        "auto"},
    {GST_EMOTION2VEC_TEXT_TIMING_EXACT,
          "Over the audio that it is about, when its end is known",
        "exact"},
    {GST_EMOTION2VEC_TEXT_TIMING_ARRIVAL,
          "From when its result comes until the next one",
        "arrival"},
    {0, NULL, NULL}
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, register_enum ("GstEmotion2vecTextTiming",
            values));
  return type;
}

static GType
trigger_type (void)
{
  static const GEnumValue values[] = {
    {GST_EMOTION2VEC_TEXT_TRIGGER_AUTO, "Those of the first result's kind",
        "auto"},
    {GST_EMOTION2VEC_TEXT_TRIGGER_INTERVAL, "Results of the interval",
        "interval"},
    {GST_EMOTION2VEC_TEXT_TRIGGER_SPEECH, "Results of stretches of speech",
        "speech"},
    {0, NULL, NULL}
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, register_enum ("GstEmotion2vecTextTrigger",
            values));
  return type;
}

#define IN_READY (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS \
    | GST_PARAM_MUTABLE_READY)
#define IN_ANY_STATE (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS \
    | GST_PARAM_MUTABLE_PLAYING)

static void
install_texts (GObjectClass * klass)
{
  g_object_class_install_property (klass, GST_EMOTION2VEC_TEXT_PROP_TEMPLATE,
      g_param_spec_string ("template", "Template",
          "Text with fields of the result in braces, as in {label} "
          "{confidence:.0%}. May change in any state",
          GST_EMOTION2VEC_DEFAULT_TEMPLATE, IN_ANY_STATE));
  g_object_class_install_property (klass, GST_EMOTION2VEC_TEXT_PROP_EMOJI,
      g_param_spec_boolean ("emoji", "Emoji",
          "Begin texts with an emoji of the label. May change in any state",
          FALSE, IN_ANY_STATE));
  g_object_class_install_property (klass, GST_EMOTION2VEC_TEXT_PROP_COLOUR,
      g_param_spec_boolean ("colour", "Colour",
          "Texts in the colour of the label, where downstream takes "
          "pango-markup. May change in any state", FALSE, IN_ANY_STATE));
}

static void
install_choices (GObjectClass * klass)
{
  g_object_class_install_property (klass, GST_EMOTION2VEC_TEXT_PROP_TIMING,
      g_param_spec_enum ("timing", "Timing",
          "When texts are shown. May change in NULL and READY",
          timing_type (), GST_EMOTION2VEC_TEXT_TIMING_AUTO, IN_READY));
  g_object_class_install_property (klass, GST_EMOTION2VEC_TEXT_PROP_CHANNEL,
      g_param_spec_int ("channel", "Channel",
          "The channel whose results count, where each has its own; -1: all, "
          "a line for each. May change in NULL and READY", -1, G_MAXINT, -1,
          IN_READY));
  g_object_class_install_property (klass, GST_EMOTION2VEC_TEXT_PROP_TRIGGER,
      g_param_spec_enum ("trigger", "Trigger",
          "Which results become texts. May change in NULL and READY",
          trigger_type (), GST_EMOTION2VEC_TEXT_TRIGGER_AUTO, IN_READY));
}

static void
install_lengths (GObjectClass * klass)
{
  g_object_class_install_property (klass, GST_EMOTION2VEC_TEXT_PROP_MERGE,
      g_param_spec_boolean ("merge", "Merge",
          "Join neighbours with the same label; without effect on texts that "
          "are shown when they come. May change in NULL and READY", TRUE,
          IN_READY));
  g_object_class_install_property (klass,
      GST_EMOTION2VEC_TEXT_PROP_MINIMUM_DURATION,
      g_param_spec_uint64 ("minimum-duration", "Minimum duration",
          "Shorter texts are left out, and the text before them stays; "
          "without effect on texts that are shown when they come (ns). "
          "May change in NULL and READY", 0, LONGEST_TIME, 0, IN_READY));
  g_object_class_install_property (klass,
      GST_EMOTION2VEC_TEXT_PROP_MAXIMUM_DURATION,
      g_param_spec_uint64 ("maximum-duration", "Maximum duration",
          "Texts are not joined to longer ones (ns). "
          "May change in NULL and READY", 0, LONGEST_TIME,
          DEFAULT_MAXIMUM_DURATION, IN_READY));
  g_object_class_install_property (klass,
      GST_EMOTION2VEC_TEXT_PROP_MAXIMUM_DELAY,
      g_param_spec_uint64 ("maximum-delay", "Maximum delay",
          "With exact timing, texts go out when the audio is this much "
          "further, whatever is not known by then (ns). "
          "May change in NULL and READY", 0, LONGEST_TIME,
          DEFAULT_MAXIMUM_DELAY, IN_READY));
}

void
gst_emotion2vec_text_settings_install (GObjectClass * klass)
{
  install_texts (klass);
  install_choices (klass);
  install_lengths (klass);
}
