// QEMU's walker of Short descriptors over words made by hand: that guest and harness ask what they mean to
// ask. Rule: ARM ARM (DDI 0406C), B3.5.1 and B3.7.
#include "tests/emulators/qemu_fixture.hpp"

namespace pagetwin::emulators {
namespace {

// Second level, first level; AP[0] is the Access flag, AP[1] lets PL0 in, AP[2] keeps writers out.
constexpr std::uint64_t small_page = 2, small_XN = 1, large_page = 1, page_AF = bit(4), page_user = bit(5),
                        page_read_only = bit(9), large_XN = bit(15);
constexpr std::uint64_t section = 2, supersection = 2 | bit(18), section_AF = bit(10), section_user = bit(11),
                        section_XN = bit(4);
constexpr std::uint64_t second_section = bit(20), upper = bit(31);
std::uint64_t armv7_link(std::uint64_t node) { return node | 1; }

class QemuArmv7Test : public QemuTest {
 protected:
  void SetUp() override { open(open_qemu_armv7()); }
  static Tables tables() { return {2, 0x400, 0x4000, armv7_link, {.bytes = 4, .base = upper}}; }
  [[nodiscard]] Answer ask(Tables& t, const Probe& probe) { return QemuTest::ask("armv7", t, probe); }
};
constexpr std::array kinds{Kind::read, Kind::write, Kind::execute};

TEST_F(QemuArmv7Test, JudgesArmv7WhoseFlagsItDoesNotSet) {
  EXPECT_TRUE(emulator().judges("armv7"));
  for (const char* other : {"aarch64_s1_4k", "tiny_32", ""})
    EXPECT_FALSE(emulator().judges(other));
  EXPECT_FALSE(emulator().writes_back());
}

TEST_F(QemuArmv7Test, NamesThePhysicalAddressOfEveryKindOfAccess) {
  Tables t = tables();
  t.set(0, 3, 0x1234'5000 | small_page | page_AF | page_user);
  t.set(0, 0x25, 0x5678'0000 | large_page | page_AF | page_user); // its sixth copy
  t.set(1, 0x801, 0x9ab0'0000 | section | section_AF | section_user);
  t.set(1, 0x7f2, 0xcd00'0000 | supersection | section_AF | section_user); // its third
  for (const Kind kind : kinds) {
    expect_ok(ask(t, kernel(kind, 0x3124)), 0x1234'5124);
    expect_ok(ask(t, user(kind, 0x2'5124)), 0x5678'5124);
    expect_ok(ask(t, kernel(kind, upper + second_section + 0x1'2344)), 0x9ab1'2344);
    expect_ok(ask(t, user(kind, 0x7f21'2344)), 0xcd21'2344);
  }
}

TEST_F(QemuArmv7Test, NamesFortyBitsOfASupersection) {
  Tables t = tables();
  t.set(1, 0x10, 0x1200'0000 | supersection | section_AF | 0x3U << 20U | 0xcU << 5U);
  for (const Kind kind : kinds)
    expect_ok(ask(t, kernel(kind, 0x100'0124)), 0xc3'1200'0124);
}

TEST_F(QemuArmv7Test, TellsReasonAndLevelOfAFault) {
  Tables t = tables();
  t.set(0, 1, 0x1000 | small_page | page_AF | page_read_only | small_XN);
  t.set(0, 2, 0x1000 | small_page | page_user);
  t.set(1, 1, section | section_AF | section_XN);
  t.set(1, 0xfff, section);
  for (const Kind kind : kinds) {
    expect_fault(ask(t, kernel(kind, 0)), Outcome::not_present, 0);
    expect_fault(ask(t, user(kind, 0x8000'0000)), Outcome::not_present, 1);
    expect_fault(ask(t, user(kind, 0x1000)), Outcome::protection, 0);
    expect_fault(ask(t, user(kind, second_section)), Outcome::protection, 1);
    expect_fault(ask(t, user(kind, 0x2000)), Outcome::access_flag, 0);
    expect_fault(ask(t, kernel(kind, 0xffff'fffc)), Outcome::access_flag, 1);
  }
  expect_ok(ask(t, kernel(Kind::read, 0x1000)), 0x1000);
  expect_fault(ask(t, kernel(Kind::write, 0x1000)), Outcome::protection, 0);
  expect_fault(ask(t, kernel(Kind::execute, second_section)), Outcome::protection, 1);
}

TEST_F(QemuArmv7Test, ReadsXnOfALargePageWhereItIs) {
  Tables t = tables();
  t.set(0, 0, 0x5678'0000 | large_page | page_AF | large_XN);
  expect_fault(ask(t, kernel(Kind::execute, 0)), Outcome::protection, 0);
  expect_ok(ask(t, kernel(Kind::write, 0)), 0x5678'0000);
}

// The harness is in the other half each time, so that none of it can be met.
TEST_F(QemuArmv7Test, FetchesByTurnsFromBothHalvesOfTheAddresses) {
  Tables t = tables();
  for (unsigned index = 1; index < 4096; ++index)
    t.set(1, index, std::uint64_t{index} << 20U | section | section_AF | section_user);
  std::vector<Probe> probes;
  for (std::uint64_t index = 1; index < 2048; ++index)
    for (const std::uint64_t half : {std::uint64_t{0}, upper})
      probes.push_back({half + index * second_section, Kind::execute, index % 3 == 0});
  std::vector<Answer> answers(probes.size());
  emulator().walk("armv7", t.image(), probes, answers);
  for (std::size_t i = 0; i < probes.size(); ++i)
    expect_ok(answers[i], probes[i].address);
}

TEST_F(QemuArmv7Test, LeavesEveryWordAsItIs) {
  Tables t = tables();
  t.set(0, 1, upper | small_page | page_AF); // the root itself
  t.set(0, 2, upper | small_page);
  for (const Kind kind : kinds) {
    expect_ok(ask(t, kernel(kind, 0x1004)), upper + 4);
    expect_fault(ask(t, kernel(kind, 0x2004)), Outcome::access_flag, 0);
  }
  EXPECT_EQ(t.word(1, 0), armv7_link(t.node(0)));
  EXPECT_EQ(t.word(1, 1), 0U);
  EXPECT_EQ(t.word(0, 2), upper | small_page);
}

TEST_F(QemuArmv7Test, DoesNotJudgeWhatIsBeyondThirtyTwoBitsOrLeavesRam) {
  Tables t = tables();
  t.set(1, 1, armv7_link(0xd000'0000));
  for (const Kind kind : kinds) {
    expect_fault(ask(t, kernel(kind, bit(32))), Outcome::not_judged);
    expect_fault(ask(t, kernel(kind, second_section)), Outcome::not_judged);
  }
}

TEST_F(QemuArmv7Test, ForgetsTheTableBefore) {
  Tables first = tables(), second = tables();
  first.set(0, 0, 0x1000 | small_page | page_AF);
  second.set(0, 0, 0x2000 | small_page | page_AF);
  for (const Kind kind : kinds) {
    expect_ok(ask(first, kernel(kind, 0)), 0x1000);
    expect_ok(ask(second, kernel(kind, 0)), 0x2000);
  }
}

} // namespace
} // namespace pagetwin::emulators
