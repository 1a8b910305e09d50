// A small x86-64 table, written word by word. It refuses to know who walks it.
#pragma once

#include "reference/tables.hpp"
#include "tests/reference/arena.hpp"

#include <gtest/gtest.h>

namespace reference {

// PML4 at base, PDPT, PD and PT behind it; the PT maps addresses 0 .. 2 MiB.
class X86Tables : public testing::Test {
 protected:
  static constexpr std::uint64_t base = 0x10'0000, page = 0x1000, large = 0x20'0000;
  static constexpr std::uint64_t P = 1, RW = 2, US = 4, A = 1 << 5, D = 1 << 6, PS = 1 << 7, G = 1 << 8;

  X86Tables() {
    for (unsigned level = 0; level < 3; ++level)
      arena.put(base + level * page, (base + (level + 1) * page) | P | RW | US);
  }
  [[nodiscard]] static std::uint64_t page_slot(std::uint64_t va) { return base + 3 * page + va / page * 8; }
  [[nodiscard]] static std::uint64_t large_slot(std::uint64_t va) { return base + 2 * page + va / large * 8; }
  [[nodiscard]] std::uint64_t page_word(std::uint64_t va) const { return arena.at(page_slot(va)); }
  void put_page(std::uint64_t va, std::uint64_t word) { arena.put(page_slot(va), word); }
  void put_large(std::uint64_t va, std::uint64_t word) { arena.put(large_slot(va), word); }
  [[nodiscard]] Tables tables() const { return {&x86_64_4(), arena.memory(), {}}; }

  Arena arena{base, 8 * page};
};

} // namespace reference
