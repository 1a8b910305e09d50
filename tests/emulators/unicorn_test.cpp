// libunicorn's walker over descriptors made by hand (Arm ARM, DDI 0487, D8.3): that the harness asks what it
// means to ask. Skipped where the library is missing.
#include "tests/emulators/fixture.hpp"

#include <cstdio>
#include <ctime>
#include <vector>

namespace pagetwin::emulators {
namespace {

constexpr std::uint64_t valid = 1, table_or_page = 2, for_users = bit(6), read_only = bit(7),
                        accessed = bit(10), DBM = bit(51);
constexpr std::uint64_t table = valid | table_or_page, page = table | accessed, block = valid | accessed;

std::uint64_t link(std::uint64_t node) { return node | table; }

class Unicorn : public EmulatorTest {
 protected:
  void SetUp() override { open(open_unicorn()); }
  // Nodes as large as the largest granule has them.
  [[nodiscard]] static Tables tables_of(unsigned levels) { return {levels, 0x10000, 0x10000, link}; }
};

struct Granule {
  const char* format;
  unsigned levels;
  std::uint64_t page_bytes, block_bytes; // block: at level 1
};
constexpr std::array granules{Granule{"aarch64_s1_4k", 4, 0x1000, 0x20'0000},
                              Granule{"aarch64_s1_16k", 3, 0x4000, 0x200'0000},
                              Granule{"aarch64_s1_64k", 3, 0x1'0000, 0x2000'0000}};

TEST_F(Unicorn, JudgesStageOneOfThreeGranulesAndNothingElse) {
  for (const Granule& granule : granules)
    EXPECT_TRUE(emulator().judges(granule.format));
  for (const char* other : {"aarch64_s2_4k", "aarch64_s1_4k_lpa2", "x86_64_4", "riscv_sv39", ""})
    EXPECT_FALSE(emulator().judges(other));
  EXPECT_FALSE(emulator().writes_back());
}

TEST_F(Unicorn, FindsThePageOfAnAddress) {
  for (const Granule& granule : granules) {
    Tables tables = tables_of(granule.levels);
    tables.set(0, 3, 0x7654'0000'0000 | page);
    expect_ok(ask(granule.format, tables, kernel(Kind::read, 3 * granule.page_bytes + 0x123)),
              0x7654'0000'0123);
    expect_fault(ask(granule.format, tables, kernel(Kind::read, 4 * granule.page_bytes)),
                 Outcome::not_present, 0);
  }
}

TEST_F(Unicorn, FindsTheBlockOfAnAddress) {
  for (const Granule& granule : granules) {
    Tables tables = tables_of(granule.levels);
    tables.set(1, 2, 0x4000'0000'0000 | block);
    const std::uint64_t offset = granule.block_bytes - granule.page_bytes + 0x45;
    expect_ok(ask(granule.format, tables, kernel(Kind::write, 2 * granule.block_bytes + offset)),
              0x4000'0000'0000 + offset);
    expect_fault(ask(granule.format, tables, kernel(Kind::read, 3 * granule.block_bytes)),
                 Outcome::not_present, 1);
  }
}

TEST_F(Unicorn, SaysAtWhichLevelThereIsNothing) {
  for (const Granule& granule : granules) {
    Tables tables = tables_of(granule.levels);
    tables.set(granule.levels - 1, 0, 0);
    expect_fault(ask(granule.format, tables, kernel(Kind::read, 0)), Outcome::not_present,
                 granule.levels - 1);
  }
}

TEST_F(Unicorn, KeepsUsersAndWritersOut) {
  for (const Granule& granule : granules) {
    Tables tables = tables_of(granule.levels);
    const std::array<std::uint64_t, 4> rights{0, read_only, for_users, for_users | read_only};
    for (unsigned i = 0; i < rights.size(); ++i)
      tables.set(0, i, 0x8'0000 | page | rights[i]);
    for (unsigned i = 0; i < rights.size(); ++i) {
      const std::uint64_t va = i * granule.page_bytes;
      const bool writable = (rights[i] & read_only) == 0, is_users = (rights[i] & for_users) != 0;
      EXPECT_EQ(ask(granule.format, tables, kernel(Kind::read, va)).outcome, Outcome::ok);
      EXPECT_EQ(ask(granule.format, tables, kernel(Kind::write, va)).outcome,
                writable ? Outcome::ok : Outcome::protection);
      EXPECT_EQ(ask(granule.format, tables, user(Kind::read, va)).outcome,
                is_users ? Outcome::ok : Outcome::protection);
      EXPECT_EQ(ask(granule.format, tables, user(Kind::write, va)).outcome,
                writable && is_users ? Outcome::ok : Outcome::protection);
    }
  }
}

TEST_F(Unicorn, ManagesNoFlags) {
  for (const Granule& granule : granules) {
    Tables tables = tables_of(granule.levels);
    tables.set(0, 0, 0x8'0000 | (page & ~accessed));
    tables.set(0, 1, 0x8'0000 | page | DBM | read_only); // clean
    expect_fault(ask(granule.format, tables, kernel(Kind::read, 0)), Outcome::access_flag, 0);
    expect_fault(ask(granule.format, tables, kernel(Kind::write, granule.page_bytes)), Outcome::protection,
                 0);
  }
}

TEST_F(Unicorn, DoesNotJudgeFetchesNorItsOwnHalfOfTheAddresses) {
  Tables tables = tables_of(4);
  tables.set(0, 0, page);
  EXPECT_EQ(ask("aarch64_s1_4k", tables, {0, Kind::execute, false}).outcome, Outcome::not_judged);
  EXPECT_EQ(ask("aarch64_s1_4k", tables, kernel(Kind::read, 0xffff'ff80'0000'2000)).outcome,
            Outcome::not_judged);
}

TEST_F(Unicorn, AnswersInTheOrderOfTheProbes) {
  Tables tables = tables_of(4);
  for (unsigned i = 0; i < 512; ++i)
    tables.set(0, i, i << 12U | page | (i % 2 == 0 ? for_users : 0));
  std::vector<Probe> probes;
  for (unsigned i = 0; i < 300'000; ++i) // more than one batch holds
    probes.push_back({(i * 7 % 512) << 12U, i % 3 == 0 ? Kind::write : Kind::read, i % 5 == 0});
  std::vector<Answer> answers(probes.size());
  emulator().walk("aarch64_s1_4k", tables.image(), probes, answers);
  for (unsigned i = 0; i < probes.size(); ++i) {
    const bool allowed = !probes[i].user || (probes[i].address >> 12U) % 2 == 0;
    ASSERT_EQ(answers[i].outcome, allowed ? Outcome::ok : Outcome::protection) << i;
    ASSERT_EQ(answers[i].pa, allowed ? std::optional(probes[i].address) : std::nullopt) << i;
  }
}

TEST_F(Unicorn, ForgetsTheTableBefore) {
  Tables large = tables_of(4), small = tables_of(3);
  large.set(0, 0, page);
  expect_ok(ask("aarch64_s1_4k", large, kernel(Kind::read, 0)), 0);
  small.set(0, 0, 0x5'0000 | page);
  expect_ok(ask("aarch64_s1_16k", small, kernel(Kind::read, 0)), 0x5'0000);
  // What was the last node of the large one.
  small.set(0, 1, 0);
  small.set(1, 1, link(large.node(0)));
  expect_fault(ask("aarch64_s1_16k", small, kernel(Kind::read, 0x200'0000)), Outcome::not_present, 0);
}

// The library and the harness alone, in CPU time: what the slowest kind of input takes, in which each probe
// asks another question and the tables are others each time.
TEST_F(Unicorn, WalksSixteenProbesTenThousandTimesACpuSecond) {
  constexpr unsigned probes = 16, walks = 1000;
  for (const Granule& granule : granules) {
    Tables tables = tables_of(granule.levels);
    std::vector<Probe> asked;
    for (unsigned i = 0; i < probes; ++i) {
      tables.set(0, i, (std::uint64_t{i} + 1) << 30U | page | for_users);
      asked.push_back({i * granule.page_bytes, (i & 1U) == 0 ? Kind::read : Kind::write, (i & 2U) != 0});
    }
    std::vector<Answer> answers(probes);
    const std::clock_t begin = std::clock();
    for (unsigned walk = 0; walk < walks; ++walk) {
      tables.set(0, walk % probes, (std::uint64_t{walk} + 1) << 30U | page | for_users);
      emulator().walk(granule.format, tables.image(), asked, answers);
      expect_ok(answers[walk % probes], (std::uint64_t{walk} + 1) << 30U);
    }
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    std::printf("%s: %.0f walks of %u probes a CPU second\n", granule.format, walks / seconds, probes);
    EXPECT_GE(walks / seconds, 10'000) << granule.format;
  }
}

} // namespace
} // namespace pagetwin::emulators
