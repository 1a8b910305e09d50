// Every expressible leaf of every format that ships, in every size: what is written into a word is what is
// read from it, and replacing a part replaces that part. It refuses to know any bit; the golden tests do.
#include "src/arch/all.hpp"
#include "src/arch/geometry.hpp"
#include "tests/table/all_attributes.hpp"

#include <gtest/gtest.h>
#include <string>
#include <type_traits>

namespace pagetwin {
namespace {

template <class Tuple>
struct TypesOf;
template <class... F>
struct TypesOf<std::tuple<F...>> {
  using type = testing::Types<F...>;
};
struct NameOfFormat {
  template <class F>
  static std::string GetName(int) {
    return std::string{F::name};
  }
};
template <class F>
class RoundTrip : public testing::Test {};
TYPED_TEST_SUITE(RoundTrip, TypesOf<AllFormats>::type, NameOfFormat);

constexpr Flags all_flags[] = {{}, {true, false}, {false, true}, {true, true}};

// ARMv7 alone has no dirty flag, and drops it.
template <Format F>
constexpr Flags kept(Flags flags) {
  return {flags.accessed, flags.dirty && !std::is_same_v<F, Armv7>};
}

template <Format F>
bool comes_back(const Attributes& a, Flags flags, PageSize size, PhysAddr frame, unsigned copy) {
  const auto word = F::leaf(F::leaf_bits(a, flags, size), frame, size, copy);
  return F::kind(word, size.level) == Kind::leaf && F::log2_copies(word, size.level) == size.log2_copies
         && F::sizes[Geometry<F>::size_of(word, size.level)] == size && F::frame(word, size.level) == frame
         && F::attributes(word, size.level) == a && F::flags(word, size.level) == kept<F>(flags)
         && F::with_rights(word, a.rights, size.level) == word
         && F::with_flags(word, flags, size.level) == word;
}

template <Format F>
void expect_back(const Attributes& a, PageSize size) {
  for (const Flags flags : all_flags)
    for (const std::uint64_t frame : {std::uint64_t{0}, size.bytes(), bytes_of(F::pa_bits) - size.bytes()})
      for (unsigned copy = 0; copy < size.copies(); ++copy)
        ASSERT_TRUE(comes_back<F>(a, flags, size, PhysAddr{frame}, copy))
            << F::name << ": rights " << static_cast<unsigned>(a.rights) << " type "
            << unsigned{a.memory_type} << " key " << unsigned{a.key} << " software " << a.software
            << " global " << a.global << " accessed " << flags.accessed << " dirty " << flags.dirty
            << " size 0x" << std::hex << size.bytes() << " frame 0x" << frame << " copy " << std::dec << copy;
}

TYPED_TEST(RoundTrip, EveryExpressibleLeafComesBackFromItsWordInEverySize) {
  using F = TypeParam;
  unsigned leaves = 0;
  for_all_attributes([&](const Attributes& a) {
    if (!F::expressible(a) || this->HasFatalFailure())
      return;
    ++leaves;
    for (const PageSize size : F::sizes)
      expect_back<F>(a, size);
  });
  EXPECT_EQ(leaves, count_expressible<F>());
  EXPECT_GE(leaves, 60U); // the fewest: a G-stage has 5 sets of rights, 3 memory types and 4 software values
}

template <Format F>
void expect_other_parts(const Attributes& old, Rights to, PageSize size) {
  Attributes next = old;
  next.rights = to;
  for (const Flags flags : all_flags) {
    const auto word = F::leaf_bits(old, flags, size);
    ASSERT_EQ(F::with_rights(word, to, size.level), F::leaf_bits(next, flags, size)) << F::name;
    for (const Flags other : all_flags)
      ASSERT_EQ(F::with_flags(word, other, size.level), F::leaf_bits(old, other, size)) << F::name;
  }
}

// What protect relies on, which changes leaves in a row by the bits that change in the first.
template <Format F>
void expect_frame_apart(const Attributes& old, Rights to, PageSize size) {
  const auto frame = Geometry<F>::frame_bits(size.level);
  for (const Flags flags : all_flags) {
    const auto word = F::leaf_bits(old, flags, size), next = F::with_rights(word, to, size.level);
    ASSERT_EQ(word & frame, 0U) << F::name;
    ASSERT_TRUE(comes_back<F>(old, flags, size, F::frame(word | frame, size.level), 0)) << F::name;
    ASSERT_EQ(F::with_rights(word | frame, to, size.level), next | frame) << F::name;
    ASSERT_EQ(F::needs_break(word | frame, next | frame, size.level), F::needs_break(word, next, size.level))
        << F::name;
  }
}

// Every expressible leaf of every size, with every expressible change of its rights. Those whose size applies
// are given to expect(old, to, size). Returns how many they were.
template <Format F, class Applies, class Expect>
unsigned for_all_changes(Applies applies, Expect expect) {
  unsigned changes = 0;
  for_all_attributes([&](const Attributes& old) {
    if (!F::expressible(old) || testing::Test::HasFatalFailure())
      return;
    for (unsigned to = 0; to < 16; ++to)
      for (const PageSize size : F::sizes)
        if (applies(size) && F::expressible(static_cast<Rights>(to))) {
          expect(old, static_cast<Rights>(to), size);
          ++changes;
        }
  });
  return changes;
}

TYPED_TEST(RoundTrip, TheFrameOfALeafHasNoSayInHowItsRightsChange) {
  const auto has_one_copy = [](PageSize size) { return size.copies() == 1; };
  const unsigned changes = for_all_changes<TypeParam>(has_one_copy, expect_frame_apart<TypeParam>);
  EXPECT_GE(changes, 600U); // of a G-stage: 60 leaves, 5 sets of rights, and 2 sizes at least
}

TYPED_TEST(RoundTrip, OtherRightsAndFlagsAreWhatALeafMadeWithThemHas) {
  const auto any = [](PageSize) { return true; };
  const unsigned changes = for_all_changes<TypeParam>(any, expect_other_parts<TypeParam>);
  EXPECT_GE(changes, 1000U);
}

// What a table of ours wrote is read in a quicker way than what anybody wrote, and means the same: types of
// all words, addresses of tables.
TYPED_TEST(RoundTrip, TablesOfOursAreKnownByTheQuickWayAsByTheOther) {
  using F = TypeParam;
  using G = Geometry<F>;
  using Raw = typename F::Raw;
  const auto agree = [](Raw word, unsigned level) {
    return G::is_table(word, level) == (F::kind(word, level) == Kind::table);
  };
  for (unsigned level = 1; level < F::levels; ++level) {
    for (unsigned bit = G::node_shift(0); bit < G::table_pa_bits; ++bit)
      for (const std::uint64_t node : {bytes_of(bit), low_mask(G::table_pa_bits) & ~low_mask(bit)}) {
        const Raw word = F::to_table(PhysAddr{node}, level);
        ASSERT_TRUE(G::is_table(word, level)) << std::hex << node;
        ASSERT_EQ(G::own_table(word, level), PhysAddr{node});
        ASSERT_EQ(F::table(word, level), PhysAddr{node});
      }
    for (unsigned low = 0; low < 4096; ++low) // whatever else there may be at this level
      for (const Raw above :
           {Raw{0}, static_cast<Raw>(bytes_of(sizeof(Raw) * 8 - 2)), static_cast<Raw>(~Raw{0xFFF})})
        ASSERT_TRUE(agree(static_cast<Raw>(above | low), level)) << std::hex << above << " " << low;
    for (unsigned bit = 0; bit < F::marker_bits; ++bit)
      ASSERT_TRUE(agree(F::to_marker(std::uint32_t{1} << bit, level), level));
  }
}

} // namespace
} // namespace pagetwin
