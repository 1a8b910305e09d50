// See kinds.cpp.
#include "tests/table/kinds_of.hpp"
#include "tests/table/make_kinds.hpp"

namespace pagetwin::fuzz {

std::span<const TableKind> riscv_kinds() {
  static constexpr TableKind kinds[] = {observed_kind<RiscvSv39, reference::riscv_sv39>(),
                                        observed_kind<RiscvSv48, reference::riscv_sv48>(),
                                        observed_kind<RiscvSv57, reference::riscv_sv57>(),
                                        observed_kind<RiscvSv39x4, reference::riscv_sv39x4>(),
                                        observed_kind<RiscvSv48x4, reference::riscv_sv48x4>(),
                                        observed_kind<RiscvSv57x4, reference::riscv_sv57x4>()};
  return kinds;
}

} // namespace pagetwin::fuzz
