// How 16 bits become the attributes of a leaf, over every format: mostly what its profile has, all of what it
// has, and sometimes what it refuses. And how attributes are written.
#include "fuzz/machines/convert.hpp"
#include "fuzz/machines/table/attribute_operand.hpp"
#include "tests/format_pairs.hpp"

#include <algorithm>
#include <array>
#include <gtest/gtest.h>

namespace pagetwin::fuzz {
namespace {

TEST(AttributeOperand, AttributesAreLettersWhereTheyCanBe) {
  const auto printed = [](std::uint64_t value) {
    std::string text;
    print_attributes(text, value);
    return text;
  };
  EXPECT_EQ(printed(0x3), "rw--");
  EXPECT_EQ(printed(0xF), "rwxu");
  EXPECT_EQ(printed(0x0000'0005'0102'030B), "rw-u.t3.k2.s5.g");
  EXPECT_EQ(printed(0x10), "0x10");
  EXPECT_EQ(parse_attributes("r--u.g.t7"), 0x0000'0000'0100'0709U);
  EXPECT_EQ(parse_attributes("rw-"), std::nullopt);
  EXPECT_EQ(parse_attributes("wr--"), std::nullopt);
  EXPECT_EQ(parse_attributes("rw--.t256"), std::nullopt);
  EXPECT_EQ(parse_attributes("rw--.z"), std::nullopt);
  EXPECT_EQ(parse_attributes("rw--."), std::nullopt);
  EXPECT_EQ(unpack_attributes(0x0000'0005'0102'030B),
            (Attributes{.rights = Rights::read | Rights::write | Rights::user,
                        .memory_type = 3,
                        .key = 2,
                        .global = true,
                        .software = 5}));
}

template <class P>
class DrawnAttributes : public testing::Test {
 protected:
  static constexpr std::size_t selectors = 65536;

  [[nodiscard]] static bool has(const Attributes& ours) {
    const reference::Profile& profile = P::mmu().profile();
    const reference::Attributes a = to_reference(ours);
    return allow_something(rights_of(a)) && profile.expressible(a, profile.sizes.front());
  }
  template <class Matches>
  [[nodiscard]] static std::size_t count(Matches&& matches) {
    std::size_t n = 0;
    for (std::size_t s = 0; s < selectors; ++s)
      n += matches(
          unpack_attributes(AttributeOperand<typename P::Format>::drawn(static_cast<std::uint16_t>(s))));
    return n;
  }
  [[nodiscard]] static std::size_t legal_with(Rights rights) {
    return count([&](const Attributes& a) { return a.rights == rights && has(a); });
  }
  // What the format writes whatever the other attributes are: all 0 with the first rights that it has.
  [[nodiscard]] static Attributes plainest() {
    Attributes a;
    for (unsigned rights = 0; !has(a) && rights < 16; ++rights)
      a.rights = static_cast<Rights>(rights);
    return a;
  }
  // Each value below `values` that the format has is drawn in attributes that it has, and 0 is one of them.
  template <class T>
  static void expect_all(T Attributes::* member, unsigned values) {
    for (unsigned value = 0; value < values; ++value) {
      Attributes want = plainest();
      want.*member = static_cast<T>(value);
      EXPECT_TRUE(value != 0 || has(want));
      const auto drawn = [&](const Attributes& a) { return a.*member == want.*member && has(a); };
      if (has(want)) {
        EXPECT_GT(count(drawn), 0U) << value;
      }
    }
  }
};
TYPED_TEST_SUITE(DrawnAttributes, FormatPairs, NameOfPair);

TYPED_TEST(DrawnAttributes, ThreeInFourTheFormatHasAndSomeItRefuses) {
  const std::size_t legal = this->count(TestFixture::has);
  EXPECT_GE(legal, this->selectors / 4 * 3);
  EXPECT_GT(this->selectors - legal, 50U);
}

TYPED_TEST(DrawnAttributes, EveryRightsThatTheFormatHasAreDrawnAndFourOfThemOften) {
  unsigned often = 0;
  for (unsigned set = 0; set < 16; ++set) {
    const auto rights = static_cast<Rights>(set);
    const std::size_t drawn = this->legal_with(rights);
    often += drawn > this->selectors / 16;
    EXPECT_EQ(drawn > 0, TestFixture::has({.rights = rights})) << set;
  }
  EXPECT_GE(often, 4U);
}

TYPED_TEST(DrawnAttributes, EveryOtherAttributeThatTheFormatHasIsDrawn) {
  this->expect_all(&Attributes::memory_type, 8);
  this->expect_all(&Attributes::key, 4);
  this->expect_all(&Attributes::global, 2);
  this->expect_all(&Attributes::software, 16);
}

} // namespace
} // namespace pagetwin::fuzz
