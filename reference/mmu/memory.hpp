// Physical memory as the walker sees it: a window [pa_base, pa_base + size) of host bytes.
// It refuses to know what the bytes are. Whatever lies outside the window answers nothing.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>

namespace reference {

struct PhysicalMemory {
  unsigned char* base = nullptr;
  std::uint64_t pa_base = 0;
  std::uint64_t size = 0;

  [[nodiscard]] bool contains(std::uint64_t pa, std::uint64_t bytes) const {
    return pa >= pa_base && bytes <= size && pa - pa_base <= size - bytes;
  }

  // Little-endian hosts only, as x86-64 is.
  [[nodiscard]] std::optional<std::uint64_t> load(std::uint64_t pa) const {
    if (!contains(pa, sizeof(std::uint64_t)))
      return std::nullopt;
    std::uint64_t value = 0;
    std::memcpy(&value, base + (pa - pa_base), sizeof value);
    return value;
  }

  // A store outside the window goes nowhere, as on a bus without a device.
  void store(std::uint64_t pa, std::uint64_t value) const {
    if (contains(pa, sizeof value))
      std::memcpy(base + (pa - pa_base), &value, sizeof value);
  }
};

// The first of the words index .. end - 1 after `words` that is not zero, or end. Most of most nodes is zero.
[[nodiscard]] unsigned next_nonzero(const unsigned char* words, unsigned index, unsigned end);

} // namespace reference
