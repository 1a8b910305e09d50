// The MMU of the tiny format. Rule: docs/tiny.md, all of it.
// It refuses to know privilege beyond U, control registers and error codes: the format has none.
#pragma once

#include "reference/mmu/radix.hpp"

#include <cstdint>
#include <optional>

namespace reference {

class Tiny final : public Radix<Tiny> {
 public:
  [[nodiscard]] const Profile& profile() const override;
  [[nodiscard]] unsigned levels() const override { return 4; }
  [[nodiscard]] unsigned entries(unsigned) const override { return 4; }
  [[nodiscard]] unsigned descriptor_bytes() const override { return 8; }
  [[nodiscard]] std::uint64_t span(unsigned level) const override {
    return std::uint64_t{1} << (12 + 2 * level);
  }
  [[nodiscard]] Decoded decode(std::uint64_t raw, unsigned level, unsigned index,
                               const Mode& mode) const override;

  // Groups are small, and runs of them smaller.
  [[nodiscard]] bool continues(std::uint64_t, std::uint64_t, unsigned, const Mode&) const override {
    return false;
  }

  // What walker.hpp asks of an architecture.
  [[nodiscard]] unsigned index_of(std::uint64_t va, unsigned level) const {
    return static_cast<unsigned>(va >> (12 + 2 * level)) & 3;
  }
  [[nodiscard]] std::optional<Below> below(std::uint64_t raw, unsigned level, const Mode& mode) const;
  [[nodiscard]] std::uint64_t root_node(std::uint64_t root) const;
  [[nodiscard]] Outcome judge(const Translation& to, const Access& access, const Mode& mode) const;
  [[nodiscard]] std::uint32_t error_code(const Walk& walk, const Access& access, const Mode& mode) const;
  [[nodiscard]] std::uint64_t flags_set(unsigned level, bool is_leaf, bool is_write) const;
};

} // namespace reference
