// The table tests run over every format; of those that differ in their depth only, EPT with 4 levels. See
// kinds.hpp.
#include "tests/table/make_kinds.hpp"

namespace pagetwin::fuzz {

std::span<const TableKind> table_kinds() {
  static constexpr TableKind kinds[] = {observed_kind<X86_64_4, reference::x86_64_4>(),
                                        observed_kind<X86_64_5, reference::x86_64_5>(),
                                        observed_kind<Ept4, reference::ept_4>(),
                                        observed_kind<RiscvSv39, reference::riscv_sv39>(),
                                        observed_kind<RiscvSv48, reference::riscv_sv48>(),
                                        observed_kind<RiscvSv57, reference::riscv_sv57>(),
                                        observed_kind<Tiny, reference::tiny>(),
                                        observed_kind<TinyWide, reference::tiny_wide>(),
                                        observed_kind<TinyNarrow, reference::tiny_narrow>(),
                                        observed_kind<Tiny32, reference::tiny_32>(),
                                        plain_kind<TinyWide, reference::tiny_wide>("tiny_wide_plain"),
                                        plain_kind<X86_64_4, reference::x86_64_4>("x86_64_4_plain")};
  return kinds;
}

} // namespace pagetwin::fuzz
