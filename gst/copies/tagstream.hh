// tagstream.hh - a file as TagLib wants to see it, which remembers what went wrong.
//
// TagLib's own stream ignores failures of writing: on a full disk it leaves a damaged file and reports success.
// SPDX-License-Identifier: LGPL-2.1-or-later
#ifndef TAG_STREAM_HH
#define TAG_STREAM_HH

#include <taglib.h>
#include <tiostream.h>

#include <string>

class TagStream : public TagLib::IOStream
{
public:
#if TAGLIB_MAJOR_VERSION >= 2
  using Size = size_t;
  using Offset = TagLib::offset_t;
  using Place = TagLib::offset_t;
#else
  using Size = unsigned long;
  using Offset = long;
  using Place = unsigned long;
#endif

  // The file must exist; error () tells if it cannot be opened.
  TagStream (const char *path, bool may_write);
  ~TagStream () override;
  TagStream (const TagStream &) = delete;
  TagStream & operator= (const TagStream &) = delete;

  // The errno of the first failure; 0 as long as there was none.
  int error () const;

  // Closes the file, since some file systems report a full disk only then. Returns: error ().
  int close ();

  TagLib::FileName name () const override;
  TagLib::ByteVector readBlock (Size length) override;
  void writeBlock (const TagLib::ByteVector & data) override;
  void insert (const TagLib::ByteVector & data, Place start, Size replace) override;
  void removeBlock (Place start, Size length) override;
  bool readOnly () const override;
  bool isOpen () const override;
  void seek (Offset offset, Position from) override;
  Offset tell () const override;
  Offset length () override;
  void truncate (Offset length) override;

private:
  Size read_at (char *data, Size size, Offset at);
  void write_at (const char *data, Size size, Offset at);
  void move (Offset from, Offset to);

  std::string path;
  int fd;
  bool may_write;
  Offset position = 0;
  int first_error = 0;
};

#endif
