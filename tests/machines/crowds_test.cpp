// Which operations are spared whole nodes, how many are not, and that formats with small nodes keep all.
#include "fuzz/machines/table/crowds.hpp"
#include "fuzz/oracles/tiny_format.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/armv7.hpp"
#include "src/arch/riscv.hpp"
#include "src/arch/x86_64.hpp"

#include <gtest/gtest.h>

namespace pagetwin::fuzz {
namespace {

constexpr unsigned selectors = 65536;

twin::Op operation(TableVerb verb, std::uint64_t va, std::uint64_t length, std::uint64_t size) {
  twin::Op op{static_cast<std::uint8_t>(verb), {}};
  op.value[field_va] = va;
  op.value[field_len] = length;
  op.value[field_size] = size;
  return op;
}

// A program with one block at 0, and an operation that is being decoded.
template <Format F>
struct Scene {
  static constexpr std::uint64_t page = bytes_of(F::page_shift), block = Geometry<F>::span(1);
  twin::Values header{};
  twin::Op before = operation(TableVerb::map, 0, 0, block), now = operation(TableVerb::unmap, 0, 0, 0);

  [[nodiscard]] twin::History history() const { return {header, std::span(&before, 1), now}; }
  // Of all selectors, how many leave the value as it is; the others must make `instead` of it.
  [[nodiscard]] unsigned kept_addresses(std::uint64_t va, std::uint64_t instead) const {
    unsigned kept = 0;
    for (unsigned s = 0; s < selectors; ++s) {
      const std::uint64_t chosen = Crowds<F>::spare_at(va, static_cast<std::uint16_t>(s), history());
      kept += chosen == va;
      EXPECT_TRUE(chosen == va || chosen == instead) << chosen;
    }
    return kept;
  }
  [[nodiscard]] unsigned kept_lengths(std::uint64_t length, std::uint64_t instead) const {
    unsigned kept = 0;
    for (unsigned s = 0; s < selectors; ++s) {
      const std::uint64_t chosen = Crowds<F>::spare(length, static_cast<std::uint16_t>(s), history());
      kept += chosen == length;
      EXPECT_TRUE(chosen == length || chosen == instead) << chosen;
    }
    return kept;
  }
};

template <Format F>
void expect_all_kept() {
  Scene<F> scene;
  EXPECT_EQ(scene.kept_addresses(3 * scene.page, 0), selectors) << F::name;
  EXPECT_EQ(scene.kept_lengths(3 * scene.page, 0), selectors) << F::name;
  scene.now = operation(TableVerb::map_range, scene.page, 0, 0);
  EXPECT_EQ(scene.kept_lengths(64 * scene.block, 0), selectors) << F::name;
  EXPECT_TRUE(Crowds<F>::may_be_small(64 * scene.block, 1)) << F::name;
}

TEST(Crowds, FormatsWithSmallNodesKeepEveryOperand) {
  expect_all_kept<X86_64_4>();
  expect_all_kept<RiscvSv39>();
  expect_all_kept<Armv7>();
  expect_all_kept<Tiny>();
}

// One in so many, give or take a tenth.
template <Format F>
void expect_cuts(unsigned one_of) {
  const Scene<F> scene;
  const unsigned share = selectors / one_of, tenth = share / 10;
  EXPECT_NEAR(scene.kept_addresses(3 * scene.page, 0), share, tenth) << F::name;
  EXPECT_NEAR(scene.kept_lengths(3 * scene.page, scene.block), share, tenth) << F::name;
}

TEST(Crowds, AsManyCutABlockAsItsNodeIsCheap) {
  expect_cuts<Aarch64S1_4k>(4);
  expect_cuts<Aarch64S1_16k>(16);
  expect_cuts<Aarch64S1_64k>(64);
}

TEST(Crowds, WholeBlocksAndOtherPlacesAreKept) {
  Scene<Aarch64S1_64k> scene;
  EXPECT_EQ(scene.kept_addresses(scene.block, 0), selectors);
  EXPECT_EQ(scene.kept_addresses(scene.block + scene.page, 0), selectors); // nothing is mapped there
  EXPECT_EQ(scene.kept_lengths(scene.block, 0), selectors);
  EXPECT_EQ(scene.kept_lengths(scene.block + scene.page, 0), selectors);
  scene.before = operation(TableVerb::map, 0, 0, scene.page);
  EXPECT_EQ(scene.kept_addresses(3 * scene.page, 0), selectors);
}

// The size of a range is that of its largest leaf, whether the range holds such a leaf or not.
TEST(Crowds, RangesThatHoldNoBlockAreCutAnywhere) {
  constexpr std::uint64_t page = Scene<Aarch64S1_4k>::page, block = Scene<Aarch64S1_4k>::block;
  for (const TableVerb verb : {TableVerb::unmap, TableVerb::unmap_collect, TableVerb::protect}) {
    Scene<Aarch64S1_4k> scene;
    scene.before = operation(TableVerb::map_range, 3 * page, 8 * page, 16 * block);
    scene.now = operation(verb, 3 * page, 0, 0);
    EXPECT_EQ(scene.kept_addresses(3 * page, 0), selectors);
    EXPECT_EQ(scene.kept_addresses(5 * block + page, 0), selectors); // beyond it
    EXPECT_EQ(scene.kept_lengths(8 * page, 0), selectors);
    EXPECT_EQ(scene.kept_lengths(2 * page, 0), selectors);
    scene.before = operation(TableVerb::map_range, 3 * page, 2 * block - 4 * page, block); // pages, too
    EXPECT_EQ(scene.kept_addresses(block + 3 * page, 0), selectors);
  }
}

TEST(Crowds, OnlyTheBlocksOfARangeAreSpared) {
  constexpr std::uint64_t page = Scene<Aarch64S1_4k>::page, block = Scene<Aarch64S1_4k>::block;
  Scene<Aarch64S1_4k> scene;
  scene.before = operation(TableVerb::map_range, block - 4 * page, 2 * block + 9 * page, 16 * block);
  EXPECT_EQ(scene.kept_addresses(block - 3 * page, 0), selectors); // before the first
  EXPECT_LT(scene.kept_addresses(block + 3 * page, block), selectors / 2);
  EXPECT_LT(scene.kept_addresses(3 * block - page, 2 * block), selectors / 2);
  EXPECT_EQ(scene.kept_addresses(3 * block + 3 * page, 0), selectors); // behind the last
}

TEST(Crowds, WhatMapsCutsMarkersOnly) {
  Scene<Aarch64S1_64k> scene;
  scene.now = operation(TableVerb::map, 0, 0, 0);
  EXPECT_EQ(scene.kept_addresses(3 * scene.page, 0), selectors);
  scene.before = operation(TableVerb::mark, 0, 0, scene.block);
  EXPECT_LT(scene.kept_addresses(3 * scene.page, 0), selectors / 32);
  scene.now = operation(TableVerb::lookup, 0, 0, 0);
  EXPECT_EQ(scene.kept_addresses(3 * scene.page, 0), selectors);
}

TEST(Crowds, RangesOfPagesAreShortAndNeverManyNodes) {
  Scene<Aarch64S1_64k> scene;
  scene.now = operation(TableVerb::map_range, 0, 0, 0);
  scene.now.value[field_pa] = scene.page; // blocks are impossible
  unsigned longer = 0;
  for (unsigned s = 0; s < selectors; ++s) {
    const std::uint64_t pages =
        Crowds<Aarch64S1_64k>::spare(64 * scene.block, static_cast<std::uint16_t>(s), scene.history())
        / scene.page;
    EXPECT_TRUE(pages > 0 && pages <= 16384) << pages;
    longer += pages > 256;
  }
  EXPECT_LT(longer, selectors / 32);
  EXPECT_EQ(scene.kept_lengths(200 * scene.page, 0), selectors);
  EXPECT_FALSE(Crowds<Aarch64S1_64k>::may_be_small(3 * scene.block, 0));
  EXPECT_TRUE(Crowds<Aarch64S1_64k>::may_be_small(scene.block, 0));
}

TEST(Crowds, RangesOfBlocksLoseTheirRaggedEnd) {
  Scene<Aarch64S1_64k> scene;
  scene.now = operation(TableVerb::map_range, 0, 0, 0);
  const std::uint64_t ragged = 3 * scene.block + 5000 * scene.page;
  EXPECT_LT(scene.kept_lengths(ragged, 3 * scene.block), selectors / 32);
  EXPECT_EQ(scene.kept_lengths(3 * scene.block + scene.page, 0), selectors);
}

} // namespace
} // namespace pagetwin::fuzz
