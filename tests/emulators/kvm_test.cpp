// The processor under /dev/kvm over entries made by hand: that guest and harness ask what they mean to ask.
// Rule: Intel SDM 3A, chapter 4. Skipped where there is no KVM, or none that opens.
#include "fuzz/emulators/kvm_guest.hpp"
#include "tests/emulators/kvm_fixture.hpp"

#include <algorithm>
#include <sys/wait.h>
#include <unistd.h>

namespace pagetwin::emulators {
namespace {

using namespace x86_entry;

INSTANTIATE_TEST_SUITE_P(Levels, KvmTest,
                         testing::Values(Paging{"x86_64_4", 4, open_kvm},
                                         Paging{"x86_64_5", 5, open_kvm_la57}),
                         [](const auto& each) { return std::to_string(each.param.levels); });

TEST_P(KvmTest, JudgesItsOwnFormatOnly) {
  for (const char* format : {"x86_64_4", "x86_64_5", "ept_4", "aarch64_s1_4k", ""})
    EXPECT_EQ(emulator().judges(format), format == std::string_view(GetParam().format)) << format;
  EXPECT_TRUE(emulator().writes_back());
}

TEST_P(KvmTest, NamesThePhysicalAddressOfEveryAccessAnywhere) {
  for (const std::uint64_t address : {tables_base + 0x2000, std::uint64_t{0x1'2345'6000},
                                      std::uint64_t{0xf'ffff'f000}, std::uint64_t{0x1000}}) {
    Tables t = tables();
    t.set(0, 3, address | P | RW | US);
    for (const Kind kind : kinds) {
      expect_ok(ask(t, kernel(kind, 0x3124)), address + 0x124);
      expect_ok(ask(t, user(kind, 0x3124)), address + 0x124);
    }
  }
}

TEST_P(KvmTest, FindsTheByteWithinALargePage) {
  Tables t = tables();
  t.set(1, 2, 0x12'3460'0000 | P | RW | US | PS);
  for (const Kind kind : kinds) {
    expect_ok(ask(t, kernel(kind, 0x41'2345)), 0x12'3461'2345);
    expect_ok(ask(t, user(kind, 0x5f'ffff)), 0x12'347f'ffff);
  }
}

TEST_P(KvmTest, KeepsOutWhoHasNoRight) {
  Tables t = tables();
  t.set(0, 0, frame | P);
  t.set(0, 1, frame | P | RW);
  t.set(0, 2, frame | P | US | XD);
  expect_ok(ask(t, kernel(Kind::read, 0)), frame);
  expect_ok(ask(t, kernel(Kind::execute, 0)), frame);
  expect_fault(ask(t, kernel(Kind::write, 0)), Outcome::protection); // CR0.WP
  expect_ok(ask(t, kernel(Kind::write, 0x1000)), frame);
  expect_of_all(t, 0x1000, true, Outcome::protection);
  expect_ok(ask(t, user(Kind::read, 0x2000)), frame);
  for (const bool who : {false, true}) {
    expect_fault(ask(t, {0x2000, Kind::write, who}), Outcome::protection);
    expect_fault(ask(t, {0x2000, Kind::execute, who}), Outcome::protection);
  }
}

TEST_P(KvmTest, HeedsTheRightsOfEveryLevel) {
  for (unsigned level = 1; level < GetParam().levels; ++level) {
    Tables t = tables();
    t.set(0, 0, frame | P | RW | US);
    const std::uint64_t link = t.word(level, 0);
    t.set(level, 0, link & ~RW);
    expect_fault(ask(t, user(Kind::write, 0)), Outcome::protection);
    t.set(level, 0, link & ~US);
    expect_fault(ask(t, user(Kind::read, 0)), Outcome::protection);
    expect_ok(ask(t, kernel(Kind::write, 0)), frame);
    t.set(level, 0, link | XD);
    expect_fault(ask(t, kernel(Kind::execute, 0)), Outcome::protection);
  }
}

TEST_P(KvmTest, TellsTheReasonOfAFault) {
  const unsigned top = GetParam().levels - 1;
  Tables t = tables();
  t.set(0, 0, frame | P | RW | US);
  t.set(1, 1, 0x2000 | PS | P | US);                   // bits of the address that are reserved
  t.set(top, 1, (t.node(top - 1)) | P | RW | US | PS); // PS is, too
  for (const bool who : {false, true}) {
    expect_of_all(t, 0x1000, who, Outcome::not_present);
    expect_of_all(t, 0x20'0000, who, Outcome::reserved);
    expect_of_all(t, bit(12 + 9 * top), who, Outcome::reserved);
    for (const std::uint64_t va : {bit(20 + 9 * top), ~std::uint64_t{0} << (20 + 9 * top) << 1U})
      expect_of_all(t, va, who, Outcome::non_canonical);
  }
}

TEST_P(KvmTest, SetsAccessedAndDirtyInTheTable) {
  for (const bool who : {false, true}) {
    Tables t = tables();
    t.set(0, 0, frame | P | RW | US);
    static_cast<void>(ask(t, {0, Kind::read, who}));
    EXPECT_EQ(t.word(0, 0), frame | P | RW | US | A);
    for (unsigned level = 1; level < GetParam().levels; ++level)
      EXPECT_EQ(t.word(level, 0), x86_link(t.node(level - 1)) | A);
    static_cast<void>(ask(t, {0, Kind::write, who}));
    EXPECT_EQ(t.word(0, 0), frame | P | RW | US | A | D);
  }
}

TEST_P(KvmTest, LeavesNoFlagWhereTheLastWordForbids) {
  for (const bool who : {false, true}) {
    Tables t = tables();
    t.set(0, 0, frame | P | US | XD);
    static_cast<void>(ask(t, {0, Kind::write, who}));
    static_cast<void>(ask(t, {0, Kind::execute, who}));
    EXPECT_EQ(t.word(0, 0), frame | P | US | XD);
  }
}

// The page of the pages' table itself: whatever byte of it is written, flags come, and nothing else.
TEST_P(KvmTest, WritesNothingButFlags) {
  for (const bool who : {false, true})
    for (std::uint64_t offset = 0; offset < 24; ++offset) {
      Tables t = tables();
      t.set(0, 0, t.node(0) | P | RW | US);
      t.set(0, 1, 0x1122'3344'5566'7780);
      expect_ok(ask(t, {offset, Kind::write, who}), t.node(0) + offset);
      EXPECT_EQ(t.word(0, 0), t.node(0) | P | RW | US | A | D);
      EXPECT_EQ(t.word(0, 1), 0x1122'3344'5566'7780U);
      EXPECT_EQ(t.word(0, 2), 0U);
    }
}

TEST_P(KvmTest, FetchesWhereThereAreZerosAndJudgesNoOther) {
  Tables t = tables();
  t.set(0, 0, (tables_base + 0x1000) | P | US); // a table: almost only zeros
  t.set(0, 1, t.node(0) | P | US);              // the table of pages itself, which is full
  for (unsigned index = 2; index < 512; ++index)
    t.set(0, index, 0xf00 + index);
  for (const bool who : {false, true}) {
    expect_ok(ask(t, {0xfff, Kind::execute, who}), tables_base + 0x1fff);
    expect_fault(ask(t, {0x1000, Kind::execute, who}), Outcome::not_judged);
    expect_ok(ask(t, {0x1000, Kind::read, who}), t.node(0));
  }
}

TEST_P(KvmTest, PutsBackTheReservedSlotAndDoesNotJudgeIt) {
  const unsigned top = GetParam().levels - 1;
  Tables t = tables();
  t.set(top, x86_harness_slot, 0x1234'5600);
  expect_of_all(t, find_x86_paging(GetParam().format)->base_of(x86_harness_slot), false, Outcome::not_judged);
  EXPECT_EQ(t.word(top, x86_harness_slot), 0x1234'5600U);
}

// Neither its pages, nor its tables, which the reserved slot of the root makes one of the tested table.
TEST_P(KvmTest, KeepsProbesOutOfTheHarness) {
  const unsigned top = GetParam().levels - 1;
  Tables t = tables();
  t.set(0, 0, KvmGuest::base | P | RW | US);
  t.set(1, 1, (KvmGuest::base & ~std::uint64_t{0x1f'ffff}) | P | RW | US | PS);
  t.set(top, 1, x86_link(t.node(top)));
  expect_of_all(t, 0, true, Outcome::not_judged);
  expect_of_all(t, 0x20'0000 + (KvmGuest::base & 0x1f'ffffU), false, Outcome::not_judged);
  const std::uint64_t slot = std::uint64_t{x86_harness_slot} << (12 + 9 * (top - 1));
  expect_of_all(t, bit(12 + 9 * top) + slot, false, Outcome::not_judged);
}

// A host may keep slots of the root from its guests' users, but not many.
TEST_P(KvmTest, AnswersForTheUserInEverySlotOfTheRootWhereItAnswersAtAll) {
  const X86Paging& paging = *find_x86_paging(GetParam().format);
  Tables t = tables();
  t.set(0, 0, frame | P | US);
  std::vector<Probe> probes;
  for (unsigned slot = 0; slot < 512; ++slot) {
    t.set(paging.levels - 1, slot, x86_link(t.node(paging.levels - 2)));
    probes.push_back(user(Kind::read, paging.base_of(slot)));
  }
  std::vector<Answer> answers(probes.size());
  emulator().walk(paging.format, t.image(), probes, answers);
  for (unsigned slot = 0; slot < 512; ++slot)
    if (answers[slot].outcome != Outcome::not_judged)
      expect_ok(answers[slot], frame);
  EXPECT_GE(std::ranges::count(answers, Outcome::ok, &Answer::outcome), 500);
}

// Whether the processor has them or not, no answer is wrong.
TEST_P(KvmTest, JudgesPagesOf1GiBWhereThereAreSuch) {
  Tables t = tables();
  t.set(2, 1, 0x12'4000'0000 | P | RW | US | PS);
  for (const Kind kind : kinds) {
    const Answer answer = ask(t, kernel(kind, 0x4567'89ab));
    if (answer.outcome != Outcome::not_judged)
      expect_ok(answer, 0x12'4567'89ab);
    else
      EXPECT_EQ(t.word(2, 1), 0x12'4000'0000 | P | RW | US | PS);
  }
}

// Neither what led out of memory nor what led to it may be cached.
TEST_P(KvmTest, ForgetsTheTableBefore) {
  for (const bool who : {false, true})
    for (const std::uint64_t address : {frame, tables_base}) {
      Tables t = tables();
      t.set(0, 0, address | P | RW | US);
      expect_ok(ask(t, {0, Kind::write, who}), address);
      t.set(0, 0, (address + 0x1000) | P | US);
      expect_fault(ask(t, {0, Kind::write, who}), Outcome::protection);
      expect_ok(ask(t, {0, Kind::read, who}), address + 0x1000);
      t.set(1, 0, 0);
      expect_fault(ask(t, {0, Kind::read, who}), Outcome::not_present);
    }
}

TEST_P(KvmTest, AnswersInTheOrderOfTheProbes) {
  Tables t = tables();
  for (unsigned i = 0; i < 512; ++i)
    t.set(0, i, frame | std::uint64_t{i} << 12U | P | (i % 2 == 0 ? US : 0));
  std::vector<Probe> probes;
  for (unsigned i = 0; i < 3'000; ++i)
    probes.push_back({std::uint64_t{i * 7 % 512} << 12U, i % 3 == 0 ? Kind::write : Kind::read, i % 5 == 0});
  std::vector<Answer> answers(probes.size());
  emulator().walk(GetParam().format, t.image(), probes, answers);
  for (unsigned i = 0; i < probes.size(); ++i) {
    const bool allowed =
        probes[i].kind == Kind::read && (!probes[i].user || (probes[i].address >> 12U) % 2 == 0);
    ASSERT_EQ(answers[i].outcome, allowed ? Outcome::ok : Outcome::protection) << i;
    ASSERT_EQ(answers[i].pa, allowed ? std::optional(frame | probes[i].address) : std::nullopt) << i;
  }
}

// As the minimiser does. A guest belongs to the process that made it.
TEST_P(KvmTest, WalksInAForkedChildToo) {
  Tables t = tables();
  t.set(0, 0, frame | P | RW | US);
  expect_ok(ask(t, kernel(Kind::read, 0)), frame);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const Answer answer = ask(t, user(Kind::read, 0));
    _exit(answer.pa == frame ? 0 : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  expect_ok(ask(t, kernel(Kind::read, 0)), frame);
}

} // namespace
} // namespace pagetwin::emulators
