// A known deviation in what a foreign MMU writes back: a descriptor that it left otherwise than the manual
// says. As deviation.hpp, for words instead of answers.
#pragma once

#include <cstdint>
#include <string_view>

namespace pagetwin::emulators {

// One descriptor after a batch of probes.
struct WordDifference {
  unsigned level; // ours: 0 is the page; one of them where a damaged table has the node at two
  std::uint64_t before, expected, found;
  bool damaged = false; // bits of the table were flipped before
};

// The bits that only the MMU has set; none if anything else differs.
constexpr std::uint64_t only_found(const WordDifference& difference) {
  const std::uint64_t more = difference.found & ~difference.expected;
  return (difference.expected | more) == difference.found ? more : 0;
}

struct WordDeviation {
  std::string_view name, manual;
  bool (*explains)(std::string_view format, const WordDifference&);
};

} // namespace pagetwin::emulators
