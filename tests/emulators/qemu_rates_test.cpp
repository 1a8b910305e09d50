// How fast QEMU answers in batches of 1,024 probes, in CPU time of this process and of QEMU together, so that
// a busy machine changes little. Each batch is another table. All that is probed is mapped; what writes half
// of the pages deny is refused. Accesses of AArch64 are those that AT judges.
#include "tests/emulators/qemu_fixture.hpp"
#include "tests/emulators/qemu_riscv_fixture.hpp"
#include "tests/emulators/x86_fixture.hpp"

#include <cstdio>
#include <ctime>

namespace pagetwin::emulators {
namespace {

constexpr unsigned batch_probes = 1024;
constexpr unsigned pages = 256;

double seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// CPU seconds that the harness and its QEMU have used.
double used_by(pid_t qemu) {
  clockid_t clock{};
  EXPECT_EQ(clock_getcpuclockid(qemu, &clock), 0);
  return seconds(CLOCK_PROCESS_CPUTIME_ID) + seconds(clock);
}

constexpr std::array data{Kind::read, Kind::write};
constexpr std::array all{Kind::read, Kind::write, Kind::execute};

struct Rate {
  const char* format;
  unsigned levels;
  std::size_t root_bytes;
  std::uint64_t (*link)(std::uint64_t node);
  std::uint64_t (*leaf)(std::uint64_t address, bool writable);
  std::span<const Kind> kinds;
  unsigned batches;
  double asked; // probes a second
};

std::uint64_t aarch64_link(std::uint64_t node) { return node | 3; }
std::uint64_t stage1_leaf(std::uint64_t address, bool writable) {
  return address | 3 | bit(10) | bit(6) | (writable ? 0 : bit(7));
}
std::uint64_t stage2_leaf(std::uint64_t address, bool writable) {
  return address | 3 | bit(10) | bit(6) | 0xfU << 2U | (writable ? bit(7) : 0);
}
std::uint64_t x86_leaf(std::uint64_t address, bool writable) {
  return address | x86_entry::P | x86_entry::US | (writable ? x86_entry::RW : 0);
}
std::uint64_t riscv_leaf(std::uint64_t address, bool writable) {
  return pte(address, R | X | U | (writable ? W : 0));
}

// Behind the image, so that every answer has its address.
std::uint64_t frame_of(unsigned batch) { return (std::uint64_t{batch} + 16) << 30U; }

std::vector<Probe> probes_of(const Rate& rate) {
  std::vector<Probe> probes;
  for (unsigned i = 0; i < batch_probes; ++i)
    probes.push_back(
        {std::uint64_t{0x1000} * (i % pages), rate.kinds[i / pages % rate.kinds.size()], (i & 1U) != 0});
  return probes;
}

class QemuRates : public QemuTest {
 protected:
  void expect_rates(Opened opened, std::initializer_list<Rate> rates) {
    open(std::move(opened));
    for (const Rate& rate : rates)
      if (!IsSkipped())
        expect_rate(rate);
  }

 private:
  void expect_rate(const Rate& rate) {
    const pid_t qemu = emulator().process_id(); // it has booted then
    const double begin = used_by(qemu);
    walk_batches(rate);
    const double found = double{batch_probes} * rate.batches / (used_by(qemu) - begin);
    std::printf("%s: %.0f probes a CPU second\n", rate.format, found);
    EXPECT_GE(found, rate.asked) << rate.format;
  }

  void walk_batches(const Rate& rate) {
    Tables tables(rate.levels, 4096, rate.root_bytes, rate.link);
    const std::vector<Probe> probes = probes_of(rate);
    std::vector<Answer> answers(batch_probes);
    for (unsigned batch = 0; batch < rate.batches; ++batch) {
      for (unsigned page = 0; page < pages; ++page)
        tables.set(0, page, rate.leaf(frame_of(batch) | page << 12U, (page & 2U) == 0));
      emulator().walk(rate.format, tables.image(), probes, answers);
      expect_ok(answers[0], frame_of(batch));
    }
  }
};

TEST_F(QemuRates, AreAMillionProbesACpuSecondOfAarch64) {
  expect_rates(open_qemu_aarch64(),
               {{"aarch64_s1_4k", 4, 4096, aarch64_link, stage1_leaf, data, 500, 1'000'000},
                {"aarch64_s2_4k", 3, 8192, aarch64_link, stage2_leaf, data, 500, 1'000'000}});
}
TEST_F(QemuRates, AreHalfAMillionOfX86) {
  expect_rates(open_qemu_x86(), {{"x86_64_4", 4, 4096, x86_link, x86_leaf, data, 500, 500'000},
                                 {"x86_64_5", 5, 4096, x86_link, x86_leaf, data, 500, 500'000}});
}
TEST_F(QemuRates, AreFortyThousandOfRiscv) {
  expect_rates(open_qemu_riscv(), {{"riscv_sv39", 3, 4096, riscv_link, riscv_leaf, all, 50, 40'000},
                                   {"riscv_sv48", 4, 4096, riscv_link, riscv_leaf, all, 50, 40'000},
                                   {"riscv_sv57", 5, 4096, riscv_link, riscv_leaf, all, 50, 40'000}});
}
TEST_F(QemuRates, AreFortyThousandOfRiscvGStages) {
  expect_rates(open_qemu_riscv_g(), {{"riscv_sv39x4", 3, 0x4000, riscv_link, riscv_leaf, all, 50, 40'000},
                                     {"riscv_sv48x4", 4, 0x4000, riscv_link, riscv_leaf, all, 50, 40'000},
                                     {"riscv_sv57x4", 5, 0x4000, riscv_link, riscv_leaf, all, 50, 40'000}});
}

} // namespace
} // namespace pagetwin::emulators
