"""Allocation churn: objects of many sizes live for a while and die in another order."""
import random
import sys

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 30
random.seed(7)
live = []
for _ in range(ROUNDS):
    live += [bytearray(random.choice((40, 600, 5_000, 70_000, 300_000, 2_000_000)))
             for _ in range(60)]
    live.append({n: str(n) for n in range(3_000)})
    random.shuffle(live)
    del live[: len(live) // 2]
print(len(live))
