/* e2vvalue.h - what a pickle can hold for us: plain values, containers, tensors, and opaque things.
 *
 * Values live in a pool and may refer to each other in any way, also in circles; nothing here follows references deeper
 * than the caller asks. MT: a pool belongs to one thread while it is filled, then it is immutable.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_VALUE_H
#define E2V_VALUE_H

#include "e2vtensor.h"

G_BEGIN_DECLS

typedef enum
{
  E2V_VALUE_NONE,
  E2V_VALUE_BOOL,
  E2V_VALUE_INT,
  E2V_VALUE_FLOAT,
  E2V_VALUE_STRING,             /* UTF-8 as a rule: see e2v_value_to_text() */
  E2V_VALUE_BYTES,
  E2V_VALUE_TUPLE,
  E2V_VALUE_LIST,
  E2V_VALUE_DICT,
  E2V_VALUE_STORAGE,            /* a run of numbers in the checkpoint */
  E2V_VALUE_TENSOR,             /* a view of a storage */
  E2V_VALUE_GLOBAL,             /* the name of a class or function; never looked up */
  E2V_VALUE_OPAQUE,             /* what a class or function of that name would have made; never made */
} E2vValueType;

typedef struct _E2vValue E2vValue;

typedef struct
{
  const E2vValue *key;          /* name of the storage in the checkpoint, a string */
  const char *type_name;        /* "FloatStorage" */
  gboolean has_dtype;           /* E2vDtype knows the element type */
  E2vDtype dtype;
  gsize element_size;           /* bytes */
  guint64 n_elements;
} E2vStorage;

typedef struct
{
  const E2vValue *storage;
  guint64 offset;               /* elements, like the strides */
  guint n_dims;
  guint64 dims[E2V_MAX_DIMS], strides[E2V_MAX_DIMS];
} E2vView;

struct _E2vValue
{
  E2vValueType type;
  union
  {
    gint64 integer;             /* of INT and BOOL */
    double real;
    struct
    {
      const guint8 *data;       /* borrowed from the pickle, not terminated */
      gsize size;
    } text;                     /* of STRING and BYTES */
    GPtrArray *items;           /* of TUPLE and LIST; of DICT: key, value, key, value, ... */
    E2vStorage storage;
    E2vView *view;
    struct
    {
      GRefString *name;         /* "module.name", shared */
      const E2vValue *state;    /* what BUILD gave it, (nullable) */
    } object;                   /* of GLOBAL and OPAQUE */
  } v;
};

typedef struct _E2vValuePool E2vValuePool;

E2vValuePool *e2v_value_pool_new (void);
void e2v_value_pool_free (E2vValuePool * pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (E2vValuePool, e2v_value_pool_free)

guint e2v_value_pool_size (const E2vValuePool * pool);
const E2vValue *e2v_value_pool_get (const E2vValuePool * pool, guint index);

/* A value that the pool owns; containers begin empty. */
E2vValue *e2v_value_new (E2vValuePool * pool, E2vValueType type);

/* @name: (transfer full). */
E2vValue *e2v_value_new_object (E2vValuePool * pool, E2vValueType type, GRefString * name);

/* Number of items of a TUPLE or LIST, of pairs of a DICT, 0 of anything else. */
guint e2v_value_length (const E2vValue * value);

/* Item of a TUPLE or LIST, key and value of a DICT. */
const E2vValue *e2v_value_item (const E2vValue * value, guint index);
const E2vValue *e2v_value_pair (const E2vValue * dict, guint index, const E2vValue ** key);

/* The value of a DICT under a key that is @key, the last one if there are several; NULL if there is none or @dict is no
 * DICT. */
const E2vValue *e2v_value_get (const E2vValue * dict, const char *key);

/* Whether @value is the string @text. */
gboolean e2v_value_equals (const E2vValue * value, const char *text);

/* Orders two values of STRING or BYTES by their bytes: below, at or above 0, as strcmp() does. */
int e2v_value_compare_texts (const E2vValue * a, const E2vValue * b);

/* The string if @value is one of UTF-8 without NUL, else NULL. (transfer full) */
char *e2v_value_to_text (const E2vValue * value);

G_END_DECLS

#endif
