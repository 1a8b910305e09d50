// Draws verbs with given weights. It refuses to know where the weights come from.
#pragma once

#include "fuzz/twin/rng.hpp"

#include <cstddef>
#include <vector>

namespace pagetwin::twin {

class VerbDice {
 public:
  void add(std::uint8_t verb, std::uint64_t weight) {
    total_ += weight;
    if (weight != 0)
      faces_.push_back({verb, total_});
  }

  [[nodiscard]] bool empty() const { return faces_.empty(); }

  // Verb 0 when there is none to draw.
  [[nodiscard]] std::uint8_t roll(Rng& rng) const {
    const std::uint64_t point = rng.below(total_);
    for (const Face& face : faces_) {
      if (point < face.end)
        return face.verb;
    }
    return 0;
  }

 private:
  struct Face {
    std::uint8_t verb;
    std::uint64_t end; // of its stretch of 0 .. total_
  };
  std::vector<Face> faces_;
  std::uint64_t total_ = 0;
};

} // namespace pagetwin::twin
