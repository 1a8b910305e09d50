// What is counted of L4: the removal of derived mappings (bench/count.hpp). Each returns how many mappings
// went.
#pragma once

#include <cstdint>

namespace pagetwin::bench {

// All that is derived from a page, with its mappings in a row or each derived from the one before: by unmap
// of the page, or by flush of the first of them.
[[nodiscard]] std::uint64_t count_unmap_wide(std::uint64_t derived);
[[nodiscard]] std::uint64_t count_unmap_deep(std::uint64_t derived);
[[nodiscard]] std::uint64_t count_flush_wide(std::uint64_t derived);
[[nodiscard]] std::uint64_t count_flush_deep(std::uint64_t derived);
// A few out of many that are derived from one page, one by one.
[[nodiscard]] std::uint64_t count_flush_few(std::uint64_t derived);
// The mappings of one space, beside those of others.
[[nodiscard]] std::uint64_t count_unmap_beside(std::uint64_t spaces);

} // namespace pagetwin::bench
