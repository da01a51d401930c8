/* format-html.c - an HTML report: one file that stands alone and can be read without a network and without a script.
 *
 * The only thing that it ever loads is the media file beside it. A content security policy in it says so: it allows its
 * own script by its SHA-256, so that no name of a file or label can become one.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats.h"

#include <string.h>

#include "formattext.h"
#include "gstemotion2vecpalette.h"
#include "report.h"
#include "reportresources.h"
#include "textout.h"

/* Up to that many segments are open to be read, more are folded. */
#define MAX_OPEN 60

/* (transfer full): a file of report/. It is in the program, so it is there. */
static GBytes *
load (const char *path)
{
  return g_resource_lookup_data (report_get_resource (), path,
      G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
}

static void
append_bytes (GString * html, GBytes * bytes)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);

  g_string_append_len (html, data, (gssize) size);
}

/* ---- top -------------------------------------------------------------------------------------------------------- */

static void
append_policy (GString * html, GBytes * script)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize size = sizeof digest;
  g_autofree char *base64 = NULL;

  g_checksum_update (checksum, g_bytes_get_data (script, NULL),
      (gssize) g_bytes_get_size (script));
  g_checksum_get_digest (checksum, digest, &size);
  base64 = g_base64_encode (digest, size);
  g_string_append_printf (html, "<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "script-src 'sha256-%s'; media-src 'self' file:; img-src data:; "
      "base-uri 'none'; form-action 'none'\">\n", base64);
}

static void
append_colours (GString * html, const Annotation * annotation)
{
  for (guint i = 0; i < annotation->n_labels; i++) {
    guint32 colour = gst_emotion2vec_palette_rgb (annotation->labels[i], i);

    g_string_append_printf (html, ".c%u{--c:#%06x;--on:#%06x}\n", i, colour,
        gst_emotion2vec_palette_ink (colour));
  }
}

static void
append_top (GString * html, const Report * report, GBytes * script)
{
  const Annotation *annotation = report->annotation;
  g_autoptr (GBytes) style = load ("/report/report.css");

  g_string_append (html, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
      "<meta charset=\"utf-8\">\n");
  append_policy (html, script);
  g_string_append (html, "<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"generator\" content=\"gst-emotion2vec\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n<title>");
  report_append_html (html, annotation->name ? annotation->name : "");
  g_string_append (html, " – emotions in speech</title>\n<style>\n");
  append_bytes (html, style);
  append_colours (html, annotation);
  g_string_append (html, "</style>\n</head>\n<body>\n<main>\n");
}

/* ---- player ----------------------------------------------------------------------------------------------------- */

/* @name as the address of a file. Nothing in it names a host or a scheme, so that a report never asks another machine. */
static void
append_address (GString * html, const char *name)
{
  g_autoptr (GString) address = g_string_new (NULL);
  g_autofree char *valid = g_utf8_make_valid (name, -1);
  const char *path = valid;

  while (g_str_has_prefix (path, "//"))
    path++;
  if (*path != '/')
    g_string_append (address, "./");
  g_string_append_uri_escaped (address, path, "/", FALSE);
  report_append_html (html, address->str);
}

/* The script shows it when the media can be played. */
static void
append_player (GString * html, const Annotation * annotation)
{
  if (!annotation->name || !*annotation->name
      || format_is_uri (annotation->name))
    return;
  g_string_append (html, "<div id=\"player\" hidden>"
      "<audio controls aria-label=\"Recording\" preload=\"metadata\" src=\"");
  append_address (html, annotation->name);
  g_string_append (html, "\"></audio></div>\n");
}

/* ---- parts ------------------------------------------------------------------------------------------------------ */

static void
append_caption (GString * html, const Report * report)
{
  g_string_append (html, "<figcaption>\n<div class=\"scripted\" id=\"line\">"
      "<p id=\"readout\"></p><div id=\"zoom\" hidden>"
      "<button type=\"button\" data-zoom=\"0.5\" aria-label=\"Zoom out\">−"
      "</button><button type=\"button\" data-zoom=\"0\">Fit</button>"
      "<button type=\"button\" data-zoom=\"2\" aria-label=\"Zoom in\">+"
      "</button></div></div>\n<p>");
  if (report->annotation->n_labels > 0)
    g_string_append (html, "The height of a colour is its score; the scores of "
        "a moment fill the whole. The ribbon names the highest. ");
  g_string_append (html, "<span class=\"scripted\">Point at a moment for its "
      "values.</span> <span class=\"scripted keys\">Keys: <kbd>←</kbd> "
      "<kbd>→</kbd> window, <kbd>Page Up</kbd> <kbd>Page Down</kbd> ten "
      "windows, <kbd>Home</kbd> <kbd>End</kbd>");
  if (report->lanes->len > 1)
    g_string_append (html, ", <kbd>↑</kbd> <kbd>↓</kbd> channel");
  g_string_append (html, "<span id=\"play-keys\" hidden>, <kbd>Space</kbd> "
      "play</span>.</span></p>\n</figcaption>\n");
}

static void
append_timeline (GString * html, const Report * report)
{
  g_string_append (html, "<figure>\n<div id=\"view\"><div id=\"plot\">\n");
  report_append_svg (html, report);
  g_string_append (html, "</div></div>\n");
  if (report->lanes->len > 0)
    append_caption (html, report);
  g_string_append (html, "</figure>\n");
}

static void
append_segments (TextOut * file, const Report * report)
{
  const GArray *segments = report->annotation->segments;

  if (segments->len == 0)
    return;
  g_string_append_printf (file->text, "<section>\n<details%s>\n<summary>"
      "<h2 id=\"segments-title\">Segments</h2> <span class=\"count\">%u</span></summary>\n"
      "<div class=\"wide\"><table id=\"segments\" "
      "aria-labelledby=\"segments-title\"%s>\n",
      segments->len <= MAX_OPEN ? " open" : "", segments->len,
      report->lanes->len > 1 ? " class=\"lanes\"" : "");
  report_append_segment_titles (file->text, report);
  for (guint i = 0; i < segments->len; i++) {
    report_append_segment (file->text, report, &g_array_index (segments,
            AnnotationSegment, i));
    text_out_row (file);
  }
  g_string_append (file->text, "</table></div>\n</details>\n</section>\n");
}

/* Side by side where there is room. */
static void
append_tables (GString * html, const Report * report)
{
  g_string_append (html, report->lanes->len > 1 ? "<div>\n"
      : "<div class=\"pair\">\n");
  if (report->lanes->len > 0) {
    g_string_append (html, "<section>\n"
        "<h2 id=\"emotions-title\">Emotions</h2>\n" "<div class=\"lanes\">\n");
    report_append_emotions (html, report);
    g_string_append (html, "</div>\n</section>\n");
  }
  g_string_append (html, "<section>\n<h2>File, model and settings</h2>\n");
  report_append_facts (html, report);
  g_string_append (html, "</section>\n</div>\n");
}

static void
append_end (GString * html, const Report * report, GBytes * script)
{
  g_autoptr (GBytes) reading = load ("/report/reading.html");

  append_bytes (html, reading);
  g_string_append (html, "</main>\n<script type=\"application/json\" "
      "id=\"data\">");
  report_append_data (html, report);
  g_string_append (html, "</script>\n<script>");
  append_bytes (html, script);
  g_string_append (html, "</script>\n</body>\n</html>\n");
}

gboolean
format_html_write (const Annotation * annotation, GOutputStream * out,
    GError ** error)
{
  g_autoptr (Report) report = report_new (annotation);
  g_autoptr (GBytes) script = load ("/report/report.js");
  TextOut file;

  text_out_init (&file, out);
  append_top (file.text, report, script);
  report_append_head (file.text, report);
  append_player (file.text, annotation);
  if (report->lanes->len > 0 || annotation->peaks->len > 0)
    append_timeline (file.text, report);
  append_tables (file.text, report);
  append_segments (&file, report);
  append_end (file.text, report, script);
  return text_out_finish (&file, error);
}
