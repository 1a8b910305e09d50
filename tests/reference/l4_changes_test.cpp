// What a model of the L4 address spaces says that an operation changed: at least each unit that is another
// than before it, and nothing where nothing happened. Who compares only what is named must miss nothing.
#include "reference/l4_units.hpp"
#include "tests/reference/l4_fixture.hpp"
#include "tests/reference/l4_program.hpp"

namespace reference {
namespace {

constexpr unsigned spaces = 4;
using Contents = std::array<std::vector<L4Unit>, spaces>;
using Place = L4Unit::Position;

Contents contents_of(const L4Model& model) {
  Contents all;
  for (unsigned space = 0; space < spaces; ++space)
    if (model.exists(space))
      all[space] = model.units(space);
  return all;
}

// The unit that covers va; or nothing.
std::optional<L4Unit> unit_at(const std::vector<L4Unit>& units, std::uint64_t va) {
  for (const L4Unit& unit : units)
    if (va - unit.base < unit.size)
      return unit;
  return std::nullopt;
}

// Somebody who asks what is at each place that was named hears of this unit, which came or went: at its own
// base, or as a part of one that is there now.
bool is_heard_of(const L4Unit& unit, unsigned space, const std::vector<L4Unit>& now,
                 const std::vector<Place>& named) {
  return std::ranges::any_of(named, [&](const Place& place) {
    const auto there = place.space == space ? unit_at(now, place.va) : std::nullopt;
    return place == Place{space, unit.base} || (there && unit.base - there->base < there->size);
  });
}

void expect_all_heard_of(const L4Model& model, const Contents& before, const Contents& after) {
  for (unsigned space = 0; space < spaces; ++space)
    for (const auto* each : {&before[space], &after[space]})
      for (const L4Unit& unit : *each)
        ASSERT_TRUE(
            (std::ranges::count(before[space], unit) == 1 && std::ranges::count(after[space], unit) == 1)
            || !model.exists(space) || is_heard_of(unit, space, after[space], model.changed()))
            << "space " << space << ", " << std::hex << unit.base;
}

void run_programs(L4Model& model, const Profile& profile, unsigned orders) {
  L4Programs programs(profile, spaces + 1, orders, 3);
  for (unsigned program = 0; program < 150; ++program) {
    model.reset(spaces, (1 + programs.below(40)) * profile.sizes.front());
    for (unsigned number = 0; number < 48; ++number) {
      L4Step step = programs.step();
      if (number < 3)
        step.verb = L4Step::Verb::create;
      const Contents before = contents_of(model);
      model.forget_changes();
      (void)apply(model, step);
      expect_all_heard_of(model, before, contents_of(model));
      if (testing::Test::HasFatalFailure())
        return;
    }
  }
}

TEST(L4Changes, OfUnitsAreAllNamed) {
  L4Units units(tiny().profile());
  run_programs(units, tiny().profile(), 5);
}

TEST(L4Changes, OfPagesAreAllNamed) {
  L4Spaces pages(one_size());
  run_programs(pages, one_size(), 4);
}

template <class Model>
class L4ChangesOf : public testing::Test {
 protected:
  [[nodiscard]] std::vector<Place> changed() {
    std::vector<Place> all = model.changed();
    std::ranges::sort(all, {}, [](const Place& place) { return std::pair(place.space, place.va); });
    all.erase(std::ranges::unique(all).begin(), all.end());
    model.forget_changes();
    return all;
  }
  static Place at(unsigned space, std::uint64_t v) { return {space, v * l4_page}; }

  Model model{one_size()};
  L4Session session{model};
};
using Models = testing::Types<L4Spaces, L4Units>;
TYPED_TEST_SUITE(L4ChangesOf, Models);

TYPED_TEST(L4ChangesOf, NothingIsNamedWhereNothingHappens) {
  (void)this->changed();
  EXPECT_EQ(this->session.unmap(0, 1), 0);
  EXPECT_EQ(this->session.map(2, 1, 3, 1), 0U);
  EXPECT_EQ(this->model.flush(4, {0, l4_page}, l4_all).status, L4Status::unknown_space);
  EXPECT_TRUE(this->changed().empty());
}

// The parent is named for what it remembers now.
TYPED_TEST(L4ChangesOf, AStatusThatGoesUpwardsNamesTheParent) {
  this->session.map(0, 1, 1, 5);
  this->session.map(1, 5, 2, 6);
  EXPECT_EQ(this->changed(), (std::vector{this->at(1, 5), this->at(2, 6)}));
  this->session.touch(2, 6, AccessKind::read);
  EXPECT_EQ(this->changed(), std::vector{this->at(2, 6)});
  EXPECT_EQ(this->session.unmap(1, 5), 1);
  EXPECT_EQ(this->changed(), (std::vector{this->at(0, 1), this->at(2, 6)}));
}

TYPED_TEST(L4ChangesOf, AnAreaAndRightsThatShrinkAreNamed) {
  this->session.map(0, 1, 1, 5);
  (void)this->changed();
  EXPECT_EQ(this->model.place(1, 7 * l4_page, l4_page, 0, 1), L4Status::ok);
  EXPECT_EQ(this->session.unmap(0, 1, W), 0);
  EXPECT_EQ(this->changed(), (std::vector{this->at(1, 5), this->at(1, 7)}));
}

TEST(L4Changes, OfUnitsThatBecomeOneAreNamed) {
  L4Units units(tiny().profile());
  constexpr std::uint64_t pair = 2 * l4_page;
  units.reset(2, pair);
  ASSERT_EQ(units.create(1), L4Status::ok);
  EXPECT_EQ(units.map({0, 1, {0, pair}, 0, {0, pair}, l4_all}).pages, 2U);
  for (std::uint64_t va = 0; va < pair; va += l4_page)
    EXPECT_EQ(units.unmap(0, {va, l4_page}, W).status, L4Status::ok);
  const Contents before = contents_of(units);
  ASSERT_EQ(before[1].size(), 2U);
  units.forget_changes();
  EXPECT_EQ(units.merge(1, 0, pair), L4Status::ok);
  expect_all_heard_of(units, before, contents_of(units));
}

} // namespace
} // namespace reference
