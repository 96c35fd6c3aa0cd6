#!/bin/sh
# Records all traces of this folder anew.
#
#   sh record-all.sh [VMAREPLAY] [NAME...]
#
# VMAREPLAY is the program to record with (default: the variable VMAREPLAY, else what is in PATH);
# with NAMEs, only those traces. As root on Debian, what is missing is installed first.
# Everything runs in a folder of its own, so that no other path gets into a trace.
set -eu

traces=$(cd "$(dirname "$0")" && pwd)
vmareplay=${1:-${VMAREPLAY:-$(command -v vmareplay || true)}}
[ $# -eq 0 ] || shift
[ -n "$vmareplay" ] || { echo "record-all.sh: which vmareplay?" >&2; exit 64; }
vmareplay=$(cd "$(dirname "$vmareplay")" && pwd)/$(basename "$vmareplay")
wanted=" $* "

place=/tmp/vmareplay-traces
libraries=/usr/lib/$(uname -m)-linux-gnu
path=/usr/local/bin:/usr/bin:/bin

packages=
need() { # PROGRAM-OR-FILE PACKAGE
  PATH=$path command -v "$1" >/dev/null 2>&1 || [ -e "$1" ] || packages="$packages $2"
}
need strace strace
need gcc gcc
need perl perl
need python3 python3
need xz xz-utils
need sqlite3 sqlite3
need redis-server redis-server
need redis-benchmark redis-tools
need java default-jdk-headless
need node nodejs
need "$libraries/libjemalloc.so.2" libjemalloc2
need "$libraries/libtcmalloc_minimal.so.4" libtcmalloc-minimal4
need "$libraries/libmimalloc.so.2" libmimalloc2.0
if [ -n "$packages" ]; then
  [ "$(id -u)" = 0 ] || { echo "record-all.sh: please install:$packages" >&2; exit 66; }
  apt-get update
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages
fi

rm -rf "$place"
mkdir "$place"
cp -R "$traces/workloads" "$place"
cd "$place"
gcc -O2 -pthread -o churn workloads/churn.c
gcc -O2 -pthread -static -o churn-static workloads/churn.c
gcc -O2 -o regions workloads/regions.c
gcc -O2 -o incidents workloads/incidents.c
awk 'BEGIN { srand(1); for (n = 0; n < 200000; n++) print int(rand() * 1e9), n % 977 }' >numbers.txt

rm -f "$place/failed"
record() { # NAME ARGUMENTS...
  name=$1
  shift
  case $wanted in "  " | *" $name "*) ;; *) return 0 ;; esac
  echo "$name" >&2
  status=0
  env -i PATH="$path" HOME="$place" LANG=C.UTF-8 \
    "$vmareplay" record -o "$traces/$name.strace.gz" "$@" >"$name.out" 2>"$name.err" || status=$?
  if [ $status -ne 0 ] || grep -q '^vmareplay record:' "$name.err"; then
    echo "record-all.sh: $name: status $status" >&2
    cat "$name.err" >&2
    echo "$name" >>"$place/failed"
  fi
}

with_allocators() { # NAME ARGUMENTS...
  series=$1
  shift
  record "$series-glibc" "$@"
  record "$series-jemalloc" --env "LD_PRELOAD=$libraries/libjemalloc.so.2" "$@"
  record "$series-tcmalloc" --env "LD_PRELOAD=$libraries/libtcmalloc_minimal.so.4" "$@"
  record "$series-mimalloc" --env "LD_PRELOAD=$libraries/libmimalloc.so.2" "$@"
}

record ls -- ls -l /usr/bin
record bash-children -- bash workloads/children.bash
record everyday -- sh workloads/everyday.sh
record gcc-compile -- gcc -O2 -pthread -o compiled workloads/churn.c
record python-threads -- python3 workloads/threads.py
record python-fork -- python3 workloads/fork.py
record python-mmap -- python3 workloads/mappings.py
record perl-words -- perl workloads/words.pl
record redis-load -- sh workloads/redis.sh
record sort-parallel -- sort --parallel=2 -S 2M -n -o sorted.txt numbers.txt
record xz-threads -- xz -T2 --block-size=1MiB -k -f numbers.txt
record java-version -- java -XX:-UsePerfData -version
record java-hello -- java -XX:-UsePerfData -Xmx64m workloads/Hello.java
record node-workers -- node workloads/workers.js
record churn-static -- ./churn-static 20000
record regions -- ./regions 6000
for cause in decommit guards nohugepage opens memfd slabs forks noreserve rlimit full; do
  record "incident-$cause" -- ./incidents "$cause"
done
with_allocators churn -- ./churn 100000
with_allocators churn-threads -- ./churn 30000 4
with_allocators python-churn --env PYTHONMALLOC=malloc -- python3 workloads/churn.py 120
with_allocators sqlite -- sqlite3 :memory: ".read workloads/shop.sql"
record churn-large --env GLIBC_TUNABLES=glibc.malloc.mmap_threshold=131072 -- ./churn 240000 1 1

# The numbers of the table in README.md: processes are those that end, events the calls that end.
count() { gzip -dc "$1" | grep -cE "$2" || true; }
printf '\n| file | bytes | processes | events |\n|---|---|---|---|\n'
for file in "$traces"/*.strace.gz; do
  printf '| `%s` | %s | %s | %s |\n' "$(basename "$file")" "$(wc -c <"$file")" \
    "$(count "$file" '^# (maps [0-9]+ exit|no-exit)')" \
    "$(count "$file" '^[0-9]+ +[0-9.]+ [a-z<].*[^.>]>?$')"
done
[ ! -e "$place/failed" ]
