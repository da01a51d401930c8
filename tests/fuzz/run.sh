#!/bin/sh
# run.sh - runs the fuzz targets and says what they found.
#
#   tests/fuzz/run.sh MINUTES [TARGET…]
#
# Each target runs for MINUTES, one after another, or JOBS (in the environment) at a time. The build goes to the folder
# "build-fuzz" (BUILD_DIR names another), and so does what was found: BUILD_DIR/found/TARGET has the inputs that failed,
# log and the grown corpus, which the next run goes on with. The exit status is 0 only if nothing was found.
# An input may take TIMEOUT seconds (in the environment, else 5): more where the machine has other work.
# Needs clang with libFuzzer (Debian: clang, libclang-rt-14-dev).
# SPDX-License-Identifier: LGPL-2.1-or-later
set -eu
minutes=$1
shift
cd "$(dirname "$0")/../.."
build=${BUILD_DIR:-build-fuzz}
[ $# -gt 0 ] || set -- gguf model head zip stream pickle safetensors sidecar tokens convert

[ -f "$build/build.ninja" ] \
  || CC=clang meson setup "$build" -Dfuzz=true -Dvulkan=disabled -Dexamples=disabled -Db_lundef=false
for target in "$@"; do
  echo "tests/fuzz/fuzz-$target"
done | xargs ninja -C "$build"

# A g_try_malloc() of a size from a file may fail, but one above the limit is a finding. GLib's memory is not pooled.
export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1 G_SLICE=always-malloc
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
fuzz ()
{
  found=$build/found/$1
  mkdir -p "$found/corpus"
  if "$build/tests/fuzz/fuzz-$1" -max_total_time=$((minutes * 60)) -timeout="${TIMEOUT:-5}" -rss_limit_mb=512 -malloc_limit_mb=64 \
      -max_len=16384 -print_final_stats=1 -artifact_prefix="$found/" "$found/corpus" "tests/fuzz/corpus/$1" \
      > "$found/log" 2>&1; then
    result="nothing found"
  else
    result="FOUND $(sed -n 's/^SUMMARY: //p' "$found/log" | tail -n 1), see $found"
  fi
  echo "$1: $(sed -n 's/^stat::number_of_executed_units: *//p' "$found/log") executions, $result"
}

running=0
results=$build/found/results
mkdir -p "$build/found"
: > "$results"
for target in "$@"; do
  fuzz "$target" | tee -a "$results" &
  running=$((running + 1))
  if [ $running -ge "${JOBS:-1}" ]; then
    wait
    running=0
  fi
done
wait
! grep -q FOUND "$results"
