/* e2vexecutor.h - the interface of everything that can run a plan.
 *
 * An executor is a model on a device with a precision: it owns the weights in the form that the device wants. A
 * program is a plan that one executor has made ready to run, with its memory. A new backend is a new E2vExecutorClass
 * and nothing else. MT: one caller at a time for an executor and all its programs.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_EXECUTOR_H
#define E2V_EXECUTOR_H

#include "e2vmodel.h"
#include "e2vplan.h"

G_BEGIN_DECLS

typedef enum
{
  E2V_PRECISION_AUTO,           /* the executor's choice: half-precision weights where the device gains from them */
  E2V_PRECISION_FP64,           /* double throughout; the reference executor only */
  E2V_PRECISION_FP32,
  E2V_PRECISION_FP16,           /* weights in half precision, arithmetic in float */
} E2vPrecision;

const char *e2v_precision_name (E2vPrecision precision);
gboolean e2v_precision_from_name (const char *name, E2vPrecision * precision);

typedef struct _E2vExecutor E2vExecutor;
typedef struct _E2vProgram E2vProgram;

typedef struct
{
  const char *name;             /* "ref", "host", "vulkan" */
  /* @plan stays alive and unchanged as long as the program does. */
  E2vProgram *(*prepare) (E2vExecutor * executor, const E2vPlan * plan, GError ** error);
  /* @waveforms: batch * n_samples floats, already normalised. Blocks until the outputs can be read. */
  gboolean (*run) (E2vProgram * program, const float *waveforms, GError ** error);
  /* Copies an output without padding: e2v_buffer_n_floats() floats, also those before its first_row. */
  gboolean (*read) (E2vProgram * program, guint buffer, float *values, GError ** error);
  /* Like run, and writes the seconds that each operation took to @op_seconds. */
  gboolean (*profile) (E2vProgram * program, const float *waveforms, double *op_seconds, GError ** error);
  void (*program_free) (E2vProgram * program);
  /* Another executor of the same model on the same device, with the same kernels where there is a choice. */
  E2vExecutor *(*reopen) (const E2vExecutor * executor, E2vPrecision precision, GError ** error);
  /* Gives the device back, with all memory there. NULL: there is none. */
  void (*close) (E2vExecutor * executor);
  void (*free) (E2vExecutor * executor);
} E2vExecutorClass;

/* First members of every executor and program; filled by the backend's constructors. */
struct _E2vExecutor
{
  const E2vExecutorClass *klass;
  E2vModel *model;              /* a reference */
  E2vPrecision precision;       /* what is in force: never AUTO */
  char *description;            /* for people: "llvmpipe (LLVM 15.0.6, 256 bits), simd shaders" */
  /* One line that changes with whatever may change the answers: device, driver, shaders. NULL: the answers are always
   * right. */
  char *identity;
  gboolean is_software;         /* a Vulkan device that is the processor itself */
};

struct _E2vProgram
{
  E2vExecutor *executor;        /* borrowed: programs go before their executor */
  const E2vPlan *plan;
};

E2vProgram *e2v_executor_prepare (E2vExecutor * executor, const E2vPlan * plan, GError ** error);
E2vExecutor *e2v_executor_reopen (const E2vExecutor * executor, E2vPrecision precision, GError ** error);

/* After the last program is gone. Then only e2v_executor_reopen() and e2v_executor_free() may follow. */
void e2v_executor_close (E2vExecutor * executor);
void e2v_executor_free (E2vExecutor * executor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (E2vExecutor, e2v_executor_free)

gboolean e2v_program_run (E2vProgram * program, const float *waveforms, GError ** error);
gboolean e2v_program_read (E2vProgram * program, guint buffer, float *values, GError ** error);
gboolean e2v_program_profile (E2vProgram * program, const float *waveforms, double *op_seconds, GError ** error);
void e2v_program_free (E2vProgram * program);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (E2vProgram, e2v_program_free)

G_END_DECLS

#endif
