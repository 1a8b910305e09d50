// The TLBs of foreign MMUs over descriptors made by hand: that they keep what they were not told to forget,
// or nothing here could ever convict a table, and that what they are told to forget is gone. Rule: Arm ARM
// (DDI 0487) D8.13 (TLB maintenance), Intel SDM 3A 4.10, RISC-V volume II (SFENCE.VMA).
#include "tests/emulators/qemu_fixture.hpp"

#include <algorithm>

namespace pagetwin::emulators {
namespace {

// How each of them says what this file needs.
struct Dialect {
  const char* name;
  Opened (*open)();
  const char* format;
  Tables (*tables)();
  std::uint64_t (*page)(std::uint64_t frame, bool writable);
  bool has_users;               // that are judged
  bool drops_one_page;          // and keeps the others, when told to drop one
  std::uint64_t frames = ~0ULL; // bits that a frame may have
};
void PrintTo(const Dialect& dialect, std::ostream* out) { *out << dialect.name; }

Tables arm_tables() {
  return {4, 4096, 4096, [](std::uint64_t node) { return node | 3; }};
}
std::uint64_t arm_page(std::uint64_t at, bool writable) {
  return at | 3 | bit(10) | bit(6) | (writable ? 0 : bit(7));
}
Tables arm_s2_tables() {
  return {3, 4096, 0x2000, [](std::uint64_t node) { return node | 3; }};
}
std::uint64_t arm_s2_page(std::uint64_t at, bool writable) {
  return at | 3 | 0xfU << 2U | bit(10) | bit(6) | (writable ? bit(7) : 0);
}
Tables armv7_tables() {
  return {2, 0x400, 0x4000, [](std::uint64_t node) { return node | 1; }, {.bytes = 4, .base = bit(31)}};
}
std::uint64_t armv7_page(std::uint64_t at, bool writable) {
  return at | 2 | bit(4) | bit(5) | (writable ? 0 : bit(9));
}
Tables intel_tables() {
  return {4, 4096, 4096, [](std::uint64_t node) { return node | 7; }};
}
std::uint64_t intel_page(std::uint64_t at, bool writable) { return at | 5 | (writable ? 2 : 0); }
std::uint64_t riscv_link(std::uint64_t node) { return node >> 2U | 1; }
Tables riscv_tables() { return {3, 4096, 4096, riscv_link}; }
std::uint64_t riscv_page(std::uint64_t at, bool writable) { return at >> 2U | 3 | (writable ? 4 : 0); }
Tables riscv_g_tables() { return {3, 4096, 0x4000, riscv_link}; }
std::uint64_t riscv_g_page(std::uint64_t at, bool writable) { return riscv_page(at, writable) | 16; }

constexpr Dialect unicorn{.name = "unicorn",
                          .open = open_unicorn,
                          .format = "aarch64_s1_4k",
                          .tables = arm_tables,
                          .page = arm_page,
                          .has_users = true,
                          .drops_one_page = false};
constexpr Dialect qemu_aarch64{.name = "qemu_aarch64",
                               .open = open_qemu_aarch64,
                               .format = "aarch64_s1_4k",
                               .tables = arm_tables,
                               .page = arm_page,
                               .has_users = true,
                               .drops_one_page = true};
constexpr Dialect qemu_aarch64_s2{.name = "qemu_aarch64_s2",
                                  .open = open_qemu_aarch64,
                                  .format = "aarch64_s2_4k",
                                  .tables = arm_s2_tables,
                                  .page = arm_s2_page,
                                  .has_users = true,
                                  .drops_one_page = false};
constexpr Dialect qemu_armv7{.name = "qemu_armv7",
                             .open = open_qemu_armv7,
                             .format = "armv7",
                             .tables = armv7_tables,
                             .page = armv7_page,
                             .has_users = true,
                             .drops_one_page = true,
                             .frames = 0xffff'ffff};
constexpr Dialect qemu_x86{.name = "qemu_x86",
                           .open = open_qemu_x86,
                           .format = "x86_64_4",
                           .tables = intel_tables,
                           .page = intel_page,
                           .has_users = true,
                           .drops_one_page = true};
constexpr Dialect qemu_riscv{.name = "qemu_riscv",
                             .open = open_qemu_riscv,
                             .format = "riscv_sv39",
                             .tables = riscv_tables,
                             .page = riscv_page,
                             .has_users = false,
                             .drops_one_page = false};
constexpr Dialect qemu_riscv_g{.name = "qemu_riscv_g",
                               .open = open_qemu_riscv_g,
                               .format = "riscv_sv39x4",
                               .tables = riscv_g_tables,
                               .page = riscv_g_page,
                               .has_users = false,
                               .drops_one_page = false};

class CachedMmus : public EmulatorTest, public testing::WithParamInterface<Dialect> {
 protected:
  void SetUp() override { open(GetParam().open()); }
  [[nodiscard]] CachedMmu& mmu() { return *emulator().cached(); }
  [[nodiscard]] static Tables tables() { return GetParam().tables(); }
  [[nodiscard]] std::vector<Sight> watch(Tables before, Tables after, std::span<const Access> accesses,
                                         std::span<const Owed> owed) {
    const Image old = before.image(), now = after.image();
    std::vector<Sight> sights(accesses.size());
    mmu().watch(GetParam().format, {old.base, old.root, old.bytes, now.bytes, owed}, accesses, sights);
    return sights;
  }
  [[nodiscard]] Sight watch_one(const Tables& before, const Tables& after, const Access& access,
                                std::span<const Owed> owed) {
    return watch(before, after, std::array{access}, owed).front();
  }
};

std::uint64_t page_of(std::uint64_t frame, bool writable = true) {
  return CachedMmus::GetParam().page(frame, writable);
}

std::uint64_t here() { return 0x12'3456'7000 & CachedMmus::GetParam().frames; }
std::uint64_t there() { return 0x7'6543'2000 & CachedMmus::GetParam().frames; }

// Whatever the reason, which not all of them tell.
void expect_some_fault(const Answer& answer) {
  EXPECT_NE(answer.outcome, Outcome::ok);
  EXPECT_NE(answer.outcome, Outcome::not_judged);
}

// The page at 0x3000 moves from here() to there.
struct Moved {
  explicit Moved(const Tables& tables) : before(tables), after(tables) {
    before.set(0, 3, page_of(here()));
    after.set(0, 3, page_of(there()));
  }
  Tables before, after;
  Access read{{0x3124, Kind::read, false}, here(), there()};
};
constexpr Owed its_page{0x3000, 0x3fff, false};

TEST_P(CachedMmus, KeepWhatTheyWereNotToldToForget) {
  const Moved moved(tables());
  const Sight sight = watch_one(moved.before, moved.after, moved.read, {});
  for (const Answer& answer : {sight.warm, sight.stale, sight.fresh})
    expect_ok(answer, here() + 0x124);
}

TEST_P(CachedMmus, ForgetAPage) {
  const Moved moved(tables());
  const Sight sight = watch_one(moved.before, moved.after, moved.read, std::array{its_page});
  expect_ok(sight.warm, here() + 0x124);
  expect_ok(sight.stale, here() + 0x124);
  expect_ok(sight.fresh, there() + 0x124);
}

TEST_P(CachedMmus, ForgetMorePagesThanCanBeNamed) {
  const Moved moved(tables());
  const Sight sight =
      watch_one(moved.before, moved.after, moved.read, std::array{Owed{0, bit(38) - 1, false}});
  expect_ok(sight.stale, here() + 0x124);
  expect_ok(sight.fresh, there() + 0x124);
}

TEST_P(CachedMmus, ForgetOnlyThePageIfTheyKnowPages) {
  Moved moved(tables());
  moved.before.set(0, 4, page_of(here() + 0x1000));
  moved.after.set(0, 4, page_of(there() + 0x1000));
  const Access beside{{0x4008, Kind::read, false}, here() + 0x1000, there() + 0x1000};
  const auto sights = watch(moved.before, moved.after, std::array{moved.read, beside}, std::array{its_page});
  expect_ok(sights[0].fresh, there() + 0x124);
  expect_ok(sights[1].stale, here() + 0x1008);
  expect_ok(sights[1].fresh, (GetParam().drops_one_page ? here() : there()) + 0x1008);
}

TEST_P(CachedMmus, ForgetWhatATableHeld) {
  Moved moved(tables());
  moved.after.set(1, 0, 0);
  const Sight sight = watch_one(moved.before, moved.after, {moved.read.probe, here(), std::nullopt},
                                std::array{Owed{0, bit(21) - 1, true}});
  expect_ok(sight.warm, here() + 0x124);
  expect_ok(sight.stale, here() + 0x124);
  expect_some_fault(sight.fresh);
}

TEST_P(CachedMmus, KeepTheRightToWriteUntilTheyForgetIt) {
  Moved moved(tables());
  moved.after.set(0, 3, page_of(here(), false));
  const Access write{{0x3124, Kind::write, false}, here(), std::nullopt};
  const Sight sight = watch_one(moved.before, moved.after, write, std::array{its_page});
  EXPECT_EQ(sight.warm.outcome, Outcome::ok);
  EXPECT_EQ(sight.stale.outcome, Outcome::ok);
  expect_some_fault(sight.fresh);
}

TEST_P(CachedMmus, SeeWhatIsNewAtOnceWhereNothingWas) {
  Moved moved(tables());
  moved.before.set(0, 3, 0);
  const Sight sight = watch_one(moved.before, moved.after, {moved.read.probe, std::nullopt, there()}, {});
  expect_some_fault(sight.warm);
  expect_ok(sight.stale, there() + 0x124);
}

TEST_P(CachedMmus, BeginEachEditWithAnEmptyTlb) {
  const Moved moved(tables());
  static_cast<void>(watch_one(moved.before, moved.after, moved.read, {}));
  const Access back{moved.read.probe, there(), here()};
  expect_ok(watch_one(moved.after, moved.before, back, {}).warm, there() + 0x124);
}

TEST_P(CachedMmus, JudgeUsersWhereTheyHaveLinesOfTheirOwnAndFetchesNowhere) {
  const Moved moved(tables());
  const Access user{{0x3124, Kind::read, true}, here(), there()},
      fetch{{0x3124, Kind::execute, false}, here(), there()};
  const auto sights = watch(moved.before, moved.after, std::array{user, fetch}, std::array{its_page});
  EXPECT_EQ(sights[1].fresh.outcome, Outcome::not_judged);
  if (!GetParam().has_users) {
    EXPECT_EQ(sights[0].fresh.outcome, Outcome::not_judged);
    return;
  }
  expect_ok(sights[0].stale, here() + 0x124);
  expect_ok(sights[0].fresh, there() + 0x124);
}

// What leads to where the harness of some of them is, or beyond all memory.
TEST_P(CachedMmus, AreNeverLedIntoTheHarness) {
  for (const std::uint64_t anywhere : {std::uint64_t{0x7000'0020'0000}, bit(40), std::uint64_t{0x4020'0000},
                                       std::uint64_t{0x8010'0000}, std::uint64_t{0xffff'ffff'f000}}) {
    const std::uint64_t frame = anywhere & GetParam().frames;
    Moved moved(tables());
    moved.before.set(0, 3, page_of(frame));
    const Probe write{0x3124, Kind::write, false};
    const auto sights =
        watch(moved.before, moved.after,
              std::array{Access{moved.read.probe, frame, there()}, Access{write, frame, there()}},
              std::array{its_page});
    if (sights[0].warm.outcome == Outcome::not_judged)
      continue;
    expect_ok(sights[0].warm, frame + 0x124);
    expect_ok(sights[0].fresh, there() + 0x124);
    EXPECT_EQ(sights[1].warm.outcome, Outcome::ok) << "a store to where a load may go";
  }
}

// A page of which the harness has not heard, then one of the table.
TEST_P(CachedMmus, DoNotVouchForAFrameThatNobodyExpects) {
  Moved moved(tables());
  moved.after.set(0, 3, page_of(moved.after.image().base));
  constexpr std::uint64_t nowhere = 0x5'4321'0000;
  const Sight sight =
      watch_one(moved.before, moved.after, {moved.read.probe, nowhere, nowhere}, std::array{its_page});
  for (const Answer& answer : {sight.warm, sight.stale, sight.fresh}) {
    EXPECT_NE(answer.outcome, Outcome::not_judged);
    if (answer.outcome == Outcome::ok) {
      ASSERT_TRUE(answer.pa) << "agrees with any frame";
      EXPECT_NE(*answer.pa, nowhere + 0x124);
    }
  }
}

TEST_P(CachedMmus, WalkAnewAfterwardsAsBefore) {
  Moved moved(tables());
  static_cast<void>(watch_one(moved.before, moved.after, moved.read, {}));
  std::array<Answer, 2> answers{};
  const std::array probes{kernel(Kind::read, 0x3124), kernel(Kind::write, 0x5000)};
  emulator().walk(GetParam().format, moved.after.image(), probes, answers);
  expect_ok(answers[0], there() + 0x124);
  EXPECT_NE(answers[1].outcome, Outcome::ok);
}

} // namespace

INSTANTIATE_TEST_SUITE_P(All, CachedMmus,
                         testing::Values(unicorn, qemu_aarch64, qemu_aarch64_s2, qemu_armv7, qemu_x86,
                                         qemu_riscv, qemu_riscv_g),
                         [](const auto& of) { return of.param.name; });

} // namespace pagetwin::emulators
