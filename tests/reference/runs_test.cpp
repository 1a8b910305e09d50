// next_notable against a look at every slot: what it passes over must be nothing that an oracle asks about.
#include "reference/mmu/mmu.hpp"
#include "tests/reference/arena.hpp"

#include <gtest/gtest.h>
#include <random>

namespace reference {
namespace {

constexpr std::uint64_t base = 0x1'0000'0000;

// A few words that are often legal, in runs that often go on, and some bits of anything.
std::uint64_t word(std::mt19937_64& random, std::uint64_t before, std::uint64_t step) {
  switch (random() % 8) {
  case 0:
    return 0;
  case 1:
    return before ^ 1ULL << (random() % 64);
  case 2:
    return random();
  case 3:
    return random() & 0x0000'00ff'ffff'f000U;
  default:
    return before + (random() % 2 == 0 ? step : 0);
  }
}

// The decoding of every slot, and what next_notable should say of it.
bool is_notable(const Mmu& mmu, const PhysicalMemory& memory, unsigned level, unsigned index) {
  const auto decoded = [&](unsigned at) {
    return mmu.decode(memory.word(base + std::uint64_t{at} * mmu.descriptor_bytes(), mmu.descriptor_bytes()),
                      level, at, {});
  };
  const Decoded here = decoded(index);
  if (here.kind == SlotKind::table || here.violations != 0)
    return true;
  if (here.kind != SlotKind::leaf || here.copies == 1)
    return false;
  for (unsigned copy = index - index % here.copies; copy < index - index % here.copies + here.copies; ++copy)
    if (!same_leaf(here, decoded(copy)) || here.flags != decoded(copy).flags)
      return true;
  return false;
}

class Runs : public testing::TestWithParam<const Mmu* (*)()> {};

TEST_P(Runs, EverySlotThatIsNotableIsShownWithWhatItHolds) {
  const Mmu& mmu = *GetParam()();
  std::mt19937_64 random(5);
  std::uint64_t shown = 0, passed = 0;
  for (unsigned round = 0; round < 600; ++round) {
    const unsigned level = static_cast<unsigned>(random() % mmu.levels()), entries = mmu.entries(level);
    Arena arena(base, mmu.node_bytes(level));
    const unsigned bytes = mmu.descriptor_bytes(), used = std::min(entries, 256U);
    std::uint64_t raw = random() & 0x0040'00ff'ffff'ffffU;
    for (unsigned i = 0; i < used; ++i) {
      raw = word(random, raw, std::uint64_t{1} << (random() % 24));
      arena.memory().store(base + std::uint64_t{i} * bytes, raw, bytes);
    }
    Decoded found;
    for (unsigned i = 0; i < used;) {
      const unsigned next = mmu.next_notable(arena.memory(), base, level, i, entries, {}, found);
      for (; i < std::min(next, used); ++i, ++passed)
        EXPECT_FALSE(is_notable(mmu, arena.memory(), level, i)) << "level " << level << " slot " << i;
      if (next < entries) {
        const std::uint64_t at = base + std::uint64_t{next} * bytes;
        EXPECT_EQ(found, mmu.decode(arena.memory().word(at, bytes), level, next, {}));
      }
      i = next + 1;
      ++shown;
    }
  }
  EXPECT_GT(shown, 300U);
  EXPECT_GT(passed, 300U);
}

INSTANTIATE_TEST_SUITE_P(Formats, Runs,
                         testing::Values([]() { return &x86_64_4(); }, []() { return &ept_4(); },
                                         []() { return &riscv_sv39(); }, []() { return &aarch64_s1_4k(); },
                                         []() { return &aarch64_s2_16k(); }, []() { return &armv7(); },
                                         []() { return &tiny(); }, []() { return &tiny_32(); }),
                         [](const auto& tested) { return tested.param()->profile().name; });

} // namespace
} // namespace reference
