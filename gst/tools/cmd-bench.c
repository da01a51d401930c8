/* cmd-bench.c - "bench": how fast a model, or just its shape with random weights, runs on a device.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "commands.h"
#include "e2vencoder.h"
#include "files/e2vmodelfile.h"
#include "jsonwriter.h"
#include "toolutil.h"

#define SUMMARY \
    "Measures how fast a model runs: the whole encoder and the share of each " \
    "stage.\nWith --shape, weights are random, so no model file is needed."

#define EXAMPLES \
    "The time is that of the fastest of three batches, after one for warm-up. " \
    "The real-time\nfactor is computing time divided by the length of the " \
    "audio: below 1 keeps up.\n\n" \
    "Examples:\n" \
    "  emotion2vec-model bench --shape base\n" \
    "  emotion2vec-model bench base.gguf --window 1,3,10 --batch 1,4 --json"

#define REPEATS 3
#define MAX_LIST 64
#define SHAPE_SEED 1

typedef struct
{
  E2vEncoder *encoder;
  const char *shape;            /* what to call the model: a shape's or a file's name */
  gboolean as_json;
  ToolTable *table;
} Bench;

typedef struct
{
  double window;                /* seconds */
  guint batch;
  double seconds, gflop;
  double stages[E2V_N_STAGES];  /* shares that sum up to 1 */
} Measurement;

/* "1,3,10" -> values, all within [@low, @high]; FALSE after a usage error. */
static gboolean
parse_list (const char *option, const char *text, double low, double high,
    GArray * values)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", MAX_LIST + 1);

  for (guint i = 0; parts[i]; i++) {
    char *end = NULL;
    double value = g_ascii_strtod (parts[i], &end);

    if (end == parts[i] || *end != '\0' || !(value >= low && value <= high)
        || i == MAX_LIST) {
      tool_usage_error ("--%s wants numbers from %g to %g, separated by commas,"
          " not '%s'", option, low, high, text);
      return FALSE;
    }
    g_array_append_val (values, value);
  }
  return TRUE;
}

static gboolean
count_gflop (E2vEncoder * encoder, guint n_samples, double *gflop,
    GError ** error)
{
  const E2vPlanRequest request = {.batch = 1,.n_samples = n_samples };
  g_autoptr (E2vPlan) plan = NULL;

  plan = e2v_plan_new (e2v_model_hparams (e2v_encoder_model (encoder)),
      &request, error);
  if (!plan)
    return FALSE;
  *gflop = e2v_plan_flops (plan) / 1e9;
  return TRUE;
}

static gboolean
measure (E2vEncoder * encoder, Measurement * m, GError ** error)
{
  guint n_samples = (guint) lround (m->window * E2V_SAMPLE_RATE);
  double sum = 0;

  if (!count_gflop (encoder, n_samples, &m->gflop, error))
    return FALSE;
  m->gflop *= m->batch;
  if (!e2v_encoder_bench (encoder, n_samples, m->batch, REPEATS, &m->seconds,
          m->stages, error))
    return FALSE;
  for (guint i = 0; i < E2V_N_STAGES; i++)
    sum += m->stages[i];
  for (guint i = 0; i < E2V_N_STAGES && sum > 0; i++)
    m->stages[i] /= sum;
  return TRUE;
}

static double
real_time_factor (const Measurement * m)
{
  return m->seconds / (m->window * m->batch);
}

static void
print_json (const Bench * bench, const Measurement * m)
{
  E2vEncoder *encoder = bench->encoder;
  JsonWriter json;

  json_writer_init (&json);
  json_writer_begin (&json, NULL, '{');
  json_writer_string (&json, "device", e2v_encoder_description (encoder));
  json_writer_string (&json, "executor", e2v_encoder_executor_name (encoder));
  json_writer_string (&json, "shape", bench->shape);
  json_writer_string (&json, "precision",
      e2v_precision_name (e2v_encoder_precision (encoder)));
  json_writer_double (&json, "window", m->window);
  json_writer_integer (&json, "batch", m->batch);
  json_writer_float (&json, "seconds", (float) m->seconds);
  json_writer_float (&json, "real_time_factor", (float) real_time_factor (m));
  json_writer_float (&json, "gflop", (float) m->gflop);
  json_writer_float (&json, "gflop_per_second",
      (float) (m->gflop / m->seconds));
  json_writer_begin (&json, "stages", '{');
  for (guint i = 0; i < E2V_N_STAGES; i++)
    json_writer_float (&json, e2v_stage_name ((E2vStage) i),
        (float) m->stages[i]);
  json_writer_end (&json, '}');
  json_writer_end (&json, '}');
  json_writer_print (&json);
}

/* The stages that take more than one percent, largest first. */
static char *
stages_to_string (const Measurement * m)
{
  GString *text = g_string_new (NULL);
  guint order[E2V_N_STAGES];

  tool_order_falling (m->stages, E2V_N_STAGES, order);
  for (guint i = 0; i < E2V_N_STAGES; i++) {
    double share = m->stages[order[i]];

    if (share >= 0.01)
      g_string_append_printf (text, "%s%s %.0f %%", text->len ? ", " : "",
          e2v_stage_name ((E2vStage) order[i]), 100 * share);
  }
  return g_string_free (text, FALSE);
}

static void
add_row (const Bench * bench, const Measurement * m)
{
  tool_table_add (bench->table, g_strdup_printf ("%g", m->window),
      g_strdup_printf ("%u", m->batch), g_strdup_printf ("%.4g", m->seconds),
      g_strdup_printf ("%.3g", real_time_factor (m)),
      g_strdup_printf ("%.4g", m->gflop),
      g_strdup_printf ("%.3g", m->gflop / m->seconds), stages_to_string (m));
}

/* All configurations; one that fails is reported and the others go on. */
static int
run_all (const Bench * bench, const GArray * windows, const GArray * batches)
{
  int status = TOOL_OK;

  for (guint i = 0; i < windows->len; i++) {
    for (guint j = 0; j < batches->len; j++) {
      g_autoptr (GError) error = NULL;
      Measurement m = { 0 };

      if (tool_interrupted ())
        return TOOL_FAILED;
      m.window = g_array_index (windows, double, i);
      m.batch = (guint) g_array_index (batches, double, j);
      if (!measure (bench->encoder, &m, &error)) {
        tool_error ("window of %g s, batch of %u: %s", m.window, m.batch,
            error->message);
        status = TOOL_FAILED;
      } else if (bench->as_json) {
        print_json (bench, &m);
      } else {
        add_row (bench, &m);
      }
    }
  }
  return status;
}

static int
bench_model (E2vModel * model, const char *shape, const char *device,
    E2vPrecision precision, gboolean as_json, const GArray * windows,
    const GArray * batches)
{
  static const char *const headings[] = { "window s", "batch", "seconds",
    "real-time factor", "GFLOP", "GFLOP/s", "stages", NULL
  };
  g_autoptr (E2vEncoder) encoder = NULL;
  g_autoptr (ToolTable) table = tool_table_new ("rrrrrrl", headings);
  g_autoptr (GError) error = NULL;
  g_autofree char *warning = NULL;
  Bench bench = { 0 };
  int status;

  encoder = e2v_encoder_new (model, device, precision, &warning, &error);
  if (warning)
    tool_warning ("%s", warning);
  if (!encoder) {
    tool_error ("%s", error->message);
    return TOOL_FAILED;
  }
  bench.encoder = encoder;
  bench.shape = shape;
  bench.as_json = as_json;
  bench.table = table;
  if (!as_json)
    g_print ("%s%s%s, %s, %s\n", tool_bold (), shape, tool_reset (),
        e2v_encoder_description (encoder),
        e2v_precision_name (e2v_encoder_precision (encoder)));
  status = run_all (&bench, windows, batches);
  if (!as_json)
    tool_table_print (table, 0);
  return status;
}

/* The model of the command line: a file or a shape. NULL with the exit status after an error. */
static E2vModel *
get_model (const char *file, const char *shape, int *status)
{
  g_autoptr (GError) error = NULL;
  E2vHparams hparams;
  E2vModel *model;

  if (shape && !e2v_hparams_for_shape (shape, &hparams)) {
    *status = tool_usage_error ("no shape is called '%s': "
        "use mini, base or large", shape);
    return NULL;
  }
  model = shape ? e2v_model_new_random (&hparams, SHAPE_SEED, &error)
      : e2v_model_load (file, &error);
  if (!model) {
    tool_error ("%s: %s", shape ? shape : file, error->message);
    *status = TOOL_FAILED;
  }
  return model;
}

int
cmd_bench (int argc, char **argv)
{
  g_autofree char *shape = NULL;
  g_autofree char *device = NULL;
  g_autofree char *precision_name = NULL;
  g_autofree char *window_list = NULL;
  g_autofree char *batch_list = NULL;
  g_autofree char *base = NULL;
  g_autoptr (GArray) windows = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) batches = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (E2vModel) model = NULL;
  gboolean as_json = FALSE;
  E2vPrecision precision;
  int status = TOOL_OK;
  const GOptionEntry entries[] = {
    {"shape", 0, 0, G_OPTION_ARG_STRING, &shape,
        "Random weights of this shape instead of a file", "mini|base|large"},
    TOOL_DEVICE_OPTION (&device),
    TOOL_PRECISION_OPTION (&precision_name),
    {"window", 0, 0, G_OPTION_ARG_STRING, &window_list,
        "Lengths of a window in seconds (default 3)", "S[,S…]"},
    {"batch", 0, 0, G_OPTION_ARG_STRING, &batch_list,
        "Windows in a batch (default 1)", "N[,N…]"},
    {"json", 0, 0, G_OPTION_ARG_NONE, &as_json,
        "Print one JSON object a configuration and line", NULL},
    {NULL}
  };

  if (!tool_parse ("bench", "[MODEL]", SUMMARY, EXAMPLES, entries, &argc,
          &argv))
    return TOOL_USAGE;
  if (argc > 2 || (argc == 2) == (shape != NULL))
    return tool_usage_error ("give either one model file or --shape");
  if (!tool_parse_precision (precision_name, device, &precision)
      || !parse_list ("window", window_list ? window_list : "3", 0.025, 30,
          windows)
      || !parse_list ("batch", batch_list ? batch_list : "1", 1, 1024, batches))
    return TOOL_USAGE;
  model = get_model (shape ? NULL : argv[1], shape, &status);
  if (!model)
    return status;
  base = shape ? g_strdup (shape) : g_path_get_basename (argv[1]);
  return bench_model (model, base, device ? device : "auto", precision, as_json,
      windows, batches);
}
