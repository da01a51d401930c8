/* gstemotion2vecformat.c - writes a value as a format string of Python's kind says.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecformat.h"

#include <math.h>
#include <string.h>

/* Wider or longer than this is a slip of the finger, and would cost memory for every text. */
#define LONGEST 200

#define NS_PER_SECOND G_GUINT64_CONSTANT (1000000000)

/* ---- parsing ---------------------------------------------------------------------------------------------------- */

static gboolean
is_align (gunichar c)
{
  return c == '<' || c == '>' || c == '^';
}

static const char *
parse_align (const char *at, GstEmotion2vecFormat * format)
{
  const char *next = *at ? g_utf8_next_char (at) : at;

  if (*at && is_align (g_utf8_get_char (next))) {
    format->fill = g_utf8_get_char (at);
    format->align = *next;
    return next + 1;
  }
  if (is_align (g_utf8_get_char (at))) {
    format->align = *at;
    return at + 1;
  }
  return at;
}

/* @number: (out): untouched if no digit stands there; more than LONGEST stands for all that is more. */
static const char *
parse_number (const char *at, gint * number)
{
  gint value = 0;

  if (!g_ascii_isdigit (*at))
    return at;
  for (; g_ascii_isdigit (*at); at++)
    value = MIN (10 * value + (*at - '0'), LONGEST + 1);
  *number = value;
  return at;
}

static const char *
parse_sizes (const char *at, GstEmotion2vecFormat * format)
{
  if (*at == '+') {
    format->plus = TRUE;
    at++;
  }
  if (*at == '0' && !format->align) {
    format->align = '=';
    format->fill = '0';
  }
  at = parse_number (at, &format->width);
  if (*at == '.' && g_ascii_isdigit (at[1]))
    at = parse_number (at + 1, &format->digits);
  return at;
}

char *
gst_emotion2vec_format_parse (const char *text, const char *types,
    GstEmotion2vecFormat * format)
{
  const char *at = text ? text : "";

  memset (format, 0, sizeof *format);
  format->digits = -1;
  at = parse_sizes (parse_align (at, format), format);
  if (*at && !at[1] && strchr (types, *at)) {
    format->type = *at;
    at++;
  }
  if (*at)
    return g_strdup_printf ("'%s' is no format of it: that is "
        "[[fill]<>^][+][0][width][.digits][type] with a type of '%s'", text,
        types);
  if (format->width > LONGEST || format->digits > LONGEST)
    return g_strdup_printf ("'%s' asks for more than %d letters", text,
        LONGEST);
  return NULL;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static void
fill (const GstEmotion2vecFormat * format, glong n, GString * out)
{
  while (n-- > 0)
    g_string_append_unichar (out, format->fill ? format->fill : ' ');
}

/* @align: if the format has none. */
static void
pad (const GstEmotion2vecFormat * format, const char *sign, const char *value,
    char align, GString * out)
{
  glong room = format->width - g_utf8_strlen (value, -1)
      - (glong) strlen (sign);
  glong left = 0;

  room = MAX (room, 0);
  if (format->align)
    align = format->align;
  if (align == '=') {
    g_string_append (out, sign);
    fill (format, room, out);
    g_string_append (out, value);
    return;
  }
  if (align != '<')
    left = align == '^' ? room / 2 : room;
  fill (format, left, out);
  g_string_append (out, sign);
  g_string_append (out, value);
  fill (format, room - left, out);
}

static void
pad_number (const GstEmotion2vecFormat * format, gboolean negative,
    const char *value, GString * out)
{
  pad (format, negative ? "-" : format->plus ? "+" : "", value, '>', out);
}

void
gst_emotion2vec_format_number (const GstEmotion2vecFormat * format,
    double value, GString * out)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE + 330 + LONGEST], spec[16];
  char type = format->type == 'd' ? 'f' : format->type;
  gint digits = format->type == 'd' ? 0 : format->digits;

  if (!isfinite (value))
    return;
  if (type == '%')
    value *= 100;
  if (type == 0 && digits < 0) {
    g_ascii_dtostr (number, sizeof number, fabs (value));
  } else {
    g_snprintf (spec, sizeof spec, "%%.%d%c", digits < 0 ? 6 : digits,
        type == '%' || type == 0 ? 'f' : type);
    g_ascii_formatd (number, sizeof number, spec, fabs (value));
  }
  if (type == '%')
    strcat (number, "%");
  pad_number (format, signbit (value) != 0, number, out);
}

void
gst_emotion2vec_format_integer (const GstEmotion2vecFormat * format,
    guint64 value, GString * out)
{
  char number[24];

  if (format->type != 0 && format->type != 'd') {
    gst_emotion2vec_format_number (format, (double) value, out);
    return;
  }
  g_snprintf (number, sizeof number, "%" G_GUINT64_FORMAT, value);
  pad_number (format, FALSE, number, out);
}

static guint64
power_of_ten (gint exponent)
{
  guint64 power = 1;

  while (exponent-- > 0)
    power *= 10;
  return power;
}

/* Rounded half up, in integers: 59.9996 s with three digits is 1:00.000. */
static void
write_clock (const GstEmotion2vecFormat * format, guint64 time, GString * out)
{
  gint digits = format->digits < 0 ? 3 : MIN (format->digits, 9);
  guint64 unit = power_of_ten (9 - digits), per_second = power_of_ten (digits);
  guint64 units = time / unit + (time % unit >= unit - unit / 2 && unit > 1);
  guint64 seconds = units / per_second;
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_printf (text, "%" G_GUINT64_FORMAT ":%02u:%02u", seconds / 3600,
      (guint) (seconds / 60 % 60), (guint) (seconds % 60));
  if (digits > 0)
    g_string_append_printf (text, ".%0*" G_GUINT64_FORMAT, digits,
        units % per_second);
  pad_number (format, FALSE, text->str, out);
}

void
gst_emotion2vec_format_time (const GstEmotion2vecFormat * format,
    guint64 time, GString * out)
{
  if (format->type == 'd')
    gst_emotion2vec_format_integer (format, time, out);
  else if (format->type == 'f')
    gst_emotion2vec_format_number (format,
        (double) time / (double) NS_PER_SECOND, out);
  else
    write_clock (format, time, out);
}

void
gst_emotion2vec_format_text (const GstEmotion2vecFormat * format,
    const char *value, GString * out)
{
  g_autofree char *valid = g_utf8_make_valid (value, -1);
  g_autofree char *start = NULL;

  if (format->digits >= 0 && g_utf8_strlen (valid, -1) > format->digits)
    start = g_utf8_substring (valid, 0, format->digits);
  pad (format, "", start ? start : valid, '<', out);
}
