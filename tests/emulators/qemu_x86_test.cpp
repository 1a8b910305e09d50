// QEMU's x86-64 walker over entries made by hand: that guest and harness ask what they mean to ask.
// Rule: Intel SDM 3A, chapter 4.
#include "tests/emulators/qemu_fixture.hpp"
#include "tests/emulators/x86_fixture.hpp"

namespace pagetwin::emulators {
namespace {

using namespace x86_entry;

class QemuX86Test : public QemuTest {
 protected:
  void SetUp() override { open(open_qemu_x86()); }
};
struct Paging {
  const char* format;
  unsigned levels;
};
constexpr std::array pagings{Paging{"x86_64_4", 4}, Paging{"x86_64_5", 5}, Paging{"x86_64_4", 4}};

TEST_F(QemuX86Test, NamesThePhysicalAddressOfLoadsAndStoresAnywhere) {
  for (const Paging& paging : pagings)
    for (const std::uint64_t address : {image_base + 0x2000, std::uint64_t{0x1'2345'6000},
                                        std::uint64_t{0xf'ffff'ffff'f000}, std::uint64_t{0x1000}}) {
      Tables t = x86_tables(paging.levels);
      t.set(0, 3, address | P | RW | US);
      for (const Kind kind : {Kind::read, Kind::write}) {
        expect_ok(ask(paging.format, t, kernel(kind, 0x3124)), address + 0x124);
        expect_ok(ask(paging.format, t, user(kind, 0x3124)), address + 0x124);
      }
    }
}

TEST_F(QemuX86Test, TellsTheReasonOfAFault) {
  for (const Paging& paging : pagings) {
    Tables t = x86_tables(paging.levels);
    t.set(0, 0, frame | P);
    t.set(0, 1, frame | P | US | XD);
    t.set(1, 1, 0x2000 | PS | P); // reserved bits
    for (const Probe& probe : {kernel(Kind::write, 0), user(Kind::read, 0), user(Kind::execute, 0x1000)})
      expect_fault(ask(paging.format, t, probe), Outcome::protection);
    expect_fault(ask(paging.format, t, user(Kind::write, 0x2000)), Outcome::not_present);
    expect_fault(ask(paging.format, t, kernel(Kind::execute, 0x2000)), Outcome::not_present);
    expect_fault(ask(paging.format, t, kernel(Kind::read, 0x20'0000)), Outcome::reserved);
    for (const Kind kind : {Kind::read, Kind::write, Kind::execute})
      expect_fault(ask(paging.format, t, kernel(kind, bit(12 + 9 * paging.levels - 1))),
                   Outcome::non_canonical);
  }
}

TEST_F(QemuX86Test, FetchesWhereThereAreZerosAndJudgesNoOther) {
  Tables t = x86_tables(4);
  t.set(0, 0, (image_base + 0x1000) | P | US); // a table: almost only zeros
  t.set(0, 1, (image_base + 0x3000) | P | US); // the table of pages itself, which is full
  for (unsigned index = 2; index < 512; ++index)
    t.set(0, index, 0xf00 + index);
  expect_ok(ask("x86_64_4", t, user(Kind::execute, 0)), std::nullopt);
  expect_ok(ask("x86_64_4", t, kernel(Kind::execute, 0xfff)), std::nullopt);
  expect_fault(ask("x86_64_4", t, user(Kind::execute, 0x1000)), Outcome::not_judged);
  t.set(0, 0, (image_base + 0x3000) | P | US); // at the first page of all, too
  expect_fault(ask("x86_64_4", t, user(Kind::execute, 0)), Outcome::not_judged);
}

TEST_F(QemuX86Test, SetsAccessedAndDirtyInTheTable) {
  for (const Paging& paging : pagings) {
    Tables t = x86_tables(paging.levels);
    t.set(0, 0, frame | P | RW);
    static_cast<void>(ask(paging.format, t, kernel(Kind::read, 0)));
    EXPECT_EQ(t.word(0, 0), frame | P | RW | A);
    EXPECT_EQ(t.word(1, 0), x86_link(t.node(0)) | A);
    static_cast<void>(ask(paging.format, t, kernel(Kind::write, 0)));
    EXPECT_EQ(t.word(0, 0), frame | P | RW | A | D);
  }
}

TEST_F(QemuX86Test, LooksForZerosWithoutLeavingMarks) {
  Tables t = x86_tables(4);
  t.set(0, 0, frame | P | XD);
  expect_fault(ask("x86_64_4", t, kernel(Kind::execute, 0)), Outcome::protection);
  EXPECT_EQ(t.word(0, 0), frame | P | XD);
}

TEST_F(QemuX86Test, PutsBackTheReservedSlotAndDoesNotJudgeIt) {
  for (const Paging& paging : pagings) {
    Tables t = x86_tables(paging.levels);
    const unsigned slot = x86_harness_slot;
    const std::uint64_t va = std::uint64_t{slot} << (12 + 9 * (paging.levels - 1));
    t.set(paging.levels - 1, slot, 0x1234'5600);
    expect_fault(ask(paging.format, t, kernel(Kind::read, va)), Outcome::not_judged);
    EXPECT_EQ(t.word(paging.levels - 1, slot), 0x1234'5600U);
  }
}

} // namespace
} // namespace pagetwin::emulators
