// Every state of two spaces with three pages each and two frames, by the paper's plain operations: written
// down once more, as functions of states that are six numbers, and compared with the models step by step.
#include "tests/reference/l4_fixture.hpp"
#include "tests/reference/l4_surgeon.hpp"

#include <array>

namespace reference {
namespace {

constexpr unsigned pages = 3, positions = 2 * pages;

// A mapping as a digit: none, Real of a frame, or Virtual of a position (space * pages + page).
constexpr unsigned none = 0, first_real = 1, first_virtual = 3, digits = first_virtual + positions;

struct State {
  bool has_space_1 = false;
  std::array<unsigned, positions> at{};

  // The number of a state, below `numbers`.
  static constexpr std::size_t numbers = std::size_t{2} * digits * digits * digits * digits * digits * digits;
  [[nodiscard]] unsigned number() const {
    unsigned all = has_space_1 ? 1 : 0;
    for (const unsigned digit : at)
      all = all * digits + digit;
    return all;
  }
  [[nodiscard]] bool exists(unsigned position) const { return position < pages || has_space_1; }
  bool operator==(const State&) const = default;
};

// What the older model, or a hasty implementer, would do otherwise.
struct Variant {
  bool deletes_progressively = false;  // judges paths in what is left of the state
  bool looks_before_the_flush = false; // and not after it whether the source is valid
};

bool leads(const State& s, unsigned m, unsigned position) {
  for (unsigned steps = 0; steps <= positions && m >= first_virtual; ++steps) {
    if (m == first_virtual + position)
      return true;
    m = s.at[m - first_virtual];
  }
  return false;
}

bool is_valid(const State& s, unsigned m) {
  return m != none && (m < first_virtual || s.at[m - first_virtual] != none);
}

State unmap(State s, unsigned x, const Variant& variant = {}) {
  const State before = s;
  for (unsigned y = 0; y < positions; ++y)
    if (s.at[y] != none && leads(variant.deletes_progressively ? s : before, s.at[y], x))
      s.at[y] = none;
  return s;
}

State update(State s, unsigned x, unsigned m) {
  if (s.exists(x))
    s.at[x] = m;
  return s;
}

State flush(const State& s, unsigned x, const Variant& variant = {}) {
  return update(unmap(s, x, variant), x, none);
}

State update_if_valid(const State& s, unsigned x, unsigned m, const Variant& variant) {
  const State flushed = flush(s, x, variant);
  return variant.looks_before_the_flush || is_valid(flushed, m) ? update(flushed, x, m) : flushed;
}

State map(const State& s, unsigned x, unsigned y, const Variant& variant = {}) {
  return is_valid(s, first_virtual + x) ? update_if_valid(s, y, first_virtual + x, variant) : s;
}

State grant(const State& s, unsigned x, unsigned y, const Variant& variant = {}) {
  return is_valid(s, first_virtual + x) ? flush(update_if_valid(s, y, s.at[x], variant), x, variant) : s;
}

struct Step {
  enum class Verb : std::uint8_t { create, unmap, flush, map, grant } verb = Verb::create;
  unsigned x = 0, y = 0;
};

State after(const State& s, const Step& step, const Variant& variant = {}) {
  switch (step.verb) {
  case Step::Verb::create:
    return {true, s.at};
  case Step::Verb::unmap:
    return unmap(s, step.x, variant);
  case Step::Verb::flush:
    return flush(s, step.x, variant);
  case Step::Verb::map:
    return map(s, step.x, step.y, variant);
  case Step::Verb::grant:
    return grant(s, step.x, step.y, variant);
  }
  return s;
}

std::vector<Step> make_steps(const State& s) {
  std::vector<Step> steps;
  if (!s.has_space_1)
    steps.push_back({});
  for (unsigned x = 0; x < positions && s.exists(x); ++x) {
    steps.push_back({Step::Verb::unmap, x, x});
    steps.push_back({Step::Verb::flush, x, x});
    for (unsigned y = 0; y < positions; ++y)
      for (const Step::Verb verb : {Step::Verb::map, Step::Verb::grant})
        steps.push_back({verb, x, y});
  }
  return steps;
}

// All operations whose preconditions hold: nothing but the space that may be missing matters. Transfers to it
// are among them.
const std::vector<Step>& steps_of(const State& s) {
  static const std::vector<Step> steps[] = {make_steps({}), make_steps({true, {}})};
  return steps[s.has_space_1 ? 1 : 0];
}

// sigma0 maps two of its pages to the two frames.
constexpr State initial{false, {first_real, first_real + 1}};

class Exploration {
 public:
  explicit Exploration(const Variant& variant = {}) : variant_(variant) { add(initial); }

  // One operation more.
  void lengthen() {
    for (const std::size_t end = states_.size(); expanded_ < end; ++expanded_)
      for (const Step& step : steps_of(states_[expanded_]))
        add(after(states_[expanded_], step, variant_));
  }
  [[nodiscard]] bool is_closed() const { return expanded_ == states_.size(); }
  [[nodiscard]] const std::vector<State>& states() const { return states_; }

 private:
  void add(const State& s) {
    if (seen_[s.number()])
      return;
    seen_[s.number()] = true;
    states_.push_back(s);
  }

  Variant variant_;
  std::vector<bool> seen_ = std::vector<bool>(State::numbers);
  std::vector<State> states_;
  std::size_t expanded_ = 0;
};

// Of programs of so many operations.
std::vector<State> states_after(unsigned length) {
  Exploration exploration;
  for (unsigned done = 0; done < length; ++done)
    exploration.lengthen();
  return exploration.states();
}

// A model in a state, and the state of a model.
class Models {
 public:
  template <typename Model>
  static void load(Model& model, const State& s) {
    model.reset(2, 0);
    if (s.has_space_1) {
      EXPECT_EQ(model.create(1), L4Status::ok);
    }
    for (unsigned x = 0; x < positions; ++x)
      if (s.at[x] != none)
        L4Surgeon::put(model, x / pages, unit_of(x, s.at[x]));
  }
  static State state_of(const L4Model& model) {
    State s{model.exists(1), {}};
    for (unsigned x = 0; x < positions; ++x)
      if (const auto unit = model.find(x / pages, va_of(x)))
        s.at[x] = unit->parent ? first_virtual + position_of(*unit->parent)
                               : first_real + static_cast<unsigned>(unit->frame / l4_page);
    return s;
  }
  static void apply(L4Model& model, const Step& step) {
    const L4Flexpage from{va_of(step.x), l4_page}, to{va_of(step.y), l4_page};
    const L4Transfer transfer{step.x / pages, step.y / pages, from, 0, to, l4_all};
    switch (step.verb) {
    case Step::Verb::create:
      (void)model.create(1);
      break;
    case Step::Verb::unmap:
      (void)model.unmap(transfer.from, from, l4_all);
      break;
    case Step::Verb::flush:
      (void)model.flush(transfer.from, from, l4_all);
      break;
    case Step::Verb::map:
      (void)model.map(transfer);
      break;
    case Step::Verb::grant:
      (void)model.grant(transfer);
      break;
    }
  }

 private:
  static std::uint64_t va_of(unsigned position) { return position % pages * l4_page; }
  static unsigned position_of(const L4Unit::Position& at) {
    return at.space * pages + static_cast<unsigned>(at.va / l4_page);
  }
  static L4Unit unit_of(unsigned x, unsigned m) {
    L4Unit unit{va_of(x), l4_page, std::nullopt, 0, l4_all, 0, false};
    if (m < first_virtual)
      unit.frame = (m - first_real) * l4_page;
    else
      unit.parent = {(m - first_virtual) / pages, va_of(m - first_virtual)};
    return unit;
  }
};

TEST(L4SmallScope, AllProgramsTogetherReach46130StatesAndTheTheoremsHoldInEach) {
  Exploration exploration;
  while (!exploration.is_closed())
    exploration.lengthen();
  EXPECT_EQ(exploration.states().size(), 46130U);
  L4Spaces model(one_size());
  L4Units units(one_size());
  for (const State& s : exploration.states()) {
    Models::load(model, s);
    ASSERT_EQ(model.broken_invariant(), 0U) << contents(model, 0);
    Models::load(units, s);
    ASSERT_EQ(units.broken_invariant(), 0U) << contents(model, 0);
  }
}

TEST(L4SmallScope, ProgramsOfFiveOperationsReach6790States) { EXPECT_EQ(states_after(5).size(), 6790U); }

TEST(L4SmallScope, LookupIsNoneIfAndOnlyIfNothingIsMapped) {
  L4Spaces model(one_size());
  for (const State& s : states_after(5)) {
    Models::load(model, s);
    for (unsigned x = 0; x < positions; ++x) {
      const auto unit = model.find(x / pages, x % pages * l4_page);
      ASSERT_EQ(unit.has_value(), s.at[x] != none);
      unsigned m = first_virtual + x;
      while (m >= first_virtual)
        m = s.at[m - first_virtual];
      ASSERT_TRUE(!unit || unit->frame / l4_page == m - first_real);
    }
  }
}

// All programs of five operations.
TEST(L4SmallScope, L4SpacesAsPrintedTakesEveryStepAsThePaperSays) {
  L4Spaces model(one_size(), Missing::as_printed);
  for (const State& s : states_after(4))
    for (const Step& step : steps_of(s)) {
      Models::load(model, s);
      Models::apply(model, step);
      ASSERT_EQ(Models::state_of(model), after(s, step)) << contents(model, 0);
    }
}

TEST(L4SmallScope, L4UnitsTakesEveryStepAsThePaperSaysAndNoneToAMissingSpace) {
  L4Units model(one_size());
  for (const State& s : states_after(4))
    for (const Step& step : steps_of(s)) {
      Models::load(model, s);
      Models::apply(model, step);
      ASSERT_EQ(Models::state_of(model), s.exists(step.y) ? after(s, step) : s) << contents(model, 0);
    }
}

TEST(L4SmallScope, SelfMapAndSelfGrantEqualFlushInEveryState) {
  for (const State& s : states_after(5))
    for (unsigned x = 0; x < positions; ++x) {
      ASSERT_EQ(is_valid(s, first_virtual + x) ? map(s, x, x) : flush(s, x), flush(s, x));
      ASSERT_EQ(is_valid(s, first_virtual + x) ? grant(s, x, x) : flush(s, x), flush(s, x));
    }
}

TEST(L4SmallScope, MapAndGrantOntoAnAncestorLeaveBothUnmappedInEveryState) {
  unsigned seen = 0;
  for (const State& s : states_after(5))
    for (unsigned x = 0; x < positions; ++x)
      for (unsigned y = 0; y < positions; ++y) {
        if (x == y || !leads(s, s.at[x], y))
          continue;
        ++seen;
        for (const State& then : {map(s, x, y), grant(s, x, y)})
          ASSERT_TRUE(then.at[x] == none && then.at[y] == none);
      }
  EXPECT_GT(seen, 1000U);
}

TEST(L4SmallScope, ProgressiveDeletionGivesOtherStates) {
  const Variant progressive{.deletes_progressively = true};
  unsigned other = 0, dangling = 0;
  for (const State& s : states_after(5))
    for (unsigned x = 0; x < positions; ++x) {
      const State right = unmap(s, x), wrong = unmap(s, x, progressive);
      other += right == wrong ? 0 : 1;
      for (unsigned y = 0; y < positions; ++y)
        dangling += wrong.at[y] != none && !is_valid(wrong, wrong.at[y]) ? 1 : 0;
    }
  EXPECT_GT(other, 0U);
  EXPECT_GT(dangling, 0U) << "what is left leads nowhere";
}

// The pen-and-paper model: map n v n' v', then grant n' v' n v.
TEST(L4SmallScope, WithoutValidityAfterTheFlushMapThenGrantBackMakesALoop) {
  const Variant older{.looks_before_the_flush = true};
  const State mapped = map(initial, 0, 1, older);
  EXPECT_EQ(grant(mapped, 1, 0, older).at[0], first_virtual + 0) << "a page that maps to itself";
  EXPECT_EQ(grant(mapped, 1, 0).at, (std::array<unsigned, positions>{}));
  L4Spaces model(one_size());
  Models::load(model, grant(mapped, 1, 0, older));
  EXPECT_EQ(model.broken_invariant(), 1U);
}

} // namespace
} // namespace reference
