// The two models of the L4 address spaces, page by page and unit by unit, run the same programs.
#include "reference/l4_units.hpp"
#include "tests/reference/l4_fixture.hpp"
#include "tests/reference/l4_program.hpp"

#include <set>

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
  ASSERT_EQ(is_status ? pages.value & ~units.value : pages.value ^ units.value, 0U);
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

TEST(L4SideBySide, UnitsOfOneSizeAreThePagesAndRememberAsMuch) {
  L4Units units(one_size());
  L4Spaces pages(one_size());
  L4Programs programs(one_size(), spaces + 1, 4, 2);
  for (unsigned program = 0; program < 400; ++program) {
    units.reset(spaces, 8 * l4_page);
    pages.reset(spaces, 8 * l4_page);
    for (unsigned number = 0; number < 64; ++number) {
      const L4Step step = programs.step();
      const L4Said one = apply(units, step), other = apply(pages, step);
      ASSERT_TRUE(one.status == other.status && one.value == other.value);
      ASSERT_EQ(contents(units, 0), contents(pages, 0));
    }
  }
}

// Two spaces, three pages, two frames: rights and status make too many states to see all of them.
class EveryProgram {
 public:
  EveryProgram() {
    units_.reset(2, 2 * l4_page);
    pages_.reset(2, 2 * l4_page);
    EXPECT_TRUE(units_.create(1) == L4Status::ok && pages_.create(1) == L4Status::ok);
    for (unsigned x = 0; x < 6; ++x) {
      add(L4Step::Verb::touch, x, x, l4_all);
      for (const L4Bits mask : {l4_all, W}) {
        add(L4Step::Verb::unmap, x, x, mask);
        add(L4Step::Verb::flush, x, x, mask);
        for (unsigned y = 0; y < 6; ++y) {
          add(L4Step::Verb::map, x, y, mask);
          add(L4Step::Verb::grant, x, y, mask);
        }
      }
    }
  }
  // From each state that was not seen before.
  void run(const L4Units& units, const L4Spaces& pages, unsigned length) {
    for (const L4Step& step : steps_) {
      L4Units one = units;
      L4Spaces other = pages;
      const L4Said said = apply(one, step), as = apply(other, step);
      ASSERT_TRUE(said.status == as.status && said.value == as.value);
      const std::string now = pages_of(one);
      ASSERT_EQ(now, pages_of(other)) << contents(one, 0) << "\n" << contents(other, 0);
      if (!seen_[length].insert(now).second)
        continue;
      ASSERT_TRUE(one.broken_invariant() == 0 && other.broken_invariant() == 0) << contents(one, 0);
      if (length > 1)
        run(one, other, length - 1);
    }
  }
  void run(unsigned length) { run(units_, pages_, length); }
  [[nodiscard]] std::size_t states(unsigned length) const { return seen_[length].size(); }

 private:
  // Three characters a page, to be compared.
  static std::string pages_of(const L4Model& model) {
    std::string all;
    for (unsigned x = 0; x < 6; ++x) {
      const auto unit = model.find(x / 3, x % 3 * l4_page);
      const std::uint64_t parent = !unit          ? 0
                                   : unit->parent ? 1 + unit->parent->space * 3 + unit->parent->va / l4_page
                                                  : 9 + unit->frame / l4_page;
      all += static_cast<char>('0' + parent);
      all += static_cast<char>('0' + (unit ? unit->rights : 0));
      all += static_cast<char>('0' + (unit ? unit->status : 0));
    }
    return all;
  }
  void add(L4Step::Verb verb, unsigned x, unsigned y, L4Bits mask) {
    steps_.push_back({verb, {x / 3, y / 3, pages_at(x % 3), 0, pages_at(y % 3), mask}, 0, AccessKind::write});
  }

  L4Units units_{one_size()};
  L4Spaces pages_{one_size()};
  std::vector<L4Step> steps_;
  std::set<std::string> seen_[4]; // by how many operations may still follow
};

TEST(L4SideBySide, EveryShortProgramWithRightsAndStatusLeavesOneState) {
  EveryProgram every;
  every.run(3);
  EXPECT_GT(every.states(1), 10000U);
}

TEST(L4SideBySide, UnitsOfSeveralSizesAreTheirPagesAndRememberNoLess) {
  run_programs(tiny().profile(), 7, 100);
  run_programs(tiny().profile(), 3, 200);
  run_programs(tiny_32().profile(), 6, 100);
}

} // namespace
} // namespace reference
