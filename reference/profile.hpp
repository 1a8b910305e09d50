// What a format can express and permits, as data: the parameters of FlatMap.
// It refuses to know nodes, levels and bits; reference/mmu/<arch> states one profile per architecture.
#pragma once

#include "reference/access.hpp"
#include "reference/attributes.hpp"

#include <cstdint>
#include <span>

namespace reference {

struct Profile {
  const char* name;
  std::span<const std::uint64_t> sizes; // in bytes, ascending powers of two, each dividing the next
  unsigned va_bits;                     // at most 63
  bool sign_extended;                   // bits above va_bits repeat bit va_bits - 1; else they are 0
  unsigned pa_bits;                     // at most 63
  unsigned marker_bits;
  bool (*expressible)(const Attributes&, std::uint64_t size);
  bool (*expressible_rights)(const Rights&);
  bool (*permits)(const Attributes& effective, const Access&); // in the mode that the fuzzer walks in
  bool dirty = true;                                           // hardware records writes
};

[[nodiscard]] constexpr bool is_page_size(const Profile& profile, std::uint64_t size) {
  for (const auto each : profile.sizes)
    if (each == size)
      return true;
  return false;
}

// Does the first let anybody do what the second does not?
[[nodiscard]] inline bool permits_more(const Profile& profile, const Attributes& first,
                                       const Attributes& second) {
  for (const AccessKind kind : {AccessKind::read, AccessKind::write, AccessKind::execute})
    for (const bool user : {false, true})
      if (profile.permits(first, {kind, user}) && !profile.permits(second, {kind, user}))
        return true;
  return false;
}

// An address that the hardware accepts at all.
[[nodiscard]] constexpr bool is_canonical(const Profile& profile, std::uint64_t va) {
  const unsigned kept = profile.sign_extended ? profile.va_bits - 1 : profile.va_bits;
  const std::uint64_t above = va >> kept;
  return above == 0 || (profile.sign_extended && above == (~std::uint64_t{0} >> kept));
}

// The address that hardware accepts, of which the lower bits are given.
[[nodiscard]] constexpr std::uint64_t canonical(const Profile& profile, std::uint64_t va) {
  const bool negative = profile.sign_extended && (va >> (profile.va_bits - 1) & 1U) != 0;
  return negative ? va | ~std::uint64_t{0} << profile.va_bits : va;
}

// [va, va + length) without wrapping, by its last byte: the end may be 2^64. length > 0.
[[nodiscard]] constexpr bool is_virtual_range(const Profile& profile, std::uint64_t va,
                                              std::uint64_t length) {
  const std::uint64_t last = va + (length - 1);
  const bool same_half = (va >> 63) == (last >> 63);
  return last >= va && is_canonical(profile, va) && is_canonical(profile, last) && same_half;
}

[[nodiscard]] constexpr bool is_physical_range(const Profile& profile, std::uint64_t pa,
                                               std::uint64_t length) {
  const std::uint64_t last = pa + (length - 1);
  return last >= pa && (last >> profile.pa_bits) == 0;
}

[[nodiscard]] constexpr bool is_marker_word(const Profile& profile, std::uint64_t word) {
  return profile.marker_bits >= 64 || (word >> profile.marker_bits) == 0;
}

} // namespace reference
