// O12 for L4: what may hang below what, without any model; and how rights and a send base are written.
#include "fuzz/machines/spaces/rights_operand.hpp"
#include "fuzz/oracles/derivation.hpp"

#include <gtest/gtest.h>
#include <map>

namespace pagetwin::fuzz {
namespace {

constexpr std::uint64_t page = 0x1000;
constexpr Rights rw = Rights::read | Rights::write;

// Units of one page by space and address.
class DerivationOracle : public testing::Test {
 protected:
  void put(unsigned space, std::uint64_t va, SpacesUnit unit) {
    unit.base = va;
    unit.size = page;
    units[{space, va}] = unit;
  }
  [[nodiscard]] static SpacesUnit real(std::uint64_t frame) {
    return {.real = true, .frame = frame, .rights = rw};
  }
  [[nodiscard]] static SpacesUnit derived(unsigned space, std::uint64_t va, std::uint64_t frame,
                                          Rights rights = rw) {
    return {.parent_space = space, .parent_va = va, .frame = frame, .rights = rights};
  }
  [[nodiscard]] std::string checked(unsigned space, std::uint64_t va) const {
    const auto find = [this](unsigned s, std::uint64_t at) {
      const auto found = units.find({s, at});
      return found == units.end() ? std::nullopt : std::optional(found->second);
    };
    const Verdict v = check_derivation(space, units.at({space, va}), units.size(), find);
    return v ? v->signature() : "";
  }

  std::map<std::pair<unsigned, std::uint64_t>, SpacesUnit> units;
};

TEST_F(DerivationOracle, AChainThatEndsAtARealPageIsRight) {
  put(0, 0, real(0));
  put(1, page, derived(0, 0, 0));
  put(2, page, derived(1, page, 0, Rights::read));
  EXPECT_EQ(checked(2, page), "");
}

TEST_F(DerivationOracle, AChainThatComesBackIsALoop) {
  put(1, page, derived(2, page, 0));
  put(2, page, derived(1, page, 0));
  EXPECT_EQ(checked(2, page), "O12 derivation: a loop");
}

TEST_F(DerivationOracle, AParentIsMapped) {
  put(1, page, derived(0, 0, 0));
  EXPECT_EQ(checked(1, page), "O12 derivation: a parent that is not mapped");
}

TEST_F(DerivationOracle, AnAreaIsNobodysParent) {
  SpacesUnit area = real(0);
  area.real = false;
  area.area = true;
  put(0, 0, area);
  put(1, page, derived(0, 0, 0));
  EXPECT_EQ(checked(1, page), "O12 derivation: a parent that is not mapped");
}

TEST_F(DerivationOracle, NoRightIsGainedOnTheWay) {
  SpacesUnit source = real(0);
  source.rights = Rights::read;
  put(0, 0, source);
  put(1, page, derived(0, 0, 0));
  EXPECT_EQ(checked(1, page), "O12 derivation: a right that the parent does not have");
}

TEST_F(DerivationOracle, TheFrameIsTheParents) {
  put(0, 0, real(0));
  put(1, page, derived(0, 0, page));
  EXPECT_EQ(checked(1, page), "O12 derivation: another frame than the parent's");
}

TEST_F(DerivationOracle, AUnitIsNoLargerThanItsParent) {
  put(0, 0, real(0));
  put(1, 0, derived(0, 0, 0));
  units.at({1, 0}).size = 2 * page;
  EXPECT_EQ(checked(1, 0), "O12 derivation: a unit larger than its parent");
}

std::string printed(std::uint64_t value) {
  std::string text;
  print_l4_rights(text, value);
  return text;
}

TEST(L4Rights, AreLettersAndASendBase) {
  EXPECT_EQ(printed(7), "rwx");
  EXPECT_EQ(printed(0), "---");
  EXPECT_EQ(printed(0x3001), "r--@0x3000");
  EXPECT_EQ(parse_l4_rights("-w-@0x10"), 0x12U);
  for (const char* wrong : {"", "rw", "wr-", "rwxu", "rw-@", "rw-@0x3001", "rw-0x3000", "rw-@3000K"})
    EXPECT_EQ(parse_l4_rights(wrong), std::nullopt) << wrong;
}

TEST(L4Rights, EveryNumberIsReadAsItWasWritten) {
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{8}, std::uint64_t{0x1234567}, ~std::uint64_t{0}})
    EXPECT_EQ(parse_l4_rights(printed(value)), value);
}

} // namespace
} // namespace pagetwin::fuzz
