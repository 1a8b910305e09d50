// The MMU of the tiny format in words of 32 bits. Rule: docs/tiny.md, the section "tiny_32" and what it
// refers to. It refuses to know privilege beyond U, control registers and error codes: the format has none.
#pragma once

#include "reference/mmu/radix.hpp"

#include <cstdint>
#include <optional>

namespace reference {

class Tiny32 final : public Radix<Tiny32> {
 public:
  [[nodiscard]] const Profile& profile() const override;
  [[nodiscard]] unsigned levels() const override { return 3; }
  [[nodiscard]] unsigned entries(unsigned level) const override { return level == 2 ? 32 : 8; }
  [[nodiscard]] unsigned descriptor_bytes() const override { return 4; }
  [[nodiscard]] std::uint64_t span(unsigned level) const override {
    return std::uint64_t{4096} << (3 * level);
  }
  [[nodiscard]] Decoded decode(std::uint64_t raw, unsigned level, unsigned index,
                               const Mode& mode) const override;
  [[nodiscard]] Series series(std::uint64_t leaf, unsigned level, const Mode& mode) const override;

  // What walker.hpp asks of an architecture.
  [[nodiscard]] unsigned index_of(std::uint64_t va, unsigned level) const {
    return static_cast<unsigned>(va >> (12 + 3 * level)) % entries(level);
  }
  [[nodiscard]] std::optional<Below> below(std::uint64_t raw, unsigned level, const Mode& mode) const;
  [[nodiscard]] std::uint64_t root_node(std::uint64_t root) const { return root; }
  [[nodiscard]] Outcome judge(const Translation& to, const Access& access, const Mode& mode) const;
  [[nodiscard]] std::uint32_t error_code(const Walk&, const Access&, const Mode&) const { return 0; }
  [[nodiscard]] std::uint64_t flags_set(unsigned level, bool is_leaf, bool is_write) const;
};

} // namespace reference
