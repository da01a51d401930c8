/* remux.c - a copy of a media file with one more track, through libavformat.
 *
 * (1) map[] says where each track of the original goes: to a track of the copy, or nowhere. A track that can go nowhere
 *     by rule is never left out in silence: the copy fails and says which.
 * (2) Packets are written in the order of the original, so each track's own order is that of the original. A cue goes
 *     in front of the first packet that is not before it.
 * (3) Times are those of the original. libavformat must not shift them (avoid_negative_ts), only translate them.
 * (4) The same original gives the same bytes: no dates and no random numbers (AVFMT_FLAG_BITEXACT).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remux.h"

#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "cues.h"
#include "matroskafile.h"

#define NOWHERE (-1)

typedef struct
{
  const Container *container;
  const Progress *progress;
  const GArray *cues;           /* (nullable) */
  guint next_cue;
  gint64 cue_offset;            /* milliseconds: of the file's time in which the stream's time begins */
  AVFormatContext *in, *out;
  AVPacket *packet, *cue_packet;
  int *map;
  int n_mapped;
  AVStream *track;              /* ours; NULL without cues */
} Job;

/* ---- errors ----------------------------------------------------------------------------------------------------- */

/* What libavformat says; of an error of the system, as the system says it. */
static gboolean
fail_av (GError ** error, int code, const char *what)
{
  char text[AV_ERROR_MAX_STRING_SIZE] = "";

  /* its own codes are tags of four characters; those of the system are small */
  if (AVUNERROR (code) > 0 && AVUNERROR (code) < 4096
      && code != AVERROR (EINVAL))
    return fail_with_errno (error, AVUNERROR (code), what);
  av_strerror (code, text, sizeof text);
  g_set_error (error, COPIES_ERROR, COPIES_ERROR_BAD_FILE, "%s: %s", what,
      text);
  return FALSE;
}

static gboolean
fail_track (GError ** error, const AVStream * stream, const char *why)
{
  const char *type = av_get_media_type_string (stream->codecpar->codec_type);

  g_set_error (error, COPIES_ERROR, COPIES_ERROR_UNSUPPORTED,
      "track %d (%s, %s) %s", stream->index + 1, type ? type : "data",
      avcodec_get_name (stream->codecpar->codec_id), why);
  return FALSE;
}

/* ---- tracks ----------------------------------------------------------------------------------------------------- */

static gboolean
is_mp4 (const Job * job)
{
  return job->container->kind == CONTAINER_MP4;
}

static enum AVCodecID
cue_codec (const Job * job)
{
  switch (job->container->kind) {
    case CONTAINER_MP4:
      return AV_CODEC_ID_MOV_TEXT;
    case CONTAINER_WEBM:
      return AV_CODEC_ID_WEBVTT;
    default:
      return AV_CODEC_ID_SUBRIP;
  }
}

static gboolean
has_entry (const AVStream * stream, const char *key, const char *value)
{
  const AVDictionaryEntry *entry = av_dict_get (stream->metadata, key, NULL,
      0);

  return entry && strcmp (entry->value, value) == 0;
}

/* A track that an earlier run has added. */
static gboolean
is_ours (const AVStream * stream)
{
  return stream->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE
      && (has_entry (stream, "title", REMUX_TRACK_NAME)
      || has_entry (stream, "handler_name", REMUX_TRACK_NAME));
}

/* What the muxer makes anew from other things that are copied, or what is carried over later. */
static gboolean
is_made_anew (const Job * job, const AVStream * stream)
{
  guint32 tag = stream->codecpar->codec_tag;

  if (!is_mp4 (job))
    return FALSE;
  if (stream->disposition & AV_DISPOSITION_ATTACHED_PIC)
    return TRUE;                /* lies among the tags */
  if (tag == MKTAG ('t', 'm', 'c', 'd'))
    return TRUE;                /* the time code is an entry of the tags too */
  return tag == MKTAG ('t', 'e', 'x', 't') && job->in->nb_chapters > 0
      && stream->codecpar->codec_type == AVMEDIA_TYPE_DATA;
}

static gboolean
copy_side_data (const AVStream * from, AVStream * to)
{
#if LIBAVFORMAT_VERSION_INT < AV_VERSION_INT (60, 15, 100)
  for (int i = 0; i < from->nb_side_data; i++) {
    const AVPacketSideData *side = &from->side_data[i];
    guint8 *copy = av_stream_new_side_data (to, side->type, side->size);

    if (!copy)
      return FALSE;
    memcpy (copy, side->data, side->size);
  }
#endif
  return TRUE;
}

/* A picture that belongs to a Matroska file is an attachment there, which the demuxer gives out as a video track. */
static gboolean
make_attachment (const AVStream * from, AVStream * to)
{
  gsize size = (gsize) from->attached_pic.size;

  to->codecpar->codec_type = AVMEDIA_TYPE_ATTACHMENT;
  to->disposition = 0;
  av_freep (&to->codecpar->extradata);
  to->codecpar->extradata = av_mallocz (size + AV_INPUT_BUFFER_PADDING_SIZE);
  if (!to->codecpar->extradata)
    return FALSE;
  memcpy (to->codecpar->extradata, from->attached_pic.data, size);
  to->codecpar->extradata_size = (int) size;
  return TRUE;
}

/* Keeps the code by which a container calls a codec if the copy may call it so too: there may be several. */
static guint32
choose_tag (const Job * job, const AVCodecParameters * codec)
{
  const struct AVCodecTag *const *tags = job->out->oformat->codec_tag;

  if (tags && av_codec_get_id (tags, codec->codec_tag) == codec->codec_id)
    return codec->codec_tag;
  return 0;
}

static gboolean
add_copy (Job * job, const AVStream * from, GError ** error)
{
  AVStream *to = avformat_new_stream (job->out, NULL);

  if (!to || avcodec_parameters_copy (to->codecpar, from->codecpar) < 0
      || av_dict_copy (&to->metadata, from->metadata, 0) < 0
      || !copy_side_data (from, to))
    return fail_av (error, AVERROR (ENOMEM), "cannot copy a track");
  to->codecpar->codec_tag = choose_tag (job, from->codecpar);
  to->time_base = from->time_base;
  to->avg_frame_rate = from->avg_frame_rate;
  to->r_frame_rate = from->r_frame_rate;
  to->sample_aspect_ratio = from->sample_aspect_ratio;
  to->disposition = from->disposition;
  job->map[from->index] = to->index;
  if (from->disposition & AV_DISPOSITION_ATTACHED_PIC) {
    job->map[from->index] = NOWHERE;
    if (!make_attachment (from, to))
      return fail_av (error, AVERROR (ENOMEM), "cannot copy a picture");
  }
  return TRUE;
}

static gboolean
add_tracks (Job * job, GError ** error)
{
  job->n_mapped = (int) job->in->nb_streams;
  job->map = g_new (int, (gsize) job->n_mapped + 1);
  for (unsigned i = 0; i < job->in->nb_streams; i++) {
    const AVStream *stream = job->in->streams[i];

    job->map[i] = NOWHERE;
    if (is_made_anew (job, stream) || (job->cues && is_ours (stream)))
      continue;
    if (is_mp4 (job) && stream->codecpar->codec_id == AV_CODEC_ID_NONE)
      return fail_track (error, stream,
          "is of a kind that cannot be copied; leave it out with another "
          "program first, or ask for tags instead of subtitles");
    if (!add_copy (job, stream, error))
      return FALSE;
  }
  return TRUE;
}

/* How text in MP4 looks if a player has no idea of its own: 3GPP TS 26.245, 5.16, TextSampleEntry from displayFlags on. */
static gboolean
set_text_style (AVCodecParameters * codec)
{
  static const guint8 style[] = {
    0, 0, 0, 0,                 /* displayFlags */
    1, 0xff,                    /* centred, at the bottom */
    0, 0, 0, 0,                 /* background: none */
    0, 0, 0, 0, 0, 0, 0, 0,     /* text box: that of the track */
    0, 0, 0, 0, 0, 1, 0, 18, 0xff, 0xff, 0xff, 0xff,    /* font 1, 18 points, white */
    0, 0, 0, 18, 'f', 't', 'a', 'b', 0, 1, 0, 1, 5, 'S', 'e', 'r', 'i', 'f'
  };

  codec->extradata = av_mallocz (sizeof style + AV_INPUT_BUFFER_PADDING_SIZE);
  if (!codec->extradata)
    return FALSE;
  memcpy (codec->extradata, style, sizeof style);
  codec->extradata_size = (int) sizeof style;
  return TRUE;
}

static gboolean
add_cue_track (Job * job, const char *language, GError ** error)
{
  AVStream *track;

  if (!job->cues)
    return TRUE;
  track = avformat_new_stream (job->out, NULL);
  if (!track || (is_mp4 (job) && !set_text_style (track->codecpar)))
    return fail_av (error, AVERROR (ENOMEM), "cannot add a track");
  track->codecpar->codec_type = AVMEDIA_TYPE_SUBTITLE;
  track->codecpar->codec_id = cue_codec (job);
  track->time_base = (AVRational) {
  1, 1000};
  av_dict_set (&track->metadata, "title", REMUX_TRACK_NAME, 0);
  av_dict_set (&track->metadata, "language", language, 0);
  if (is_mp4 (job)) {
    av_dict_set (&track->metadata, "handler_name", REMUX_TRACK_NAME, 0);
    track->codecpar->codec_tag = MKTAG ('t', 'x', '3', 'g');
  }
  job->track = track;
  return TRUE;
}

/* Chapters as the application's own muxing code has to hand them over: there is no function for it. */
static gboolean
copy_chapters (Job * job, GError ** error)
{
  unsigned n = job->in->nb_chapters;

  if (n == 0)
    return TRUE;
  job->out->chapters = av_calloc (n, sizeof *job->out->chapters);
  for (unsigned i = 0; job->out->chapters && i < n; i++) {
    const AVChapter *from = job->in->chapters[i];
    AVChapter *to = av_mallocz (sizeof *to);

    if (!to)
      break;
    to->id = from->id;
    to->time_base = from->time_base;
    to->start = from->start;
    to->end = from->end;
    av_dict_copy (&to->metadata, from->metadata, 0);
    job->out->chapters[job->out->nb_chapters++] = to;
  }
  return job->out->nb_chapters == n
      || fail_av (error, AVERROR (ENOMEM), "cannot copy the chapters");
}

/* ---- packets ---------------------------------------------------------------------------------------------------- */

static gboolean
write_packet (Job * job, AVPacket * packet, GError ** error)
{
  int code = av_write_frame (job->out, packet);

  av_packet_unref (packet);
  if (code >= 0 && job->out->pb->error < 0)
    code = job->out->pb->error;
  return code >= 0 || fail_av (error, code, "cannot write the copy");
}

/* (transfer full): the text of a cue as the codec has it. @size: (out) */
static char *
encode_text (const Job * job, const char *text, gsize * size)
{
  GString *coded = g_string_new (NULL);

  switch (job->container->kind) {
    case CONTAINER_MP4:
      /* two bytes of length, then plain text */
      *size = MIN (strlen (text), G_MAXUINT16);
      g_string_append_c (coded, (char) (*size >> 8));
      g_string_append_c (coded, (char) (*size & 0xff));
      g_string_append_len (coded, text, (gssize) * size);
      break;
    case CONTAINER_WEBM:
      g_string_append (coded, text);
      g_string_replace (coded, "&", "&amp;", 0);
      g_string_replace (coded, "<", "&lt;", 0);
      g_string_replace (coded, ">", "&gt;", 0);
      break;
    default:
      /* no escapes: what players take for markup becomes a look-alike */
      g_string_append (coded, text);
      g_string_replace (coded, "<", "\u2039", 0);
      g_string_replace (coded, ">", "\u203a", 0);
      g_string_replace (coded, "{", "(", 0);
      g_string_replace (coded, "}", ")", 0);
      g_string_replace (coded, "\\", "\u2216", 0);
      break;
  }
  *size = coded->len;
  return g_string_free (coded, FALSE);
}

static gboolean
write_cue (Job * job, const Cue * cue, GError ** error)
{
  const AVRational milliseconds = { 1, 1000 };
  AVPacket *packet = job->cue_packet;
  gsize size;
  g_autofree char *text = encode_text (job, cue->text, &size);

  if (av_new_packet (packet, (int) size) < 0)
    return fail_av (error, AVERROR (ENOMEM), "cannot write a subtitle");
  memcpy (packet->data, text, size);
  packet->stream_index = job->track->index;
  packet->pts = packet->dts = (gint64) cue->start + job->cue_offset;
  packet->duration = (gint64) (cue->end - cue->start);
  packet->flags |= AV_PKT_FLAG_KEY;
  av_packet_rescale_ts (packet, milliseconds, job->track->time_base);
  return write_packet (job, packet, error);
}

/* Whether the next cue begins where the one before it ends. The MP4 muxer ends a text as soon as another track goes on,
 * with a sample of no length if the next text comes then: such cues are written in one go. */
static gboolean
goes_on (const Job * job)
{
  const Cue *cue = &g_array_index (job->cues, Cue, job->next_cue);

  return is_mp4 (job) && job->next_cue > 0 && cue[-1].end == cue->start;
}

/* Writes the cues that begin by @time, in milliseconds of the file. */
static gboolean
write_cues_until (Job * job, gint64 time, GError ** error)
{
  while (job->cues && job->next_cue < job->cues->len) {
    const Cue *cue = &g_array_index (job->cues, Cue, job->next_cue);

    if ((gint64) cue->start + job->cue_offset > time && !goes_on (job))
      break;
    if (!write_cue (job, cue, error))
      return FALSE;
    job->next_cue++;
  }
  return TRUE;
}

/* What libavformat takes from the times of a track when it reads Matroska, and adds again when it writes it: what the
 * decoder will throw away at the beginning. Until version 60 it forgot the second half. */
static gint64
forgotten_padding (const Job * job, const AVStream * to)
{
#if LIBAVFORMAT_VERSION_MAJOR < 60
  const AVRational samples = { 1, 48000 };

  if (!is_mp4 (job) && to->codecpar->codec_id == AV_CODEC_ID_OPUS)
    return av_rescale_q (to->codecpar->initial_padding, samples, to->time_base);
#endif
  return 0;
}

/* The packet at hand, which is of a track that is copied. */
static gboolean
copy_packet (Job * job, GError ** error)
{
  const AVRational milliseconds = { 1, 1000 };
  AVPacket *packet = job->packet;
  const AVStream *from = job->in->streams[packet->stream_index];
  const AVStream *to = job->out->streams[job->map[packet->stream_index]];
  gint64 time = packet->dts != AV_NOPTS_VALUE ? packet->dts : packet->pts;
  gint64 padding;

  if (packet->flags & AV_PKT_FLAG_CORRUPT)
    return fail_av (error, AVERROR_INVALIDDATA, "cannot read the original");
  if (time != AV_NOPTS_VALUE && !write_cues_until (job, av_rescale_q (time,
              from->time_base, milliseconds), error))
    return FALSE;
  packet->stream_index = to->index;
  packet->pos = -1;
  av_packet_rescale_ts (packet, from->time_base, to->time_base);
  padding = forgotten_padding (job, to);
  if (packet->pts != AV_NOPTS_VALUE)
    packet->pts += padding;
  if (packet->dts != AV_NOPTS_VALUE)
    packet->dts += padding;
  return write_packet (job, packet, error);
}

static gboolean
copy_packets (Job * job, GError ** error)
{
  double size = (double) avio_size (job->in->pb);
  int code;

  while ((code = av_read_frame (job->in, job->packet)) >= 0) {
    if (!progress_tell (job->progress, (double) avio_tell (job->in->pb) / size,
            error))
      return FALSE;
    /* a demuxer may find another track on its way */
    if (job->packet->stream_index >= job->n_mapped
        || job->map[job->packet->stream_index] == NOWHERE)
      av_packet_unref (job->packet);
    else if (!copy_packet (job, error))
      return FALSE;
  }
  if (code == AVERROR_EOF && job->in->pb->error < 0)
    code = job->in->pb->error;
  if (code != AVERROR_EOF)
    return fail_av (error, code, "cannot read the original");
  return write_cues_until (job, G_MAXINT64, error);
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

static gboolean
open_original (Job * job, const char *path, GError ** error)
{
  g_autofree char *url = g_strconcat ("file:", path, NULL);
  int code = avformat_open_input (&job->in, url, NULL, NULL);

  if (code >= 0)
    code = avformat_find_stream_info (job->in, NULL);
  if (code < 0)
    return fail_av (error, code, "cannot read the original");
  return TRUE;
}

/* GStreamer's stream time begins at the first Cluster of a Matroska file; in MP4 it is the time of the file. */
static gboolean
find_begin (Job * job, const char *path, GError ** error)
{
  guint64 begin = 0;

  if (!is_mp4 (job) && !matroska_begin (path, &begin, error))
    return FALSE;
  job->cue_offset = (gint64) (begin / 1000000);
  return TRUE;
}

static const char *
muxer_name (const Container * container)
{
  switch (container->kind) {
    case CONTAINER_WEBM:
      return "webm";
    case CONTAINER_MATROSKA:
      return "matroska";
    default:
      if (g_str_has_prefix (container->brand, "qt"))
        return "mov";
      return g_str_has_prefix (container->brand, "M4") ? "ipod" : "mp4";
  }
}

static gboolean
open_copy (Job * job, const char *path, GError ** error)
{
  g_autofree char *url = g_strconcat ("file:", path, NULL);
  int code = avformat_alloc_output_context2 (&job->out, NULL,
      muxer_name (job->container), url);

  if (code >= 0)
    code = avio_open (&job->out->pb, url, AVIO_FLAG_WRITE);
  if (code < 0)
    return fail_av (error, code, "cannot create the copy");
  job->out->flags |= AVFMT_FLAG_BITEXACT;
  job->out->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
  job->out->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
  if (av_dict_copy (&job->out->metadata, job->in->metadata, 0) < 0)
    return fail_av (error, AVERROR (ENOMEM), "cannot copy the tags");
  return TRUE;
}

static gboolean
write_all (Job * job, GError ** error)
{
  AVDictionary *options = NULL;
  int code;

  /* else the first subtitles would be shown although nobody asked for them */
  if (!is_mp4 (job))
    av_dict_set (&options, "default_mode", "passthrough", 0);
  else if (job->container->index_first)
    av_dict_set (&options, "movflags", "+faststart", 0);
  code = avformat_write_header (job->out, &options);
  av_dict_free (&options);
  if (code < 0)
    return fail_av (error, code, "cannot write the copy");
  job->packet = av_packet_alloc ();
  job->cue_packet = av_packet_alloc ();
  if (!job->packet || !job->cue_packet)
    return fail_av (error, AVERROR (ENOMEM), "cannot copy the media");
  if (!copy_packets (job, error))
    return FALSE;
  code = av_write_trailer (job->out);
  if (code >= 0 && job->out->pb->error < 0)
    code = job->out->pb->error;
  return code >= 0 || fail_av (error, code, "cannot write the copy");
}

/* Returns: @done, or FALSE if closing the copy fails, as it may on a full disk. */
static gboolean
clear (Job * job, gboolean done, GError ** error)
{
  int code = 0;

  av_packet_free (&job->packet);
  av_packet_free (&job->cue_packet);
  if (job->out && job->out->pb)
    code = avio_closep (&job->out->pb);
  avformat_free_context (job->out);
  avformat_close_input (&job->in);
  g_free (job->map);
  if (done && code < 0)
    return fail_av (error, code, "cannot write the copy");
  return done;
}

gboolean
remux (const char *input, const char *output, const Container * container,
    const GArray * cues, const char *language, const Progress * progress,
    GError ** error)
{
  Job job = {.container = container,.progress = progress,.cues = cues };
  gboolean done;

  /* what goes wrong is in the errors; libavformat's own words would go to the terminal */
  av_log_set_level (AV_LOG_QUIET);
  done = open_original (&job, input, error)
      && find_begin (&job, input, error) && open_copy (&job, output, error)
      && add_tracks (&job, error) && add_cue_track (&job, language, error)
      && copy_chapters (&job, error) && write_all (&job, error);
  return clear (&job, done, error);
}
