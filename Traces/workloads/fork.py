"""Forks: children inherit memory, change it, fork again, and execute another program."""
import os
import subprocess

blocks = [bytearray(200_000) for _ in range(40)]
for number in range(3):
    pid = os.fork()
    if pid == 0:
        own = [bytearray(300_000 + number) for _ in range(20)]
        del blocks[::2]
        if number == 1:
            grandchild = os.fork()
            if grandchild == 0:
                more = [bytearray(1_000_000) for _ in range(5)]
                os._exit(len(more))
            os.waitpid(grandchild, 0)
        os._exit(len(own))
    blocks.append(bytearray(500_000))
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
subprocess.run(["/bin/echo", "from a child"], check=True)
