/* gstemotion2vectemplate.c - text with the fields of a result in it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vectemplate.h"

#include <math.h>
#include <string.h>

#include "gstemotion2vecformat.h"
#include "gstemotion2vecpalette.h"

typedef enum
{
  KIND_TEXT,
  KIND_TRUTH,
  KIND_NUMBER,                  /* double */
  KIND_COUNT,                   /* int or guint64 */
  KIND_TIME,
  KIND_LIST,                    /* array, or a sample of floats */
  KIND_BY_CLASS,                /* a list that goes with labels */
  KIND_EMOJI,
  KIND_COLOUR,
} Kind;

static const struct
{
  const char *name;
  Kind kind;
} fields[] = {
  {"element", KIND_TEXT},
  {"stream-id", KIND_TEXT},
  {"id", KIND_COUNT},
  {"timestamp", KIND_TIME},
  {"duration", KIND_TIME},
  {"stream-time", KIND_TIME},
  {"running-time", KIND_TIME},
  {"endtime", KIND_TIME},
  {"interval", KIND_TIME},
  {"trigger", KIND_TEXT},
  {"source-id", KIND_TEXT},
  {"channel", KIND_COUNT},
  {"label", KIND_TEXT},
  {"confidence", KIND_NUMBER},
  {"scores", KIND_BY_CLASS},
  {"labels", KIND_LIST},
  {"raw-scores", KIND_BY_CLASS},
  {"below-threshold", KIND_TRUTH},
  {"level", KIND_NUMBER},
  {"silent", KIND_TRUTH},
  {"partial", KIND_TRUTH},
  {"model", KIND_TEXT},
  {"inference-time", KIND_TIME},
  {"utterance-embedding", KIND_LIST},
  {"frame-embedding", KIND_LIST},
  {"frame-scores", KIND_LIST},
  {"emoji", KIND_EMOJI},
  {"colour", KIND_COLOUR},
};

static const char *const types[] = {
  [KIND_TEXT] = "s",[KIND_TRUTH] = "s",[KIND_NUMBER] = "feg%d",
  [KIND_COUNT] = "dfeg",[KIND_TIME] = "tfd",[KIND_LIST] = "sfeg%d",
  [KIND_BY_CLASS] = "feg%d",[KIND_EMOJI] = "s",[KIND_COLOUR] = "s",
};

/* Text of the template, then a field; the last part has no field. */
typedef struct
{
  char *text;
  const char *name;             /* (nullable) */
  Kind kind;
  char *class_name;             /* (nullable): the one wanted of a list by class */
  GstEmotion2vecFormat format;
} Part;

struct _GstEmotion2vecTemplate
{
  GPtrArray *parts;             /* Part */
};

static void
free_part (gpointer data)
{
  Part *part = data;

  g_free (part->text);
  g_free (part->class_name);
  g_free (part);
}

/* ---- parsing ---------------------------------------------------------------------------------------------------- */

static void
set_error (GError ** error, const char *template, const char *what)
{
  g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
      "template \"%s\": %s.", template, what);
}

static char *
list_fields (void)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", fields[i].name);
  return g_string_free (list, FALSE);
}

static gboolean
find_field (Part * part, const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    if (strcmp (fields[i].name, name) == 0) {
      part->name = fields[i].name;
      part->kind = fields[i].kind;
      return TRUE;
    }
  return FALSE;
}

/* Takes "[happy]" off the end of @name. */
static void
split_class (Part * part, char *name)
{
  char *bracket = strchr (name, '[');
  gsize length = strlen (name);

  if (!bracket || name[length - 1] != ']')
    return;
  part->class_name = g_strndup (bracket + 1,
      (gsize) (name + length - 1 - (bracket + 1)));
  *bracket = '\0';
}

/* Fills in @part from what stands between braces. Returns: (transfer full) (nullable): what is wrong. */
static char *
parse_field (Part * part, const char *inside)
{
  const char *colon = strchr (inside, ':');
  g_autofree char *name = colon ?
      g_strndup (inside, (gsize) (colon - inside)) : g_strdup (inside);
  g_autofree char *known = NULL, *wrong = NULL;

  split_class (part, name);
  g_strdelimit (name, "_", '-');
  if (!find_field (part, name)) {
    known = list_fields ();
    return g_strdup_printf ("there is no field '%s'; there are %s", name,
        known);
  }
  if (part->class_name && part->kind != KIND_BY_CLASS)
    return g_strdup_printf ("'%s' has no parts with names", name);
  wrong = gst_emotion2vec_format_parse (colon ? colon + 1 : NULL,
      types[part->kind], &part->format);
  return wrong ? g_strdup_printf ("field '%s': %s", name, wrong) : NULL;
}

/* Text up to the next single brace, which @at points to afterwards. */
static char *
parse_text (const char **at)
{
  GString *text = g_string_new (NULL);

  for (; **at; (*at)++) {
    if (**at == '{' || **at == '}') {
      if ((*at)[1] != **at)
        break;
      (*at)++;
    }
    g_string_append_c (text, **at);
  }
  return g_string_free (text, FALSE);
}

static char *
parse_part (Part * part, const char **at)
{
  const char *end;
  g_autofree char *inside = NULL;

  part->text = parse_text (at);
  if (**at == '}')
    return g_strdup ("a '}' closes nothing; write '}}' for the letter");
  if (**at == '\0')
    return NULL;
  end = strchr (*at, '}');
  if (!end)
    return g_strdup ("a '{' is never closed; write '{{' for the letter");
  inside = g_strndup (*at + 1, (gsize) (end - *at - 1));
  *at = end + 1;
  return parse_field (part, inside);
}

GstEmotion2vecTemplate *
gst_emotion2vec_template_new (const char *text, GError ** error)
{
  g_autoptr (GstEmotion2vecTemplate) template =
      g_new0 (GstEmotion2vecTemplate, 1);
  const char *at = text;

  template->parts = g_ptr_array_new_with_free_func (free_part);
  if (!g_utf8_validate (text, -1, NULL)) {
    set_error (error, "", "it is not UTF-8");
    return NULL;
  }
  do {
    Part *part = g_new0 (Part, 1);
    g_autofree char *wrong = NULL;

    g_ptr_array_add (template->parts, part);
    wrong = parse_part (part, &at);
    if (wrong) {
      set_error (error, text, wrong);
      return NULL;
    }
  } while (*at);
  return g_steal_pointer (&template);
}

void
gst_emotion2vec_template_free (GstEmotion2vecTemplate * template)
{
  if (!template)
    return;
  g_ptr_array_unref (template->parts);
  g_free (template);
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static void
write_value (const Part * part, const GValue * value, GString * out)
{
  if (G_VALUE_HOLDS_STRING (value) && g_value_get_string (value))
    gst_emotion2vec_format_text (&part->format, g_value_get_string (value),
        out);
  else if (G_VALUE_HOLDS_BOOLEAN (value))
    gst_emotion2vec_format_text (&part->format,
        g_value_get_boolean (value) ? "true" : "false", out);
  else if (G_VALUE_HOLDS_DOUBLE (value))
    gst_emotion2vec_format_number (&part->format, g_value_get_double (value),
        out);
  else if (G_VALUE_HOLDS_INT (value) && g_value_get_int (value) >= 0)
    gst_emotion2vec_format_integer (&part->format,
        (guint64) g_value_get_int (value), out);
  else if (G_VALUE_HOLDS_UINT64 (value) && part->kind == KIND_TIME
      && g_value_get_uint64 (value) != GST_CLOCK_TIME_NONE)
    gst_emotion2vec_format_time (&part->format, g_value_get_uint64 (value),
        out);
  else if (G_VALUE_HOLDS_UINT64 (value) && part->kind == KIND_COUNT)
    gst_emotion2vec_format_integer (&part->format, g_value_get_uint64 (value),
        out);
}

static void
write_array (const Part * part, const GValue * array, GString * out)
{
  for (guint i = 0; i < gst_value_array_get_size (array); i++) {
    if (i > 0)
      g_string_append (out, ", ");
    write_value (part, gst_value_array_get_value (array, i), out);
  }
}

static void
write_sample (const Part * part, const GValue * value, GString * out)
{
  GstSample *sample = gst_value_get_sample (value);
  GstBuffer *buffer = sample ? gst_sample_get_buffer (sample) : NULL;
  g_autofree gpointer data = NULL;
  const float *numbers;
  gsize size = 0;

  if (buffer)
    gst_buffer_extract_dup (buffer, 0, (gsize) - 1, &data, &size);
  numbers = data;
  for (gsize i = 0; i < size / sizeof (float); i++) {
    if (i > 0)
      g_string_append (out, ", ");
    gst_emotion2vec_format_number (&part->format, (double) numbers[i], out);
  }
}

/* Place of class @name in the result; -1 if it has no such. */
static gint
find_class (const GstStructure * result, const char *name)
{
  const GValue *labels = gst_structure_get_value (result, "labels");

  if (!labels || !GST_VALUE_HOLDS_ARRAY (labels))
    return -1;
  for (guint i = 0; i < gst_value_array_get_size (labels); i++) {
    const GValue *label = gst_value_array_get_value (labels, i);

    if (G_VALUE_HOLDS_STRING (label)
        && g_strcmp0 (g_value_get_string (label), name) == 0)
      return (gint) i;
  }
  return -1;
}

static void
write_list (const Part * part, const GstStructure * result,
    const GValue * list, GString * out)
{
  gint index;

  if (GST_VALUE_HOLDS_SAMPLE (list)) {
    write_sample (part, list, out);
  } else if (!GST_VALUE_HOLDS_ARRAY (list)) {
    return;
  } else if (!part->class_name) {
    write_array (part, list, out);
  } else {
    index = find_class (result, part->class_name);
    if (index >= 0 && (guint) index < gst_value_array_get_size (list))
      write_value (part, gst_value_array_get_value (list, (guint) index), out);
  }
}

static void
write_look (const Part * part, const GstStructure * result, GString * out)
{
  const char *label = gst_structure_get_string (result, "label");
  gint index = label ? find_class (result, label) : -1;
  const char *emoji = gst_emotion2vec_palette_emoji (label);
  char colour[8];

  if (!label)
    return;
  if (part->kind == KIND_EMOJI) {
    gst_emotion2vec_format_text (&part->format, emoji ? emoji : "", out);
    return;
  }
  g_snprintf (colour, sizeof colour, "#%06x",
      gst_emotion2vec_palette_rgb (label, (guint) MAX (index, 0)));
  gst_emotion2vec_format_text (&part->format, colour, out);
}

static void
write_field (const Part * part, const GstStructure * result, GString * out)
{
  const GValue *value = gst_structure_get_value (result, part->name);

  if (part->kind == KIND_EMOJI || part->kind == KIND_COLOUR)
    write_look (part, result, out);
  else if (!value)
    return;
  else if (part->kind == KIND_LIST || part->kind == KIND_BY_CLASS)
    write_list (part, result, value, out);
  else
    write_value (part, value, out);
}

void
gst_emotion2vec_template_write (const GstEmotion2vecTemplate * template,
    const GstStructure * result, gboolean markup, GString * text)
{
  g_autoptr (GString) value = g_string_new (NULL);

  for (guint i = 0; i < template->parts->len; i++) {
    const Part *part = template->parts->pdata[i];
    g_autofree char *escaped = NULL;

    g_string_append (text, part->text);
    if (!part->name)
      continue;
    g_string_truncate (value, 0);
    write_field (part, result, value);
    escaped = markup ? g_markup_escape_text (value->str, -1) : NULL;
    g_string_append (text, escaped ? escaped : value->str);
  }
}
