// See kinds.cpp.
#include "tests/table/kinds_of.hpp"
#include "tests/table/make_kinds.hpp"

namespace pagetwin::fuzz {

std::span<const TableKind> intel_kinds() {
  static constexpr TableKind kinds[] = {
      observed_kind<X86_64_4, reference::x86_64_4>(), observed_kind<X86_64_5, reference::x86_64_5>(),
      observed_kind<Ept4, reference::ept_4>(), plain_kind<X86_64_4, reference::x86_64_4>("x86_64_4_plain")};
  return kinds;
}

} // namespace pagetwin::fuzz
