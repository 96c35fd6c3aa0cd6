import Testing

@testable import vmareplay

/// What the recorder reads from `/proc`, and the texts that it makes.
@Suite struct RecordProcTests {
  private let smaps = """
    55f7f923b000-55f7f923f000 r--p 00000000 fe:00 254378                     /usr/bin/ls
    Size:                 16 kB
    Rss:                  16 kB
    Anonymous:             0 kB
    AnonHugePages:         0 kB
    VmFlags: rd mr mw me 
    ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
    Anonymous:             0 kB
    VmFlags: ex 

    """

  @Test func `of smaps the mappings, the anonymous sizes and the flags are kept`() {
    let expected = """
      # 55f7f923b000-55f7f923f000 r--p 00000000 fe:00 254378                     /usr/bin/ls
      # Anonymous:             0 kB
      # VmFlags: rd mr mw me 
      # ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
      # Anonymous:             0 kB
      # VmFlags: ex 

      """
    let bytes = Array(smaps.utf8)
    for cut in bytes.indices {
      var filter = SmapsFilter()
      filter.absorb(bytes[..<cut])
      filter.absorb(bytes[cut...])
      #expect(filter.mappings == 2)
      #expect(String(decoding: filter.lines, as: UTF8.self) == expected, "cut at \(cut)")
    }
  }

  @Test func `a name with parentheses and spaces does not shift the fields of stat`() {
    let fields = (4...52).map(String.init).joined(separator: " ")
    let state = TaskState(stat: "77 (a) b) S) t \(fields)\n")
    #expect(state?.letter == "t")
    #expect(state?.field(28) == 28)
    #expect(
      state?.addressList == "start_code=0x1a end_code=0x1b start_data=0x2d end_data=0x2e "
        + "start_brk=0x2f start_stack=0x1c arg_start=0x30 arg_end=0x31 env_start=0x32 env_end=0x33")
    #expect(TaskState(stat: "77 (a) Z 1 2")?.isGone == true)
    #expect(TaskState(stat: "77 (a) Z 1 2")?.addressList == nil)
    #expect(TaskState(stat: "") == nil)
  }

  @Test func `the call of a task is read with its arguments and its stack`() {
    let call = TaskCall("11 0x7f0000000000 0x1000 0x0 0x0 0x0 0x0 0x7ffe00001000 0x7f1234\n")
    #expect(call?.number == 11)
    #expect(call?.arguments == ["0x7f0000000000", "0x1000", "0x0", "0x0", "0x0", "0x0"])
    #expect(call?.stackPointer == 0x7ffe_0000_1000)
    #expect(TaskCall("running\n") == nil)
    #expect(TaskCall("-1 0x7ffe00001000 0x7f1234\n") == nil)
  }

  @Test func `soft limits are listed`() {
    let text = """
      Limit                     Soft Limit           Hard Limit           Units
      Max data size             unlimited            unlimited            bytes
      Max stack size            8388608              unlimited            bytes
      Max locked memory         65536                65536                bytes
      Max address space         1000000              unlimited            bytes
      """
    #expect(LimitList.list(text) == "STACK=8388608 AS=1000000 DATA=unlimited MEMLOCK=65536")
  }

  @Test func `a command is quoted as a shell reads it`() {
    #expect(HostLine.quoted("/usr/bin/ls") == "/usr/bin/ls")
    #expect(HostLine.quoted("") == "''")
    #expect(HostLine.quoted("two words") == "'two words'")
    #expect(HostLine.quoted("it's") == "'it'\\''s'")
    #expect(HostLine.quoted("a\nb") == "'a?b'")
  }

  @Test func `the host line ends with the command and is one line`() {
    let text = HostLine.text(
      strace: "6.1", delayMicroseconds: 50_000, command: ["echo", "a\nb", "c d"])
    let lines = text.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0] == "# vmareplay 1")
    #expect(lines[1].hasPrefix("# host kernel="))
    #expect(lines[1].hasSuffix(" command=echo 'a?b' 'c d'"))
    for key in ["arch", "page_size", "max_map_count", "overcommit_memory", "thp", "shmem_thp"] {
      #expect(lines[1].contains(" \(key)="))
    }
  }

  @Test func `only the harmless messages of strace are held back`() {
    var messages = StraceMessages()
    let text = "strace: dispatch_event: pid 5 has delayed wait data set already\nstrace: other\nhal"
    let first = messages.absorb(Array(text.utf8)[...])
    #expect(String(decoding: first, as: UTF8.self) == "strace: other\n")
    let second = messages.absorb(Array("f\n".utf8)[...])
    #expect(String(decoding: second, as: UTF8.self) == "half\n")
  }

  @Test func `signals have the numbers of Linux`() {
    #expect(SignalNumber.named("SIGKILL") == 9)
    #expect(SignalNumber.named("SIGSYS") == 31)
    #expect(SignalNumber.named("SIGRT_3") == 35)
    #expect(SignalNumber.named("SIGNONE") == nil)
  }

  @Test func `without a descriptor for standard error there is no shell`() {
    var launcher = Launcher(shell: "/bin/sh", env: "/usr/bin/env", standardError: 3)
    #expect(launcher.steps == 2)
    let words = launcher.arguments(
      environment: ["SECRET=x", "PWD=/p", "_=/bin/x", "a.b=c", "1=2"], added: ["A=1"],
      command: ["/bin/ls", "-l"])
    #expect(words.prefix(4) == ["/bin/sh", "-c", "exec \"$@\" 2>&3 3>&-", "sh"])
    // What a shell leaves alone is not shown to those who list processes.
    #expect(
      words.dropFirst(4) == [
        "/usr/bin/env", "-u", "OLDPWD", "-u", "SHLVL", "PWD=/p", "_=/bin/x", "a.b=c", "1=2", "A=1",
        "/bin/ls", "-l",
      ])
    launcher.standardError = nil
    #expect(launcher.steps == 1)
    let plain = launcher.arguments(environment: ["A=1"], added: [], command: ["/bin/ls"])
    #expect(plain == ["/usr/bin/env", "/bin/ls"])
  }
}
