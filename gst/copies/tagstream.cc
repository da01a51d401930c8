// tagstream.cc - a file as TagLib wants to see it.
//
// After the first failure nothing more is written.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tagstream.hh"

#include <algorithm>
#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const TagStream::Size BLOCK_SIZE = 1 << 20;

TagStream::TagStream (const char *name, bool write)
  : path (name), fd (open (name, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC)), may_write (write)
{
  if (fd < 0)
    first_error = errno;
}

TagStream::~TagStream ()
{
  close ();
}

int TagStream::error () const
{
  return first_error;
}

int TagStream::close ()
{
  if (fd >= 0 && ::close (fd) != 0 && first_error == 0)
    first_error = errno;
  fd = -1;
  return first_error;
}

TagLib::FileName TagStream::name () const
{
  return path.c_str ();
}

bool TagStream::readOnly () const
{
  return !may_write;
}

bool TagStream::isOpen () const
{
  return fd >= 0;
}

// ---- plain reading and writing ----

TagStream::Size TagStream::read_at (char *data, Size size, Offset at)
{
  Size done = 0;

  while (fd >= 0 && done < size) {
    ssize_t n = pread (fd, data + done, size - done, at + Offset (done));

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && first_error == 0)
      first_error = errno;
    if (n <= 0)
      break;
    done += Size (n);
  }
  return done;
}

void TagStream::write_at (const char *data, Size size, Offset at)
{
  while (size > 0 && first_error == 0) {
    ssize_t n = pwrite (fd, data, size, at);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      first_error = errno;
      return;
    }
    data += n;
    at += n;
    size -= Size (n);
  }
}

TagLib::ByteVector TagStream::readBlock (Size size)
{
  // no more than there is, whatever a damaged file asks for
  Offset rest = std::max<Offset> (length () - position, 0);
  std::vector<char> data (std::min<Size> (size, Size (rest)));
  Size n = read_at (data.data (), data.size (), position);

  position += Offset (n);
  return TagLib::ByteVector (data.data (), (unsigned int) n);
}

void TagStream::writeBlock (const TagLib::ByteVector & data)
{
  write_at (data.data (), data.size (), position);
  position += Offset (data.size ());
}

void TagStream::seek (Offset offset, Position from)
{
  if (from == Current)
    offset += position;
  else if (from == End)
    offset += length ();
  position = std::max<Offset> (offset, 0);
}

TagStream::Offset TagStream::tell () const
{
  return position;
}

TagStream::Offset TagStream::length ()
{
  struct stat status;

  return fd >= 0 && fstat (fd, &status) == 0 ? Offset (status.st_size) : 0;
}

void TagStream::truncate (Offset size)
{
  if (first_error == 0 && ftruncate (fd, size) != 0)
    first_error = errno;
}

// ---- making and taking room ----

// Moves everything from @from to the end so that it begins at @to; its order of blocks never overwrites what is unread.
void TagStream::move (Offset from, Offset to)
{
  Offset size = std::max<Offset> (length () - from, 0);
  std::vector<char> block (BLOCK_SIZE);

  for (Offset done = 0; done < size && first_error == 0;) {
    Size n = Size (std::min<Offset> (size - done, Offset (block.size ())));
    Offset at = to < from ? done : size - done - Offset (n);

    if (read_at (block.data (), n, from + at) < n && first_error == 0)
      first_error = EIO;
    write_at (block.data (), n, to + at);
    done += Offset (n);
  }
  if (to < from)
    truncate (to + size);
}

void TagStream::insert (const TagLib::ByteVector & data, Place place, Size replace)
{
  Offset start = Offset (place), end = start + Offset (data.size ()), old_end = start + Offset (replace);

  if (end != old_end)
    move (old_end, end);
  write_at (data.data (), data.size (), start);
  position = end;
}

void TagStream::removeBlock (Place start, Size size)
{
  move (Offset (start) + Offset (size), Offset (start));
  position = Offset (start);
}
