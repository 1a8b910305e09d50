// A small Sv39 table, written word by word: what x86-64 has none of, which is pages of several descriptors,
// tables that make all below them global, and tables without flags. It refuses to know who walks it.
#pragma once

#include "reference/tables.hpp"
#include "tests/reference/arena.hpp"

#include <gtest/gtest.h>

namespace reference {

// Root at base, and a node of each level behind it; the last maps addresses 0 .. 2 MiB.
class RiscvTables : public testing::Test {
 protected:
  static constexpr std::uint64_t base = 0x10'0000, page = 0x1000, large = 0x20'0000, set = 16 * page;
  static constexpr std::uint64_t V = 1, R = 2, W = 4, X = 8, G = 1 << 5, A = 1 << 6, D = 1 << 7;

  RiscvTables() {
    for (unsigned level = 0; level < 2; ++level)
      arena.put(base + level * page, word(base + (level + 1) * page, V));
  }
  [[nodiscard]] static constexpr std::uint64_t word(std::uint64_t pa, std::uint64_t low) {
    return pa >> 2 | low;
  }
  // Of each of the 16 descriptors of 64 KiB: N, and 1000 below the frame's number.
  [[nodiscard]] static constexpr std::uint64_t napot(std::uint64_t pa, std::uint64_t low) {
    return word(pa | 0x8000, low) | std::uint64_t{1} << 63;
  }
  [[nodiscard]] static std::uint64_t page_slot(std::uint64_t va) { return base + 2 * page + va / page * 8; }
  void put_page(std::uint64_t va, std::uint64_t raw) { arena.put(page_slot(va), raw); }
  [[nodiscard]] Tables tables() const { return {&riscv_sv39(), arena.memory(), {}}; }

  Arena arena{base, 8 * page};
};

} // namespace reference
