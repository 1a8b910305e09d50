// The judge of TLB truth, with a TLB that is a model made here and lies where a test tells it to.
#include "fuzz/machines/foreign/expectation.hpp"
#include "fuzz/machines/foreign/machine.hpp"
#include "fuzz/machines/table/make.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/machines/traces.hpp"
#include "tests/table/forgetful_subject.hpp"

#include <gtest/gtest.h>

namespace pagetwin::fuzz {
namespace {

using emulators::Access;
using emulators::Answer;
using emulators::Edit;
using emulators::Outcome;
using emulators::Owed;
using emulators::Probe;
using emulators::Sight;

// What a test bends; nothing is a TLB that keeps all that it may.
struct Whims {
  bool forgets_nothing = false;     // whatever it is told
  bool forgets_everything = false;  // and at once
  bool is_coarse = false;           // and forgets everything when it is told anything
  std::uint64_t warm_elsewhere = 0; // added to addresses of an empty TLB
  std::uint64_t lost = 0;           // the same, of what is new
  Answer Sight::* silent = nullptr; // what it cannot judge
};

class FakeTlb final : public emulators::Emulator, public emulators::CachedMmu {
 public:
  explicit FakeTlb(Whims whims) : whims_(whims) {}
  [[nodiscard]] std::string_view name() const override { return "fake"; }
  [[nodiscard]] bool judges(std::string_view format) const override { return format == "x86_64_4"; }
  [[nodiscard]] bool writes_back() const override { return true; }
  [[nodiscard]] emulators::CachedMmu* cached() override { return this; }
  [[nodiscard]] bool watches(std::string_view format) const override { return judges(format); }
  void walk(std::string_view, emulators::Image, std::span<const Probe>, std::span<Answer> answers) override {
    std::ranges::fill(answers, Answer{Outcome::not_judged, std::nullopt, std::nullopt});
  }
  void watch(std::string_view, const Edit& edit, std::span<const Access> accesses,
             std::span<Sight> sights) override {
    for (std::size_t i = 0; i < accesses.size(); ++i) {
      const Probe& probe = accesses[i].probe;
      const Answer old = walk_one(edit, edit.before, probe, whims_.warm_elsewhere),
                   now = walk_one(edit, edit.after, probe, whims_.lost);
      const bool held = old.outcome == Outcome::ok && !whims_.forgets_everything;
      const auto reaches = [&probe](const Owed& o) {
        return o.first <= probe.address && probe.address <= o.last;
      };
      const bool told = std::ranges::any_of(edit.owed, reaches) || (whims_.is_coarse && !edit.owed.empty());
      const bool gone = !held || (told && !whims_.forgets_nothing);
      sights[i] = {old, held ? old : now, gone ? now : old};
      if (whims_.silent != nullptr)
        sights[i].*whims_.silent = {Outcome::not_judged, std::nullopt, std::nullopt};
      if (gone) // only a walk sets flags
        static_cast<void>(reference::x86_64_4().access(memory_of(edit, edit.after), edit.root, probe.address,
                                                       access_of(probe), mode));
    }
  }

 private:
  static constexpr reference::Mode mode{.smep = false, .smap = false};
  static reference::PhysicalMemory memory_of(const Edit& edit, std::span<std::byte> bytes) {
    return {reinterpret_cast<unsigned char*>(bytes.data()), edit.base, bytes.size()};
  }
  static Answer walk_one(const Edit& edit, std::span<std::byte> bytes, const Probe& probe,
                         std::uint64_t off) {
    const reference::Walk walk =
        reference::x86_64_4().walk(memory_of(edit, bytes), edit.root, probe.address, access_of(probe), mode);
    if (walk.outcome != reference::Outcome::ok)
      return {Outcome::fault, std::nullopt, std::nullopt};
    return {Outcome::ok, walk.translation.pa + off, std::nullopt};
  }

  Whims whims_;
};

std::unique_ptr<Subject> honest(Watcher& watcher) { return make_subject<X86_64_4, ObservedBacking>(watcher); }

class TlbTruth : public testing::Test {
 protected:
  using MakeSubject = std::unique_ptr<Subject> (*)(Watcher&);

  twin::Verdict run(const char* lines, Whims whims = {}, MakeSubject subject = honest) {
    oracle_ = {std::make_unique<FakeTlb>(whims), {}, {}};
    tally_ = std::make_unique<Tally>(oracle_);
    ForeignMachine machine(
        std::make_unique<TableMachine>(TableSides{&table_schema<X86_64_4>, subject, reference::x86_64_4},
                                       twin::MachineOptions{}),
        Jury{{&oracle_, 1}, {tally_.get(), 1}});
    return twin::run(machine, program_of(lines, table_schema<X86_64_4>));
  }
  [[nodiscard]] const TlbTally& tally() const { return tally_->tlb; }

 private:
  emulators::Oracle oracle_;
  std::unique_ptr<Tally> tally_;
};

constexpr const char* protects = "map_range s=0 va=0x0 pa=0x0 len=32K size=4K attrs=rw-u\n"
                                 "protect s=0 va=0x0 len=32K attrs=r--u\n";
constexpr const char* all_edits = "map s=0 va=0x200000 pa=0x40000000 size=2M attrs=rw-u\n"
                                  "unmap s=0 va=0x201000 len=4K\n"
                                  "remap s=0 va=0x202000 pa=0x7000\n"
                                  "access s=0 va=0x203000 arg=0x1\n"
                                  "harvest s=0 va=0x200000 len=2M arg=0x1\n"
                                  "map s=1 va=0x0 pa=0x0 size=2M attrs=r---\n"
                                  "unmap s=1 va=0x0 len=2M\n"
                                  "clear s=0\n";

TEST_F(TlbTruth, HoldsForATableThatPaysWhatItOwes) {
  for (const char* lines : {protects, all_edits})
    EXPECT_FALSE(run(lines));
  EXPECT_GE(tally().edits, 5U);
  EXPECT_GT(tally().accesses, tally().stale);
  EXPECT_GT(tally().stale, 0U);
  EXPECT_EQ(tally().wrong, 0U);
}

TEST_F(TlbTruth, DoesNotDemandThatAnythingIsStale) {
  EXPECT_FALSE(run(all_edits, {.forgets_everything = true}));
  EXPECT_EQ(tally().stale, 0U);
  EXPECT_GT(tally().accesses, 0U);
}

TEST_F(TlbTruth, IsNotAskedForWhereOneOfThreeAnswersIsMissing) {
  for (Answer Sight::* const silent : {&Sight::warm, &Sight::stale, &Sight::fresh}) {
    EXPECT_FALSE(run(protects, {.silent = silent}));
    EXPECT_EQ(tally().accesses, 0U);
    EXPECT_GT(tally().not_judged, 0U);
  }
}

TEST_F(TlbTruth, ReportsWhatIsStaleAfterAllInvalidations) {
  const auto found = run(protects, {.forgets_nothing = true});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->signature(), "fake TLB: supervisor write: stale after all invalidations");
  EXPECT_EQ(found->step, 1U);
  EXPECT_NE(found->details.find("owed       0 to 0x7fff"), std::string::npos) << found->details;
  EXPECT_GT(tally().wrong, 1U) << "everything is counted, not only what is told";
}

TEST_F(TlbTruth, ReportsAFlagThatIsNotSetAgain) {
  constexpr const char* harvests = "map s=0 va=0x0 pa=0x0 size=4K attrs=rw-u\n"
                                   "access s=0 va=0x0 arg=0x1\n"
                                   "harvest s=0 va=0x0 len=4K arg=0x1\n";
  EXPECT_FALSE(run(harvests));
  EXPECT_EQ(tally().edits, 1U);
  const auto found = run(harvests, {.forgets_nothing = true});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->key, "supervisor read: sets no flag again, as if through a stale translation");
}

TEST_F(TlbTruth, ReportsWhatWasWrongFromTheStart) {
  const auto found = run(protects, {.warm_elsewhere = 0x1000});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->key, "supervisor read: not the old translation, with an empty TLB");
}

TEST_F(TlbTruth, ReportsWhatIsNeitherOldNorNew) {
  const auto found = run(all_edits, {.forgets_everything = true, .lost = 0x1000});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->key, "supervisor read: neither old nor new after all invalidations");
}

std::unique_ptr<Subject> forgetful(Watcher& watcher) {
  return std::make_unique<ForgetfulSubject>(make_subject<X86_64_4, ObservedBacking>(watcher));
}

TEST_F(TlbTruth, ConvictsATableThatOwesTooLittle) {
  const auto found = run(protects, {}, forgetful);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->oracle, "O13 flush log");
  EXPECT_NE(found->details.find("fake TLB finds it, too: x86_64_4, supervisor write at 0: stale"),
            std::string::npos)
      << found->details;
}

TEST_F(TlbTruth, SaysNothingOfWhatATlbWouldNotHaveKept) {
  const auto found = run(protects, {.forgets_everything = true}, forgetful);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->details.find("finds it, too"), std::string::npos) << found->details;
}

TEST_F(TlbTruth, NeedsNoInvalidationToConvictWhereNoneCovers) {
  const auto forgets_the_second_page = [](Watcher& watcher) -> std::unique_ptr<Subject> {
    return std::make_unique<ForgetfulSubject>(make_subject<X86_64_4, ObservedBacking>(watcher), 0x1000);
  };
  const auto found = run(protects, {.is_coarse = true}, forgets_the_second_page);
  ASSERT_TRUE(found);
  EXPECT_NE(found->details.find("fake TLB finds it, too: x86_64_4, supervisor write at 0x1000: stale, and no "
                                "invalidation covers it"),
            std::string::npos)
      << found->details;
}

} // namespace
} // namespace pagetwin::fuzz
