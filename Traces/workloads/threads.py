"""Four threads allocate at the same time, twice."""
import threading


def work(number, results):
    blocks = [bytearray(1000 * number + 7 * n) for n in range(300)]
    table = {n: [n] * 10 for n in range(5_000)}
    results.append(len(blocks) + len(table))


for _ in range(2):
    results = []
    threads = [threading.Thread(target=work, args=(n, results)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(results))
