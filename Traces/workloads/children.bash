# Children of many kinds: subshells, a pipe, a command substitution, jobs, a killed process, and a
# command that is not there.
for status in 1 2 3; do (exit $status); done
ls /etc | sort -r | head -3
size=$(cat /etc/hostname | wc -c)
sleep 0.1 &
wait
sleep 5 &
kill $!
wait
no-such-command
set -m
sleep 0.1 &
fg
true
