// Which stores leave something behind in caches, which CPUs owe an acknowledgement for it, and what counts as
// one.
#include "reference/in_flight.hpp"
#include "tests/reference/x86_tables.hpp"

#include <algorithm>

namespace reference {
namespace {

constexpr CpuBits both_cpus = 3, none = 0;
constexpr std::uint64_t XD = std::uint64_t{1} << 63;

class Invalidations : public X86Tables {
 protected:
  // The slot of a page at 0 changes.
  void replace_page(std::uint64_t before, std::uint64_t after) {
    in_flight.replace(tables(), {1, both_cpus, 0, 0, 0}, before, after);
  }
  // So does that of the page table, which maps `pages` from 0 on.
  void replace_table(std::uint64_t after, unsigned pages) {
    for (unsigned i = 0; i < pages; ++i)
      put_page(i * page, (8 + i) * page | P);
    in_flight.replace(tables(), {1, both_cpus, 0, 1, 0}, arena.at(base + 2 * page), after);
  }
  [[nodiscard]] CpuBits waiting() const {
    CpuBits all = 0;
    for (const InFlight::Item& item : in_flight.items())
      all |= item.waiting;
    return all;
  }
  [[nodiscard]] bool waits_at(std::uint64_t va, bool table) const {
    return std::ranges::any_of(in_flight.items(), [=](const InFlight::Item& item) {
      return item.table == table && item.meets(va, va);
    });
  }
  void acknowledge_by_all(std::uint64_t first, std::uint64_t last, bool with_tables, unsigned tag = 1) {
    for (const unsigned cpu : {0U, 1U})
      in_flight.acknowledge(cpu, tag, first, last, with_tables);
  }

  InFlight in_flight;
};

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
  in_flight.replace(tables(), {1, 0, 0, 0, 0}, 8 * page | P, 0);
  EXPECT_EQ(waiting(), none) << "nobody has anything of it";
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
  in_flight.replace(tables(), {1, both_cpus, large, 1, 1}, 4 * large | P | PS, 0);
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
    EXPECT_TRUE(waits_at(0, true) && waits_at(0, false));
  }
  in_flight.clear();
  replace_table(old | A, 1);
  EXPECT_EQ(waiting(), none);
}

TEST_F(Invalidations, AreOwedForEverythingBelowARootThatIsGivenUp) {
  put_page(5 * page, 8 * page | P);
  arena.put(base + page - 8, arena.at(base)); // and the upper half
  in_flight.drop(tables(), 1, both_cpus, base);
  constexpr std::uint64_t upper = 0xffff'ff80'0000'0000 + 5 * page;
  EXPECT_TRUE(waits_at(5 * page, false) && waits_at(upper, false));
  EXPECT_FALSE(waits_at(6 * page, false));
  acknowledge_by_all(0, ~std::uint64_t{0} >> 1U, true);
  EXPECT_FALSE(waits_at(5 * page, false));
  EXPECT_TRUE(waits_at(upper, false) && waits_at(upper, true));
  in_flight.acknowledge_everything(0);
  EXPECT_EQ(waiting(), CpuBits{2});
  in_flight.acknowledge_everything(1);
  EXPECT_EQ(waiting(), none);
}

} // namespace
} // namespace reference
