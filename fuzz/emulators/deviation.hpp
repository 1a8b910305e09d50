// A known deviation of a foreign MMU: a difference between its answer and the manual's that somebody has
// looked at, with the section that says who is right. It refuses to count: fuzz/machines/foreign does, and
// calls an entry that never explains anything an error.
#pragma once

#include "fuzz/emulators/emulator.hpp"

#include <array>

namespace pagetwin::emulators {

// The walk as the reference sees it.
struct Expected {
  Outcome outcome;
  std::optional<std::uint64_t> pa;
  unsigned level; // of the last descriptor read, ours: 0 is the page
  std::array<std::uint64_t, 5> words;
  unsigned words_count;
};

[[nodiscard]] inline std::uint64_t last_word(const Expected& expected) {
  return expected.words_count == 0 ? 0 : expected.words[expected.words_count - 1];
}

struct Deviation {
  std::string_view name, manual;
  bool (*explains)(std::string_view format, const Probe&, const Expected&, const Answer&);
};

} // namespace pagetwin::emulators
