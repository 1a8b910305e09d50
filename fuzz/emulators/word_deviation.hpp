// A known deviation in what a foreign MMU writes back: a descriptor that it left otherwise than the manual
// says. As deviation.hpp, for words instead of answers.
#pragma once

#include <cstdint>
#include <string_view>

namespace pagetwin::emulators {

// One descriptor after a batch of probes.
struct WordDifference {
  unsigned level; // ours: 0 is the page
  std::uint64_t before, expected, found;
};

struct WordDeviation {
  std::string_view name, manual;
  bool (*explains)(std::string_view format, const WordDifference&);
};

} // namespace pagetwin::emulators
