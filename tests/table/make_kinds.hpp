// What kinds.cpp of each test program is made of: the only place of the table tests that knows formats by
// type.
#pragma once

#include "fuzz/machines/table/make.hpp"
#include "fuzz/oracles/tiny_format.hpp"
#include "reference/mmu/mmu.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/table/kinds.hpp"

#include <array>

namespace pagetwin::fuzz {

inline constexpr std::array made_table_kinds{
    TableKind{"x86_64_4", make_subject<X86_64_4, ObservedBacking>, reference::x86_64_4, true},
    TableKind{"x86_64_5", make_subject<X86_64_5, ObservedBacking>, reference::x86_64_5, true},
    TableKind{"tiny", make_subject<Tiny, ObservedBacking>, reference::tiny, true},
    TableKind{"x86_64_4_plain", make_subject<X86_64_4, PlainBacking>, reference::x86_64_4, false},
};

} // namespace pagetwin::fuzz
