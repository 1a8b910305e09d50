// O4 over groups of duplicated descriptors of any width: AArch64 has sets of up to 128. Words are made by
// hand, so that no table is needed that writes them.
#include "fuzz/oracles/structure.hpp"
#include "reference/mmu/runs.hpp"
#include "tests/machines/forwarding_mmu.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace pagetwin::fuzz {
namespace {

// Counts what is decoded; all else is the walker's own.
class CountingMmu final : public ForwardingMmu {
 public:
  using ForwardingMmu::ForwardingMmu;

  [[nodiscard]] std::uint64_t decoded() const { return decoded_; }

  [[nodiscard]] reference::Decoded decode(std::uint64_t raw, unsigned level, unsigned index,
                                          const reference::Mode& mode) const override {
    ++decoded_;
    return ForwardingMmu::decode(raw, level, index, mode);
  }
  [[nodiscard]] unsigned next_notable(const reference::PhysicalMemory& memory, std::uint64_t node,
                                      unsigned level, unsigned index, unsigned end,
                                      const reference::Mode& mode, reference::Decoded& to) const override {
    return reference::next_notable_of(*this, memory, node, level, index, end, mode, to);
  }

 private:
  mutable std::uint64_t decoded_ = 0;
};

constexpr std::uint64_t base = 0x1'0000'0000, K16 = 0x4000, M2 = 0x20'0000;
constexpr unsigned node_shift = 14, copies = 128;
constexpr std::uint64_t contiguous = 1ULL << 52U;
// A read-only page of 16 KiB of EL1, in a set of 128.
constexpr std::uint64_t page = 0x0060'0000'0000'0883ULL;
constexpr std::uint64_t first_copy = page | contiguous | M2;

// A root and one node of 2048 slots at va 0, through a node in between: nodes 0, 1 and 2 of the memory. The
// last has a page of its own in slot 0, so that it is never empty.
class Groups : public testing::Test {
 protected:
  Groups() {
    seen_.begin_operation();
    for (unsigned node = 0; node < 3; ++node)
      seen_.note_allocated(base + node * K16, node_shift, 0);
    structure_.add_root(seen_, base, 0);
    seen_.node(base).level = 2;
    put(0, 0, (base + K16) | 3U);
    put(1, 0, (base + 2 * K16) | 3U);
    put(2, 0, page);
    EXPECT_FALSE(check());
  }

  void put(unsigned node, unsigned index, std::uint64_t word) {
    const std::uint64_t at = base + node * K16, slot = at + index * 8ULL;
    const std::uint64_t before = *memory().load(slot);
    memory().store(slot, word);
    seen_.note_store(seen_.node(at), slot, index, before, word);
  }
  // 2 MiB from its first copy on.
  void put_set(unsigned index) {
    for (unsigned copy = 0; copy < copies; ++copy)
      put(2, index + copy, first_copy + copy * K16);
  }
  [[nodiscard]] reference::PhysicalMemory memory() { return {bytes_.data(), base, bytes_.size()}; }
  [[nodiscard]] Verdict check() {
    const View view{.mmu = &mmu_, .memory = memory()};
    Verdict v = structure_.check(view, seen_, [&](std::uint64_t node) { return seen_.node(node).nonzero; });
    seen_.begin_operation();
    return v;
  }

  // Where copies begin to differ when this one of the set at 256 is unlike all the others: the first of a set
  // is what the others are held against.
  static std::uint64_t odd_one(unsigned copy) { return (256 + std::max(copy, 1U)) * K16; }

  std::vector<unsigned char> bytes_ = std::vector<unsigned char>(3 * K16);
  CountingMmu mmu_{reference::aarch64_s1_16k()};
  Structure structure_{mmu_};
  Observation seen_{base, node_shift, 3};
};

TEST_F(Groups, OfAWholeSetOneCopyIsDecoded) {
  put_set(256);
  const std::uint64_t before = mmu_.decoded();
  EXPECT_FALSE(check());
  EXPECT_EQ(mmu_.decoded() - before, 1U);
}

TEST_F(Groups, OfSetsBesideEachOtherOneCopyIsDecodedEach) {
  put_set(256);
  put_set(384);
  put(2, 512, page | (2 * M2));
  const std::uint64_t before = mmu_.decoded();
  EXPECT_FALSE(check());
  EXPECT_EQ(mmu_.decoded() - before, 3U);
}

TEST_F(Groups, EachCopyThatDiffersIsFoundFromItsOwnStore) {
  put_set(256);
  ASSERT_FALSE(check());
  for (unsigned copy = 0; copy < copies; ++copy) {
    put(2, 256 + copy, (first_copy + copy * K16) & ~0x800ULL); // global
    const Verdict v = check();
    ASSERT_TRUE(v) << copy;
    EXPECT_EQ(v->key, "level 0 mixed group") << copy;
    EXPECT_EQ(v->address, odd_one(copy)) << copy;
    put(2, 256 + copy, first_copy + copy * K16);
    ASSERT_FALSE(check()) << copy;
  }
}

TEST_F(Groups, EachCopyThatIsMissingIsFound) {
  put_set(256);
  ASSERT_FALSE(check());
  for (unsigned copy = 0; copy < copies; ++copy) {
    put(2, 256 + copy, 0);
    const Verdict v = check();
    ASSERT_TRUE(v) << copy;
    EXPECT_EQ(v->key, "level 0 mixed group") << copy;
    EXPECT_EQ(v->address, odd_one(copy)) << copy;
    put(2, 256 + copy, first_copy + copy * K16);
    ASSERT_FALSE(check()) << copy;
  }
}

TEST_F(Groups, ACopyThatStandsAloneIsFound) {
  for (unsigned copy = 0; copy < copies; ++copy) {
    put(2, 256 + copy, first_copy + copy * K16);
    const Verdict v = check();
    ASSERT_TRUE(v) << copy;
    EXPECT_EQ(v->key, "level 0 mixed group") << copy;
    EXPECT_EQ(v->address, odd_one(copy)) << copy;
    put(2, 256 + copy, 0);
    ASSERT_FALSE(check()) << copy;
  }
}

TEST_F(Groups, FlagsMayDifferBetweenCopies) {
  put_set(256);
  put(2, 300, (first_copy + 44 * K16) | 0x400U); // accessed
  const std::uint64_t before = mmu_.decoded();
  EXPECT_FALSE(check());
  EXPECT_EQ(mmu_.decoded() - before, copies); // each
}

} // namespace
} // namespace pagetwin::fuzz
