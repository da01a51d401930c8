/* gstemotion2vecdrawing.c - draws one picture of a scope.
 *
 * Each result is a point at the centre of its window. Points of windows that overlap are joined; elsewhere the scores are
 * level from the centre to the end of the window. Of the newest result that is half an interval, until it is certain that
 * no other follows.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecdrawing.h"

#include <math.h>
#include <string.h>

#include "gstemotion2vecpalette.h"

#define MAX_LEGEND 12

typedef struct
{
  guint32 background, plot, grid, ink, faint;
} Theme;

static const Theme themes[] = {
  {0xffffff, 0xf4f5f7, 0xd5d8dd, 0x16181c, 0x5b626d},
  {0x101216, 0x1a1d23, 0x353a44, 0xf2f3f5, 0xa3abb8},
};

/* Everything about one picture. */
typedef struct
{
  cairo_t *cairo;
  const GstEmotion2vecScene *scene;
  const GstEmotion2vecHistory *history;
  const Theme *theme;
  double font;                  /* pixels */
  double plot_width;
  double area_bottom;           /* scores lie above, from 0 on */
  double wave_middle, wave_half;
} Picture;

/* ---- measures --------------------------------------------------------------------------------------------------- */

/* Nine lines of legend fit, but letters are neither too small to read nor larger than need be. */
static double
font_size (gint width, gint height)
{
  double size = MIN (height / 11.0, width / 26.0);

  return floor (CLAMP (size, 9, 20));
}

gint
gst_emotion2vec_drawing_plot_width (gint width, gint height)
{
  double legend = 7.2 * font_size (width, height);

  /* too narrow for both: the plot is what counts */
  if (width < 2.5 * legend)
    return MAX (width, 1);
  return width - (gint) legend;
}

static void
measure (Picture * picture)
{
  const GstEmotion2vecScene *scene = picture->scene;
  double axis;

  picture->font = font_size (scene->width, scene->height);
  picture->plot_width = gst_emotion2vec_drawing_plot_width (scene->width,
      scene->height);
  axis = scene->height >= 160 ? 1.5 * picture->font : 2;
  picture->area_bottom = floor ((scene->height - axis) * 0.7);
  picture->wave_half = (scene->height - axis - picture->area_bottom) / 2 - 2;
  picture->wave_half = MAX (picture->wave_half, 1);
  picture->wave_middle = picture->area_bottom + 2 + picture->wave_half;
}

static void
set_colour (cairo_t * cairo, guint32 rgb)
{
  cairo_set_source_rgb (cairo, ((rgb >> 16) & 0xff) / 255.0,
      ((rgb >> 8) & 0xff) / 255.0, (rgb & 0xff) / 255.0);
}

/* Where @time lies, in pixels; it may be left of the plot. */
static double
x_of (const Picture * picture, GstClockTime time)
{
  double before = (double) picture->scene->now - (double) time;

  return picture->plot_width - before * picture->plot_width
      / (double) picture->scene->span;
}

static guint32
colour_of (const GstEmotion2vecPoint * point, guint c)
{
  return gst_emotion2vec_palette_rgb (point->labels[c], c);
}

/* ---- scores ----------------------------------------------------------------------------------------------------- */

static GstClockTime
centre (const GstEmotion2vecPoint * point)
{
  return point->start + point->duration / 2;
}

/* Whether the scores go from @point to @next without a break. */
static gboolean
joined (const GstEmotion2vecPoint * point, const GstEmotion2vecPoint * next)
{
  return !point->silent && !next->silent && point->n == next->n
      && next->start >= point->start
      && next->start < point->start + point->duration;
}

static guint
n_points (const Picture * picture)
{
  return gst_emotion2vec_history_n_points (picture->history);
}

static const GstEmotion2vecPoint *
point_at (const Picture * picture, guint i)
{
  return gst_emotion2vec_history_point (picture->history, i);
}

/* Where the scores of a point end that none follows. */
static GstClockTime
last_end (const Picture * picture, const GstEmotion2vecPoint * point,
    gboolean newest)
{
  GstClockTime end = point->start + point->duration;
  GstClockTime patience = point->duration + point->interval;

  if (!newest || point->interval == 0 || picture->scene->now > end + patience)
    return end;
  return MIN (end, centre (point) + point->interval / 2);
}

/* Sum of the scores below class @c, 0 to 1, counted from the top. */
static double
sum_to (const GstEmotion2vecPoint * point, guint c)
{
  double sum = 0;

  for (guint i = 0; i < c; i++)
    sum += point->scores[i];
  return MIN (sum, 1);
}

static double
y_of (const Picture * picture, const GstEmotion2vecPoint * point, guint c)
{
  return picture->area_bottom * sum_to (point, c);
}

/* One edge of class @c over points @first to @last, there or back again. */
static void
trace (const Picture * picture, guint first, guint last, guint c,
    double begin, double end, gboolean back)
{
  const GstEmotion2vecPoint *from = point_at (picture, back ? last : first);
  const GstEmotion2vecPoint *to = point_at (picture, back ? first : last);
  guint n = last - first + 1;

  cairo_line_to (picture->cairo, back ? end : begin, y_of (picture, from, c));
  for (guint i = 0; i < n; i++) {
    const GstEmotion2vecPoint *point =
        point_at (picture, back ? last - i : first + i);

    cairo_line_to (picture->cairo, x_of (picture, centre (point)),
        y_of (picture, point, c));
  }
  cairo_line_to (picture->cairo, back ? begin : end, y_of (picture, to, c));
}

/* Points @first to @last, which are joined. */
static void
paint_run (const Picture * picture, guint first, guint last)
{
  const GstEmotion2vecPoint *point = point_at (picture, first);
  gboolean newest = last + 1 == n_points (picture);
  double begin = x_of (picture, point->start);
  double end = x_of (picture, last_end (picture, point_at (picture, last),
          newest));

  if (end <= 0)
    return;
  for (guint c = 0; c < point->n; c++) {
    cairo_new_path (picture->cairo);
    trace (picture, first, last, c, begin, end, FALSE);
    trace (picture, first, last, c + 1, begin, end, TRUE);
    cairo_close_path (picture->cairo);
    set_colour (picture->cairo, colour_of (point, c));
    cairo_fill (picture->cairo);
  }
}

static void
paint_scores (const Picture * picture)
{
  guint n = n_points (picture);

  cairo_save (picture->cairo);
  cairo_rectangle (picture->cairo, 0, 0, picture->plot_width,
      picture->area_bottom);
  cairo_clip (picture->cairo);
  for (guint first = 0; first < n;) {
    guint last = first;

    while (last + 1 < n
        && joined (point_at (picture, last), point_at (picture, last + 1)))
      last++;
    if (!point_at (picture, first)->silent)
      paint_run (picture, first, last);
    first = last + 1;
  }
  cairo_restore (picture->cairo);
}

/* ---- waveform --------------------------------------------------------------------------------------------------- */

/* The result whose centre is nearest to @time among those whose windows hold it. NULL: not known yet, or silence. */
static const GstEmotion2vecPoint *
heard_at (const Picture * picture, GstClockTime time)
{
  const GstEmotion2vecPoint *best = NULL;
  GstClockTimeDiff nearest = G_MAXINT64;

  for (guint i = 0; i < n_points (picture); i++) {
    const GstEmotion2vecPoint *point = point_at (picture, i);
    GstClockTimeDiff far = ABS (GST_CLOCK_DIFF (centre (point), time));

    if (time < point->start || time >= point->start + point->duration
        || far >= nearest)
      continue;
    nearest = far;
    best = point;
  }
  return best && !best->silent ? best : NULL;
}

static void
paint_peak (const Picture * picture, guint64 index, guint32 colour)
{
  const GstClockTime step = gst_emotion2vec_history_step (picture->history);
  GstEmotion2vecPeak peak;
  double left = x_of (picture, index * step), right, top, bottom;

  if (!gst_emotion2vec_history_peak (picture->history, index, &peak))
    return;
  right = MIN (x_of (picture, (index + 1) * step) + 0.25, picture->plot_width);
  top = picture->wave_middle - picture->wave_half * (double) peak.high;
  bottom = picture->wave_middle - picture->wave_half * (double) peak.low;
  if (bottom - top < 1)
    bottom = top + 1;
  set_colour (picture->cairo, colour);
  cairo_rectangle (picture->cairo, left, top, right - left, bottom - top);
  cairo_fill (picture->cairo);
}

static void
paint_wave (const Picture * picture)
{
  const GstEmotion2vecScene *scene = picture->scene;
  const GstClockTime step = gst_emotion2vec_history_step (picture->history);
  guint64 first = (MAX (scene->now, scene->span) - scene->span) / step;

  for (guint64 index = first; index * step < scene->now; index++) {
    const GstEmotion2vecPoint *point = heard_at (picture, index * step);

    paint_peak (picture, index, point ? colour_of (point, point->best) :
        picture->theme->faint);
  }
}

/* ---- grid ------------------------------------------------------------------------------------------------------- */

static void
show_text (const Picture * picture, double x, double y, const char *text)
{
  cairo_move_to (picture->cairo, x, y);
  cairo_show_text (picture->cairo, text);
}

/* Seconds between lines, such that numbers at them have room. */
static guint
grid_step (const Picture * picture)
{
  static const guint steps[] = { 1, 2, 5, 10, 15, 30, 60, 120, 300, 600 };
  double second = picture->plot_width * (double) GST_SECOND
      / (double) picture->scene->span;

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (steps[i] * second >= 4.5 * picture->font)
      return steps[i];
  return 3600;
}

static void
paint_grid_line (const Picture * picture, guint64 second, double x)
{
  const GstEmotion2vecScene *scene = picture->scene;
  char text[40];

  set_colour (picture->cairo, picture->theme->grid);
  cairo_rectangle (picture->cairo, floor (x), 0, 1, scene->height);
  cairo_fill (picture->cairo);
  if (scene->height < 160)
    return;
  g_snprintf (text, sizeof text, "%" G_GUINT64_FORMAT ":%02u", second / 60,
      (guint) (second % 60));
  set_colour (picture->cairo, picture->theme->faint);
  show_text (picture, x + 3, scene->height - 0.4 * picture->font, text);
}

static void
paint_grid (const Picture * picture)
{
  const GstEmotion2vecScene *scene = picture->scene;
  GstClockTime now = scene->stream_time;
  guint64 step = grid_step (picture);

  if (!GST_CLOCK_TIME_IS_VALID (now))
    return;
  for (guint64 second = now / GST_SECOND / step * step;; second -= step) {
    GstClockTime before = now - second * GST_SECOND;

    if (before > scene->span)
      return;
    paint_grid_line (picture, second, picture->plot_width - (double) before
        * picture->plot_width / (double) scene->span);
    if (second < step)
      return;
  }
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

/* The newest result, if it is not older than its own length. */
static const GstEmotion2vecPoint *
current (const Picture * picture)
{
  guint n = n_points (picture);
  const GstEmotion2vecPoint *point = n > 0 ? point_at (picture, n - 1) : NULL;

  if (!point || picture->scene->now > point->start + 2 * point->duration
      + point->interval)
    return NULL;
  return point;
}

/* The newest result that has scores names the classes. */
static const GstEmotion2vecPoint *
classes (const Picture * picture)
{
  for (guint i = n_points (picture); i > 0; i--)
    if (!point_at (picture, i - 1)->silent)
      return point_at (picture, i - 1);
  return NULL;
}

static void
paint_legend_line (const Picture * picture, const char *label, guint32 colour,
    gboolean bold, double y, double height)
{
  double x = picture->plot_width + 0.5 * picture->font;
  double size = 0.75 * picture->font;

  set_colour (picture->cairo, colour);
  cairo_rectangle (picture->cairo, x, y + (height - size) / 2, size, size);
  cairo_fill (picture->cairo);
  cairo_select_font_face (picture->cairo, "sans", CAIRO_FONT_SLANT_NORMAL,
      bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  set_colour (picture->cairo, bold ? picture->theme->ink :
      picture->theme->faint);
  show_text (picture, x + 1.5 * size, y + height / 2 + 0.35 * picture->font,
      label);
}

static void
paint_legend (const Picture * picture)
{
  const GstEmotion2vecScene *scene = picture->scene;
  const GstEmotion2vecPoint *names = classes (picture);
  const GstEmotion2vecPoint *now = current (picture);
  double height;
  guint n;

  set_colour (picture->cairo, picture->theme->background);
  cairo_rectangle (picture->cairo, picture->plot_width, 0,
      scene->width - picture->plot_width, scene->height);
  cairo_fill (picture->cairo);
  if (!names || picture->plot_width >= scene->width)
    return;
  n = MIN (names->n, MAX_LEGEND);
  height = MIN (scene->height / (double) n, 1.7 * picture->font);
  for (guint c = 0; c < n; c++)
    paint_legend_line (picture, names->labels[c], colour_of (names, c),
        now == names && now->best == c, c * height, height);
}

/* The label in its colour, in a box that keeps it readable over the areas. */
static void
paint_current (const Picture * picture)
{
  const GstEmotion2vecPoint *point = current (picture);
  double size = 1.4 * picture->font;
  g_autofree char *text = NULL;
  cairo_text_extents_t extents;
  guint32 colour = picture->theme->grid;

  if (!point)
    return;
  if (point->silent) {
    text = g_strdup ("silent");
  } else {
    text = g_strdup_printf ("%s %.0f %%", point->labels[point->best],
        100 * point->scores[point->best]);
    colour = colour_of (point, point->best);
  }
  cairo_select_font_face (picture->cairo, "sans", CAIRO_FONT_SLANT_NORMAL,
      CAIRO_FONT_WEIGHT_BOLD);
  cairo_set_font_size (picture->cairo, size);
  cairo_text_extents (picture->cairo, text, &extents);
  set_colour (picture->cairo, picture->theme->background);
  cairo_rectangle (picture->cairo, 3, 3, extents.x_advance + size + 4,
      1.5 * size + 4);
  cairo_fill (picture->cairo);
  set_colour (picture->cairo, colour);
  cairo_rectangle (picture->cairo, 5, 5, extents.x_advance + size, 1.5 * size);
  cairo_fill (picture->cairo);
  set_colour (picture->cairo, gst_emotion2vec_palette_ink (colour));
  show_text (picture, 5 + size / 2, 5 + 1.1 * size, text);
}

void
gst_emotion2vec_drawing_paint (cairo_t * cairo,
    const GstEmotion2vecScene * scene, const GstEmotion2vecHistory * history)
{
  Picture picture;

  memset (&picture, 0, sizeof picture);
  picture.cairo = cairo;
  picture.scene = scene;
  picture.history = history;
  picture.theme = &themes[scene->dark ? 1 : 0];
  measure (&picture);
  set_colour (cairo, picture.theme->plot);
  cairo_paint (cairo);
  cairo_select_font_face (cairo, "sans", CAIRO_FONT_SLANT_NORMAL,
      CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size (cairo, picture.font);
  paint_grid (&picture);
  paint_wave (&picture);
  paint_scores (&picture);
  paint_legend (&picture);
  paint_current (&picture);
}
