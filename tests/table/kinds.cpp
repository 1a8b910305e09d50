// The table tests run over every format; of those that differ in their depth only, EPT with 4 levels. A table
// takes long to compile, so that each architecture has a file of its own. See kinds.hpp.
#include "tests/table/kinds_of.hpp"

#include <vector>

namespace pagetwin::fuzz {

std::span<const TableKind> table_kinds() {
  static const std::vector<TableKind> kinds = [] {
    std::vector<TableKind> all;
    for (const auto some : {intel_kinds(), arm_kinds(), riscv_kinds(), tiny_kinds()})
      all.insert(all.end(), some.begin(), some.end());
    return all;
  }();
  return kinds;
}

} // namespace pagetwin::fuzz
