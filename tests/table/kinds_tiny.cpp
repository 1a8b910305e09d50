// See kinds.cpp.
#include "tests/table/kinds_of.hpp"
#include "tests/table/make_kinds.hpp"

namespace pagetwin::fuzz {

std::span<const TableKind> tiny_kinds() {
  static constexpr TableKind kinds[] = {
      observed_kind<Tiny, reference::tiny>(), observed_kind<TinyWide, reference::tiny_wide>(),
      observed_kind<TinyNarrow, reference::tiny_narrow>(), observed_kind<Tiny32, reference::tiny_32>(),
      plain_kind<TinyWide, reference::tiny_wide>("tiny_wide_plain")};
  return kinds;
}

} // namespace pagetwin::fuzz
