// What kinds.cpp of each test program is made of: each lists the formats that its tests run over.
#pragma once

#include "fuzz/machines/table/make.hpp"
#include "fuzz/oracles/tiny_format.hpp"
#include "reference/mmu/mmu.hpp"
#include "src/arch/ept.hpp"
#include "src/arch/riscv.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/table/kinds.hpp"

namespace pagetwin::fuzz {

// Every access observed.
template <Format F, const reference::Mmu& (*Mmu)()>
constexpr TableKind observed_kind() {
  return {F::name.data(), make_subject<F, ObservedBacking>, Mmu};
}
// The instance that ships.
constexpr TableKind plain_kind() {
  return {"x86_64_4_plain", make_subject<X86_64_4, PlainBacking>, reference::x86_64_4};
}

} // namespace pagetwin::fuzz
