// Every foreign MMU that is there, over the corpus and random programs of every format that it judges: a
// small part of what scripts/oracles asks, so that a test run sees it. Skipped where there is none.
#include "fuzz/machines/foreign/session.hpp"
#include "fuzz/machines/table/make.hpp"
#include "src/arch/all.hpp"

#include <gtest/gtest.h>

namespace pagetwin::fuzz {
namespace {

constexpr std::uint64_t probes = 20'000;

template <Format F, const reference::Mmu& (*Walker)()>
void expect_agreement() {
  std::vector<emulators::Opened> opened = emulators::open_all();
  Session session(table_target<F, ObservedBacking, Walker>("page_table_test"), std::move(opened),
                  {.probes = probes, .save = testing::TempDir()}, "scripts/oracles");
  if (session.summary().find("pagetwin: oracle") == std::string::npos)
    GTEST_SKIP() << session.summary();
  EXPECT_EQ(session.run(), twin::ExitStatus::ok);
  // A TLB that never kept anything could not have convicted anybody.
  EXPECT_EQ(session.summary().find("\"stale\":0,"), std::string::npos) << session.summary();
}

// scripts/oracles has the same formats as targets; a name of the list there is a test here.
TEST(ForeignMmusAgreeOn, Aarch64Stage1With4KiB) {
  expect_agreement<Aarch64S1_4k, reference::aarch64_s1_4k>();
}
TEST(ForeignMmusAgreeOn, Aarch64Stage1With16KiB) {
  expect_agreement<Aarch64S1_16k, reference::aarch64_s1_16k>();
}
TEST(ForeignMmusAgreeOn, Aarch64Stage1With64KiB) {
  expect_agreement<Aarch64S1_64k, reference::aarch64_s1_64k>();
}
TEST(ForeignMmusAgreeOn, Aarch64Stage1With4KiBAndLpa2) {
  expect_agreement<Aarch64S1_4kLpa2, reference::aarch64_s1_4k_lpa2>();
}
TEST(ForeignMmusAgreeOn, Aarch64Stage1With16KiBAndLpa2) {
  expect_agreement<Aarch64S1_16kLpa2, reference::aarch64_s1_16k_lpa2>();
}
TEST(ForeignMmusAgreeOn, Aarch64Stage2With4KiB) {
  expect_agreement<Aarch64S2_4k, reference::aarch64_s2_4k>();
}
TEST(ForeignMmusAgreeOn, Aarch64Stage2With16KiB) {
  expect_agreement<Aarch64S2_16k, reference::aarch64_s2_16k>();
}
TEST(ForeignMmusAgreeOn, Aarch64Stage2With64KiB) {
  expect_agreement<Aarch64S2_64k, reference::aarch64_s2_64k>();
}
TEST(ForeignMmusAgreeOn, Armv7) { expect_agreement<Armv7, reference::armv7>(); }
TEST(ForeignMmusAgreeOn, X86WithFourLevels) { expect_agreement<X86_64_4, reference::x86_64_4>(); }
TEST(ForeignMmusAgreeOn, X86WithFiveLevels) { expect_agreement<X86_64_5, reference::x86_64_5>(); }
TEST(ForeignMmusAgreeOn, RiscvSv39) { expect_agreement<RiscvSv39, reference::riscv_sv39>(); }
TEST(ForeignMmusAgreeOn, RiscvSv48) { expect_agreement<RiscvSv48, reference::riscv_sv48>(); }
TEST(ForeignMmusAgreeOn, RiscvSv57) { expect_agreement<RiscvSv57, reference::riscv_sv57>(); }
TEST(ForeignMmusAgreeOn, RiscvSv39x4) { expect_agreement<RiscvSv39x4, reference::riscv_sv39x4>(); }
TEST(ForeignMmusAgreeOn, RiscvSv48x4) { expect_agreement<RiscvSv48x4, reference::riscv_sv48x4>(); }
TEST(ForeignMmusAgreeOn, RiscvSv57x4) { expect_agreement<RiscvSv57x4, reference::riscv_sv57x4>(); }

} // namespace
} // namespace pagetwin::fuzz
