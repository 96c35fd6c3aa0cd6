/// Small C programs that do what is hard to record.
enum RecordSources {
  /// Writes its own map to the file `own`, with static memory and raw calls, and ends.
  static let dumpsMap = """
    #define _GNU_SOURCE
    #include <fcntl.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/mman.h>
    #include <unistd.h>
    static char buffer[1 << 20];
    int main(void) {
      char *a = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      memset(a, 1, 1 << 20);
      mprotect(a + 8192, 4096, PROT_READ);
      munmap(a + 65536, 4096);
      memset(malloc(300000), 1, 300000);
      memset(buffer, 1, sizeof buffer);
      int in = open("/proc/self/maps", O_RDONLY), out = open("own", O_CREAT | O_WRONLY, 0600);
      long total = 0, n;
      while ((n = read(in, buffer + total, sizeof buffer - total)) > 0) total += n;
      write(out, buffer, total);
      _exit(4);
    }
    """

  /// Its parent waits for the stop of a child that stops itself, and makes it go on.
  static let stops = """
    #include <signal.h>
    #include <stdio.h>
    #include <sys/wait.h>
    #include <unistd.h>
    int main(void) {
      int status;
      pid_t child = fork();
      if (!child) { raise(SIGSTOP); _exit(3); }
      waitpid(child, &status, WUNTRACED);
      printf("stopped %d by %d\\n", WIFSTOPPED(status), WSTOPSIG(status));
      kill(child, SIGCONT);
      waitpid(child, &status, WCONTINUED);
      printf("continued %d\\n", WIFCONTINUED(status));
      waitpid(child, &status, 0);
      printf("exited %d\\n", WEXITSTATUS(status));
    }
    """

  static let spawns = """
    #define _GNU_SOURCE
    #include <errno.h>
    #include <spawn.h>
    #include <stdio.h>
    #include <sys/wait.h>
    extern char **environ;
    int main(void) {
      char *good[] = {"false", 0}, *bad[] = {"none", 0};
      pid_t pid;
      int status;
      printf("%d\\n", posix_spawn(&pid, "/bin/false", 0, 0, good, environ));
      waitpid(pid, &status, 0);
      printf("%d\\n", WEXITSTATUS(status));
      printf("%d\\n", posix_spawn(&pid, "/nonexistent/none", 0, 0, bad, environ) == ENOENT);
    }
    """

  /// Four threads allocate; `k` kills the process meanwhile, `x` exits while they run, `l` leaves
  /// the end to the last of them, by the raw call.
  static let threads = """
    #define _GNU_SOURCE
    #include <pthread.h>
    #include <signal.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/mman.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    static char mode;
    static void *work(void *number) {
      for (int n = 0; n < 300; n++) {
        size_t size = 100 + n * 7919 % 300000;
        free(memset(malloc(size), 1, size));
      }
      if (mode == 'l') {
        usleep(100000 * (long)number);
        syscall(SYS_exit, 10 + (int)(long)number);
      }
      while (mode == 'k' || mode == 'x')
        munmap(mmap(0, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 8192);
      return 0;
    }
    int main(int count, char **words) {
      pthread_t threads[4];
      mode = count > 1 ? words[1][0] : 0;
      for (long n = 0; n < 4; n++) pthread_create(&threads[n], 0, work, (void *)n);
      if (mode == 'l') syscall(SYS_exit, 3);
      if (mode == 'k') { usleep(50000); kill(getpid(), SIGKILL); }
      if (mode == 'x') { usleep(50000); exit(6); }
      for (int n = 0; n < 4; n++) pthread_join(threads[n], 0);
      return 5;
    }
    """

  static let execFromThread = """
    #include <pthread.h>
    #include <unistd.h>
    static void *work(void *none) { execl("/bin/false", "false", (char *)0); return 0; }
    int main(void) {
      pthread_t thread;
      pthread_create(&thread, 0, work, 0);
      pthread_join(thread, 0);
      return 9;
    }
    """

  /// Says how many signals are blocked; with a command, blocks none and runs that.
  static let mask = """
    #include <signal.h>
    #include <stdio.h>
    #include <unistd.h>
    int main(int count, char **words) {
      sigset_t set;
      int blocked = 0;
      sigemptyset(&set);
      if (count > 1) {
        sigprocmask(SIG_SETMASK, &set, 0);
        execv(words[1], words + 1);
      }
      sigprocmask(SIG_BLOCK, 0, &set);
      for (int n = 1; n <= 64; n++) blocked += sigismember(&set, n) == 1;
      printf("%d\\n", blocked);
    }
    """

  static let quiet = "int main(void) { return 0; }"
}
