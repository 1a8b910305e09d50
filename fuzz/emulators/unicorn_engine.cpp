#include "fuzz/emulators/unicorn_engine.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

namespace pagetwin::emulators {

namespace {

constexpr std::array regimes{UnicornRegime{"aarch64_s1_4k", 48, 12, 0},
                             UnicornRegime{"aarch64_s1_16k", 47, 14, 2},
                             UnicornRegime{"aarch64_s1_64k", 48, 16, 1}};

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

constexpr std::size_t table_at = 0x1000, code_at = 0x2000, cells_at = UnicornHarness::bytes >> 1U;
// A block of 1 GiB for EL1, accessed.
constexpr std::uint64_t harness_block = UnicornHarness::physical | 0x401;

void check(uc_err error, const char* what) {
  if (error != UC_ERR_OK)
    throw std::runtime_error(std::string("unicorn: ") + what + ": " + uc_strerror(error));
}

// `unexpected` is the engine's, for run() to look at: uc_emu_start() sees no error in a run that was stopped.
void on_exception(uc_engine* uc, std::uint32_t number, void* unexpected) {
  constexpr std::uint32_t data_abort = 4;
  if (number != data_abort) {
    *static_cast<std::optional<std::uint32_t>*>(unexpected) = number;
    static_cast<void>(uc_emu_stop(uc));
    return;
  }
  std::uint64_t pc = 0;
  const std::uint64_t faulted = 1;
  static_cast<void>(uc_reg_read(uc, UC_ARM64_REG_PC, &pc));
  pc += 4;
  static_cast<void>(uc_reg_write(uc, UC_ARM64_REG_X10, &faulted));
  static_cast<void>(uc_reg_write(uc, UC_ARM64_REG_PC, &pc));
}

} // namespace

const UnicornRegime* find_unicorn_regime(std::string_view format) {
  const auto* const found = std::ranges::find(regimes, format, &UnicornRegime::format);
  return found == regimes.end() ? nullptr : found;
}

UnicornHarness::UnicornHarness(std::span<const std::uint32_t> code) : memory_(bytes) {
  std::memcpy(memory_.begin() + table_at, &harness_block, sizeof harness_block);
  std::memcpy(memory_.begin() + code_at, code.data(), code.size_bytes());
}

std::uint64_t UnicornHarness::cell(std::size_t i) const {
  std::uint64_t value = 0;
  std::memcpy(&value, memory_.begin() + cells_at + 8 * i, sizeof value);
  return value;
}

void UnicornHarness::set_cell(std::size_t i, std::uint64_t value) {
  std::memcpy(memory_.begin() + cells_at + 8 * i, &value, sizeof value);
}

UnicornEngine::UnicornEngine(const UnicornHarness& harness) {
  check(uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &uc_), "open");
  check(uc_ctl_set_cpu_model(uc_, UC_CPU_ARM64_MAX), "processor");
  map(UnicornHarness::physical, harness.memory().begin(), harness.memory().size());
  map(UnicornHarness::va, harness.memory().begin(), harness.memory().size());
  set(3, 6, 1, 1, 0, SCR); // before anything else
  set(3, 0, 10, 2, 0, MAIR);
}

UnicornEngine::~UnicornEngine() { uc_close(uc_); }

void UnicornEngine::map(std::uint64_t address, std::byte* memory, std::size_t bytes) {
  check(uc_mem_map_ptr(uc_, address, bytes, UC_PROT_ALL, memory), "memory");
}

void UnicornEngine::survive_aborts() {
  uc_hook hook = 0;
  check(uc_hook_add(uc_, &hook, UC_HOOK_INTR, reinterpret_cast<void*>(on_exception), &unexpected_, 1, 0),
        "hook");
}

void UnicornEngine::use(const UnicornRegime& regime, std::uint64_t root) {
  set(3, 0, 2, 0, 2, TCR_IPS_48 | TCR_TG1_4K | TCR_T1SZ_39 | regime.TG0 << 14U | (64 - regime.input_bits));
  set(3, 0, 2, 0, 0, root);
  set(3, 0, 2, 0, 1, UnicornHarness::physical + table_at);
  set(3, 0, 1, 0, 0, SCTLR);
}

void UnicornEngine::run(std::size_t first, std::size_t end, const Ends& ends) {
  static constexpr std::array<int, 4> registers{UC_ARM64_REG_X1, UC_ARM64_REG_X2, UC_ARM64_REG_X3,
                                                UC_ARM64_REG_X4};
  constexpr std::uint64_t cells = UnicornHarness::va + cells_at, code = UnicornHarness::va + code_at;
  check(uc_reg_write(uc_, UC_ARM64_REG_X0, &cells), "x0");
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const std::uint64_t at = cells + 8 * ends[i];
    check(uc_reg_write(uc_, registers[i], &at), "x1 to x4");
  }
  ++runs_;
  unexpected_.reset();
  check(uc_emu_start(uc_, code + 4 * first, code + 4 * end, 0, 0), "run");
  if (unexpected_)
    throw std::runtime_error("unicorn: run: exception " + std::to_string(*unexpected_)
                             + ", which is no data abort");
}

// A system register by the numbers of its MSR.
void UnicornEngine::set(std::uint32_t op0, std::uint32_t op1, std::uint32_t crn, std::uint32_t crm,
                        std::uint32_t op2, std::uint64_t value) {
  const uc_arm64_cp_reg cell{crn, crm, op0, op1, op2, value};
  check(uc_reg_write(uc_, UC_ARM64_REG_CP_REG, &cell), "system register");
}

} // namespace pagetwin::emulators
