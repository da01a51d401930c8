/* e2vopen.c - which executor an encoder gets: the device that was wished for, and the steps down from it.
 *
 * On each Vulkan device in turn: its preferred shader family, then the scalar one, both at the precision that was asked
 * for, then both in fp32. A device that was asked for by name is the only one; "auto" ends with the processor: the host
 * executor, and where there is none, or a wrong one, the reference executor.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vencoderpriv.h"

#include "e2verror.h"
#include "e2vref.h"
#include "e2vselfcheck.h"
#include "host/e2vhost.h"
#include "vulkan/e2vvulkan.h"

/* Names of steps that are no Vulkan devices. */
#define HOST "cpu"
#define REF "ref"

typedef struct
{
  char *device;                 /* HOST, REF, or what e2v_vulkan_new() takes */
  E2vPrecision precision;
  E2vShaders shaders;
} Step;

typedef struct
{
  E2vModel *model;              /* borrowed */
  GArray *list;                 /* of Step */
} Steps;

static void
step_clear (gpointer data)
{
  g_free (((Step *) data)->device);
}

static void
add_step (Steps * steps, const char *device, E2vPrecision precision,
    E2vShaders shaders)
{
  const Step step = { g_strdup (device), precision, shaders };

  g_array_append_val (steps->list, step);
}

#ifdef HAVE_VULKAN

/* A family that the user forces is the only one. */
static void
add_families (Steps * steps, const char *device, E2vPrecision precision)
{
  const char *forced = g_getenv ("EMOTION2VEC_SHADERS");

  add_step (steps, device, precision, E2V_SHADERS_AUTO);
  if (!forced || !*forced)
    add_step (steps, device, precision, E2V_SHADERS_SCALAR);
}

static void
add_device (Steps * steps, const char *device, E2vPrecision precision)
{
  add_families (steps, device, precision);
  if (precision != E2V_PRECISION_FP32)
    add_families (steps, device, E2V_PRECISION_FP32);
}

static void
add_all_devices (Steps * steps, E2vPrecision precision)
{
  g_autoptr (GPtrArray) devices = e2v_vulkan_list_devices (NULL);

  /* opening it says what is missing */
  if (!devices)
    add_step (steps, "vulkan", precision, E2V_SHADERS_AUTO);
  for (guint i = 0; devices && i < devices->len; i++) {
    g_autofree char *index = g_strdup_printf ("%u", i);

    add_device (steps, index, precision);
  }
}

static E2vExecutor *
open_vulkan (E2vModel * model, const Step * step, GError ** error)
{
  return e2v_vulkan_new (model, step->device, step->precision, step->shaders,
      error);
}

#else

static void
add_device (Steps * steps, const char *device, E2vPrecision precision)
{
  add_step (steps, device, precision, E2V_SHADERS_AUTO);
}

static void
add_all_devices (Steps * steps, E2vPrecision precision)
{
  add_step (steps, "vulkan", precision, E2V_SHADERS_AUTO);
}

static E2vExecutor *
open_vulkan (E2vModel * model, const Step * step, GError ** error)
{
  g_set_error_literal (error, E2V_ERROR, E2V_ERROR_NO_DRIVER,
      "this build has no Vulkan support: rebuild with -Dvulkan=enabled, or "
      "choose the device \"cpu\"");
  return NULL;
}

#endif

#ifdef HAVE_HOST

static const gboolean have_host = TRUE;

static E2vExecutor *
open_host (E2vModel * model, const Step * step, GError ** error)
{
  return e2v_host_new (model, step->precision, error);
}

void
e2v_encoder_use_all_threads (void)
{
  e2v_host_use_all_threads ();
}

#else

static const gboolean have_host = FALSE;

static E2vExecutor *
open_host (E2vModel * model, const Step * step, GError ** error)
{
  return NULL;                  /* never asked for */
}

void
e2v_encoder_use_all_threads (void)
{
}

#endif

/* The fast way to use the processor, then the one that is always right. */
static void
add_cpu (Steps * steps, E2vPrecision precision)
{
  if (have_host && precision != E2V_PRECISION_FP64)
    add_step (steps, HOST, precision, E2V_SHADERS_AUTO);
  add_step (steps, REF, precision, E2V_SHADERS_AUTO);
}

static void
add_steps (Steps * steps, const char *device, E2vPrecision precision)
{
  gboolean any = g_str_equal (device, "auto");

  if (g_str_equal (device, "ref")) {
    add_step (steps, REF, precision, E2V_SHADERS_AUTO);
    return;
  }
  if (g_str_equal (device, "cpu") || (any && precision == E2V_PRECISION_FP64)) {
    add_cpu (steps, precision);
    return;
  }
  if (any || g_str_equal (device, "vulkan"))
    add_all_devices (steps, precision);
  else
    add_device (steps, device, precision);
  if (any)
    add_cpu (steps, precision);
}

gboolean
e2v_encoder_is_outrun (E2vEncoder * encoder)
{
  return have_host && encoder->executor->is_software;
}

static E2vExecutor *
open_step (guint index, gpointer user_data, GError ** error)
{
  const Steps *steps = user_data;
  const Step *step;

  if (index >= steps->list->len)
    return NULL;
  step = &g_array_index (steps->list, Step, index);
  if (g_str_equal (step->device, REF))
    return e2v_ref_new (steps->model, step->precision);
  if (g_str_equal (step->device, HOST))
    return open_host (steps->model, step, error);
  return open_vulkan (steps->model, step, error);
}

E2vEncoder *
e2v_encoder_new (E2vModel * model, const char *device, E2vPrecision precision,
    char **warning, GError ** error)
{
  Steps steps = { model, g_array_new (FALSE, FALSE, sizeof (Step)) };
  E2vEncoder *encoder;

  g_array_set_clear_func (steps.list, step_clear);
  add_steps (&steps, device, precision);
  encoder = e2v_selfcheck_open (open_step, &steps, warning, error);
  g_array_unref (steps.list);
  return encoder;
}
