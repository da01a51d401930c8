#!/bin/sh
# check-exports.sh - the plugin exports the two symbols that GStreamer looks up, and nothing else.
#
#   check-exports.sh PLUGIN.so
#
# SPDX-License-Identifier: LGPL-2.1-or-later
set -eu

wanted='gst_plugin_emotion2vec_get_desc
gst_plugin_emotion2vec_register'
found=$(nm -D --defined-only "$1" | awk '{ print $NF }' | sort)
[ "$found" = "$wanted" ] && exit 0
printf 'exported:\n%s\n' "$found"
exit 1
