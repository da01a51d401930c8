/* e2vencoderpriv.h - the encoder from inside: for e2vencoder.c, e2vprograms.c and e2vrecover.c.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_ENCODER_PRIV_H
#define E2V_ENCODER_PRIV_H

#include "e2vencoder.h"

G_BEGIN_DECLS

/* Programs kept for recent (batch, length) pairs: a stream has one or two, tails of files come and go. */
#define E2V_ENCODER_MAX_PROGRAMS 6

typedef struct
{
  E2vPlan *plan;
  E2vProgram *program;
  guint64 last_use;
} E2vPrepared;

struct _E2vEncoder
{
  /* immutable: other threads ask for these while the worker exchanges the executor */
  E2vModel *model;
  const char *name;
  char *description;
  E2vPrecision precision;

  E2vExecutor *executor;
  gboolean closed;              /* the executor gave its device back; the next call opens it again */
  E2vPrepared programs[E2V_ENCODER_MAX_PROGRAMS];
  guint64 clock;                /* counts uses */
  E2vEncoder *full;             /* the same device in fp32; NULL until half precision overflowed */
  gboolean not_finite;          /* the last batch gave a value that is not finite, in fp32 too if it was run there */
  guint64 n_reruns, n_rebuilds;
  char *rebuild_reason;         /* what made the last rebuild necessary */
};

/* A plan made ready on the encoder's executor. @prepared: all zero; so it stays on failure. */
gboolean e2v_prepared_init (E2vPrepared * prepared, E2vEncoder * encoder, const E2vPlanRequest * request,
    GError ** error);
void e2v_prepared_clear (E2vPrepared * prepared);

/* The program for a request: a kept one, or a new one in place of the one that was not used for longest. */
E2vPrepared *e2v_encoder_find_program (E2vEncoder * encoder, const E2vPlanRequest * request, GError ** error);

/* Something to do on the device, which can be done again if it fails. */
typedef gboolean (*E2vAttempt) (E2vEncoder * encoder, gpointer work, GError ** error);

/* Opens the device if it is closed. */
gboolean e2v_encoder_ensure_open (E2vEncoder * encoder, GError ** error);

/* Does it, and if the device is lost, out of memory or gives a value that is not finite, once more on a device that was
 * opened again. If that fails too, @error has both
 * messages, and a device that is lost or out of memory is closed. */
gboolean e2v_encoder_attempt (E2vEncoder * encoder, E2vAttempt attempt, gpointer work, GError ** error);

G_END_DECLS

#endif
