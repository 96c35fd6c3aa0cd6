#!/bin/sh
# bench-against.sh REV BINARY TRACE: builds REV in a worktree of its own and compares BINARY with
# it. Both run in turns, so that whatever else the machine does meets both alike; the comparison
# fails if it finds the same regression in each of three turns.
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
(cd "$tree" && ${SWIFT:-swift} build -c release --product vmareplay --scratch-path "$root/.build/against-build")
older=$root/.build/against-build/release/vmareplay
worse=0
for turn in 1 2 3; do
  "$older" bench "$trace" --vmas 64,1k --save "$root/.build/against.saved" > /dev/null
  status=0
  "$binary" bench "$trace" --vmas 64,1k --against "$root/.build/against.saved" \
    > "$root/.build/against.$turn" || status=$?
  if [ $status -gt 1 ]; then exit $status; fi
  grep '^worse' "$root/.build/against.$turn" | cut -d: -f1 | sort > "$root/.build/against.worse.$turn"
  worse=$((worse + status))
done
comm -12 "$root/.build/against.worse.1" "$root/.build/against.worse.2" \
  | comm -12 - "$root/.build/against.worse.3" > "$root/.build/against.worse"
sed -n '/^compared/p' "$root/.build/against.3"
if [ -s "$root/.build/against.worse" ]; then
  echo "worse in each of three turns:"
  cat "$root/.build/against.worse"
  exit 1
fi
echo "nothing is worse in each of three turns"
