/* jsonwriter.h - writes one JSON value on one line, with numbers as short as they can be without losing a bit.
 *
 * json-glib writes every float as a double of 17 digits, three times the length an embedding needs; hence this one.
 * The caller nests begin and end calls properly. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef JSON_WRITER_H
#define JSON_WRITER_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  GString *text;
  gboolean need_comma;          /* a value was written before on this level */
} JsonWriter;

void json_writer_init (JsonWriter * json);

/* Prints the text and a line end to standard output, flushes, and frees the memory. */
void json_writer_print (JsonWriter * json);

/* (transfer full): the text without a line end. */
char *json_writer_finish (JsonWriter * json);

/* @bracket: '{' or '[' to begin, '}' or ']' to end. @key: NULL inside arrays and at the top. */
void json_writer_begin (JsonWriter * json, const char *key, char bracket);
void json_writer_end (JsonWriter * json, char bracket);

/* NULL becomes null; bytes that are not UTF-8 are replaced. */
void json_writer_string (JsonWriter * json, const char *key, const char *value);
void json_writer_integer (JsonWriter * json, const char *key, guint64 value);
void json_writer_boolean (JsonWriter * json, const char *key, gboolean value);
/* What is not finite becomes null, as JSON has no word for it. */
void json_writer_double (JsonWriter * json, const char *key, double value);
void json_writer_float (JsonWriter * json, const char *key, float value);
void json_writer_floats (JsonWriter * json, const char *key, const float *values, gsize n);

G_END_DECLS

#endif
