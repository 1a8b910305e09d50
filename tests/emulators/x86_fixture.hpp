// What the tests of x86-64 walkers share: bits of an entry, and tables that allow everything.
#pragma once

#include "fuzz/emulators/x86_harness.hpp"
#include "tests/emulators/fixture.hpp"

namespace pagetwin::emulators {

inline std::uint64_t x86_link(std::uint64_t node) {
  return node | x86_entry::P | x86_entry::RW | x86_entry::US;
}
inline Tables x86_tables(unsigned levels) { return {levels, 4096, 4096, x86_link}; }

} // namespace pagetwin::emulators
