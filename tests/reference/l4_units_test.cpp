// L4 address spaces in units of several sizes: how transfers choose them, what splits them, what merges them,
// and what becomes of their status. The tiny format: 1, 2, 4, 8, 16 and 32 pages.
#include "reference/l4_units.hpp"
#include "tests/reference/l4_fixture.hpp"

namespace reference {
namespace {

class L4UnitsOfSizes : public testing::Test {
 protected:
  L4UnitsOfSizes() {
    model.reset(4, 16 * l4_page);
    for (unsigned space = 1; space < 4; ++space)
      EXPECT_EQ(model.create(space), L4Status::ok);
  }
  // `pages` pages from v of n to v2 of n2.
  std::uint64_t map(unsigned n, std::uint64_t v, std::uint64_t pages, unsigned n2, std::uint64_t v2,
                    L4Bits mask = l4_all) {
    return good(model.map({n, n2, pages_at(v, pages), 0, pages_at(v2, pages), mask})).pages;
  }
  std::uint64_t grant(unsigned n, std::uint64_t v, std::uint64_t pages, unsigned n2, std::uint64_t v2,
                      L4Bits mask = l4_all) {
    return good(model.grant({n, n2, pages_at(v, pages), 0, pages_at(v2, pages), mask})).pages;
  }
  L4Bits unmap(unsigned n, std::uint64_t v, std::uint64_t pages, L4Bits mask = l4_all) {
    return good(model.unmap(n, pages_at(v, pages), mask)).bits;
  }
  L4Bits flush(unsigned n, std::uint64_t v, std::uint64_t pages, L4Bits mask = l4_all) {
    return good(model.flush(n, pages_at(v, pages), mask)).bits;
  }
  L4Status merge(unsigned n, std::uint64_t v, std::uint64_t pages) {
    const L4Status status = model.merge(n, v * l4_page, pages * l4_page);
    EXPECT_EQ(model.broken_invariant(), 0U);
    return status;
  }
  void touch(unsigned n, std::uint64_t v, AccessKind kind) { model.touch(n, v * l4_page, kind); }
  [[nodiscard]] std::string of(unsigned space) const {
    std::string all;
    for (const L4Unit& unit : model.units(space))
      all += (all.empty() ? "" : ", ") + to_text(space, unit);
    return all;
  }
  template <typename Answer>
  Answer good(const Answer& answer) {
    EXPECT_EQ(answer.status, L4Status::ok);
    EXPECT_EQ(model.broken_invariant(), 0U) << contents(model, 0);
    return answer;
  }

  L4Units model{tiny().profile()};
};

TEST_F(L4UnitsOfSizes, Sigma0IsMadeOfTheLargestPagesThatAreAlignedAndFit) {
  EXPECT_EQ(of(0), "0.0+16>r0 rwx");
  model.reset(1, 45 * l4_page);
  EXPECT_EQ(of(0), "0.0+32>r0 rwx, 0.32+8>r32 rwx, 0.40+4>r40 rwx, 0.44>r44 rwx");
  model.reset(1, 0);
  EXPECT_EQ(of(0), "");
}

TEST_F(L4UnitsOfSizes, AStepIsAsLargeAsTheUnitTheAlignmentOfBothEndsAndTheRegionAllow) {
  EXPECT_EQ(map(0, 0, 16, 1, 16), 16U);
  EXPECT_EQ(of(1), "1.16+16>0.0 rwx") << "the unit";
  EXPECT_EQ(map(1, 24, 2, 2, 6), 2U);
  EXPECT_EQ(of(2), "2.6+2>1.24 rwx") << "the region";
  EXPECT_EQ(map(2, 6, 2, 3, 8), 2U);
  EXPECT_EQ(map(2, 6, 2, 3, 16), 2U);
  EXPECT_EQ(of(3), "3.8+2>2.6 rwx, 3.16+2>2.6 rwx") << "the unit again";
}

TEST_F(L4UnitsOfSizes, ARegionOfNoSizeIsMadeOfSeveralUnits) {
  model.reset(2, 64 * l4_page);
  ASSERT_EQ(model.create(1), L4Status::ok);
  EXPECT_EQ(map(0, 0, 64, 1, 64), 64U);
  EXPECT_EQ(of(1), "1.64+32>0.0 rwx, 1.96+32>0.32 rwx");
}

TEST_F(L4UnitsOfSizes, FramesAndParentsOfPartsAreThoseOfTheWhole) {
  map(0, 0, 16, 1, 16);
  map(1, 20, 4, 2, 0);
  EXPECT_EQ(model.find(2, 3 * l4_page + 5)->frame, 4 * l4_page) << "of the first byte of the unit";
  EXPECT_EQ(model.find(2, 3 * l4_page)->parent, (L4Unit::Position{1, 20 * l4_page}));
  grant(1, 22, 1, 3, 5);
  EXPECT_EQ(of(3), "3.5>0.6 rwx");
}

TEST_F(L4UnitsOfSizes, AStepAvoidsAreasByBeingSmaller) {
  ASSERT_EQ(model.place(1, 5 * l4_page, l4_page, 0, R), L4Status::ok);
  EXPECT_EQ(map(0, 0, 16, 1, 0), 15U);
  EXPECT_EQ(of(1), "1.0+4>0.0 rwx, 1.4>0.4 rwx, 1.5=0 r, 1.6+2>0.6 rwx, 1.8+8>0.8 rwx");
  ASSERT_EQ(model.place(2, 4 * l4_page, 4 * l4_page, 0, R), L4Status::ok);
  EXPECT_EQ(grant(0, 0, 16, 2, 0), 12U);
  EXPECT_EQ(of(2), "2.0+4>r0 rwx, 2.4+4=0 r, 2.8+8>r8 rwx");
  EXPECT_EQ(of(0), "0.4+4>r4 rwx") << "left behind";
}

TEST_F(L4UnitsOfSizes, ALargeAreaIsSkippedWhereItIsReached) {
  model.reset(3, 8 * l4_page);
  ASSERT_EQ(model.create(1), L4Status::ok);
  ASSERT_EQ(model.create(2), L4Status::ok);
  ASSERT_EQ(model.place(1, 0, 16 * l4_page, 0, R), L4Status::ok);
  map(0, 0, 8, 2, 8);
  EXPECT_EQ(map(2, 0, 32, 1, 0), 0U);
  EXPECT_EQ(of(1), "1.0+16=0 r");
  map(0, 0, 8, 2, 16);
  EXPECT_EQ(map(2, 0, 32, 1, 0), 8U);
  EXPECT_EQ(of(1), "1.0+16=0 r, 1.16+8>2.16 rwx") << "what lies behind it is not";
}

TEST_F(L4UnitsOfSizes, WhatIsFlushedInPartIsSplitSizeBySize) {
  map(0, 0, 16, 1, 0);
  flush(1, 5, 1);
  EXPECT_EQ(of(1), "1.0+4>0.0 rwx, 1.4>0.4 rwx, 1.6+2>0.6 rwx, 1.8+8>0.8 rwx");
  EXPECT_EQ(of(0), "0.0+16>r0 rwx") << "which loses nothing";
}

TEST_F(L4UnitsOfSizes, WhatLosesRightsInPartIsSplitAndWhatHasThemNotIsNot) {
  map(0, 0, 16, 1, 0);
  map(1, 0, 16, 2, 16, R | W);
  map(1, 0, 16, 3, 0, R);
  unmap(1, 4, 4, W);
  EXPECT_EQ(of(1), "1.0+16>0.0 rwx") << "unmap takes nothing from itself";
  EXPECT_EQ(of(2), "2.16+4>1.0 rw, 2.20+4>1.4 r, 2.24+8>1.8 rw");
  EXPECT_EQ(of(3), "3.0+16>1.0 r");
  unmap(1, 0, 1, X);
  EXPECT_EQ(of(2), "2.16+4>1.0 rw, 2.20+4>1.4 r, 2.24+8>1.8 rw");
}

TEST_F(L4UnitsOfSizes, WithAUnitIsSplitWhatIsDerivedFromItAndLarger) {
  map(0, 0, 16, 1, 0);
  map(1, 0, 16, 2, 16, R);
  map(2, 16, 8, 3, 8);
  flush(1, 4, 4, W);
  EXPECT_EQ(of(1), "1.0+4>0.0 rwx, 1.4+4>0.4 rx, 1.8+8>0.8 rwx");
  EXPECT_EQ(of(2), "2.16+4>1.0 r, 2.20+4>1.4 r, 2.24+8>1.8 r") << "which loses nothing itself";
  EXPECT_EQ(of(3), "3.8+4>2.16 r, 3.12+4>2.20 r");
}

TEST_F(L4UnitsOfSizes, APageDerivedFromASuperpageGoesWithItsPart) {
  map(0, 0, 16, 1, 0);
  map(1, 6, 1, 2, 0);
  map(1, 7, 1, 2, 1);
  map(1, 8, 8, 2, 8);
  unmap(1, 7, 1);
  EXPECT_EQ(of(2), "2.0>1.6 rwx, 2.8+8>1.8 rwx");
  flush(1, 4, 4);
  EXPECT_EQ(of(2), "2.8+8>1.8 rwx");
}

TEST_F(L4UnitsOfSizes, AFlexpageOfNoSizeIsMadeOfWholeUnits) {
  L4Units coarse{tiny_32().profile()}; // 1, 4, 8, 64, 256 pages
  coarse.reset(2, 64 * l4_page);
  ASSERT_EQ(coarse.create(1), L4Status::ok);
  EXPECT_EQ(coarse.map({0, 1, pages_at(0, 64), 0, pages_at(0, 64), l4_all}).pages, 64U);
  EXPECT_EQ(contents(coarse), "1.0+64>0.0 rwx");
  EXPECT_EQ(coarse.flush(1, pages_at(32, 16), l4_all).status, L4Status::ok);
  EXPECT_EQ(
      contents(coarse),
      "1.0+8>0.0 rwx, 1.8+8>0.8 rwx, 1.16+8>0.16 rwx, 1.24+8>0.24 rwx, 1.48+8>0.48 rwx, 1.56+8>0.56 rwx");
  EXPECT_EQ(coarse.flush(1, pages_at(2, 2), l4_all).status, L4Status::ok);
  EXPECT_EQ(contents(coarse), "1.0>0.0 rwx, 1.1>0.1 rwx, 1.4+4>0.4 rwx, 1.8+8>0.8 rwx, 1.16+8>0.16 rwx, "
                              "1.24+8>0.24 rwx, 1.48+8>0.48 rwx, "
                              "1.56+8>0.56 rwx");
  EXPECT_EQ(coarse.broken_invariant(), 0U);
}

TEST_F(L4UnitsOfSizes, WhatIsGrantedAwayInPartIsSplitAndTheDestinationKeepsTheSize) {
  map(0, 0, 16, 1, 0);
  EXPECT_EQ(grant(1, 4, 4, 2, 8), 4U);
  EXPECT_EQ(of(1), "1.0+4>0.0 rwx, 1.8+8>0.8 rwx");
  EXPECT_EQ(of(2), "2.8+4>0.4 rwx");
}

TEST_F(L4UnitsOfSizes, WhatIsOvermappedInPartIsSplit) {
  map(0, 0, 16, 1, 0);
  EXPECT_EQ(map(0, 0, 1, 1, 3), 1U);
  EXPECT_EQ(of(1), "1.0+2>0.0 rwx, 1.2>0.2 rwx, 1.3>0.0 rwx, 1.4+4>0.4 rwx, 1.8+8>0.8 rwx");
}

TEST_F(L4UnitsOfSizes, APartOfAUnitIsMappedOverAnotherPartOfIt) {
  map(0, 0, 16, 1, 0);
  EXPECT_EQ(map(1, 0, 4, 1, 4), 4U);
  EXPECT_EQ(of(1), "1.0+4>0.0 rwx, 1.4+4>1.0 rwx, 1.8+8>0.8 rwx");
  EXPECT_EQ(map(1, 4, 4, 1, 0), 0U) << "onto its parent";
  EXPECT_EQ(of(1), "1.8+8>0.8 rwx");
}

TEST_F(L4UnitsOfSizes, AUnitMovesOntoAPartOfItsParent) {
  map(0, 0, 16, 1, 0);
  map(1, 0, 16, 2, 0);
  EXPECT_EQ(map(2, 8, 4, 1, 4), 4U);
  EXPECT_EQ(of(1), "1.0+4>0.0 rwx, 1.4+4>2.8 rwx, 1.8+8>0.8 rwx");
  EXPECT_EQ(of(2), "2.0+4>1.0 rwx, 2.8+8>1.8 rwx");
  EXPECT_EQ(grant(2, 8, 8, 1, 0), 8U);
  EXPECT_EQ(of(1), "1.0+8>1.8 rwx, 1.8+8>0.8 rwx");
  EXPECT_EQ(of(2), "");
}

TEST_F(L4UnitsOfSizes, UnitsWithNoRightInCommonAreSkippedWhole) {
  map(0, 0, 8, 1, 0, R);
  map(0, 8, 8, 1, 8);
  EXPECT_EQ(map(1, 0, 16, 2, 0, W), 8U);
  EXPECT_EQ(of(2), "2.8+8>1.8 w");
}

// Merging.

TEST_F(L4UnitsOfSizes, UnitsOfTheNextSmallerSizeMergeWhenTheyContinueEachOtherInOneUnitOfOneParent) {
  map(0, 0, 8, 1, 0);
  map(0, 8, 8, 1, 8);
  EXPECT_EQ(of(1), "1.0+8>0.0 rwx, 1.8+8>0.8 rwx");
  EXPECT_EQ(merge(1, 0, 16), L4Status::ok);
  EXPECT_EQ(of(1), "1.0+16>0.0 rwx");
  EXPECT_EQ(merge(1, 8, 8), L4Status::ok) << "it is one unit of at least that size";
  EXPECT_EQ(merge(1, 0, 1), L4Status::ok);
  EXPECT_EQ(of(1), "1.0+16>0.0 rwx");
}

TEST_F(L4UnitsOfSizes, UnitsOfRealMergeWhenTheirFramesContinueEachOther) {
  flush(0, 0, 1, W);
  flush(0, 0, 16, W);
  EXPECT_EQ(of(0), "0.0>r0 rx, 0.1>r1 rx, 0.2+2>r2 rx, 0.4+4>r4 rx, 0.8+8>r8 rx");
  EXPECT_EQ(merge(0, 0, 4), L4Status::not_uniform) << "not of the next smaller size";
  for (const std::uint64_t pages : {2U, 4U, 8U, 16U})
    EXPECT_EQ(merge(0, 0, pages), L4Status::ok);
  EXPECT_EQ(of(0), "0.0+16>r0 rx");
}

TEST_F(L4UnitsOfSizes, WhatDoesNotContinueEachOtherDoesNotMerge) {
  map(0, 0, 1, 1, 1);
  map(0, 1, 1, 1, 0);
  EXPECT_EQ(merge(1, 0, 2), L4Status::not_uniform) << "the wrong way round";
  map(0, 1, 1, 1, 4);
  map(0, 2, 1, 1, 5);
  EXPECT_EQ(merge(1, 4, 2), L4Status::not_uniform) << "consecutive, but not aligned";
  map(0, 4, 1, 1, 6);
  map(0, 5, 1, 1, 7, R);
  EXPECT_EQ(merge(1, 6, 2), L4Status::not_uniform) << "other rights";
  map(0, 6, 1, 1, 8);
  EXPECT_EQ(merge(1, 8, 2), L4Status::not_uniform) << "a hole behind it";
  EXPECT_EQ(merge(1, 10, 2), L4Status::not_mapped);
  map(0, 11, 1, 1, 11);
  EXPECT_EQ(merge(1, 10, 2), L4Status::not_mapped) << "the first page says it";
  map(0, 12, 1, 1, 12);
  map(1, 12, 1, 1, 13);
  EXPECT_EQ(merge(1, 12, 2), L4Status::not_uniform) << "two parents";
}

TEST_F(L4UnitsOfSizes, UnitsMergeOnlyInsideOneUnitOfTheirParent) {
  map(0, 0, 1, 1, 0);
  map(0, 1, 1, 1, 1);
  map(1, 0, 2, 2, 0);
  EXPECT_EQ(merge(2, 0, 2), L4Status::not_uniform) << "the parents are two units";
  EXPECT_EQ(merge(1, 0, 2), L4Status::ok);
  EXPECT_EQ(merge(2, 0, 2), L4Status::ok);
  EXPECT_EQ(contents(model), "1.0+2>0.0 rwx, 2.0+2>1.0 rwx");
  unmap(0, 1, 1);
  EXPECT_EQ(contents(model), "1.0>0.0 rwx, 2.0>1.0 rwx") << "what is derived is found as before";
}

TEST_F(L4UnitsOfSizes, TheStatusOfWhatMergesIsTheOr) {
  map(0, 0, 1, 1, 0);
  map(0, 1, 1, 1, 1);
  touch(1, 0, AccessKind::write);
  touch(1, 1, AccessKind::execute);
  EXPECT_EQ(merge(1, 0, 2), L4Status::ok);
  EXPECT_EQ(of(1), "1.0+2>0.0 rwx!awx");
}

// Status.

TEST_F(L4UnitsOfSizes, PartsInheritTheStatus) {
  map(0, 0, 4, 1, 0);
  touch(1, 3, AccessKind::write);
  EXPECT_EQ(flush(1, 0, 1), R | W) << "who knows which page it was";
  EXPECT_EQ(of(1), "1.1>0.1 rwx!aw, 1.2+2>0.2 rwx!aw");
  EXPECT_EQ(of(0), "0.0+16>r0 rwx!aw");
}

TEST_F(L4UnitsOfSizes, AUnitThatIsCoveredInPartIsReportedWholeAndKeepsItsStatus) {
  map(0, 0, 4, 1, 0);
  map(1, 0, 4, 2, 0, R);
  map(1, 0, 1, 3, 0, R);
  map(1, 1, 1, 3, 1, R);
  touch(1, 0, AccessKind::read);
  touch(2, 3, AccessKind::write);
  touch(3, 0, AccessKind::execute);
  touch(3, 1, AccessKind::execute);
  EXPECT_EQ(unmap(1, 1, 1, W), l4_all);
  EXPECT_EQ(contents(model), "1.0+4>0.0 rwx!a, 2.0+4>1.0 r!aw, 3.0>1.0 r!ax, 3.1>1.1 r")
      << "only the page that is covered whole was cleared";
  EXPECT_EQ(of(0), "0.0+16>r0 rwx!awx");
}

TEST_F(L4UnitsOfSizes, WhatIsSplitIsClearedInTheFlexpageAlone) {
  map(0, 0, 4, 1, 0);
  map(1, 0, 4, 2, 0);
  touch(2, 3, AccessKind::write);
  EXPECT_EQ(unmap(1, 0, 2, W), R | W);
  EXPECT_EQ(contents(model), "1.0+4>0.0 rwx, 2.0+2>1.0 rx, 2.2+2>1.2 rwx!aw");
}

TEST_F(L4UnitsOfSizes, WhatIsSplitWithItsParentIsClearedInTheFlexpageAlone) {
  map(0, 0, 4, 1, 0);
  map(1, 0, 4, 2, 0, R);
  touch(2, 3, AccessKind::read);
  EXPECT_EQ(flush(1, 0, 2, W), R);
  EXPECT_EQ(contents(model), "1.0+2>0.0 rx, 1.2+2>0.2 rwx, 2.0+2>1.0 r, 2.2+2>1.2 r!a");
}

TEST_F(L4UnitsOfSizes, EachUnitTellsItsOwnParent) {
  map(0, 0, 1, 1, 0);
  map(0, 1, 1, 3, 1);
  map(1, 0, 1, 2, 0);
  map(3, 1, 1, 2, 1);
  touch(2, 0, AccessKind::write);
  touch(2, 1, AccessKind::execute);
  EXPECT_EQ(flush(2, 0, 2), l4_all);
  EXPECT_EQ(contents(model), "1.0>0.0 rwx!aw, 3.1>0.1 rwx!ax");
}

TEST_F(L4UnitsOfSizes, ATransferTellsTheParentOfWhatItOvermapsEvenInPart) {
  map(0, 0, 16, 1, 0);
  map(1, 0, 16, 2, 16);
  touch(2, 16, AccessKind::write);
  map(0, 0, 1, 2, 31);
  EXPECT_EQ(of(1), "1.0+16>0.0 rwx!aw");
  EXPECT_EQ(of(2),
            "2.16+8>1.0 rwx!aw, 2.24+4>1.8 rwx!aw, 2.28+2>1.12 rwx!aw, 2.30>1.14 rwx!aw, 2.31>0.0 rwx");
}

// 1 GiB of x86-64 becomes 511 leaves of 2 MiB and 512 of 4 KiB, as in docs/table.md.
TEST(L4UnitsOfX86, AHugePageIsSplitAsTheTableSplitsIt) {
  constexpr std::uint64_t large = 0x20'0000, huge = 0x4000'0000;
  L4Units model{x86_64_4().profile()};
  model.reset(2, 2 * huge);
  ASSERT_EQ(model.create(1), L4Status::ok);
  EXPECT_EQ(model.units(0).size(), 2U);
  EXPECT_EQ(model.map({0, 1, {0, huge}, 0, {huge, huge}, l4_all}).pages, huge / l4_page);
  EXPECT_EQ(model.units(1).size(), 1U);
  EXPECT_EQ(model.flush(1, {huge + 5 * large, l4_page}, l4_all).status, L4Status::ok);
  EXPECT_EQ(model.units(1).size(), 511U + 511U);
  EXPECT_EQ(model.units(0).size(), 2U);
  EXPECT_EQ(model.broken_invariant(), 0U);
}

// Page by page these would be 2^35 steps, and this test would never end.
TEST(L4UnitsOfRiscv, WhatCannotBeTransferredIsSkippedInWholeUnitsAndAreas) {
  constexpr std::uint64_t half = std::uint64_t{1} << 47, unit = std::uint64_t{1} << 39;
  L4Units model{riscv_sv48().profile()};
  model.reset(2, half);
  ASSERT_EQ(model.create(1), L4Status::ok);
  ASSERT_EQ(model.flush(0, {0, half}, R | W).status, L4Status::ok);
  EXPECT_EQ(model.map({0, 1, {0, half}, 0, {0, half}, R}).pages, 0U) << "all can be executed only";
  for (std::uint64_t va = 0; va < half - unit; va += unit)
    ASSERT_EQ(model.place(1, va, unit, 0, R), L4Status::ok);
  EXPECT_EQ(model.map({0, 1, {0, half}, 0, {0, half}, X}).pages, unit / l4_page) << "the last of them";
  EXPECT_EQ(model.units(1).size(), 256U);
}

} // namespace
} // namespace reference
