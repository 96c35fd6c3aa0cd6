# A redis server under a small load, with a save in a forked child.
redis-server --port 0 --unixsocket "$PWD/redis.sock" --save '' --appendonly no \
  --dbfilename redis.rdb --logfile redis.log &
until redis-cli -s redis.sock ping >/dev/null 2>&1; do sleep 0.2; done
redis-benchmark -s redis.sock -n 1500 -c 4 -d 2000 -r 1000 -q -t set,get,lpush,hset,mset >/dev/null
redis-cli -s redis.sock bgsave
until redis-cli -s redis.sock lastsave >/dev/null; do sleep 0.1; done
sleep 0.5
redis-cli -s redis.sock dbsize
redis-cli -s redis.sock shutdown nosave
wait
