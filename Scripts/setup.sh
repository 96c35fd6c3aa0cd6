#!/bin/sh
# Installs the Debian packages named as arguments that are not there yet.
# Prints nothing and needs no rights where nothing is missing.
set -eu

missing=
for package in "$@"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
    missing="$missing $package"
done
# A compiler or a Python that did not come from a package serves as well.
for command in gcc python3 strace; do
  if command -v "$command" >/dev/null 2>&1; then
    missing=$(printf '%s\n' $missing | grep -vx "$command" | tr '\n' ' ' || true)
  fi
done
set -- $missing
[ $# -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  echo "setup: please install the equivalents of these Debian packages: $*" >&2
  exit 1
fi
sudo=
[ "$(id -u)" -eq 0 ] || sudo=${SUDO:-sudo}
echo "setup: installing $*" >&2
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$@"
