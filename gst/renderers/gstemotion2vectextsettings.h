/* gstemotion2vectextsettings.h - what the properties of the emotion2vectext element say, and how they look.
 *
 * All but the template, which its element keeps. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_TEXT_SETTINGS_H
#define GST_EMOTION2VEC_TEXT_SETTINGS_H

#include "gstemotion2veccaptions.h"
#include "gstemotion2vecvoices.h"

G_BEGIN_DECLS

typedef enum
{
  GST_EMOTION2VEC_TEXT_TIMING_AUTO,
  GST_EMOTION2VEC_TEXT_TIMING_EXACT,
  GST_EMOTION2VEC_TEXT_TIMING_ARRIVAL,
} GstEmotion2vecTextTiming;

/* Numbers of the properties. */
enum
{
  GST_EMOTION2VEC_TEXT_PROP_TEMPLATE = 1,
  GST_EMOTION2VEC_TEXT_PROP_TIMING,
  GST_EMOTION2VEC_TEXT_PROP_MERGE,
  GST_EMOTION2VEC_TEXT_PROP_MINIMUM_DURATION,
  GST_EMOTION2VEC_TEXT_PROP_MAXIMUM_DURATION,
  GST_EMOTION2VEC_TEXT_PROP_MAXIMUM_DELAY,
  GST_EMOTION2VEC_TEXT_PROP_CHANNEL,
  GST_EMOTION2VEC_TEXT_PROP_TRIGGER,
  GST_EMOTION2VEC_TEXT_PROP_EMOJI,
  GST_EMOTION2VEC_TEXT_PROP_COLOUR,
};

typedef struct
{
  GstEmotion2vecTextTiming timing;
  GstEmotion2vecCaptionsSettings captions;
  GstEmotion2vecVoicesSettings voices;
  gboolean emoji, colour;
} GstEmotion2vecTextSettings;

/* The defaults. */
void gst_emotion2vec_text_settings_init (GstEmotion2vecTextSettings * settings);

/* FALSE: property number @id is none of these. */
gboolean gst_emotion2vec_text_settings_set (GstEmotion2vecTextSettings * settings, guint id, const GValue * value);
gboolean gst_emotion2vec_text_settings_get (const GstEmotion2vecTextSettings * settings, guint id, GValue * value);

/* All properties, the template too. */
void gst_emotion2vec_text_settings_install (GObjectClass * klass);

G_END_DECLS

#endif
