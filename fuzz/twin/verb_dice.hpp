// Draws verbs with given weights. It refuses to know where the weights come from.
#pragma once

#include "fuzz/twin/rng.hpp"

#include <array>
#include <cstddef>

namespace pagetwin::twin {

class VerbDice {
 public:
  void add(std::uint8_t verb, std::uint64_t weight) {
    total_ += weight;
    if (weight != 0 && faces_ < most_faces)
      face_[faces_++] = {verb, total_};
  }

  [[nodiscard]] bool empty() const { return faces_ == 0; }

  // Verb 0 when there is none to draw.
  [[nodiscard]] std::uint8_t roll(Rng& rng) const {
    const std::uint64_t point = rng.below(total_);
    for (std::size_t i = 0; i < faces_; ++i) {
      if (point < face_[i].end)
        return face_[i].verb;
    }
    return 0;
  }

 private:
  struct Face {
    std::uint8_t verb;
    std::uint64_t end; // of its stretch of 0 .. total_
  };
  static constexpr std::size_t most_faces = 32; // verbs of a schema; no heap, as every program has its dice
  std::array<Face, most_faces> face_{};
  std::size_t faces_ = 0;
  std::uint64_t total_ = 0;
};

} // namespace pagetwin::twin
