// Areas (KIP, UTCB) and receive windows: what a transfer does not touch, and where it goes.
#include "fuzz/oracles/tiny_32_format.hpp"
#include "fuzz/oracles/tiny_format.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/space/spaces.hpp"

namespace pagetwin::test {
namespace {

using S = Spaces<Tiny>;

TEST(Areas, AnAreaIsNoSource) {
  S s({.pages = 4});
  EXPECT_EQ(s.place(1, 8, 2, 100), Status::ok);
  EXPECT_EQ(s.map(1, 8, 2, 8, 2), 0U);
  EXPECT_EQ(s.grant(1, 8, 2, 8, 2), 0U);
  EXPECT_EQ(s.show(1), "8+2@100 rwx");
  EXPECT_EQ(s.show(2), "");
}
TEST(Areas, ADestinationInAnAreaIsSkippedPageByPage) {
  S s({.pages = 8});
  EXPECT_EQ(s.place(1, 10, 2, 100, r), Status::ok);
  EXPECT_EQ(s.map(0, 0, 1, 8, 8), 6U);
  EXPECT_EQ(s.show(1), "8+2<0:0 rwx, 10+2@100 r--, 12+4<0:4 rwx");
}
TEST(Areas, AGrantThatAnAreaStopsLeavesItsSource) {
  S s({.pages = 8});
  s.map(0, 0, 1, 0, 4);
  EXPECT_EQ(s.place(2, 9, 1, 100), Status::ok);
  EXPECT_EQ(s.grant(1, 0, 2, 8, 4), 3U);
  EXPECT_EQ(s.show(1), "1+1<0:1 rwx");
  EXPECT_EQ(s.show(2), "8+1<0:0 rwx, 9+1@100 rwx, 10+2<0:2 rwx");
}
TEST(Areas, UnmapFlushAndMergeLeaveThem) {
  S s({.pages = 4});
  EXPECT_EQ(s.place(1, 8, 2, 100), Status::ok);
  EXPECT_EQ(s.unmap(1, 8, 2) + s.flush(1, 0, 16) + s.flush(1, 9), "");
  EXPECT_EQ(s.merge(1, 8, 2), Status::not_uniform);
  EXPECT_EQ(s.show(1), "8+2@100 rwx");
}
TEST(Areas, TheyGoWithTheirSpace) {
  S s({.pages = 4});
  EXPECT_EQ(s.place(1, 8, 2, 100), Status::ok);
  EXPECT_EQ(s.destroy(1), Status::ok);
  EXPECT_EQ(s.create(1), Status::ok);
  EXPECT_EQ(s.show(1), "");
  EXPECT_EQ(s.map(0, 0, 1, 8, 2), 2U);
}
TEST(Areas, OfAnAreaInTheRootNothingIsLeftForTheNextSpace) {
  Spaces<Tiny32> s({.pages = 1});
  EXPECT_EQ(s.place(1, 64, 64, 64), Status::ok);
  EXPECT_EQ(s.destroy(1), Status::ok);
  EXPECT_EQ(s.create(1), Status::ok);
  EXPECT_EQ(s.show(1), "");
}
TEST(Areas, AnAreaLargerThanTheRegionEndsNoTransferTooLate) {
  Spaces<X86_64_4> s({.pages = 4});
  const std::uint64_t top = ~std::uint64_t{0} / s.page - 3; // the last four pages
  s.map(0, 0, 1, top, 4);
  EXPECT_EQ(s.place(2, 0, 1U << 18, 0), Status::ok);
  EXPECT_EQ(s.map(1, top, 2, 4, 4), 0U);
}
TEST(Areas, AnyLegalFrameWillDoAndItMayBePlacedInSigmaZero) {
  S s({.pages = 4});
  EXPECT_EQ(s.place(0, 8, 4, 0, rx), Status::ok);
  EXPECT_EQ(s.show(0), "0+4=0 rwx, 8+4@0 r-x");
}

struct Window {
  std::uint64_t send, count, base, window, room;
};
// Where pages go: space 1 has 8 pages from 0 on, and space 2 nothing.
std::string after(const Window& of) {
  S s({.pages = 8});
  s.map(0, 0, 1, 0, 8);
  auto request = S::request(1, of.send, 2, of.window, of.count, all_rights);
  request.send_base = of.base * S::page;
  request.window.size = of.room * S::page;
  EXPECT_EQ(s.map(request).status, Status::ok);
  return s.show(2);
}
TEST(Windows, OfOneSizeTheOneLiesOnTheOther) { EXPECT_EQ(after({4, 2, 1, 10, 2}), "10+2<1:4 rwx"); }
TEST(Windows, ASmallerFlexpageLiesWhereTheSendBaseSays) {
  EXPECT_EQ(after({4, 1, 0, 8, 8}), "8+1<1:4 rwx");
  EXPECT_EQ(after({4, 1, 5, 8, 8}), "13+1<1:4 rwx");
  EXPECT_EQ(after({4, 2, 5, 8, 8}), "12+2<1:4 rwx") << "rounded down to its size";
  EXPECT_EQ(after({4, 1, 8 + 3, 8, 8}), "11+1<1:4 rwx") << "modulo the window's size";
}
TEST(Windows, ASmallerWindowTakesThePartWhereTheSendBaseSays) {
  EXPECT_EQ(after({0, 8, 0, 9, 1}), "9+1<1:0 rwx");
  EXPECT_EQ(after({0, 8, 5, 9, 1}), "9+1<1:5 rwx");
  EXPECT_EQ(after({0, 8, 5, 8, 2}), "8+2<1:4 rwx") << "rounded down to the window's size";
  EXPECT_EQ(after({0, 8, 8 + 3, 9, 1}), "9+1<1:3 rwx") << "modulo the flexpage's size";
}
TEST(Windows, TheSendBaseNeedNotBeAnAddress) {
  EXPECT_EQ(after({4, 1, ~std::uint64_t{0} / S::page, 8, 8}), "15+1<1:4 rwx");
}

} // namespace
} // namespace pagetwin::test
