/* format-eaf.c - ELAN annotation document, EAF 3.0: one tier of labels a track and a tier of confidences below it.
 *
 * (1) Every annotation has two time slots of its own, as ELAN makes them; they stand in the order of their times.
 * (2) ELAN reads media names as they are: no character of them is written as a percent escape.
 * (3) The date is always the same, so that the same annotation gives the same bytes. ELAN writes its own when it saves.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats.h"

#include "formattext.h"
#include "textout.h"

#define ROOT "ANNOTATION_DOCUMENT AUTHOR=\"emotion2vec-annotate\" " \
    "DATE=\"1970-01-01T00:00:00+00:00\" FORMAT=\"3.0\" VERSION=\"3.0\" " \
    "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" " \
    "xsi:noNamespaceSchemaLocation=" \
    "\"http://www.mpi.nl/tools/elan/EAFv3.0.xsd\""

/* A segment that is an annotation, and its slots, numbered from 1. */
typedef struct
{
  const AnnotationSegment *segment;
  guint start_slot, end_slot;
} Entry;

typedef struct
{
  guint64 time;                 /* ms */
  guint *number;                /* of the slot, in its Entry */
} Slot;

typedef struct
{
  const Annotation *annotation;
  TextOut *file;
  GArray *entries;              /* Entry, by start */
  guint last_id;                /* of the annotations */
} Document;

/* (transfer full) (element-type Entry): what is at least a millisecond long. */
static GArray *
make_entries (const Annotation * annotation)
{
  GArray *entries = g_array_new (FALSE, FALSE, sizeof (Entry));

  for (guint i = 0; i < annotation->segments->len; i++) {
    const Entry entry = {
      &g_array_index (annotation->segments, AnnotationSegment, i), 0, 0
    };

    if (format_milliseconds (entry.segment->start)
        < format_milliseconds (entry.segment->end))
      g_array_append_val (entries, entry);
  }
  return entries;
}

static gint
compare_slots (gconstpointer a, gconstpointer b)
{
  const Slot *one = a, *other = b;

  return (one->time > other->time) - (one->time < other->time);
}

static void
append_time_order (Document * document)
{
  g_autoptr (GArray) slots = g_array_new (FALSE, FALSE, sizeof (Slot));
  GString *text = document->file->text;

  for (guint i = 0; i < document->entries->len; i++) {
    Entry *entry = &g_array_index (document->entries, Entry, i);
    const Slot both[] = {
      {format_milliseconds (entry->segment->start), &entry->start_slot},
      {format_milliseconds (entry->segment->end), &entry->end_slot}
    };

    g_array_append_vals (slots, both, 2);
  }
  g_array_sort (slots, compare_slots);
  g_string_append (text, "  <TIME_ORDER>\n");
  for (guint i = 0; i < slots->len; i++) {
    const Slot *slot = &g_array_index (slots, Slot, i);

    *slot->number = i + 1;
    g_string_append_printf (text, "    <TIME_SLOT TIME_SLOT_ID=\"ts%u\" "
        "TIME_VALUE=\"%" G_GUINT64_FORMAT "\"/>\n", i + 1, slot->time);
    text_out_row (document->file);
  }
  g_string_append (text, "  </TIME_ORDER>\n");
}

/* Where the media file is: ELAN tries the first name, then the one relative to the document. */
static void
append_media (GString * text, const Annotation * annotation)
{
  gboolean is_uri = format_is_uri (annotation->name);
  gboolean absolute = !is_uri && g_path_is_absolute (annotation->name);
  const char *prefix = is_uri ? "" : absolute ? "file://" : "./";

  g_string_append_printf (text, "    <MEDIA_DESCRIPTOR MEDIA_URL=\"%s", prefix);
  format_append_xml (text, annotation->name);
  g_string_append (text, "\" MIME_TYPE=\"");
  format_append_xml (text,
      annotation->media_type ? annotation->media_type : "unknown");
  if (!is_uri && !absolute) {
    g_string_append (text, "\" RELATIVE_MEDIA_URL=\"./");
    format_append_xml (text, annotation->name);
  }
  g_string_append (text, "\"/>\n");
}

static void
append_header (Document * document)
{
  g_autofree char *settings = format_settings (document->annotation);
  GString *text = document->file->text;

  g_string_append (text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<" ROOT
      ">\n  <HEADER MEDIA_FILE=\"\" TIME_UNITS=\"milliseconds\">\n");
  append_media (text, document->annotation);
  g_string_append (text, "    <PROPERTY NAME=\"emotion2vec\">");
  format_append_xml (text, settings);
  g_string_append_printf (text, "</PROPERTY>\n"
      "    <PROPERTY NAME=\"lastUsedAnnotationId\">%u</PROPERTY>\n"
      "  </HEADER>\n", 2 * document->entries->len);
}

/* @parent: (nullable): name of the tier above */
static void
append_tier_start (GString * text, const char *type, const char *name,
    const char *parent)
{
  g_string_append_printf (text,
      "  <TIER ANNOTATOR=\"emotion2vec\" LINGUISTIC_TYPE_REF=\"%s\" ", type);
  if (parent)
    g_string_append_printf (text, "PARENT_REF=\"%s\" ", parent);
  g_string_append_printf (text, "TIER_ID=\"%s\">\n", name);
}

static void
append_value (GString * text, const char *kind, const char *value)
{
  g_string_append (text, "        <ANNOTATION_VALUE>");
  format_append_xml (text, value);
  g_string_append_printf (text, "</ANNOTATION_VALUE>\n"
      "      </%s>\n    </ANNOTATION>\n", kind);
}

static void
append_label (Document * document, const Entry * entry)
{
  GString *text = document->file->text;

  g_string_append_printf (text, "    <ANNOTATION>\n"
      "      <ALIGNABLE_ANNOTATION ANNOTATION_ID=\"a%u\" CVE_REF=\"cve%u\" "
      "TIME_SLOT_REF1=\"ts%u\" TIME_SLOT_REF2=\"ts%u\">\n",
      ++document->last_id, (guint) (entry->segment->label + 1),
      entry->start_slot, entry->end_slot);
  append_value (text, "ALIGNABLE_ANNOTATION",
      annotation_label (document->annotation, entry->segment->label));
  text_out_row (document->file);
}

/* @label_id: of the annotation that the confidence is about */
static void
append_confidence (Document * document, const Entry * entry, guint label_id)
{
  GString *text = document->file->text;
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (text, "    <ANNOTATION>\n"
      "      <REF_ANNOTATION ANNOTATION_ID=\"a%u\" ANNOTATION_REF=\"a%u\">\n",
      ++document->last_id, label_id);
  append_value (text, "REF_ANNOTATION", g_ascii_formatd (digits,
          sizeof digits, "%.3f", entry->segment->confidence));
  text_out_row (document->file);
}

static void
append_tiers (Document * document, const AnnotationTrack * track)
{
  g_autofree char *name = format_tier_name (track);
  g_autofree char *below = g_strconcat (name, " confidence", NULL);
  GString *text = document->file->text;
  guint label_id = document->last_id;

  append_tier_start (text, "emotion", name, NULL);
  for (guint i = 0; i < document->entries->len; i++) {
    const Entry *entry = &g_array_index (document->entries, Entry, i);

    if (annotation_is_of (entry->segment, track))
      append_label (document, entry);
  }
  g_string_append (text, "  </TIER>\n");
  append_tier_start (text, "confidence", below, name);
  for (guint i = 0; i < document->entries->len; i++) {
    const Entry *entry = &g_array_index (document->entries, Entry, i);

    if (!annotation_is_of (entry->segment, track))
      continue;
    label_id++;
    if (entry->segment->label >= 0)
      append_confidence (document, entry, label_id);
  }
  g_string_append (text, "  </TIER>\n");
}

/* Entry cve0 is silence, cve1 the first class. */
static void
append_vocabulary (GString * text, const Annotation * annotation)
{
  g_string_append (text, "  <CONTROLLED_VOCABULARY CV_ID=\"emotions\">\n"
      "    <DESCRIPTION LANG_REF=\"und\">Classes of the model</DESCRIPTION>\n");
  for (gint label = GST_EMOTION2VEC_SILENT; label < (gint) annotation->n_labels;
      label++) {
    g_string_append_printf (text, "    <CV_ENTRY_ML CVE_ID=\"cve%u\">\n"
        "      <CVE_VALUE DESCRIPTION=\"%s\" LANG_REF=\"und\">",
        (guint) (label + 1), label < 0 ? "nobody speaks" : "");
    format_append_xml (text, annotation_label (annotation, label));
    g_string_append (text, "</CVE_VALUE>\n    </CV_ENTRY_ML>\n");
  }
  g_string_append (text, "  </CONTROLLED_VOCABULARY>\n");
}

static void
append_types (GString * text, const Annotation * annotation)
{
  g_string_append (text,
      "  <LINGUISTIC_TYPE CONTROLLED_VOCABULARY_REF=\"emotions\" "
      "GRAPHIC_REFERENCES=\"false\" LINGUISTIC_TYPE_ID=\"emotion\" "
      "TIME_ALIGNABLE=\"true\"/>\n"
      "  <LINGUISTIC_TYPE CONSTRAINTS=\"Symbolic_Association\" "
      "GRAPHIC_REFERENCES=\"false\" LINGUISTIC_TYPE_ID=\"confidence\" "
      "TIME_ALIGNABLE=\"false\"/>\n"
      "  <LANGUAGE LANG_DEF=\"http://cdb.iso.org/lg/CDB-00130975-001\" "
      "LANG_ID=\"und\" LANG_LABEL=\"undetermined (und)\"/>\n"
      "  <CONSTRAINT DESCRIPTION=\"1-1 association with a parent annotation\" "
      "STEREOTYPE=\"Symbolic_Association\"/>\n");
  append_vocabulary (text, annotation);
}

gboolean
format_eaf_write (const Annotation * annotation, GOutputStream * out,
    GError ** error)
{
  const AnnotationTrack all = { -1, FALSE };
  g_autoptr (GArray) tracks = annotation_tracks (annotation);
  g_autoptr (GArray) entries = make_entries (annotation);
  TextOut file;
  Document document = { annotation, &file, entries, 0 };

  if (tracks->len == 0)
    g_array_append_val (tracks, all);
  text_out_init (&file, out);
  append_header (&document);
  append_time_order (&document);
  for (guint i = 0; i < tracks->len; i++)
    append_tiers (&document, &g_array_index (tracks, AnnotationTrack, i));
  append_types (file.text, annotation);
  g_string_append (file.text, "</ANNOTATION_DOCUMENT>\n");
  return text_out_finish (&file, error);
}
