// What guests/riscv64.S needs to know of a table, and what it answers, for both stages. Rule: The RISC-V
// Instruction Set Manual, volume II: satp and hgatp, pmpcfg and pmpaddr, mcause.
#pragma once

#include "fuzz/emulators/qemu.hpp"

namespace pagetwin::emulators::riscv {

// Registers of the mailbox.
enum : std::uint8_t { vsatp, hgatp, pmpcfg0, pmpaddr0, pmpaddr1, pmpaddr2, is_g_stage };

// QEMU's spike machine, which has nothing above its RAM, where the virt machine has a bus that answers.
inline constexpr std::uint64_t ram_base = std::uint64_t{2} << 30U;
inline constexpr unsigned page_shift = 12;

// mcause. An access that went through has none.
inline constexpr std::uint64_t no_fault = 255, load_access_fault = 5, store_access_fault = 7,
                               fetch_page_fault = 12, load_page_fault = 13, store_page_fault = 15,
                               fetch_guest_page_fault = 20, load_guest_page_fault = 21,
                               store_guest_page_fault = 23;

[[nodiscard]] constexpr bool is_guest_page_fault(std::uint64_t cause) {
  return cause == fetch_guest_page_fault || cause == load_guest_page_fault || cause == store_guest_page_fault;
}

// Of vsatp or hgatp, which are made alike.
struct Regime {
  std::string_view format;
  std::uint64_t MODE;
  [[nodiscard]] std::uint64_t root(std::uint64_t address) const {
    return MODE << 60U | address >> page_shift;
  }
};

[[nodiscard]] QemuMachine machine(std::string_view name);

} // namespace pagetwin::emulators::riscv
