/* test-palette.c - colours of labels: official order, told apart by everybody.
 *
 * The measure here is the plain distance in CIE Lab of 1976, another than the palette was made with.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "gstemotion2vecpalette.h"

static const char *const official[] = { "angry", "disgusted", "fearful",
  "happy", "neutral", "other", "sad", "surprised", "unknown", "silent"
};

/* Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB: none, protan, deutan, tritan. */
static const double sights[4][3][3] = {
  {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
  {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216},
      {-0.003882, -0.048116, 1.051998}},
  {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413},
      {-0.011820, 0.042940, 0.968881}},
  {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602},
      {0.004733, 0.691367, 0.303900}},
};

static double
linear (guint32 rgb, guint shift)
{
  double value = ((rgb >> shift) & 0xff) / 255.0;

  return value <= 0.04045 ? value / 12.92 : pow ((value + 0.055) / 1.055, 2.4);
}

static void
multiply (const double matrix[3][3], const double *in, double *out)
{
  for (guint r = 0; r < 3; r++)
    out[r] = matrix[r][0] * in[0] + matrix[r][1] * in[1] + matrix[r][2] * in[2];
}

/* sRGB as @sight shows it, in CIE Lab with the white point D65. */
static void
to_lab (guint32 rgb, const double sight[3][3], double *lab)
{
  static const double xyz[3][3] = { {0.4124564, 0.3575761, 0.1804375},
  {0.2126729, 0.7151522, 0.0721750}, {0.0193339, 0.1191920, 0.9503041}
  };
  static const double white[3] = { 0.95047, 1, 1.08883 };
  const double in[3] = { linear (rgb, 16), linear (rgb, 8), linear (rgb, 0) };
  double seen[3], tristimulus[3], f[3];

  multiply (sight, in, seen);
  for (guint i = 0; i < 3; i++)
    seen[i] = CLAMP (seen[i], 0, 1);
  multiply (xyz, seen, tristimulus);
  for (guint i = 0; i < 3; i++) {
    double t = tristimulus[i] / white[i];

    f[i] = t > 216.0 / 24389 ? cbrt (t) : (24389.0 / 27 * t + 16) / 116;
  }
  lab[0] = 116 * f[1] - 16;
  lab[1] = 500 * (f[0] - f[1]);
  lab[2] = 200 * (f[1] - f[2]);
}

static void
test_names (void)
{
  for (guint i = 0; i < GST_EMOTION2VEC_PALETTE_SIZE; i++) {
    const GstEmotion2vecLook *look = gst_emotion2vec_palette_at (i);

    g_assert_cmpstr (look->name, ==, official[i]);
    g_assert_cmphex (gst_emotion2vec_palette_rgb (official[i], 3), ==,
        look->rgb);
    g_assert_cmpstr (gst_emotion2vec_palette_emoji (official[i]), ==,
        look->emoji);
    g_assert_true (g_utf8_validate (look->emoji, -1, NULL));
    g_assert_cmpint (g_utf8_strlen (look->emoji, -1), ==, 1);
  }
  g_assert_null (gst_emotion2vec_palette_emoji ("negative"));
  g_assert_null (gst_emotion2vec_palette_emoji (NULL));
}

static void
test_spare (void)
{
  for (guint i = 0; i < 6; i++)
    for (guint j = 0; j < i; j++)
      g_assert_cmphex (gst_emotion2vec_palette_rgb ("class a", i), !=,
          gst_emotion2vec_palette_rgb ("class b", j));
  g_assert_cmphex (gst_emotion2vec_palette_rgb ("x", 7), ==,
      gst_emotion2vec_palette_rgb ("x", 1));
}

static void
test_apart (void)
{
  for (guint s = 0; s < G_N_ELEMENTS (sights); s++)
    for (guint i = 0; i < GST_EMOTION2VEC_PALETTE_SIZE; i++)
      for (guint j = 0; j < i; j++) {
        double a[3], b[3], distance;

        to_lab (gst_emotion2vec_palette_at (i)->rgb, sights[s], a);
        to_lab (gst_emotion2vec_palette_at (j)->rgb, sights[s], b);
        distance = sqrt (pow (a[0] - b[0], 2) + pow (a[1] - b[1], 2)
            + pow (a[2] - b[2], 2));
        g_test_message ("sight %u, %s, %s: %.1f", s, official[i], official[j],
            distance);
        g_assert_cmpfloat (distance, >, 18);
      }
}

static void
test_ink (void)
{
  g_assert_cmphex (gst_emotion2vec_palette_ink (0xffffff), ==, 0);
  g_assert_cmphex (gst_emotion2vec_palette_ink (0x000000), ==, 0xffffff);
  /* the luminance with equal contrasts is sqrt (0.05 * 1.05) - 0.05 = 0.179, between these greys */
  g_assert_cmphex (gst_emotion2vec_palette_ink (0x757575), ==, 0xffffff);
  g_assert_cmphex (gst_emotion2vec_palette_ink (0x767676), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/palette/names", test_names);
  g_test_add_func ("/palette/spare", test_spare);
  g_test_add_func ("/palette/apart", test_apart);
  g_test_add_func ("/palette/ink", test_ink);
  return g_test_run ();
}
