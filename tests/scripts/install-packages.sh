#!/bin/sh
# install-packages.sh - installs the Debian packages of the lists it is given, unless all are there.
#
#   install-packages.sh LIST.txt…
#
# Asks for the administrator's rights with sudo only when it has to install something and is not root.
# SPDX-License-Identifier: LGPL-2.1-or-later
set -eu

missing=
for package in $(cat "$@" | grep -v '^#'); do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

command -v apt-get > /dev/null || {
  echo "This script installs packages with apt-get, which is not here. Install what corresponds to:$missing" >&2
  exit 1
}
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
echo "Installing:$missing"
$as_root apt-get -qq update
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends $missing > /dev/null
