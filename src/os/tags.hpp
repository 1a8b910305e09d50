// The identifiers by which hardware tells address spaces apart (ASID, PCID), of which there are fewer than
// spaces: handed out until none is left, and then all anew in the next generation. Knows no CPU: whoever
// begins a generation makes every CPU forget everything before an identifier is used again. The scheme is the
// one of operating systems with few identifiers (Arm's ASID allocator in Linux, for one).
#pragma once

#include "src/base/address.hpp"
#include "src/base/bits.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace pagetwin {

struct SpaceTag {
  std::uint64_t generation = 0; // 0: never had one
  SpaceId id{};
};

class Tags {
 public:
  // Identifiers 1 .. count; 0 is nobody's. words: a bit for each of 0 .. count, the caller's.
  Tags(std::span<std::uint64_t> words, unsigned count) : taken_(words), count_(count) { forget(); }

  [[nodiscard]] bool is_current(const SpaceTag& tag) const { return tag.generation == generation_; }
  [[nodiscard]] std::uint64_t generation() const { return generation_; }

  // Nothing when all are taken: time for the next generation.
  [[nodiscard]] std::optional<SpaceTag> take() {
    for (; next_ <= count_; ++next_)
      if (!is_taken(next_))
        return mark(next_);
    return std::nullopt;
  }
  void begin_generation() {
    ++generation_;
    forget();
  }
  // A space that a CPU runs keeps its identifier.
  [[nodiscard]] SpaceTag keep(const SpaceTag& tag) { return mark(raw(tag.id)); }

 private:
  void forget() {
    for (std::uint64_t& word : taken_)
      word = 0;
    next_ = 1;
  }
  [[nodiscard]] bool is_taken(unsigned id) const { return (taken_[id / 64] >> id % 64 & 1U) != 0; }
  [[nodiscard]] SpaceTag mark(unsigned id) {
    taken_[id / 64] |= bytes_of(id % 64);
    return {generation_, SpaceId{static_cast<std::uint16_t>(id)}};
  }

  std::span<std::uint64_t> taken_;
  unsigned count_, next_ = 1;
  std::uint64_t generation_ = 1;
};

} // namespace pagetwin
