// Theorem 3, of hardware: no two lines of the TLB match one address. Every fill drops what it meets, so that
// no program makes such a TLB: here a subject does.
#include "fuzz/machines/spaces/make.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/machines/traces.hpp"

#include <algorithm>

namespace pagetwin::fuzz {
namespace {

using F = X86_64_4;

constexpr const auto& schema = spaces_schema<F, Flexpages::yes>;

// What was accessed has a second line, of a page, that says the same: no answer is another for it.
class TwoLines final : public SpacesSubjectOf<F> {
 public:
  using SpacesSubjectOf<F>::SpacesSubjectOf;
  [[nodiscard]] SpacesAccess access(unsigned space, std::uint64_t va, AccessKind kind) override {
    const SpacesAccess done = SpacesSubjectOf<F>::access(space, va, kind);
    if (done.ok)
      add_line(Tag<F>::pack(id(space), va), done.pa - va);
    return done;
  }

 private:
  void add_line(std::uint64_t tag, std::uint64_t delta) {
    TlbEntry& line = *std::ranges::find(lines_of_tlb(), Tag<F>::none, &TlbEntry::tag);
    line.tag = tag;
    line.mask = Tag<F>::mask(F::page_shift);
    line.delta = delta;
  }
};

std::unique_ptr<SpacesSubject> with_two_lines(Watcher& watcher) {
  return std::make_unique<TwoLines>(watcher);
}

twin::Verdict verdict_of(std::unique_ptr<SpacesSubject> (*subject)(Watcher&), std::string_view lines) {
  SpacesMachine machine({&schema, subject, reference::x86_64_4, make_l4_model<reference::L4Units>}, {});
  return twin::run(machine, program_of(lines, schema, "set spaces=2 memory=2M"));
}

// Of such a subject, and not of ours.
void expect_noticed(std::unique_ptr<SpacesSubject> (*subject)(Watcher&), std::string_view lines,
                    const char* headline) {
  EXPECT_FALSE(verdict_of(make_spaces_subject<F>, lines));
  const auto found = verdict_of(subject, lines);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->oracle, "O6 tlb");
  EXPECT_EQ(found->headline, headline);
}

TEST(SpacesTlb, TwoLinesOfOnePageAreNoticed) {
  expect_noticed(with_two_lines,
                 "map s=0 va=0x5000 size=4K n=1 window=0x5000 wsize=4K rights=rwx\n"
                 "access s=1 va=0x5008 rights=r--\n",
                 "two lines of the TLB match 0x5000");
}

TEST(SpacesTlb, ALineOfAPageInOneOfItsSuperpageIsNoticed) {
  expect_noticed(with_two_lines, "access s=0 va=0x5000 rights=r--\n", "two lines of the TLB match 0x5000");
}

// Beside what was accessed there is a line of a page that nobody asks about, and that nothing maps.
class StrayLine final : public SpacesSubjectOf<F> {
 public:
  using SpacesSubjectOf<F>::SpacesSubjectOf;
  [[nodiscard]] SpacesAccess access(unsigned space, std::uint64_t va, AccessKind kind) override {
    const SpacesAccess done = SpacesSubjectOf<F>::access(space, va, kind);
    TlbEntry& line = *std::ranges::find(lines_of_tlb(), Tag<F>::none, &TlbEntry::tag);
    line.tag = Tag<F>::pack(id(space), va + 0x40'0000);
    line.mask = Tag<F>::mask(F::page_shift);
    return done;
  }
};
std::unique_ptr<SpacesSubject> with_a_stray_line(Watcher& watcher) {
  return std::make_unique<StrayLine>(watcher);
}

TEST(SpacesTlb, ALineOfWhatIsNotMappedIsNoticed) {
  expect_noticed(with_a_stray_line,
                 "map s=0 va=0 size=4K n=1 window=0 wsize=4K rights=rwx\n"
                 "access s=1 va=0 rights=r--\n",
                 "a line of the TLB has 0x400000 to 0x400fff in space 1, as no unit of the model");
}

TEST(SpacesTlb, LinesOfOneAddressInTwoSpacesMatchOnceEach) {
  EXPECT_FALSE(verdict_of(make_spaces_subject<F>,
                          "map s=0 va=0x5000 size=4K n=1 window=0x5000 wsize=4K rights=rwx\n"
                          "access s=0 va=0x5000 rights=r--\n"
                          "access s=1 va=0x5000 rights=r--\n"));
}

} // namespace
} // namespace pagetwin::fuzz
