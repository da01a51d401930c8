#!/bin/sh
# with-validation.sh - runs a program under the Khronos validation layer; a message of the layer is a failure.
#
# SPDX-License-Identifier: LGPL-2.1-or-later
log=$(mktemp)
trap 'rm -f "$log"' EXIT INT TERM
export VK_INSTANCE_LAYERS=VK_LAYER_KHRONOS_validation
# memory hazards too: a missing barrier is a message
export VK_LAYER_ENABLES=VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT
status=0
"$@" > "$log" 2>&1 || status=$?
cat "$log"
! grep -q 'VUID-\|Validation Error' "$log" || exit 1
exit $status
