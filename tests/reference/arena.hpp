// Host bytes for hand-made tables. It refuses to know what is written there.
#pragma once

#include "reference/mmu/memory.hpp"

#include <cstdint>
#include <vector>

namespace reference {

class Arena {
 public:
  Arena(std::uint64_t pa_base, std::uint64_t size) : bytes_(size), memory_{bytes_.data(), pa_base, size} {}

  [[nodiscard]] const PhysicalMemory& memory() const { return memory_; }
  void put(std::uint64_t pa, std::uint64_t raw) { memory_.store(pa, raw); }
  [[nodiscard]] std::uint64_t at(std::uint64_t pa) const { return memory_.load(pa).value_or(0); }
  [[nodiscard]] std::vector<unsigned char> bytes() const { return bytes_; }

 private:
  std::vector<unsigned char> bytes_;
  PhysicalMemory memory_;
};

} // namespace reference
