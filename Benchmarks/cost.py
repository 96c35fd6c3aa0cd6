#!/usr/bin/env python3
"""Counts what a line costs: instructions, allocations, retains and releases, under callgrind.

    cost.py [--limit N] [--decode FILE]

The decoder reads a log once and then the same log twice over: what it does more in the second run
is what the lines cost. It does so in `Decode`, which uses the library as another package does:
valgrind cannot run `vmareplay` itself, whose main function is asynchronous. Times depend on the
machine; these counts do not, so that the check may run anywhere. It fails if lines are allocated,
retained or released for, or take more than `limit` instructions: a generic that is no longer
specialised over a module's border does both.
"""

import argparse
import collections
import pathlib
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


def counts(binary, log, folder):
    """Calls of the counted functions, and instructions, in one run."""
    out = folder / "callgrind.out"
    subprocess.run(
        ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}",
         binary, "time", log, "1"],
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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--limit", type=float, default=1500, help="instructions a line")
    parser.add_argument("--decode", default=HERE / "Decode/.build/release/decode")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / ".build-bench")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    once, twice = options.folder / "cost-1.strace", options.folder / "cost-2.strace"
    subprocess.run([sys.executable, HERE / "make-log.py", str(LINES), once], check=True)
    twice.write_bytes(once.read_bytes() * 2)

    # valgrind gives up on the compiler's debug information; the names of functions are enough.
    binary = options.folder / "decode"
    subprocess.run(["strip", "--strip-debug", "-o", binary, options.decode], check=True)
    first, short = counts(binary, once, options.folder)
    second, long = counts(binary, twice, options.folder)
    failed = False
    for name in COUNTED:
        more = second[name] - first[name]
        bad = more > TOLERANCE
        failed |= bad
        print(f"{name:15} {first[name]:8} {second[name]:8}{'  too many' if bad else ''}")
    cost = (long - short) / LINES
    bad = cost > options.limit
    failed |= bad
    print(f"{cost:.0f} instructions a line, limit {options.limit:.0f}{'  exceeded' if bad else ''}")
    sys.exit(1 if failed else 0)


main()
