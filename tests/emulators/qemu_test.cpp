// QEMU's walkers over descriptors made by hand: that guests and harness ask what they mean to ask, that flags
// are written back, and that nothing hangs and nothing is left when something dies. Skipped where QEMU or its
// guests are missing. Rules: RISC-V volume II (Sv39, Svnapot), Intel SDM 3A chapter 4, Arm ARM (DDI 0487)
// D8.3.
#include "fuzz/emulators/qemu.hpp"
#include "fuzz/emulators/qemu_x86.hpp"

#include <array>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace pagetwin::emulators {
namespace {

constexpr std::uint64_t bit(unsigned n) { return std::uint64_t{1} << n; }

// Nodes one below the other, each linked by the first word of the one above; words are set by level and
// index.
class Tables {
 public:
  Tables(unsigned levels, std::size_t node_bytes, std::size_t root_bytes,
         std::uint64_t (*link)(std::uint64_t))
      : levels_(levels), node_bytes_(node_bytes), root_bytes_(root_bytes),
        bytes_(root_bytes + (levels - 1) * node_bytes) {
    for (unsigned level = levels - 1; level > 0; --level)
      set(level, 0, link(node(level - 1)));
  }
  [[nodiscard]] std::uint64_t node(unsigned level) const {
    return level == levels_ - 1 ? image_base : image_base + root_bytes_ + (levels_ - 2 - level) * node_bytes_;
  }
  void set(unsigned level, unsigned index, std::uint64_t word) {
    std::memcpy(&bytes_[node(level) - image_base + 8 * index], &word, sizeof word);
  }
  [[nodiscard]] std::uint64_t word(unsigned level, unsigned index) const {
    std::uint64_t word = 0;
    std::memcpy(&word, &bytes_[node(level) - image_base + 8 * index], sizeof word);
    return word;
  }
  [[nodiscard]] Image image() { return {image_base, bytes_, node(levels_ - 1)}; }

 private:
  unsigned levels_;
  std::size_t node_bytes_, root_bytes_;
  std::vector<std::byte> bytes_;
};

class QemuTest : public testing::Test {
 protected:
  void open(Opened opened) {
    if (const auto* absent = std::get_if<Absent>(&opened))
      GTEST_SKIP() << absent->emulator << ": " << absent->reason;
    oracle_ = std::get<Oracle>(std::move(opened));
  }
  [[nodiscard]] Qemu& emulator() { return dynamic_cast<Qemu&>(*oracle_.emulator); }
  [[nodiscard]] Answer ask(std::string_view format, Tables& tables, const Probe& probe) {
    std::array<Answer, 1> answers{};
    emulator().walk(format, tables.image(), std::array{probe}, answers);
    return answers[0];
  }

 private:
  Oracle oracle_;
};

constexpr Probe kernel(Kind kind, std::uint64_t va) { return {va, kind, false}; }
constexpr Probe user(Kind kind, std::uint64_t va) { return {va, kind, true}; }

void expect_ok(const Answer& answer, std::optional<std::uint64_t> pa) {
  EXPECT_EQ(answer.outcome, Outcome::ok);
  EXPECT_EQ(answer.pa, pa);
}
void expect_fault(const Answer& answer, Outcome outcome, std::optional<unsigned> level = std::nullopt) {
  EXPECT_EQ(answer.outcome, outcome);
  EXPECT_EQ(answer.level, level);
  EXPECT_EQ(answer.pa, std::nullopt);
}

// --- RISC-V

constexpr std::uint64_t V = bit(0), R = bit(1), W = bit(2), X = bit(3), U = bit(4), A = bit(6), D = bit(7),
                        N = bit(63);
std::uint64_t pte(std::uint64_t address, std::uint64_t bits) { return address >> 2U | bits | V; }
std::uint64_t riscv_link(std::uint64_t node) { return pte(node, 0); }
constexpr std::uint64_t frame = 0x12'3456'7000;

class QemuRiscvTest : public QemuTest {
 protected:
  void SetUp() override { open(open_qemu_riscv()); }
  static Tables tables(unsigned levels) { return {levels, 4096, 4096, riscv_link}; }
};
struct Sv {
  const char* format;
  unsigned levels;
};
constexpr std::array svs{Sv{"riscv_sv39", 3}, Sv{"riscv_sv48", 4}, Sv{"riscv_sv57", 5}};

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

// --- x86-64

constexpr std::uint64_t P = bit(0), RW = bit(1), US = bit(2), x86_A = bit(5), x86_D = bit(6), PS = bit(7),
                        XD = bit(63);
std::uint64_t x86_link(std::uint64_t node) { return node | P | RW | US; }

class QemuX86Test : public QemuTest {
 protected:
  void SetUp() override { open(open_qemu_x86()); }
  static Tables tables(unsigned levels) { return {levels, 4096, 4096, x86_link}; }
};
constexpr std::array pagings{Sv{"x86_64_4", 4}, Sv{"x86_64_5", 5}, Sv{"x86_64_4", 4}};

TEST_F(QemuX86Test, NamesThePhysicalAddressOfLoadsAndStoresAnywhere) {
  for (const Sv& paging : pagings)
    for (const std::uint64_t address : {image_base + 0x2000, std::uint64_t{0x1'2345'6000},
                                        std::uint64_t{0xf'ffff'ffff'f000}, std::uint64_t{0x1000}}) {
      Tables t = tables(paging.levels);
      t.set(0, 3, address | P | RW | US);
      for (const Kind kind : {Kind::read, Kind::write}) {
        expect_ok(ask(paging.format, t, kernel(kind, 0x3124)), address + 0x124);
        expect_ok(ask(paging.format, t, user(kind, 0x3124)), address + 0x124);
      }
    }
}

TEST_F(QemuX86Test, TellsTheReasonOfAFault) {
  for (const Sv& paging : pagings) {
    Tables t = tables(paging.levels);
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
  Tables t = tables(4);
  t.set(0, 0, (image_base + 0x1000) | P | US); // a table: almost only zeros
  t.set(0, 1, (image_base + 0x3000) | P | US); // the table of pages itself, which is full
  for (unsigned index = 2; index < 512; ++index)
    t.set(0, index, 0xf00 + index);
  expect_ok(ask("x86_64_4", t, user(Kind::execute, 0)), std::nullopt);
  expect_ok(ask("x86_64_4", t, kernel(Kind::execute, 0xfff)), std::nullopt);
  expect_fault(ask("x86_64_4", t, user(Kind::execute, 0x1000)), Outcome::not_judged);
}

TEST_F(QemuX86Test, SetsAccessedAndDirtyInTheTable) {
  for (const Sv& paging : pagings) {
    Tables t = tables(paging.levels);
    t.set(0, 0, frame | P | RW);
    static_cast<void>(ask(paging.format, t, kernel(Kind::read, 0)));
    EXPECT_EQ(t.word(0, 0), frame | P | RW | x86_A);
    EXPECT_EQ(t.word(1, 0), x86_link(t.node(0)) | x86_A);
    static_cast<void>(ask(paging.format, t, kernel(Kind::write, 0)));
    EXPECT_EQ(t.word(0, 0), frame | P | RW | x86_A | x86_D);
  }
}

TEST_F(QemuX86Test, LooksForZerosWithoutLeavingMarks) {
  Tables t = tables(4);
  t.set(0, 0, frame | P | XD);
  expect_fault(ask("x86_64_4", t, kernel(Kind::execute, 0)), Outcome::protection);
  EXPECT_EQ(t.word(0, 0), frame | P | XD);
}

TEST_F(QemuX86Test, PutsBackTheReservedSlotAndDoesNotJudgeIt) {
  for (const Sv& paging : pagings) {
    Tables t = tables(paging.levels);
    const unsigned slot = reserved_root_slot(paging.format).value();
    const std::uint64_t va = std::uint64_t{slot} << (12 + 9 * (paging.levels - 1));
    t.set(paging.levels - 1, slot, 0x1234'5600);
    expect_fault(ask(paging.format, t, kernel(Kind::read, va)), Outcome::not_judged);
    EXPECT_EQ(t.word(paging.levels - 1, slot), 0x1234'5600U);
  }
}

// --- AArch64

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

// --- All of them

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

TEST_F(QemuRiscvTest, ForgetsTheTableBefore) {
  Tables larger = tables(5), smaller = tables(3);
  larger.set(0, 1, pte(frame, R));
  expect_ok(ask("riscv_sv57", larger, kernel(Kind::read, 0x1000)), frame);
  smaller.set(0, 1, pte(frame + 0x5000, R));
  expect_ok(ask("riscv_sv39", smaller, kernel(Kind::read, 0x1000)), frame + 0x5000);
  smaller.set(0, 1, 0);
  expect_fault(ask("riscv_sv39", smaller, kernel(Kind::read, 0x1000)), Outcome::fault);
}

TEST_F(QemuRiscvTest, AQemuThatDiesIsAnErrorAndTheNextWalkStartsAnother) {
  Tables t = tables(3);
  t.set(0, 0, pte(frame, R));
  const pid_t first = emulator().process_id();
  kill(first, SIGKILL);
  try {
    static_cast<void>(ask("riscv_sv39", t, kernel(Kind::read, 0)));
    ADD_FAILURE() << "expected an error";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("qemu-system-riscv64"), std::string::npos) << error.what();
  }
  expect_ok(ask("riscv_sv39", t, kernel(Kind::read, 0)), frame);
  EXPECT_NE(emulator().process_id(), first);
}

TEST(SideProcessTest, AProgramThatSaysNothingIsAnError) {
  SideProcess::Channel channel;
  SideProcess process({find_program("sleep"), "1000"}, {}, channel);
  EXPECT_THROW(process.expect_byte(std::chrono::milliseconds(50), "anything"), std::runtime_error);
}

TEST(SideProcessTest, AProgramThatFailsIsQuoted) {
  SideProcess::Channel channel;
  SideProcess process({find_program("ls"), "--no-such-option"}, {}, channel);
  try {
    process.expect_byte(std::chrono::seconds(20), "anything");
    ADD_FAILURE() << "expected an error";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("no-such-option"), std::string::npos) << error.what();
  }
}

// A zombie is dead; whoever inherits it may not have looked yet.
bool lives(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string id, name, state;
  return file >> id >> name >> state && state != "Z" && state != "X";
}

bool ends_within(pid_t process, std::chrono::seconds limit) {
  for (const auto deadline = std::chrono::steady_clock::now() + limit;
       std::chrono::steady_clock::now() < deadline;) {
    if (!lives(process))
      return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

bool has_shared_memory_of_ours() {
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm"))
    if (entry.path().filename().string().find("pagetwin") != std::string::npos)
      return true;
  return false;
}

TEST_F(QemuRiscvTest, AKilledParentLeavesNoProcessAndNoFile) {
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(pipe(pipe_ends.data()), 0);
  const pid_t parent = fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) {
    const pid_t qemu = emulator().process_id();
    if (write(pipe_ends[1], &qemu, sizeof qemu) == sizeof qemu)
      pause();
    _exit(1);
  }
  pid_t qemu = 0;
  ASSERT_EQ(read(pipe_ends[0], &qemu, sizeof qemu), ssize_t{sizeof qemu});
  EXPECT_TRUE(lives(qemu));
  EXPECT_FALSE(has_shared_memory_of_ours());
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  EXPECT_TRUE(ends_within(qemu, std::chrono::seconds(20)));
  EXPECT_FALSE(has_shared_memory_of_ours());
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

TEST_F(QemuX86Test, ADestroyedEmulatorLeavesNoProcess) {
  Opened opened = open_qemu_x86();
  const pid_t qemu = dynamic_cast<Qemu&>(*std::get<Oracle>(opened).emulator).process_id();
  EXPECT_TRUE(lives(qemu));
  opened = Absent{};
  EXPECT_FALSE(lives(qemu));
}

} // namespace
} // namespace pagetwin::emulators
