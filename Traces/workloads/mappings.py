"""Mappings of files and of anonymous memory: shared, private, grown, and cut."""
import mmap
import os

PAGE = mmap.PAGESIZE
with open("mapped.bin", "w+b") as file:
    file.truncate(64 * PAGE)
    shared = mmap.mmap(file.fileno(), 0)
    private = mmap.mmap(file.fileno(), 16 * PAGE, access=mmap.ACCESS_COPY, offset=16 * PAGE)
    reading = mmap.mmap(file.fileno(), 8 * PAGE, access=mmap.ACCESS_READ)
    for page in range(64):
        shared[page * PAGE] = page
    private[:5] = b"hello"
    shared.resize(128 * PAGE)
    print(reading[3 * PAGE], private[:5])
    private.close()
anonymous = [mmap.mmap(-1, n * PAGE) for n in range(1, 40)]
for area in anonymous:
    area[:] = b"x" * len(area)
for area in anonymous[::3]:
    area.close()
big = mmap.mmap(-1, 512 * PAGE)
big.madvise(mmap.MADV_HUGEPAGE)
big[:] = b"y" * len(big)
big.madvise(mmap.MADV_DONTNEED, 0, 100 * PAGE)
big.resize(2048 * PAGE)
reading.close()
shared.close()
os.unlink("mapped.bin")
