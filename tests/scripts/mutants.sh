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

# mutant NAME EXECUTORS FILE PERL-EXPRESSION
mutant ()
{
  case " $wanted " in
    "  " | *" $1 "*) ;;
    *) return 0 ;;
  esac
  cp "$3" original
  perl -0pi -e "$4" "$3"
  if cmp -s "$3" original; then
    echo "$1: the change does not apply to $3 any more"
    failures=$((failures + 1))
    return 0
  fi
  if ! ninja -C build > build.log; then
    echo "$1: does not compile"
    tail -n 20 build.log
    failures=$((failures + 1))
  else
    names=$(meson test -C build --suite numeric --list 2> /dev/null | sed 's/.* \/ //' | grep " $2\$")
    red=$(echo "$names" | tr '\n' '\0' | xargs -0 meson test -C build --no-rebuild --suite numeric 2> /dev/null \
        | grep -c 'FAIL' || true)
    if [ "$red" -gt 0 ]; then
      echo "$1: caught"
    else
      echo "$1: SURVIVES"
      failures=$((failures + 1))
    fi
  fi
  cp original "$3"
}

tanh_c='0.5 * x * (1 + tanh (0.7978845608028654 * (x + 0.044715 * x * x * x)))'
tanh_glsl='0.5 * x * (1.0 + tanh (0.7978845608 * (x + 0.044715 * x * x * x)))'
wanted=$*

mutant gelu-ref ref model/e2vref.c "s/0\.5 \* x \* \(1 \+ erf \([^;]*;/$tanh_c;/"
mutant gelu-shaders vulkan shaders/common/gelu.glsl "s/0\.5 \* x \* \(1\.0 \+ erf4 [^;]*;/$tanh_glsl;/"
mutant clamp-ref ref model/e2vmodel.c 's/MAX \(scale, 0\)/scale/'
mutant clamp-shaders vulkan model/e2vmodel.c 's/MAX \(scale, 0\)/scale/'
mutant extra-tokens-ref ref model/e2vref.c 's/ \|\| query < op->n_extra \|\| key < op->n_extra//'
mutant extra-tokens-simd vulkan shaders/simd/scores.comp 's/ \* step \(first, key\)//'
mutant extra-tokens-scalar vulkan shaders/scalar/scores.comp 's/ \* step \(first, key\)//'
mutant prenet-norm-ref ref model/e2vplanbuild.c 's/("prenet_norm", -1\);\s+return )normed/$1y/'
mutant prenet-norm-shaders vulkan model/e2vplanbuild.c 's/("prenet_norm", -1\);\s+return )normed/$1y/'

[ $failures = 0 ] && echo "all mutants were caught"
exit $failures
