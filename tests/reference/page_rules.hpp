// Which arguments the tiny profile allows, page by page, for PageMap. It shares nothing with
// reference/profile.hpp.
#pragma once

#include "reference/attributes.hpp"
#include "reference/status.hpp"

#include <cstdint>

namespace reference::page_rules {

inline constexpr std::uint64_t page = 4096;

[[nodiscard]] inline bool is_size(std::uint64_t size) {
  return size == 4096 || size == 8192 || size == 16384 || size == 32768 || size == 65536 || size == 131072;
}

[[nodiscard]] inline bool good(const Attributes& given) {
  return (given.read || given.write || given.execute) && given.memory_type < 8 && given.key < 16
         && given.software < 16;
}

[[nodiscard]] inline bool in_space(std::uint64_t va, std::uint64_t length) {
  for (std::uint64_t at = 0; at < length; at += page) {
    const bool wrapped = va + at < va;
    if (wrapped || (va + at > 0x7FFFF && va + at < 0xFFFFFFFFFFF80000))
      return false;
    if (va <= 0x7FFFF && va + at > 0x7FFFF)
      return false;
  }
  return true;
}

[[nodiscard]] inline bool in_frames(std::uint64_t pa, std::uint64_t length) {
  constexpr std::uint64_t end = std::uint64_t{1} << 40;
  return pa < end && length <= end - pa;
}

[[nodiscard]] inline std::uint64_t largest(std::uint64_t va, std::uint64_t pa, std::uint64_t limit) {
  std::uint64_t size = 131072;
  while (size > limit || va % size != 0 || pa % size != 0)
    size /= 2;
  return size;
}

[[nodiscard]] inline Status ranged(std::uint64_t va, std::uint64_t length) {
  if (length == 0)
    return Status::empty;
  if ((va | length) % page != 0)
    return Status::misaligned;
  return in_space(va, length) ? Status::ok : Status::out_of_range;
}

[[nodiscard]] inline Status sized(std::uint64_t va, std::uint64_t pa, std::uint64_t size) {
  if (size == 0)
    return Status::empty;
  const bool power = (size & (size - 1)) == 0;
  if (va % (power ? size : page) != 0 || pa % (power ? size : page) != 0)
    return Status::misaligned;
  if (!is_size(size))
    return Status::bad_size;
  return in_space(va, size) && in_frames(pa, size) ? Status::ok : Status::out_of_range;
}

} // namespace reference::page_rules
