// VMSAv7 with Short descriptors as QEMU 7.2 walks them on a Cortex-A15, with SCTLR.AFE = 1, TRE = 0, TTBCR.N
// = 0 and all domains clients'. Reads and writes by ATS1CPR and its kin; fetches by trying (guests/armv7.S),
// which needs TTBCR.N = 1: it chooses a table by bit 31 of the address and changes nothing else. The
// processor has no hardware management of the Access flag (SCTLR.HA), but PXN. It refuses to judge addresses
// beyond 32 bits. Rule: ARM ARM (DDI 0406C), B3.5, B3.13.3 and B4.1: PAR, IFSR, HSR, HPFAR.
#include "fuzz/emulators/lpae_status.hpp"
#include "fuzz/emulators/qemu.hpp"
#include "fuzz/emulators/qemu_deviations.hpp"

namespace pagetwin::emulators {

namespace {

// QEMU's virt machine. The table's memory is where tables of 32-bit words lie in the harness.
constexpr std::uint64_t ram_base = std::uint64_t{1} << 30U, tables_at = std::uint64_t{2} << 30U;
constexpr std::size_t mailbox_at = std::size_t{2} << 20U, tables_bytes = std::size_t{1} << 30U;
constexpr unsigned last_level = 2; // the manual's

// Of 64 bits, as always in Hyp mode. Not judged is an external abort, say, where the walk leaves RAM.
Answer read_par(std::uint64_t par, std::uint64_t va) {
  constexpr std::uint64_t F = 1, PA = 0xff'ffff'f000;
  if ((par & F) == 0)
    return {Outcome::ok, (par & PA) | (va & 0xfffU), std::nullopt};
  return lpae::read_status(par >> 1U & 0x3fU, last_level).value_or(not_judged);
}

// FS of the IFSR, in the short format: one number for sections and one for pages.
Answer read_ifsr(std::uint64_t ifsr) {
  const auto of = [](Outcome reason, unsigned level) { return Answer{reason, std::nullopt, level}; };
  switch ((ifsr & 0xfU) | (ifsr >> 6U & 0x10U)) {
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

// Of the HSR, or the IFSR with bit 63.
Answer read_fetch(std::uint64_t hpfar, std::uint64_t status, std::uint64_t va) {
  constexpr std::uint64_t S1PTW = 1U << 7U, from_pl1 = std::uint64_t{1} << 63U;
  if ((status & from_pl1) != 0)
    return read_ifsr(status);
  if (status >> 26U != 0x20 || (status & S1PTW) != 0) // a prefetch abort from below, and not that of the walk
    return not_judged;
  return {Outcome::ok, hpfar >> 4U << 12U | (va & 0xfffU), std::nullopt};
}

class QemuArmv7 final : public Qemu {
 public:
  explicit QemuArmv7(const QemuMachine& machine) : Qemu(machine) {}
  [[nodiscard]] bool judges(std::string_view format) const override { return format == "armv7"; }

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
      return read_fetch(cell.first, cell.second, probe.address);
    return read_par(cell.first, probe.address);
  }
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
