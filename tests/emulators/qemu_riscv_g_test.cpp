// QEMU's walker of RISC-V's G-stage over entries made by hand: that guest and harness ask what they mean to
// ask. Rule: RISC-V volume II, "Guest Physical Address Translation", Sv39 and Svnapot.
#include "tests/emulators/qemu_riscv_fixture.hpp"

namespace pagetwin::emulators {
namespace {

class QemuRiscvGTest : public QemuTest {
 protected:
  void SetUp() override { open(open_qemu_riscv_g()); }
  static Tables tables(const Sv& sv) { return {sv.levels, 4096, 0x4000, riscv_link}; }
};
constexpr std::array g_stages{Sv{"riscv_sv39x4", 3}, Sv{"riscv_sv48x4", 4}, Sv{"riscv_sv57x4", 5}};
constexpr std::array kinds{Kind::read, Kind::write, Kind::execute};
constexpr std::uint64_t RWXU = R | W | X | U;

std::uint64_t root_span(const Sv& sv) { return bit(12 + 9 * (sv.levels - 1)); }

TEST_F(QemuRiscvGTest, JudgesTheGStageWhoseFlagsItSets) {
  for (const Sv& sv : g_stages)
    EXPECT_TRUE(emulator().judges(sv.format));
  for (const char* other : {"riscv_sv39", "riscv_sv57", ""})
    EXPECT_FALSE(emulator().judges(other));
  EXPECT_TRUE(emulator().writes_back());
}

TEST_F(QemuRiscvGTest, NamesThePhysicalAddressOfEveryKindOfAccessAnywhere) {
  for (const Sv& sv : g_stages)
    for (const std::uint64_t address : {frame, image_base + 0x2000, std::uint64_t{0x8000'0000},
                                        std::uint64_t{0x1000'0000}, std::uint64_t{0xff'ffff'ffff'f000}}) {
      Tables t = tables(sv);
      t.set(0, 3, pte(address, RWXU));
      for (const Kind kind : kinds) {
        expect_ok(ask(sv.format, t, kernel(kind, 0x3124)), address + 0x124);
        expect_ok(ask(sv.format, t, user(kind, 0x3124)), address + 0x124);
      }
    }
}

TEST_F(QemuRiscvGTest, KnowsSuperpagesAndSvnapot) {
  for (const Sv& sv : g_stages) {
    Tables t = tables(sv);
    t.set(1, 2, pte(0xff'ffff'c020'0000, RWXU));
    t.set(0, 5, pte(0x1'2345'8000, RWXU | N));
    t.set(0, 6, pte(0x1'2345'9000, RWXU | N));
    for (const Kind kind : kinds) {
      expect_ok(ask(sv.format, t, kernel(kind, 0x40'0000 + 0x12'3456)), 0xff'ffff'c020'0000 + 0x12'3456);
      expect_ok(ask(sv.format, t, user(kind, 0x5678)), 0x1'2345'5678);
      expect_fault(ask(sv.format, t, user(kind, 0x6678)), Outcome::fault);
    }
  }
}

TEST_F(QemuRiscvGTest, HasARootOfFourNodes) {
  for (const Sv& sv : g_stages)
    for (const unsigned slot : {511U, 513U, 1023U, 1025U, 2047U}) {
      Tables t = tables(sv);
      t.set(sv.levels - 1, slot, pte(slot % 4 * root_span(sv), RWXU));
      for (const Kind kind : kinds) {
        expect_ok(ask(sv.format, t, kernel(kind, slot * root_span(sv) + 0x12'3456)),
                  slot % 4 * root_span(sv) + 0x12'3456);
        expect_fault(ask(sv.format, t, kernel(kind, (slot - 1) * root_span(sv))), Outcome::fault);
      }
    }
}

TEST_F(QemuRiscvGTest, FaultsWhereTheManualSays) {
  for (const Sv& sv : g_stages) {
    Tables t = tables(sv);
    t.set(0, 0, pte(frame, R | U));
    t.set(0, 1, pte(frame, R | W | X)); // nobody's
    t.set(0, 2, pte(frame, W | U));
    t.set(0, 3, pte(frame, X | U));
    t.set(1, 1, pte(frame, RWXU)); // misaligned
    for (const Kind kind : kinds)
      for (const std::uint64_t address : {std::uint64_t{0x1000}, std::uint64_t{0x2000}, std::uint64_t{0x4000},
                                          std::uint64_t{0x20'0000}, 2048 * root_span(sv)}) {
        expect_fault(ask(sv.format, t, kernel(kind, address)), Outcome::fault);
        expect_fault(ask(sv.format, t, user(kind, address)), Outcome::fault);
      }
    expect_fault(ask(sv.format, t, kernel(Kind::write, 0)), Outcome::fault);
    expect_fault(ask(sv.format, t, kernel(Kind::execute, 0)), Outcome::fault);
    expect_fault(ask(sv.format, t, kernel(Kind::read, 0x3000)), Outcome::fault);
    expect_ok(ask(sv.format, t, kernel(Kind::execute, 0x3000)), frame);
  }
}

TEST_F(QemuRiscvGTest, SetsAccessedAndDirtyInTheTable) {
  for (const Sv& sv : g_stages) {
    Tables t = tables(sv);
    t.set(0, 0, pte(frame, R | W | U));
    static_cast<void>(ask(sv.format, t, user(Kind::execute, 0)));
    EXPECT_EQ(t.word(0, 0), pte(frame, R | W | U));
    static_cast<void>(ask(sv.format, t, kernel(Kind::read, 0)));
    EXPECT_EQ(t.word(0, 0), pte(frame, R | W | U | A));
    static_cast<void>(ask(sv.format, t, user(Kind::write, 0)));
    EXPECT_EQ(t.word(0, 0), pte(frame, R | W | U | A | D));
  }
}

TEST_F(QemuRiscvGTest, ChangesNothingInTheImageButFlags) {
  constexpr std::uint64_t marker = 0x5a5a'5a5a;
  Tables t = tables(g_stages[0]);
  t.set(0, 0, pte(image_base, RWXU | A | D));
  t.set(0, 1, pte(t.node(0), RWXU | A | D));
  t.set(2, 1, marker);
  t.set(0, 8, marker);
  for (const Kind kind : kinds) {
    expect_ok(ask("riscv_sv39x4", t, kernel(kind, 8)), image_base + 8);
    expect_ok(ask("riscv_sv39x4", t, user(kind, 0x1040)), t.node(0) + 0x40);
  }
  EXPECT_EQ(t.word(2, 1), marker);
  EXPECT_EQ(t.word(0, 8), marker);
}

// Of what QEMU has cached its log says nothing again.
TEST_F(QemuRiscvGTest, NamesThePhysicalAddressOfEveryReadOfOnePage) {
  Tables t = tables(g_stages[0]);
  t.set(0, 0, pte(image_base, RWXU));
  t.set(0, 1, pte(image_base + 0x4000, RWXU));
  std::vector<Probe> probes;
  for (std::uint64_t i = 0; i < MAILBOX_CELLS + 1000; ++i)
    probes.push_back({i % 0x2000, kinds[i % 3], i % 5 == 0});
  std::vector<Answer> answers(probes.size());
  emulator().walk("riscv_sv39x4", t.image(), probes, answers);
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const std::uint64_t address = probes[i].address;
    ASSERT_EQ(answers[i].pa, image_base + (address < 0x1000 ? address : address + 0x3000)) << i;
  }
}

TEST_F(QemuRiscvGTest, DoesNotJudgeWhatLeavesTheImageOrLooksSigned) {
  for (const Sv& sv : g_stages) {
    Tables t = tables(sv);
    t.set(1, 1, riscv_link(image_base + 0x100'0000));
    for (const Kind kind : kinds) {
      expect_fault(ask(sv.format, t, kernel(kind, 0x20'0000)), Outcome::not_judged);
      expect_fault(ask(sv.format, t, user(kind, 0 - 1024 * root_span(sv))), Outcome::not_judged);
      expect_fault(ask(sv.format, t, user(kind, 0 - 1025 * root_span(sv))), Outcome::fault);
    }
  }
}

TEST_F(QemuRiscvGTest, ForgetsTheTableBefore) {
  Tables larger = tables(g_stages[1]), smaller = tables(g_stages[0]);
  larger.set(0, 1, pte(image_base + 0x1000, R | U));
  smaller.set(0, 1, pte(image_base + 0x2000, R | U));
  expect_ok(ask("riscv_sv48x4", larger, kernel(Kind::read, 0x1000)), image_base + 0x1000);
  expect_ok(ask("riscv_sv39x4", smaller, kernel(Kind::read, 0x1000)), image_base + 0x2000);
  smaller.set(0, 1, 0);
  expect_fault(ask("riscv_sv39x4", smaller, kernel(Kind::read, 0x1000)), Outcome::fault);
}

} // namespace
} // namespace pagetwin::emulators
