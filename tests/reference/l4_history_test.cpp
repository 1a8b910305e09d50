// No ancestor misses history: what an access set is told to every space that the page is derived from, the
// next time that it asks, whatever happened meanwhile; and once only.
#include "reference/l4_units.hpp"
#include "tests/reference/l4_fixture.hpp"
#include "tests/reference/l4_program.hpp"

#include <map>

namespace reference {
namespace {

constexpr unsigned spaces = 5;

// What a program owes each page: what was accessed through it and through what is derived from it.
class History {
 public:
  using Page = std::pair<unsigned, std::uint64_t>;

  History(const L4Model& model, std::uint64_t page) : model_(&model), page_(page) {}

  void touched(unsigned space, std::uint64_t va, L4Bits bits) {
    for (const Page& each : path({space, va & ~(page_ - 1)}))
      owed_[each] |= bits;
  }
  // Before an unmap or a flush: what it must answer.
  L4Bits ask(unsigned space, const L4Flexpage& region) {
    L4Bits bits = 0;
    for (const Page& page : mapped())
      for (const Page& each : path(page))
        if (each.first == space && each.second - region.base < region.size) {
          bits |= owed_[each];
          told_.push_back(page);
        }
    for (const Page& page : told_)
      owed_[page] = 0;
    told_.clear();
    return bits;
  }
  // After a transfer: whatever is there now is new, or is not looked at any more.
  void forget(unsigned space, const L4Flexpage& region) {
    for (auto& [page, bits] : owed_)
      if (page.first == space && page.second - region.base < region.size)
        bits = 0;
  }
  // Of each page: what is still owed to it can still be told. `exactly`: and nothing else.
  void expect_it_is_kept(bool exactly) {
    std::map<Page, L4Bits> kept, owed;
    for (const Page& page : mapped()) {
      owed[page] = owed_[page];
      for (const Page& each : path(page))
        kept[each] |= model_->find(page.first, page.second)->status;
    }
    owed_ = owed;
    for (const auto& [page, bits] : owed_)
      ASSERT_TRUE((bits & ~kept[page]) == 0 && (!exactly || bits == kept[page]))
          << page.first << "." << page.second / page_ << "\n"
          << contents(*model_, 0);
  }

 private:
  [[nodiscard]] std::vector<Page> mapped() const {
    std::vector<Page> pages;
    for (unsigned space = 0; space < spaces; ++space)
      for (const L4Unit& unit : model_->units(space))
        for (std::uint64_t at = 0; at < unit.size && !unit.area; at += page_)
          pages.emplace_back(space, unit.base + at);
    return pages;
  }
  // The page and all that it is derived from.
  [[nodiscard]] std::vector<Page> path(Page at) const {
    std::vector<Page> pages;
    for (auto unit = model_->find(at.first, at.second); unit && !unit->area;
         unit = model_->find(at.first, at.second)) {
      pages.push_back(at);
      if (!unit->parent)
        break;
      at = {unit->parent->space, unit->parent->va + (at.second - unit->base)};
    }
    return pages;
  }

  const L4Model* model_;
  std::uint64_t page_;
  std::map<Page, L4Bits> owed_;
  std::vector<Page> told_;
};

L4Bits bits_of(AccessKind kind) {
  return kind == AccessKind::read ? R : kind == AccessKind::write ? R | W : R | X;
}

void run_step(L4Model& model, History& history, const L4Step& step, bool exactly) {
  const L4Transfer& t = step.transfer;
  using enum L4Step::Verb;
  const bool asks = (step.verb == unmap || step.verb == flush) && t.mask != 0 && model.exists(t.from);
  const L4Bits owed = asks ? history.ask(t.from, t.send) : L4Bits{0};
  if (step.verb == touch)
    history.touched(t.from, t.send.base, bits_of(step.kind));
  const L4Said said = apply(model, step);
  if (asks) {
    ASSERT_TRUE((owed & ~said.value) == 0 && (!exactly || owed == said.value));
  }
  if ((step.verb == map || step.verb == grant) && said.value != 0)
    history.forget(t.to, t.window);
  history.expect_it_is_kept(exactly);
}

// Of single pages where the history is to be told exactly: a transfer of several may leave some of its
// destination alone, and then too much is forgotten here.
L4Step of_single_pages(L4Step step, const Profile& profile) {
  step.transfer.send.size = step.transfer.window.size = profile.sizes.front();
  return step;
}

template <typename Model>
void run_programs(const Profile& profile, unsigned orders, bool exactly) {
  Model model(profile);
  L4Programs programs(profile, spaces, orders, 7);
  for (unsigned program = 0; program < 100 && !testing::Test::HasFatalFailure(); ++program) {
    model.reset(spaces, 8 * profile.sizes.front());
    for (unsigned space = 1; space < 4; ++space)
      ASSERT_EQ(model.create(space), L4Status::ok);
    History history(model, profile.sizes.front());
    for (unsigned number = 0; number < 48 && !testing::Test::HasFatalFailure(); ++number)
      run_step(model, history, exactly ? of_single_pages(programs.step(), profile) : programs.step(),
               exactly);
  }
}

TEST(L4History, OfSinglePagesIsToldToEveryAncestorOnce) {
  run_programs<L4Spaces>(one_size(), 2, true);
  run_programs<L4Units>(one_size(), 2, true);
}

TEST(L4History, OfFlexpagesAndUnitsIsToldToEveryAncestor) {
  run_programs<L4Spaces>(one_size(), 3, false);
  run_programs<L4Units>(tiny().profile(), 3, false);
  run_programs<L4Units>(tiny_32().profile(), 4, false);
}

} // namespace
} // namespace reference
