/* labelledline.c - one line of a list with what was heard.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "labelledline.h"

#include <math.h>
#include <string.h>

#include "jsonwriter.h"

/* No member of the list has these names (utterancelist.c drops them), and strings cannot hold a bare quote: so a search for
 * the quoted name finds ours. */
#define ERROR "emotion2vec_error"

/* Scores are told to a millionth: what devices differ by is less. */
static double
rounded (double score)
{
  return round (score * 1e6) / 1e6;
}

static void
write_scores (JsonWriter * json, const Utterance * utterance)
{
  gint best = utterance_best (utterance);

  if (best < 0)
    return;
  json_writer_string (json, "emotion2vec_label", utterance->labels[best]);
  json_writer_double (json, "emotion2vec_confidence",
      rounded (utterance->scores[best]));
  json_writer_begin (json, "emotion2vec_scores", '{');
  for (guint i = 0; i < utterance->n_labels; i++)
    json_writer_double (json, utterance->labels[i],
        rounded (utterance->scores[i]));
  json_writer_end (json, '}');
}

/* The members that we add, without braces. (transfer full) */
static char *
added_members (const Utterance * utterance, const LabelledLineSource * source)
{
  JsonWriter json;

  json_writer_init (&json);
  if (utterance->error) {
    json_writer_string (&json, ERROR, utterance->error);
    return json_writer_finish (&json);
  }
  write_scores (&json, utterance);
  if (utterance->embedding)
    json_writer_integer (&json, LABELLED_LINE_ROW, source->row);
  json_writer_string (&json, "emotion2vec_model", source->model);
  if (source->head)
    json_writer_string (&json, "emotion2vec_head", source->head);
  return json_writer_finish (&json);
}

/* What stands in front of them: the object of the list, or one for a line that was none. (transfer full) */
static char *
beginning (const UtteranceListItem * item)
{
  JsonWriter json;

  if (item->object)
    return g_strdup (item->object);
  json_writer_init (&json);
  json_writer_begin (&json, NULL, '{');
  if (item->utterance)
    json_writer_string (&json, "utterance", item->utterance);
  else
    json_writer_integer (&json, "line", item->number);
  if (item->written)
    json_writer_string (&json, "path", item->written);
  return json_writer_finish (&json);
}

char *
labelled_line_new (const UtteranceListItem * item, const Utterance * utterance,
    const LabelledLineSource * source)
{
  g_autofree char *start = beginning (item);
  g_autofree char *added = added_members (utterance, source);

  return g_strconcat (start, g_str_has_suffix (start, "{") ? "" : ", ", added,
      "}", NULL);
}

gboolean
labelled_line_row (const char *line, guint64 * row)
{
  const char *member = "\"" LABELLED_LINE_ROW "\": ";
  const char *found = strstr (line, member);

  if (!found)
    return FALSE;
  *row = g_ascii_strtoull (found + strlen (member), NULL, 10);
  return TRUE;
}

gboolean
labelled_line_is_error (const char *line)
{
  return strstr (line, "\"" ERROR "\": ") != NULL;
}
