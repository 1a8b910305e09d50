// VMSAv8-64 as QEMU 7.2 walks it on `-cpu max`: stage 1 of EL1&0 through TTBR0_EL1 in three granules, with
// and without LPA2, and stage 2, both with hardware that manages AF and the dirty state (HA=HD=1). Reads and
// writes by AT, which always tells the physical address; fetches of stage 1 by trying (guests/aarch64.S). It
// refuses to judge fetches through stage 2, which nothing would keep from being executed, and the addresses
// of TTBR1_EL1, which are not the table's. Rule: Arm ARM (DDI 0487), D24.2: TCR_EL1, VTCR_EL2, HCR_EL2,
// SCTLR_EL1, PAR_EL1, HPFAR_EL2, ESR_EL1 (IFSC).
#include "fuzz/emulators/bits.hpp"
#include "fuzz/emulators/lpae_stage.hpp"
#include "fuzz/emulators/lpae_status.hpp"
#include "fuzz/emulators/qemu.hpp"
#include "fuzz/emulators/qemu_deviations.hpp"
#include "fuzz/emulators/unassigned_log.hpp"

#include <algorithm>
#include <cstring>

namespace pagetwin::emulators {

namespace {

enum Granule : std::uint8_t { granule_4k = 0, granule_64k = 1, granule_16k = 2 }; // TG0

struct Regime {
  std::string_view format;
  unsigned stage;
  Granule TG0;
  unsigned input_bits, output_bits;
};
constexpr std::array regimes{Regime{"aarch64_s1_4k", 1, granule_4k, 48, 48},
                             Regime{"aarch64_s1_16k", 1, granule_16k, 47, 48},
                             Regime{"aarch64_s1_64k", 1, granule_64k, 48, 48},
                             Regime{"aarch64_s1_4k_lpa2", 1, granule_4k, 52, 52},
                             Regime{"aarch64_s1_16k_lpa2", 1, granule_16k, 52, 52},
                             Regime{"aarch64_s2_4k", 2, granule_4k, 40, 48},
                             Regime{"aarch64_s2_16k", 2, granule_16k, 40, 48},
                             Regime{"aarch64_s2_64k", 2, granule_64k, 40, 48}};

const Regime* find_regime(std::string_view format) {
  const auto* const found = std::ranges::find(regimes, format, &Regime::format);
  return found == regimes.end() ? nullptr : found;
}

std::uint64_t physical_size(const Regime& regime) { return regime.output_bits == 52 ? 6 : 5; } // IPS, PS

// TG1 and T1SZ: 4 KiB granules and 39 bits, of which nothing is mapped.
std::uint64_t TCR(const Regime& regime) {
  constexpr std::uint64_t TG1_4K = std::uint64_t{2} << 30U, T1SZ_39 = std::uint64_t{25} << 16U, HA = bit(39),
                          HD = bit(40), DS = bit(59);
  return (64 - regime.input_bits) | std::uint64_t{regime.TG0} << 14U | T1SZ_39 | TG1_4K
         | physical_size(regime) << 32U | HA | HD | (regime.output_bits == 52 ? DS : 0);
}

// SL0=1 is level 1 for 4 KiB, level 2 for the others: with 40 bits of input, concatenated where they must be.
constexpr std::uint64_t VTCR_RES1 = bit(31), VTCR_SL0_1 = std::uint64_t{1} << 6U;
std::uint64_t VTCR(const Regime& regime) {
  constexpr std::uint64_t HA = bit(21), HD = bit(22);
  return (64 - regime.input_bits) | VTCR_SL0_1 | std::uint64_t{regime.TG0} << 14U
         | physical_size(regime) << 16U | HA | HD | VTCR_RES1;
}

// SCTLR_EL1: C, and bits 29, 28, 23 (SPAN), 22, 20, 11, 8 and 7, which are 1 without later extensions.
constexpr std::uint64_t SCTLR_M = 1, SCTLR_off = 0x30d0'0984;
constexpr std::uint64_t HCR_VM = 1, HCR_RW = bit(31);

constexpr std::uint64_t ram_base = std::uint64_t{1} << 30U;
constexpr unsigned tested_stage = 9;
constexpr unsigned harness_registers = 6; // HCR_EL2, VTCR_EL2, VTTBR_EL2 while it is not AT that asks
constexpr std::size_t mailbox_at = std::size_t{2} << 20U, stage2_at = std::size_t{4} << 20U;

// The harness's stage 2, for fetches: 40 bits from level 1 on, the GiB of images as blocks that walks may
// read and write: Normal memory, S2AP=3, SH=3, AF, XN=2.
constexpr std::uint64_t harness_VTCR = (64 - 40) | VTCR_SL0_1 | std::uint64_t{5} << 16U | VTCR_RES1;
constexpr std::uint64_t block_without_execute = 1 | 0xfU << 2U | 3U << 6U | 3U << 8U | 1U << 10U | bit(54);
constexpr unsigned block_shift = 30;

// Its other stage 2, for loads and stores: 48 bits from level 0 on. This RAM's first GiB lies at harness_ipa
// (guests/aarch64.S), where the code of EL1 and the mailbox are.
constexpr std::size_t tags_at = std::size_t{64} << 20U, tags_bytes = std::size_t{64} << 20U;
constexpr std::uint64_t harness_ipa = 0x7000'0000'0000, access_bits = 48,
                        access_VTCR =
                            (64 - access_bits) | std::uint64_t{2} << 6U | std::uint64_t{5} << 16U | VTCR_RES1;
constexpr StageShape access_stage = lpae::second_stage(4, TagPages::page_bytes);

// Where EL1's code is while stage 2 is the table under test: not seen through it (guests/aarch64.S).
constexpr std::size_t code_at = std::size_t{3} << 20U;
constexpr std::uint64_t code_ipa = 0x5a'5a5a'5000;
bool is_code(const Probe& probe) { return probe.address - code_ipa < TagPages::page_bytes; }

// The virt machine's PCIe: a bus that answers also where nothing is.
bool is_bus(std::optional<std::uint64_t> frame) { return frame && *frame >= bit(38) && *frame < bit(40); }

// No place for accesses: a store would hit code.
bool is_harness(std::optional<std::uint64_t> frame) {
  return frame && *frame - harness_ipa < std::uint64_t{1} << block_shift;
}

// Fault status, as PAR_EL1.FST and as IFSC. Level -1, of LPA2, has numbers of its own.
std::optional<Answer> read_status(unsigned status) {
  constexpr unsigned address_size_at_minus_1 = 0x29, translation_at_minus_1 = 0x2b;
  if (status == address_size_at_minus_1)
    return Answer{Outcome::address_size, std::nullopt, 4};
  if (status == translation_at_minus_1)
    return Answer{Outcome::not_present, std::nullopt, 4};
  return lpae::read_status(status, 3);
}

// Not judged is an external abort, say, where the walk leaves RAM.
Answer read_par(std::uint64_t par, std::uint64_t va) {
  constexpr std::uint64_t F = 1, PA = 0xf'ffff'ffff'f000;
  if ((par & F) == 0)
    return {Outcome::ok, (par & PA) | (va & 0xfffU), std::nullopt};
  return read_status(par >> 1U & 0x3fU).value_or(not_judged);
}

// A fetch, load or store that faulted. ESR: with bit 63 it is EL1's. EC has the number for aborts from below,
// which for those of the same level is one more.
enum Abort : std::uint8_t { instruction_abort = 0x20, data_abort = 0x24 };
Answer read_abort(Abort abort, std::uint64_t hpfar, std::uint64_t esr, std::uint64_t va) {
  constexpr std::uint64_t S1PTW = bit(7), from_el1 = bit(63);
  const std::uint64_t EC = esr >> 26U & 0x3fU;
  if ((esr & from_el1) != 0)
    return EC == abort || EC == abort + 1U ? read_status(esr & 0x3fU).value_or(not_judged) : not_judged;
  if (EC != abort || (esr & S1PTW) != 0) // that of the walk
    return not_judged;
  return {Outcome::ok, hpfar >> 4U << 12U | (va & 0xfffU), std::nullopt};
}

// Bit 55 selects TTBR1_EL1.
bool is_upper(std::uint64_t va) { return (va & bit(55)) != 0; }

class QemuAarch64 final : public Qemu {
 public:
  explicit QemuAarch64(const QemuMachine& machine) : Qemu(machine) {}
  [[nodiscard]] bool judges(std::string_view format) const override { return find_regime(format) != nullptr; }
  [[nodiscard]] bool watches(std::string_view format) const override { return judges(format); }

 protected:
  [[nodiscard]] bool asks(std::string_view format, const Probe& probe) const override {
    constexpr unsigned physical_bits = 48; // beyond them it is stage 1, though off, that faults
    if (find_regime(format)->stage == 2)
      return probe.kind != Kind::execute && probe.address >> physical_bits == 0;
    return !is_upper(probe.address) && !kills_[probe.address >> lpa2_root_shift & (kills_.size() - 1)];
  }

  void prepare(QemuProcess& process, std::string_view format, const Image& image) override {
    const Regime& regime = *find_regime(format);
    const bool stage1 = regime.stage == 1;
    const std::array<std::uint64_t, MAILBOX_REGISTERS> registers{stage1 ? TCR(regime) : 0,
                                                                 stage1 ? image.root : 0,
                                                                 stage1 ? SCTLR_off | SCTLR_M : SCTLR_off,
                                                                 stage1 ? HCR_RW : HCR_RW | HCR_VM,
                                                                 stage1 ? 0 : VTCR(regime),
                                                                 stage1 ? 0 : image.root,
                                                                 HCR_RW | HCR_VM,
                                                                 stage1 ? harness_VTCR : access_VTCR,
                                                                 ram_base + (stage1 ? stage2_at : tags_at),
                                                                 regime.stage};
    std::ranges::copy(registers, process.box().registers);
    find_killers(regime, image);
  }

  void start(QemuProcess& process) override {
    for (std::uint64_t at = image_base; at < image_base + image_bytes;
         at += std::uint64_t{1} << block_shift) {
      const std::uint64_t word = at | block_without_execute;
      std::memcpy(process.ram(stage2_at + 8 * (at >> block_shift), 8).data(), &word, 8);
    }
  }

  [[nodiscard]] Answer read(std::string_view, const Probe& probe, const mailbox_cell& cell) override {
    if (probe.kind == Kind::execute)
      return read_abort(instruction_abort, cell.first, cell.second, probe.address);
    return read_par(cell.first, probe.address);
  }

  [[nodiscard]] bool asks_access(std::string_view format, const Access& access) const override {
    const auto leads = [&access](auto predicate) {
      return predicate(access.before) || predicate(access.after);
    };
    if (!asks(format, access.probe))
      return false;
    return is_stage1(format) ? !leads(is_harness)
                             : !is_code(access.probe) && !leads(is_bus) && !leads(UnassignedLog::is_assigned);
  }
  void lead(QemuProcess& process, const Image& image, std::span<const Access> accesses) override {
    TagPages pages(process.ram(tags_at, tags_bytes), ram_base + tags_at, access_stage);
    if (process.box().registers[tested_stage] == 2)
      return pages.map(code_ipa, ram_base + code_at, 0, false);
    pages.map(harness_ipa, ram_base, 2, true);
    pages.map_to_itself(image.base, image.bytes.size(), true);
    for (const std::uint64_t frame : frames_of(accesses))
      if (frame >> access_bits == 0 && !is_harness(frame)) // what is beyond faults, and says where
        pages.tag(frame);
    const std::array registers{HCR_RW | HCR_VM, access_VTCR, ram_base + tags_at};
    std::ranges::copy(registers, &process.box().registers[harness_registers]);
  }
  // Loads find the tag, stores do not hurt it.
  [[nodiscard]] std::uint64_t aim_access(const Probe& probe) const override { return TagPages::aim(probe); }
  [[nodiscard]] Answer read_access(std::string_view format, const Probe& probe,
                                   const mailbox_cell& cell) override {
    if (!is_stage1(format))
      return read_through_stage2(probe, cell);
    if (cell.second != 0)
      return read_abort(data_abort, cell.first, cell.second, probe.address);
    return TagPages::answer(probe, cell.first);
  }
  void listen(QemuProcess& process) override { unassigned_.restart(process.take_log()); }

 private:
  static bool is_stage1(std::string_view format) { return find_regime(format)->stage == 1; }

  // Where there is no memory EL1 has an external abort; all else goes to EL2.
  Answer read_through_stage2(const Probe& probe, const mailbox_cell& cell) {
    constexpr std::uint64_t from_el1 = bit(63), external_abort = 0x10;
    const std::uint64_t EC = cell.second >> 26U & 0x3fU;
    const unsigned status = cell.second & 0x3fU;
    if (cell.second == 0)
      return UnassignedLog::met_something();
    if ((cell.second & from_el1) != 0)
      return status == external_abort ? unassigned_.take(probe, aim_access(probe)) : not_judged;
    return EC == data_abort ? read_status(status).value_or(not_judged) : not_judged;
  }

  // A block of level -1, where the manual has none, is taken by QEMU 7.2 like others that are too high; but
  // where its flag or its rights do not let the access through, an assertion ends QEMU (arm_fi_to_lfsc).
  void find_killers(const Regime& regime, const Image& image) {
    constexpr std::uint64_t type = 3, block = 1;
    kills_.fill(false);
    if (regime.input_bits != 52 || regime.TG0 != granule_4k)
      return;
    const auto root = image.bytes.subspan(image.root - image.base); // which a witness is not given whole
    for (std::size_t index = 0; index < std::min(kills_.size(), root.size() / 8); ++index) {
      std::uint64_t word = 0;
      std::memcpy(&word, &root[8 * index], sizeof word);
      kills_[index] = (word & type) == block;
    }
  }

  static constexpr unsigned lpa2_root_shift = 48;
  UnassignedLog unassigned_;
  std::array<bool, 16> kills_{}; // slots of a root of level -1
};

} // namespace

Opened open_qemu_aarch64() {
  QemuMachine machine{"qemu-aarch64",
                      "qemu-system-aarch64",
                      "aarch64.elf",
                      {"-M", "virt,virtualization=on,memory-backend=ram", "-cpu", "max",
                       "-semihosting-config", "enable=on,target=native,chardev=harness"},
                      image_base - ram_base + image_bytes,
                      mailbox_at,
                      image_base - ram_base};
  machine.logs = "guest_errors";
  if (auto absent = absence(machine))
    return *absent;
  return Oracle{std::make_unique<QemuAarch64>(machine), qemu_aarch64_deviations(),
                qemu_aarch64_word_deviations()};
}

} // namespace pagetwin::emulators
