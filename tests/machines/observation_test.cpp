// What the observer knows of nodes that are larger than its unit: one record for all of their slots, whatever
// part of the node a store or a question comes from.
#include "fuzz/machines/table/make.hpp"
#include "fuzz/oracles/tiny_format.hpp"
#include "tests/table/kinds.hpp"

#include <gtest/gtest.h>

namespace pagetwin::fuzz {
namespace {

constexpr std::uint64_t base = 0x1'0000'0000;
constexpr unsigned unit = 5, root = 7; // a root of four units

class ObservationOfRoots : public testing::Test {
 protected:
  Observation seen{base, unit, 16};

  ObservationOfRoots() { seen.note_allocated(base + 128, root, 0); }
};

TEST_F(ObservationOfRoots, EveryUnitLeadsToTheOneRecord) {
  for (std::uint64_t at = base + 128; at < base + 256; at += 8) {
    EXPECT_TRUE(seen.is_live(at));
    EXPECT_EQ(&seen.node(at), &seen.node(base + 128));
    EXPECT_EQ(seen.nearest_node(at), &seen.node(base + 128));
    EXPECT_EQ(seen.node_address(at), base + 128);
  }
  for (const std::uint64_t beside : {base + 120, base + 256}) {
    EXPECT_FALSE(seen.is_live(beside));
    EXPECT_NE(&seen.node(beside), &seen.node(base + 128));
  }
  EXPECT_EQ(seen.allocated().size(), 1U);
}

TEST_F(ObservationOfRoots, SlotsOfAllUnitsAreCountedTogether) {
  for (const unsigned slot : {15U, 4U, 9U}) {
    const std::uint64_t at = base + 128 + 8ULL * slot;
    seen.note_store(seen.node(at), at, slot, 0, 1);
  }
  const NodeState& state = seen.node(base + 128);
  EXPECT_EQ(state.nonzero, 3U);
  EXPECT_EQ(state.first, 4U);
  EXPECT_EQ(state.last, 15U);
  ASSERT_EQ(seen.touched().size(), 1U);
  EXPECT_EQ(seen.touched().front(), base + 128);
}

TEST_F(ObservationOfRoots, AreRetiredWholeAndByTheirFirstByteOnly) {
  seen.note_retired(base + 160);
  ASSERT_NE(seen.complaint(), nullptr);
  EXPECT_TRUE(seen.is_live(base + 160));
  seen.begin_operation();
  seen.note_retired(base + 128);
  EXPECT_EQ(seen.complaint(), nullptr);
  for (std::uint64_t at = base + 128; at < base + 256; at += 32)
    EXPECT_FALSE(seen.is_live(at));
  EXPECT_EQ(seen.node_address(base + 248), base + 128); // still the place of a root
}

TEST_F(ObservationOfRoots, TheNextOneInTheirPlaceIsAnotherNode) {
  const std::uint64_t serial = seen.node(base + 128).serial;
  seen.note_retired(base + 128);
  seen.note_allocated(base + 128, root, 0);
  EXPECT_TRUE(seen.is_live(base + 248));
  EXPECT_NE(seen.node(base + 248).serial, serial);
  ASSERT_EQ(seen.former().size(), 1U);
  EXPECT_EQ(seen.former().front().serial, serial);
}

TEST_F(ObservationOfRoots, AnotherProgramMayCutTheirPlaceDifferently) {
  seen.reset(16, 8);
  EXPECT_FALSE(seen.is_live(base + 248));
  seen.note_allocated(base + 224, unit, 0);
  EXPECT_EQ(seen.node_address(base + 248), base + 224);
  EXPECT_EQ(seen.node_address(base + 200), base + 192);
}

// Nodes of 4 KiB, of which only the number matters here.
TEST(ObservationOfSteps, AllowsSixteenASlotWhateverItsWidth) {
  Observation seen(base, 12, 16);
  const auto most_steps = [&](std::size_t nodes, std::size_t word_bytes) {
    seen.reset(nodes, word_bytes);
    return seen.most_steps();
  };
  EXPECT_EQ(most_steps(1024, 8), 16ULL * 1024 * 512);
  EXPECT_EQ(most_steps(1024, 4), 16ULL * 1024 * 1024);
  EXPECT_EQ(most_steps(0, 8), 1ULL << 22U); // small pools are not short of any
  EXPECT_EQ(most_steps(512, 8), 1ULL << 22U);
  EXPECT_EQ(most_steps(513, 8), (1ULL << 22U) + 16ULL * 512);
  EXPECT_EQ(most_steps(257, 4), (1ULL << 22U) + 16ULL * 1024);
  EXPECT_EQ(most_steps(2047, 4), (1ULL << 25U) - 16ULL * 1024); // and every run ends
  EXPECT_EQ(most_steps(4097, 8), 1ULL << 25U);
  EXPECT_EQ(most_steps(65536, 4), 1ULL << 25U);
}

// Writes behind the table's back where a root of four units holds its last slot.
class OneUnitOfARoot : public testing::Test {
 protected:
  SilentWatcher watcher;
  std::unique_ptr<Subject> subject = make_subject<TinyWide, ObservedBacking>(watcher);

  OneUnitOfARoot() {
    subject->restart({.nodes = 8});
    EXPECT_EQ(subject->create(0), Status::ok);
  }
};

TEST_F(OneUnitOfARoot, IsNoNodeThatASlotMayLeadTo) {
  const reference::Mmu& mmu = reference::tiny_wide();
  Arena& arena = subject->arena();
  const View view{
      &mmu, {reinterpret_cast<unsigned char*>(arena.begin()), arena.base(), arena.size()}, {.pa_bits = 40}};
  Observation& seen = *subject->observation();
  Structure structure(mmu);
  const std::uint64_t at = subject->root(0), slot = at + 8ULL * 15, middle = at + 32;
  seen.node(at).level = 3;
  structure.add_root(seen, at, 0);
  const std::uint64_t word = TinyWide::to_table(PhysAddr{middle}, 3);
  view.memory.store(slot, word);
  seen.note_store(seen.node(slot), slot, 15, 0, word);
  const Verdict verdict = structure.check(view, seen, [](std::uint64_t) { return 1U; });
  ASSERT_TRUE(verdict);
  EXPECT_NE(verdict->key.find("table outside live nodes"), std::string::npos) << verdict->key;
}

TEST_F(OneUnitOfARoot, BelongsToTheRootThatIsReadAndDestroyed) {
  const Attributes rw{.rights = Rights::read | Rights::write};
  ASSERT_EQ(subject->map(0, 0 - 0x1000ULL, 0x2'0000'0000, 0x1000, rw), Status::ok); // slot 15 of the root
  EXPECT_EQ(subject->record(subject->root(0)).live, 1U);
  EXPECT_EQ(subject->observation()->node(subject->root(0) + 8ULL * 15).nonzero, 1U);
  EXPECT_EQ(subject->nodes_used(), 4U);
  subject->begin_operation();
  subject->destroy(0);
  EXPECT_EQ(subject->nodes_used(), 0U);
  EXPECT_EQ(subject->observation()->retired().size(), 4U);
  EXPECT_EQ(subject->observation()->complaint(), nullptr);
}

} // namespace
} // namespace pagetwin::fuzz
