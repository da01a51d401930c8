#!/bin/sh
# mutants.sh - wrong implementations, made on purpose one at a time, must turn a test red.
#
#   tests/scripts/mutants.sh [NAME…]       without names: all of them
#
# Each mutant is a change of one file in a copy of the source, which is built and tested there. Takes several minutes;
# not part of the normal run. Ends with an error if a mutant survives or its change no longer applies.
# SPDX-License-Identifier: LGPL-2.1-or-later
set -eu
cd "$(dirname "$0")/../.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT INT TERM
git ls-files -z | xargs -0 cp --parents -t "$copy"
cd "$copy"
meson setup build > setup.log || { cat setup.log; exit 1; }
ninja -C build > build.log || { tail build.log; exit 1; }

failures=0
wanted=$*

# numeric EXECUTORS: the names of those numeric tests, one a line
numeric ()
{
  meson test -C build --suite numeric --list 2> /dev/null | sed 's/.* \/ //' | grep " $1\$"
}

# mutant NAME FILE PERL-EXPRESSION numeric EXECUTORS
# mutant NAME FILE PERL-EXPRESSION MESON-TEST-ARGUMENT…
mutant ()
{
  name=$1 file=$2 expression=$3
  shift 3
  case " $wanted " in
    "  " | *" $name "*) ;;
    *) return 0 ;;
  esac
  cp "$file" original
  perl -0pi -e "$expression" "$file"
  if cmp -s "$file" original; then
    echo "$name: the change does not apply to $file any more"
    failures=$((failures + 1))
    return 0
  fi
  if ! ninja -C build > build.log; then
    echo "$name: does not compile"
    tail -n 20 build.log
    failures=$((failures + 1))
  elif [ "$1" = numeric ] && numeric "$2" | tr '\n' '\0' | xargs -0 meson test -C build --no-rebuild > test.log 2>&1 \
      || [ "$1" != numeric ] && meson test -C build --no-rebuild "$@" > test.log 2>&1; then
    echo "$name: SURVIVES"
    failures=$((failures + 1))
  elif ! grep -q 'FAIL\|ERROR\|TIMEOUT' test.log; then
    echo "$name: its tests do not run"
    tail -n 5 test.log
    failures=$((failures + 1))
  else
    echo "$name: caught"
  fi
  cp original "$file"
}

tanh_c='0.5 * x * (1 + tanh (0.7978845608028654 * (x + 0.044715 * x * x * x)))'
tanh_glsl='0.5 * x * (1.0 + tanh (0.7978845608 * (x + 0.044715 * x * x * x)))'
tanh_vec='Vec y; for (int i = 0; i < LANES; i++) y[i] = 0.5f * x[i] * (1 + tanhf (0.79788456f * (x[i] + 0.044715f * x[i] * x[i] * x[i])));'
stale='return request->generation != request->stream->generation;'

mutant gelu-ref model/e2vref.c "s/0\.5 \* x \* \(1 \+ erf \([^;]*;/$tanh_c;/" numeric ref
mutant gelu-shaders shaders/common/gelu.glsl "s/0\.5 \* x \* \(1\.0 \+ erf4 [^;]*;/$tanh_glsl;/" numeric vulkan
mutant gelu-host model/host/e2vhostloops.c "s/const Vec y = x \* \(0\.5f[^;]*;/$tanh_vec/" numeric host
mutant clamp-ref model/e2vmodel.c 's/MAX \(scale, 0\)/scale/' numeric ref
mutant clamp-shaders model/e2vmodel.c 's/MAX \(scale, 0\)/scale/' numeric vulkan
mutant extra-tokens-ref model/e2vref.c 's/ \|\| query < op->n_extra \|\| key < op->n_extra//' numeric ref
mutant extra-tokens-simd shaders/simd/scores.comp 's/ \* step \(first, key\)//' numeric vulkan
mutant extra-tokens-scalar shaders/scalar/scores.comp 's/ \* step \(first, key\)//' numeric vulkan
mutant prenet-norm-ref model/e2vplanbuild.c 's/("prenet_norm", -1\);\s+return )normed/$1y/' numeric ref
mutant prenet-norm-shaders model/e2vplanbuild.c 's/("prenet_norm", -1\);\s+return )normed/$1y/' numeric vulkan

# the guards: nobody asks whether the device did its work, whether values are finite, whether a result was forgotten
mutant canary model/vulkan/e2vvkcanary.c 's/return canary->answer [^;]*;/return TRUE;/' lost
mutant finite model/e2vencoder.c 's/!isfinite \(values\[i\]\)/FALSE/' selfcheck
mutant verdict model/e2vselfcheck.c 's/if \(e2v_selftest_passes \([^)]*\)\)/if (TRUE)/' selfcheck
mutant generation "$(grep -rlF "$stale" gst)" "s/\Q$stale\E/return FALSE;/" element-async
# no barrier between two operations: lavapipe does not care, the validation layer does
mutant barrier model/vulkan/e2vvkrecord.c 's/(record_dispatch \(p, commands, step\);)[^;]*;/$1/' --setup validation models-simd-256

[ $failures = 0 ] && echo "all mutants were caught"
exit $failures
