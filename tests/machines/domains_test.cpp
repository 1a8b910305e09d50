// How bytes become operands of the table machine: every value is written and read back, corner cases are
// common enough, legal ones commoner; and a short swarm meets every status of every verb.
#include "fuzz/machines/table/make.hpp"
#include "fuzz/oracles/tiny_32_format.hpp"
#include "fuzz/oracles/tiny_format.hpp"
#include "fuzz/twin/rng.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/armv7.hpp"
#include "src/arch/ept.hpp"
#include "src/arch/riscv.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/machines/swarm.hpp"
#include "tests/machines/traces.hpp"

#include <functional>

namespace pagetwin::fuzz {
namespace {

// In how many programs every status has to be met; formats take from 80 to 230. Where few operations cut a
// node (crowds.hpp) it takes 600, until one of them finds no memory.
template <Format F, const reference::Mmu& (*Mmu)(), std::size_t MostPrograms = 400>
struct Case {
  using Format = F;
  static constexpr std::size_t most_programs = MostPrograms;
  static constexpr const twin::Schema& schema = table_schema<F>;
  static const reference::Profile& profile() { return Mmu().profile(); }
  static std::unique_ptr<twin::Machine> make() { return make_table_machine<F, ObservedBacking, Mmu>({}); }
};
using Cases =
    testing::Types<Case<X86_64_4, reference::x86_64_4>, Case<X86_64_5, reference::x86_64_5>,
                   Case<Ept4, reference::ept_4>, Case<Ept5, reference::ept_5>,
                   Case<RiscvSv39, reference::riscv_sv39>, Case<RiscvSv48, reference::riscv_sv48>,
                   Case<RiscvSv57, reference::riscv_sv57>, Case<RiscvSv57x4, reference::riscv_sv57x4>,
                   Case<Aarch64S1_64k, reference::aarch64_s1_64k, 4000>,
                   Case<Aarch64S2_4k, reference::aarch64_s2_4k>, Case<Armv7, reference::armv7>,
                   Case<Tiny, reference::tiny>, Case<TinyWide, reference::tiny_wide>,
                   Case<TinyNarrow, reference::tiny_narrow>, Case<Tiny32, reference::tiny_32>>;

template <class C>
class TableDomainsOf : public testing::Test {
 protected:
  static constexpr std::size_t selectors = 65536;
  // What a program in the middle of its run refers back to.
  twin::Program program = twin::decode(twin::swarm_program(C::schema, 1, 16), C::schema);

  // All values that a field can take, for a verb that uses it, with one operation behind it or many.
  template <class Visit>
  void for_values(TableField field, TableVerb verb, std::uint64_t va, Visit&& visit) {
    twin::Op op{static_cast<std::uint8_t>(verb), {}};
    op.value[field_va] = va;
    const twin::History history(program.header, program.ops, op);
    for (std::size_t s = 0; s < selectors; ++s)
      visit(C::schema.fields[field].decode(static_cast<std::uint16_t>(s), history));
  }
  [[nodiscard]] std::size_t count(TableField field, const std::function<bool(std::uint64_t)>& matches) {
    std::size_t n = 0;
    for_values(field, TableVerb::map_range, 0, [&](std::uint64_t value) { n += matches(value); });
    return n;
  }
};
TYPED_TEST_SUITE(TableDomainsOf, Cases);

TYPED_TEST(TableDomainsOf, EveryValueSurvivesPrintAndParse) {
  const auto check = [](const twin::Domain& domain, std::uint64_t value) {
    const auto problem = twin::check_domain(domain, value);
    EXPECT_FALSE(problem) << *problem;
  };
  twin::Rng rng(1);
  for (unsigned field = 0; field < twin::max_fields; ++field) {
    const twin::Domain& domain = TypeParam::schema.fields[field];
    std::set<std::uint64_t> values;
    for (const TableVerb verb : {TableVerb::map_range, TableVerb::mark})
      this->for_values(static_cast<TableField>(field), verb, 0x1000,
                       [&](std::uint64_t v) { values.insert(v); });
    for (unsigned bit = 0; bit < 64; ++bit)
      values.insert({bytes_of(bit), bytes_of(bit) - 1, ~bytes_of(bit), rng.next()});
    for (const std::uint64_t value : values)
      check(domain, value);
  }
  for (const twin::Domain& domain : TypeParam::schema.header)
    for (unsigned bit = 0; domain.used() && bit < 64; ++bit)
      check(domain, bytes_of(bit) - 1);
}

TYPED_TEST(TableDomainsOf, WhatBytesChooseIsWithinTheLimitsOfATrace) {
  const auto check = [this](const twin::Domain& domain, std::uint64_t value) {
    EXPECT_EQ(domain.limits_with(this->program.header).nearest(value), value) << domain.name;
  };
  const twin::Op none;
  const twin::History empty(none.value, {}, none);
  for (std::size_t s = 0; s < this->selectors; ++s)
    for (const twin::Domain& domain : TypeParam::schema.header)
      if (domain.used())
        check(domain, domain.decode(static_cast<std::uint16_t>(s), empty));
  this->for_values(field_space, TableVerb::clear, 0,
                   [&](std::uint64_t v) { check(TypeParam::schema.fields[field_space], v); });
}

TEST(TableTraces, ASpaceThatTheProgramDoesNotHaveIsRefused) {
  const auto error_of = [](const std::string& lines) {
    const auto result = twin::parse_text("pagetwin 1 table\n" + lines, table_schema<X86_64_4>, "a.ops");
    const auto* error = std::get_if<twin::ParseError>(&result);
    return error == nullptr ? "no error" : error->to_string();
  };
  EXPECT_EQ(error_of("clear s=9\n"), "a.ops:2:9: expected s from 0 to 1, found '9'");
  EXPECT_EQ(error_of("set spaces=8\nclear s=7\n"), "no error");
  EXPECT_EQ(error_of("set nodes=99999999\n"), "a.ops:2:11: expected nodes from 2 to 65536, found '99999999'");
  EXPECT_EQ(error_of("set spaces=0\n"), "a.ops:2:12: expected spaces from 1 to 8, found '0'");
}

TYPED_TEST(TableDomainsOf, AddressesAreMostlyLegalAndSometimesNot) {
  const reference::Profile& profile = TypeParam::profile();
  const std::uint64_t page = profile.sizes.front();
  std::size_t misaligned = 0, foreign = 0, legal = 0;
  constexpr std::size_t programs = 16; // one alone may have begun with illegal addresses
  for (std::size_t seed = 0; seed < programs; ++seed) {
    this->program = twin::decode(twin::swarm_program(TypeParam::schema, seed, 16), TypeParam::schema);
    misaligned += this->count(field_va, [&](std::uint64_t va) { return va % page != 0; });
    foreign += this->count(field_va, [&](std::uint64_t va) { return !reference::is_canonical(profile, va); });
    legal += this->count(
        field_va, [&](std::uint64_t va) { return va % page == 0 && reference::is_canonical(profile, va); });
  }
  EXPECT_GT(misaligned, programs * 50U);
  EXPECT_GT(foreign, programs * 50U);
  EXPECT_GT(legal, programs * this->selectors / 2);
}

// Over all windows that the header can choose; from the second operation on also by going down to the
// boundary of a size.
TYPED_TEST(TableDomainsOf, CornersOfBothHalvesAreAmongTheAddresses) {
  const reference::Profile& profile = TypeParam::profile();
  const std::uint64_t half = bytes_of(profile.va_bits - 1), page = profile.sizes.front(),
                      upper = profile.sign_extended ? 0 - half : half, top = upper + half;
  std::set<std::uint64_t> seen;
  const auto decode_all = [&](const twin::History& history) {
    for (std::size_t s = 0; s < this->selectors; ++s)
      seen.insert(TypeParam::schema.fields[field_va].decode(static_cast<std::uint16_t>(s), history));
  };
  const twin::Op op{};
  for (std::uint64_t pool = 0; pool < 64; ++pool) {
    twin::Values header = this->program.header;
    header[header_pool] = pool;
    decode_all(twin::History(header, {}, op));
  }
  for (const std::uint64_t corner : {std::uint64_t{0}, page, half - page, upper, upper + page, top - page})
    EXPECT_TRUE(seen.contains(corner)) << std::hex << corner;
  twin::Op before{};
  before.value[field_va] = half - page;
  decode_all(twin::History(this->program.header, std::span(&before, 1), op));
  for (const std::uint64_t size : profile.sizes)
    for (const std::uint64_t place : {size, half - size, upper + size, top - size})
      EXPECT_TRUE(seen.contains(place)) << std::hex << place;
}

TYPED_TEST(TableDomainsOf, OperationsReferBackToEachOther) {
  std::set<std::uint64_t> used;
  for (const twin::Op& op : this->program.ops)
    if (table_verbs[op.verb].uses(field_va))
      used.insert(op.value[field_va]);
  ASSERT_GT(used.size(), 1U);
  EXPECT_GT(this->count(field_va, [&](std::uint64_t va) { return used.contains(va); }), this->selectors / 8);
}

// A function: where physical addresses have 32 bits both bounds are one, which clang-tidy takes for a slip.
bool lies_within(std::uint64_t value, std::uint64_t first, std::uint64_t end) {
  return value >= first && value < end;
}

TYPED_TEST(TableDomainsOf, FramesAreOftenCongruentAndSometimesImpossible) {
  using F = typename TypeParam::Format;
  const reference::Profile& profile = TypeParam::profile();
  const std::uint64_t largest = profile.sizes.back(), page = profile.sizes.front();
  std::size_t congruent = 0, misaligned = 0, outside = 0, high = 0;
  this->for_values(field_pa, TableVerb::map_range, 3 * page, [&](std::uint64_t pa) {
    congruent += (pa - 3 * page) % largest == 0;
    misaligned += pa % page != 0;
    outside += !reference::is_physical_range(profile, pa, page);
    high += lies_within(pa, bytes_of(32), bytes_of(F::pa_bits));
  });
  EXPECT_GT(congruent, this->selectors / 4);
  EXPECT_GT(misaligned, 50U);
  EXPECT_GT(outside, 500U);
  if (F::pa_bits > 34) {
    EXPECT_GT(high, this->selectors / 2);
  }
}

TYPED_TEST(TableDomainsOf, LengthsAreAroundEveryThreshold) {
  const reference::Profile& profile = TypeParam::profile();
  const std::uint64_t page = profile.sizes.front();
  std::set<std::uint64_t> seen;
  this->for_values(field_len, TableVerb::unmap, 0, [&](std::uint64_t v) { seen.insert(v); });
  for (const std::uint64_t size : profile.sizes) {
    const std::initializer_list<std::uint64_t> around{size - page, size, size + page};
    for (const std::uint64_t length : around)
      EXPECT_TRUE(seen.contains(length)) << std::hex << length;
  }
  EXPECT_TRUE(seen.contains(bytes_of(profile.va_bits - 1)));
  EXPECT_TRUE(std::ranges::any_of(seen, [&](std::uint64_t v) { return v % page != 0; }));
}

TYPED_TEST(TableDomainsOf, EverySizeAndSomeThatAreNone) {
  const reference::Profile& profile = TypeParam::profile();
  std::map<std::uint64_t, std::size_t> seen;
  std::size_t legal = 0;
  this->for_values(field_size, TableVerb::map, 0, [&](std::uint64_t v) {
    ++seen[v];
    legal += reference::is_page_size(profile, v);
  });
  for (const std::uint64_t size : profile.sizes)
    EXPECT_GT(seen[size], this->selectors / (2 * profile.sizes.size()));
  EXPECT_GT(seen[0], 0U);
  EXPECT_LT(legal, this->selectors);
}

// Statuses that each verb can answer, by docs/table.md. A size of 0 is one selector in a thousand, so that
// the rarer verbs, mark and marker, may not meet it here.
const Outcomes reachable{
    {"map",
     {"ok", "empty", "misaligned", "bad_size", "out_of_range", "bad_attributes", "overlap", "out_of_memory"}},
    {"map_range",
     {"ok", "empty", "misaligned", "bad_size", "out_of_range", "bad_attributes", "overlap", "out_of_memory"}},
    {"unmap", {"ok", "empty", "misaligned", "out_of_range", "out_of_memory"}},
    {"unmap_collect", {"ok", "empty", "misaligned", "out_of_range", "out_of_memory"}},
    {"protect", {"ok", "empty", "misaligned", "out_of_range", "bad_attributes", "out_of_memory"}},
    {"remap", {"ok", "misaligned", "out_of_range", "not_mapped"}},
    {"promote", {"ok", "empty", "misaligned", "bad_size", "out_of_range", "not_uniform"}},
    {"split", {"ok", "misaligned", "bad_size", "out_of_range", "not_mapped", "not_uniform"}},
    {"set_attributes", {"ok", "misaligned", "out_of_range", "bad_attributes", "not_mapped"}},
    {"add_flags", {"ok", "out_of_range", "not_mapped"}},
    {"harvest", {"ok", "empty", "misaligned", "out_of_range"}},
    {"mark", {"ok", "misaligned", "bad_size", "out_of_range", "bad_attributes", "overlap", "out_of_memory"}},
    {"marker", {"ok", "misaligned", "bad_size", "out_of_range", "overlap", "not_uniform"}},
    {"for_each", {"ok", "empty", "misaligned", "out_of_range"}},
    {"create", {"ok", "out_of_memory"}},
};

TYPED_TEST(TableDomainsOf, ASwarmMeetsEveryStatusOfEveryVerb) {
  expect_swarm_meets(*TypeParam::make(), reachable, Answer::first_word, 400, TypeParam::most_programs);
}

} // namespace
} // namespace pagetwin::fuzz
