// See kinds.hpp.
#include "tests/table/make_kinds.hpp"

namespace pagetwin::fuzz {

std::span<const TableKind> table_kinds() { return made_table_kinds; }

} // namespace pagetwin::fuzz
