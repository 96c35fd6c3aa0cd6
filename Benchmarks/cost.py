#!/usr/bin/env python3
"""Counts what a line costs: instructions, allocations, retains and releases, under callgrind.

    cost.py [--limit N] [--replay-limit N] [--decode FILE]

The decoder reads a log once and then the same log twice over: what it does more in the second run
is what the lines cost. So does the replay, with a log of one process that maps, changes and unmaps
the same memory again and again: processes that come and go do allocate. Both do it in `Decode`, which uses the library as another package does:
valgrind cannot run `vmareplay` itself, whose main function is asynchronous. Times depend on the
machine; these counts do not, so that the check may run anywhere. It fails if lines are allocated,
retained or released for, or take more than `limit` instructions: a generic that is no longer
specialised over a module's border does both.
"""

import argparse
import collections
import pathlib
import random
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
LINES = 20_000
# What stands for an allocation or for reference counting, in libc and in the Swift runtime.
COUNTED = ["malloc", "calloc", "realloc", "posix_memalign", "swift_retain", "swift_release"]
# A batch of some thousand lines may retain and release a few times; a line may not.
TOLERANCE = LINES // 500


def steady_log(lines):
    """Calls of one process that leave nothing behind, so that they can be repeated."""
    numbers = random.Random(1)
    text, mapped = ["brk(NULL) = 0x555500000000"], set()
    for _ in range(lines):
        slot, kind = numbers.randrange(64), numbers.randrange(5)
        address = 0x7F0000000000 + slot * 0x8000
        if slot not in mapped:
            mapped.add(slot)
            text.append("mmap(NULL, 16384, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)"
                        f" = {address:#x}")
        elif kind == 0:
            mapped.remove(slot)
            text.append(f"munmap({address:#x}, 16384) = 0")
        elif kind == 1:
            text.append(f"mprotect({address:#x}, 4096, PROT_NONE) = 0")
        elif kind == 2:
            text.append(f"mprotect({address:#x}, 16384, PROT_READ|PROT_WRITE) = 0")
        elif kind == 3:
            text.append(f"madvise({address:#x}, 16384, MADV_DONTNEED) = 0")
        else:
            end = 0x555500000000 + numbers.randrange(64) * 4096
            text.append(f"brk({end:#x}) = {end:#x}")
    text += [f"munmap({0x7F0000000000 + slot * 0x8000:#x}, 16384) = 0" for slot in mapped]
    return "".join(f"7     1700000000.{n % 10**6:06} {line} <0.000010>\n"
                   for n, line in enumerate(text)).encode()


def counts(binary, what, log, folder):
    """Calls of the counted functions, and instructions, in one run."""
    out = folder / "callgrind.out"
    subprocess.run(
        ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}",
         binary, what, log, "1"],
        check=True, stdout=subprocess.DEVNULL,
    )
    names, calls, callee = {}, collections.Counter(), None
    instructions = 0
    for line in out.read_text(errors="replace").splitlines():
        if match := re.match(r"(c?fn)=\((\d+)\)(?: (.*))?", line):
            kind, number, name = match.groups()
            if name is not None:
                names[number] = name.split("@")[0].split("'")[0]
            if kind == "cfn":
                callee = names[number]
        elif match := re.match(r"calls=(\d+)", line):
            calls[callee.strip("_")] += int(match[1])
        elif match := re.match(r"(?:summary|totals): (\d+)", line):
            instructions = int(match[1])
    return {name: calls[name] for name in COUNTED}, instructions


def check(binary, what, log, lines, limit, folder):
    """Whether a line of `log` costs no more than it may."""
    once, twice = folder / f"cost-{what}-1.strace", folder / f"cost-{what}-2.strace"
    once.write_bytes(log)
    twice.write_bytes(log * 2)
    first, short = counts(binary, what, once, folder)
    second, long = counts(binary, what, twice, folder)
    passed = True
    print(f"{what}, {lines:,} lines once and twice")
    for name in COUNTED:
        bad = second[name] - first[name] > TOLERANCE
        passed &= not bad
        print(f"  {name:15} {first[name]:8} {second[name]:8}{'  too many' if bad else ''}")
    cost = (long - short) / lines
    bad = cost > limit
    print(f"  {cost:.0f} instructions a line, limit {limit:.0f}{'  exceeded' if bad else ''}")
    return passed and not bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--limit", type=float, default=1500, help="instructions a line, decoding")
    parser.add_argument("--replay-limit", type=float, default=2700, help="and with the replay")
    parser.add_argument("--decode", default=HERE / "Decode/.build/release/decode")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / ".build-bench")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    mixed = options.folder / "cost.strace"
    subprocess.run([sys.executable, HERE / "make-log.py", str(LINES), mixed], check=True)
    steady = steady_log(LINES)

    # valgrind gives up on the compiler's debug information; the names of functions are enough.
    binary = options.folder / "decode"
    subprocess.run(["strip", "--strip-debug", "-o", binary, options.decode], check=True)
    passed = [
        check(binary, "time", mixed.read_bytes(), LINES, options.limit, options.folder),
        check(binary, "replay", steady, steady.count(b"\n"), options.replay_limit, options.folder),
    ]
    sys.exit(0 if all(passed) else 1)


main()
