// The reference states what each architecture can do, src states it again; nothing but this test compares the
// two.
#include "fuzz/machines/convert.hpp"
#include "src/arch/geometry.hpp"
#include "tests/format_pairs.hpp"

#include <gtest/gtest.h>
#include <set>

namespace pagetwin::fuzz {
namespace {

template <class P>
class ProfileOf : public testing::Test {};
TYPED_TEST_SUITE(ProfileOf, FormatPairs, NameOfPair);

// Around 0, 2^63, 2^64 and each end of the input width, bit by bit.
template <Format F>
std::set<std::uint64_t> border_addresses() {
  std::set<std::uint64_t> all;
  for (unsigned bit = 0; bit < 64; ++bit)
    for (const std::uint64_t at : {bytes_of(bit), 0 - bytes_of(bit), bytes_of(63) + bytes_of(bit)})
      all.insert({at - 1, at, at + 1, at - bytes_of(F::page_shift), at + bytes_of(F::page_shift)});
  return all;
}

// Each value of every attribute that is near a border, combined with everything else.
template <class Visit>
void for_attributes(Visit&& visit) {
  for (unsigned rights = 0; rights < 16; ++rights)
    for (const unsigned type : {0U, 1U, 2U, 4U, 7U, 8U, 255U})
      for (const unsigned key : {0U, 1U, 8U, 15U, 16U, 255U})
        for (const unsigned software : {0U, 1U, 4U, 8U, 15U, 16U, 512U, 1023U, 1024U, 65535U})
          for (const bool global : {false, true})
            visit(Attributes{.rights = static_cast<Rights>(rights),
                             .memory_type = static_cast<std::uint8_t>(type),
                             .key = static_cast<std::uint8_t>(key),
                             .global = global,
                             .software = static_cast<std::uint16_t>(software)});
}

TYPED_TEST(ProfileOf, ShapesAreEqual) {
  using F = typename TypeParam::Format;
  using G = Geometry<F>;
  const reference::Mmu& mmu = TypeParam::mmu();
  const reference::Profile& profile = mmu.profile();
  EXPECT_EQ(profile.name, F::name);
  ASSERT_EQ(profile.sizes.size(), F::sizes.size());
  for (std::size_t i = 0; i < F::sizes.size(); ++i) {
    EXPECT_EQ(profile.sizes[i], F::sizes[i].bytes());
    EXPECT_EQ(profile.sizes[i], G::span(F::sizes[i].level) << F::sizes[i].log2_copies);
  }
  EXPECT_EQ(profile.va_bits, F::va_bits);
  EXPECT_EQ(profile.pa_bits, F::pa_bits);
  EXPECT_EQ(profile.sign_extended, F::sign_extended);
  EXPECT_EQ(profile.marker_bits, F::marker_bits);
  ASSERT_EQ(mmu.levels(), F::levels);
  EXPECT_EQ(mmu.descriptor_bytes(), sizeof(typename F::Raw));
  for (unsigned level = 0; level < F::levels; ++level) {
    EXPECT_EQ(mmu.span(level), G::span(level));
    EXPECT_EQ(mmu.entries(level), G::entries(level));
    EXPECT_EQ(std::max(mmu.node_bytes(level), mmu.node_bytes(0)), bytes_of(G::node_shift(level)));
  }
  EXPECT_EQ(bytes_of(F::va_bits), mmu.span(F::levels - 1) * mmu.entries(F::levels - 1));
}

TYPED_TEST(ProfileOf, CanonicalFormsAndRangesAreEqual) {
  using F = typename TypeParam::Format;
  using G = Geometry<F>;
  const reference::Profile& profile = TypeParam::mmu().profile();
  const auto addresses = border_addresses<F>();
  for (const std::uint64_t va : addresses) {
    ASSERT_EQ(G::is_canonical(va), reference::is_canonical(profile, va)) << std::hex << va;
    for (const std::uint64_t last : addresses) {
      ASSERT_EQ(G::is_input(va, last),
                last + 1 != va && reference::is_virtual_range(profile, va, last - va + 1))
          << std::hex << va << " " << last;
    }
    for (const std::uint64_t size : profile.sizes)
      ASSERT_EQ(G::is_output(va, size), reference::is_physical_range(profile, va, size)) << std::hex << va;
  }
}

TYPED_TEST(ProfileOf, SizesAreThePageSizes) {
  using F = typename TypeParam::Format;
  const reference::Profile& profile = TypeParam::mmu().profile();
  for (const std::uint64_t bytes : border_addresses<F>())
    EXPECT_EQ(Geometry<F>::size_index(bytes).has_value(), reference::is_page_size(profile, bytes)) << bytes;
}

TYPED_TEST(ProfileOf, TheSameAttributesAreExpressible) {
  using F = typename TypeParam::Format;
  const reference::Profile& profile = TypeParam::mmu().profile();
  std::uint64_t expressible = 0, refused = 0;
  for_attributes([&](const Attributes& a) {
    const reference::Attributes b = to_reference(a);
    const bool ours = grants_access(a.rights) && F::expressible(a);
    for (const std::uint64_t size : profile.sizes)
      EXPECT_EQ(ours, allow_something(rights_of(b)) && profile.expressible(b, size));
    EXPECT_EQ(grants_access(a.rights) && F::expressible(a.rights),
              allow_something(rights_of(b)) && profile.expressible_rights(rights_of(b)));
    ++(ours ? expressible : refused);
  });
  EXPECT_GE(expressible, 30U); // the fewest: a G-stage, without user, global and keys
  EXPECT_GT(refused, 1000U);
}

// Sets that the format cannot express, too: a walk of words that others wrote may come to them.
TYPED_TEST(ProfileOf, TheSameAccessesArePermitted) {
  using F = typename TypeParam::Format;
  const reference::Profile& profile = TypeParam::mmu().profile();
  for (unsigned rights = 0; rights < 16; ++rights)
    for (unsigned kind = 0; kind < 3; ++kind)
      for (const bool user : {false, true}) {
        const Attributes a{.rights = static_cast<Rights>(rights)};
        const reference::Access access{static_cast<reference::AccessKind>(kind), user};
        EXPECT_EQ(
            F::permits(a, static_cast<AccessKind>(kind), user ? Privilege::user : Privilege::supervisor),
            profile.permits(to_reference(a), access))
            << "rights " << rights << " kind " << kind << " user " << user;
      }
}

template <Format F>
void expect_round_trip(const reference::Mmu& mmu, const Attributes& a, PageSize size, Flags flags,
                       unsigned copy) {
  const PhysAddr frame{bytes_of(F::pa_bits) - 2 * size.bytes()};
  const auto word = F::leaf(F::leaf_bits(a, flags, size), frame, size, copy);
  ASSERT_EQ(F::kind(word, size.level), Kind::leaf);
  ASSERT_EQ(F::attributes(word, size.level), a);
  ASSERT_EQ(F::flags(word, size.level), flags);
  ASSERT_EQ(F::frame(word, size.level), frame);
  ASSERT_EQ(F::log2_copies(word, size.level), size.log2_copies);
  ASSERT_EQ(F::sizes[Geometry<F>::size_of(word, size.level)], size);
  const reference::Decoded seen = mmu.decode(word, size.level, copy, {.pa_bits = F::pa_bits});
  const reference::Decoded want{.kind = reference::SlotKind::leaf,
                                .address = raw(frame),
                                .bytes = size.bytes(),
                                .copies = size.copies(),
                                .attributes = to_reference(a),
                                .flags = to_reference(flags)};
  ASSERT_EQ(seen, want);
}

TYPED_TEST(ProfileOf, LeavesComeBackFromTheirWordsOnBothSides) {
  using F = typename TypeParam::Format;
  for_attributes([&](const Attributes& a) {
    if (!grants_access(a.rights) || !F::expressible(a) || this->HasFatalFailure())
      return;
    for (const PageSize size : F::sizes)
      for (unsigned copy = 0; copy < size.copies(); ++copy)
        for (const Flags flags : {Flags{}, Flags{true, false}, Flags{false, true}, Flags{true, true}})
          if (!flags.dirty || TypeParam::mmu().profile().dirty)
            expect_round_trip<F>(TypeParam::mmu(), a, size, flags, copy);
  });
}

template <Format F>
void expect_other_rights_and_flags(const Attributes& old, Rights to, PageSize size) {
  Attributes next = old;
  next.rights = to;
  const auto word = F::leaf_bits(old, {true, false}, size);
  EXPECT_EQ(F::with_rights(word, to, size.level), F::leaf_bits(next, {true, false}, size));
  EXPECT_EQ(F::with_flags(word, {false, true}, size.level), F::leaf_bits(old, {false, true}, size));
}

TYPED_TEST(ProfileOf, OtherRightsAndFlagsAreWhatALeafMadeWithThemHas) {
  using F = typename TypeParam::Format;
  std::uint64_t changes = 0;
  for_attributes([&](const Attributes& old) {
    for (unsigned to = 1; to < 16 && grants_access(old.rights) && F::expressible(old); ++to)
      for (const PageSize size : F::sizes) {
        const auto rights = static_cast<Rights>(to);
        if (!grants_access(rights) || !F::expressible(rights))
          continue;
        expect_other_rights_and_flags<F>(old, rights, size);
        ++changes;
      }
  });
  EXPECT_GE(changes, 600U); // the fewest: Sv39x4, with four sizes
}

TYPED_TEST(ProfileOf, TablesAndMarkersAreReadByTheWalker) {
  using F = typename TypeParam::Format;
  const reference::Mmu& mmu = TypeParam::mmu();
  for (unsigned level = 0; level < F::levels; ++level) {
    for (const std::uint32_t marker :
         {0U, 1U, 1U << (F::marker_bits - 1), static_cast<std::uint32_t>(low_mask(F::marker_bits))}) {
      const auto seen = mmu.decode(F::to_marker(marker, level), level, 0, {});
      EXPECT_EQ(seen.kind, reference::SlotKind::hole);
      EXPECT_EQ(seen.marker, marker);
      EXPECT_EQ(seen.violations, 0U);
    }
    if (level == 0)
      continue;
    const std::uint64_t node = align_down(0x1F'FFFF'F000 & low_mask(F::pa_bits), Geometry<F>::node_shift(0));
    const auto seen = mmu.decode(F::to_table(PhysAddr{node}, level), level, 0, {});
    EXPECT_EQ(seen.kind, reference::SlotKind::table);
    EXPECT_EQ(seen.address, node);
    EXPECT_EQ(seen.violations, 0U);
  }
}

} // namespace
} // namespace pagetwin::fuzz
