// Random operations on our address spaces and on the reference's, in formats that no fuzz target has:
// answers, and after each operation all units of all spaces, are equal. Nodes run dry now and then.
#include "fuzz/machines/spaces/spaces_subject_of.hpp"
#include "reference/l4_units.hpp"
#include "reference/mmu/mmu.hpp"
#include "src/arch/all.hpp"
#include "tests/reference/l4_program.hpp"

#include <gtest/gtest.h>

namespace pagetwin::fuzz {
namespace {

using reference::L4Step;
using Verb = L4Step::Verb;

class Nobody final : public Watcher {
 public:
  Nobody() { want_exchanges(false); }
  void after_store(std::uint64_t) override {}
  void before_exchange(std::uint64_t) override {}
  void on_flush(const Invalidation&) override {}
};

reference::L4Status as_theirs(Status status) {
  using enum reference::L4Status;
  constexpr reference::L4Status by_ours[] = {
      ok,      empty,      misaligned,  bad_size, out_of_range,  bad_attributes,
      overlap, not_mapped, not_uniform, ok,       unknown_space, space_in_use};
  return by_ours[static_cast<unsigned>(status)];
}
std::string text(const SpacesUnit& u, const reference::L4Unit& m) {
  const auto one = [](auto... parts) {
    std::string all;
    ((all += std::to_string(parts) + " "), ...);
    return all;
  };
  const bool derived = !u.real && !u.area;
  const auto parent = m.parent.value_or(reference::L4Unit::Position{});
  const std::string ours = one(u.base, u.size, u.area, derived, derived ? u.parent_space : 0,
                               derived ? u.parent_va : 0, u.frame, static_cast<unsigned>(u.rights), u.status),
                    theirs = one(m.base, m.size, m.area, m.parent.has_value(), parent.space, parent.va,
                                 m.frame, unsigned{m.rights}, unsigned{m.area ? 0U : m.status});
  return ours == theirs ? "" : "ours " + ours + "theirs " + theirs;
}

template <Format F>
class Agreement {
 public:
  explicit Agreement(const reference::Mmu& mmu, unsigned orders, const SpacesOptions& options)
      : profile_(&mmu.profile()), orders_(orders), options_(options),
        subject_(make_spaces_subject<F>(nobody_)) {}

  void run(unsigned seed, unsigned steps) {
    reference::L4Units model(*profile_);
    reference::L4Programs programs(*profile_, options_.spaces, orders_, seed);
    subject_->begin_operation();
    ASSERT_EQ(subject_->start(options_), Status::ok);
    model.reset(options_.spaces, options_.memory);
    for (unsigned i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      if (programs.below(8) == 0)
        subject_->fail_allocation(programs.below(24));
      step(model, i < options_.spaces ? creation_of(i) : programs.step());
    }
    subject_->begin_operation();
    subject_->close();
    subject_->stop();
    EXPECT_EQ(subject_->nodes_used() + subject_->mappings_used() + subject_->parts_used(), 0U);
  }

 private:
  struct Said {
    Status status = Status::ok;
    std::uint64_t value = 0;
  };
  static L4Step creation_of(unsigned space) {
    L4Step step;
    step.verb = Verb::create;
    step.transfer.from = space;
    return step;
  }
  void step(reference::L4Units& model, const L4Step& step) {
    subject_->begin_operation();
    const Said ours = apply(step);
    if (step.verb == Verb::touch && ours.value == 0)
      return; // it faulted
    EXPECT_EQ(ours.status == Status::out_of_memory, subject_->refused());
    if (ours.status != Status::out_of_memory) {
      const reference::L4Said theirs = reference::apply(model, step);
      EXPECT_EQ(as_theirs(ours.status), theirs.status);
      if (ours.status == Status::ok && step.verb != Verb::touch) {
        EXPECT_EQ(ours.value, theirs.value);
      }
    }
    EXPECT_EQ(subject_->audit().value_or(""), "");
    for (unsigned space = 0; space < options_.spaces; ++space)
      compare(space, model.units(space));
  }
  void compare(unsigned space, const std::vector<reference::L4Unit>& theirs) {
    const std::vector<SpacesUnit>& ours = subject_->units(space);
    ASSERT_EQ(ours.size(), theirs.size()) << "space " << space;
    for (std::size_t i = 0; i < ours.size(); ++i)
      EXPECT_EQ(text(ours[i], theirs[i]), "") << "space " << space;
  }
  Said apply(const L4Step& step) {
    const reference::L4Transfer& t = step.transfer;
    const SpacesFlexpage send{t.send.base, t.send.size};
    const Rights mask = static_cast<Rights>(t.mask);
    const SpacesTransfer transfer{t.from, t.to, send, t.send_base, {t.window.base, t.window.size}, mask};
    switch (step.verb) {
    case Verb::create:
      return {subject_->create(t.from)};
    case Verb::destroy:
      return {subject_->destroy(t.from)};
    case Verb::map:
      return said(subject_->map(transfer));
    case Verb::grant:
      return said(subject_->grant(transfer));
    case Verb::unmap:
      return said(subject_->unmap(t.from, send, mask));
    case Verb::flush:
      return said(subject_->flush(t.from, send, mask));
    case Verb::place:
      return {subject_->place(t.from, send.base, send.size, step.frame, mask)};
    case Verb::merge:
      return {subject_->merge(t.from, send.base, send.size)};
    case Verb::touch:
      break;
    }
    const auto kind = static_cast<AccessKind>(step.kind);
    return {Status::ok, static_cast<std::uint64_t>(subject_->access(t.from, send.base, kind).ok)};
  }
  static Said said(const SpacesTransferred& done) { return {done.status, done.pages}; }
  static Said said(const SpacesUnmapped& done) { return {done.status, done.bits}; }

  Nobody nobody_;
  const reference::Profile* profile_;
  unsigned orders_;
  SpacesOptions options_;
  std::unique_ptr<SpacesSubject> subject_;
};

// orders: log2 of the pages that programs use.
template <Format F>
void expect_agreement(const reference::Mmu& mmu, unsigned orders) {
  Agreement<F> agreement(mmu, orders,
                         {.nodes = 96,
                          .mappings = 2048,
                          .parts = 48,
                          .spaces = 3,
                          .memory = (std::uint64_t{3} << (orders - 2)) << F::page_shift});
  for (unsigned seed = 0; seed < 40 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    agreement.run(seed, 60);
  }
}

TEST(SpacesAgree, Armv7) { expect_agreement<Armv7>(reference::armv7(), 9); }
TEST(SpacesAgree, Aarch64Stage1) { expect_agreement<Aarch64S1_4k>(reference::aarch64_s1_4k(), 6); }
TEST(SpacesAgree, Aarch64Stage2) { expect_agreement<Aarch64S2_16k>(reference::aarch64_s2_16k(), 8); }
TEST(SpacesAgree, RiscvSv39) { expect_agreement<RiscvSv39>(reference::riscv_sv39(), 6); }
TEST(SpacesAgree, Ept) { expect_agreement<Ept4>(reference::ept_4(), 6); }

} // namespace
} // namespace pagetwin::fuzz
