/* report-words.c - the words of a report: its head, and the facts about file, model and settings.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "formattext.h"
#include "report.h"

/* Of the first channels; the tables have them all. */
#define MAX_SENTENCES 4

/* ---- head ------------------------------------------------------------------------------------------------------- */

/* What a name ends with: the file, or all if that is nothing. */
static const char *
base_name (const char *name)
{
  const char *slash = strrchr (name, '/');

  return slash && slash[1] ? slash + 1 : name;
}

/* "Mostly angry (41%), then sad (33%) and happy (20%)." Labels that were next to never heard are left out. */
static void
append_sentence (GString * html, const Report * report, const ReportLane * lane)
{
  static const char *const joints[] = { "ostly ", ", then ", " and " };
  g_autoptr (GArray) shares = report_shares (report, lane);
  gboolean named = report->lanes->len > 1;
  guint n = 0;

  if (named) {
    report_append_lane_name (html, lane);
    g_string_append (html, ": ");
  }
  for (; n < G_N_ELEMENTS (joints) && n < shares->len; n++) {
    const ReportShare *share = &g_array_index (shares, ReportShare, n);

    if (share->label < 0 || share->share < 0.005)
      break;
    if (n == 0)
      g_string_append_c (html, named ? 'm' : 'M');
    g_string_append (html, joints[n]);
    g_string_append (html, "<strong>");
    report_append_name (html, annotation_label (report->annotation,
            share->label));
    g_string_append (html, "</strong> (");
    format_append_percent (html, share->share);
    g_string_append_c (html, ')');
  }
  g_string_append (html, n > 0 ? "." : named ? "nobody was heard." :
      "Nobody was heard: all is silent.");
}

static void
append_summary (GString * html, const Report * report)
{
  const Annotation *annotation = report->annotation;

  g_string_append (html, "<p class=\"summary\">");
  for (guint i = 0; i < MIN (report->lanes->len, MAX_SENTENCES); i++) {
    if (i > 0)
      g_string_append (html, "<br>");
    append_sentence (html, report, report_lane (report, i));
  }
  if (report->lanes->len > 0)
    g_string_append (html, "</p>\n");
  else if (annotation->windows->len > 0)
    g_string_append (html, "The model gives no labels: it has no head.</p>\n");
  else
    g_string_append (html,
        "Nothing was heard: there is no audio, or too little of it.</p>\n");
}

void
report_append_head (GString * html, const Report * report)
{
  const Annotation *annotation = report->annotation;
  const char *name = annotation->name ? annotation->name : "";

  g_string_append (html, "<header>\n<p class=\"kind\">Emotions in speech</p>\n"
      "<h1>");
  report_append_name (html, *name ? base_name (name) : "Untitled");
  g_string_append (html, "</h1>\n");
  append_summary (html, report);
  g_string_append (html, "<p class=\"care\">Labels tell what a voice sounds "
      "like, not what a person feels. <a href=\"#reading\">How to read "
      "this</a></p>\n</header>\n");
}

/* ---- facts ------------------------------------------------------------------------------------------------------ */

static void
begin_fact (GString * html, const char *name)
{
  g_string_append_printf (html, "<div><dt>%s<dd>", name);
}

static void
end_fact (GString * html)
{
  g_string_append (html, "</div>\n");
}

static void
append_fact (GString * html, const char *name, const char *value)
{
  if (!value || !*value)
    return;
  begin_fact (html, name);
  report_append_name (html, value);
  end_fact (html);
}

static void
append_seconds (GString * html, GstClockTime time)
{
  report_append_decimal (html, (double) time / GST_SECOND, 3);
  g_string_append (html, " s");
}

static void
append_length (GString * html, const Annotation * annotation)
{
  if (!GST_CLOCK_TIME_IS_VALID (annotation->duration))
    return;
  begin_fact (html, "Length");
  report_append_clock (html, annotation->duration);
  end_fact (html);
}

static void
append_count (GString * html, guint n, const char *thing)
{
  g_string_append_printf (html, "%u %s%s", n, thing, n == 1 ? "" : "s");
}

static void
append_audio (GString * html, const Annotation * annotation)
{
  if (annotation->rate > 0) {
    begin_fact (html, "Audio");
    report_append_decimal (html, annotation->rate / 1000.0, 3);
    g_string_append (html, " kHz, ");
    append_count (html, annotation->channels, "channel");
    end_fact (html);
  }
  if (annotation->n_tracks > 1) {
    begin_fact (html, "Audio track");
    g_string_append_printf (html, "%u of %u; players may play another one",
        annotation->track + 1, annotation->n_tracks);
    end_fact (html);
  }
}

static void
append_settings (GString * html, const Annotation * annotation)
{
  begin_fact (html, "Windows");
  if (annotation->window > 0) {
    append_seconds (html, annotation->window);
    g_string_append (html, " long, one every ");
    append_seconds (html, annotation->interval > 0 ? annotation->interval :
        annotation->window);
  } else
    g_string_append (html, "as long as the audio");
  end_fact (html);
  begin_fact (html, "Results");
  append_count (html, annotation->windows->len, "window");
  g_string_append (html, ", ");
  append_count (html, annotation->segments->len, "segment");
  end_fact (html);
}

void
report_append_facts (GString * html, const Report * report)
{
  const Annotation *annotation = report->annotation;

  g_string_append (html, "<dl>\n");
  append_fact (html, "File", annotation->name);
  append_fact (html, "Kind", annotation->media_type);
  append_length (html, annotation);
  append_audio (html, annotation);
  append_fact (html, "Language", annotation->language);
  append_fact (html, "Model", annotation->model);
  append_fact (html, "Head", annotation->head);
  append_fact (html, "Device", annotation->device);
  append_settings (html, annotation);
  begin_fact (html, "Program");
  g_string_append (html, "gst-emotion2vec ");
  report_append_html (html, annotation->version ? annotation->version : "");
  end_fact (html);
  g_string_append (html, "</dl>\n");
}
