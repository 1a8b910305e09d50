// QEMU's RISC-V walker over entries made by hand: that guest and harness ask what they mean to ask.
// Rule: RISC-V volume II, Sv39 and Svnapot.
#include "tests/emulators/qemu_riscv_fixture.hpp"

namespace pagetwin::emulators {
namespace {

TEST_F(QemuRiscvTest, NamesThePhysicalAddressOfEveryKindOfAccessOutsideTheImage) {
  for (const Sv& sv : svs) {
    Tables t = tables(sv.levels);
    t.set(0, 3, pte(frame, R | W | X));
    t.set(1, 2, pte(0xff'ffff'c000'0000, R | U));
    for (const Kind kind : {Kind::read, Kind::write, Kind::execute})
      expect_ok(ask(sv.format, t, kernel(kind, 0x3124)), frame + 0x124);
    expect_ok(ask(sv.format, t, user(Kind::read, 0x40'0000 + 0x12'3456)), 0xff'ffff'c000'0000 + 0x12'3456);
  }
}

TEST_F(QemuRiscvTest, SaysNotWhereALoadWentThatStaysInTheImage) {
  Tables t = tables(3);
  t.set(0, 0, pte(image_base + 0x1000, R | W | X));
  expect_ok(ask("riscv_sv39", t, kernel(Kind::read, 8)), std::nullopt);
  expect_ok(ask("riscv_sv39", t, kernel(Kind::write, 8)), image_base + 0x1008);
  expect_ok(ask("riscv_sv39", t, kernel(Kind::execute, 8)), image_base + 0x1008);
  EXPECT_EQ(t.word(1, 1), 0U) << "a write changes nothing but flags";
}

TEST_F(QemuRiscvTest, FaultsWhereTheManualSays) {
  for (const Sv& sv : svs) {
    Tables t = tables(sv.levels);
    t.set(0, 0, pte(frame, R));
    t.set(0, 1, pte(frame, R | W | U));
    t.set(0, 2, pte(frame, W));
    t.set(1, 1, pte(frame, R)); // misaligned
    for (const Probe& probe :
         {kernel(Kind::write, 0), kernel(Kind::execute, 0), user(Kind::read, 0), user(Kind::execute, 0x1000),
          kernel(Kind::read, 0x2000), kernel(Kind::read, 0x3000), kernel(Kind::read, 0x20'0000),
          kernel(Kind::read, bit(12 + 9 * sv.levels - 1))})
      expect_fault(ask(sv.format, t, probe), Outcome::fault);
  }
}

TEST_F(QemuRiscvTest, SetsAccessedAndDirtyInTheTable) {
  Tables t = tables(3);
  t.set(0, 0, pte(frame, R | W));
  static_cast<void>(ask("riscv_sv39", t, user(Kind::read, 0)));
  EXPECT_EQ(t.word(0, 0), pte(frame, R | W));
  static_cast<void>(ask("riscv_sv39", t, kernel(Kind::read, 0)));
  EXPECT_EQ(t.word(0, 0), pte(frame, R | W | A));
  static_cast<void>(ask("riscv_sv39", t, kernel(Kind::write, 0)));
  EXPECT_EQ(t.word(0, 0), pte(frame, R | W | A | D));
}

TEST_F(QemuRiscvTest, KnowsSvnapot) {
  Tables t = tables(3);
  t.set(0, 5, pte(0x1'2345'8000, R | N));
  t.set(0, 6, pte(0x1'2345'9000, R | N));
  expect_ok(ask("riscv_sv39", t, kernel(Kind::read, 0x5678)), 0x1'2345'5678);
  expect_fault(ask("riscv_sv39", t, kernel(Kind::read, 0x6678)), Outcome::fault);
}

TEST_F(QemuRiscvTest, ReadsTheLastPageOfAnImageThatHasOnlyAPartOfIt) {
  Tables t = tables(3);
  t.set(0, 1, pte(frame, R));
  std::array probes{kernel(Kind::read, 0x1000), kernel(Kind::read, 0x2000)};
  std::array<Answer, probes.size()> answers{};
  Image image = t.image();
  image.bytes = image.bytes.first(2 * 4096 + 16); // two words of the last node
  emulator().walk("riscv_sv39", image, probes, answers);
  expect_ok(answers[0], frame);
  expect_fault(answers[1], Outcome::fault);
}

TEST_F(QemuRiscvTest, ForgetsTheTableBefore) {
  Tables larger = tables(5), smaller = tables(3);
  larger.set(0, 1, pte(frame, R));
  expect_ok(ask("riscv_sv57", larger, kernel(Kind::read, 0x1000)), frame);
  smaller.set(0, 1, pte(frame + 0x5000, R));
  expect_ok(ask("riscv_sv39", smaller, kernel(Kind::read, 0x1000)), frame + 0x5000);
  smaller.set(0, 1, 0);
  expect_fault(ask("riscv_sv39", smaller, kernel(Kind::read, 0x1000)), Outcome::fault);
}

} // namespace
} // namespace pagetwin::emulators
