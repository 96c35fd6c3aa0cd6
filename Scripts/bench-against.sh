#!/bin/sh
# bench-against.sh REV BINARY TRACE: builds REV in a worktree of its own and compares BINARY with
# it. Both run in turns, so that whatever else the machine does meets both alike.
set -eu
rev=$1 binary=$2 trace=$3
if [ -z "$rev" ]; then
  echo "usage: make bench-against REV=<commit, tag or branch>" >&2
  exit 64
fi
root=$(pwd)
tree=$root/.build/against
rm -rf "$tree"
git worktree prune
git worktree add --detach --quiet "$tree" "$rev"
trap 'git -C "$root" worktree remove --force "$tree"' EXIT
(cd "$tree" && ${SWIFT:-swift} build -c release --product vmareplay \
  --scratch-path "$root/.build/against-build")
"$binary" bench "$trace" --vmas 64,1k \
  --baseline-binary "$root/.build/against-build/release/vmareplay"
