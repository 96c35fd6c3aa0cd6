#!/usr/bin/env python3
"""Measures reading a long log against inflating it with zlib, and against a Python reader.

    decode.py [--lines N] [--rounds N] [--peer-lines N] [--command "events --format none"]
              [--vmareplay FILE] [--folder DIR] [--cores LIST]

Makes the log (and one of a tenth of its length) in the folder if it is not there. Reader and
inflater run in turn. A round in which other processes used more than 5 % of a core is run again,
at most as often as there are rounds; after that it counts and the report says so.
"""

import argparse
import gzip
import itertools
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
TICK = os.sysconf("SC_CLK_TCK")
FOREIGN_LIMIT = 0.05


class Run:
    """One run of a command: seconds, bytes, and what else the machine did meanwhile."""

    def __init__(self, command, cores=None):
        busy, start = busy_seconds(), time.monotonic()
        own = time.process_time()
        read_end, write_end = os.pipe()
        pid = os.posix_spawnp(
            command[0], command, os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, write_end, 1)],
        )
        if cores:
            os.sched_setaffinity(pid, cores)
        os.close(write_end)
        self.threads = {}
        while True:
            ended, status, usage = os.wait4(pid, os.WNOHANG)
            if ended:
                break
            self.threads.update(thread_seconds(pid))
            time.sleep(0.01)
        self.wall = time.monotonic() - start
        with os.fdopen(read_end) as file:
            self.output = file.read()
        if status != 0:
            sys.exit(f"{' '.join(command)}: ended with status {status}")
        self.processor = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss * 1024
        mine = self.processor + time.process_time() - own
        self.foreign = max(busy_seconds() - busy - mine, 0) / self.wall


def busy_seconds():
    with open("/proc/stat") as file:
        user, nice, system, _, _, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICK


def thread_seconds(pid):
    """Processor seconds of each thread so far; a thread that has ended keeps its last figure."""
    found = {}
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                found[int(thread)] = int(file.read().split()[0]) / 1e9
    except (OSError, IndexError, ValueError):
        pass
    return found


def make_log(folder, lines):
    path = folder / f"log-{lines}.strace.gz"
    if not path.exists():
        print(f"making {path}", file=sys.stderr)
        partial = path.with_suffix(".tmp.gz")
        subprocess.run([sys.executable, HERE / "make-log.py", str(lines), partial], check=True)
        partial.rename(path)
    return path


def build_inflate(folder):
    binary = folder / "inflate"
    subprocess.run(["cc", "-O2", "-o", binary, HERE / "inflate.c", "-lz"], check=True)
    return str(binary)


def rounds(count, commands, cores):
    """`count` rounds in which each command runs once, in turn; and how many stayed disturbed."""
    kept, disturbed, repeats = [], 0, count
    while len(kept) < count:
        runs = {name: Run(command, cores) for name, command in commands.items()}
        if max(run.foreign for run in runs.values()) > FOREIGN_LIMIT:
            if repeats > 0:
                repeats -= 1
                continue
            disturbed += 1
        kept.append(runs)
    return kept, disturbed


def median(runs, name, value):
    return statistics.median(value(run[name]) for run in runs)


def compare_with_peer(log, reader, options, cores):
    """Reader and regular expressions in turn on the same lines, uncompressed: inflating is zlib's."""
    text = options.folder / "peer.strace"
    with gzip.open(log) as file, open(text, "wb") as plain:
        plain.writelines(itertools.islice(file, options.peer_lines))
    commands = {
        "reader": [*reader, str(text)],
        "peer": [sys.executable, str(HERE / "regex-reader.py"), str(text)],
    }
    runs, _ = rounds(3, commands, cores)
    times = statistics.median(run["peer"].processor / run["reader"].processor for run in runs)
    print(f"regular expressions in Python: {runs[0]['peer'].output.strip()}")
    size = text.stat().st_size / 1e6
    print(f"{times:.1f} times the processor time of the reader, on {size:.0f} MB of plain text")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peer-lines", type=int, default=1_000_000)
    parser.add_argument("--command", default="events --format none")
    parser.add_argument("--vmareplay", default=str(ROOT / ".build/release/vmareplay"))
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / ".build-bench")
    parser.add_argument("--cores", help="processors to run on, as 0 or 0,1")
    options = parser.parse_args()
    cores = {int(core) for core in options.cores.split(",")} if options.cores else None
    options.folder.mkdir(exist_ok=True)
    log = make_log(options.folder, options.lines)
    short = make_log(options.folder, options.lines // 10)
    reader = [options.vmareplay, *options.command.split()]
    commands = {
        "inflate": [build_inflate(options.folder), str(log)],
        "reader": [*reader, str(log)],
    }
    runs, disturbed = rounds(options.rounds, commands, cores)
    size = int(re.match(r"\d+", runs[0]["inflate"].output)[0])

    print(f"{platform.node()}, {len(os.sched_getaffinity(0))} processors, {platform.release()}")
    print(f"{options.lines} lines, {size / 1e6:.0f} MB of text, {log.stat().st_size / 1e6:.0f} MB")
    print(f"{len(runs)} rounds, {disturbed} of them disturbed by other processes")
    for name in commands:
        wall = median(runs, name, lambda run: run.wall)
        processor = median(runs, name, lambda run: run.processor)
        print(
            f"{name:8}  wall {wall:7.3f} s  processor {processor:7.3f} s"
            f"  {processor * 1e9 / options.lines:6.1f} ns/line  {size / 1e6 / wall:6.0f} MB/s"
        )
    ratio = statistics.median(run["reader"].wall / run["inflate"].wall for run in runs)
    print(f"wall of the reader is {ratio:.3f} of inflating alone")
    threads = [sorted(run["reader"].threads.items()) for run in runs]
    for index in range(min(map(len, threads))):
        seconds = statistics.median(thread[index][1] for thread in threads)
        # One decodes and one inflates (the same where there is one processor); others do nothing.
        if seconds > 0.1 * median(runs, "reader", lambda run: run.processor):
            print(f"reader's thread {index + 1}: {seconds:.3f} s of processor time")

    idle = Run([options.vmareplay, "--version"]).peak
    for path in [short, log]:
        peak = Run([*reader, str(path)], cores).peak
        print(f"memory on top of --version: {(peak - idle) / 1e6:.1f} MB ({path.name})")

    if options.peer_lines > 0:
        compare_with_peer(log, reader, options, cores)


main()
