/* e2vselfcheck.h - an executor proves itself before it is believed.
 *
 * Drivers and shader compilers answer wrongly without an error. So the first time that a model meets a device, driver,
 * precision and shader family, the model's self-test is run there. That it passed is remembered in the user's cache
 * folder, gst-emotion2vec/selfcheck; a failure is never remembered. An executor that fails is given up for the next one
 * of a list, and a warning says so with the numbers.
 * Models without a self-test and executors without an identity (the reference executor) are believed.
 * MT: any thread; one caller at a time for an encoder.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_SELFCHECK_H
#define E2V_SELFCHECK_H

#include "e2vencoder.h"

G_BEGIN_DECLS

/* Runs the self-test unless this combination passed before.
 * Errors: E2V_ERROR_DEVICE with the numbers if the answer is wrong, those of e2v_encoder_run(). */
gboolean e2v_selfcheck (E2vEncoder * encoder, GError ** error);

/* Opens the executor of a step, counted from 0; NULL with @error if that fails, NULL without if no step is left. */
typedef E2vExecutor *(*E2vOpenFunc) (guint step, gpointer user_data, GError ** error);

/* An encoder on the first executor that opens and proves itself. Executors of the same identity and precision as one that
 * failed are passed over. Tests hand in executors that lie.
 * @warning: (out) (nullable) (transfer full): if it is not the executor of the first step: why, and what runs instead.
 * Errors: if no executor is left, E2V_ERROR_DEVICE with the numbers of those that answered wrongly; if none was opened,
 * the first step's error. */
E2vEncoder *e2v_selfcheck_open (E2vOpenFunc open, gpointer user_data, char **warning, GError ** error);

G_END_DECLS

#endif
