#!/bin/sh
# try-it.sh - from a fresh clone to emotions: installs packages, builds, and listens to a recording.
#
#   examples/try-it.sh [AUDIO]
#
# AUDIO: a file or URI; without one, the conversation in tests/clips. The build goes to the folder "build".
# SPDX-License-Identifier: LGPL-2.1-or-later
set -eu
caller=$PWD
cd "$(dirname "$0")/.."

sh tests/scripts/install-packages.sh tests/scripts/packages-build.txt

[ -f build/build.ninja ] || meson setup build > build-setup.log || { cat build-setup.log; exit 1; }
rm -f build-setup.log
ninja -C build > build/build.log || { cat build/build.log; exit 1; }

audio=${1:-$PWD/tests/clips/conversation.opus}
case $audio in
  /* | *://*) ;;
  *) audio=$caller/$audio ;;
esac
meson devenv -C build examples/emotion-timeline "$audio"
