// What each operation refuses, in the order of docs/l4.md, and that nothing changed then: of two reasons the
// one that comes first in the table is answered.
#include "fuzz/oracles/tiny_format.hpp"
#include "src/arch/ept.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/space/spaces.hpp"

namespace pagetwin::test {
namespace {

using S = Spaces<X86_64_4>;
constexpr std::uint64_t page = S::page, hole = std::uint64_t{1} << 47;
constexpr unsigned missing = 3, no_number = 77;
constexpr Flexpage good{VirtAddr{0}, page};
struct Bad {
  Flexpage flexpage;
  Status status;
};
const std::vector<Bad> bad_flexpages{
    {{VirtAddr{1}, 0}, Status::empty},
    {{VirtAddr{1}, 3 * page}, Status::bad_size},
    {{VirtAddr{1}, page / 2}, Status::bad_size},
    {{VirtAddr{hole + 1}, std::uint64_t{1} << 48}, Status::bad_size},
    {{VirtAddr{hole + page}, 2 * page}, Status::misaligned},
    {{VirtAddr{page - 1}, page}, Status::misaligned},
    {{VirtAddr{hole}, page}, Status::out_of_range},
};

class SpaceStatuses : public testing::Test {
 protected:
  SpaceStatuses() {
    s.map(0, 0, 1, 0);
    before_ = s.show(1);
  }
  ~SpaceStatuses() override { EXPECT_EQ(s.show(1), before_); }

  Status map(unsigned from, Flexpage send, unsigned to, Flexpage window, Rights mask = all_rights) {
    const TransferRequest request{from, to, send, 0, window, mask};
    const Status status = s.map(request).status;
    EXPECT_EQ(s.grant(request).status, status);
    return status;
  }
  Status revoke(unsigned space, Flexpage what, Rights mask = all_rights) {
    const Status status = s.tested().unmap(space, what, mask).status;
    EXPECT_EQ(s.tested().flush(space, what, mask).status, status);
    return status;
  }
  Status place(unsigned space, std::uint64_t va, std::uint64_t size, std::uint64_t frame, Rights rights) {
    return s.tested().place(space, VirtAddr{va}, size, PhysAddr{frame}, rights);
  }

  S s{{.pages = 4, .spaces = 3}};
  std::string before_;
};

TEST_F(SpaceStatuses, UnknownSpacesComeFirst) {
  for (const unsigned space : {missing, no_number}) {
    EXPECT_EQ(map(space, {}, 1, {}, Rights::none), Status::unknown_space);
    EXPECT_EQ(map(1, {}, space, {}, Rights::none), Status::unknown_space);
    EXPECT_EQ(revoke(space, {}, Rights::none), Status::unknown_space);
    EXPECT_EQ(place(space, 1, 0, 0, Rights::none), Status::unknown_space);
    EXPECT_EQ(s.tested().merge(space, VirtAddr{1}, 0), Status::unknown_space);
    EXPECT_EQ(s.destroy(space), Status::unknown_space);
  }
  EXPECT_EQ(s.create(no_number), Status::unknown_space);
}
TEST_F(SpaceStatuses, AnAccessThatCannotHaveHappenedIsNotNoted) {
  s.map(0, 1, 1, 1);
  const std::uint64_t beyond = bytes_of(63) | S::page;
  for (const unsigned space : {missing, no_number})
    s.tested().note_access(space, VirtAddr{S::page}, AccessKind::execute);
  s.tested().note_access(1, VirtAddr{beyond}, AccessKind::execute);
  s.tested().note_access(1, VirtAddr{2 * S::page}, AccessKind::execute);
  EXPECT_EQ(s.unmap(0, 1), "");
}
TEST_F(SpaceStatuses, ASpaceInUseIsNotCreatedAndSigmaZeroNotDeleted) {
  EXPECT_EQ(s.create(1), Status::space_in_use);
  EXPECT_EQ(s.create(0), Status::space_in_use);
  EXPECT_EQ(s.destroy(0), Status::space_in_use);
}
TEST_F(SpaceStatuses, TheSendFlexpageIsJudgedBeforeTheWindowAndBothBeforeTheRights) {
  for (const Bad& bad : bad_flexpages) {
    EXPECT_EQ(map(1, bad.flexpage, 2, {}, w), bad.status);
    EXPECT_EQ(map(1, good, 2, bad.flexpage, w), bad.status);
    EXPECT_EQ(revoke(1, bad.flexpage, Rights::none), bad.status);
  }
}
TEST_F(SpaceStatuses, MasksThatNameNoRightsOrOthersAreRefused) {
  for (const Rights mask : {Rights::none, Rights::user, rw | Rights::user, static_cast<Rights>(15)}) {
    EXPECT_EQ(map(1, good, 2, good, mask), Status::bad_attributes);
    EXPECT_EQ(revoke(1, good, mask), Status::bad_attributes);
    EXPECT_EQ(place(1, 8 * page, page, 0, mask), Status::bad_attributes);
  }
}
TEST_F(SpaceStatuses, RightsThatTheFormatCannotExpressAreRefused) {
  for (const Rights mask : {w, x, w | x})
    EXPECT_EQ(map(1, good, 2, good, mask), Status::bad_attributes);
  for (const Rights mask : {r, rw, rx})
    EXPECT_EQ(revoke(1, good, mask), Status::bad_attributes) << "what is left has no reading";
  EXPECT_EQ(map(1, {VirtAddr{page}, page}, 2, good, r), Status::ok);
  EXPECT_EQ(revoke(1, {VirtAddr{page}, page}, w), Status::ok);
}
TEST_F(SpaceStatuses, PlaceAndMergeTestAlignmentBeforeTheSize) {
  EXPECT_EQ(place(1, 1, 0, 1, w), Status::empty);
  EXPECT_EQ(place(1, page + 1, 3 * page, 0, w), Status::misaligned);
  EXPECT_EQ(place(1, 0, 3 * page, 0, w), Status::bad_size);
  EXPECT_EQ(place(1, 0, page, 17, w), Status::misaligned);
  EXPECT_EQ(place(1, hole, page, 0, w), Status::out_of_range);
  EXPECT_EQ(place(1, 8 * page, page, std::uint64_t{1} << 52, w), Status::out_of_range);
  EXPECT_EQ(place(1, 0, page, 0, w), Status::bad_attributes);
  EXPECT_EQ(place(1, 0, page, 0, r), Status::overlap);
  EXPECT_EQ(s.tested().merge(1, VirtAddr{0}, 0), Status::empty);
  EXPECT_EQ(s.tested().merge(1, VirtAddr{page}, 2 * page), Status::misaligned);
  EXPECT_EQ(s.tested().merge(1, VirtAddr{2 * page}, 2 * page), Status::bad_size);
  EXPECT_EQ(s.tested().merge(1, VirtAddr{hole}, page), Status::out_of_range);
  EXPECT_EQ(s.tested().merge(1, VirtAddr{8 * page}, page), Status::not_mapped);
  EXPECT_EQ(s.tested().merge(1, VirtAddr{0}, 512 * page), Status::not_uniform);
}
TEST(SpaceRights, WhatAFormatCanSayWithoutReadingIsMappedWithoutReading) {
  Spaces<Ept4> s({.pages = 1});
  EXPECT_EQ(s.map(0, 0, 1, 5, 1, x), 1U);
  EXPECT_EQ(s.show(1), "5+1<0:0 --x");
  EXPECT_EQ(s.map(0, 0, 2, 5, 1, r), 1U);
  EXPECT_TRUE(s.access(1, 5, AccessKind::execute));
  EXPECT_FALSE(s.access(2, 5, AccessKind::execute)) << "user is no right to execute by itself";
}
TEST(SpaceRights, ARightThatLeavesNothingThatCanBeSaidMayNotBeTaken) {
  Spaces<Tiny> s({.pages = 1});
  s.map(0, 0, 1, 5);
  s.unmap(0, 0, 1, r);
  EXPECT_EQ(s.show(1), "5+1<0:0 -wx");
}
TEST(SpaceStart, RefusedItChangesNoSize) {
  Spaces<Tiny> s({.pages = 32});
  s.map(0, 0, 1, 0, 16);
  s.flush(1, 3, 1, w);
  EXPECT_EQ(s.tested().start(32 * Spaces<Tiny>::page, Spaces<Tiny>::page), Status::space_in_use);
  EXPECT_EQ(s.merge(1, 0, 16), Status::not_uniform) << "one part has other rights";
  s.flush(1, 0, 16);
  s.map(0, 0, 1, 0, 16);
  EXPECT_EQ(s.merge(1, 0, 16), Status::ok);
}
TEST(SpaceNumbers, AreThoseThatAMappingNodeCanName) {
  Spaces<Tiny> s({.pages = 2, .spaces = 2, .names = 70'000});
  EXPECT_EQ(s.create(65'534), Status::ok);
  EXPECT_EQ(s.map(0, 1, 65'534, 5), 1U);
  EXPECT_EQ(s.show(65'534), "5+1<0:1 rwx");
  EXPECT_EQ(s.create(65'535), Status::unknown_space);
  EXPECT_EQ(s.create(65'537), Status::unknown_space) << "in 16 bits it is 1";
  EXPECT_EQ(s.map(Spaces<Tiny>::request(0, 1, 65'537, 5, 1, all_rights)).status, Status::unknown_space);
  EXPECT_EQ(s.show(1), "");
}
TEST(SpaceStart, RefusesMemoryThatIsNoPagesOrTooMuch) {
  EXPECT_EQ(Spaces<Tiny>({.pages = 1U << 8}).started, Status::out_of_range);
  EXPECT_EQ(Spaces<Tiny>({.pages = 1U << 7, .mappings = 3}).started, Status::out_of_memory);
  EXPECT_EQ(Spaces<Tiny>({.pages = 1U << 7, .mappings = 4}).started, Status::ok);
}

} // namespace
} // namespace pagetwin::test
