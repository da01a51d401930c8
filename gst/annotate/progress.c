/* progress.c - how far many inputs are: a bar with speed and time left on a terminal, a line for each elsewhere.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "progress.h"

#include <math.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* What an input weighs whose size is unknown, as that of a URI. */
#define UNKNOWN_SIZE 1000000

#define BAR_WIDTH 20
#define DEFAULT_COLUMNS 80

/* Seconds of work before a guess of the time left is worth telling. */
#define FIRST_GUESS 2.0

struct _Progress
{
  gboolean quiet, terminal;
  gboolean shown;               /* a bar is on the terminal */
  guint n, n_finished;          /* inputs */
  gint64 begin;
  double total;                 /* bytes to do, less those that turned out to be done before */
  double done;                  /* bytes */
  double audio;                 /* seconds heard */
  /* of the bar that is being made */
  double running_done, running_audio;
  const Input *running;         /* the first */
  guint n_running;
};

static double
weight_of (const Input * input)
{
  if (input->problem)
    return 0;
  return input->size > 0 ? (double) input->size : UNKNOWN_SIZE;
}

Progress *
progress_new (const GPtrArray * todo, gboolean quiet)
{
  Progress *progress = g_new0 (Progress, 1);
  const char *term = g_getenv ("TERM");

  progress->quiet = quiet;
  progress->terminal = isatty (STDERR_FILENO) && g_strcmp0 (term, "dumb") != 0;
  progress->n = todo->len;
  progress->begin = g_get_monotonic_time ();
  for (guint i = 0; i < todo->len; i++)
    progress->total += weight_of (todo->pdata[i]);
  return progress;
}

void
progress_free (Progress * progress)
{
  g_free (progress);
}

char *
progress_format_time (double seconds)
{
  guint64 rounded = (guint64) llround (MAX (seconds, 0));
  guint hours = (guint) (rounded / 3600);
  guint minutes = (guint) (rounded / 60 % 60);

  if (hours > 0)
    return g_strdup_printf ("%u:%02u:%02u", hours, minutes,
        (guint) (rounded % 60));
  return g_strdup_printf ("%u:%02u", minutes, (guint) (rounded % 60));
}

/* "talk.mp3: 1:02 of audio, happy 62 % (1.2 s)" */
static char *
describe (const Outcome * outcome)
{
  const Overview *overview = &outcome->overview;
  g_autofree char *length =
      progress_format_time ((double) overview->duration / GST_SECOND);

  if (outcome->status == OUTCOME_DONE_BEFORE)
    return g_strdup_printf ("%s: done before", outcome->input->name);
  return g_strdup_printf ("%s: %s of audio, %s %.0f %% (%.1f s)",
      outcome->input->name, length, overview->label, overview->share * 100,
      outcome->seconds);
}

void
progress_finish_input (Progress * progress, const Outcome * outcome)
{
  double weight = weight_of (outcome->input);
  g_autofree char *line = NULL;

  progress->n_finished++;
  if (outcome->status == OUTCOME_DONE_BEFORE)
    progress->total -= weight;
  else
    progress->done += weight;
  if (outcome->status == OUTCOME_ANNOTATED)
    progress->audio += (double) outcome->overview.duration / GST_SECOND;
  if (progress->quiet || outcome->status == OUTCOME_FAILED)
    return;
  line = describe (outcome);
  g_printerr ("%s\n", line);
}

void
progress_begin (Progress * progress)
{
  progress->running_done = progress->running_audio = 0;
  progress->running = NULL;
  progress->n_running = 0;
}

void
progress_add_running (Progress * progress, const Input * input,
    GstClockTime position, GstClockTime duration)
{
  if (progress->n_running++ == 0)
    progress->running = input;
  progress->running_audio += (double) position / GST_SECOND;
  if (GST_CLOCK_TIME_IS_VALID (duration) && duration > 0)
    progress->running_done += weight_of (input)
        * MIN (1, (double) position / (double) duration);
}

static guint
columns (void)
{
  struct winsize size;

  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return DEFAULT_COLUMNS;
}

/* At most @n characters of @text. (transfer full) */
static char *
cut (const char *text, glong n)
{
  g_autofree char *begin = NULL;

  if (g_utf8_strlen (text, -1) <= n)
    return g_strdup (text);
  begin = g_utf8_substring (text, 0, MAX (n - 1, 0));
  return g_strconcat (begin, "…", NULL);
}

/* "[#####---------------]  25 %  3/12  14.2x  0:42 left  talk.mp3" */
static char *
make_bar (const Progress * progress)
{
  double elapsed =
      (double) (g_get_monotonic_time () - progress->begin) / G_USEC_PER_SEC;
  double done = progress->done + progress->running_done;
  double share = progress->total > 0 ? MIN (done / progress->total, 1) : 0;
  guint filled = (guint) (share * BAR_WIDTH);
  GString *line = g_string_new ("[");

  for (guint i = 0; i < BAR_WIDTH; i++)
    g_string_append_c (line, i < filled ? '#' : '-');
  g_string_append_printf (line, "] %3.0f %%  %u/%u", floor (share * 100),
      progress->n_finished, progress->n);
  if (elapsed > 0)
    g_string_append_printf (line, "  %.1fx",
        (progress->audio + progress->running_audio) / elapsed);
  if (elapsed > FIRST_GUESS && share > 0) {
    g_autofree char *left =
        progress_format_time (elapsed * (1 - share) / share);

    g_string_append_printf (line, "  %s left", left);
  }
  if (progress->running)
    g_string_append_printf (line, "  %s", progress->running->name);
  return g_string_free (line, FALSE);
}

void
progress_show (Progress * progress)
{
  g_autofree char *line = NULL, *visible = NULL;

  if (progress->quiet || !progress->terminal)
    return;
  line = make_bar (progress);
  g_strdelimit (line, "\n\r\033", '?');
  visible = cut (line, (glong) columns () - 1);
  g_printerr ("\r\033[K%s", visible);
  progress->shown = TRUE;
}

void
progress_clear (Progress * progress)
{
  if (progress->shown)
    g_printerr ("\r\033[K");
  progress->shown = FALSE;
}
