// A table that owes too little, before every foreign MMU that has a TLB: each convicts it. Skipped where
// there is none.
#include "fuzz/machines/foreign/machine.hpp"
#include "fuzz/machines/table/make.hpp"
#include "src/arch/all.hpp"
#include "tests/machines/traces.hpp"
#include "tests/table/forgetful_subject.hpp"

#include <gtest/gtest.h>

namespace pagetwin::fuzz {
namespace {

template <Format F>
std::unique_ptr<Subject> honest(Watcher& watcher) {
  return make_subject<F, ObservedBacking>(watcher);
}
// Remembers the first page only.
template <Format F>
std::unique_ptr<Subject> half_hearted(Watcher& watcher) {
  return std::make_unique<ForgetfulSubject>(make_subject<F, ObservedBacking>(watcher),
                                            std::uint64_t{1} << F::sizes[0].log2_bytes);
}
template <Format F>
std::unique_ptr<Subject> forgetful(Watcher& watcher) {
  return std::make_unique<ForgetfulSubject>(make_subject<F, ObservedBacking>(watcher));
}

class ForeignTlbs : public testing::Test {
 protected:
  // 32 pages, as some of them are of no use to an MMU that sets no accessed flags; where no guest has memory,
  // if the format reaches so far. A second stage has no users of its own.
  template <Format F, const reference::Mmu& (*Walker)()>
  twin::Verdict run(emulators::Oracle& oracle, std::unique_ptr<Subject> (*subject)(Watcher&),
                    unsigned long long va) {
    constexpr unsigned shift = F::sizes[0].log2_bytes;
    const char user = F::expressible(Rights::read | Rights::write | Rights::user) ? 'u' : '-';
    const std::string lines = format("map_range s=0 va=%#llx pa=%#llx len=%#x size=%#x attrs=rw-%c\n"
                                     "protect s=0 va=%#llx len=%#x attrs=r--%c\n",
                                     va, F::pa_bits > 34 ? 0x2'4000'0000ULL : 0x4000'0000ULL, 32U << shift,
                                     1U << shift, user, va, 32U << shift, user);
    Tally tally(oracle);
    ForeignMachine machine(
        std::make_unique<TableMachine>(TableSides{&table_schema<F>, subject, Walker}, twin::MachineOptions{}),
        Jury{{&oracle, 1}, {&tally, 1}});
    auto found = twin::run(machine, program_of(lines, table_schema<F>));
    seen_ = tally.tlb;
    return found;
  }

  template <Format F, const reference::Mmu& (*Walker)()>
  void expect_conviction(emulators::Opened opened, unsigned long long va = 0) {
    if (const auto* absent = std::get_if<emulators::Absent>(&opened))
      GTEST_SKIP() << absent->emulator << ": " << absent->reason;
    auto& oracle = std::get<emulators::Oracle>(opened);
    EXPECT_FALSE((run<F, Walker>(oracle, honest<F>, va)));
    EXPECT_GT(seen_.stale, 0U);
    EXPECT_EQ(seen_.wrong, 0U);
    const std::string conviction = std::string(oracle.emulator->name()) + " TLB finds it, too: ";
    for (const auto subject : {forgetful<F>, half_hearted<F>}) {
      const auto found = run<F, Walker>(oracle, subject, va);
      ASSERT_TRUE(found);
      EXPECT_NE(found->details.find(conviction), std::string::npos) << found->details;
      EXPECT_GT(seen_.wrong, 0U);
    }
  }

 private:
  TlbTally seen_;
};

TEST_F(ForeignTlbs, OfUnicornConvictATableThatForgetsAnInvalidation) {
  expect_conviction<Aarch64S1_4k, reference::aarch64_s1_4k>(emulators::open_unicorn());
  expect_conviction<Aarch64S1_64k, reference::aarch64_s1_64k>(emulators::open_unicorn());
}
TEST_F(ForeignTlbs, OfQemuAarch64ConvictATableThatForgetsAnInvalidation) {
  expect_conviction<Aarch64S1_16k, reference::aarch64_s1_16k>(emulators::open_qemu_aarch64());
  expect_conviction<Aarch64S1_4kLpa2, reference::aarch64_s1_4k_lpa2>(emulators::open_qemu_aarch64());
}
TEST_F(ForeignTlbs, OfQemuAarch64ConvictASecondStageThatForgetsAnInvalidation) {
  expect_conviction<Aarch64S2_4k, reference::aarch64_s2_4k>(emulators::open_qemu_aarch64());
  expect_conviction<Aarch64S2_64k, reference::aarch64_s2_64k>(emulators::open_qemu_aarch64());
}
TEST_F(ForeignTlbs, OfQemuArmv7ConvictATableThatForgetsAnInvalidation) {
  expect_conviction<Armv7, reference::armv7>(emulators::open_qemu_armv7());
  expect_conviction<Armv7, reference::armv7>(emulators::open_qemu_armv7(), 0xc000'0000);
}
TEST_F(ForeignTlbs, OfQemuX86ConvictATableThatForgetsAnInvalidation) {
  expect_conviction<X86_64_4, reference::x86_64_4>(emulators::open_qemu_x86());
  expect_conviction<X86_64_5, reference::x86_64_5>(emulators::open_qemu_x86());
}
TEST_F(ForeignTlbs, OfQemuRiscvConvictATableThatForgetsAnInvalidation) {
  expect_conviction<RiscvSv39, reference::riscv_sv39>(emulators::open_qemu_riscv());
  expect_conviction<RiscvSv57, reference::riscv_sv57>(emulators::open_qemu_riscv());
}
TEST_F(ForeignTlbs, OfQemuRiscvGConvictATableThatForgetsAnInvalidation) {
  expect_conviction<RiscvSv39x4, reference::riscv_sv39x4>(emulators::open_qemu_riscv_g());
  expect_conviction<RiscvSv57x4, reference::riscv_sv57x4>(emulators::open_qemu_riscv_g());
}

} // namespace
} // namespace pagetwin::fuzz
