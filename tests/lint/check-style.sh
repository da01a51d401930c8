#!/bin/sh
# check-style.sh - what no formatter sees: tabs, trailing blanks, final newline, licence line, notes to self.
#
#   check-style.sh SOURCE-ROOT
#
# SPDX-License-Identifier: LGPL-2.1-or-later
set -eu
cd "$1"

status=0
fault ()
{
  echo "$1: $2"
  status=1
}

tab=$(printf '\t')
notes='TO''DO|FIX''ME|X''XX'
find . \( -name '.git' -o -name '_build*' -o -name 'build*' -o -name '__pycache__' \) -prune -o -type f \
    \( -name '*.[ch]' -o -name '*.cc' -o -name '*.hh' -o -name '*.comp' -o -name '*.glsl' -o -name '*.py' -o -name '*.sh' -o -name '*.css' -o -name '*.js' -o -name 'meson*' \
    -o -name '*.md' -o -path './.ci/*' \) -print > "${TMPDIR:-/tmp}/check-style.$$"
trap 'rm -f "${TMPDIR:-/tmp}/check-style.$$"' EXIT INT TERM

while IFS= read -r file; do
  ! grep -q "$tab" "$file" || fault "$file" "has tabs"
  ! grep -qE ' +$' "$file" || fault "$file" "has trailing blanks"
  ! grep -qwE "$notes" "$file" || fault "$file" "has a note to self ($notes)"
  [ -z "$(tail -c 1 "$file")" ] || fault "$file" "does not end with a newline"
  case $file in
    *.md | */meson*) ;;
    *) head -n 30 "$file" | grep -q 'SPDX-License-Identifier: LGPL-2.1-or-later' \
        || fault "$file" "has no SPDX-License-Identifier line" ;;
  esac
  case $file in
    *.[ch] | *.cc | *.hh | *.comp | *.glsl | *.css | *.js) head -n 2 "$file" | grep -qF "$(basename "$file") - " || [ "${file##*.}" = comp ] \
        || fault "$file" "does not begin with its name and its job" ;;
  esac
done < "${TMPDIR:-/tmp}/check-style.$$"
exit $status
