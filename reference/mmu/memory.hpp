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
  // For who wants to know where something was stored: a bit for each page of the window, from its first on.
  std::uint64_t* stored_pages = nullptr;
  static constexpr std::uint64_t page_bytes = 4096;

  [[nodiscard]] bool contains(std::uint64_t pa, std::uint64_t bytes) const {
    return pa >= pa_base && bytes <= size && pa - pa_base <= size - bytes;
  }

  // A descriptor of `bytes` bytes, 4 or 8; who knows the architecture knows them at compile time.
  // Little-endian hosts only, as x86-64 is.
  [[nodiscard]] std::optional<std::uint64_t> load(std::uint64_t pa, unsigned bytes = 8) const {
    if (!contains(pa, bytes))
      return std::nullopt;
    return word(pa, bytes);
  }
  // The same of a place that lies within the window.
  [[nodiscard]] std::uint64_t word(std::uint64_t pa, unsigned bytes) const {
    std::uint64_t value = 0;
    if (bytes == 4)
      std::memcpy(&value, base + (pa - pa_base), 4);
    else
      std::memcpy(&value, base + (pa - pa_base), 8);
    return value;
  }

  // A store outside the window goes nowhere, as on a bus without a device.
  void store(std::uint64_t pa, std::uint64_t value, unsigned bytes = 8) const {
    if (!contains(pa, bytes))
      return;
    if (bytes == 4)
      std::memcpy(base + (pa - pa_base), &value, 4);
    else
      std::memcpy(base + (pa - pa_base), &value, 8);
    if (stored_pages != nullptr) {
      note_page(pa - pa_base);
      note_page(pa - pa_base + bytes - 1);
    }
  }

 private:
  void note_page(std::uint64_t offset) const {
    const std::uint64_t page = offset / page_bytes;
    stored_pages[page / 64] |= std::uint64_t{1} << page % 64;
  }
};

// The first of the words index .. end - 1 after `words` that is not zero, or end. Most of most nodes is zero.
// For words of 32 and of 64 bits.
template <typename Word>
[[nodiscard]] unsigned next_nonzero(const unsigned char* words, unsigned index, unsigned end);
extern template unsigned next_nonzero<std::uint32_t>(const unsigned char*, unsigned, unsigned);
extern template unsigned next_nonzero<std::uint64_t>(const unsigned char*, unsigned, unsigned);

// How many of `count` words, from the first on, are each the one before and `step`; modulo the word's width.
template <typename Word>
[[nodiscard]] unsigned progression(const unsigned char* words, unsigned count, Word step);
extern template unsigned progression<std::uint32_t>(const unsigned char*, unsigned, std::uint32_t);
extern template unsigned progression<std::uint64_t>(const unsigned char*, unsigned, std::uint64_t);

} // namespace reference
