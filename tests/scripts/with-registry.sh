#!/bin/sh
# with-registry.sh - runs a test of which only what is ours shall be watched: GStreamer's registry is up to date before.
#
# Tests look for plugins in their own process, GST_REGISTRY_FORK=no. In a fresh build folder, and after any plugin was
# installed, that starts all plugins of the system, and a sanitizer reports what their libraries do. So another
# program does it first, unwatched: with the sanitizer's runtime, which our plugin needs, but without its reports.
# SPDX-License-Identifier: LGPL-2.1-or-later
log=$(mktemp)
LD_PRELOAD=${EMOTION2VEC_PRELOAD:-} TSAN_OPTIONS=report_bugs=0 ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS= \
  gst-inspect-1.0 --exists identity > "$log" 2>&1 || cat "$log" >&2
rm -f "$log"
exec "$@"
