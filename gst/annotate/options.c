/* options.c - the command line of emotion2vec-annotate.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "options.h"

#include <math.h>
#include <string.h>

#include "toolutil.h"

#define DEFAULT_FORMATS "jsonl,vtt"

/* More than this wait for the device anyway. */
#define MOST_DEFAULT_JOBS 4

/* The element's limits. */
#define LONGEST_WINDOW 30.0
#define LONGEST_INTERVAL 86400.0
#define MOST_TRACKS 999

/* As they stand on the command line; NULL and NaN where they do not. */
typedef struct
{
  char *output_dir, *model, *head, *device, *precision, *trigger, *channels,
      *classes;
  char *track, *shard, *manifest, *embeddings;
  char **formats, **paths;
  double window, interval, silence;
  int n_jobs;
  gboolean resume, no_resume, force, dry_run, recursive, quiet, json, version;
  gboolean report, tag_copy, subtitle_copy;
} Words;

static void
words_clear (Words * words)
{
  char **texts[] = { &words->output_dir, &words->model, &words->head,
    &words->device, &words->precision, &words->trigger, &words->channels,
    &words->classes, &words->track, &words->shard, &words->manifest,
    &words->embeddings
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (*texts[i]);
  g_strfreev (words->formats);
  g_strfreev (words->paths);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Words, words_clear);

void
options_clear (Options * options)
{
  g_strfreev (options->paths);
  g_free (options->manifest);
  g_free (options->output_dir);
  if (options->formats)
    g_ptr_array_unref (options->formats);
  g_free (options->listen.model);
  g_free (options->listen.head);
  g_free (options->listen.device);
  g_free (options->listen.precision);
  g_free (options->listen.trigger);
  g_free (options->listen.channels);
  g_free (options->listen.classes);
  g_free (options->listen.silence);
  g_free (options->listen.warning);
}

/* ---- single values ---------------------------------------------------------------------------------------------- */

/* One of the words in @choices, or the first if @word is NULL; NULL after printing an error. (transfer full) */
static char *
choose (const char *option, const char *word, const char *const *choices)
{
  g_autofree char *list = NULL;

  if (!word)
    return g_strdup (choices[0]);
  if (g_strv_contains (choices, word))
    return g_strdup (word);
  list = g_strjoinv (", ", (char **) choices);
  tool_usage_error ("--%s: there is no '%s': use one of %s", option, word,
      list);
  return NULL;
}

/* Seconds to nanoseconds. */
static gboolean
read_time (const char *option, double seconds, double longest,
    GstClockTime default_time, GstClockTime * time)
{
  *time = default_time;
  if (isnan (seconds))
    return TRUE;
  if (seconds < 0 || seconds > longest) {
    tool_usage_error ("--%s: %g is not between 0 and %g seconds", option,
        seconds, longest);
    return FALSE;
  }
  *time = (GstClockTime) llround (seconds * 1e9);
  return TRUE;
}

/* "2" or "all". */
static gboolean
read_track (const char *word, Options * options)
{
  guint64 number = 1;

  options->all_tracks = g_strcmp0 (word, "all") == 0;
  if (!options->all_tracks && word
      && !g_ascii_string_to_unsigned (word, 10, 1, MOST_TRACKS, &number,
          NULL)) {
    tool_usage_error ("--track: '%s' is no track: use a number from 1 on, "
        "or all", word);
    return FALSE;
  }
  options->track = (guint) number - 1;
  return TRUE;
}

/* "I/N" */
static gboolean
read_shard (const char *word, Options * options)
{
  g_auto (GStrv) parts = NULL;
  guint64 shard, n_shards;

  options->n_shards = 1;
  if (!word)
    return TRUE;
  parts = g_strsplit (word, "/", 2);
  if (g_strv_length (parts) != 2
      || !g_ascii_string_to_unsigned (parts[1], 10, 1, G_MAXINT, &n_shards,
          NULL)
      || !g_ascii_string_to_unsigned (parts[0], 10, 1, n_shards, &shard, NULL)) {
    tool_usage_error ("--shard: '%s' is not I/N with I from 1 to N", word);
    return FALSE;
  }
  options->shard = (guint) shard - 1;
  options->n_shards = (guint) n_shards;
  return TRUE;
}

static char *
format_names (void)
{
  GString *names = g_string_new (NULL);
  guint n;
  const Format *all = formats_all (&n);

  for (guint i = 0; i < n; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", all[i].name);
  return g_string_free (names, FALSE);
}

static gboolean
add_format (GPtrArray * formats, const char *name)
{
  const Format *format = formats_find (name);
  g_autofree char *names = NULL;

  if (format) {
    if (!g_ptr_array_find (formats, format, NULL))
      g_ptr_array_add (formats, (gpointer) format);
    return TRUE;
  }
  names = format_names ();
  tool_usage_error ("--format: there is no format '%s': use some of %s", name,
      names);
  return FALSE;
}

/* Names with commas between them. */
static gboolean
add_formats (GPtrArray * formats, const char *list)
{
  g_auto (GStrv) names = g_strsplit (list, ",", -1);

  for (guint i = 0; names[i]; i++)
    if (!add_format (formats, names[i]))
      return FALSE;
  return TRUE;
}

/* What is asked for; if that is nothing at all, the default. */
static gboolean
read_formats (const Words * words, GPtrArray * formats)
{
  for (guint i = 0; words->formats && words->formats[i]; i++)
    if (!add_formats (formats, words->formats[i]))
      return FALSE;
  if (words->report)
    return add_formats (formats, "html");
  if (words->formats || words->tag_copy || words->subtitle_copy)
    return TRUE;
  return add_formats (formats, DEFAULT_FORMATS);
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

static gboolean
read_listening (const Words * words, ListenSettings * listen)
{
  static const char *const precisions[] = { "auto", "fp32", "fp16", NULL };
  static const char *const triggers[] = {
    "interval", "speech", "interval+speech", NULL
  };
  static const char *const channels[] = { "mix", "first", "each", NULL };

  if (!(listen->precision = choose ("precision", words->precision, precisions))
      || !(listen->trigger = choose ("trigger", words->trigger, triggers))
      || !(listen->channels = choose ("channels", words->channels, channels))
      || !read_time ("window", words->window, LONGEST_WINDOW, 3 * GST_SECOND,
          &listen->window)
      || !read_time ("interval", words->interval, LONGEST_INTERVAL,
          GST_SECOND, &listen->interval))
    return FALSE;
  if (words->silence > 0) {
    tool_usage_error ("--silence: %g dBFS is louder than full scale",
        words->silence);
    return FALSE;
  }
  if (!isnan (words->silence))
    listen->silence = g_strdup_printf ("%.17g", words->silence);
  listen->model = g_strdup (words->model);
  listen->head = g_strdup (words->head);
  listen->device = g_strdup (words->device ? words->device : "auto");
  listen->classes = g_strdup (words->classes);
  return TRUE;
}

/* Either paths or a list. */
static gboolean
read_list (Words * words, Options * options)
{
  static const char *const kinds[] = { "npy", "safetensors", NULL };
  g_autofree char *kind = choose ("embeddings", words->embeddings, kinds);

  if (!kind)
    return FALSE;
  if (words->manifest && (words->paths || words->formats || words->report
          || words->tag_copy || words->subtitle_copy)) {
    tool_usage_error ("--manifest goes with neither paths nor formats: it "
        "names the files itself, and a list comes of it");
    return FALSE;
  }
  if (words->embeddings && !words->manifest) {
    tool_usage_error ("--embeddings needs --manifest");
    return FALSE;
  }
  if (!words->paths && !words->manifest) {
    tool_usage_error ("nothing to annotate: name files, folders or URIs");
    return FALSE;
  }
  options->embeddings = words->embeddings != NULL;
  options->rows_kind = g_str_equal (kind, "npy") ? ROWS_NPY : ROWS_SAFETENSORS;
  options->manifest = g_steal_pointer (&words->manifest);
  return TRUE;
}

static gboolean
read_rest (Words * words, Options * options)
{
  if (!read_list (words, options))
    return FALSE;
  if (words->n_jobs < 0) {
    tool_usage_error ("--jobs: %d is no number of files", words->n_jobs);
    return FALSE;
  }
  if (words->resume && words->no_resume) {
    tool_usage_error ("--resume and --no-resume exclude each other");
    return FALSE;
  }
  options->n_jobs = words->n_jobs > 0 ? (guint) words->n_jobs
      : MIN (g_get_num_processors (), MOST_DEFAULT_JOBS);
  options->resume = !words->no_resume;
  options->force = words->force;
  options->dry_run = words->dry_run;
  options->recursive = words->recursive;
  options->copying.tags = options->listen.tags = words->tag_copy;
  options->copying.subtitles = words->subtitle_copy;
  options->quiet = words->quiet;
  options->json = words->json;
  options->paths = g_steal_pointer (&words->paths);
  options->output_dir = g_steal_pointer (&words->output_dir);
  return TRUE;
}

static char *
help_text (void)
{
  GString *text = g_string_new ("Formats:\n");
  guint n;
  const Format *all = formats_all (&n);

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "  %-10s %s\n", all[i].name, all[i].summary);
  g_string_append (text, "\nExamples:\n"
      "  emotion2vec-annotate talk.mp3                       "
      "writes talk.jsonl and talk.vtt beside it\n"
      "  emotion2vec-annotate -r -o notes/ recordings/       "
      "a whole folder\n"
      "  emotion2vec-annotate --trigger speech film.mkv      "
      "one result for each stretch of speech\n"
      "  emotion2vec-annotate --manifest train.jsonl -o out/  "
      "labels a corpus: out/train.emotions.jsonl\n\n"
      "A run that was ended at any moment goes on where it was when it is "
      "started again.\n"
      "Exit status: 0 all done, 1 some files failed (the others were done), "
      "2 wrong usage.\n"
      "docs/annotate.md and emotion2vec-annotate(1) say more.");
  return g_string_free (text, FALSE);
}

/* *INDENT-OFF* */
static gboolean
parse_words (Words * w, int *argc, char ***argv)
{
  const GOptionEntry entries[] = {
    {"output-dir", 'o', 0, G_OPTION_ARG_FILENAME, &w->output_dir, "Put outputs there, not beside the inputs", "DIR"},
    {"format", 'f', 0, G_OPTION_ARG_STRING_ARRAY, &w->formats, "What to write; see below (" DEFAULT_FORMATS ")", "FMT[,FMT…]"},
    {"report", 0, 0, G_OPTION_ARG_NONE, &w->report, "Write an HTML report too: as --format html", NULL},
    {"tag-copy", 0, 0, G_OPTION_ARG_NONE, &w->tag_copy, "Copy each file, with tags that say what was heard", NULL},
    {"subtitle-copy", 0, 0, G_OPTION_ARG_NONE, &w->subtitle_copy, "Copy each film, with a subtitle track of what was heard", NULL},
    {"recursive", 'r', 0, G_OPTION_ARG_NONE, &w->recursive, "Look into folders inside folders", NULL},
    {"track", 't', 0, G_OPTION_ARG_STRING, &w->track, "Audio track, counted from 1, or all (1)", "N|all"},
    {"channels", 'c', 0, G_OPTION_ARG_STRING, &w->channels, "Of several channels hear mix, first or each (mix)", "WHICH"},
    {"window", 'w', 0, G_OPTION_ARG_DOUBLE, &w->window, "Seconds that a result is about; 0: up to 30 (3)", "S"},
    {"interval", 'i', 0, G_OPTION_ARG_DOUBLE, &w->interval, "Seconds from one result to the next; 0: as the window (1)", "S"},
    {"trigger", 0, 0, G_OPTION_ARG_STRING, &w->trigger, "interval, speech (a result for each stretch of speech), or interval+speech", "T"},
    {"classes", 0, 0, G_OPTION_ARG_STRING, &w->classes, "Emotions to tell apart, as angry,happy or bad=angry+sad,happy (all)", "LIST"},
    {"silence", 0, 0, G_OPTION_ARG_DOUBLE, &w->silence, "What is softer than this is silence (-60 dBFS)", "DB"},
    {"model", 'm', 0, G_OPTION_ARG_FILENAME, &w->model, "Model file, instead of the installed one", "FILE"},
    {"head", 0, 0, G_OPTION_ARG_FILENAME, &w->head, "Classes of this head, made by emotion2vec-model probe train", "FILE"},
    {"device", 'd', 0, G_OPTION_ARG_STRING, &w->device, "auto, vulkan, cpu, or one of emotion2vec-model devices (auto)", "D"},
    {"precision", 'p', 0, G_OPTION_ARG_STRING, &w->precision, "auto, fp32 or fp16 (auto)", "P"},
    {"jobs", 'j', 0, G_OPTION_ARG_INT, &w->n_jobs, "Files at once (as many as processors, at most 4)", "N"},
    {"manifest", 0, 0, G_OPTION_ARG_FILENAME, &w->manifest, "Label the utterances of a list: JSON Lines, or Kaldi's wav.scp", "FILE"},
    {"embeddings", 0, 0, G_OPTION_ARG_STRING, &w->embeddings, "With --manifest: write their embeddings too, as npy or safetensors", "KIND"},
    {"shard", 0, 0, G_OPTION_ARG_STRING, &w->shard, "Do only part I of N of the files, or of the list", "I/N"},
    {"resume", 0, 0, G_OPTION_ARG_NONE, &w->resume, "Leave out what was done before with the same settings (as always)", NULL},
    {"no-resume", 0, 0, G_OPTION_ARG_NONE, &w->no_resume, "Do everything anew", NULL},
    {"force", 0, 0, G_OPTION_ARG_NONE, &w->force, "Overwrite files that this program did not write", NULL},
    {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &w->dry_run, "Only tell what would be done", NULL},
    {"json", 0, 0, G_OPTION_ARG_NONE, &w->json, "The summary as JSON", NULL},
    {"quiet", 'q', 0, G_OPTION_ARG_NONE, &w->quiet, "Print errors and warnings only", NULL},
    {"version", 0, 0, G_OPTION_ARG_NONE, &w->version, "Print the version", NULL},
    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &w->paths, NULL, NULL},
    {NULL}
  };
  g_autofree char *help = help_text ();

  return tool_parse (NULL, "PATH…", "Writes down which emotions are heard where in audio and video files.\n"
      "PATH: a file, a folder, a URI, or - for standard input.", help, entries, argc, argv);
}
/* *INDENT-ON* */

gboolean
options_parse (Options * options, int *argc, char ***argv)
{
  g_auto (Words) words = {.window = NAN,.interval = NAN,.silence = NAN };

  memset (options, 0, sizeof *options);
  if (!parse_words (&words, argc, argv))
    return FALSE;
  options->version = words.version;
  options->formats = g_ptr_array_new ();
  if (options->version)
    return TRUE;
  return read_formats (&words, options->formats)
      && read_listening (&words, &options->listen)
      && read_track (words.track, options)
      && read_shard (words.shard, options) && read_rest (&words, options);
}
