#!/bin/sh
# indent.sh - checks that every .c file is formatted as GNU indent does it with GStreamer's flags.
#
#   tests/lint/indent.sh         lists the files that differ, exit status 1 if there are any
#   tests/lint/indent.sh --fix   formats them
#
# Exit status 77 (skipped) without GNU indent 2.2.12, which Debian 12 has: newer ones place the stars of pointers
# otherwise. Headers are formatted by hand.
# SPDX-License-Identifier: LGPL-2.1-or-later
set -eu

cd "$(dirname "$0")/../.."
indent --version 2>/dev/null | grep -q "^GNU indent 2.2.12$" || { echo "GNU indent 2.2.12 is not installed"; exit 77; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT INT TERM

format ()
{
  # a second pass settles what the first one left
  for pass in 1 2; do
    indent --braces-on-if-line --case-brace-indentation0 --case-indentation2 --braces-after-struct-decl-line \
        --line-length80 --no-tabs --cuddle-else --dont-line-up-parentheses --continuation-indentation4 \
        --honour-newlines --tab-size8 --indent-level2 --leave-preprocessor-space "$1"
  done
}

export SIMPLE_BACKUP_SUFFIX=.indent-backup
status=0
for file in $(find gst model tests examples -name '*.c' | sort); do
  cp "$file" "$scratch/formatted.c"
  format "$scratch/formatted.c"
  cmp -s "$file" "$scratch/formatted.c" && continue
  if [ "${1-}" = --fix ]; then
    cat "$scratch/formatted.c" > "$file"
    echo "formatted $file"
  else
    diff -u --label "$file" --label "$file, formatted" "$file" "$scratch/formatted.c" | head -20
    status=1
  fi
done
[ $status = 0 ] || echo "Run tests/lint/indent.sh --fix"
exit $status
