// for_each_slot over hand-made tables, good and bad.
#include "reference/mmu/enumerate.hpp"
#include "tests/reference/arena.hpp"
#include "tests/reference/translation.hpp"

#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace reference {
namespace {

constexpr std::uint64_t base = 0x100000;

struct Seen {
  std::uint64_t va;
  unsigned level;
  std::uint64_t address;
  SlotKind kind;

  bool operator==(const Seen&) const = default;
};

struct Listing {
  std::vector<Seen> slots;
  Enumeration end = Enumeration::complete;
};

Listing list(const Arena& arena, const Mmu& mmu, std::uint64_t root) {
  Listing all;
  const auto note = [&all](const Slot& slot) {
    all.slots.push_back({slot.va, slot.level, slot.address, slot.decoded.kind});
  };
  all.end = for_each_slot(arena.memory(), root, mmu, {}, note);
  return all;
}

TEST(ForEachSlot, ShowsEverySlotAscendingAndTablesFirst) {
  Arena arena(base, 0x4000);
  arena.put(base + 8, base + 0x1007);
  arena.put(base + 511 * 8ULL, base + 0x2007);
  arena.put(base + 0x1000 + 7 * 8ULL, 0x83);
  arena.put(base + 0x1000 + 8 * 8ULL, 0x5500000000);
  arena.put(base + 0x2000 + 511 * 8ULL, 0x40000083);
  const std::uint64_t P4 = 1ULL << 39;
  const Listing seen = list(arena, x86_64_4(), base);
  EXPECT_EQ(seen.end, Enumeration::complete);
  EXPECT_EQ(seen.slots, (std::vector<Seen>{{P4, 3, base + 8, SlotKind::table},
                                           {P4 + 7 * 0x40000000ULL, 2, base + 0x1038, SlotKind::leaf},
                                           {P4 + 8 * 0x40000000ULL, 2, base + 0x1040, SlotKind::hole},
                                           {0 - P4, 3, base + 511 * 8ULL, SlotKind::table},
                                           {0 - 0x40000000ULL, 2, base + 0x2FF8, SlotKind::leaf}}));
}

// First index and length of every run of leaves in the first node of pages below base.
std::vector<std::pair<unsigned, unsigned>> page_runs(const Arena& arena) {
  std::vector<std::pair<unsigned, unsigned>> runs;
  const auto note = [&runs](const Slot& slot) {
    if (slot.level == 0)
      runs.emplace_back(slot.index, slot.count);
  };
  EXPECT_EQ(for_each_slot(arena.memory(), base, x86_64_4(), {}, note), Enumeration::complete);
  return runs;
}

TEST(ForEachSlot, ARunOfPagesEndsWhereAnythingButTheFrameDiffers) {
  Arena arena(base, 0x4000);
  for (std::uint64_t level = 0; level < 3; ++level)
    arena.put(base + level * 0x1000, (base + (level + 1) * 0x1000) | 7);
  const std::uint64_t pages = base + 0x3000;
  for (std::uint64_t i = 0; i < 10; ++i)
    arena.put(pages + i * 8, (0x5000 + i * 0x1000) | 7);
  EXPECT_EQ(page_runs(arena), (std::vector<std::pair<unsigned, unsigned>>{{0, 10}}));
  arena.put(pages + 3 * 8ULL, 0x8000 | 7 | 0x40);         // dirty
  arena.put(pages + 6 * 8ULL, 0xF000 | 7);                // another frame
  arena.put(pages + 8 * 8ULL, (0xD000 | 7) | 1ULL << 62); // another key
  EXPECT_EQ(page_runs(arena), (std::vector<std::pair<unsigned, unsigned>>{
                                  {0, 3}, {3, 1}, {4, 2}, {6, 1}, {7, 1}, {8, 1}, {9, 1}}));
}

TEST(ForEachSlot, NoRunLeavesTheAddressField) {
  const Mmu& mmu = x86_64_4();
  const std::uint64_t top = (1ULL << 52) - 0x1000;
  EXPECT_TRUE(mmu.continues((top - 0x1000) | 7, top | 7, 0, {}));
  EXPECT_FALSE(mmu.continues(top | 7, (top | 7) + 0x1000, 0, {}));
  Mode narrow;
  narrow.pa_bits = 40;
  EXPECT_FALSE(mmu.continues(((1ULL << 40) - 0x1000) | 7, 1ULL << 40 | 7, 0, narrow));
}

// What spares decoding must never say more than decoding does.
TEST(ForEachSlot, WhatContinuesARunDecodesToTheNextFrame) {
  std::mt19937_64 random(3);
  const Mmu& mmu = x86_64_4();
  unsigned continued = 0;
  for (unsigned round = 0; round < 100000; ++round) {
    const unsigned level = round % 3;
    const std::uint64_t span = mmu.span(level), pat = level == 0 ? 0 : 1ULL << 12;
    const std::uint64_t before = (random() & ~(((1ULL << 52) - 1) & ~0xFFFULL & ~pat)) | 1
                                 | (level == 0 ? 0 : 0x80)
                                 | (random() % 64 == 0 ? (1ULL << 52) - span : random() % 0x100 * span);
    const std::uint64_t raw = before + span + (random() % 4 == 0 ? 1ULL << random() % 64 : 0);
    if (!mmu.continues(before, raw, level, {}))
      continue;
    ++continued;
    Decoded want = mmu.decode(before, level, 0, {});
    want.address += span;
    EXPECT_EQ(mmu.decode(raw, level, 0, {}), want) << std::hex << before << ' ' << raw;
  }
  EXPECT_GT(continued, 50000U);
}

TEST(ForEachSlot, FindsASlotAtEveryIndex) {
  for (unsigned index = 0; index < 512; ++index) {
    Arena arena(base, 0x1000);
    arena.put(base + index * 8ULL, 0x100000000);
    const Listing seen = list(arena, x86_64_4(), base);
    ASSERT_EQ(seen.slots.size(), 1U) << index;
    EXPECT_EQ(seen.slots[0].address, base + index * 8ULL);
  }
}

TEST(ForEachSlot, EffectiveRightsAreThoseOfThePath) {
  Arena arena(base, 0x2000);
  arena.put(base, base + 0x1005); // not writable
  arena.put(base + 0x1000, 0x83); // not for users
  Rights last;
  const auto note = [&last](const Slot& slot) { last = rights_of(slot.effective); };
  EXPECT_EQ(for_each_slot(arena.memory(), base, x86_64_4(), {}, note), Enumeration::complete);
  EXPECT_EQ(last, (Rights{true, false, true, false}));
}

TEST(ForEachSlot, SaysWhenANodeLiesOutside) {
  Arena arena(base, 0x2000);
  arena.put(base, 0x7);
  arena.put(base + 8, base + 0x2007);
  arena.put(base + 16, 0x83);
  const Listing seen = list(arena, x86_64_4(), base);
  EXPECT_EQ(seen.end, Enumeration::node_outside_memory);
  EXPECT_EQ(seen.slots.size(), 3U);
}

TEST(ForEachSlot, EndsInATableThatContainsItself) {
  Arena arena(base, 0x2000);
  for (unsigned index = 0; index < 512; ++index)
    arena.put(base + index * 8ULL, base + 7);
  const Listing seen = list(arena, x86_64_4(), base);
  EXPECT_EQ(seen.end, Enumeration::out_of_budget);
}

TEST(ForEachSlot, EndsWithinTheMemoryOnArbitraryBytes) {
  std::mt19937_64 random(1);
  for (unsigned round = 0; round < 200; ++round) {
    Arena arena(base, 0x4000);
    for (std::uint64_t at = 0; at < 0x4000; at += 8)
      arena.put(base + at, random() % 4 == 0 ? random() : (base + random() % 6 * 0x1000) | 7);
    for (const Mmu* mmu : {&x86_64_4(), &x86_64_5(), &tiny()}) {
      std::uint64_t slots = 0;
      const auto count = [&slots](const Slot&) { ++slots; };
      static_cast<void>(for_each_slot(arena.memory(), base, *mmu, {}, count));
      EXPECT_LE(slots, arena.memory().size / mmu->descriptor_bytes());
    }
  }
}

TEST(ForEachSlot, AgreesWithTranslateOnRandomTinyTables) {
  std::mt19937_64 random(2);
  unsigned leaves = 0;
  for (unsigned round = 0; round < 2000; ++round) {
    Arena arena(0, 32ULL * 64);
    for (unsigned node = 0; node < 64; ++node)
      for (unsigned index = 0; index < 4; ++index) {
        const unsigned level = node == 0 ? 3 : node < 4 ? 2 : node < 16 ? 1 : 0;
        const bool is_table = level > 0 && random() % 2 == 0;
        const std::uint64_t below = node * 4 + index + 1;
        const std::uint32_t low = is_table ? 0x3F : 0x1D;
        const std::uint64_t high = is_table ? below % 64 : (random() % 64) << 4;
        if (random() % 4 != 0)
          arena.put(node * 32ULL + index * 8ULL, std::rotl(low, static_cast<int>(5 * level)) | high << 32);
      }
    const auto check = [&](const Slot& slot) {
      if (slot.decoded.kind != SlotKind::leaf || slot.level == 3)
        return;
      ++leaves;
      const auto found = tiny().translate(arena.memory(), 0, slot.va, {});
      const bool faults = (slot.decoded.violations & violation::faulting) != 0;
      EXPECT_EQ(pa_of(found), faults ? std::nullopt : std::optional(slot.decoded.address));
    };
    EXPECT_NE(for_each_slot(arena.memory(), 0, tiny(), {}, check), Enumeration::out_of_budget);
  }
  EXPECT_GT(leaves, 1000U);
}

} // namespace
} // namespace reference
