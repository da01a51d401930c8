/* trouble.c - what GStreamer says is wrong with a file, in words for a person.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trouble.h"

#include <gst/pbutils/pbutils.h>
#include <string.h>

void
trouble_clear (Trouble * trouble)
{
  g_clear_pointer (&trouble->missing_audio, g_free);
  g_clear_pointer (&trouble->missing_other, g_free);
}

void
trouble_note_missing (Trouble * trouble, GstMessage * message)
{
  g_autofree char *detail =
      gst_missing_plugin_message_get_installer_detail (message);
  char **missing = detail && strstr (detail, "|decoder-audio/")
      ? &trouble->missing_audio : &trouble->missing_other;

  /* that pictures cannot be decoded is no loss */
  if (!*missing && !(detail && strstr (detail, "|decoder-video/")))
    *missing = gst_missing_plugin_message_get_description (message);
}

char *
trouble_words (const GError * reason)
{
  g_autofree char *text = g_strstrip (g_strdup (reason->message));

  if (g_str_has_suffix (text, "."))
    text[strlen (text) - 1] = '\0';
  return g_strdelimit (g_steal_pointer (&text), "\n\r\t", ' ');
}

static GError *
no_decoder (const char *missing)
{
  return g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
      "GStreamer has no %s: install the plugin for it", missing);
}

static GError *
no_audio (void)
{
  return g_error_new (G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
      "there is no audio in it");
}

static GError *
stream_error (gint code, const char *words)
{
  switch (code) {
    case GST_STREAM_ERROR_TYPE_NOT_FOUND:
    case GST_STREAM_ERROR_WRONG_TYPE:
      return g_error_new (G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
          "not a media file that GStreamer knows");
    case GST_STREAM_ERROR_DECRYPT:
    case GST_STREAM_ERROR_DECRYPT_NOKEY:
      return g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
          "it is encrypted (%s)", words);
    case GST_STREAM_ERROR_DEMUX:
      /* where such an error gets lost, the pipeline stands still: it is chance which of them is seen */
      return g_error_new (G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
          TROUBLE_NO_STREAM);
    default:
      return g_error_new (G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
          "it is damaged, or not what it seems to be (%s)", words);
  }
}

GError *
trouble_explain (const Trouble * trouble, GstMessage * message)
{
  g_autoptr (GError) reason = NULL;
  g_autofree char *words = NULL;

  gst_message_parse_error (message, &reason, NULL);
  words = trouble_words (reason);
  if (trouble->missing_audio)
    return no_decoder (trouble->missing_audio);
  if (trouble->missing_other)
    return g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
        "there is no audio in it that GStreamer can decode (it has no %s)",
        trouble->missing_other);
  if (g_error_matches (reason, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN))
    return no_audio ();
  if (reason->domain == GST_STREAM_ERROR)
    return stream_error (reason->code, words);
  return g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "%s", words);
}

GError *
trouble_no_track (const Trouble * trouble, guint track, guint n)
{
  if (n > 0)
    return g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
        "there is no audio track %u in it, it has %u", track + 1, n);
  return trouble->missing_audio ? no_decoder (trouble->missing_audio)
      : no_audio ();
}
