// Sv39, Sv48 and Sv57 as QEMU 7.2 walks them, with Svnapot, Svpbmt and hardware that sets A and D: its
// processors have no other way. The table is walked as the VS-stage of a guest whose G-stage maps what the
// image covers, for reading only. So a store, a fetch and a load elsewhere fault with their physical address;
// only of loads from within the image nobody learns where they went. SUM is 1: a hypervisor's load does not
// heed vsstatus.SUM (guests/riscv64.S).
// Rule: The RISC-V Instruction Set Manual, volume II: Sv39x4, satp and hgatp, mcause, mtval2, and mtinst of a
// fault in the implicit access of a walk.
#include "fuzz/emulators/qemu_riscv.hpp"

#include "fuzz/emulators/qemu_deviations.hpp"
#include "fuzz/emulators/tag_pages.hpp"

#include <algorithm>
#include <cstring>

namespace pagetwin::emulators {

namespace {

constexpr std::array regimes{riscv::Regime{"riscv_sv39", 8}, riscv::Regime{"riscv_sv48", 9},
                             riscv::Regime{"riscv_sv57", 10}};

const riscv::Regime* find_regime(std::string_view format) {
  const auto* const found = std::ranges::find(regimes, format, &riscv::Regime::format);
  return found == regimes.end() ? nullptr : found;
}

// The harness's G-stage, Sv39x4, lies above the mailbox: a root of 16 KiB, a table for each GiB of images,
// and one for their last 2 MiB.
using riscv::page_shift, riscv::ram_base;
constexpr std::size_t g_stage_at = std::size_t{4} << 20U, middle_at = g_stage_at + 0x4000,
                      middle_tables = image_bytes >> 30U, last_at = middle_at + middle_tables * 0x1000;
constexpr std::uint64_t middle_shift = 21, root_shift = 30;
constexpr std::size_t page = std::size_t{1} << page_shift;
constexpr std::uint64_t V = 1, R = 2, U = 16, A = 64, D = 128;
constexpr riscv::Regime g_stage{"riscv_sv39x4", 8};
// Of PMP, all of memory to everyone: NAPOT, X, W and R.
constexpr std::uint64_t everything = ~std::uint64_t{0}, to_everyone = 0x1f;

std::uint64_t entry(std::uint64_t address, std::uint64_t bits) {
  return address >> page_shift << 10U | bits | V;
}
constexpr std::uint64_t readable = R | U | A | D;

// The harness's other G-stage, for loads and stores that go on: Sv57x4.
constexpr std::size_t tags_at = std::size_t{64} << 20U, tags_bytes = std::size_t{64} << 20U;
constexpr std::uint64_t W = 4, access_bits = 59;
constexpr riscv::Regime access_g_stage{"riscv_sv57x4", 10};
constexpr StageShape access_stage{5, 4 * TagPages::page_bytes,
                                  [](std::uint64_t physical) { return entry(physical, 0); },
                                  [](std::uint64_t table) { return table >> 10U << page_shift; },
                                  [](std::uint64_t physical, unsigned, bool writable) {
                                    return entry(physical, writable ? readable | W : readable);
                                  }};

// "a read for VS-stage address translation": the walk itself left the image.
constexpr std::uint64_t walk_left = 0x3000;

class QemuRiscv final : public Qemu {
 public:
  explicit QemuRiscv(const QemuMachine& machine) : Qemu(machine) {}
  [[nodiscard]] bool judges(std::string_view format) const override { return find_regime(format) != nullptr; }
  [[nodiscard]] bool watches(std::string_view format) const override { return judges(format); }

 protected:
  void prepare(QemuProcess& process, std::string_view format, const Image& image) override {
    auto& registers = process.box().registers;
    registers[riscv::vsatp] = find_regime(format)->root(image.root);
    registers[riscv::hgatp] = g_stage.root(ram_base + g_stage_at);
    registers[riscv::pmpcfg0] = to_everyone;
    registers[riscv::pmpaddr0] = everything;
    registers[riscv::pmpaddr1] = registers[riscv::pmpaddr2] = registers[riscv::is_g_stage] = 0;
    if (mapped_ != image.bytes.size())
      map(process, image.bytes.size());
    mapped_ = image.bytes.size();
  }
  void start(QemuProcess&) override { mapped_ = 0; }

  [[nodiscard]] Answer read(std::string_view, const Probe& probe, const mailbox_cell& cell) override {
    const std::uint64_t cause = cell.second & 0xffU, instruction = cell.second >> 8U;
    if (cause == riscv::no_fault)
      return {Outcome::ok, std::nullopt, std::nullopt};
    if (cause == riscv::fetch_page_fault || cause == riscv::load_page_fault
        || cause == riscv::store_page_fault)
      return {Outcome::fault, std::nullopt, std::nullopt};
    if (!riscv::is_guest_page_fault(cause) || instruction == walk_left)
      return not_judged;
    return {Outcome::ok, (cell.first & ~std::uint64_t{0xfff}) | (probe.address & 0xfffU), std::nullopt};
  }

  // HLV of the kernel and of the user share translations, so that one of them would have to invalidate.
  [[nodiscard]] bool asks_access(std::string_view, const Access& access) const override {
    return !access.probe.user;
  }
  void lead(QemuProcess& process, const Image& image, std::span<const Access> accesses) override {
    TagPages pages(process.ram(tags_at, tags_bytes), ram_base + tags_at, access_stage);
    pages.map_to_itself(image.base, image.bytes.size(), false);
    for (const std::uint64_t frame : frames_of(accesses))
      if (frame >> access_bits == 0)
        pages.tag(frame);
    process.box().registers[riscv::hgatp] = access_g_stage.root(ram_base + tags_at);
  }
  [[nodiscard]] std::uint64_t aim_access(const Probe& probe) const override { return TagPages::aim(probe); }
  [[nodiscard]] Answer read_access(std::string_view format, const Probe& probe,
                                   const mailbox_cell& cell) override {
    if ((cell.second & 0xffU) == riscv::no_fault)
      return TagPages::answer(probe, cell.first);
    return read(format, probe, cell);
  }

 private:
  static void put(QemuProcess& process, std::size_t table, std::size_t index, std::uint64_t word) {
    std::memcpy(process.ram(table + 8 * index, 8).data(), &word, 8);
  }
  // What lies wholly in the image as 2 MiB, the rest as pages. The last may be there in part: behind it are
  // zeros.
  static void map(QemuProcess& process, std::size_t bytes) {
    for (std::size_t i = 0; i < middle_tables; ++i)
      put(process, g_stage_at, (image_base >> root_shift) + i, entry(ram_base + middle_at + i * 0x1000, 0));
    const std::size_t all = (bytes + page - 1) >> page_shift, whole = all / 512, pages = all % 512;
    for (std::size_t i = 0; i < middle_tables * 512; ++i)
      put(process, middle_at, i, i < whole ? entry(image_base + (i << middle_shift), readable) : 0);
    if (whole < middle_tables * 512)
      put(process, middle_at, whole, entry(ram_base + last_at, 0));
    for (std::size_t i = 0; i < 512; ++i)
      put(process, last_at, i,
          i < pages ? entry(image_base + (whole << middle_shift) + (i << page_shift), readable) : 0);
  }

  std::size_t mapped_ = 0; // bytes of the image in the G-stage
};

} // namespace

QemuMachine riscv::machine(std::string_view name) {
  return {name,
          "qemu-system-riscv64",
          "riscv64.elf",
          {"-M", "spike,memory-backend=ram", "-cpu", "rv64,svnapot=on,svpbmt=on,svinval=on", "-bios", "none",
           "-semihosting-config", "enable=on,target=native,chardev=harness"},
          image_base - ram_base + image_bytes,
          std::size_t{1} << 20U,
          image_base - ram_base};
}

Opened open_qemu_riscv() {
  const QemuMachine machine = riscv::machine("qemu-riscv64");
  if (auto absent = absence(machine))
    return *absent;
  return Oracle{std::make_unique<QemuRiscv>(machine), qemu_riscv_deviations(), qemu_riscv_word_deviations()};
}

} // namespace pagetwin::emulators
