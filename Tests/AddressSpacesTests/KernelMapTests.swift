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
      sys_brk do_brk find_vma_intersection do_munmap is_hugepage_only_range arch_mmap_check capable
      verify_mm_writelocked find_vma_prepare may_expand_vm sysctl_max_map_count
      security_vm_enough_memory vma_merge kmem_cache_zalloc kmem_cache_alloc vm_unacct_memory vma_link
      make_pages_present can_vma_merge_before can_vma_merge_after is_mergeable_vma
      is_mergeable_anon_vma mpol_equal vma_policy insert importer remove_next adjust_next
      vm_truncate_count VM_NONLINEAR i_mmap __vma_link_file __anon_vma_link vma_prio_tree_remove
      vma_prio_tree_insert flush_dcache_mmap_lock __vma_unlink __remove_shared_vm_struct
      __anon_vma_merge __insert_vm_struct fput VM_EXECUTABLE removed_exe_file_vma mpol_put
      kmem_cache_free validate_mm insert_vm_struct security_vm_enough_memory_mm __vma_link
      anon_vma_lock split_vma
      mmap mm_rb mmap_cache get_unmapped_area unmap_area mmap_base task_size cached_hole_size
      free_area_cache pgd mm_users mm_count map_count mmap_sem page_table_lock mmlist _file_rss
      _anon_rss hiwater_rss hiwater_vm total_vm locked_vm shared_vm exec_vm stack_vm reserved_vm
      def_flags nr_ptes start_code end_code start_data end_data start_brk brk start_stack arg_start
      arg_end env_start env_end saved_auxv cpu_vm_mask context faultstamp token_priority
      last_interval dumpable core_waiters ioctx_list
      pid tgid parent children sibling group_leader thread_group comm signal exit_state mm active_mm
      thread_info task exec_domain preempt_count cpu restart_block
      """
    for name in names.split(whereSeparator: \.isWhitespace) {
      #expect(listed.contains { $0 == name }, "\(name) has no row")
    }
  }
}
