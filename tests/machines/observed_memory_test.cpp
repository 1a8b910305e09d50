// What the observer spares the table's memory, and must not be noticed by the table: slots that were never
// stored to are not looked at, and a node that the last program left behind is not zeroed whole.
#include "fuzz/oracles/observed_memory.hpp"
#include "tests/table/kinds.hpp"

#include <gtest/gtest.h>
#include <random>

namespace pagetwin::fuzz {
namespace {

constexpr unsigned unit = 7, slots = 16, wide = 9; // nodes of one unit, and of four
constexpr std::size_t units = 64;
constexpr std::array<std::uint64_t, 2> junk{0x1111, 0x2222};

class ObservedNodes : public testing::Test {
 protected:
  ObservedNodes() { memory_.set_junk(std::span<const std::uint64_t>(junk)); }
  ~ObservedNodes() override { memory_.leave(arena_); }
  ObservedNodes(const ObservedNodes&) = delete;
  ObservedNodes& operator=(const ObservedNodes&) = delete;

  [[nodiscard]] PhysAddr take(unsigned shift, Fill fill = Fill::zero) {
    EXPECT_TRUE(memory_.reserve(shift, 1));
    return memory_.allocate(shift, fill);
  }
  void give_back(PhysAddr node, unsigned shift) {
    memory_.retire(node, shift, Contents::stale);
    memory_.sync();
  }
  void begin_operation() {
    seen_.begin_operation();
    memory_.begin_operation();
  }
  void begin_program() {
    seen_.reset(units, sizeof(std::uint64_t));
    memory_.restart(arena_, units, unit, records_);
  }
  [[nodiscard]] auto window(PhysAddr node) { return memory_.window<std::uint64_t>(node); }
  // Every slot, one by one.
  [[nodiscard]] unsigned next_of_all(PhysAddr node, unsigned i, unsigned end) {
    while (i < end && memory_.load<std::uint64_t>(node + std::uint64_t{i} * 8) == 0)
      ++i;
    return i;
  }
  [[nodiscard]] bool is_zero(PhysAddr node, unsigned shift) {
    const unsigned end = (1U << shift) / 8;
    return next_of_all(node, 0, end) == end;
  }

  Arena arena_{0x1'0000'0000, units << unit};
  std::vector<NodeRecord> records_ = std::vector<NodeRecord>(units);
  Observation seen_{arena_.base(), unit, units};
  SilentWatcher watcher_;
  ObservedMemory memory_{arena_, units, unit, records_, seen_, watcher_};
};

TEST_F(ObservedNodes, ShowTheNextLiveSlotThatAScanOfAllWouldShow) {
  std::mt19937_64 random(7);
  for (unsigned round = 0; round < 200; ++round) {
    begin_program();
    const PhysAddr node = take(unit, random() % 4 == 0 ? Fill::any : Fill::zero);
    for (unsigned step = 0; step < 12; ++step) {
      if (random() % 3 == 0)
        begin_operation();
      window(node).store(random() % slots, random() % 3);
      const auto from = static_cast<unsigned>(random() % slots);
      const auto end = static_cast<unsigned>(random() % (slots + 1));
      EXPECT_EQ(window(node).next_live(from, end), next_of_all(node, from, end)) << from << " " << end;
      const PhysAddr middle = node + from * 8ULL;
      EXPECT_EQ(window(middle).next_live(0, slots - from) + from, next_of_all(node, from, slots));
    }
  }
}

TEST_F(ObservedNodes, ShowTheSeriesThatLoadsOneByOneWouldShow) {
  constexpr unsigned longest = 3 * slots;
  std::mt19937_64 random(9);
  for (unsigned round = 0; round < 400; ++round) {
    begin_program();
    const PhysAddr node = take(wide);
    const auto from = static_cast<unsigned>(random() % slots);
    const auto length = static_cast<unsigned>(random() % longest), end = from + longest;
    const std::uint64_t word = random() % 2 == 0 ? 0 : random(), step = random() % 3;
    for (unsigned i = 0; i < length; ++i)
      window(node).store(from + i, word + i * step);
    EXPECT_EQ(window(node).series(from, end, word, step),
              count_series(Window<ObservedMemory, std::uint64_t>(memory_, node), from, end, word, step));
    EXPECT_EQ(window(node).series(from, from, word, step), 0U);
    EXPECT_EQ(window(node + from * 8ULL).series(0, length, word, step), length);
    EXPECT_EQ(window(node).series(from, end, word + 1, step), 0U);
  }
}

TEST_F(ObservedNodes, HaveSeriesThatTakeAsManyAccessesAsLoads) {
  const PhysAddr node = take(unit);
  for (unsigned i = 0; i < slots; ++i)
    window(node).store(i, 1 + i);
  begin_operation();
  seen_.allow(slots);
  EXPECT_EQ(window(node).series(0, slots, 1, 1), slots);
  EXPECT_THROW((void)window(node).load(0), Runaway);
}

TEST_F(ObservedNodes, AreZeroInWhateverPiecesTheNextProgramTakesThem) {
  std::mt19937_64 random(8);
  for (unsigned round = 0; round < 200; ++round) {
    begin_program();
    std::vector<std::pair<PhysAddr, unsigned>> nodes;
    for (unsigned n = 0; n < 6; ++n) {
      const unsigned shift = random() % 2 == 0 ? unit : wide;
      nodes.emplace_back(take(shift), shift);
      ASSERT_TRUE(is_zero(nodes.back().first, shift)) << round;
      for (unsigned stores = random() % 4; stores > 0; --stores)
        window(nodes.back().first).store(random() % ((1U << shift) / 8), random());
      if (random() % 4 == 0)
        begin_operation();
    }
    if (random() % 4 == 0) // as after a divergence
      continue;
    give_back(nodes.back().first, nodes.back().second); // within the program
    nodes.pop_back();
    memory_.close();
    for (const auto& [node, shift] : nodes)
      give_back(node, shift);
  }
}

TEST_F(ObservedNodes, LookLikeDescriptorsWhereTheProgramGoesOn) {
  const PhysAddr node = take(unit);
  give_back(node, unit);
  EXPECT_EQ(take(unit, Fill::any), node);
  EXPECT_EQ(memory_.load<std::uint64_t>(node), junk[0]);
  EXPECT_EQ(memory_.load<std::uint64_t>(node + 8), junk[1]);
}

TEST_F(ObservedNodes, AreComplainedAboutWhenTheyAreNotLiveAndKeepWhatTheyHold) {
  const PhysAddr node = take(unit);
  give_back(node, unit);
  memory_.store<std::uint64_t>(node, 5);
  EXPECT_STREQ(seen_.complaint(), "an access to a node that is not live");
  EXPECT_EQ(take(unit, Fill::any), node);
  EXPECT_EQ(memory_.load<std::uint64_t>(node), junk[0]);
}

TEST_F(ObservedNodes, HoldWordsAndNothingInBetween) {
  const PhysAddr node = take(unit);
  memory_.store<std::uint64_t>(node + 4, 5);
  EXPECT_STREQ(seen_.complaint(), "an access to no word of a node");
  EXPECT_TRUE(is_zero(node, unit));
}

TEST_F(ObservedNodes, AreWithinTheArena) {
  const std::uint64_t beyond = arena_.base() + (units << unit);
  EXPECT_THROW(memory_.store<std::uint64_t>(PhysAddr{beyond}, 5), Runaway);
  EXPECT_THROW((void)memory_.load<std::uint64_t>(PhysAddr{arena_.base() - 8}), Runaway);
}

} // namespace
} // namespace pagetwin::fuzz
