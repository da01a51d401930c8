#!/bin/sh
# with-validation.sh - runs a test under the Khronos validation layer: in whatever programs it starts, a message of the
# layer is a failure.
#
# The layer writes its messages to a file that it empties first, each program anew; so the file is a pipe that this
# script empties into one log. In the environment:
#   VALIDATION_EXPECTS   a word: the test passes only if a message of the layer has it
#
# SPDX-License-Identifier: LGPL-2.1-or-later
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
mkfifo "$folder/messages"
# memory hazards too: a missing barrier is a message (the second line is how newer layers name it)
cat > "$folder/vk_layer_settings.txt" <<END
khronos_validation.enables = VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT
khronos_validation.validate_sync = true
khronos_validation.debug_action = VK_DBG_LAYER_ACTION_LOG_MSG
khronos_validation.report_flags = error,warn
khronos_validation.log_filename = $folder/messages
END
export VK_INSTANCE_LAYERS=VK_LAYER_KHRONOS_validation VK_LAYER_SETTINGS_PATH="$folder"

# open for both, so that no program waits for the other end, and the reader ends when the last writer is gone; the
# reader's end is open before it starts: a short test is over by then, and nobody would ever come
exec 3<> "$folder/messages" 4< "$folder/messages"
cat <&4 > "$folder/log" 3>&- &
exec 4<&-
status=0
"$@" 3>&- || status=$?
exec 3>&-
wait

if [ -n "${VALIDATION_EXPECTS:-}" ]; then
  [ $status = 0 ] || exit $status
  grep -q "$VALIDATION_EXPECTS" "$folder/log" && exit 0
  echo "with-validation.sh: the layer did not complain of $VALIDATION_EXPECTS" >&2
fi
[ -s "$folder/log" ] || [ -n "${VALIDATION_EXPECTS:-}" ] || exit $status
cat "$folder/log" >&2
exit 1
