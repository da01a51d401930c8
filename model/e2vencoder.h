/* e2vencoder.h - windows of speech in, features and scores out: the front door of model/.
 *
 * An encoder is a model on a device. It normalises each window by itself, groups windows of one length into batches,
 * keeps the programs of recent lengths, and reads the results back. A device that is lost is opened again.
 * MT: one caller at a time; e2v_encoder_model(), _description(), _executor_name() and _precision() from any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_ENCODER_H
#define E2V_ENCODER_H

#include "e2vexecutor.h"

G_BEGIN_DECLS

typedef struct _E2vEncoder E2vEncoder;

/* @device: "auto" (a Vulkan device, else "cpu" with a warning), "vulkan" (the best Vulkan device), an index, part of a
 * device's name, a UUID, "cpu" (the host executor; the reference executor where this build has no other, and with a
 * warning where there is no BLAS or a wrong one) or "ref" (the reference executor by choice).
 * A device, "cpu" too, has to prove itself (e2vselfcheck.h). If it answers wrongly, or fails, the scalar shaders are tried, then fp32,
 * then, for "auto" and "vulkan", the next device. A shader family forced by EMOTION2VEC_SHADERS is never exchanged.
 * @warning: (out) (nullable) (transfer full): why it is not the first choice, and what runs instead; NULL if it is.
 * Errors: as e2v_vulkan_new() and e2v_ref_new(); E2V_ERROR_DEVICE with the numbers if all that is left answers wrongly. */
E2vEncoder *e2v_encoder_new (E2vModel * model, const char *device, E2vPrecision precision, char **warning,
    GError ** error);

/* By default "cpu" computes on the one thread that runs an encoder. From this call on, in the whole process, on all threads that
 * the BLAS has: for programs that have the machine to themselves. See e2vhost.h. */
void e2v_encoder_use_all_threads (void);

/* On an executor that the caller opened, believed without proof. @executor: (transfer full). Never fails. */
E2vEncoder *e2v_encoder_new_on (E2vExecutor * executor);

/* Frees the programs kept for recent lengths, and with them their memory on the device. */
void e2v_encoder_forget_programs (E2vEncoder * encoder);

void e2v_encoder_free (E2vEncoder * encoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (E2vEncoder, e2v_encoder_free)

E2vModel *e2v_encoder_model (E2vEncoder * encoder);     /* (transfer none) */
const char *e2v_encoder_description (E2vEncoder * encoder);     /* device and shaders, for people */
const char *e2v_encoder_identity (E2vEncoder * encoder);        /* (nullable): for verdicts; until the next run */
/* Whether it runs on a software Vulkan device where this build has a faster way to use the same processor, "cpu". */
gboolean e2v_encoder_is_outrun (E2vEncoder * encoder);
const char *e2v_encoder_executor_name (E2vEncoder * encoder);   /* "ref", "host", "vulkan" */
E2vPrecision e2v_encoder_precision (E2vEncoder * encoder);      /* in force, never AUTO */
guint64 e2v_encoder_n_reruns (E2vEncoder * encoder);    /* windows run again in fp32 so far */
guint64 e2v_encoder_n_rebuilds (E2vEncoder * encoder);  /* times that the device was opened again so far */
/* (nullable): what went wrong before it was opened again the last time; until the next run */
const char *e2v_encoder_rebuild_reason (E2vEncoder * encoder);

/* Mono samples at 16 kHz, full scale +-1, not normalised. */
typedef struct
{
  const float *samples;
  guint n_samples;
} E2vWindow;

typedef enum
{
  E2V_WANT_FRAMES = 1 << 0,     /* frame features */
  E2V_WANT_FRAME_SCORES = 1 << 1,       /* the head on each frame; needs a head */
  /* For self-tests: what half precision cannot hold is an error, and a lost device is not opened again. */
  E2V_WANT_AS_IT_IS = 1 << 2,
} E2vWant;

/* What one window gave. Arrays are row-major. */
typedef struct
{
  guint n_frames, dim, n_classes;
  float *utterance;             /* [dim], the mean of the frame features */
  float *logits, *scores;       /* [n_classes]; NULL without a head */
  float *frames;                /* [n_frames][dim], NULL unless wanted */
  float *frame_scores;          /* [n_frames][n_classes], NULL unless wanted */
  gboolean rerun;               /* from fp32, since a value of its batch was not finite in half precision */
} E2vResult;

void e2v_result_free (E2vResult * result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (E2vResult, e2v_result_free)

/* Runs the windows, which may differ in length. All or nothing. A batch that gives a value that is not finite in half
 * precision is run again in fp32 on the same device, which is opened then and proves itself. If the device is lost, or
 * gives such a value in fp32, it is opened again, proves itself, and the batch is run again, once a batch. If it is
 * out of memory, the programs of other lengths are freed first. After an error the encoder stays of use: the next run
 * opens the device again if need be.
 * @results: (out) (array length=n_windows): one result a window, each to be freed; untouched on failure.
 * Errors: E2V_ERROR_ARGUMENT (a window is too short or not finite), E2V_ERROR_TOO_LARGE (longer than
 * E2V_MAX_WINDOW_SAMPLES), those of the executor; E2V_ERROR_DEVICE if a score is not finite. That one,
 * E2V_ERROR_DEVICE_LOST and E2V_ERROR_OUT_OF_MEMORY only if the second try failed as well. E2V_ERROR_FORKED in a child of the process that opened the encoder. */
gboolean e2v_encoder_run (E2vEncoder * encoder, const E2vWindow * windows, guint n_windows, E2vWant want,
    E2vResult ** results, GError ** error);

/* Compiles and runs everything once for windows of this length, so that the first real window meets no delay. A lost
 * device is opened again as by e2v_encoder_run(). */
gboolean e2v_encoder_warm_up (E2vEncoder * encoder, guint n_samples, guint batch, GError ** error);

/* Every stage of one window, under the names of tests/reference/README.md: called once a stage with its values,
 * row-major, and its shape. "alibi_bias" comes as the executor computed it. */
typedef void (*E2vTraceFunc) (const char *name, const float *values, const guint64 * dims, guint n_dims,
    gpointer user_data);
gboolean e2v_encoder_trace (E2vEncoder * encoder, const E2vWindow * window, E2vTraceFunc func, gpointer user_data,
    GError ** error);

/* Runs @repeats batches of @batch seeded noise windows and writes the fastest wall time of one batch, and the seconds
 * of each stage (E2V_N_STAGES of them, summed over operations, NULL if not wanted) of a profiled one. */
gboolean e2v_encoder_bench (E2vEncoder * encoder, guint n_samples, guint batch, guint repeats, double *seconds,
    double *stage_seconds, GError ** error);

/* Zero mean and unit variance over the whole window, in double: (x - mean) / sqrt (variance + 1e-5). In place is fine. */
void e2v_normalize_waveform (const float *samples, guint n_samples, float *normalized);

G_END_DECLS

#endif
