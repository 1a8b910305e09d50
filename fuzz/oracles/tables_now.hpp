// What the oracles of order ask of the machine while an operation runs: where the tables are, and what they
// said before. It refuses to judge.
#pragma once

#include "reference/attributes.hpp"

#include <cstdint>
#include <optional>

namespace pagetwin::fuzz {

class TablesNow {
 public:
  virtual ~TablesNow() = default;
  // 0: there is no such space.
  [[nodiscard]] virtual std::uint64_t root_now(unsigned space) const = 0;
  // Of the model, which has not heard of the operation yet.
  [[nodiscard]] virtual std::optional<reference::Translation> before(unsigned space,
                                                                     std::uint64_t va) const = 0;
};

// The addresses of one space that an operation may change, both ends included.
struct Request {
  unsigned space = 0;
  std::uint64_t first = 0, last = ~std::uint64_t{0};

  [[nodiscard]] bool covers(unsigned in, std::uint64_t va) const {
    return in == space && first <= va && va <= last;
  }
};

} // namespace pagetwin::fuzz
