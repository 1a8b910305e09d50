// Series: words that follow that of a leaf are found many at a time, and as asking for each would find them.
#include "reference/mmu/mmu.hpp"

#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace reference {
namespace {

template <typename Word>
const unsigned char* bytes_of(const std::vector<Word>& words) {
  return reinterpret_cast<const unsigned char*>(words.data());
}

template <typename Word>
class Progressions : public testing::Test {};
using Words = testing::Types<std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(Progressions, Words);

TYPED_TEST(Progressions, EndWhereAWordIsAnother) {
  for (unsigned odd = 1; odd <= 90; ++odd) {
    std::vector<TypeParam> words(100);
    for (unsigned i = 0; i < words.size(); ++i)
      words[i] = 7 + i * 0x1000;
    words[odd] ^= TypeParam{1} << odd % 32;
    EXPECT_EQ(progression<TypeParam>(bytes_of(words), 100, 0x1000), odd);
    EXPECT_EQ(progression<TypeParam>(bytes_of(words), odd, 0x1000), odd);
  }
}

TYPED_TEST(Progressions, MayStandStill) {
  const std::vector<TypeParam> words(40, 5);
  for (unsigned count = 1; count <= 40; ++count)
    EXPECT_EQ(progression<TypeParam>(bytes_of(words), count, 0), count);
}

TEST(NextNonzero, FindsEachWordOfALongNode) {
  for (unsigned place = 0; place < 200; ++place) {
    std::vector<std::uint64_t> words(200);
    words[place] = 1;
    EXPECT_EQ(next_nonzero<std::uint64_t>(bytes_of(words), 0, 200), place);
    EXPECT_EQ(next_nonzero<std::uint64_t>(bytes_of(words), 0, place), place);
    EXPECT_EQ(next_nonzero<std::uint64_t>(bytes_of(words), place + 1, 200), 200U);
  }
}

struct Kind {
  const Mmu& mmu;
  unsigned level;
  std::uint64_t alone, copy; // a leaf of one slot, and the first copy of one of several; 0: there is none
};
void PrintTo(const Kind& kind, std::ostream* to) {
  *to << kind.mmu.profile().name << " level " << kind.level;
}

class Serieses : public testing::TestWithParam<Kind> {
 protected:
  static constexpr unsigned count = 128; // as many as the largest group has
  static constexpr std::uint64_t base = 0x100000;

  void put(unsigned index, std::uint64_t word) {
    const std::size_t bytes = GetParam().mmu.descriptor_bytes();
    memory().store(base + index * bytes, word, static_cast<unsigned>(bytes));
  }
  [[nodiscard]] std::uint64_t word(unsigned index) {
    const unsigned bytes = GetParam().mmu.descriptor_bytes();
    return memory().word(base + std::uint64_t{index} * bytes, bytes);
  }
  [[nodiscard]] PhysicalMemory memory() { return {bytes_.data(), base, bytes_.size()}; }
  // As many words as follow, one of which is another now and then.
  void fill(std::uint64_t first, std::mt19937_64& random) {
    const std::uint64_t step = GetParam().mmu.series(first, GetParam().level, {}).step;
    for (unsigned i = 0; i < count; ++i)
      put(i, first + std::uint64_t{i} * step);
    const auto odd = static_cast<unsigned>(random() % (2ULL * count));
    if (odd < count && odd > 0)
      put(odd, word(odd) ^ 1ULL << random() % (8ULL * GetParam().mmu.descriptor_bytes()));
  }

  std::vector<unsigned char> bytes_ = std::vector<unsigned char>(std::size_t{count} * 8);
};

TEST_P(Serieses, RunsAreAsLongAsEachPageContinuesTheOneBefore) {
  std::mt19937_64 random(1);
  const auto& [mmu, level, alone, copy] = GetParam();
  for (unsigned round = 0; round < 2000; ++round) {
    const Series series = mmu.series(alone, level, {});
    const std::uint64_t frames = series.frame / series.step; // some begin just below the last frame
    fill(alone + (random() % 4 == 0 ? frames - random() % count : random() % 1000) * series.step, random);
    unsigned run = 1;
    while (run < count && mmu.continues(word(run - 1), word(run), level, {}))
      ++run;
    EXPECT_EQ(mmu.run_length(memory(), base, count, level, {}), run) << std::hex << word(0);
  }
}

TEST_P(Serieses, GroupsAreWholeWhenEachCopyRepeatsTheOneBefore) {
  std::mt19937_64 random(2);
  const auto& [mmu, level, alone, copy] = GetParam();
  const unsigned copies = copy == 0 ? 0 : mmu.decode(copy, level, 0, {}).copies;
  for (unsigned round = 0; copy != 0 && round < 2000; ++round) {
    fill(copy, random);
    unsigned whole = 1;
    while (whole < copies && mmu.repeats(word(whole - 1), word(whole), level, {}))
      ++whole;
    EXPECT_EQ(mmu.is_repeated(memory(), base, copies, level, {}), whole == copies) << std::hex << word(0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Serieses,
    testing::Values(Kind{x86_64_4(), 0, 7, 0}, Kind{x86_64_4(), 1, 0x87, 0}, Kind{ept_4(), 0, 7, 0},
                    Kind{riscv_sv48(), 0, 0xF, 1ULL << 63 | 0x200F}, Kind{riscv_sv57x4(), 1, 0x1F, 0},
                    Kind{aarch64_s1_4k(), 0, 0x403, 1ULL << 52 | 0x403},
                    Kind{aarch64_s1_16k_lpa2(), 0, 0x403, 1ULL << 52 | 0x403}, Kind{armv7(), 0, 0x32, 0x31},
                    Kind{armv7(), 1, 0xC02, 0x40C02}, Kind{tiny_32(), 0, 0xE, 0}));

} // namespace
} // namespace reference
