// The parts that kinds.cpp puts together, one file each.
#pragma once

#include "tests/table/kinds.hpp"

namespace pagetwin::fuzz {

[[nodiscard]] std::span<const TableKind> intel_kinds();
[[nodiscard]] std::span<const TableKind> arm_kinds();
[[nodiscard]] std::span<const TableKind> riscv_kinds();
[[nodiscard]] std::span<const TableKind> tiny_kinds();

} // namespace pagetwin::fuzz
