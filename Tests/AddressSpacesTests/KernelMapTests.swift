import Foundation
import TestSupport
import Testing

/// Holds `Documentation/KernelMap.md` to the sources that it points to.
@Suite struct KernelMapTests {
  private struct Row {
    var text: String
    /// In back quotes: the kernel's names, and the files and symbols here.
    var kernelNames: [String]
    var references: [String]
    var verdicts: [String]
  }

  private static func quoted(_ text: Substring) -> [String] {
    text.matches(of: /`([^`]+)`/).map { String($0.1) }
  }

  private static let rows: [Row] = {
    let file = ProjectFiles.root.appending(path: "Documentation/KernelMap.md")
    guard let text = try? ProjectFiles.text(of: file) else { return [] }
    return text.split(separator: "\n").filter { $0.hasPrefix("| ") }.compactMap { line in
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst()
        .dropLast()
      guard let first = cells.first, first != " kernel " else { return nil }
      let columns = Array(cells)
      return Row(
        text: String(line), kernelNames: quoted(first),
        references: columns.count > 1 ? quoted(columns[1]) : [],
        verdicts: columns.dropFirst(2).map { $0.trimmingCharacters(in: .whitespaces) })
    }
  }()

  @Test func everyRowHasAVerdict() {
    #expect(Self.rows.count > 80)
    for row in Self.rows {
      #expect(row.verdicts.count == 2, "\(row.text)")
      let said = row.verdicts.joined(separator: " ")
      #expect(
        ["modelled", "simplified", "absent"].contains { said.contains($0) }, "\(row.text)")
      // What is not here has a reason; what is here has a file.
      if row.verdicts.first == "absent" { Issue.record("no reason: \(row.text)") }
      if row.verdicts.first?.hasPrefix("modelled") == true {
        #expect(row.references.contains { $0.hasSuffix(".swift") }, "\(row.text)")
      }
    }
  }

  @Test func filesAndSymbolsExist() throws {
    var sources: [String: String] = [:]
    for file in try ProjectFiles.files(below: "Sources", suffix: ".swift") {
      sources[file.lastPathComponent] = try ProjectFiles.text(of: file)
    }
    for row in Self.rows {
      let files = row.references.filter { $0.hasSuffix(".swift") }
      for file in files { #expect(sources[file] != nil, "no file \(file): \(row.text)") }
      let code = files.compactMap { sources[$0] }.joined(separator: "\n")
      for symbol in row.references where !symbol.hasSuffix(".swift") {
        #expect(declares(code, symbol), "\(symbol) is not in \(files): \(row.text)")
      }
    }
  }

  /// `code` declares `symbol`: a function, a property, a type or a case of that name.
  private func declares(_ code: String, _ symbol: String) -> Bool {
    let keywords = ["func", "var", "let", "struct", "enum", "class", "case", "subscript"]
    return keywords.contains { keyword in
      var rest = Substring(code)
      while let found = rest.range(of: "\(keyword) \(symbol)") {
        rest = rest[found.upperBound...]
        guard let next = rest.first else { return true }
        if !next.isLetter && !next.isNumber && next != "_" { return true }
      }
      return false
    }
  }

  /// The names that the map must have, whatever it says of them.
  @Test func namesAreListed() {
    let listed = Set(Self.rows.flatMap(\.kernelNames))
    let names = """
      sys_brk do_brk find_vma_intersection do_munmap is_hugepage_only_range arch_mmap_check
      capable verify_mm_writelocked find_vma_prepare may_expand_vm sysctl_max_map_count
      security_vm_enough_memory vma_merge kmem_cache_zalloc kmem_cache_alloc vm_unacct_memory
      vma_link make_pages_present can_vma_merge_before can_vma_merge_after is_mergeable_vma
      is_mergeable_anon_vma mpol_equal vma_policy insert importer remove_next adjust_next
      vm_truncate_count VM_NONLINEAR i_mmap __vma_link_file __anon_vma_link vma_prio_tree_remove
      vma_prio_tree_insert flush_dcache_mmap_lock __vma_unlink __remove_shared_vm_struct
      __anon_vma_merge __insert_vm_struct fput VM_EXECUTABLE removed_exe_file_vma mpol_put
      kmem_cache_free validate_mm insert_vm_struct security_vm_enough_memory_mm __vma_link
      anon_vma_lock split_vma mmap mm_rb mmap_cache get_unmapped_area unmap_area mmap_base
      task_size cached_hole_size free_area_cache pgd mm_users mm_count map_count mmap_sem
      page_table_lock mmlist _file_rss _anon_rss hiwater_rss hiwater_vm total_vm locked_vm
      shared_vm exec_vm stack_vm reserved_vm def_flags nr_ptes start_code end_code start_data
      end_data start_brk brk start_stack arg_start arg_end env_start env_end saved_auxv
      cpu_vm_mask context faultstamp token_priority last_interval dumpable core_waiters ioctx_list
      pid tgid parent children sibling group_leader thread_group comm signal exit_state mm
      active_mm thread_info task exec_domain preempt_count cpu restart_block BUG_ON CAP_IPC_LOCK
      GFP_KERNEL MCL_FUTURE PAGE_ALIGN PAGE_SHIFT RLIMIT_DATA RLIMIT_MEMLOCK TASK_SIZE VM_ACCOUNT
      VM_DATA_DEFAULT_FLAGS VM_DENYWRITE VM_LOCKED VM_SPECIAL acct_rss_mem1 acct_stimexpd
      acct_vm_mem1 added_exe_file_vma alloc_lock anon_vma anon_vma_unlock array audit_context
      backing_dev_info binfmt bio_list bio_tail blocked blocked_on btrace_seq calloc cap_effective
      cap_inheritable cap_permitted clear_child_tid compat_robust_list core_done core_startup_done
      cpu_timers cpus_allowed cpuset cpuset_mem_spread_rotor cpuset_mems_generation curr_chain_key
      delays did_exec down_write egid euid exe_file exit_code exit_signal f_mapping files
      first_time_slice flags flush_dcache_mmap_unlock fpu_counter free fs fs_excl fsgid fsuid gid
      group_info hardirq_context hardirq_disable_event hardirq_disable_ip hardirq_enable_event
      hardirq_enable_ip hardirqs_enabled held_locks i_mmap_lock i_mmap_nonlinear il_next
      io_context io_wait ioac ioctx_list_lock ioprio irq_events it_prof_expires it_sched_expires
      it_virt_expires jit_keyring journal_info keep_capabilities last_ran last_siginfo link_count
      load_weight lock lock_depth lockdep_depth lockdep_recursion maj_flt make_it_fail malloc
      mempolicy mems_allowed memset min_flt mremap_to nivcsw normal_prio notifier notifier_data
      notifier_mask nsproxy num_exe_file_vmas nvcsw oncpu oomkilladj parent_exec_id pdeath_signal
      pending personality pi_blocked_on pi_lock pi_state_cache pi_state_list pi_waiters pids
      policy prio ptrace ptrace_children ptrace_list ptrace_message rchar rcu real_blocked
      real_parent realloc reclaim_state request_key_auth rlim robust_list rt_priority run_list
      sas_ss_size sas_ss_sp saved_sigmask sched_info sched_time seccomp security self_exec_id
      set_child_tid sgid sighand sleep_avg sleep_type softirq_context softirq_disable_event
      softirq_disable_ip softirq_enable_event softirq_enable_ip softirqs_enabled spin_lock
      spin_unlock splice_pipe stack stack_canary start_time state static_prio stime suid syscr
      syscw sysvsem tasks thread thread_keyring time_slice timestamp total_link_count
      truncate_count uid up_write usage user utime vfork_done vm_end vm_file vm_flags vm_mm
      vm_next vm_page_prot vm_pgoff vm_start vma_adjust vma_nonlinear_insert vma_pages wchar
      """
    for name in names.split(whereSeparator: \.isWhitespace) {
      #expect(listed.contains { $0 == name }, "\(name) has no row")
    }
  }
}
