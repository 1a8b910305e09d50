// What is asked about tables made by hand: that nothing which a walker may read on its own is left out.
#include "fuzz/machines/foreign/survey.hpp"
#include "fuzz/machines/foreign/wear.hpp"
#include "tests/reference/arena.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace pagetwin::fuzz {
namespace {

constexpr std::uint64_t base = 0x100000, node_bytes = 0x1000, page_bytes = 0x1000, salt = 7;
constexpr unsigned first = 32, copies = 16;

// Nodes one below the other; the last is of pages, `copies` of which are set.
struct Table {
  Table(const reference::Mmu& mmu, std::uint64_t (*link)(std::uint64_t), std::uint64_t (*page)(unsigned))
      : arena(base, mmu.levels() * node_bytes), view{&mmu, arena.memory(), {}},
        pages(base + (mmu.levels() - 1) * node_bytes) {
    for (std::uint64_t node = base; node < pages; node += node_bytes)
      arena.put(node, link(node + node_bytes));
    for (unsigned copy = 0; copy < copies; ++copy)
      arena.put(slot(copy), page(copy));
    survey.read(view, base, salt);
  }
  [[nodiscard]] std::uint64_t slot(unsigned copy) const { return pages + std::uint64_t{8} * (first + copy); }

  reference::Arena arena;
  View view;
  std::uint64_t pages;
  Survey survey;
};

std::uint64_t arm_link(std::uint64_t node) { return node | 3; }
std::uint64_t riscv_link(std::uint64_t node) { return node >> 2U | 1; }
std::uint64_t intel_link(std::uint64_t node) { return node | 7; }

constexpr std::uint64_t frame = 0x4000'0000;
std::uint64_t of_contiguous_set(unsigned copy) {
  return (frame + copy * page_bytes) | 0x783 | std::uint64_t{7} << 52U;
}
std::uint64_t of_napot(unsigned) { return (frame | 0x8000) >> 2U | 0xcf | std::uint64_t{1} << 63U; }
std::uint64_t of_run(unsigned copy) { return (frame + copy * page_bytes) | 7; }

bool asks(const Survey& survey, std::uint64_t address) {
  return std::ranges::binary_search(survey.addresses(), address);
}

void expect_every_copy(const Table& table) {
  std::vector<Survey::Place> found;
  for (const Survey::Place& place : table.survey.places())
    if (place.slot >= table.pages)
      found.push_back(place);
  ASSERT_EQ(found.size(), copies);
  for (unsigned copy = 0; copy < copies; ++copy) {
    EXPECT_EQ(found[copy].slot, table.slot(copy));
    EXPECT_EQ(found[copy].raw, table.arena.at(table.slot(copy)));
    EXPECT_EQ(found[copy].level, 0U);
    const std::uint64_t va = (first + copy) * page_bytes;
    EXPECT_TRUE(asks(table.survey, va) && asks(table.survey, va + 0xfff)) << copy;
  }
}

TEST(Surveys, HaveEveryCopyOfAContiguousSet) {
  expect_every_copy({reference::aarch64_s1_4k(), arm_link, of_contiguous_set});
}
TEST(Surveys, HaveEveryCopyOfANapotPage) {
  expect_every_copy({reference::riscv_sv39(), riscv_link, of_napot});
}

TEST(Surveys, HaveOnePlaceOfARunOfPages) {
  const Table table(reference::x86_64_4(), intel_link, of_run);
  EXPECT_EQ(table.survey.places().size(), 4U);
  EXPECT_TRUE(asks(table.survey, (first + copies) * page_bytes - 1));
}

// A walker reads only the copy of its address.
TEST(Damage, ReachesCopiesBeyondTheFirst) {
  Table table(reference::aarch64_s1_4k(), arm_link, of_contiguous_set);
  damage(table.view, table.survey);
  unsigned changed = 0;
  for (unsigned copy = 1; copy < copies; ++copy)
    changed += table.arena.at(table.slot(copy)) == of_contiguous_set(copy) ? 0 : 1;
  EXPECT_GT(changed, 0U);
  EXPECT_LT(changed, copies - 1);
}

} // namespace
} // namespace pagetwin::fuzz
