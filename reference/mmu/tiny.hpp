// The MMU of the tiny format and of its relatives with another root. Rule: docs/tiny.md, all but the section
// "tiny_32".
// It refuses to know privilege beyond U, control registers and error codes: the format has none.
#pragma once

#include "reference/mmu/radix.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace reference {

class Tiny final : public Radix<Tiny> {
 public:
  // log2 of the slots of a node, and of the root.
  Tiny(unsigned node_bits, unsigned root_bits);

  [[nodiscard]] const Profile& profile() const override { return profile_; }
  [[nodiscard]] unsigned levels() const override { return 4; }
  [[nodiscard]] unsigned entries(unsigned level) const override {
    return 1U << (level == 3 ? root_bits_ : node_bits_);
  }
  [[nodiscard]] unsigned descriptor_bytes() const override { return 8; }
  [[nodiscard]] std::uint64_t span(unsigned level) const override {
    return std::uint64_t{1} << (12 + node_bits_ * level);
  }
  [[nodiscard]] Decoded decode(std::uint64_t raw, unsigned level, unsigned index,
                               const Mode& mode) const override;

  // Groups are small, and runs of them smaller.
  [[nodiscard]] Series series(std::uint64_t, unsigned, const Mode&) const override { return {}; }

  // What walker.hpp asks of an architecture.
  [[nodiscard]] unsigned index_of(std::uint64_t va, unsigned level) const {
    return static_cast<unsigned>(va >> (12 + node_bits_ * level)) & (entries(level) - 1);
  }
  [[nodiscard]] std::optional<Below> below(std::uint64_t raw, unsigned level, const Mode& mode) const;
  [[nodiscard]] std::uint64_t root_node(std::uint64_t root) const;
  [[nodiscard]] Outcome judge(const Translation& to, const Access& access, const Mode& mode) const;
  [[nodiscard]] std::uint32_t error_code(const Walk& walk, const Access& access, const Mode& mode) const;
  [[nodiscard]] std::uint64_t flags_set(unsigned level, bool is_leaf, bool is_write) const;

 private:
  unsigned node_bits_, root_bits_;
  std::array<std::uint64_t, 6> sizes_; // what the profile shows
  Profile profile_;
};

} // namespace reference
