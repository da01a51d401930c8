// filetags.cc - our tags in files, through TagLib.
//
// Of each kind of file only the tag that its readers look for is touched, and of that only the entries that are ours.
// TagLib's own interface of "properties" would do for all kinds at once, but writes foreign entries anew too.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "filetags.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <string>

#include <commentsframe.h>
#include <flacfile.h>
#include <id3v2framefactory.h>
#include <id3v2header.h>
#include <id3v2tag.h>
#include <mp4file.h>
#include <mp4item.h>
#include <mp4tag.h>
#include <mpegfile.h>
#include <oggflacfile.h>
#include <opusfile.h>
#include <textidentificationframe.h>
#include <vorbisfile.h>
#include <wavfile.h>
#include <xiphcomment.h>

#include "copiespriv.h"
#include "tagstream.hh"

using TagLib::String;
using TagLib::StringList;
namespace ID3v2 = TagLib::ID3v2;
namespace MP4 = TagLib::MP4;

// The name that a comment of ours gets where there is one of others already.
static const char COMMENT_NAME[] = "emotion2vec";

static String from_utf8 (const char *text)
{
  return String (text, String::UTF8);
}

static bool is_our_key (const String & key)
{
  return own_tags_is_key (key.toCString (true));
}

static bool is_our_comment (const String & text)
{
  return own_tags_is_comment (text.toCString (true));
}

// ---- Vorbis comments: FLAC, Ogg ----

static void write_xiph (TagLib::Ogg::XiphComment * comment, const OwnTags * tags)
{
  const TagLib::Ogg::FieldListMap old = comment->fieldListMap ();

  for (auto field = old.begin (); field != old.end (); ++field) {
    if (is_our_key (field->first))
      comment->removeFields (field->first);
    if (field->first != "COMMENT")
      continue;
    for (auto text = field->second.begin (); text != field->second.end (); ++text)
      if (is_our_comment (*text))
        comment->removeFields ("COMMENT", *text);
  }
  for (guint i = 0; i < tags->n; i++)
    comment->addField (from_utf8 (tags->tags[i].key), from_utf8 (tags->tags[i].value), false);
  if (tags->comment)
    comment->addField ("COMMENT", from_utf8 (tags->comment), false);
}

// An Ogg file of any codec.
template <class File> static bool write_ogg (TagStream * stream, const OwnTags * tags)
{
  File file (stream, false);

  if (!file.isValid () || !file.tag ())
    return false;
  write_xiph (file.tag (), tags);
  return file.save ();
}

// TagLib forgets that the block of comments may be the last one before the audio, and says so in its first byte.
static bool write_ogg_flac (TagStream * stream, const OwnTags * tags)
{
  TagLib::Ogg::FLAC::File file (stream, false);

  if (!file.isValid () || !file.tag ())
    return false;
  const TagLib::ByteVector old = file.packet (1);
  write_xiph (file.tag (), tags);
  if (!file.save ())
    return false;
  if (old.isEmpty () || (unsigned char) old[0] != 0x84)
    return true;
  TagLib::ByteVector block = file.packet (1);
  block[0] = old[0];
  file.setPacket (1, block);
  return file.TagLib::Ogg::File::save ();
}

static bool write_flac (TagStream * stream, const OwnTags * tags)
{
#if TAGLIB_MAJOR_VERSION >= 2
  TagLib::FLAC::File file (stream, false);
#else
  TagLib::FLAC::File file (stream, ID3v2::FrameFactory::instance (), false);
#endif

  if (!file.isValid ())
    return false;
  write_xiph (file.xiphComment (true), tags);
  return file.save ();
}

// ---- ID3v2: MP3, WAV ----

static void remove_ours (ID3v2::Tag * tag)
{
  const ID3v2::FrameList texts = tag->frameList ("TXXX"), comments = tag->frameList ("COMM");

  for (auto frame = texts.begin (); frame != texts.end (); ++frame) {
    auto text = dynamic_cast<ID3v2::UserTextIdentificationFrame *> (*frame);

    if (text && is_our_key (text->description ()))
      tag->removeFrame (text);
  }
  for (auto frame = comments.begin (); frame != comments.end (); ++frame) {
    auto comment = dynamic_cast<ID3v2::CommentsFrame *> (*frame);

    if (comment && is_our_comment (comment->text ()))
      tag->removeFrame (comment);
  }
}

// Whether there is a comment without a name: many programs show one of those only.
static bool has_plain_comment (const ID3v2::Tag * tag)
{
  const ID3v2::FrameList comments = tag->frameList ("COMM");

  for (auto frame = comments.begin (); frame != comments.end (); ++frame) {
    auto comment = dynamic_cast<ID3v2::CommentsFrame *> (*frame);

    if (comment && comment->description ().isEmpty ())
      return true;
  }
  return false;
}

static void write_id3 (ID3v2::Tag * tag, const OwnTags * tags)
{
  remove_ours (tag);
  for (guint i = 0; i < tags->n; i++) {
    auto frame = new ID3v2::UserTextIdentificationFrame (String::UTF8);

    frame->setDescription (from_utf8 (tags->tags[i].key));
    frame->setText (from_utf8 (tags->tags[i].value));
    tag->addFrame (frame);
  }
  if (tags->comment) {
    auto frame = new ID3v2::CommentsFrame (String::UTF8);

    frame->setLanguage ("und");
    if (has_plain_comment (tag))
      frame->setDescription (COMMENT_NAME);
    frame->setText (from_utf8 (tags->comment));
    tag->addFrame (frame);
  }
}

// The version that the file has, since old players know no newer one.
static ID3v2::Version version_of (const ID3v2::Tag * tag)
{
  return tag->header () && tag->header ()->majorVersion () == 3 ? ID3v2::v3 : ID3v2::v4;
}

static bool write_mp3 (TagStream * stream, const OwnTags * tags)
{
#if TAGLIB_MAJOR_VERSION >= 2
  TagLib::MPEG::File file (stream, false);
#else
  TagLib::MPEG::File file (stream, ID3v2::FrameFactory::instance (), false);
#endif
  ID3v2::Version version = ID3v2::v3;

  if (!file.isValid ())
    return false;
  if (file.hasID3v2Tag ())
    version = version_of (file.ID3v2Tag ());
  write_id3 (file.ID3v2Tag (true), tags);
  return file.save (TagLib::MPEG::File::ID3v2, TagLib::File::StripNone, version, TagLib::File::DoNotDuplicate);
}

static void append_chunk (TagLib::ByteVector * to, const char *name, const TagLib::ByteVector & content)
{
  to->append (TagLib::ByteVector (name, 4));
  to->append (TagLib::ByteVector::fromUInt (content.size (), false));
  to->append (content);
  if (content.size () % 2)
    to->append ('\0');
}

// The list of INFO @old without our comment, and with @comment, which may be NULL, if there is no other.
static TagLib::ByteVector change_info (const TagLib::ByteVector & old, const char *comment)
{
  TagLib::ByteVector list ("INFO", 4);
  unsigned int at = 4;

  while (at + 8 <= old.size ()) {
    const unsigned int size = old.toUInt (at + 4, false), rest = old.size () - at - 8;
    const TagLib::ByteVector text = old.mid (at + 8, std::min (size, rest));
    const bool is_comment = old.containsAt ("ICMT", at);

    if (!is_comment || !own_tags_is_comment (std::string (text.data (), text.size ()).c_str ()))
      list.append (old.mid (at, 8 + std::min (size + size % 2, rest)));
    if (is_comment && !own_tags_is_comment (std::string (text.data (), text.size ()).c_str ()))
      comment = nullptr;
    at += 8 + std::min (size + size % 2, rest);
  }
  if (comment)
    append_chunk (&list, "ICMT", TagLib::ByteVector (comment, (unsigned int) strlen (comment) + 1));
  return list;
}

// Replaces the @old_size bytes at @at by a list of INFO with @content, or by nothing if that is empty.
static void put_info (TagStream * stream, TagStream::Offset at, unsigned int old_size, const TagLib::ByteVector & content)
{
  TagLib::ByteVector chunk;

  if (content.size () > 4)
    append_chunk (&chunk, "LIST", content);
  stream->insert (chunk, TagStream::Place (at), old_size);
  stream->seek (4, TagStream::Beginning);
  const unsigned int whole = stream->readBlock (4).toUInt (0U, false);
  stream->seek (4, TagStream::Beginning);
  stream->writeBlock (TagLib::ByteVector::fromUInt (whole + chunk.size () - old_size, false));
}

// GStreamer reads a list of INFO in front of the audio only, and TagLib moves it behind: it is changed here, where it lies;
// a file that has none gets it in front. @comment: (nullable)
static void write_info (TagStream * stream, const char *comment)
{
  TagStream::Offset at = 12, audio = 0;

  for (;;) {
    stream->seek (at, TagStream::Beginning);
    const TagLib::ByteVector head = stream->readBlock (12);
    if (head.size () < 8)
      break;
    const unsigned int size = head.toUInt (4U, false), whole = size + size % 2;
    if (head.startsWith ("data"))
      audio = at;
    if (head.startsWith ("LIST") && head.containsAt ("INFO", 8) && at + 8 + TagStream::Offset (size) <= stream->length ()) {
      stream->seek (at + 8, TagStream::Beginning);
      put_info (stream, at, 8 + whole, change_info (stream->readBlock (size), comment));
      return;
    }
    at += 8 + TagStream::Offset (whole);
  }
  if (audio > 0 && comment)
    put_info (stream, audio, 0, change_info (TagLib::ByteVector (), comment));
}

// WAV has two places: a list of INFO, which every program reads and which has room for one comment, and an ID3 chunk.
static bool write_wav (TagStream * stream, const OwnTags * tags)
{
  write_info (stream, tags->comment);
  // TagLib begins to read wherever the stream is
  stream->seek (0, TagStream::Beginning);
  TagLib::RIFF::WAV::File file (stream, false);
  ID3v2::Version version = ID3v2::v3;

  if (!file.isValid ())
    return false;
  if (file.hasID3v2Tag ())
    version = version_of (file.ID3v2Tag ());
  write_id3 (file.ID3v2Tag (), tags);
  return file.save (TagLib::RIFF::WAV::File::ID3v2, TagLib::File::StripNone, version);
}

// ---- MP4 ----

// Entries that are not among Apple's own have a name and an owner.
static String mp4_key (const String & name)
{
  return "----:com.apple.iTunes:" + name;
}

static bool is_our_mp4_key (const String & key)
{
  const int colon = key.rfind (":");

  return key.startsWith ("----:") && colon >= 0 && is_our_key (key.substr (unsigned (colon) + 1));
}

static bool write_mp4 (TagStream * stream, const OwnTags * tags)
{
  MP4::File file (stream, false);

  if (!file.isValid () || !file.tag ())
    return false;
  const MP4::ItemMap old = file.tag ()->itemMap ();
  for (auto item = old.begin (); item != old.end (); ++item)
    if (is_our_mp4_key (item->first))
      file.tag ()->removeItem (item->first);
  for (guint i = 0; i < tags->n; i++)
    file.tag ()->setItem (mp4_key (from_utf8 (tags->tags[i].key)),
        MP4::Item (StringList (from_utf8 (tags->tags[i].value))));
  // one comment is all that readers expect: that of others stays
  if (is_our_comment (file.tag ()->comment ()))
    file.tag ()->removeItem ("\251cmt");
  if (tags->comment && file.tag ()->comment ().isEmpty ())
    file.tag ()->setItem ("\251cmt", MP4::Item (StringList (from_utf8 (tags->comment))));
  return file.save ();
}

// ---- all ----

static bool write_kind (TagStream * stream, ContainerKind kind, const OwnTags * tags)
{
  switch (kind) {
    case CONTAINER_FLAC:
      return write_flac (stream, tags);
    case CONTAINER_VORBIS:
      return write_ogg<TagLib::Ogg::Vorbis::File> (stream, tags);
    case CONTAINER_OPUS:
      return write_ogg<TagLib::Ogg::Opus::File> (stream, tags);
    case CONTAINER_OGG_FLAC:
      return write_ogg_flac (stream, tags);
    case CONTAINER_MP3:
      return write_mp3 (stream, tags);
    case CONTAINER_WAV:
      return write_wav (stream, tags);
    case CONTAINER_MP4:
      return write_mp4 (stream, tags);
    default:
      return false;
  }
}

// What happened, after @done: TRUE if nothing went wrong. Closes @stream.
static gboolean finish (TagStream * stream, bool done, GError ** error)
{
  const int code = stream->close ();

  if (code != 0)
    return fail_with_errno (error, code, "cannot write the tags of the copy");
  if (!done)
    g_set_error_literal (error, COPIES_ERROR, COPIES_ERROR_BAD_FILE,
        "TagLib cannot read the tags of this file; it may be damaged");
  return done;
}

gboolean file_tags_write (const char *path, ContainerKind kind, const OwnTags * tags, GError ** error)
{
  try {
    TagStream stream (path, true);
    const bool done = stream.error () == 0 && write_kind (&stream, kind, tags);

    return finish (&stream, done, error);
  } catch (const std::exception & e) {
    g_set_error (error, COPIES_ERROR, COPIES_ERROR_BAD_FILE, "TagLib failed: %s", e.what ());
    return FALSE;
  }
}

static bool carry_mp4 (TagStream * source, TagStream * target)
{
  MP4::File from (source, false), to (target, false);

  if (!from.isValid () || !to.isValid () || !from.tag () || !to.tag ())
    return false;
  const MP4::ItemMap old = to.tag ()->itemMap (), items = from.tag ()->itemMap ();
  for (auto item = old.begin (); item != old.end (); ++item)
    to.tag ()->removeItem (item->first);
  for (auto item = items.begin (); item != items.end (); ++item)
    to.tag ()->setItem (item->first, item->second);
  return to.save ();
}

gboolean file_tags_carry_mp4 (const char *from, const char *to, GError ** error)
{
  try {
    TagStream source (from, false), target (to, true);
    const bool done = source.error () == 0 && target.error () == 0 && carry_mp4 (&source, &target);

    if (source.error () != 0)
      return fail_with_errno (error, source.error (), "cannot read the tags of the original");
    return finish (&target, done, error);
  } catch (const std::exception & e) {
    g_set_error (error, COPIES_ERROR, COPIES_ERROR_BAD_FILE, "TagLib failed: %s", e.what ());
    return FALSE;
  }
}
