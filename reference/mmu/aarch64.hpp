// What both stages of VMSAv8-64 share: granules, the shape of the tables and where descriptors keep
// addresses. Rule: Arm Architecture Reference Manual (DDI 0487), D8.2 (translation process: levels,
// concatenated tables), D8.3 (descriptor formats) and the Contiguous bit in D8.7. It models processors
// without FEAT_LPA, FEAT_BBM, FEAT_HAFT, FEAT_D128 and indirect permissions, with FEAT_LPA2 where DS is set.
// It refuses to know attributes: those are the stages' own.
#pragma once

#include "reference/mmu/radix.hpp"

#include <cstdint>
#include <optional>

namespace reference {

// A stage of translation as TCR_EL1 or VTCR_EL2 sets it up. Levels are ours: pages are 0, where the manual
// says 3.
struct Vmsa {
  unsigned granule_shift; // TG0
  unsigned input_bits;    // 64 - T0SZ
  unsigned levels;        // of lookup: SL0 decides, where tables may be concatenated
  bool ds = false;        // output addresses have 52 bits

  enum class Type : std::uint8_t { invalid, table, leaf };

  [[nodiscard]] unsigned stride() const { return granule_shift - 3; }
  [[nodiscard]] unsigned shift(unsigned level) const { return granule_shift + stride() * level; }
  // What no table resolves is left to the initial lookup, be it a part of a table or several.
  [[nodiscard]] unsigned index_bits(unsigned level) const {
    return level == levels - 1 ? input_bits - shift(level) : stride();
  }
  [[nodiscard]] unsigned output_bits() const { return ds ? 52 : 48; }

  [[nodiscard]] Type type(std::uint64_t raw, unsigned level) const;
  // The table that hardware would read next.
  [[nodiscard]] std::optional<std::uint64_t> next_table(std::uint64_t raw, unsigned level,
                                                        const Mode& mode) const;
  // Parts of a descriptor that both stages have; the attributes are still missing.
  [[nodiscard]] Decoded hole(std::uint64_t raw, unsigned level) const;
  [[nodiscard]] Decoded table(std::uint64_t raw, unsigned level, const Mode& mode) const;
  [[nodiscard]] Decoded leaf(std::uint64_t raw, unsigned level, unsigned index, const Mode& mode) const;
  [[nodiscard]] Series series(std::uint64_t leaf, unsigned level, const Mode& mode) const;

 private:
  [[nodiscard]] unsigned highest_leaf_level() const;
  [[nodiscard]] unsigned copies(unsigned level) const;
  [[nodiscard]] bool is_contiguous(std::uint64_t raw, unsigned level) const;
  [[nodiscard]] std::uint64_t address(std::uint64_t raw) const;
  [[nodiscard]] std::uint64_t address_field(unsigned shift) const;
  [[nodiscard]] std::uint32_t width_violation(std::uint64_t address, const Mode& mode) const;
  [[nodiscard]] bool is_foreign_leaf(std::uint64_t raw, unsigned level, unsigned index) const;
};

// The sizes of a granule, and the output width of a stage.
[[nodiscard]] Profile profile_of(const Vmsa& vmsa, const char* name);

// What a leaf's flags say to an access, which comes before its rights: hardware may leave them to software.
[[nodiscard]] Outcome judge_flags(const Translation& to, const Access& access, const Mode& mode);

// A stage adds let_through(table) and with_attributes(leaf, raw, ds), and which flags an access sets and
// clears.
template <typename Arch>
class Aarch64 : public Radix<Arch> {
 public:
  [[nodiscard]] const Profile& profile() const final { return profile_; }
  [[nodiscard]] unsigned levels() const final { return vmsa_.levels; }
  [[nodiscard]] unsigned entries(unsigned level) const final { return 1U << vmsa_.index_bits(level); }
  [[nodiscard]] unsigned descriptor_bytes() const final { return 8; }
  [[nodiscard]] std::uint64_t span(unsigned level) const final {
    return std::uint64_t{1} << vmsa_.shift(level);
  }
  [[nodiscard]] Decoded decode(std::uint64_t raw, unsigned level, unsigned index,
                               const Mode& mode) const final {
    const Vmsa::Type type = vmsa_.type(raw, level);
    if (type == Vmsa::Type::invalid)
      return vmsa_.hole(raw, level);
    if (type == Vmsa::Type::leaf)
      return Arch::with_attributes(vmsa_.leaf(raw, level, index, mode), raw, vmsa_.ds);
    Decoded table = vmsa_.table(raw, level, mode);
    table.attributes = with_rights({}, Arch::let_through(raw));
    return table;
  }
  [[nodiscard]] Series series(std::uint64_t leaf, unsigned level, const Mode& mode) const final {
    return vmsa_.series(leaf, level, mode);
  }

  // What walker.hpp asks of an architecture.
  [[nodiscard]] std::optional<Below> below(std::uint64_t raw, unsigned level, const Mode& mode) const {
    const auto node = vmsa_.next_table(raw, level, mode);
    return node ? std::optional(Below{*node, Arch::let_through(raw)}) : std::nullopt;
  }
  [[nodiscard]] unsigned index_of(std::uint64_t va, unsigned level) const {
    return static_cast<unsigned>(va >> vmsa_.shift(level)) & (entries(level) - 1);
  }
  // Not TTBR0_EL1 or VTTBR_EL2 itself, but the address that its BADDR names.
  [[nodiscard]] std::uint64_t root_node(std::uint64_t root) const { return root; }
  [[nodiscard]] Outcome judge(const Translation& to, const Access& access, const Mode& mode) const {
    const Outcome flags = judge_flags(to, access, mode);
    return flags == Outcome::ok && !profile_.permits(to.attributes, access) ? Outcome::protection : flags;
  }
  // A fault has a status code, which the outcome and the level say.
  [[nodiscard]] std::uint32_t error_code(const Walk&, const Access&, const Mode&) const { return 0; }

 private:
  friend Arch; // nothing else is one
  Aarch64(const Vmsa& vmsa, const Profile& profile) : vmsa_(vmsa), profile_(profile) {}

  Vmsa vmsa_;
  Profile profile_;
};

} // namespace reference
