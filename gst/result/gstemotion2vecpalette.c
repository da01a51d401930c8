/* gstemotion2vecpalette.c - how a label looks: its colour and its emoji.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecpalette.h"

#include <math.h>

static const GstEmotion2vecLook palette[GST_EMOTION2VEC_PALETTE_SIZE] = {
  {"angry", 0xb96600, "\xf0\x9f\x98\xa0"},
  {"disgusted", 0x23a169, "\xf0\x9f\xa4\xa2"},
  {"fearful", 0x9f7ba8, "\xf0\x9f\x98\xa8"},
  {"happy", 0xdeb619, "\xf0\x9f\x98\x8a"},
  {"neutral", 0xadadad, "\xf0\x9f\x98\x90"},
  {"other", 0x75442e, "\xf0\x9f\x92\xac"},
  {"sad", 0x0a4ada, "\xf0\x9f\x98\xa2"},
  {"surprised", 0x33c8fb, "\xf0\x9f\x98\xae"},
  {"unknown", 0x636363, "\xe2\x9d\x93"},
  {"silent", 0xe9e9e9, "\xf0\x9f\x94\x87"},
};

/* For classes that somebody else named: rows of the palette, those that differ most first. */
static const guint8 spare[] = { 6, 3, 1, 0, 7, 2 };

static const GstEmotion2vecLook *
find (const char *label)
{
  for (guint i = 0; i < G_N_ELEMENTS (palette); i++)
    if (g_strcmp0 (palette[i].name, label) == 0)
      return &palette[i];
  return NULL;
}

const GstEmotion2vecLook *
gst_emotion2vec_palette_at (guint i)
{
  return &palette[i];
}

guint32
gst_emotion2vec_palette_rgb (const char *label, guint index)
{
  const GstEmotion2vecLook *look = find (label);

  return look ? look->rgb : palette[spare[index % G_N_ELEMENTS (spare)]].rgb;
}

const char *
gst_emotion2vec_palette_emoji (const char *label)
{
  const GstEmotion2vecLook *look = find (label);

  return look ? look->emoji : NULL;
}

/* Part of the light of one channel, 0 to 1: WCAG 2, "relative luminance". */
static double
linear (guint32 rgb, guint shift)
{
  double value = ((rgb >> shift) & 0xff) / 255.0;

  return value <= 0.04045 ? value / 12.92 : pow ((value + 0.055) / 1.055, 2.4);
}

guint32
gst_emotion2vec_palette_ink (guint32 rgb)
{
  double light = 0.2126 * linear (rgb, 16) + 0.7152 * linear (rgb, 8)
      + 0.0722 * linear (rgb, 0);

  return 1.05 / (light + 0.05) > (light + 0.05) / 0.05 ? 0xffffff : 0x000000;
}
