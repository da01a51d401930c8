#!/bin/sh
# with-validation.sh - runs a program under the Khronos validation layer; a message of the layer is a failure.
#
# SPDX-License-Identifier: LGPL-2.1-or-later
log=$(mktemp)
trap 'rm -f "$log"' EXIT INT TERM
export VK_INSTANCE_LAYERS=VK_LAYER_KHRONOS_validation
status=0
"$@" > "$log" 2>&1 || status=$?
cat "$log"
! grep -q 'VUID-\|Validation Error' "$log" || exit 1
exit $status
