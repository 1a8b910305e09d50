// libunicorn 2.0.1 in this process: the walker of QEMU 5.0 for stage 1 of AArch64, asked by the instruction
// AT (Arm ARM, DDI 0487, C6.2 "AT", D23.2 "PAR_EL1"), which walks anew each time, so that no TLB is in the
// way. The harness runs at EL1 out of the upper range of addresses (TTBR1_EL1); all of the lower one belongs
// to the table under test. It refuses to judge instruction fetches, which AT cannot ask for, and x86 and
// RISC-V, which this version of the library does not translate as hardware does.
#include "fuzz/emulators/host_memory.hpp"
#include "fuzz/emulators/lpae_status.hpp"
#include "fuzz/emulators/oracles.hpp"
#include "fuzz/emulators/unicorn_deviations.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <unicorn/unicorn.h>

namespace pagetwin::emulators {

namespace {

struct Regime {
  std::string_view format;
  unsigned input_bits, granule_shift;
  std::uint64_t TG0; // of TCR_EL1
};
constexpr std::array regimes{Regime{"aarch64_s1_4k", 48, 12, 0}, Regime{"aarch64_s1_16k", 47, 14, 2},
                             Regime{"aarch64_s1_64k", 48, 16, 1}};

const Regime* find_regime(std::string_view format) {
  const auto* const found = std::ranges::find(regimes, format, &Regime::format);
  return found == regimes.end() ? nullptr : found;
}

// TCR_EL1. IPS: 48 bits of output. TG1 and T1SZ: 4 KiB granules and 39 bits for the harness. HA and
// HD stay 0, and AF is the software's business: this walker knows no FEAT_HAFDBS.
constexpr std::uint64_t TCR_IPS_48 = std::uint64_t{5} << 32, TCR_TG1_4K = std::uint64_t{2} << 30,
                        TCR_T1SZ_39 = std::uint64_t{25} << 16;
// SCTLR_EL1: M and C, and bits 29, 28, 23 (SPAN), 22, 20, 11, 8 and 7, which are 1 without later extensions.
constexpr std::uint64_t SCTLR = 0x30d0'0985;
// SCR_EL3: RW, so that EL1 is AArch64, which the walker would not believe otherwise, and HCE. With NS,
// nothing runs: the processor starts in Secure state. NS and NSTable of descriptors change no answer.
constexpr std::uint64_t SCR = 0x500;
constexpr std::uint64_t MAIR = 0xff;

// The harness, at physical address 0 and at the start of the upper range.
constexpr std::uint64_t harness_va = 0xffff'ff80'0000'0000;
constexpr std::size_t harness_bytes = std::size_t{2} << 20U, table_at = 0x1000, code_at = 0x2000,
                      cells_at = std::size_t{1} << 20U, most_cells = (harness_bytes - cells_at) / 8;
// A block of 1 GiB at address 0, for EL1, accessed.
constexpr std::uint64_t harness_block = 0x401;

// Physical memory for tables; what an image does not fill stays zero.
constexpr std::size_t table_bytes = std::size_t{8} << 30U;

// libunicorn keeps some memory for each run: 512 MiB after 150,000 of them.
constexpr unsigned runs_per_engine = 20'000;

// The four questions, in the order in which the code asks them.
enum Question : std::uint8_t { e1_read, e1_write, e0_read, e0_write };
constexpr unsigned questions = 4;

constexpr std::uint32_t at_x9(Question q) { return 0xd508'7809U | std::uint32_t{q} << 5U; }

// For each question, cells from x0 on hold addresses, up to what x1, x2, x3 or x4 say; answers replace them.
constexpr auto make_code() {
  std::array<std::uint32_t, std::size_t{8} * questions> code{};
  for (std::uint32_t q = 0; q < questions; ++q) {
    const std::array<std::uint32_t, 8> ask{
        0x1400'0006U,                    // b       cmp
        0xf940'0009U,                    // ldr     x9, [x0]
        at_x9(static_cast<Question>(q)), // at      s1e1r | s1e1w | s1e0r | s1e0w, x9
        0xd503'3fdfU,                    // isb
        0xd538'7409U,                    // mrs     x9, par_el1
        0xf800'8409U,                    // str     x9, [x0], #8
        0xeb00'001fU | (q + 1) << 16U,   // cmp     x0, x1 | x2 | x3 | x4
        0x54ff'ff43U,                    // b.lo    ldr
    };
    std::ranges::copy(ask, code.begin() + std::ptrdiff_t{8} * q);
  }
  return code;
}
constexpr auto code = make_code();

// A bit 55 that is set selects the harness's own table.
constexpr bool is_upper(std::uint64_t va) { return (va >> 55U & 1U) != 0; }

std::optional<Question> question(const Probe& probe) {
  if (probe.kind == Kind::execute || is_upper(probe.address))
    return std::nullopt;
  const bool write = probe.kind == Kind::write;
  if (probe.user)
    return write ? e0_write : e0_read;
  return write ? e1_write : e1_read;
}

// PAR_EL1: F in bit 0; with it FST in bits 6:1. What is no fault of the table is no walk that ends well.
Answer read_par(std::uint64_t par, std::uint64_t va) {
  if ((par & 1U) == 0)
    return {Outcome::ok, (par & 0xffff'ffff'f000U) | (va & 0xfffU), std::nullopt};
  constexpr Answer other{Outcome::reserved, std::nullopt, std::nullopt};
  return lpae::read_status(par >> 1U & 0x3fU, 3).value_or(other);
}

void check(uc_err error, const char* what) {
  if (error != UC_ERR_OK)
    throw std::runtime_error(std::string("unicorn: ") + what + ": " + uc_strerror(error));
}

// One virtual processor over the two memories.
class Engine {
 public:
  Engine(const HostMemory& harness, const HostMemory& tables, std::uint64_t tables_base) {
    check(uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &uc_), "open");
    check(uc_ctl_set_cpu_model(uc_, UC_CPU_ARM64_MAX), "processor");
    map(0, harness);
    // A region is also looked up by the virtual address of what runs.
    map(harness_va, harness);
    map(tables_base, tables);
    set(3, 6, 1, 1, 0, SCR); // before anything else
    set(3, 0, 10, 2, 0, MAIR);
  }
  ~Engine() { uc_close(uc_); }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void use(const Regime& regime, std::uint64_t root) {
    set(3, 0, 2, 0, 2, TCR_IPS_48 | TCR_TG1_4K | TCR_T1SZ_39 | regime.TG0 << 14U | (64 - regime.input_bits));
    set(3, 0, 2, 0, 0, root);
    set(3, 0, 2, 0, 1, table_at);
    set(3, 0, 1, 0, 0, SCTLR);
  }
  // ends: of the cells of each question.
  void run(const std::array<std::size_t, questions>& ends) {
    static constexpr std::array<int, questions> registers{UC_ARM64_REG_X1, UC_ARM64_REG_X2, UC_ARM64_REG_X3,
                                                          UC_ARM64_REG_X4};
    const std::uint64_t cells = harness_va + cells_at, begin = harness_va + code_at;
    check(uc_reg_write(uc_, UC_ARM64_REG_X0, &cells), "x0");
    for (unsigned q = 0; q < questions; ++q) {
      const std::uint64_t end = cells + 8 * ends[q];
      check(uc_reg_write(uc_, registers[q], &end), "x1 to x4");
    }
    check(uc_emu_start(uc_, begin, begin + sizeof code, 0, 0), "run");
  }

 private:
  void map(std::uint64_t address, const HostMemory& memory) {
    check(uc_mem_map_ptr(uc_, address, memory.size(), UC_PROT_ALL, memory.begin()), "memory");
  }
  // A system register by the numbers of its MSR.
  void set(std::uint32_t op0, std::uint32_t op1, std::uint32_t crn, std::uint32_t crm, std::uint32_t op2,
           std::uint64_t value) {
    const uc_arm64_cp_reg cell{crn, crm, op0, op1, op2, value};
    check(uc_reg_write(uc_, UC_ARM64_REG_CP_REG, &cell), "system register");
  }

  uc_engine* uc_ = nullptr;
};

class Unicorn final : public Emulator {
 public:
  Unicorn() : harness_(harness_bytes), tables_(table_bytes) {
    std::memcpy(harness_.begin() + table_at, &harness_block, sizeof harness_block);
    std::memcpy(harness_.begin() + code_at, code.data(), sizeof code);
  }
  [[nodiscard]] std::string_view name() const override { return "unicorn"; }
  [[nodiscard]] bool judges(std::string_view format) const override { return find_regime(format) != nullptr; }
  [[nodiscard]] bool writes_back() const override { return false; }

  void walk(std::string_view format, Image image, std::span<const Probe> probes,
            std::span<Answer> answers) override {
    prepare(image).use(*find_regime(format), image.root);
    for (std::size_t from = 0; from < probes.size(); from += most_cells) {
      const std::size_t count = std::min(most_cells, probes.size() - from);
      ask(probes.subspan(from, count), answers.subspan(from, count));
    }
  }

 private:
  Engine& prepare(const Image& image) {
    if (image.bytes.size() > tables_.size())
      throw std::runtime_error("unicorn: a table of more than 8 GiB");
    std::memcpy(tables_.begin(), image.bytes.data(), image.bytes.size());
    if (used_ > image.bytes.size()) // of the last one
      std::ranges::fill(tables_.part(image.bytes.size(), used_ - image.bytes.size()), std::byte{0});
    used_ = image.bytes.size();
    if (engine_ == nullptr || base_ != image.base || runs_ == runs_per_engine) {
      engine_.reset(); // two would hold twice the memory
      engine_ = std::make_unique<Engine>(harness_, tables_, image.base);
      base_ = image.base;
      runs_ = 0;
    }
    return *engine_;
  }

  void ask(std::span<const Probe> probes, std::span<Answer> answers) {
    std::array<std::size_t, questions> ends{};
    order_.clear();
    for (unsigned q = 0; q < questions; ++q) {
      for (std::size_t i = 0; i < probes.size(); ++i)
        if (question(probes[i]) == static_cast<Question>(q))
          order_.push_back(i);
      ends[q] = order_.size();
    }
    for (std::size_t cell = 0; cell < order_.size(); ++cell)
      std::memcpy(cell_at(cell), &probes[order_[cell]].address, 8);
    ++runs_;
    engine_->run(ends);
    std::ranges::fill(answers, Answer{Outcome::not_judged, std::nullopt, std::nullopt});
    for (std::size_t cell = 0; cell < order_.size(); ++cell) {
      std::uint64_t par = 0;
      std::memcpy(&par, cell_at(cell), sizeof par);
      answers[order_[cell]] = read_par(par, probes[order_[cell]].address);
    }
  }

  [[nodiscard]] std::byte* cell_at(std::size_t cell) const { return harness_.begin() + cells_at + 8 * cell; }

  HostMemory harness_, tables_;
  std::unique_ptr<Engine> engine_;
  std::uint64_t base_ = 0;
  std::size_t used_ = 0; // bytes of tables_ that may not be zero
  unsigned runs_ = 0;
  std::vector<std::size_t> order_; // which probe is in which cell
};

} // namespace

Opened open_unicorn() { return Oracle{std::make_unique<Unicorn>(), unicorn_deviations(), {}}; }

} // namespace pagetwin::emulators
