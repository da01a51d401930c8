#!/bin/sh
# install-analytics.sh - installs GStreamer's analytics library with its headers, where the release has it (1.24).
#
# The headers are in libgstreamer-plugins-bad1.0-dev, which needs OpenCV's: 258 packages. So only they are taken out of
# that package, and only the library itself is installed. For throw-away systems; needs the administrator's rights.
# SPDX-License-Identifier: LGPL-2.1-or-later
set -eu

! pkg-config --exists gstreamer-analytics-1.0 || exit 0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
cd "$folder"
apt-get -qq update
apt-get -qq -o APT::Sandbox::User=root download libgstreamer-plugins-bad1.0-dev
dpkg-deb --fsys-tarfile libgstreamer-plugins-bad1.0-dev_*.deb > package.tar
tar -tf package.tar | grep -E '/gst/analytics/.|/libgstanalytics-1.0.so$|/gstreamer-analytics-1.0.pc$' > files || {
  echo "GStreamer has no analytics library here"
  exit 0
}
env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends libgstreamer-plugins-bad1.0-0 \
  > /dev/null
tar -xf package.tar -C / -T files
