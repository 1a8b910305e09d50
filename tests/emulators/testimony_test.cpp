// Every foreign MMU that is there, as a witness against a table that it can see is wrong: one that never
// contradicts anybody confirms nothing. Skipped where there is none.
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

template <class P>
class Testimony : public testing::Test {
 protected:
  using Format = typename P::Format;

  void SetUp() override {
    for (emulators::Opened& opened : emulators::open_all())
      if (auto* oracle = std::get_if<emulators::Oracle>(&opened))
        if (oracle->emulator->judges(Format::name))
          oracles_.push_back(std::move(*oracle));
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

TYPED_TEST_SUITE(Testimony, FormatPairs, NameOfPair);

TYPED_TEST(Testimony, ConfirmsAWrongAddress) { this->template expect_contradiction<OtherFrame>(); }
TYPED_TEST(Testimony, ConfirmsAMissingRight) { this->template expect_contradiction<NeverWritable>(); }

} // namespace
} // namespace pagetwin::fuzz
