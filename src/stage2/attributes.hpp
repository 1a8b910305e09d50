// The two kinds of stage-2 entries that SeKVM writes, in the words of each format: PAGE_S2_KERNEL, normal
// memory with every right, and PAGE_S2_DEVICE | S2_RDWR, device memory that nobody executes. On AArch64 these
// are the bits of SeKVM's own constants, 0xFFF and 0x400000000007C7.
#pragma once

#include "src/arch/aarch64.hpp"
#include "src/arch/ept.hpp"
#include "src/arch/riscv.hpp"

#include <concepts>

namespace pagetwin {

template <class F>
struct S2Attributes;

// MemAttr, and SH above it: Normal write-back and Device-nGnRE, both inner shareable.
template <class F>
  requires std::derived_from<F, Aarch64Stage2>
struct S2Attributes<F> {
  static constexpr Attributes normal{.rights = Rights::read | Rights::write | Rights::execute | Rights::user,
                                     .memory_type = 0b11'1111};
  static constexpr Attributes device{.rights = Rights::read | Rights::write, .memory_type = 0b11'0001};
};
// EPT memory types: write-back and uncacheable.
template <unsigned Levels>
struct S2Attributes<Ept<Levels>> {
  static constexpr Attributes normal{.rights = Rights::read | Rights::write | Rights::execute | Rights::user,
                                     .memory_type = 6};
  static constexpr Attributes device{.rights = Rights::read | Rights::write, .memory_type = 0};
};
// PBMT: PMA and IO. Every guest access counts as a user's, so that there is no right of that name.
template <unsigned Levels>
struct S2Attributes<RiscvGStage<Levels>> {
  static constexpr Attributes normal{.rights = Rights::read | Rights::write | Rights::execute,
                                     .memory_type = 0};
  static constexpr Attributes device{.rights = Rights::read | Rights::write, .memory_type = 2};
};

} // namespace pagetwin
