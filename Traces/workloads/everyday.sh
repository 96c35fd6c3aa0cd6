# What is run all day: a small program is built, files are packed, sorted, compared and counted.
set -eu
mkdir -p everyday
cd everyday

for n in 1 2 3 4 5 6; do
  printf 'int f%d(int x) { return x * %d; }\n' $n $n >m$n.c
  gcc -O2 -c m$n.c
done
printf '#include <stdio.h>\nint f1(int);\nint main(void) { return printf("%%d\\n", f1(3)) < 0; }\n' >main.c
gcc -O2 -o program main.c m?.o
./program
ar rcs library.a m?.o
nm program | sort | uniq -c | sort -rn | head -n 3
size program
strip program

seq 200000 | sort -rn | awk '{ sum += $1 } END { print sum }'
seq 100000 | sed 's/1/2/g' | tr 2 3 | cut -c1-3 | sort -u | wc -l
tar cf sources.tar m?.c main.c
gzip -k sources.tar
xz -k sources.tar
tar xzf sources.tar.gz
md5sum sources.tar
sha256sum sources.tar

perl -e 'my %h; $h{$_ % 1000} .= "x" x 100 for 1 .. 50000; print length $h{7}, "\n"'
python3 -c 'import json; print(len(json.dumps([{str(i): i} for i in range(50000)])))'
python3 -c 'import re, collections; print(collections.Counter(re.findall("a|b", "abc" * 9999)))'
sqlite3 :memory: 'create table t (a, b); insert into t values (1, 2); select sum(a) from t;'

find . -name '*.c' | xargs wc -l | tail -n 1
grep -rl return . | wc -l
diff m1.c m2.c | wc -l
cp main.c copy.c
mv copy.c moved.c
ln -sf moved.c link.c
touch moved.c
stat moved.c >stat.txt
rm moved.c link.c
ls -la >list.txt
du -s . >size.txt
df >space.txt
uname -s
id >id.txt
date >date.txt
env | wc -l
expr 1 + 2
dd if=/dev/zero of=/dev/null bs=1M count=20 2>dd.txt
cat main.c | head -n 1
tail -n 1 main.c
od -c main.c | head -n 2
basename "$PWD"
sleep 0.1
true
for n in 1 2 3 4 5 6 7 8 9 10; do
  cksum main.c | cut -d ' ' -f 1 | rev | tee sum.txt | paste - | fold -w 3 | nl | comm - sum.txt >comm.txt 2>&1 || true
  (
    printf '%s\n' b a c | sort | join - sum.txt || true
    echo "$n" | factor
  ) >joined.txt 2>&1
done
