// Sv39x4, Sv48x4 and Sv57x4 as QEMU 7.2 walks them: the G-stage (hgatp) of a guest without a VS-stage (vsatp
// is Bare), so that guest virtual addresses are guest physical ones; Svnapot, Svpbmt, and hardware that sets
// A and D. Physical memory protection lets the image be read, which walks need, and denies all else, so that
// no access does anything. Where an access would have gone no trap tells: mtval2 is the address before the
// translation. And QEMU reports what the protection denies as a guest page fault, too. So both are taken from
// the log that QEMU keeps of its MMU (-d mmu): one line for each translation by the second stage that was not
// cached. It refuses to judge where the walk leaves the image. Rule: The RISC-V Instruction Set Manual,
// volume II: hgatp, "Guest Physical Address Translation", "Physical Memory Protection".
#include "fuzz/emulators/qemu_deviations.hpp"
#include "fuzz/emulators/qemu_riscv.hpp"
#include "fuzz/emulators/riscv_mmu_log.hpp"

#include <algorithm>
#include <unordered_map>

namespace pagetwin::emulators {

namespace {

struct GRegime : riscv::Regime {
  unsigned input_bits;
};
constexpr std::array regimes{GRegime{{"riscv_sv39x4", 8}, 41}, GRegime{{"riscv_sv48x4", 9}, 50},
                             GRegime{{"riscv_sv57x4", 10}, 59}};

const GRegime* find_regime(std::string_view format) {
  const auto* const found = std::ranges::find(regimes, format, &GRegime::format);
  return found == regimes.end() ? nullptr : found;
}

// Of PMP: the second entry, from the first one's address to its own (TOR), for reading.
constexpr std::uint64_t read_only_range = 0x09U << 8U;
constexpr unsigned pmpaddr_shift = 2;

class QemuRiscvG final : public Qemu {
 public:
  explicit QemuRiscvG(const QemuMachine& machine) : Qemu(machine) {}
  [[nodiscard]] bool judges(std::string_view format) const override { return find_regime(format) != nullptr; }

 protected:
  // Guest physical addresses have no sign, but QEMU 7.2 wants their highest bit repeated above it, or faults.
  // So those of the upper half are told it as it likes, and what really is beyond cannot be asked.
  [[nodiscard]] bool asks(std::string_view format, const Probe& probe) const override {
    return probe.address < 0 - sign(format);
  }
  [[nodiscard]] std::uint64_t spelled(std::string_view format, const Probe& probe) const override {
    const bool upper = probe.address / sign(format) == 1;
    return upper ? probe.address - sign(format) * 2 : probe.address;
  }
  void start(QemuProcess&) override {}
  void prepare(QemuProcess& process, std::string_view format, const Image& image) override {
    auto& registers = process.box().registers;
    registers[riscv::vsatp] = 0;
    registers[riscv::hgatp] = find_regime(format)->root(image.root);
    registers[riscv::pmpcfg0] = read_only_range;
    registers[riscv::pmpaddr0] = image.base >> pmpaddr_shift;
    registers[riscv::pmpaddr1] = (image.base + image.bytes.size()) >> pmpaddr_shift;
  }
  void listen(QemuProcess& process) override {
    log_.restart(process.take_log());
    cached_.clear();
  }

  // An access that was let through has no translation of its own where its page was cached; all others have
  // one, in the order of cells.
  [[nodiscard]] Answer read(std::string_view format, const Probe& probe, const mailbox_cell& cell) override {
    const std::uint64_t page = spelled(format, probe) >> riscv::page_shift;
    const std::uint64_t cause = cell.second & 0xffU;
    const bool went_through = cause == riscv::no_fault;
    if (const auto& next = log_.next();
        next && next->from == page && went_through == (next->ended && !next->denied))
      return take(probe, cause);
    const auto cached = cached_.find(page);
    if (!went_through || cached == cached_.end())
      return not_judged;
    return ok(cached->second, probe);
  }

 private:
  // The highest bit that a guest physical address may have.
  static std::uint64_t sign(std::string_view format) {
    return std::uint64_t{1} << (find_regime(format)->input_bits - 1);
  }
  static Answer ok(std::uint64_t page, const Probe& probe) {
    return {Outcome::ok, page << riscv::page_shift | (probe.address & 0xfffU), std::nullopt};
  }
  Answer take(const Probe& probe, std::uint64_t cause) {
    const RiscvMmuLog::Translation translation = *log_.next();
    log_.advance();
    const bool faulted = riscv::is_guest_page_fault(cause) && !translation.left_memory;
    if (!translation.ended)
      return {faulted ? Outcome::fault : Outcome::not_judged, std::nullopt, std::nullopt};
    cached_[translation.from] = translation.to;
    return ok(translation.to, probe);
  }

  RiscvMmuLog log_;
  std::unordered_map<std::uint64_t, std::uint64_t> cached_; // pages that the batch has met
};

} // namespace

Opened open_qemu_riscv_g() {
  QemuMachine machine = riscv::machine("qemu-riscv64-g");
  machine.logs = "mmu";
  if (auto absent = absence(machine))
    return *absent;
  return Oracle{std::make_unique<QemuRiscvG>(machine), qemu_riscv_deviations(), qemu_riscv_word_deviations()};
}

} // namespace pagetwin::emulators
