// What kinds.cpp of each test program is made of: each lists the formats that its tests run over.
#pragma once

#include "fuzz/machines/table/make.hpp"
#include "fuzz/oracles/tiny_32_format.hpp"
#include "fuzz/oracles/tiny_format.hpp"
#include "reference/mmu/mmu.hpp"
#include "src/arch/all.hpp"
#include "tests/table/kinds.hpp"

namespace pagetwin::fuzz {

// Every access observed.
template <Format F, const reference::Mmu& (*Mmu)()>
constexpr TableKind observed_kind() {
  return {F::name.data(), make_subject<F, ObservedBacking>, Mmu};
}
// The instance that ships, and one with a root of several nodes.
template <Format F, const reference::Mmu& (*Mmu)()>
constexpr TableKind plain_kind(const char* name) {
  return {name, make_subject<F, PlainBacking>, Mmu};
}

} // namespace pagetwin::fuzz
