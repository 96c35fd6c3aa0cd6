#!/usr/bin/env python3
"""The peer: reads a strace log as a script does, with one regular expression for a line.

    regex-reader.py FILE [LINES]

Of each line: pid, time, call, arguments, result, error and duration, numbers as numbers and flags
as a set of names. No joining of unfinished calls, no other option set: less than the decoder does.
"""

import gzip
import re
import sys
import time

LINE = re.compile(
    r"(\d+) +(\d+)\.(\d+) (\w+)\((.*)\) += (-?\d+|0x[0-9a-f]+|\?)(?: (E\w+) \([^)]*\))?"
    r"(?: <(\d+\.\d+)>)?$"
)
NUMBER = re.compile(r"-?[1-9][0-9]*$|0$|0x[0-9a-f]+$")
FLAGS = re.compile(r"[A-Z][A-Z0-9_]*(?:\|[A-Z0-9_x]+)*$")


def argument(text):
    if NUMBER.match(text):
        return int(text, 0)
    if FLAGS.match(text):
        return frozenset(text.split("|"))
    return text


def main():
    limit = int(sys.argv[2]) if len(sys.argv) > 2 else sys.maxsize
    lines = events = 0
    start = time.process_time()
    unpack = gzip.open if sys.argv[1].endswith(".gz") else open
    with unpack(sys.argv[1], "rt", errors="replace") as file:
        for line in file:
            lines += 1
            match = LINE.match(line)
            if match:
                pid, seconds, fraction, call, arguments, result, error, took = match.groups()
                event = (
                    int(pid),
                    int(seconds) * 1_000_000 + int(fraction),
                    call,
                    [argument(text) for text in arguments.split(", ")],
                    None if result == "?" else int(result, 0),
                    error,
                    float(took) if took else None,
                )
                events += bool(event)
            if lines == limit:
                break
    seconds = time.process_time() - start
    print(f"{lines} lines, {events} events, {seconds * 1e9 / lines:.0f} ns/line")


main()
