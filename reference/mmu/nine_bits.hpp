// The shape that x86-64, EPT and RISC-V have in common: pages of 4 KiB, and nodes of 512 words of eight
// bytes, so that each level translates nine bits, and a root may translate more. It refuses to know what the
// words mean.
#pragma once

#include "reference/mmu/radix.hpp"

#include <cstdint>

namespace reference {

template <typename Arch>
class NineBits : public Radix<Arch> {
 public:
  [[nodiscard]] const Profile& profile() const final { return profile_; }
  [[nodiscard]] unsigned levels() const final { return levels_; }
  [[nodiscard]] unsigned entries(unsigned level) const final {
    return 512U << (level == levels_ - 1 ? Arch::more_root_bits : 0);
  }
  [[nodiscard]] unsigned descriptor_bytes() const final { return 8; }
  [[nodiscard]] std::uint64_t span(unsigned level) const final {
    return std::uint64_t{1} << (12 + 9 * level);
  }
  [[nodiscard]] unsigned index_of(std::uint64_t va, unsigned level) const {
    return static_cast<unsigned>(va >> (12 + 9 * level)) & (entries(level) - 1);
  }

  // Address bits that the root translates beyond its nine: mostly none. An Arch declares its own.
  static constexpr unsigned more_root_bits = 0;

 private:
  friend Arch; // nothing else is one
  NineBits(unsigned levels, const Profile& profile) : levels_(levels), profile_(profile) {}

  unsigned levels_;
  Profile profile_;
};

} // namespace reference
