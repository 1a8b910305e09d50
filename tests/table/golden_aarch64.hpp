// What the golden tests of both AArch64 stages share: a row of a table of words, and how a format is held
// against it. It refuses to know a bit; the rows of golden_aarch64_stage1_test.cpp and its sibling are worked
// out by hand.
#pragma once

#include "src/arch/aarch64.hpp"
#include "src/arch/geometry.hpp"

#include <gtest/gtest.h>
#include <span>

namespace pagetwin {

// log2_bytes 0 is the page, whatever the granule. `last` is the word of the last of several copies.
struct Aarch64Row {
  const char* what;
  unsigned log2_bytes;
  std::uint64_t frame;
  Attributes attributes;
  Flags flags;
  std::uint64_t word, last = 0;
};

template <class F>
constexpr PageSize size_of(const Aarch64Row& row) {
  return row.log2_bytes == 0 ? F::sizes[0] : F::sizes[*Geometry<F>::size_index(bytes_of(row.log2_bytes))];
}
template <class F>
constexpr bool encodes(const Aarch64Row& row) {
  const PageSize size = size_of<F>(row);
  const auto bits = F::leaf_bits(row.attributes, row.flags, size);
  const auto last = F::leaf(bits, PhysAddr{row.frame}, size, size.copies() - 1);
  return F::leaf(bits, PhysAddr{row.frame}, size, 0) == row.word
         && last == (size.log2_copies == 0 ? row.word : row.last);
}
template <class F>
constexpr bool decodes(const Aarch64Row& row, std::uint64_t word) {
  const PageSize size = size_of<F>(row);
  return F::kind(word, size.level) == Kind::leaf && F::log2_copies(word, size.level) == size.log2_copies
         && F::frame(word, size.level) == PhysAddr{row.frame}
         && F::attributes(word, size.level) == row.attributes && F::flags(word, size.level) == row.flags
         && F::sizes[Geometry<F>::size_of(word, size.level)] == size;
}
template <class F>
constexpr bool is_golden(const Aarch64Row& row) {
  return encodes<F>(row) && decodes<F>(row, row.word) && (row.last == 0 || decodes<F>(row, row.last));
}
template <class F>
constexpr bool all_golden(std::span<const Aarch64Row> rows) {
  bool all = true;
  for (const Aarch64Row& row : rows)
    all = all && is_golden<F>(row);
  return all;
}
template <class F>
void expect_golden(std::span<const Aarch64Row> rows) {
  for (const Aarch64Row& row : rows)
    EXPECT_TRUE(is_golden<F>(row)) << F::name << ": " << row.what;
}

// The shape that a format has by the manual: levels, and slots of the root and of every other node.
template <class F>
void expect_shape(unsigned levels, unsigned root_bits, unsigned table_bits, unsigned va_bits) {
  EXPECT_EQ(F::levels, levels) << F::name;
  EXPECT_EQ(F::index_bits(levels - 1), root_bits) << F::name;
  for (unsigned level = 0; level + 1 < levels; ++level)
    EXPECT_EQ(F::index_bits(level), table_bits) << F::name << " " << level;
  EXPECT_EQ(F::va_bits, va_bits) << F::name;
  EXPECT_EQ(Geometry<F>::span_shift(levels - 1) + root_bits, va_bits) << F::name;
}

template <class F>
void expect_sizes(std::initializer_list<PageSize> sizes) {
  ASSERT_EQ(F::sizes.size(), sizes.size()) << F::name;
  std::size_t i = 0;
  for (const PageSize& size : sizes) {
    EXPECT_EQ(F::sizes[i], size) << F::name << " " << i;
    ++i;
  }
}

// Bits 1:0 of a descriptor, at each level: 11 a page or a table, 01 a block where there are blocks, else
// reserved and invalid.
template <class F>
void expect_kinds(unsigned highest_block) {
  const std::uint64_t rest = 0xFFFF'FFFF'FFFF'FFFC;
  for (unsigned level = 0; level < F::levels; ++level)
    for (const std::uint64_t above : {std::uint64_t{0}, rest}) {
      EXPECT_EQ(F::kind(above | 0, level), Kind::hole) << level;
      EXPECT_EQ(F::kind(above | 2, level), Kind::hole) << level;
      EXPECT_EQ(F::kind(above | 3, level), level == 0 ? Kind::leaf : Kind::table) << level;
      EXPECT_EQ(F::kind(above | 1, level), level > 0 && level <= highest_block ? Kind::leaf : Kind::hole)
          << level;
    }
  EXPECT_EQ(F::marker(0x1234'5678'0000'0001, 0), 0x1234'5678U); // of a reserved word, too
}

template <class F>
void expect_markers() {
  for (unsigned level = 0; level < F::levels; ++level) {
    EXPECT_EQ(F::to_marker(0xDEAD'BEEF, level), 0xDEAD'BEEF'0000'0000U);
    EXPECT_EQ(F::marker(0xDEAD'BEEF'0000'0000, level), 0xDEAD'BEEFU);
    EXPECT_EQ(F::kind(0xFFFF'FFFF'0000'0000, level), Kind::hole);
    EXPECT_EQ(F::to_marker(0, level), 0U);
  }
}

// "RES0": the bits between the granule and the alignment of a block do not move its frame.
template <class F>
void expect_frames_without_low_bits(const Attributes& a) {
  for (const PageSize& size : F::sizes) {
    const auto word = F::leaf(F::leaf_bits(a, {}, size), PhysAddr{0}, size, 0);
    const std::uint64_t below = low_mask(size.log2_bytes) & ~low_mask(F::page_shift);
    EXPECT_EQ(F::frame(word | below, size.level), PhysAddr{0}) << F::name << " " << size.bytes();
  }
}

} // namespace pagetwin
