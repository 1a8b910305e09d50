// The two models of the L4 address spaces, page by page and unit by unit, run the same programs.
#include "reference/l4_units.hpp"
#include "tests/reference/l4_fixture.hpp"
#include "tests/reference/l4_program.hpp"

namespace reference {
namespace {

constexpr unsigned spaces = 5;

// What each page of a space is.
std::vector<L4Unit> by_page(const std::vector<L4Unit>& units, std::uint64_t page) {
  std::vector<L4Unit> pages;
  for (const L4Unit& unit : units)
    for (std::uint64_t at = 0; at < unit.size; at += page) {
      L4Unit each = unit;
      each.base += at;
      each.size = page;
      each.frame += at;
      if (each.parent)
        each.parent->va += at;
      pages.push_back(each);
    }
  return pages;
}

// As nothing but the status can differ, the pages of `more` must remember all that those of `less` do.
bool remembers(std::vector<L4Unit> more, const std::vector<L4Unit>& less) {
  if (more.size() != less.size())
    return false;
  for (std::size_t at = 0; at < more.size(); ++at) {
    if ((less[at].status & ~more[at].status) != 0)
      return false;
    more[at].status = less[at].status;
  }
  return more == less;
}

void expect_one_state(const L4Model& units, const L4Model& pages, std::uint64_t page) {
  for (unsigned space = 0; space < spaces; ++space) {
    ASSERT_EQ(units.exists(space), pages.exists(space));
    ASSERT_TRUE(remembers(by_page(units.units(space), page), by_page(pages.units(space), page)))
        << contents(units, 0) << "\n"
        << contents(pages, 0);
  }
  ASSERT_EQ(units.broken_invariant(), 0U) << contents(units, 0);
  ASSERT_EQ(pages.broken_invariant(), 0U) << contents(pages, 0);
}

// merge is judged by units, which the one of the models does not know; it changes no page.
void expect_one_answer(const L4Step& step, const L4Said& units, const L4Said& pages) {
  const bool is_status = step.verb == L4Step::Verb::unmap || step.verb == L4Step::Verb::flush;
  ASSERT_TRUE(units.status == pages.status || step.verb == L4Step::Verb::merge);
  if (is_status)
    ASSERT_EQ(pages.value & ~units.value, 0U);
  else
    ASSERT_EQ(units.value, pages.value);
}

void run_program(L4Model& units, L4Model& pages, L4Programs& programs, std::uint64_t page, unsigned steps) {
  const std::uint64_t memory = (1 + programs.below(40)) * page;
  units.reset(spaces, memory);
  pages.reset(spaces, memory);
  for (unsigned number = 0; number < steps; ++number) {
    L4Step step = programs.step();
    if (number < 3) // there is more to see with several spaces
      step.verb = L4Step::Verb::create;
    expect_one_answer(step, apply(units, step), apply(pages, step));
    expect_one_state(units, pages, page);
    if (testing::Test::HasFatalFailure())
      return;
  }
}

void run_programs(const Profile& profile, unsigned orders, unsigned count) {
  L4Units units(profile);
  L4Spaces pages(profile);
  L4Programs programs(profile, spaces + 1, orders, 1);
  for (unsigned program = 0; program < count && !testing::Test::HasFatalFailure(); ++program)
    run_program(units, pages, programs, profile.sizes.front(), 48);
}

TEST(L4SideBySide, UnitsOfSeveralSizesAreTheirPagesAndRememberNoLess) {
  run_programs(tiny().profile(), 7, 300);
  run_programs(tiny().profile(), 3, 600);
  run_programs(tiny_32().profile(), 6, 300);
}

} // namespace
} // namespace reference
