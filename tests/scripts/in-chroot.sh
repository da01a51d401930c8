#!/bin/sh
# in-chroot.sh - builds and tests this working tree on another release of Debian: another GStreamer, Mesa, compiler.
#
#   sudo tests/scripts/in-chroot.sh RELEASE [-DOPTION=VALUE…] [MESON-TEST-ARGUMENT…]
#   sudo tests/scripts/in-chroot.sh trixie --suite numeric
#   sudo tests/scripts/in-chroot.sh testing -Dslow_tests=true '15-base-shape vulkan'
#
# RELEASE is a release that debootstrap knows or a newer one: trixie, forky, testing. Without arguments for meson test,
# all suites run but lint and slow. The first run makes a small system of that release in a folder, later runs reuse
# it; remove the folder to have today's packages. The build is made anew each time, warnings are errors. The last line
# counts what passed and failed; the exit status is 0 only if nothing failed.
#
# In the environment:
#   CHROOT_DIR      the folder, instead of ~/.cache/gst-emotion2vec/chroot-RELEASE
#   DEBIAN_MIRROR   where the packages come from, instead of http://deb.debian.org/debian
#
# SPDX-License-Identifier: LGPL-2.1-or-later
set -eu

fail ()
{
  echo "in-chroot.sh: $*" >&2
  exit 1
}

case ${1:-} in
  '' | -*) fail "name a release of Debian first, such as: in-chroot.sh trixie --suite unit" ;;
  */*) fail "'$1' is not the name of a release of Debian, such as trixie or testing" ;;
esac
[ "$(id -u)" = 0 ] || fail "a chroot needs the administrator's rights: run it with sudo"
command -v debootstrap > /dev/null || fail "debootstrap is missing: apt-get install debootstrap"

# Everything below runs in a mount namespace of its own: whatever happens to this script, its mounts end with it.
if [ "${IN_CHROOT_NAMESPACE:-}" != yes ]; then
  unshare --mount true || fail "this system does not allow mounts, as in a container without CAP_SYS_ADMIN"
  IN_CHROOT_NAMESPACE=yes exec unshare --mount --propagation private sh "$0" "$@"
fi

cd "$(dirname "$0")/../.."
release=$1
shift
options=
while case ${1:-} in -D*) ;; *) false ;; esac; do
  options="$options $1"
  shift
done
[ $# -gt 0 ] || set -- --suite unit --suite ops --suite numeric --suite element --suite tools --suite pipeline
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
root=${CHROOT_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/gst-emotion2vec/chroot-$release}

# The packages of a half-made system are of no use: it gets its name only when it is whole.
make_system ()
{
  scripts=/usr/share/debootstrap/scripts
  script=
  [ -e "$scripts/$release" ] || script=$scripts/sid
  rm -rf "$root.part"
  debootstrap --variant=minbase "$release" "$root.part" "$mirror" $script > "$root.log" 2>&1 || {
    tail -n 5 "$root.log" >&2
    fail "debootstrap failed: see $root.log; is there a release '$release' at $mirror?"
  }
  # no service may start in there; a test system need not survive a power cut, so no waiting for the disk
  printf '#!/bin/sh\nexit 101\n' > "$root.part/usr/sbin/policy-rc.d"
  chmod +x "$root.part/usr/sbin/policy-rc.d"
  echo force-unsafe-io > "$root.part/etc/dpkg/dpkg.cfg.d/unsafe-io"
  # a proxy or an old mirror needs the same settings as here
  ! command -v apt-config > /dev/null || apt-config dump | grep '^Acquire::\(Check-\|Retries\|https\?::\)' \
    > "$root.part/etc/apt/apt.conf.d/90host" || true
  mv "$root.part" "$root"
}

# in_system COMMAND…: as on a fresh login there; nothing of this machine's GStreamer, Vulkan or folders
in_system ()
{
  env -u TMPDIR -u XDG_CACHE_HOME -u XDG_DATA_HOME -u XDG_RUNTIME_DIR -u GST_PLUGIN_PATH -u GST_PLUGIN_PATH_1_0 \
    -u VK_ICD_FILENAMES -u VK_DRIVER_FILES HOME=/root LC_ALL=C.UTF-8 PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    chroot "$root" "$@"
}

mkdir -p "$(dirname "$root")"
exec 9> "$root.lock"
flock -n 9 || fail "another run uses $root: wait for it, or name another folder with CHROOT_DIR"
if [ ! -d "$root" ]; then
  echo "Making a system of $release in $root"
  make_system
fi
mount -t proc proc "$root/proc"
mkdir -p "$root/dev/shm"
mount -t tmpfs tmpfs "$root/dev/shm"

rm -rf "$root/build"
mkdir -p "$root/build/source"
git ls-files -z | xargs -0 cp --parents -t "$root/build/source"

lists=/build/source/tests/scripts
install ()
{
  in_system sh "$lists/install-packages.sh" "$lists/packages-build.txt" "$lists/packages-test.txt" \
    && in_system sh "$lists/install-analytics.sh"
}
install >> "$root.log" 2>&1 || {
  tail -n 5 "$root.log" >&2
  fail "the packages could not be installed: see $root.log; removing $root makes a new system"
}
in_system dpkg-query -W gcc glslang-tools libgstreamer1.0-dev mesa-vulkan-drivers meson python3-numpy python3-torch
in_system env BUILD_DIR=/build/build sh /build/source/tests/run-all.sh --werror -Dvulkan=enabled $options -- "$@"
