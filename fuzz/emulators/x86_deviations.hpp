// What more than one MMU does otherwise with x86-64 tables than the reference. Rule: Intel SDM 3A,
// chapter "Paging", Accessed and Dirty Flags.
#pragma once

#include "fuzz/emulators/word_deviation.hpp"
#include "fuzz/emulators/x86_harness.hpp"

namespace pagetwin::emulators {

// The walker sets A as it goes down; the reference only when all goes well. The level would tell tables from
// pages, but a damaged table may have a node at two levels.
inline constexpr WordDeviation x86_marks_tables_of_a_fault{
    "A of tables on the way to a fault",
    "Intel SDM 3A, Accessed and Dirty Flags: set whenever an entry is used for a translation, so "
    "both are right",
    [](std::string_view, const WordDifference& difference) {
      using namespace x86_entry;
      return (difference.before & (P | PS)) == P && only_found(difference) == A;
    }};

} // namespace pagetwin::emulators
