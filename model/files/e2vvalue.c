/* e2vvalue.c - what a pickle can hold for us.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vvalue.h"

#include <string.h>

struct _E2vValuePool
{
  GPtrArray *values;
};

static void
free_value (gpointer data)
{
  E2vValue *value = data;

  switch (value->type) {
    case E2V_VALUE_TUPLE:
    case E2V_VALUE_LIST:
    case E2V_VALUE_DICT:
      g_ptr_array_unref (value->v.items);
      break;
    case E2V_VALUE_TENSOR:
      g_free (value->v.view);
      break;
    case E2V_VALUE_GLOBAL:
    case E2V_VALUE_OPAQUE:
      g_ref_string_release (value->v.object.name);
      break;
    default:
      break;
  }
  g_free (value);
}

E2vValuePool *
e2v_value_pool_new (void)
{
  E2vValuePool *pool = g_new (E2vValuePool, 1);

  pool->values = g_ptr_array_new_with_free_func (free_value);
  return pool;
}

void
e2v_value_pool_free (E2vValuePool * pool)
{
  if (!pool)
    return;
  g_ptr_array_unref (pool->values);
  g_free (pool);
}

guint
e2v_value_pool_size (const E2vValuePool * pool)
{
  return pool->values->len;
}

const E2vValue *
e2v_value_pool_get (const E2vValuePool * pool, guint index)
{
  return g_ptr_array_index (pool->values, index);
}

E2vValue *
e2v_value_new (E2vValuePool * pool, E2vValueType type)
{
  E2vValue *value = g_new0 (E2vValue, 1);

  value->type = type;
  if (type == E2V_VALUE_TUPLE || type == E2V_VALUE_LIST
      || type == E2V_VALUE_DICT)
    value->v.items = g_ptr_array_new ();
  else if (type == E2V_VALUE_TENSOR)
    value->v.view = g_new0 (E2vView, 1);
  g_ptr_array_add (pool->values, value);
  return value;
}

E2vValue *
e2v_value_new_object (E2vValuePool * pool, E2vValueType type, GRefString * name)
{
  E2vValue *value = e2v_value_new (pool, type);

  value->v.object.name = name;
  return value;
}

guint
e2v_value_length (const E2vValue * value)
{
  switch (value->type) {
    case E2V_VALUE_TUPLE:
    case E2V_VALUE_LIST:
      return value->v.items->len;
    case E2V_VALUE_DICT:
      return value->v.items->len / 2;
    default:
      return 0;
  }
}

const E2vValue *
e2v_value_item (const E2vValue * value, guint index)
{
  g_return_val_if_fail (index < e2v_value_length (value), NULL);
  return g_ptr_array_index (value->v.items, index);
}

const E2vValue *
e2v_value_pair (const E2vValue * dict, guint index, const E2vValue ** key)
{
  g_return_val_if_fail (index < e2v_value_length (dict), NULL);
  *key = g_ptr_array_index (dict->v.items, 2 * index);
  return g_ptr_array_index (dict->v.items, 2 * index + 1);
}

const E2vValue *
e2v_value_get (const E2vValue * dict, const char *key)
{
  if (dict->type != E2V_VALUE_DICT)
    return NULL;
  for (guint i = e2v_value_length (dict); i > 0; i--) {
    if (e2v_value_equals (dict->v.items->pdata[2 * i - 2], key))
      return dict->v.items->pdata[2 * i - 1];
  }
  return NULL;
}

gboolean
e2v_value_equals (const E2vValue * value, const char *text)
{
  return value->type == E2V_VALUE_STRING && value->v.text.size == strlen (text)
      && memcmp (value->v.text.data, text, value->v.text.size) == 0;
}

int
e2v_value_compare_texts (const E2vValue * a, const E2vValue * b)
{
  gsize common = MIN (a->v.text.size, b->v.text.size);
  int order = common ? memcmp (a->v.text.data, b->v.text.data, common) : 0;

  if (order != 0)
    return order;
  return a->v.text.size < b->v.text.size ? -1 : a->v.text.size > b->v.text.size;
}

char *
e2v_value_to_text (const E2vValue * value)
{
  if (value->type != E2V_VALUE_STRING
      || !g_utf8_validate_len ((const char *) value->v.text.data,
          value->v.text.size, NULL))
    return NULL;
  return g_strndup ((const char *) value->v.text.data, value->v.text.size);
}
