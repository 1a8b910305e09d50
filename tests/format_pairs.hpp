// Each format of src with the reference's walker for it, once: the tests that compare the two run over these
// lists.
#pragma once

#include "fuzz/oracles/tiny_32_format.hpp"
#include "fuzz/oracles/tiny_format.hpp"
#include "reference/mmu/mmu.hpp"
#include "src/arch/all.hpp"

#include <gtest/gtest.h>
#include <string>

namespace pagetwin::fuzz {

template <Format F, const reference::Mmu& (*Mmu)()>
struct FormatPair {
  using Format = F;
  static const reference::Mmu& mmu() { return Mmu(); }
};

using FormatPairs = testing::Types<
    FormatPair<X86_64_4, reference::x86_64_4>, FormatPair<X86_64_5, reference::x86_64_5>,
    FormatPair<Ept4, reference::ept_4>, FormatPair<Ept5, reference::ept_5>,
    FormatPair<Aarch64S1_4k, reference::aarch64_s1_4k>, FormatPair<Aarch64S1_16k, reference::aarch64_s1_16k>,
    FormatPair<Aarch64S1_64k, reference::aarch64_s1_64k>,
    FormatPair<Aarch64S1_4kLpa2, reference::aarch64_s1_4k_lpa2>,
    FormatPair<Aarch64S1_16kLpa2, reference::aarch64_s1_16k_lpa2>,
    FormatPair<Aarch64S2_4k, reference::aarch64_s2_4k>, FormatPair<Aarch64S2_16k, reference::aarch64_s2_16k>,
    FormatPair<Aarch64S2_64k, reference::aarch64_s2_64k>, FormatPair<RiscvSv39, reference::riscv_sv39>,
    FormatPair<RiscvSv48, reference::riscv_sv48>, FormatPair<RiscvSv57, reference::riscv_sv57>,
    FormatPair<RiscvSv39x4, reference::riscv_sv39x4>, FormatPair<RiscvSv48x4, reference::riscv_sv48x4>,
    FormatPair<RiscvSv57x4, reference::riscv_sv57x4>, FormatPair<Armv7, reference::armv7>,
    FormatPair<Tiny, reference::tiny>, FormatPair<TinyWide, reference::tiny_wide>,
    FormatPair<TinyNarrow, reference::tiny_narrow>, FormatPair<Tiny32, reference::tiny_32>>;

// Names a typed test after its format.
struct NameOfPair {
  template <class P>
  static std::string GetName(int) {
    return std::string{P::Format::name};
  }
};

} // namespace pagetwin::fuzz
