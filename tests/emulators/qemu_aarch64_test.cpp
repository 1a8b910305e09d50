// QEMU's AArch64 walker over descriptors made by hand: that guest and harness ask what they mean to ask.
// Rule: Arm ARM (DDI 0487), D8.3 and D8.5.
#include "fuzz/emulators/qemu_deviations.hpp"
#include "tests/emulators/qemu_fixture.hpp"

namespace pagetwin::emulators {
namespace {

constexpr std::uint64_t page = 3, AF = bit(10), AP_user = bit(6), AP_read_only = bit(7), DBM = bit(51),
                        PXN = bit(53), UXN = bit(54), S2_read = bit(6), S2_write = bit(7),
                        S2_normal = 0xfU << 2U;
std::uint64_t aarch64_link(std::uint64_t node) { return node | page; }

class QemuAarch64Test : public QemuTest {
 protected:
  void SetUp() override { open(open_qemu_aarch64()); }
};
struct Vmsa {
  const char* format;
  unsigned levels, shift;
  std::size_t root_bytes;
  [[nodiscard]] Tables tables() const { return {levels, std::size_t{1} << shift, root_bytes, aarch64_link}; }
};
constexpr std::array stage1{Vmsa{"aarch64_s1_4k", 4, 12, 0x1000}, Vmsa{"aarch64_s1_16k", 3, 14, 0x4000},
                            Vmsa{"aarch64_s1_64k", 3, 16, 0x1'0000},
                            Vmsa{"aarch64_s1_4k_lpa2", 5, 12, 0x1000},
                            Vmsa{"aarch64_s1_16k_lpa2", 4, 14, 0x4000}};
constexpr std::array stage2{Vmsa{"aarch64_s2_4k", 3, 12, 0x2000}, Vmsa{"aarch64_s2_16k", 2, 14, 0x4'0000},
                            Vmsa{"aarch64_s2_64k", 2, 16, 0x1'0000}};
constexpr std::uint64_t aligned_frame = 0x12'3450'0000;

TEST_F(QemuAarch64Test, NamesThePhysicalAddressOfEveryKindOfAccess) {
  for (const Vmsa& vmsa : stage1) {
    Tables t = vmsa.tables();
    t.set(0, 3, aligned_frame | page | AF | AP_user | AP_read_only);
    const std::uint64_t va = (std::uint64_t{3} << vmsa.shift) + 0x124;
    for (const Probe& probe : {kernel(Kind::read, va), user(Kind::read, va), user(Kind::execute, va)})
      expect_ok(ask(vmsa.format, t, probe), aligned_frame + 0x124);
  }
}

TEST_F(QemuAarch64Test, TellsReasonAndLevelOfAFault) {
  for (const Vmsa& vmsa : stage1) {
    Tables t = vmsa.tables();
    t.set(0, 0, aligned_frame | page | AF | AP_read_only | PXN | UXN);
    t.set(vmsa.levels - 1, 1, 0);
    const std::uint64_t second = std::uint64_t{1} << (vmsa.shift + (vmsa.shift - 3) * (vmsa.levels - 1));
    for (const Probe& probe :
         {kernel(Kind::write, 0), user(Kind::read, 0), kernel(Kind::execute, 0), user(Kind::execute, 0)})
      expect_fault(ask(vmsa.format, t, probe), Outcome::protection, 0);
    for (const Kind kind : {Kind::read, Kind::execute}) {
      expect_fault(ask(vmsa.format, t, kernel(kind, std::uint64_t{1} << vmsa.shift)), Outcome::not_present,
                   0);
      expect_fault(ask(vmsa.format, t, kernel(kind, second)), Outcome::not_present, vmsa.levels - 1);
    }
  }
}

TEST_F(QemuAarch64Test, ManagesTheAccessFlagAndTheDirtyState) {
  for (const Vmsa& vmsa : stage1) {
    Tables t = vmsa.tables();
    const std::uint64_t clean = aligned_frame | page | DBM | AP_read_only;
    t.set(0, 0, clean);
    static_cast<void>(ask(vmsa.format, t, user(Kind::write, 0)));
    EXPECT_EQ(t.word(0, 0), clean);
    static_cast<void>(ask(vmsa.format, t, kernel(Kind::read, 0)));
    EXPECT_EQ(t.word(0, 0), clean | AF);
    static_cast<void>(ask(vmsa.format, t, kernel(Kind::write, 0)));
    EXPECT_EQ(t.word(0, 0), (clean | AF) & ~AP_read_only);
  }
}

TEST_F(QemuAarch64Test, ReadsFiftyTwoBitsOfOutputWithLpa2) {
  Tables t = stage1[3].tables();
  t.set(0, 0, aligned_frame | bit(49) | std::uint64_t{3} << 8U | page | AF);
  expect_ok(ask("aarch64_s1_4k_lpa2", t, kernel(Kind::read, 0x124)),
            aligned_frame + 0x124 + (bit(49) | bit(50) | bit(51)));
}

TEST_F(QemuAarch64Test, DoesNotJudgeTheUpperRangeAndFetchesThroughStageTwo) {
  Tables t = stage1[0].tables();
  expect_fault(ask("aarch64_s1_4k", t, kernel(Kind::read, ~std::uint64_t{0xfff})), Outcome::not_judged);
  Tables second = stage2[0].tables();
  second.set(0, 0, aligned_frame | page | AF | S2_read | S2_normal);
  expect_fault(ask("aarch64_s2_4k", second, kernel(Kind::execute, 0)), Outcome::not_judged);
}

TEST_F(QemuAarch64Test, DoesNotAskAboutABlockOfLevelMinusOneOnWhichQemuDies) {
  Tables t = stage1[3].tables();
  t.set(4, 1, aligned_frame | 1);
  expect_fault(ask("aarch64_s1_4k_lpa2", t, user(Kind::write, bit(48))), Outcome::not_judged);
  expect_fault(ask("aarch64_s1_4k_lpa2", t, user(Kind::write, bit(49))), Outcome::not_present, 4);
}

TEST_F(QemuAarch64Test, NeedNotBeGivenTheWholeRoot) {
  std::vector<std::byte> first_word(8);
  std::array<Answer, 1> answers{};
  emulator().walk("aarch64_s1_4k_lpa2", {image_base, first_word, image_base},
                  std::array{kernel(Kind::read, 0)}, answers);
  expect_fault(answers[0], Outcome::not_present, 4);
}

TEST_F(QemuAarch64Test, WalksStageTwo) {
  for (const Vmsa& vmsa : stage2) {
    Tables t = vmsa.tables();
    const std::uint64_t clean = aligned_frame | page | DBM | S2_read | S2_normal;
    t.set(0, 0, aligned_frame | page | AF | S2_read | S2_normal);
    t.set(0, 1, clean);
    expect_ok(ask(vmsa.format, t, kernel(Kind::read, 0x124)), aligned_frame + 0x124);
    expect_fault(ask(vmsa.format, t, kernel(Kind::write, 0)), Outcome::protection, 0);
    expect_fault(ask(vmsa.format, t, kernel(Kind::read, std::uint64_t{2} << vmsa.shift)),
                 Outcome::not_present, 0);
    expect_ok(ask(vmsa.format, t, user(Kind::write, std::uint64_t{1} << vmsa.shift)), aligned_frame);
    EXPECT_EQ(t.word(0, 1), clean | AF | S2_write);
  }
}

// Needs no emulator: what explains that a fetch of EL1 was let through, and nothing else does.
std::string explanation(std::uint64_t leaf) {
  const Expected expected{Outcome::protection, std::nullopt, 0, {aligned_frame | page | AF | leaf}, 1};
  const Answer answer{Outcome::ok, aligned_frame, std::nullopt};
  std::string names;
  for (const Deviation& known : qemu_aarch64_deviations())
    if (known.explains("aarch64_s1_4k", kernel(Kind::execute, 0), expected, answer))
      names += known.name;
  return names;
}

TEST(QemuAarch64Deviations, AFetchFromACleanPageOfEl0IsNotOneFromAReadOnlyPage) {
  const std::string may_read = "EL1 executes what EL0 may read",
                    may_write = "EL1 executes what EL0 may write and is clean";
  EXPECT_EQ(explanation(AP_user | AP_read_only), may_read);
  EXPECT_EQ(explanation(AP_user | AP_read_only | DBM), may_write);
  EXPECT_EQ(explanation(AP_user | DBM), may_write) << "a write came between the two walks";
  EXPECT_EQ(explanation(AP_user), "") << "what EL0 writes without further ado QEMU does not execute";
  EXPECT_EQ(explanation(AP_user | AP_read_only | PXN), "");
  EXPECT_EQ(explanation(AP_user | AP_read_only | DBM | PXN), "");
  EXPECT_EQ(explanation(AP_read_only), "");
}

TEST_F(QemuAarch64Test, AnswersMoreProbesThanTheMailboxHolds) {
  Tables t = stage1[0].tables();
  for (unsigned index = 0; index < 512; ++index)
    t.set(0, index, std::uint64_t{index} << 12U | image_base | page | AF);
  std::vector<Probe> probes;
  for (std::uint64_t i = 0; i < MAILBOX_CELLS + 1000; ++i)
    probes.push_back({i % 512 << 12U, i % 3 == 0 ? Kind::write : Kind::read, false});
  std::vector<Answer> answers(probes.size());
  emulator().walk("aarch64_s1_4k", t.image(), probes, answers);
  for (std::size_t i = 0; i < probes.size(); ++i)
    ASSERT_EQ(answers[i].pa, image_base + probes[i].address) << i;
}

} // namespace
} // namespace pagetwin::emulators
