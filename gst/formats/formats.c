/* formats.c - the table of file formats.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats.h"

static const Format formats[] = {
  {"jsonl", ".jsonl", "JSON Lines: one object a window, with all scores",
      format_jsonl_write},
  {"csv", ".csv", "Comma-separated values: one row a window, with all scores",
      format_csv_write},
  {"segments", ".segments.csv",
      "Comma-separated values: one row a segment", format_segments_write},
  {"vtt", ".vtt", "WebVTT subtitles", format_vtt_write},
  {"srt", ".srt", "SubRip subtitles", format_srt_write},
  {"textgrid", ".TextGrid", "Praat TextGrid", format_textgrid_write},
  {"eaf", ".eaf", "ELAN annotation document", format_eaf_write},
  {"audacity", ".labels.txt", "Audacity labels", format_audacity_write},
  {"emotionml", ".emotionml", "W3C EmotionML 1.0, with all scores",
      format_emotionml_write},
  {"labelstudio", ".labelstudio.json", "A task with predictions for Label "
        "Studio", format_labelstudio_write},
  {"html", ".html", "A report to be read and heard in a browser",
      format_html_write},
};

const Format *
formats_all (guint * n)
{
  *n = G_N_ELEMENTS (formats);
  return formats;
}

const Format *
formats_find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    if (g_str_equal (formats[i].name, name))
      return &formats[i];
  return NULL;
}
