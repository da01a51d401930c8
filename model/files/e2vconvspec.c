/* e2vconvspec.c - reads a list of convolutions as configurations write it.
 *
 *   spec   = repeat { "+" repeat }
 *   repeat = list [ "*" number ]
 *   list   = "[" triple { "," triple } [ "," ] "]"
 *   triple = ( "(" | "[" ) number "," number "," number ( ")" | "]" )
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vconvspec.h"

#include <string.h>

/* Larger numbers are refused by e2v_hparams_validate() anyway. */
#define MAX_NUMBER 1000000

typedef struct
{
  const char *at;
  E2vConvLayer layers[E2V_MAX_CONV_LAYERS];
  guint n;
} Parser;

static char
peek (Parser * p)
{
  while (g_ascii_isspace (*p->at))
    p->at++;
  return *p->at;
}

static gboolean
accept (Parser * p, char c)
{
  if (peek (p) != c)
    return FALSE;
  p->at++;
  return TRUE;
}

static gboolean
parse_number (Parser * p, guint * number)
{
  guint value = 0;

  if (!g_ascii_isdigit (peek (p)))
    return FALSE;
  for (; g_ascii_isdigit (*p->at); p->at++) {
    value = 10 * value + (guint) (*p->at - '0');
    if (value > MAX_NUMBER)
      return FALSE;
  }
  *number = value;
  return TRUE;
}

static gboolean
parse_triple (Parser * p)
{
  gboolean square = peek (p) == '[';
  E2vConvLayer layer;

  if (!accept (p, square ? '[' : '(')
      || !parse_number (p, &layer.channels) || !accept (p, ',')
      || !parse_number (p, &layer.kernel) || !accept (p, ',')
      || !parse_number (p, &layer.stride) || !accept (p, square ? ']' : ')')
      || p->n >= E2V_MAX_CONV_LAYERS)
    return FALSE;
  p->layers[p->n++] = layer;
  return TRUE;
}

static gboolean
parse_list (Parser * p)
{
  if (!accept (p, '[') || !parse_triple (p))
    return FALSE;
  while (accept (p, ',')) {
    if (peek (p) == ']')
      break;
    if (!parse_triple (p))
      return FALSE;
  }
  return accept (p, ']');
}

static gboolean
parse_repeat (Parser * p)
{
  guint first = p->n, length, times;

  if (!parse_list (p))
    return FALSE;
  if (!accept (p, '*'))
    return TRUE;
  length = p->n - first;
  if (!parse_number (p, &times)
      || times > (E2V_MAX_CONV_LAYERS - first) / length)
    return FALSE;
  p->n = first;
  for (guint i = 0; i < times; i++, p->n += length)
    memmove (&p->layers[p->n], &p->layers[first], length * sizeof *p->layers);
  return TRUE;
}

gboolean
e2v_conv_spec_parse (const char *text, E2vConvLayer * layers, guint * n_layers)
{
  Parser p = {.at = text };

  do {
    if (!parse_repeat (&p))
      return FALSE;
  } while (accept (&p, '+'));
  if (peek (&p) != '\0' || p.n == 0)
    return FALSE;
  memcpy (layers, p.layers, p.n * sizeof *layers);
  *n_layers = p.n;
  return TRUE;
}
