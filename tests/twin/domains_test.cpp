// Numbers and sizes as people write them, both ways.
#include "fuzz/twin/domains.hpp"
#include "fuzz/twin/rng.hpp"
#include "fuzz/twin/round_trip.hpp"
#include "tests/twin/toy_machine.hpp"

#include <gtest/gtest.h>

namespace pagetwin::twin {
namespace {

std::string size_text(std::uint64_t value) {
  std::string text;
  print_size(text, value);
  return text;
}

TEST(Domains, SizesAreWrittenWithTheLargestUnitThatDividesThem) {
  EXPECT_EQ(size_text(0), "0");
  EXPECT_EQ(size_text(0x1000), "4K");
  EXPECT_EQ(size_text(0x10000), "64K");
  EXPECT_EQ(size_text(0x200000), "2M");
  EXPECT_EQ(size_text(std::uint64_t{512} << 30U), "512G");
  EXPECT_EQ(size_text(std::uint64_t{1} << 63U), "8E");
  EXPECT_EQ(size_text(0x1001), "0x1001");
}

TEST(Domains, SizesAreReadInEveryNotation) {
  EXPECT_EQ(parse_size("4K"), 0x1000U);
  EXPECT_EQ(parse_size("4096"), 0x1000U);
  EXPECT_EQ(parse_size("0x1E"), 0x1EU) << "hexadecimal, not exabytes";
  EXPECT_EQ(parse_size("15E"), std::uint64_t{15} << 60U);
}

TEST(Domains, WhatIsNotASizeIsRefused) {
  for (const std::string_view text : {"", "K", "4k", "4KK", "-1", "+1", " 4K", "4K ", "16E", "0x", "0x1K",
                                      "0x1g", "18446744073709551616", "0x10000000000000000"})
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
}

TEST(Domains, EveryReadyDomainReadsWhatItWrites) {
  Rng rng(1);
  for (int round = 0; round < 20000; ++round) {
    const std::uint64_t value = rng.next() >> rng.below(64) << rng.below(64);
    for (const Domain& domain : toy::schema.fields) {
      if (domain.used()) {
        EXPECT_EQ(check_domain(domain, value), std::nullopt);
      }
    }
  }
}

TEST(Domains, ADomainThatLosesAValueIsNamed) {
  Domain lossy = number_domain<4>("low");
  lossy.print = [](std::string& to, std::uint64_t value) { print_number(to, value & 0xFFU); };
  EXPECT_EQ(check_domain(lossy, 7), std::nullopt);
  EXPECT_EQ(check_domain(lossy, 256), "low 256 is printed as '0', which is parsed as 0");
  lossy.print = [](std::string& to, std::uint64_t) { to += "a b"; };
  EXPECT_EQ(check_domain(lossy, 1),
            "low 1 is printed as 'a b', which is not one word without '=', '#' and '->'");
}

TEST(Domains, SelectorsChooseWhatTheDomainLists) {
  const Op none;
  const History history(none.value, {}, none);
  EXPECT_EQ((number_domain<8, 1>("n").decode(15, history)), 8U);
  EXPECT_EQ((choice_domain<4, 2>("n").decode(3, history)), 2U);
  EXPECT_EQ((size_domain<4096, 65536>("n").decode(0xFFFF, history)), 65536U);
  EXPECT_EQ(hex_domain("n").decode(0xABCD, history), 0xABCDU);
}

} // namespace
} // namespace pagetwin::twin
