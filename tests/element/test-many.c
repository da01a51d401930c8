/* test-many.c - 32 elements in one pipeline: one copy of the weights, the results of one alone, no window lost.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "e2vmodelfile.h"
#include "e2vselftest.h"
#include "rig.h"

#define MOST 32

/* What each branch has: 0.3 s of its own tone, in windows of 0.1 s. */
#define N_RESULTS 3

/* A model of some 37 MB, most of it in the blocks: few frames are run, but all of the weights are read. */
static void
save_model (const char *path)
{
  static const E2vHparams shape = {
    .conv = {{16, 10, 5}, {16, 3, 2}, {16, 3, 2}, {16, 3, 2}, {16, 3, 2},
        {16, 2, 2}, {16, 2, 2}},
    .n_conv = 7,.embed_dim = 384,.n_heads = 6,.n_prenet = 1,.n_main = 4,
    .mlp_dim = 1536,.n_extra = 2,.pos_depth = 1,.pos_kernel = 3,
    .pos_groups = 4,.alibi_layers = 1,.alibi_heads = 6,.n_classes = 9,
    .norm_eps = 1e-5,.normalize = TRUE
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vModel) model = e2v_model_new_random (&shape, 3, &error);

  g_assert_no_error (error);
  e2v_selftest_make (model, &error);
  g_assert_no_error (error);
  e2v_model_save (model, path, &error);
  g_assert_no_error (error);
}

static gsize
resident_bytes (void)
{
  g_autofree char *text = NULL;
  gulong total, resident;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL)
      || sscanf (text, "%lu %lu", &total, &resident) != 2)
    return 0;
  return resident * (gsize) sysconf (_SC_PAGESIZE);
}

/* Elements @first to @first + @n - 1, each with its own tone. */
static GstElement *
make_pipeline (const char *model, guint first, guint n, const char *mode)
{
  GString *line = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  GstElement *pipeline;

  for (guint i = first; i < first + n; i++)
    g_string_append_printf (line, "audiotestsrc num-buffers=30 "
        "samplesperbuffer=160 freq=%u ! audio/x-raw,rate=16000,channels=1,"
        "format=F32LE ! emotion2vec name=e%u window=100000000 interval=0 "
        "model-file=%s device=ref %s ! fakesink ", 200 + 50 * i, i, model,
        mode);
  pipeline = gst_parse_launch (line->str, &error);
  g_assert_no_error (error);
  g_string_free (line, TRUE);
  return pipeline;
}

/* What is the same whoever else is there. */
static GstStructure *
strip (const GstStructure * fields)
{
  GstStructure *copy = gst_structure_copy (fields);

  gst_structure_remove_fields (copy, "element", "stream-id", "source-id",
      "inference-time", NULL);
  return copy;
}

/* Plays to the end. @results: of element i in [i], in order. Returns what was resident when all had ended. */
static gsize
play (GstElement * pipeline, GPtrArray ** results)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  gboolean ended = FALSE;
  gsize resident;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while (!ended) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (bus,
        GST_CLOCK_TIME_NONE,
        GST_MESSAGE_ELEMENT | GST_MESSAGE_EOS | GST_MESSAGE_ERROR);

    g_assert_cmpint (GST_MESSAGE_TYPE (message), !=, GST_MESSAGE_ERROR);
    ended = GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
    if (!ended)
      g_ptr_array_add (results[g_ascii_strtoull (GST_MESSAGE_SRC_NAME (message)
                  + 1, NULL, 10)], strip (gst_message_get_structure (message)));
  }
  resident = resident_bytes ();
  gst_object_unref (bus);
  return resident;
}

static void
check_stats (GstElement * pipeline, guint first, guint n)
{
  for (guint i = first; i < first + n; i++) {
    g_autofree char *name = g_strdup_printf ("e%u", i);
    GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), name);
    g_autoptr (GstStructure) stats = NULL;

    g_object_get (element, "stats", &stats, NULL);
    g_assert_cmpuint (rig_u64 (stats, "windows"), ==, N_RESULTS);
    g_assert_cmpuint (rig_u64 (stats, "results"), ==, N_RESULTS);
    gst_object_unref (element);
  }
}

static gsize
run (const char *model, guint first, guint n, const char *mode,
    GPtrArray ** results)
{
  GstElement *pipeline = make_pipeline (model, first, n, mode);
  gsize resident = play (pipeline, results);

  check_stats (pipeline, first, n);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  return resident;
}

static void
new_results (GPtrArray ** results)
{
  for (guint i = 0; i < MOST; i++)
    results[i] =
        g_ptr_array_new_with_free_func ((GDestroyNotify) gst_structure_free);
}

static void
free_results (GPtrArray ** results)
{
  for (guint i = 0; i < MOST; i++)
    g_ptr_array_unref (results[i]);
}

static void
check_same (GPtrArray * alone, GPtrArray * together)
{
  g_assert_cmpuint (alone->len, ==, N_RESULTS);
  g_assert_cmpuint (together->len, ==, N_RESULTS);
  for (guint k = 0; k < N_RESULTS; k++)
    if (!gst_structure_is_equal (alone->pdata[k], together->pdata[k])) {
      g_autofree char *a = gst_structure_to_string (alone->pdata[k]);
      g_autofree char *b = gst_structure_to_string (together->pdata[k]);

      g_error ("alone %s, together %s", a, b);
    }
}

/* Memory that sanitizers and valgrind keep for themselves says nothing. */
static void
check_memory (gsize one, gsize eight, gsize all, gsize weights)
{
  g_test_message ("resident with 1, 8, 32 elements: %.1f, %.1f, %.1f MB; "
      "weights: %.1f MB", (double) one / 1e6, (double) eight / 1e6,
      (double) all / 1e6, (double) weights / 1e6);
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
  if (one > 0 && !g_getenv ("EMOTION2VEC_WRAPPER"))
    g_assert_cmpuint (all, <, one + weights / 2);
#endif
}

static void
test_many (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("emotion2vec-many-XXXXXX", &error);
  g_autofree char *model = g_build_filename (folder, "large.gguf", NULL);
  GPtrArray *alone[MOST], *together[MOST], *some[MOST];
  GStatBuf status;
  gsize one, eight, all;

  g_assert_no_error (error);
  save_model (model);
  g_assert_cmpint (g_stat (model, &status), ==, 0);
  new_results (alone);
  new_results (some);
  new_results (together);
  one = run (model, 0, 1, "mode=sync", alone);
  eight = run (model, 0, 8, "mode=async overload=block", some);
  all = run (model, 0, MOST, "mode=sync", together);
  check_memory (one, eight, all, (gsize) status.st_size);
  /* the first, one in the middle and the last; the others would take long */
  run (model, MOST / 2, 1, "mode=sync", alone);
  run (model, MOST - 1, 1, "mode=sync", alone);
  for (guint i = 0; i < 8; i++)
    check_same (some[i], together[i]);
  check_same (alone[0], together[0]);
  check_same (alone[MOST / 2], together[MOST / 2]);
  check_same (alone[MOST - 1], together[MOST - 1]);
  /* another tone is another result */
  g_assert_false (gst_structure_is_equal (alone[0]->pdata[0],
          alone[MOST - 1]->pdata[0]));
  free_results (alone);
  free_results (some);
  free_results (together);
  g_unlink (model);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/many/one-copy-same-results", test_many);
  return g_test_run ();
}
