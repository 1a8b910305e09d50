// AArch64 translation tables, VMSAv8-64, stages 1 and 2, with granules of 4, 16 and 64 KiB: Arm Architecture
// Reference Manual for A-profile (DDI 0487), chapter D8, sections "VMSAv8-64 descriptor formats", "The
// Contiguous bit" and "Using break-before-make when updating translation table entries". Neither FEAT_BBML1
// nor FEAT_BBML2 is there, so that bit 16 of a block, nT, stays 0.
// Refuses to know what a leaf says besides its place, size and address: aarch64_stage1.hpp and
// aarch64_stage2.hpp do; and 52-bit addresses with 64 KiB granules (FEAT_LPA).
#pragma once

#include "src/arch/aarch64_stage1.hpp"
#include "src/arch/aarch64_stage2.hpp"

#include <algorithm>

namespace pagetwin {

// Our level 0, the page, is the manual's level 3, and each level up is one less there, down to -1. InputBits:
// 64 less T0SZ; levels and the root follow (D8.2), with as many concatenated tables as stage 2 allows.
template <class Stage, unsigned GranuleShift, unsigned InputBits>
struct Aarch64 : Stage {
  static_assert(GranuleShift == 12 || GranuleShift == 14 || (GranuleShift == 16 && !Stage::ds));
  using Raw = typename Stage::Raw;
  using Stage::VALID, Stage::TYPE, Stage::AP2, Stage::AF, Stage::DBM, Stage::CONTIGUOUS, Stage::DIRTY,
      Stage::SOFTWARE;

  static constexpr unsigned page_shift = GranuleShift, va_bits = InputBits, pa_bits = Stage::ds ? 52 : 48,
                            marker_bits = 32;
  // TTBR0_EL1 and VTTBR_EL2: the lower half of the addresses, with zeroes above.
  static constexpr bool sign_extended = false;

 private:
  static constexpr unsigned table_bits = GranuleShift - 3; // log2 slots of a table
  // "Permitted properties of caching a translation in a TLB when Effective value of Contiguous bit is 1":
  // log2 descriptors of a set, by level. None at the levels that have blocks with DS = 1 only.
  static constexpr std::array<std::uint8_t, 5> set_bits =
      GranuleShift == 12   ? std::array<std::uint8_t, 5>{4, 4, 4}
      : GranuleShift == 14 ? std::array<std::uint8_t, 5>{7, 5}
                           : std::array<std::uint8_t, 5>{5, 5};
  static constexpr unsigned span_shift(unsigned level) { return GranuleShift + table_bits * level; }

 public:
  // As few as the root allows that is at most 2^concatenated_bits tables, and fewer than 2^16 slots.
  static constexpr unsigned levels =
      (InputBits - GranuleShift - std::min(Stage::concatenated_bits, 15 - table_bits) + table_bits - 1)
      / table_bits;
  static constexpr unsigned index_bits(unsigned level) {
    return level == levels - 1 ? InputBits - span_shift(level) : table_bits;
  }

 private:
  // No block is above the root, and no set is larger than it.
  static constexpr unsigned highest_block = std::min((GranuleShift == 12 ? 2U : 1U) + Stage::ds, levels - 1);
  static constexpr bool has_sets(unsigned level) {
    return set_bits[level] != 0 && set_bits[level] <= index_bits(level);
  }
  static constexpr unsigned size_count = [] {
    unsigned count = 0;
    for (unsigned level = 0; level <= highest_block; ++level)
      count += has_sets(level) ? 2 : 1;
    return count;
  }();

 public:
  static constexpr auto sizes = [] {
    std::array<PageSize, size_count> all{};
    for (unsigned i = 0, level = 0; level <= highest_block; ++level) {
      const auto at = static_cast<std::uint8_t>(level), shift = static_cast<std::uint8_t>(span_shift(level));
      all[i++] = {at, 0, shift};
      if (has_sets(level))
        all[i++] = {at, set_bits[level], static_cast<std::uint8_t>(shift + set_bits[level])};
    }
    return all;
  }();

  static constexpr Field<Raw> ADDRESS{GranuleShift, (Stage::ds ? 50 : 48) - GranuleShift};
  static constexpr Field<Raw> ADDRESS_HIGH{8, 2}; // DS = 1: bits 51 and 50 of the address
  static constexpr Field<Raw> MARKER{32, 32};

  // A block at a level that has none, and what would be a block at level 0, is reserved, and invalid.
  static constexpr Kind kind(Raw w, unsigned level) {
    if (!VALID.test(w))
      return Kind::hole;
    if (TYPE.test(w))
      return level == 0 ? Kind::leaf : Kind::table;
    return level != 0 && level <= highest_block ? Kind::leaf : Kind::hole;
  }
  // What is reserved at a level is invalid, and a hole. Other reserved bits are RES0, which processors
  // ignore, and no address is beyond TCR's IPS (VTCR's PS): that is as wide as the format. Without FEAT_HAFT
  // tables have no Access flag.
  static constexpr bool reserved(Raw, unsigned, unsigned) { return false; }
  static constexpr Raw walked(Raw w, unsigned) { return w; }
  static constexpr PhysAddr table(Raw w, unsigned) { return PhysAddr{address(w)}; }
  // With DS = 1 an address is two fields, and putting them together at each level is what a lookup waits for:
  // our tables lie where one says it all. In what such a table wrote there is nothing else, so that type and
  // address are found by one subtraction.
  static constexpr unsigned table_pa_bits = Stage::ds ? 50 : 48;
  static constexpr Raw own_table_tag = VALID.mask() | TYPE.mask();
  static constexpr PhysAddr own_table(Raw w, unsigned level) {
    return PhysAddr{w - to_table(PhysAddr{0}, level)};
  }
  static constexpr unsigned log2_copies(Raw w, unsigned level) {
    return CONTIGUOUS.test(w) ? set_bits[level] : 0;
  }
  // Bits of the address below the block's size are reserved, and 0 to hardware.
  static constexpr PhysAddr frame(Raw w, unsigned level) {
    return PhysAddr{align_down(address(w), span_shift(level) + log2_copies(w, level))};
  }
  static constexpr Attributes attributes(Raw w, unsigned level) {
    return Stage::effective(Stage::open_path(), w, level);
  }
  static constexpr std::uint32_t marker(Raw w, unsigned) { return static_cast<std::uint32_t>(MARKER.get(w)); }

  // Table permissions stay 0, so that a leaf's rights are the effective ones.
  static constexpr Raw to_table(PhysAddr node, unsigned) {
    return VALID.of(1) | TYPE.of(1) | address_bits(raw(node));
  }
  static constexpr Raw leaf_bits(Attributes a, Flags f, PageSize size) {
    return VALID.of(1) | TYPE.of(size.level == 0) | CONTIGUOUS.of(size.log2_copies != 0)
           | Stage::rights_bits(a.rights) | Stage::attribute_bits(a)
           | Stage::state_bits(has(a.rights, Rights::write), f);
  }
  // Each descriptor of a contiguous set has the address of its own page or block.
  static constexpr Raw leaf(Raw bits, PhysAddr frame, PageSize size, unsigned copy) {
    return bits | address_bits(raw(frame) + (std::uint64_t{copy} << span_shift(size.level)));
  }
  // A dirty page stays so without its right to be written.
  static constexpr Raw with_rights(Raw w, Rights r, unsigned level) {
    return (w & ~(Stage::rights_mask | Stage::state_mask)) | Stage::rights_bits(r)
           | Stage::state_bits(has(r, Rights::write), Stage::flags(w, level));
  }
  static constexpr Raw to_marker(std::uint32_t word, unsigned) { return MARKER.of(word); }

  // Between valid words rights, flags and what is for software may change, but not the address (the manual
  // allows that for pages that nobody writes and whose contents agree; of contents we know nothing), the
  // size, the memory type, or nG (only its clearing is named there). All of a contiguous set must have
  // "consistent attributes and permissions", but for what hardware itself changes, AF and bit 7: it cannot be
  // changed descriptor by descriptor.
  static constexpr bool needs_break(Raw old, Raw next, unsigned) {
    const Raw flags = AF.mask() | AP2.mask() | DIRTY.mask() | SOFTWARE.mask();
    const Raw rights = CONTIGUOUS.test(old) ? 0 : Stage::rights_mask | DBM.mask();
    return ((old ^ next) & ~(flags | rights)) != 0;
  }

 private:
  static constexpr std::uint64_t address(Raw w) {
    return (w & ADDRESS.mask()) | (Stage::ds ? ADDRESS_HIGH.get(w) << 50 : 0);
  }
  static constexpr Raw address_bits(std::uint64_t address) {
    return (address & ADDRESS.mask()) | (Stage::ds ? ADDRESS_HIGH.of(address >> 50) : 0);
  }
};

struct Aarch64S1_4k : Aarch64<Aarch64Stage1<false>, 12, 48> {
  static constexpr std::string_view name = "aarch64_s1_4k";
};
struct Aarch64S1_16k : Aarch64<Aarch64Stage1<false>, 14, 47> {
  static constexpr std::string_view name = "aarch64_s1_16k";
};
struct Aarch64S1_64k : Aarch64<Aarch64Stage1<false>, 16, 48> {
  static constexpr std::string_view name = "aarch64_s1_64k";
};
struct Aarch64S1_4kLpa2 : Aarch64<Aarch64Stage1<true>, 12, 52> {
  static constexpr std::string_view name = "aarch64_s1_4k_lpa2";
};
struct Aarch64S1_16kLpa2 : Aarch64<Aarch64Stage1<true>, 14, 52> {
  static constexpr std::string_view name = "aarch64_s1_16k_lpa2";
};
// 2, 16 and one table at the root.
struct Aarch64S2_4k : Aarch64<Aarch64Stage2, 12, 40> {
  static constexpr std::string_view name = "aarch64_s2_4k";
};
struct Aarch64S2_16k : Aarch64<Aarch64Stage2, 14, 40> {
  static constexpr std::string_view name = "aarch64_s2_16k";
};
struct Aarch64S2_64k : Aarch64<Aarch64Stage2, 16, 40> {
  static constexpr std::string_view name = "aarch64_s2_64k";
};
static_assert(Format<Aarch64S1_4k> && Format<Aarch64S1_16k> && Format<Aarch64S1_64k>);
static_assert(Format<Aarch64S1_4kLpa2> && Format<Aarch64S1_16kLpa2>);
static_assert(Format<Aarch64S2_4k> && Format<Aarch64S2_16k> && Format<Aarch64S2_64k>);

} // namespace pagetwin
