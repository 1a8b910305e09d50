// See kinds.cpp.
#include "tests/table/kinds_of.hpp"
#include "tests/table/make_kinds.hpp"

namespace pagetwin::fuzz {

std::span<const TableKind> arm_kinds() {
  static constexpr TableKind kinds[] = {observed_kind<Aarch64S1_4k, reference::aarch64_s1_4k>(),
                                        observed_kind<Aarch64S1_16k, reference::aarch64_s1_16k>(),
                                        observed_kind<Aarch64S1_64k, reference::aarch64_s1_64k>(),
                                        observed_kind<Aarch64S1_4kLpa2, reference::aarch64_s1_4k_lpa2>(),
                                        observed_kind<Aarch64S1_16kLpa2, reference::aarch64_s1_16k_lpa2>(),
                                        observed_kind<Aarch64S2_4k, reference::aarch64_s2_4k>(),
                                        observed_kind<Aarch64S2_16k, reference::aarch64_s2_16k>(),
                                        observed_kind<Aarch64S2_64k, reference::aarch64_s2_64k>(),
                                        observed_kind<Armv7, reference::armv7>()};
  return kinds;
}

} // namespace pagetwin::fuzz
