#!/usr/bin/env python3
"""Makes a long log of the bundled recordings: repeats them, no two times alike.

    make-log.py LINES FILE        FILE is compressed if its name ends in .gz

Of each recording at most the first 8000 lines are taken, so that the largest does not outweigh
all others; the recorder's own lines (`# …`) are left out. In each repetition

* pids are others, in front of the lines and as the results of clone, fork and vfork alike;
* times go on where the repetition before ended;
* addresses of mappings, heap and stack are moved by a distance that is drawn for the repetition,
  so that calls still fit to each other and the log can be replayed, too;
* the lengths of calls (`-T`) are drawn anew.
"""

import gzip
import pathlib
import random
import re
import sys

TRACES = pathlib.Path(__file__).resolve().parent.parent / "Traces"
LINES_OF_EACH = 8000

SLOT = re.compile(
    rb"^(?P<pid>\d+) +(?P<time>\d+\.\d{6})"
    rb"|0x(?P<address>[0-9a-f]{11,12})\b"
    rb"|(?<=\) = )(?P<child>\d{2,7})(?= <)"
    rb"|<(?P<took>0\.\d{6})>$",
    re.MULTILINE,
)


def recordings():
    """Each recording as text, with its pids and its first and last time in microseconds."""
    for path in sorted(TRACES.glob("*.strace.gz")):
        with gzip.open(path) as file:
            lines = [line for line in file if not line.startswith(b"#")][:LINES_OF_EACH]
        text = b"".join(lines + ends_of_cut(lines))
        pids = {int(m["pid"]) for m in SLOT.finditer(text) if m["pid"]}
        times = [microseconds(m["time"]) for m in SLOT.finditer(text) if m["time"]]
        yield text, pids, min(times), max(times)


def ends_of_cut(lines):
    """The ends of the processes that lived where the recording was cut off.

    Without them the map of each repetition would stay for the rest of the log.
    """
    last = {}
    for line in lines:
        pid, _, rest = line.split(None, 2)
        if rest.startswith(b"+++ "):
            last.pop(pid, None)
        else:
            last[pid] = None
    time = lines[-1].split(None, 2)[1]
    return [b"%-5d %s +++ exited with 0 +++\n" % (int(pid), time) for pid in last]


def microseconds(text):
    return int(text.replace(b".", b""))


def repetition(recording, number, start, generator):
    """One repetition of a recording, whose first time is `start`."""
    text, pids, first, _ = recording
    distance = generator.randrange(1 << 24) << 12
    pid_distance = number * 64
    took = generator.randrange(100)

    def put(match):
        kind = match.lastgroup
        if kind == "address":
            return b"%#x" % (int(match["address"], 16) - distance)
        if kind == "time":
            time = microseconds(match["time"]) - first + start
            pid = (int(match["pid"]) + pid_distance) % 4_000_000 + 1
            return b"%-5d %d.%06d" % (pid, time // 1_000_000, time % 1_000_000)
        if kind == "child":
            pid = int(match["child"])
            return b"%d" % ((pid + pid_distance) % 4_000_000 + 1) if pid in pids else match[0]
        return b"<%.6f>" % (float(match["took"]) + took * 1e-6)

    return SLOT.sub(put, text)


def write(file, count):
    generator = random.Random(1)
    sources = list(recordings())
    start = sources[0][2]
    number = 0
    while True:
        for recording in sources:
            text = repetition(recording, number, start, generator)
            start += recording[3] - recording[2] + 1000
            lines = text.count(b"\n")
            if lines >= count:
                file.write(b"".join(text.splitlines(keepends=True)[:count]))
                return
            count -= lines
            file.write(text)
            number += 1


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: make-log.py LINES FILE")
    count, path = int(sys.argv[1]), sys.argv[2]
    opened = gzip.open(path, "wb", 6) if path.endswith(".gz") else open(path, "wb")
    with opened as file:
        write(file, count)


main()
