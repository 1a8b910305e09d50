// The theorems about L4 address spaces as predicates: each is seen to be false of a state that breaks it.
#include "tests/reference/l4_fixture.hpp"
#include "tests/reference/l4_surgeon.hpp"

namespace reference {
namespace {

using Position = L4Unit::Position;

template <typename Model>
class L4Theorems : public testing::Test {
 protected:
  L4Theorems() { EXPECT_EQ(model.broken_invariant(), 0U); }
  // Page v of space n, derived from a page.
  void derive(unsigned n, std::uint64_t v, const Position& from, L4Bits rights = l4_all) {
    L4Surgeon::put(model, n, {v * l4_page, l4_page, from, 0, rights, 0, false});
  }
  void put_real(unsigned n, std::uint64_t v, std::uint64_t r) {
    L4Surgeon::put(model, n, {v * l4_page, l4_page, std::nullopt, r * l4_page, l4_all, 0, false});
  }

  Model model{one_size()};
  L4Session l4{model};
};

using Models = testing::Types<L4Spaces, L4Units>;
TYPED_TEST_SUITE(L4Theorems, Models);

TYPED_TEST(L4Theorems, Theorem1NoPositionIsDerivedFromItself) {
  this->derive(1, 0, {2, 0});
  this->derive(2, 0, {1, 0});
  EXPECT_EQ(this->model.broken_invariant(), 1U);
}

TYPED_TEST(L4Theorems, Theorem1APageThatMapsToItselfIsALoop) {
  this->derive(1, 0, {1, 0});
  EXPECT_EQ(this->model.broken_invariant(), 1U);
}

TYPED_TEST(L4Theorems, Theorem2EveryMappedPositionReachesARealPage) {
  this->derive(1, 0, {2, 0});
  EXPECT_EQ(this->model.broken_invariant(), 2U);
  this->derive(2, 0, {0, 0});
  EXPECT_EQ(this->model.broken_invariant(), 0U);
}

TYPED_TEST(L4Theorems, Theorem3NoPositionMapsTwice) {
  this->derive(1, 0, {0, 0});
  EXPECT_EQ(this->model.broken_invariant(), 0U);
  this->derive(1, 0, {0, l4_page});
  EXPECT_EQ(this->model.broken_invariant(), 3U);
}

TYPED_TEST(L4Theorems, Theorem3NothingIsMappedWhereNoSpaceIs) {
  this->derive(4, 0, {0, 0});
  EXPECT_EQ(this->model.broken_invariant(), 3U);
}

TYPED_TEST(L4Theorems, Theorem3NothingIsMappedBetweenPages) {
  L4Surgeon::put(this->model, 1, {l4_page / 2, l4_page, Position{0, 0}, 0, l4_all, 0, false});
  EXPECT_EQ(this->model.broken_invariant(), 3U);
}

TYPED_TEST(L4Theorems, Theorem3NothingIsMappedWhereAnAreaIs) {
  ASSERT_EQ(this->model.place(1, 0, l4_page, 9 * l4_page, R), L4Status::ok);
  EXPECT_EQ(this->model.broken_invariant(), 0U);
  this->derive(1, 0, {0, 0});
  EXPECT_EQ(this->model.broken_invariant(), 3U);
}

TYPED_TEST(L4Theorems, OnePositionAtMostMapsDirectlyToARealPage) {
  this->put_real(1, 0, 7);
  EXPECT_EQ(this->model.broken_invariant(), 0U);
  this->put_real(2, 3, 7);
  EXPECT_EQ(this->model.broken_invariant(), 4U);
}

TYPED_TEST(L4Theorems, RightsAreASubsetOfTheParents) {
  this->derive(1, 0, {0, 0}, R);
  EXPECT_EQ(this->model.broken_invariant(), 0U);
  this->derive(2, 0, {1, 0}, R | X);
  EXPECT_EQ(this->model.broken_invariant(), 5U);
}

TYPED_TEST(L4Theorems, WhatIsMappedHasRights) {
  this->derive(1, 0, {0, 0}, 0);
  EXPECT_EQ(this->model.broken_invariant(), 5U);
}

TYPED_TEST(L4Theorems, AreasStayAsTheyWerePlaced) {
  ASSERT_EQ(this->model.place(1, 0, l4_page, 9 * l4_page, R), L4Status::ok);
  EXPECT_EQ(this->model.broken_invariant(), 0U);
  L4Surgeon::move_area(this->model, l4_page);
  EXPECT_EQ(this->model.broken_invariant(), 7U);
}

class L4TheoremsOfUnits : public testing::Test {
 protected:
  L4TheoremsOfUnits() {
    model.reset(2, 4 * l4_page); // one unit of 16 KiB
    EXPECT_EQ(model.create(1), L4Status::ok);
  }
  void derive(std::uint64_t v, std::uint64_t pages, std::uint64_t from) {
    L4Surgeon::put(model, 1,
                   {v * l4_page, pages * l4_page, Position{0, from * l4_page}, 0, l4_all, 0, false});
  }

  L4Units model{tiny().profile()};
};

TEST_F(L4TheoremsOfUnits, UnitsOfOneSpaceDoNotOverlap) {
  derive(4, 4, 0);
  EXPECT_EQ(model.broken_invariant(), 0U);
  derive(6, 2, 2);
  EXPECT_EQ(model.broken_invariant(), 3U);
}

TEST_F(L4TheoremsOfUnits, AUnitIsOfASizeOfTheFormatAndAlignedToIt) {
  derive(2, 4, 0);
  EXPECT_EQ(model.broken_invariant(), 3U);
  model.reset(2, 4 * l4_page);
  EXPECT_EQ(model.create(1), L4Status::ok);
  derive(8, 3, 0);
  EXPECT_EQ(model.broken_invariant(), 3U);
}

TEST_F(L4TheoremsOfUnits, PartsOfOneRealRegionAreMappedOnce) {
  L4Surgeon::put(model, 1, {0, l4_page, std::nullopt, 3 * l4_page, l4_all, 0, false});
  EXPECT_EQ(model.broken_invariant(), 4U) << "the last of the four pages";
}

TEST_F(L4TheoremsOfUnits, AUnitIsAtMostAsLargeAsItsParents) {
  ASSERT_EQ(model.flush(0, {0, 2 * l4_page}, l4_all).status, L4Status::ok);
  L4Surgeon::put(model, 0, {0, l4_page, std::nullopt, 0, l4_all, 0, false});
  L4Surgeon::put(model, 0, {l4_page, l4_page, std::nullopt, l4_page, l4_all, 0, false});
  EXPECT_EQ(model.broken_invariant(), 0U);
  derive(2, 2, 0);
  EXPECT_EQ(model.broken_invariant(), 6U);
}

TEST_F(L4TheoremsOfUnits, AUnitIsAlignedInItsParent) {
  derive(2, 2, 1);
  EXPECT_EQ(model.broken_invariant(), 6U);
}

} // namespace
} // namespace reference
