// A 4-level x86-64 table written word by word, and an Mmu over it that hears of an edit only when a test says
// so.
#pragma once

#include "src/arch/x86_64.hpp"
#include "src/tlb/mmu.hpp"

#include <gtest/gtest.h>
#include <optional>
#include <utility>
#include <vector>

namespace pagetwin {

using F = X86_64_4;
using Reach = Invalidation::Reach;
constexpr std::uint64_t page = 4096, large = 2 << 20, huge = 1 << 30;
constexpr SpaceId one{1}, two{2};

// Words as the manual spells them, so that nothing of the format under test builds the table.
constexpr std::uint64_t P = 1, RW = 2, US = 4, A = 1 << 5, D = 1 << 6, PS = 1 << 7, G = 1 << 8,
                        XD = std::uint64_t{1} << 63;
constexpr std::uint64_t ADDRESS = 0xffffffffff000;
constexpr Rights rx = Rights::read | Rights::execute, rwx = rx | Rights::write;

// Memory whose exchange can be preceded by what somebody else does to the descriptor.
class RacingMemory : public PlainMemory<> {
 public:
  using PlainMemory::PlainMemory;
  template <class Raw>
  Raw exchange(PhysAddr pa, Raw word) {
    ++exchanges;
    if (const auto other = std::exchange(racing, std::nullopt))
      store(pa, *other);
    return PlainMemory::exchange(pa, word);
  }
  std::optional<std::uint64_t> racing; // stored before the next exchange
  unsigned exchanges = 0;
};

struct alignas(4096) Arena {
  std::byte bytes[16 * page];
};

// One table, and an Mmu that is not told of what `put` does.
class Machine {
 public:
  explicit Machine(unsigned walk_level = 1)
      : tlb(32), pointers(8), mmu(memory, {tlb, 2}, {pointers, walk_level}) {}

  // Writes the leaf of va at a level. Tables that are missing on the way are made with table_bits: accessed
  // before, unless a test is about that.
  void put(std::uint64_t va, unsigned level, std::uint64_t word, std::uint64_t table_bits = P | RW | US | A) {
    PhysAddr node = root;
    for (unsigned at = 3; at > level; --at)
      node = child(node, va, at, table_bits);
    memory.store(slot(node, va, level), word);
  }
  std::uint64_t word(std::uint64_t va, unsigned level) {
    PhysAddr node = root;
    for (unsigned at = 3; at > level; --at)
      node = PhysAddr{memory.load<std::uint64_t>(slot(node, va, at)) & ADDRESS};
    return memory.load<std::uint64_t>(slot(node, va, level));
  }
  auto translate(std::uint64_t va, SpaceId space = one) { return mmu.translate(space, root, va); }
  std::optional<Source> source(std::uint64_t va, SpaceId space = one) {
    const auto translation = translate(va, space);
    return translation ? std::optional(translation->source) : std::nullopt;
  }
  AccessResult access(std::uint64_t va, AccessKind kind, Privilege who = Privilege::supervisor) {
    return mmu.access(one, root, va, kind, who);
  }
  Fault fault(std::uint64_t va, AccessKind kind, Privilege who = Privilege::supervisor) {
    return access(va, kind, who).fault;
  }

  Arena arena{};
  std::vector<NodeRecord> records{16};
  NodePool pool{arena.bytes, PhysAddr{huge}, 12, records};
  RacingMemory memory{pool};
  PhysAddr root = pool.allocate(12, Fill::zero);
  std::vector<TlbEntry> tlb;
  std::vector<WalkCacheEntry> pointers;
  Mmu<F, RacingMemory> mmu;

 private:
  static PhysAddr slot(PhysAddr node, std::uint64_t va, unsigned level) {
    return node + (va >> (12 + 9 * level) & 511) * 8;
  }
  PhysAddr child(PhysAddr node, std::uint64_t va, unsigned level, std::uint64_t table_bits) {
    const PhysAddr at = slot(node, va, level);
    if (memory.load<std::uint64_t>(at) == 0)
      memory.store(at, raw(pool.allocate(12, Fill::zero)) | table_bits);
    return PhysAddr{memory.load<std::uint64_t>(at) & ADDRESS};
  }
};

inline MmuTranslation at(std::uint64_t pa, unsigned size, Rights rights, Flags flags, Source source) {
  return {{PhysAddr{pa}, size, {.rights = rights}, flags}, source};
}

} // namespace pagetwin
