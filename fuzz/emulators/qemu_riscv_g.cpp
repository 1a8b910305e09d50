// Sv39x4, Sv48x4 and Sv57x4 as QEMU 7.2 walks them: the G-stage (hgatp) of a guest without a VS-stage (vsatp
// is Bare), so that guest virtual addresses are guest physical ones; Svnapot, Svpbmt, and hardware that sets
// A and D. Physical memory protection lets the image be read, which walks need, and denies all else, so that
// no access does anything. Where an access would have gone no trap tells: mtval2 is the address before the
// translation. And QEMU reports what the protection denies as a guest page fault, too. So both are taken from
// the log that QEMU keeps of its MMU (-d mmu): one line for each translation by the second stage that was not
// cached. Where the TLB is to be seen (watch), the protection lets loads and stores reach what lies beyond
// the image, where there is nothing, and the log (-d guest_errors) says where they went. It refuses to judge
// where the walk leaves the image. Rule: The RISC-V Instruction Set Manual, volume II: hgatp, "Guest Physical
// Address Translation", "Physical Memory Protection".
#include "fuzz/emulators/qemu_deviations.hpp"
#include "fuzz/emulators/qemu_riscv.hpp"
#include "fuzz/emulators/riscv_mmu_log.hpp"
#include "fuzz/emulators/tag_pages.hpp"
#include "fuzz/emulators/unassigned_log.hpp"

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

// Of PMP: three ranges, each from the address of the one before to its own (TOR): of what is below the image,
// of the image, for reading, and of all the rest.
constexpr std::uint64_t denied_range = 0x08U, read_only_range = 0x09U << 8U, rest_denied = 0x08U << 16U,
                        rest_allowed = 0x0bU << 16U;
constexpr unsigned pmpaddr_shift = 2, pmpaddr_bits = 54;

class QemuRiscvG final : public Qemu {
 public:
  explicit QemuRiscvG(const QemuMachine& machine) : Qemu(machine) {}
  [[nodiscard]] bool judges(std::string_view format) const override { return find_regime(format) != nullptr; }
  [[nodiscard]] bool watches(std::string_view format) const override { return judges(format); }

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
    registers[riscv::pmpcfg0] = denied_range | read_only_range | rest_denied;
    registers[riscv::pmpaddr0] = image.base >> pmpaddr_shift;
    registers[riscv::pmpaddr1] = (image.base + image.bytes.size()) >> pmpaddr_shift;
    registers[riscv::pmpaddr2] = (std::uint64_t{1} << pmpaddr_bits) - 1;
    registers[riscv::is_g_stage] = 1;
  }
  void listen(QemuProcess& process) override {
    std::string text = process.take_log();
    if (process.box().step != STEP_WALK)
      return unassigned_.restart(text);
    log_.restart(std::move(text));
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

  // HLV of the kernel and of the user share translations, as of a VS-stage (qemu_riscv.cpp).
  [[nodiscard]] bool asks_access(std::string_view format, const Access& access) const override {
    return !access.probe.user && asks(format, access.probe) && !UnassignedLog::is_assigned(access.before)
           && !UnassignedLog::is_assigned(access.after);
  }
  void lead(QemuProcess& process, const Image&, std::span<const Access>) override {
    process.box().registers[riscv::pmpcfg0] = denied_range | read_only_range | rest_allowed;
  }
  [[nodiscard]] std::uint64_t aim_access(const Probe& probe) const override { return TagPages::aim(probe); }
  [[nodiscard]] Answer read_access(std::string_view, const Probe& probe, const mailbox_cell& cell) override {
    const std::uint64_t cause = cell.second & 0xffU;
    if (cause == riscv::load_access_fault || cause == riscv::store_access_fault)
      return unassigned_.take(probe, aim_access(probe));
    if (cause == riscv::no_fault)
      return UnassignedLog::met_something();
    return {riscv::is_guest_page_fault(cause) ? Outcome::fault : Outcome::not_judged, std::nullopt,
            std::nullopt};
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
  UnassignedLog unassigned_;
  std::unordered_map<std::uint64_t, std::uint64_t> cached_; // pages that the batch has met
};

} // namespace

Opened open_qemu_riscv_g() {
  QemuMachine machine = riscv::machine("qemu-riscv64-g");
  machine.logs = "mmu,guest_errors";
  if (auto absent = absence(machine))
    return *absent;
  return Oracle{std::make_unique<QemuRiscvG>(machine), qemu_riscv_deviations(), qemu_riscv_word_deviations()};
}

} // namespace pagetwin::emulators
