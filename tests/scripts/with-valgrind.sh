#!/bin/sh
# with-valgrind.sh - runs a test with valgrind on every program of ours that it starts.
#
# A test in Python is not watched itself, but what it starts is (see tests/tools/watched.py); so is the child of a test in
# C that starts one with EMOTION2VEC_WRAPPER in front. Valgrind writes a file for each process; what stands in one is a
# failure, whatever the test makes of the exit status.
# SPDX-License-Identifier: LGPL-2.1-or-later
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
valgrind="valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite
  --errors-for-leak-kinds=definite --suppressions=$(dirname "$0")/../valgrind.supp --log-file=$folder/%p"

# libopus encodes what audiotestsrc makes with values that nobody set, and in a call all that follows is made of them
case ${1##*/} in
  test-element-rtp) valgrind="$valgrind --undef-value-errors=no" ;;
esac
"$(dirname "$0")/with-registry.sh" true

status=0
export EMOTION2VEC_WRAPPER="$valgrind"
case ${1##*/} in
  python3*) "$@" || status=$? ;;
  *) $valgrind "$@" || status=$? ;;
esac
for log in "$folder"/*; do
  [ ! -s "$log" ] || { cat "$log" >&2; status=1; }
done
exit $status
