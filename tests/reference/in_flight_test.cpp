// Which stores leave something behind in caches, which CPUs owe an acknowledgement for it, and what counts as
// one.
#include "reference/in_flight.hpp"
#include "tests/reference/riscv_tables.hpp"
#include "tests/reference/x86_tables.hpp"

#include <algorithm>

namespace reference {
namespace {

constexpr CpuBits both_cpus = 3, none = 0;
constexpr std::uint64_t XD = std::uint64_t{1} << 63;

// Of the space that has the tables, and identifier 1.
template <class Fixture>
class InFlightOver : public Fixture {
 protected:
  void replace(const InFlight::Slot& slot, std::uint64_t before, std::uint64_t after) {
    in_flight.replace(this->tables(), slot, before, after);
  }
  // The slot of a page changes.
  void replace_page(std::uint64_t before, std::uint64_t after, std::uint64_t va = 0,
                    CpuBits cpus = both_cpus) {
    replace({1, cpus, va, 0, static_cast<unsigned>(va / Fixture::page)}, before, after);
  }
  [[nodiscard]] CpuBits waiting() const {
    CpuBits all = 0;
    for (const InFlight::Item& item : in_flight.items())
      all |= item.waiting;
    return all;
  }
  [[nodiscard]] CpuBits waiting_at(std::uint64_t va) const {
    CpuBits all = 0;
    for (const InFlight::Item& item : in_flight.items())
      all |= item.meets(va, va) ? item.waiting : 0;
    return all;
  }
  [[nodiscard]] bool waits_at(std::uint64_t va, bool table) const {
    return std::ranges::any_of(in_flight.items(), [=](const InFlight::Item& item) {
      return item.table == table && item.meets(va, va);
    });
  }
  [[nodiscard]] bool waits_for_node(std::uint64_t node) const {
    return std::ranges::any_of(in_flight.items(),
                               [=](const InFlight::Item& item) { return item.table && item.node == node; });
  }
  void acknowledge_by_all(std::uint64_t first, std::uint64_t last, bool with_tables, unsigned tag = 1) {
    for (const unsigned cpu : {0U, 1U})
      in_flight.acknowledge(cpu, tag, first, last, with_tables);
  }

  InFlight in_flight;
};

class Invalidations : public InFlightOver<X86Tables> {
 protected:
  // The slot of the page table changes, which maps `pages` from 0 on.
  void replace_table(std::uint64_t after, unsigned pages) {
    for (unsigned i = 0; i < pages; ++i)
      put_page(i * page, (8 + i) * page | P);
    replace({1, both_cpus, 0, 1, 0}, arena.at(base + 2 * page), after);
  }
};
using InvalidationsOfSv39 = InFlightOver<RiscvTables>;

TEST_F(Invalidations, AreOwedForAPageThatIsGoneOrElsewhereOrOfLessRightsOrAnotherKind) {
  constexpr std::uint64_t old = 8 * page | P | RW | US | A | D;
  for (const std::uint64_t now : {std::uint64_t{0}, 9 * page | P | RW | US | A | D, old & ~RW, old & ~US,
                                  old | XD, old | G, old | std::uint64_t{1} << 3, old & ~D}) {
    in_flight.clear();
    replace_page(old, now);
    EXPECT_EQ(waiting(), both_cpus) << std::hex << now;
  }
}

TEST_F(Invalidations, AreNotOwedForAHoleNorForMoreRightsNorForFlags) {
  constexpr std::uint64_t old = 8 * page | P | A;
  replace_page(0, old);
  for (const std::uint64_t now : {old, old | RW, old | US | RW, old | D, old & ~A})
    replace_page(old, now);
  EXPECT_EQ(waiting(), none);
  replace_page(old | XD, old);
  EXPECT_EQ(waiting(), none) << "may be executed now";
}

TEST_F(Invalidations, AreOwedByThoseCpusThatMayHoldTheSpaceUntilEachHasAcknowledged) {
  replace_page(8 * page | P, 0, 0, none);
  in_flight.drop(tables(), 1, none, base);
  EXPECT_TRUE(in_flight.items().empty()) << "nobody has anything of it";
  replace_page(8 * page | P, 0);
  in_flight.acknowledge(0, 1, 0, page - 1, false);
  EXPECT_EQ(waiting(), CpuBits{2});
  in_flight.acknowledge(1, 1, 0, page - 1, false);
  EXPECT_EQ(waiting(), none);
}

TEST_F(Invalidations, OfAnotherSpaceOrAnotherPlaceAcknowledgeNothing) {
  replace_page(8 * page | P, 0);
  acknowledge_by_all(0, page - 1, true, 2);
  acknowledge_by_all(page, 5 * page, true);
  EXPECT_EQ(waiting(), both_cpus);
}

TEST_F(Invalidations, OfAnySpaceDropGlobalPages) {
  replace_page(8 * page | P | G, 0);
  acknowledge_by_all(0, page - 1, false, 2);
  EXPECT_EQ(waiting(), none);
}

TEST_F(Invalidations, OfOneByteDropAWholeSuperpage) {
  replace({1, both_cpus, large, 1, 1}, 4 * large | P | PS, 0);
  acknowledge_by_all(large + 5 * page, large + 5 * page, false);
  EXPECT_EQ(waiting(), none);
}

TEST_F(Invalidations, OfTheFirstPageAloneLeaveTheOthersOfATable) {
  // A published model drops the first alone.
  replace_table(4 * large | P | PS, 4);
  acknowledge_by_all(0, page - 1, true);
  EXPECT_FALSE(waits_at(0, false));
  EXPECT_TRUE(waits_at(page, false) && waits_at(3 * page, false));
  acknowledge_by_all(2 * page, 2 * page, true);
  EXPECT_FALSE(waits_at(2 * page, false)) << "and from the middle";
  EXPECT_TRUE(waits_at(page, false) && waits_at(3 * page, false));
  acknowledge_by_all(0, large - 1, true);
  EXPECT_EQ(waiting(), none);
}

TEST_F(Invalidations, OfPagesLeaveTheTableThatTheyLayIn) {
  replace_table(0, 2);
  acknowledge_by_all(0, large - 1, false);
  EXPECT_TRUE(waits_at(0, true));
  EXPECT_FALSE(waits_at(0, false));
  acknowledge_by_all(0, large - 1, true);
  EXPECT_EQ(waiting(), none);
}

TEST_F(Invalidations, AreOwedForATableWithLessRightsAndForAnotherOneButNotForItsFlags) {
  const std::uint64_t old = arena.at(base + 2 * page);
  for (const std::uint64_t now : {old & ~RW, old + page}) {
    in_flight.clear();
    replace_table(now, 1);
    EXPECT_TRUE(waits_for_node(base + 3 * page) && waits_at(0, false));
  }
  in_flight.clear();
  replace_table(old | A, 1);
  arena.put(base + 2 * page, old & ~RW);
  replace_table(old, 1);
  EXPECT_EQ(waiting(), none) << "nor for more rights";
}

TEST_F(Invalidations, AreOwedForEverythingBelowARootThatIsGivenUp) {
  put_page(5 * page, 8 * page | P);
  arena.put(base + page - 8, arena.at(base)); // and the upper half
  in_flight.drop(tables(), 1, both_cpus, base);
  constexpr std::uint64_t upper = 0xffff'ff80'0000'0000 + 5 * page;
  EXPECT_TRUE(waits_at(5 * page, false) && waits_at(upper, false));
  EXPECT_FALSE(waits_at(6 * page, false));
  for (unsigned level = 0; level < 4; ++level)
    EXPECT_TRUE(waits_for_node(base + level * page)) << level;
  acknowledge_by_all(0, ~std::uint64_t{0} >> 1U, true);
  EXPECT_FALSE(waits_at(5 * page, false));
  EXPECT_TRUE(waits_at(upper, false) && waits_at(upper, true));
  in_flight.acknowledge_everything(0);
  EXPECT_EQ(waiting(), CpuBits{2});
  in_flight.acknowledge_everything(1);
  EXPECT_EQ(waiting(), none);
}

TEST_F(Invalidations, OfPagesInARowAreOneOnlyWhereTheyAreAlikeAndLeaveNoGap) {
  replace_page(8 * page | P, 0);
  replace_page(9 * page | P, 0, page);
  EXPECT_EQ(in_flight.items().size(), 1U);
  replace_page(9 * page | P, 0, 3 * page);
  EXPECT_EQ(waiting_at(2 * page), none);
  replace_page(9 * page | P | G, 0, 4 * page);
  EXPECT_EQ(in_flight.items().size(), 3U);
  acknowledge_by_all(0, 8 * page, false, 2);
  EXPECT_EQ(waiting_at(3 * page), both_cpus) << "not global";
  EXPECT_EQ(waiting_at(4 * page), none);
}

TEST_F(Invalidations, OfPagesInARowOfOtherSpacesOrSizesOrCpusAreAcknowledgedEachByItself) {
  replace({2, both_cpus, 0, 0, 0}, 8 * page | P, 0);
  replace_page(8 * page | P, 0, page);
  replace_page(8 * page | P, 0, 2 * page, 1);
  replace_page(8 * page | P, 0, large - page);
  replace({1, both_cpus, large, 1, 1}, 4 * large | P | PS, 0);
  replace_page(8 * page | P, 0, 2 * large);
  in_flight.acknowledge(0, 1, 0, large, false);
  EXPECT_EQ(waiting_at(0), both_cpus);
  EXPECT_EQ(waiting_at(page), CpuBits{2});
  EXPECT_EQ(waiting_at(2 * page), none);
  EXPECT_EQ(waiting_at(large + page), CpuBits{2}) << "whole";
  EXPECT_EQ(waiting_at(2 * large), both_cpus);
}

TEST_F(Invalidations, OfATableAndOfAPageBesideItAreTwo) {
  replace_table(0, 0);
  replace({1, both_cpus, large, 1, 1}, 4 * large | P | PS, 0);
  replace({1, both_cpus, 2 * large, 1, 2}, (base + 3 * page) | P, 0);
  acknowledge_by_all(0, 3 * large - 1, false);
  EXPECT_TRUE(waits_at(0, true) && waits_at(2 * large, true));
  EXPECT_EQ(waiting_at(large), none);
}

TEST_F(Invalidations, OfGlobalPagesThatArePartlyAcknowledgedAreStillGlobal) {
  for (const std::uint64_t va : {std::uint64_t{0}, page, 2 * page})
    replace_page(8 * page | P | G, 0, va);
  acknowledge_by_all(page, page, false, 2);
  EXPECT_TRUE(waits_at(0, false) && waits_at(2 * page, false));
  acknowledge_by_all(0, 3 * page, false, 3);
  EXPECT_EQ(waiting(), none);
}

TEST_F(Invalidations, OfATableThatLiesInNoMemoryAreOwedForItAlone) {
  replace({1, both_cpus, 0, 1, 0}, (base + 100 * page) | P, 0);
  EXPECT_EQ(in_flight.items().size(), 1U);
  EXPECT_TRUE(waits_for_node(base + 100 * page));
}

TEST_F(InvalidationsOfSv39, AreOwedForAWholeSetWhicheverDescriptorChanges) {
  constexpr std::uint64_t old = napot(set, V | R | A);
  for (const std::uint64_t now : {std::uint64_t{0}, word(set, V | R | A)}) { // gone, or the first page alone
    in_flight.clear();
    replace_page(old, now, set + 5 * page);
    EXPECT_TRUE(waits_at(set, false) && waits_at(2 * set - 1, false));
    EXPECT_FALSE(waits_at(set - 1, false) || waits_at(2 * set, false));
    acknowledge_by_all(set + page, set + page, false);
    EXPECT_EQ(waiting(), none) << "one byte is enough";
  }
}

TEST_F(InvalidationsOfSv39, OfAnySpaceDropThePagesBelowAGlobalTableAndNotTheTableItself) {
  put_page(page, word(set, V | R | A));
  replace({1, both_cpus, 0, 1, 0}, word(base + 2 * page, V | G), 0);
  acknowledge_by_all(0, large - 1, true, 2);
  EXPECT_FALSE(waits_at(page, false));
  EXPECT_TRUE(waits_at(page, true));
}

TEST_F(InvalidationsOfSv39, AreOwedWhenWhatLiesBelowATableIsNoLongerGlobal) {
  constexpr std::uint64_t table = word(base + 2 * page, V);
  replace({1, both_cpus, 0, 1, 0}, table | G, table);
  EXPECT_EQ(waiting(), both_cpus);
}

} // namespace
} // namespace reference
