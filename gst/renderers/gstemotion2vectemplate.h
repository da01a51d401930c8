/* gstemotion2vectemplate.h - text with the fields of a result in it: "{label} {confidence:.0%}".
 *
 * In braces stands the name of a field of docs/metadata.md, or `emoji` or `colour` (of the label; `colour` as #rrggbb).
 * `{scores[happy]}` is the score of one class, as `raw-scores[...]` is. Underscores may stand for the dashes. `{{` and `}}`
 * are braces. What the result does not have is written as nothing.
 * After a colon stands a format as in Python's format strings: [[fill]align][+][0][width][.digits][type]
 * - numbers: `f` (default for numbers that are no integers: as short as can be), `e`, `g`, `%`, `d`
 * - times: `t` (default) is h:mm:ss.mmm with three digits unless told otherwise, `f` seconds, `d` nanoseconds
 * - text and truths (true, false): `s`; digits: the most letters that are written
 * - lists: each item, with ", " in between
 * Immutable. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_TEMPLATE_H
#define GST_EMOTION2VEC_TEMPLATE_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_EMOTION2VEC_DEFAULT_TEMPLATE "{label} {confidence:.0%}"

typedef struct _GstEmotion2vecTemplate GstEmotion2vecTemplate;

/* Fails with GST_RESOURCE_ERROR_SETTINGS and a message that says what is wrong where, and what is known. */
GstEmotion2vecTemplate *gst_emotion2vec_template_new (const char *text, GError ** error);
void gst_emotion2vec_template_free (GstEmotion2vecTemplate * template);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEmotion2vecTemplate, gst_emotion2vec_template_free)

/* Appends the text for the result @fields. @markup: values are escaped for Pango's markup; the template's own text stays. */
void gst_emotion2vec_template_write (const GstEmotion2vecTemplate * template, const GstStructure * fields,
    gboolean markup, GString * text);

G_END_DECLS

#endif
