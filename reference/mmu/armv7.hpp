// The ARMv7 MMU with Short descriptors: two levels of 32-bit words, TTBCR.N = 0. Rule: ARM Architecture
// Reference Manual, ARMv7-A and ARMv7-R edition (DDI 0406C): B3.5 (the Short-descriptor format), B3.7 (access
// permissions, the Access flag, Execute-never, domains), B3.8 (memory region attributes) and the pseudocode
// TranslationTableWalkSD, CheckDomain and CheckPermission.
// It models SCTLR.AFE = 1, TRE = 0 and HA as Mode::adue, and addresses of 32 bits. It refuses to know PXN,
// the Security Extensions (NS), the Large Physical Address Extension, WXN and UWXN.
#pragma once

#include "reference/mmu/radix.hpp"

#include <cstdint>
#include <optional>

namespace reference {

// A page is in the domain that the word above it names; a section names its own.
struct DomainPath : Path {
  std::optional<std::uint8_t> domain;

  void pass(std::uint64_t table, const Rights& let_through, bool makes_global);
  [[nodiscard]] Attributes effective(std::uint64_t leaf, const Attributes& own) const;
};

// Levels are ours: small and large pages are at 0, the manual's second level; sections and supersections
// at 1.
class Armv7 final : public Radix<Armv7> {
 public:
  using Path = DomainPath;

  [[nodiscard]] const Profile& profile() const override;
  [[nodiscard]] unsigned levels() const override { return 2; }
  [[nodiscard]] unsigned entries(unsigned level) const override { return level == 0 ? 256 : 4096; }
  [[nodiscard]] unsigned descriptor_bytes() const override { return 4; }
  [[nodiscard]] std::uint64_t span(unsigned level) const override { return std::uint64_t{1} << shift(level); }
  [[nodiscard]] Decoded decode(std::uint64_t raw, unsigned level, unsigned index,
                               const Mode& mode) const override;
  [[nodiscard]] Series series(std::uint64_t leaf, unsigned level, const Mode& mode) const override;

  // What walker.hpp asks of an architecture.
  [[nodiscard]] unsigned index_of(std::uint64_t va, unsigned level) const {
    return static_cast<unsigned>(va >> shift(level)) & (entries(level) - 1);
  }
  [[nodiscard]] std::optional<Below> below(std::uint64_t raw, unsigned level, const Mode& mode) const;
  [[nodiscard]] std::uint64_t root_node(std::uint64_t root) const;
  [[nodiscard]] Outcome judge(const Translation& to, const Access& access, const Mode& mode) const;
  [[nodiscard]] std::uint32_t error_code(const Walk& walk, const Access& access, const Mode& mode) const;
  [[nodiscard]] std::uint64_t flags_set(unsigned level, bool is_leaf, bool is_write) const;

 private:
  [[nodiscard]] static unsigned shift(unsigned level) { return level == 0 ? 12 : 20; }
};

} // namespace reference
