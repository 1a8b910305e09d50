// Every foreign MMU that is there, as a witness against a table that it can see is wrong: one that never
// contradicts anybody confirms nothing. Skipped where the emulators of a format are not installed; that
// nobody walks the others is a test of its own.
#include "fuzz/emulators/oracles.hpp"
#include "fuzz/machines/foreign/machine.hpp"
#include "fuzz/machines/table/make.hpp"
#include "tests/format_pairs.hpp"
#include "tests/machines/traces.hpp"
#include "tests/table/decorated_subject.hpp"

namespace pagetwin::fuzz {
namespace {

constexpr std::uint64_t bit_24 = 1U << 24U;

// Leaves lead to another frame.
class OtherFrame final : public DecoratedSubject {
 public:
  using DecoratedSubject::DecoratedSubject;
  Status map(unsigned s, std::uint64_t va, std::uint64_t pa, std::uint64_t size, Attributes a) override {
    return inner().map(s, va, pa ^ bit_24, size, a);
  }
};

// Leaves may be read and not written.
class NeverWritable final : public DecoratedSubject {
 public:
  using DecoratedSubject::DecoratedSubject;
  Status map(unsigned s, std::uint64_t va, std::uint64_t pa, std::uint64_t size, Attributes a) override {
    a.rights = Rights::read | (has(a.rights, Rights::user) ? Rights::user : Rights::none);
    return inner().map(s, va, pa, size, a);
  }
};

// Nobody emulates what Intel's EPT translates, and tiny is ours.
template <class P>
inline constexpr bool has_emulators = !std::string_view(P::Format::name).starts_with("ept")
                                      && !std::string_view(P::Format::name).starts_with("tiny");

// Those of a list of pairs that have emulators, or those that have none.
template <bool Emulated, class Kept, class... Ps>
struct Pick {
  using Types = Kept;
};
template <bool Emulated, class... Kept, class P, class... Ps>
struct Pick<Emulated, testing::Types<Kept...>, P, Ps...>
    : Pick<Emulated,
           std::conditional_t<has_emulators<P> == Emulated, testing::Types<Kept..., P>,
                              testing::Types<Kept...>>,
           Ps...> {};
template <bool Emulated, class List>
struct PickFrom;
template <bool Emulated, class... Ps>
struct PickFrom<Emulated, testing::Types<Ps...>> : Pick<Emulated, testing::Types<>, Ps...> {};

template <class Format>
std::vector<emulators::Oracle> judges_of() {
  std::vector<emulators::Oracle> found;
  for (emulators::Opened& opened : emulators::open_all())
    if (auto* oracle = std::get_if<emulators::Oracle>(&opened))
      if (oracle->emulator->judges(Format::name))
        found.push_back(std::move(*oracle));
  return found;
}

template <class P>
class Testimony : public testing::Test {
 protected:
  using Format = typename P::Format;

  void SetUp() override {
    oracles_ = judges_of<Format>();
    if (oracles_.empty())
      GTEST_SKIP() << "nobody who walks " << Format::name << " is here";
  }

  // One page, written wrongly: each witness says so.
  template <class Broken>
  void expect_contradiction() {
    const auto make = [](Watcher& watcher) -> std::unique_ptr<Subject> {
      return std::make_unique<Broken>(make_subject<Format, ObservedBacking>(watcher));
    };
    std::vector<Tally> tallies;
    for (const emulators::Oracle& oracle : oracles_)
      tallies.emplace_back(oracle);
    ForeignMachine machine(std::make_unique<TableMachine>(TableSides{&table_schema<Format>, make, P::mmu},
                                                          twin::MachineOptions{}),
                           {oracles_, tallies});
    const auto found = twin::run(
        machine, program_of("map s=0 va=0x0 pa=0x2000000 size=" + page() + " attrs=rw--", machine.schema()));
    ASSERT_TRUE(found);
    for (const emulators::Oracle& oracle : oracles_)
      EXPECT_NE(found->details.find(std::string(oracle.emulator->name()) + " contradicts the model, too: "),
                std::string::npos)
          << found->details;
  }

 private:
  static std::string page() { return std::to_string((1U << Format::page_shift) / 1024) + "K"; }

  std::vector<emulators::Oracle> oracles_;
};

using Emulated = PickFrom<true, FormatPairs>::Types;
TYPED_TEST_SUITE(Testimony, Emulated, NameOfPair);

TYPED_TEST(Testimony, ConfirmsAWrongAddress) { this->template expect_contradiction<OtherFrame>(); }
TYPED_TEST(Testimony, ConfirmsAMissingRight) { this->template expect_contradiction<NeverWritable>(); }

template <class P>
class NoTestimony : public testing::Test {};
using NotEmulated = PickFrom<false, FormatPairs>::Types;
TYPED_TEST_SUITE(NoTestimony, NotEmulated, NameOfPair);

TYPED_TEST(NoTestimony, IsClaimedByAnybody) { EXPECT_TRUE(judges_of<typename TypeParam::Format>().empty()); }

} // namespace
} // namespace pagetwin::fuzz
