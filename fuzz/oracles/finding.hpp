// How an oracle says what it found: a Divergence with its text built only when there is one.
#pragma once

#include "fuzz/twin/machine.hpp"

#include <cstdarg>

namespace pagetwin::fuzz {

using Verdict = twin::Verdict;

// Where everything is judged, so that the counts are whole, and the first finding is told.
inline void keep_first(Verdict& first, Verdict next) {
  if (!first)
    first = std::move(next);
}

// As std::snprintf, into a string of any length up to 511 characters.
[[nodiscard]] [[gnu::format(printf, 1, 2)]] std::string format(const char* text, ...);

// key: what stays the same for the same bug, never an address. headline: one line.
[[nodiscard]] twin::Divergence finding(const char* oracle, std::uint64_t address, std::string key,
                                       std::string headline, std::string details = {});

// A finding that make() puts into words, out of line: its strings take no place, and cost no poisoning, on
// the stack of those who nearly always find nothing.
template <class Make>
[[nodiscard]] [[gnu::cold, gnu::noinline]] Verdict tell(const Make make) {
  return make();
}

} // namespace pagetwin::fuzz
