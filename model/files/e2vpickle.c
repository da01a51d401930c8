/* e2vpickle.c - reads Python's pickle format without Python.
 *
 * A pickle is a program for a stack machine. This machine has no instruction that calls anything: where Python would
 * import a name or call it, a GLOBAL or OPAQUE value is put down (e2vtorchvalue.h gives four names a meaning).
 *
 * (1) The machine is a loop and never recurses, so nesting costs no stack of ours.
 * (2) Every instruction takes at least one byte and makes at most one value, pushes at most one; so the pickle's size
 *     bounds time and memory, and fixed limits bound them again.
 * (3) References to the memo copy a pointer, never a value.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vpickle.h"

#include "e2vpicklemachine.h"
#include "e2vtorchvalue.h"

#include <errno.h>
#include <string.h>

/* The largest public checkpoint's pickle has some hundred kilobytes. */
#define MAX_VALUES (1 << 20)
#define MAX_NAME 256
#define MAX_NAMES_SIZE (4 << 20)
#define MAX_PROTOCOL 5

static gboolean
push_new (E2vMachine * m, E2vValueType type, GError ** error)
{
  return e2v_machine_push (m, e2v_value_new (m->pool, type), error);
}

static gboolean
push_int (E2vMachine * m, gint64 number, GError ** error)
{
  E2vValue *value = e2v_value_new (m->pool, E2V_VALUE_INT);

  value->v.integer = number;
  return e2v_machine_push (m, value, error);
}

static gboolean
push_bool (E2vMachine * m, gboolean truth, GError ** error)
{
  E2vValue *value = e2v_value_new (m->pool, E2V_VALUE_BOOL);

  value->v.integer = truth;
  return e2v_machine_push (m, value, error);
}

static gboolean
push_real (E2vMachine * m, double number, GError ** error)
{
  E2vValue *value = e2v_value_new (m->pool, E2V_VALUE_FLOAT);

  value->v.real = number;
  return e2v_machine_push (m, value, error);
}

static gboolean
push_opaque (E2vMachine * m, const char *name, GError ** error)
{
  return e2v_machine_push (m, e2v_value_new_object (m->pool, E2V_VALUE_OPAQUE,
          g_ref_string_new (name)), error);
}

static gboolean
push_text (E2vMachine * m, E2vValueType type, const guint8 * data, gsize size,
    GError ** error)
{
  E2vValue *value = e2v_value_new (m->pool, type);

  value->v.text.data = data;
  value->v.text.size = size;
  return e2v_machine_push (m, value, error);
}

/* Text or bytes behind a length of @width bytes. */
static gboolean
op_text (E2vMachine * m, E2vValueType type, guint width, GError ** error)
{
  const guint8 *data;
  guint64 size;

  if (!e2v_machine_read_number (m, width, &size, error))
    return FALSE;
  if (!e2v_bytes_take (&m->bytes, size, &data))
    return e2v_machine_truncated (error);
  return push_text (m, type, data, (gsize) size, error);
}

static gboolean
op_int (E2vMachine * m, guint width, GError ** error)
{
  guint64 number;

  if (!e2v_machine_read_number (m, width, &number, error))
    return FALSE;
  return push_int (m, width == 4 ? (gint32) number : (gint64) number, error);
}

/* A signed number of any width; what does not fit in 64 bits is of no use to us. */
static gboolean
op_long (E2vMachine * m, guint width, GError ** error)
{
  const guint8 *data;
  guint64 size, number = 0;

  if (!e2v_machine_read_number (m, width, &size, error))
    return FALSE;
  if (!e2v_bytes_take (&m->bytes, size, &data))
    return e2v_machine_truncated (error);
  if (size > 8)
    return push_opaque (m, "a large number", error);
  for (guint i = 0; i < size; i++)
    number |= (guint64) data[i] << (8 * i);
  if (size > 0 && size < 8 && (data[size - 1] & 0x80))
    number |= ~G_GUINT64_CONSTANT (0) << (8 * size);
  return push_int (m, (gint64) number, error);
}

static gboolean
op_binfloat (E2vMachine * m, GError ** error)
{
  const guint8 *data;
  guint64 bits;
  double number;

  if (!e2v_bytes_take (&m->bytes, 8, &data))
    return e2v_machine_truncated (error);
  memcpy (&bits, data, sizeof bits);
  bits = GUINT64_FROM_BE (bits);
  memcpy (&number, &bits, sizeof number);
  return push_real (m, number, error);
}

static gboolean
op_int_line (E2vMachine * m, GError ** error)
{
  char number[32], *end;
  gint64 value;

  if (!e2v_machine_read_decimal (m, number, error))
    return FALSE;
  if (strcmp (number, "01") == 0 || strcmp (number, "00") == 0)
    return push_bool (m, number[1] == '1', error);
  errno = 0;
  value = g_ascii_strtoll (number, &end, 10);
  if (end == number || errno == ERANGE)
    return push_opaque (m, "a large number", error);
  return push_int (m, value, error);
}

static gboolean
op_float_line (E2vMachine * m, GError ** error)
{
  char number[32];

  return e2v_machine_read_decimal (m, number, error)
      && push_real (m, g_ascii_strtod (number, NULL), error);
}

/* @quoted: between two quotation marks; escapes stay as they are. */
static gboolean
op_text_line (E2vMachine * m, gboolean quoted, GError ** error)
{
  const guint8 *line;
  gsize size;

  if (!e2v_machine_read_line (m, &line, &size, error))
    return FALSE;
  if (quoted) {
    if (size < 2)
      return e2v_bad_format (error, "the pickle has a string without quotation "
          "marks");
    line++;
    size -= 2;
  }
  return push_text (m, E2V_VALUE_STRING, line, size, error);
}

/* Joins module and name; bytes that are no UTF-8 are replaced, the name is only shown and compared. */
static gboolean
push_global (E2vMachine * m, const guint8 * module, gsize module_size,
    const guint8 * name, gsize name_size, GError ** error)
{
  g_autofree char *joined = NULL, *valid = NULL;

  if (module_size > MAX_NAME || name_size > MAX_NAME)
    return e2v_bad_format (error, "the pickle has a class with a name of %"
        G_GSIZE_FORMAT " bytes", MAX (module_size, name_size));
  m->names_size += module_size + name_size;
  if (m->names_size > MAX_NAMES_SIZE)
    return e2v_bad_format (error, "the pickle names too many classes");
  joined = g_strdup_printf ("%.*s.%.*s", (int) module_size,
      (const char *) module, (int) name_size, (const char *) name);
  valid = g_utf8_make_valid (joined, -1);
  return e2v_machine_push (m, e2v_value_new_object (m->pool, E2V_VALUE_GLOBAL,
          g_ref_string_new (valid)), error);
}

static gboolean
op_global (E2vMachine * m, GError ** error)
{
  const guint8 *module, *name;
  gsize module_size, name_size;

  return e2v_machine_read_line (m, &module, &module_size, error)
      && e2v_machine_read_line (m, &name, &name_size, error)
      && push_global (m, module, module_size, name, name_size, error);
}

static gboolean
op_stack_global (E2vMachine * m, GError ** error)
{
  E2vValue *module, *name;

  if (!e2v_machine_need (m, 2, error))
    return FALSE;
  name = e2v_machine_pop (m);
  module = e2v_machine_pop (m);
  if (name->type != E2V_VALUE_STRING || module->type != E2V_VALUE_STRING)
    return e2v_bad_format (error, "the pickle names a class by something that "
        "is no string");
  return push_global (m, module->v.text.data, module->v.text.size,
      name->v.text.data, name->v.text.size, error);
}

/* Appends stack[base ...] to a container, which grows once, and takes them off the stack. */
static void
move_items (E2vMachine * m, guint base, E2vValue * container)
{
  GPtrArray *items = container->v.items;
  const guint old = items->len, n = m->stack->len - base;

  if (n > 0) {
    g_ptr_array_set_size (items, (int) (old + n));
    memcpy (items->pdata + old, m->stack->pdata + base,
        n * sizeof items->pdata[0]);
  }
  e2v_machine_drop (m, base);
}

/* A tuple or list of all values above the mark, or a dict of them. */
static gboolean
op_collect (E2vMachine * m, E2vValueType type, GError ** error)
{
  E2vValue *container;
  guint base, n;

  if (!e2v_machine_take_mark (m, &base, &n, error))
    return FALSE;
  if (type == E2V_VALUE_DICT && n % 2 != 0)
    return e2v_bad_format (error, "the pickle has a key without a value");
  container = e2v_value_new (m->pool, type);
  move_items (m, base, container);
  return e2v_machine_push (m, container, error);
}

static gboolean
op_tuple_of (E2vMachine * m, guint n, GError ** error)
{
  E2vValue *tuple;

  if (!e2v_machine_need (m, n, error))
    return FALSE;
  tuple = e2v_value_new (m->pool, E2V_VALUE_TUPLE);
  move_items (m, m->stack->len - n, tuple);
  return e2v_machine_push (m, tuple, error);
}

/* Adds stack[base ...] to the @type below them; opaque values swallow everything. */
static gboolean
add_items (E2vMachine * m, guint base, E2vValueType type, GError ** error)
{
  E2vValue *container;

  if (base == 0)
    return e2v_bad_format (error, "the pickle adds items to nothing");
  if (type == E2V_VALUE_DICT && (m->stack->len - base) % 2 != 0)
    return e2v_bad_format (error, "the pickle has a key without a value");
  container = g_ptr_array_index (m->stack, base - 1);
  if (container->type == type)
    move_items (m, base, container);
  else if (container->type == E2V_VALUE_OPAQUE
      || container->type == E2V_VALUE_GLOBAL)
    e2v_machine_drop (m, base);
  else
    return e2v_bad_format (error, "the pickle adds items to a value that holds "
        "none");
  return TRUE;
}

static gboolean
op_add_above_mark (E2vMachine * m, E2vValueType type, GError ** error)
{
  guint base, n;

  return e2v_machine_take_mark (m, &base, &n, error)
      && add_items (m, base, type, error);
}

static gboolean
op_add (E2vMachine * m, E2vValueType type, guint n, GError ** error)
{
  return e2v_machine_need (m, n + 1, error)
      && add_items (m, m->stack->len - n, type, error);
}

/* Pops arguments and what they are given to, pushes what comes out. */
static gboolean
op_call (E2vMachine * m, GError ** error)
{
  E2vValue *args, *callable;

  if (!e2v_machine_need (m, 2, error))
    return FALSE;
  args = e2v_machine_pop (m);
  callable = e2v_machine_pop (m);
  return e2v_machine_push (m, e2v_torch_call (m->pool, callable, args), error);
}

/* NEWOBJ_EX: class, positional and named arguments. */
static gboolean
op_call_named (E2vMachine * m, GError ** error)
{
  if (!e2v_machine_need (m, 3, error))
    return FALSE;
  e2v_machine_pop (m);
  return op_call (m, error);
}

/* OBJ has the class above the mark, INST in the stream. */
static gboolean
op_obj (E2vMachine * m, GError ** error)
{
  E2vValue *callable;
  guint base, n;

  if (!e2v_machine_take_mark (m, &base, &n, error))
    return FALSE;
  if (n == 0)
    return e2v_bad_format (error, "the pickle makes an object of no class");
  callable = g_ptr_array_index (m->stack, base);
  e2v_machine_drop (m, base);
  return e2v_machine_push (m, e2v_torch_call (m->pool, callable,
          e2v_value_new (m->pool, E2V_VALUE_TUPLE)), error);
}

static gboolean
op_inst (E2vMachine * m, GError ** error)
{
  E2vValue *callable;
  guint base, n;

  if (!e2v_machine_take_mark (m, &base, &n, error))
    return FALSE;
  e2v_machine_drop (m, base);
  if (!op_global (m, error))
    return FALSE;
  callable = e2v_machine_pop (m);
  return e2v_machine_push (m, e2v_torch_call (m->pool, callable,
          e2v_value_new (m->pool, E2V_VALUE_TUPLE)), error);
}

/* Gives an object its state. Of (attributes, slots) the attributes are kept; containers have no use for a state. */
static gboolean
op_build (E2vMachine * m, GError ** error)
{
  E2vValue *state, *object;

  if (!e2v_machine_need (m, 2, error))
    return FALSE;
  state = e2v_machine_pop (m);
  object = e2v_machine_top (m);
  if (object->type != E2V_VALUE_OPAQUE)
    return TRUE;
  if (state->type == E2V_VALUE_TUPLE && e2v_value_length (state) == 2)
    object->v.object.state = e2v_value_item (state, 0);
  else
    object->v.object.state = state;
  return TRUE;
}

static gboolean
op_persistent (E2vMachine * m, GError ** error)
{
  if (!e2v_machine_need (m, 1, error))
    return FALSE;
  return e2v_machine_push (m, e2v_torch_persistent (m->pool,
          e2v_machine_pop (m)), error);
}

static gboolean
op_persistent_line (E2vMachine * m, GError ** error)
{
  const guint8 *line;
  gsize size;

  return e2v_machine_read_line (m, &line, &size, error)
      && push_opaque (m, "persistent id", error);
}

/* @width: bytes of the number, 0 for a line. */
static gboolean
op_memo (E2vMachine * m, gboolean put, guint width, GError ** error)
{
  char line[32];
  guint64 number;

  if (width > 0) {
    if (!e2v_machine_read_number (m, width, &number, error))
      return FALSE;
  } else {
    if (!e2v_machine_read_decimal (m, line, error))
      return FALSE;
    number = g_ascii_strtoull (line, NULL, 10);
  }
  return put ? e2v_machine_memo_put (m, number,
      error) : e2v_machine_memo_get (m, number, error);
}

static gboolean
op_pop (E2vMachine * m, GError ** error)
{
  guint base, n;

  if (e2v_machine_depth (m) == 0)
    return e2v_machine_take_mark (m, &base, &n, error);
  e2v_machine_pop (m);
  return TRUE;
}

static gboolean
op_pop_mark (E2vMachine * m, GError ** error)
{
  guint base, n;

  if (!e2v_machine_take_mark (m, &base, &n, error))
    return FALSE;
  e2v_machine_drop (m, base);
  return TRUE;
}

static gboolean
op_protocol (E2vMachine * m, GError ** error)
{
  guint64 protocol;

  if (!e2v_machine_read_number (m, 1, &protocol, error))
    return FALSE;
  if (protocol > MAX_PROTOCOL)
    return e2v_bad_format (error, "pickle protocol %" G_GUINT64_FORMAT
        ", up to %u are supported", protocol, MAX_PROTOCOL);
  return TRUE;
}

static gboolean
op_frame (E2vMachine * m, GError ** error)
{
  guint64 size;

  return e2v_machine_read_number (m, 8, &size, error);
}

/* A set is of no use to us. */
static gboolean
op_frozenset (E2vMachine * m, GError ** error)
{
  return op_pop_mark (m, error) && push_opaque (m, "frozenset", error);
}

/* One instruction. The names are those of Python's pickletools. */
static gboolean
step (E2vMachine * m, guint8 opcode, GError ** error)
{
  switch (opcode) {
    case '(':                  /* MARK */
      return e2v_machine_mark (m, error);
    case '0':                  /* POP */
      return op_pop (m, error);
    case '1':                  /* POP_MARK */
      return op_pop_mark (m, error);
    case '2':                  /* DUP */
      return e2v_machine_need (m, 1, error)
          && e2v_machine_push (m, e2v_machine_top (m), error);
    case 'N':                  /* NONE */
      return push_new (m, E2V_VALUE_NONE, error);
    case 0x88:                 /* NEWTRUE */
    case 0x89:                 /* NEWFALSE */
      return push_bool (m, opcode == 0x88, error);
    case 'I':                  /* INT */
    case 'L':                  /* LONG */
      return op_int_line (m, error);
    case 'K':                  /* BININT1 */
      return op_int (m, 1, error);
    case 'M':                  /* BININT2 */
      return op_int (m, 2, error);
    case 'J':                  /* BININT */
      return op_int (m, 4, error);
    case 0x8a:                 /* LONG1 */
      return op_long (m, 1, error);
    case 0x8b:                 /* LONG4 */
      return op_long (m, 4, error);
    case 'F':                  /* FLOAT */
      return op_float_line (m, error);
    case 'G':                  /* BINFLOAT */
      return op_binfloat (m, error);
    case 'S':                  /* STRING */
      return op_text_line (m, TRUE, error);
    case 'V':                  /* UNICODE */
      return op_text_line (m, FALSE, error);
    case 'U':                  /* SHORT_BINSTRING */
    case 0x8c:                 /* SHORT_BINUNICODE */
      return op_text (m, E2V_VALUE_STRING, 1, error);
    case 'T':                  /* BINSTRING */
    case 'X':                  /* BINUNICODE */
      return op_text (m, E2V_VALUE_STRING, 4, error);
    case 0x8d:                 /* BINUNICODE8 */
      return op_text (m, E2V_VALUE_STRING, 8, error);
    case 'C':                  /* SHORT_BINBYTES */
      return op_text (m, E2V_VALUE_BYTES, 1, error);
    case 'B':                  /* BINBYTES */
      return op_text (m, E2V_VALUE_BYTES, 4, error);
    case 0x8e:                 /* BINBYTES8 */
    case 0x96:                 /* BYTEARRAY8 */
      return op_text (m, E2V_VALUE_BYTES, 8, error);
    case ')':                  /* EMPTY_TUPLE */
      return push_new (m, E2V_VALUE_TUPLE, error);
    case 't':                  /* TUPLE */
      return op_collect (m, E2V_VALUE_TUPLE, error);
    case 0x85:                 /* TUPLE1 */
    case 0x86:                 /* TUPLE2 */
    case 0x87:                 /* TUPLE3 */
      return op_tuple_of (m, opcode - 0x84, error);
    case ']':                  /* EMPTY_LIST */
      return push_new (m, E2V_VALUE_LIST, error);
    case 'l':                  /* LIST */
      return op_collect (m, E2V_VALUE_LIST, error);
    case 'a':                  /* APPEND */
      return op_add (m, E2V_VALUE_LIST, 1, error);
    case 'e':                  /* APPENDS */
    case 0x90:                 /* ADDITEMS */
      return op_add_above_mark (m, E2V_VALUE_LIST, error);
    case '}':                  /* EMPTY_DICT */
      return push_new (m, E2V_VALUE_DICT, error);
    case 'd':                  /* DICT */
      return op_collect (m, E2V_VALUE_DICT, error);
    case 's':                  /* SETITEM */
      return op_add (m, E2V_VALUE_DICT, 2, error);
    case 'u':                  /* SETITEMS */
      return op_add_above_mark (m, E2V_VALUE_DICT, error);
    case 0x8f:                 /* EMPTY_SET */
      return push_opaque (m, "set", error);
    case 0x91:                 /* FROZENSET */
      return op_frozenset (m, error);
    case 'c':                  /* GLOBAL */
      return op_global (m, error);
    case 0x93:                 /* STACK_GLOBAL */
      return op_stack_global (m, error);
    case 'R':                  /* REDUCE */
    case 0x81:                 /* NEWOBJ */
      return op_call (m, error);
    case 0x92:                 /* NEWOBJ_EX */
      return op_call_named (m, error);
    case 'o':                  /* OBJ */
      return op_obj (m, error);
    case 'i':                  /* INST */
      return op_inst (m, error);
    case 'b':                  /* BUILD */
      return op_build (m, error);
    case 'Q':                  /* BINPERSID */
      return op_persistent (m, error);
    case 'P':                  /* PERSID */
      return op_persistent_line (m, error);
    case 'p':                  /* PUT */
      return op_memo (m, TRUE, 0, error);
    case 'q':                  /* BINPUT */
      return op_memo (m, TRUE, 1, error);
    case 'r':                  /* LONG_BINPUT */
      return op_memo (m, TRUE, 4, error);
    case 0x94:                 /* MEMOIZE */
      return e2v_machine_memo_put (m, m->n_memo, error);
    case 'g':                  /* GET */
      return op_memo (m, FALSE, 0, error);
    case 'h':                  /* BINGET */
      return op_memo (m, FALSE, 1, error);
    case 'j':                  /* LONG_BINGET */
      return op_memo (m, FALSE, 4, error);
    case 0x80:                 /* PROTO */
      return op_protocol (m, error);
    case 0x95:                 /* FRAME */
      return op_frame (m, error);
    default:
      return e2v_bad_format (error, "the pickle has the unknown opcode 0x%02x "
          "at byte %" G_GSIZE_FORMAT, opcode, m->bytes.pos - 1);
  }
}

static const E2vValue *
run (E2vMachine * m, GError ** error)
{
  guint8 opcode;

  while (e2v_bytes_u8 (&m->bytes, &opcode)) {
    if (opcode == '.') {
      if (m->marks->len == 0 && m->stack->len == 1)
        return e2v_machine_top (m);
      e2v_bad_format (error, "the pickle ends with %u values and %u open marks "
          "on its stack instead of one value", m->stack->len, m->marks->len);
      return NULL;
    }
    if (!step (m, opcode, error))
      return NULL;
    if (e2v_value_pool_size (m->pool) > MAX_VALUES) {
      e2v_bad_format (error, "the pickle has more than %u values", MAX_VALUES);
      return NULL;
    }
  }
  e2v_machine_truncated (error);
  return NULL;
}

const E2vValue *
e2v_pickle_read (E2vValuePool * pool, const guint8 * data, gsize size,
    gsize * used, GError ** error)
{
  E2vMachine m;
  const E2vValue *value;

  e2v_machine_init (&m, pool, data, MIN (size, E2V_PICKLE_MAX_SIZE));
  value = run (&m, error);
  if (value && used)
    *used = m.bytes.pos;
  e2v_machine_clear (&m);
  return value;
}
