// VMSAv7 with Short descriptors as QEMU 7.2 walks them on a Cortex-A15, with SCTLR.AFE = 1, TRE = 0, TTBCR.N
// = 0 and all domains clients'. Reads and writes by ATS1CPR and its kin; fetches by trying (guests/armv7.S),
// which needs TTBCR.N = 1: it chooses a table by bit 31 of the address and changes nothing else. The
// processor has no hardware management of the Access flag (SCTLR.HA), but PXN. It refuses to judge addresses
// beyond 32 bits. Where the TLB is to be seen (watch), PL1 itself loads and stores, and one edit's addresses
// are judged in one half only. Rule: ARM ARM (DDI 0406C), B3.5, B3.13.3 and B4.1: PAR, IFSR, HSR, HPFAR.
#include "fuzz/emulators/lpae_stage.hpp"
#include "fuzz/emulators/lpae_status.hpp"
#include "fuzz/emulators/qemu.hpp"
#include "fuzz/emulators/qemu_deviations.hpp"

#include <algorithm>

namespace pagetwin::emulators {

namespace {

// QEMU's virt machine. The table's memory is where tables of 32-bit words lie in the harness.
constexpr std::uint64_t ram_base = std::uint64_t{1} << 30U, tables_at = std::uint64_t{2} << 30U;
constexpr std::size_t mailbox_at = std::size_t{2} << 20U, tables_bytes = std::size_t{1} << 30U;
constexpr unsigned last_level = 2; // the manual's

// The harness's stage 2 for loads and stores: 40 bits, two tables of level 1 in a row. It has the guest's
// code at code_ipa, a GiB (guests/armv7.S), and at window_ipa the table of stage 1 that leads there.
constexpr std::size_t window_at = std::size_t{3} << 20U, window_bytes = 0x4000,
                      tags_at = std::size_t{64} << 20U, tags_bytes = std::size_t{64} << 20U;
constexpr std::uint64_t code_ipa = 0xa5'4000'0000, window_ipa = 0xffff'c000, access_bits = 40;
constexpr unsigned block_shift = 30;
constexpr StageShape access_stage = lpae::second_stage(3, 2 * TagPages::page_bytes);

// No place for accesses: these frames are the guest's.
bool is_harness(std::optional<std::uint64_t> frame) {
  return frame && (*frame - window_ipa < window_bytes || *frame - code_ipa < std::uint64_t{1} << block_shift);
}

// Bit 31, by which TTBCR.N=1 chooses a table.
std::uint64_t half_of(const Probe& probe) { return probe.address & bit(31); }

// Of 64 bits, as always in Hyp mode. Not judged is an external abort, say, where the walk leaves RAM.
Answer read_par(std::uint64_t par, std::uint64_t va) {
  constexpr std::uint64_t F = 1, PA = 0xff'ffff'f000;
  if ((par & F) == 0)
    return {Outcome::ok, (par & PA) | (va & 0xfffU), std::nullopt};
  return lpae::read_status(par >> 1U & 0x3fU, last_level).value_or(not_judged);
}

// FS of the IFSR and the DFSR, in the short format: one number for sections and one for pages.
Answer read_fsr(std::uint64_t fsr) {
  const auto of = [](Outcome reason, unsigned level) { return Answer{reason, std::nullopt, level}; };
  switch ((fsr & 0xfU) | (fsr >> 6U & 0x10U)) {
  case 0x05:
    return of(Outcome::not_present, 1);
  case 0x07:
    return of(Outcome::not_present, 0);
  case 0x03:
    return of(Outcome::access_flag, 1);
  case 0x06:
    return of(Outcome::access_flag, 0);
  case 0x0d:
    return of(Outcome::protection, 1);
  case 0x0f:
    return of(Outcome::protection, 0);
  default:
    return not_judged;
  }
}

// Of the HSR, or the IFSR or DFSR with bit 63. EC has the number for aborts from below.
enum Abort : std::uint8_t { prefetch_abort = 0x20, data_abort = 0x24 };
Answer read_abort(Abort abort, std::uint64_t hpfar, std::uint64_t status, std::uint64_t va) {
  constexpr std::uint64_t S1PTW = bit(7), from_pl1 = bit(63);
  if ((status & from_pl1) != 0)
    return read_fsr(status);
  if (status >> 26U != abort || (status & S1PTW) != 0) // not that of the walk
    return not_judged;
  return {Outcome::ok, hpfar >> 4U << 12U | (va & 0xfffU), std::nullopt};
}

class QemuArmv7 final : public Qemu {
 public:
  explicit QemuArmv7(const QemuMachine& machine) : Qemu(machine) {}
  [[nodiscard]] bool judges(std::string_view format) const override { return format == "armv7"; }
  [[nodiscard]] bool watches(std::string_view format) const override { return judges(format); }

 protected:
  [[nodiscard]] bool asks(std::string_view, const Probe& probe) const override {
    return probe.address >> 32U == 0;
  }
  void start(QemuProcess&) override {}
  void prepare(QemuProcess& process, std::string_view, const Image& image) override {
    process.box().registers[0] = image.root;
  }
  [[nodiscard]] Answer read(std::string_view, const Probe& probe, const mailbox_cell& cell) override {
    if (probe.kind == Kind::execute)
      return read_abort(prefetch_abort, cell.first, cell.second, probe.address);
    return read_par(cell.first, probe.address);
  }

  [[nodiscard]] bool asks_access(std::string_view format, const Access& access) const override {
    return asks(format, access.probe) && half_of(access.probe) == half_ && !is_harness(access.before)
           && !is_harness(access.after);
  }
  void lead(QemuProcess& process, const Image& image, std::span<const Access> accesses) override {
    TagPages pages(process.ram(tags_at, tags_bytes), ram_base + tags_at, access_stage);
    pages.map(code_ipa, ram_base, 2, false);
    for (std::uint64_t at = 0; at < window_bytes; at += TagPages::page_bytes)
      pages.map(window_ipa + at, ram_base + window_at + at, 0, false);
    pages.map_to_itself(image.base, image.bytes.size(), false);
    for (const std::uint64_t frame : frames_of(accesses))
      if (frame >> access_bits == 0 && !is_harness(frame))
        pages.tag(frame);
    half_ = accesses.empty() ? 0 : half_of(accesses.front().probe);
    const std::array registers{half_, ram_base + tags_at, window_ipa};
    std::ranges::copy(registers, &process.box().registers[1]);
  }
  [[nodiscard]] std::uint64_t aim_access(const Probe& probe) const override { return TagPages::aim(probe); }
  [[nodiscard]] Answer read_access(std::string_view, const Probe& probe, const mailbox_cell& cell) override {
    if (cell.second != 0)
      return read_abort(data_abort, cell.first, cell.second, probe.address);
    return TagPages::answer(probe, cell.first);
  }

 private:
  std::uint64_t half_ = 0; // of the edit's addresses
};

} // namespace

Opened open_qemu_armv7() {
  // Not qemu-system-arm, in which HPFAR has lost all above 32 bits.
  QemuMachine machine{"qemu-armv7",
                      "qemu-system-aarch64",
                      "armv7.elf",
                      {"-M", "virt,virtualization=on,memory-backend=ram", "-cpu", "cortex-a15",
                       "-semihosting-config", "enable=on,target=native,chardev=harness"},
                      tables_at - ram_base + tables_bytes,
                      mailbox_at,
                      tables_at - ram_base};
  machine.images_from = tables_at;
  machine.sets_flags = false;
  if (auto absent = absence(machine))
    return *absent;
  return Oracle{std::make_unique<QemuArmv7>(machine), qemu_armv7_deviations(), {}};
}

} // namespace pagetwin::emulators
