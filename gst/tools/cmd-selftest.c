/* cmd-selftest.c - "selftest": every device answers the question of which the model knows the answer.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <string.h>

#include "commands.h"
#include "e2verror.h"
#include "e2vselftest.h"
#include "files/e2vmodelfile.h"
#include "jsonwriter.h"
#include "toolutil.h"
#ifdef HAVE_HOST
#include "host/e2vhost.h"
#endif
#ifdef HAVE_VULKAN
#include "vulkan/e2vvulkan.h"
#endif

#define SUMMARY \
    "Runs the self-test that a model file carries: a fixed signal whose " \
    "embedding and scores the\nreference executor computed in double when " \
    "the file was made. Without --device, every\nVulkan device is asked, " \
    "with each shader family that it can run, then the processor\nthrough a " \
    "BLAS, where there is one, and the reference executor; " \
    "without --precision, in fp32 and in fp16. Errors: the relative error " \
    "of the\nembedding, the largest error of a score."

#define EXAMPLES \
    "Examples:\n" \
    "  emotion2vec-model selftest base.gguf\n" \
    "  emotion2vec-model selftest base.gguf --device 0 --precision fp32 " \
    "--json\n\n" \
    "EMOTION2VEC_SHADERS=simd or scalar asks for one shader family only.\n" \
    "Exit status: 0 every answer is right, 1 one is wrong or missing, " \
    "2 wrong usage."

typedef struct
{
  E2vModel *model;
  E2vPrecision precision;       /* AUTO: fp32 and fp16 */
  gboolean as_json;
  ToolTable *table;             /* NULL with as_json */
  guint n_asked, n_failed;
} Selftest;

/* One line of the report. */
typedef struct
{
  const char *device, *shaders; /* shaders: NULL: not Vulkan */
  E2vPrecision precision;
  E2vSelftestErrors errors;
  double seconds;
  const char *failure;          /* NULL: there is an answer */
} Answer;

static void
print_json (const Answer * answer, gboolean passed)
{
  JsonWriter json;

  json_writer_init (&json);
  json_writer_begin (&json, NULL, '{');
  json_writer_string (&json, "device", answer->device);
  json_writer_string (&json, "shaders", answer->shaders);
  json_writer_string (&json, "precision",
      e2v_precision_name (answer->precision));
  if (answer->failure) {
    json_writer_string (&json, "error", answer->failure);
  } else {
    json_writer_double (&json, "embedding_error", answer->errors.embedding);
    json_writer_double (&json, "score_error", answer->errors.score);
    json_writer_double (&json, "limit", e2v_selftest_limit (answer->precision));
  }
  json_writer_boolean (&json, "passed", passed);
  json_writer_double (&json, "seconds", answer->seconds);
  json_writer_end (&json, '}');
  json_writer_print (&json);
}

static void
add_row (ToolTable * table, const Answer * answer, gboolean passed)
{
  tool_table_add (table, g_strdup (answer->device),
      g_strdup (answer->shaders ? answer->shaders : "-"),
      g_strdup (e2v_precision_name (answer->precision)),
      answer->failure ? g_strdup ("-")
      : g_strdup_printf ("%.1e", answer->errors.embedding),
      answer->failure ? g_strdup ("-")
      : g_strdup_printf ("%.1e", answer->errors.score),
      g_strdup_printf ("%.0e", e2v_selftest_limit (answer->precision)),
      g_strdup (passed ? "right" : answer->failure ? "failed" : "WRONG"),
      g_strdup_printf ("%.0f", answer->seconds * 1000));
}

static void
report (Selftest * selftest, const Answer * answer)
{
  gboolean passed = !answer->failure
      && e2v_selftest_passes (&answer->errors, answer->precision);

  selftest->n_asked++;
  if (!passed)
    selftest->n_failed++;
  if (selftest->as_json)
    print_json (answer, passed);
  else
    add_row (selftest->table, answer, passed);
  if (answer->failure)
    tool_error ("%s, %s, %s: %s", answer->device,
        answer->shaders ? answer->shaders : "no shaders",
        e2v_precision_name (answer->precision), answer->failure);
}

/* Asks @encoder, which may be NULL: then @failure says why. Fills in the rest of @answer. */
static void
ask (Selftest * selftest, E2vEncoder * encoder, Answer * answer,
    const GError * failure)
{
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();

  if (!encoder) {
    answer->failure = failure->message;
  } else {
    answer->precision = e2v_encoder_precision (encoder);
    if (!e2v_selftest_run (encoder, &answer->errors, &error))
      answer->failure = error->message;
  }
  answer->seconds = (double) (g_get_monotonic_time () - start) * 1e-6;
  report (selftest, answer);
}

#ifdef HAVE_HOST

#define HOST_IS_BUILT TRUE

/* Where there is no BLAS, it is asked only by name. */
static void
ask_host (Selftest * selftest, E2vPrecision precision, gboolean wanted)
{
  g_autoptr (GError) error = NULL;
  E2vExecutor *executor = e2v_host_new (selftest->model, precision, &error);
  g_autoptr (E2vEncoder) encoder =
      executor ? e2v_encoder_new_on (executor) : NULL;
  Answer answer = {.device = "cpu",.precision = precision };

  if (executor || wanted)
    ask (selftest, encoder, &answer, error);
}

#else

#define HOST_IS_BUILT FALSE

static void
ask_host (Selftest * selftest, E2vPrecision precision, gboolean wanted)
{
}

#endif

static void
ask_ref (Selftest * selftest, E2vPrecision precision)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vEncoder) encoder =
      e2v_encoder_new (selftest->model, "ref", precision, NULL, &error);
  Answer answer = {.device = "ref",.precision = precision };

  ask (selftest, encoder, &answer, error);
}

#ifdef HAVE_VULKAN

/* @device: as e2v_vulkan_new() takes it; @name: what the report calls it. */
static void
ask_family (Selftest * selftest, const char *device, const char *name,
    E2vShaders shaders, const char *shaders_name, E2vPrecision precision)
{
  g_autoptr (GError) error = NULL;
  E2vExecutor *executor =
      e2v_vulkan_new (selftest->model, device, precision, shaders, &error);
  g_autoptr (E2vEncoder) encoder =
      executor ? e2v_encoder_new_on (executor) : NULL;
  Answer answer = {.device = name,.shaders = shaders_name,
    .precision = precision
  };

  /* a family that the device cannot run is not asked */
  if (!executor && shaders == E2V_SHADERS_SIMD
      && g_error_matches (error, E2V_ERROR, E2V_ERROR_ARGUMENT))
    return;
  ask (selftest, encoder, &answer, error);
}

static void
ask_vulkan (Selftest * selftest, const char *device, const char *name,
    E2vPrecision precision)
{
  const char *forced = g_getenv ("EMOTION2VEC_SHADERS");

  if (forced && *forced) {
    ask_family (selftest, device, name, E2V_SHADERS_AUTO, forced, precision);
    return;
  }
  ask_family (selftest, device, name, E2V_SHADERS_SIMD, "simd", precision);
  ask_family (selftest, device, name, E2V_SHADERS_SCALAR, "scalar", precision);
}

/* Every device there is; none is no failure. */
static void
ask_all_vulkan (Selftest * selftest, E2vPrecision precision)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) devices = e2v_vulkan_list_devices (&error);

  if (!devices && precision != E2V_PRECISION_FP16)
    tool_warning ("no Vulkan device: %s", error->message);
  for (guint i = 0; devices && i < devices->len; i++) {
    const E2vVulkanDevice *device = devices->pdata[i];
    g_autofree char *index = g_strdup_printf ("%u", device->index);

    ask_vulkan (selftest, index, device->name, precision);
  }
}

#else

static void
ask_vulkan (Selftest * selftest, const char *device, const char *name,
    E2vPrecision precision)
{
  const GError none = {.message = (char *) "this program was built without "
        "Vulkan"
  };
  Answer answer = {.device = name,.precision = precision };

  ask (selftest, NULL, &answer, &none);
}

static void
ask_all_vulkan (Selftest * selftest, E2vPrecision precision)
{
}

#endif

static void
ask_devices (Selftest * selftest, const char *device, E2vPrecision precision)
{
  const gboolean ref = g_strcmp0 (device, "ref") == 0;
  const gboolean cpu = g_strcmp0 (device, "cpu") == 0;

  if (device && !ref && !cpu)
    ask_vulkan (selftest, device, device, precision);
  if (!device && precision != E2V_PRECISION_FP64)
    ask_all_vulkan (selftest, precision);
  if (cpu || (!device && precision != E2V_PRECISION_FP64))
    ask_host (selftest, precision, cpu);
  if (ref || (cpu && !HOST_IS_BUILT) || !device)
    ask_ref (selftest, precision);
}

static int
run_selftest (Selftest * selftest, const char *device)
{
  static const char *const headings[] = { "device", "shaders", "precision",
    "embedding error", "score error", "limit", "answer", "ms", NULL
  };
  g_autoptr (ToolTable) table = tool_table_new ("lllrrrlr", headings);

  selftest->table = table;
  if (selftest->precision != E2V_PRECISION_AUTO) {
    ask_devices (selftest, device, selftest->precision);
  } else {
    ask_devices (selftest, device, E2V_PRECISION_FP32);
    ask_devices (selftest, device, E2V_PRECISION_FP16);
  }
  if (!selftest->as_json)
    tool_table_print (table, 0);
  return selftest->n_failed > 0 ? TOOL_FAILED : TOOL_OK;
}

int
cmd_selftest (int argc, char **argv)
{
  g_autofree char *device = NULL;
  g_autofree char *precision_name = NULL;
  g_autoptr (E2vModel) model = NULL;
  g_autoptr (GError) error = NULL;
  Selftest selftest = { 0 };
  const GOptionEntry entries[] = {
    {"device", 0, 0, G_OPTION_ARG_STRING, &device,
        "Only this one: vulkan, an index, a name, a UUID, cpu or ref", "D"},
    {"precision", 0, 0, G_OPTION_ARG_STRING, &precision_name,
        "Only this one: fp64 (ref only), fp32 or fp16", "P"},
    {"json", 0, 0, G_OPTION_ARG_NONE, &selftest.as_json,
        "Print one JSON object an answer and line", NULL},
    {NULL}
  };

  if (!tool_parse ("selftest", "MODEL", SUMMARY, EXAMPLES, entries, &argc,
          &argv))
    return TOOL_USAGE;
  if (argc != 2)
    return tool_usage_error (argc < 2 ? "the model file is missing"
        : "'selftest' takes one model file");
  if (!tool_parse_precision (precision_name, device, &selftest.precision))
    return TOOL_USAGE;
  if (device && g_str_equal (device, "auto"))
    g_clear_pointer (&device, g_free);
  model = e2v_model_load (argv[1], &error);
  if (!model) {
    tool_error ("%s", error->message);
    return TOOL_FAILED;
  }
  if (!e2v_model_selftest (model)) {
    tool_error ("%s carries no self-test: convert it again", argv[1]);
    return TOOL_FAILED;
  }
  selftest.model = model;
  return run_selftest (&selftest, device);
}
