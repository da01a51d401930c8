/* formattext.h - how times, numbers and labels look in text files, whatever the user's language is.
 *
 * Labels are any text: models bring their own. What goes into a line has no line ends and no control characters.
 * Pure. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FORMAT_TEXT_H
#define FORMAT_TEXT_H

#include "annotation.h"

G_BEGIN_DECLS

/* Rounded to the nearest. Segments that meet still meet; one shorter than a millisecond may get a length of 0. */
guint64 format_milliseconds (GstClockTime time);

/* "12.345": exact, three digits after the point and more where needed. */
void format_append_seconds (GString * text, GstClockTime time);

/* "00:00:12.345", with as many digits for hours as needed. @point: what stands in front of the milliseconds. */
void format_append_clock (GString * text, guint64 milliseconds, char point);

/* As short as it can be without losing a bit; "-inf", "inf" and "nan" for what is no number. */
void format_append_number (GString * text, double number);

/* "81%". */
void format_append_percent (GString * text, double confidence);

/* @words on one line: line ends, tabs and other control characters become blanks, and what is no
 * character U+FFFD. */
void format_append_line (GString * text, const char *words);

/* @words as XML text or as the value of an attribute. Characters that XML has no way to write become U+FFFD. */
void format_append_xml (GString * text, const char *words);

/* "channel 2 speech": who is heard and by which trigger. Channels count from 1 here. Nothing for the interval trigger on
 * all channels. */
void format_append_track (GString * text, const AnnotationTrack * track);

/* (transfer full): "emotion channel 2 speech": the name of a tier. */
char *format_tier_name (const AnnotationTrack * track);

/* Whether @name is a URI, as "https://host/talk.wav", and no path. */
gboolean format_is_uri (const char *name);

/* @name, a path or a URI, as a URI reference: what a URI cannot hold is written as percent escapes. */
void format_append_uri (GString * text, const char *name);

/* (transfer full): what wrote the file, model, head and settings; a name in it may still need escapes. */
char *format_settings (const Annotation * annotation);

G_END_DECLS

#endif
