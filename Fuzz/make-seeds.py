#!/usr/bin/env python3
"""Makes Seeds/ anew: small pieces of the bundled recordings and of the logs in the tests.

An input is a trace as it would lie on disk, plain or compressed. Run it after adding a recording
or a test with a kind of line that no seed has.
"""

import gzip
import pathlib
import re
import textwrap

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
SEEDS = HERE / "Seeds"
LONGEST = 1500


def write(name, data):
    (SEEDS / name).write_bytes(data)


def piece(lines, start):
    """Whole lines from `start` on, together not longer than a seed may be."""
    taken, size = [], 0
    for line in lines[start:]:
        size += len(line)
        if size > LONGEST:
            break
        taken.append(line)
    return b"".join(taken)


def from_traces():
    for trace in sorted((ROOT / "Traces").glob("*.strace.gz")):
        name = trace.name.removesuffix(".strace.gz")
        lines = gzip.open(trace).read().splitlines(keepends=True)
        # The head has the comments of the recorder, the middle has what the program does.
        for part, start in [("head", 0), ("middle", len(lines) // 2)]:
            write(f"{name}-{part}", piece(lines, start))


def from_tests():
    texts = set()
    for source in sorted((ROOT / "Tests" / "TraceReadingTests").glob("*.swift")):
        code = source.read_text()
        for literal in re.findall(r'"""\n(.*?)\n *"""', code, re.S):
            texts.add(textwrap.dedent(literal) + "\n")
        code = re.sub(r'""".*?"""', "", code, flags=re.S)
        found = re.findall(r'"((?:[^"\\\n]|\\.)*)"', code)
        lines = [line for line in found if re.search(r"\w\(.*|<\.\.\. |\+\+\+|---", line)]
        for start in range(0, len(lines), 12):
            texts.add("\n".join(lines[start : start + 12]) + "\n")
    for number, text in enumerate(sorted(texts)):
        text = text.replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
        write(f"test-{number:03}", text.encode()[: 2 * LONGEST])


def compressed():
    log = (SEEDS / "ls-head").read_bytes()
    member = gzip.compress(log, mtime=0)
    half = log.index(b"\n", len(log) // 2) + 5
    write("gzip-one", member)
    write("gzip-two", gzip.compress(log[:half], mtime=0) + gzip.compress(log[half:], mtime=0))
    write("gzip-stored", gzip.compress(log, compresslevel=0, mtime=0))
    write("gzip-padded", member + bytes(200))
    write("gzip-garbage", member + b"\x1fgarbage")
    write("gzip-cut", member[: len(member) // 2])
    write("gzip-empty", gzip.compress(b"", mtime=0) + member)
    write("crlf", b"\xef\xbb\xbf" + log.replace(b"\n", b"\r\n"))


SEEDS.mkdir(exist_ok=True)
for old in SEEDS.iterdir():
    old.unlink()
from_traces()
from_tests()
compressed()
