// The tests of the machines repeat each scenario dozens of times, with allocations that are made to fail: of
// every architecture one format, x86-64 with 5 levels besides, and no instance without an observer. See
// tests/table/kinds.hpp.
#include "tests/table/make_kinds.hpp"

namespace pagetwin::fuzz {

std::span<const TableKind> table_kinds() {
  static constexpr TableKind kinds[] = {observed_kind<X86_64_4, reference::x86_64_4>(),
                                        observed_kind<X86_64_5, reference::x86_64_5>(),
                                        observed_kind<Ept4, reference::ept_4>(),
                                        observed_kind<RiscvSv39, reference::riscv_sv39>(),
                                        observed_kind<Aarch64S1_4k, reference::aarch64_s1_4k>(),
                                        observed_kind<Aarch64S2_4k, reference::aarch64_s2_4k>(),
                                        observed_kind<Armv7, reference::armv7>(),
                                        observed_kind<Tiny, reference::tiny>(),
                                        observed_kind<TinyWide, reference::tiny_wide>(),
                                        observed_kind<TinyNarrow, reference::tiny_narrow>(),
                                        observed_kind<Tiny32, reference::tiny_32>()};
  return kinds;
}

} // namespace pagetwin::fuzz
