#!/bin/sh
# run-all.sh - installs what the tests need, builds, and runs every suite.
#
#   tests/run-all.sh [MESON-SETUP-OPTION…] [-- MESON-TEST-ARGUMENT…]
#
# With arguments for meson test, such as --suite unit, only those tests run. The build goes to the folder "build-tests"
# (BUILD_DIR in the environment names another). The last line counts what passed and failed; the exit status is 0 only
# if nothing failed.
# SPDX-License-Identifier: LGPL-2.1-or-later
set -eu
cd "$(dirname "$0")/.."
build=${BUILD_DIR:-build-tests}

options="-Dtests=enabled -Dexamples=enabled -Dtools=enabled"
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  options="$options $1"
  shift
done
[ $# = 0 ] || shift

sh tests/scripts/install-packages.sh tests/scripts/packages-build.txt tests/scripts/packages-test.txt

if [ -f "$build/build.ninja" ]; then
  meson configure "$build" $options
else
  meson setup "$build" $options
fi
ninja -C "$build"

status=0
# (meson 1.7 and newer build what only tests need here)
meson test -C "$build" --print-errorlogs "$@" || status=$?

# "Ok: 12", "Expected Fail: 0", "Fail: 1", … at the end of meson's own log; newer versions leave out the zeros
log=$build/meson-logs/testlog.txt
count ()
{
  number=$(sed -n "s/^$1: *\([0-9][0-9]*\).*/\1/p" "$log" | tail -n 1)
  echo "${number:-0}"
}
failed=$(( $(count 'Fail') + $(count 'Timeout') + $(count 'Unexpected Pass') ))
[ $status = 0 ] || [ $failed -gt 0 ] || failed=1
echo "$(count 'Ok') passed, $failed failed, $(count 'Skipped') skipped"
exit $status
