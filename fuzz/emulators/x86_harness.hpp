// What the harnesses that let somebody walk x86-64 tables have in common: which formats there are, the slot
// of the root that they take for themselves, and how a page fault is read. It refuses to know who walks.
// Rule: Intel SDM volume 3A, 4.5 (4-level and 5-level paging) and 4.7 (page-fault exceptions).
#pragma once

#include "fuzz/emulators/emulator.hpp"

namespace pagetwin::emulators {

// Bits of an entry.
namespace x86_entry {
inline constexpr std::uint64_t P = 1, RW = 2, US = 4, A = 32, D = 64, PS = 128, G = 256,
                               XD = std::uint64_t{1} << 63U, ADDRESS = 0xf'ffff'ffff'f000;
} // namespace x86_entry

struct X86Paging {
  std::string_view format;
  unsigned levels;

  [[nodiscard]] constexpr unsigned shift(unsigned level) const { return 12 + 9 * level; } // 0 is the page
  [[nodiscard]] constexpr unsigned index(std::uint64_t address, unsigned level) const {
    return address >> shift(level) & 511U;
  }
  // The first address of what a slot of the root covers.
  [[nodiscard]] std::uint64_t base_of(unsigned root_slot) const;
  // Whether the bits above the root's index are copies of its highest.
  [[nodiscard]] bool is_canonical(std::uint64_t address) const;
  // Whether the harness's slot covers it.
  [[nodiscard]] bool is_harness(std::uint64_t address) const;
};

[[nodiscard]] const X86Paging* find_x86_paging(std::string_view format);

// The slot of the root that maps the harness while the table is walked: what it holds is put back afterwards,
// and probes that it covers are not judged.
inline constexpr unsigned x86_harness_slot = 341;

// One word of a table that is another one for a while.
class BorrowedWord {
 public:
  void take(std::byte* word, std::uint64_t instead);
  void give_back(std::byte* word) const;

 private:
  std::uint64_t kept_ = 0;
};

[[nodiscard]] Answer read_x86_page_fault(std::uint64_t error_code);

} // namespace pagetwin::emulators
