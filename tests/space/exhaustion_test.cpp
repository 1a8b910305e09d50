// Table nodes, mapping nodes and arrays of parts that run out: an operation fails as a whole, and changes
// nothing, not even a flag. With more and more of one of them the same operation succeeds at last.
#include "fuzz/oracles/tiny_format.hpp"
#include "src/arch/riscv.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/space/spaces.hpp"

#include <functional>

namespace pagetwin::test {
namespace {

using S = Spaces<Tiny>;
using Act = std::function<Status(S&)>;

// Everything that can be seen.
std::string all_of(const S& s) {
  std::string text;
  for (unsigned space = 0; space < 4; ++space)
    text += s.show(space) + "; ";
  for (const std::uint64_t used : s.used())
    text += std::to_string(used) + " ";
  return text;
}
// Units of all sizes, derived from each other; some were accessed.
Status prepare(S& s) {
  const std::array requests{S::request(0, 0, 1, 0, 16, all_rights), S::request(1, 0, 2, 0, 16, rw),
                            S::request(2, 0, 3, 0, 8, all_rights), S::request(1, 9, 2, 24, 1, all_rights),
                            S::request(0, 16, 3, 16, 8, rw)};
  for (const TransferRequest& request : requests)
    if (const Status status = s.map(request).status; status != Status::ok)
      return status;
  for (const unsigned space : {1U, 2U, 3U})
    EXPECT_TRUE(s.access(space, 3, AccessKind::write));
  return Status::ok;
}

// budget_of(n): where n of something are there. How many of n are too few for the act, counted from the first
// that is enough to prepare.
template <class BudgetOf>
unsigned refusals(BudgetOf budget_of, const Act& act) {
  unsigned refused = 0;
  for (std::size_t n = 1; n < 200; ++n) {
    S s(budget_of(n));
    if (s.started != Status::ok || prepare(s) != Status::ok)
      continue;
    const std::string before = all_of(s);
    const Status status = act(s);
    if (status == Status::ok)
      return refused;
    EXPECT_EQ(status, Status::out_of_memory) << n;
    EXPECT_EQ(all_of(s), before) << n;
    ++refused;
  }
  ADD_FAILURE() << "never enough";
  return refused;
}
Budget with_nodes(std::size_t n) { return {.pages = 32, .nodes = 3 + n}; }
Budget with_mappings(std::size_t n) { return {.pages = 32, .mappings = n}; }
Budget with_parts(std::size_t n) { return {.pages = 32, .parts = n}; }

const Act map_a_page = [](S& s) { return s.map(S::request(0, 31, 3, 60, 1, all_rights)).status; };
const Act map_over_a_part = [](S& s) { return s.map(S::request(0, 30, 1, 5, 1, all_rights)).status; };
const Act grant_a_part = [](S& s) { return s.grant(S::request(1, 8, 3, 40, 2, all_rights)).status; };
const Act flush_a_part = [](S& s) { return s.tested().flush(1, S::flexpage(6, 1), all_rights).status; };
const Act unmap_a_part = [](S& s) { return s.tested().unmap(0, S::flexpage(6, 1), w).status; };
const Act place_a_page = [](S& s) { return s.place(1, 60, 1, 0); };

TEST(Exhaustion, TableNodesRunOut) {
  EXPECT_EQ(refusals(with_nodes, map_a_page), 2U) << "the nodes below the root";
  EXPECT_EQ(refusals(with_nodes, place_a_page), 2U);
  EXPECT_EQ(refusals(with_nodes, map_over_a_part), 5U) << "two in each of two tables, and one in the third";
  EXPECT_GE(refusals(with_nodes, grant_a_part), 2U);
  EXPECT_EQ(refusals(with_nodes, flush_a_part), 5U);
  EXPECT_EQ(refusals(with_nodes, unmap_a_part), 5U);
}
TEST(Exhaustion, MappingNodesRunOut) {
  EXPECT_EQ(refusals(with_mappings, map_a_page), 1U);
  EXPECT_EQ(refusals(with_mappings, place_a_page), 0U) << "an area has none";
  EXPECT_GE(refusals(with_mappings, map_over_a_part), 4U + 4U + 3U);
  EXPECT_GE(refusals(with_mappings, grant_a_part), 3U + 3U);
  EXPECT_EQ(refusals(with_mappings, flush_a_part), 4U + 4U + 3U);
  EXPECT_EQ(refusals(with_mappings, unmap_a_part), 4U + 4U + 3U);
}
TEST(Exhaustion, ArraysOfPartsRunOut) {
  EXPECT_EQ(refusals(with_parts, map_a_page), 1U + 1U + 1U) << "for each size that has none there";
  EXPECT_GE(refusals(with_parts, flush_a_part), 1U + 1U + 1U);
  EXPECT_GE(refusals(with_parts, unmap_a_part), 1U + 1U + 1U);
}
// 2 MiB have an array of 128 bytes, two units of the pool, and each 64 KiB of them one of 64. The first page
// asks for both, each of which counts as the larger one.
TEST(Exhaustion, ArraysOfSeveralSizesShareTheirPool) {
  constexpr std::size_t enough_for_both = 4, parts = 32;
  for (std::size_t n = 0; n < 24; ++n) {
    Spaces<RiscvSv39> s({.pages = 16 * parts, .parts = n, .spaces = 2});
    ASSERT_EQ(s.started, Status::ok);
    std::size_t mapped = 0;
    while (mapped < parts
           && s.map(Spaces<RiscvSv39>::request(0, 16 * mapped, 1, mapped, 1, rw)).status == Status::ok)
      ++mapped;
    EXPECT_EQ(mapped, n < enough_for_both ? 0 : n - 2) << n;
    EXPECT_EQ(s.used()[2], mapped == 0 ? 0 : mapped + 1) << n;
  }
}
TEST(Exhaustion, AnEmptySpaceNeedsARoot) {
  S s({.pages = 1, .nodes = 3 + 3, .spaces = 3});
  EXPECT_EQ(s.create(3), Status::out_of_memory);
  EXPECT_FALSE(s.tested().exists(3));
  EXPECT_EQ(s.destroy(2), Status::ok);
  EXPECT_EQ(s.create(3), Status::ok);
}
TEST(Exhaustion, WithoutStorageThereIsNoMappingNode) {
  std::array<MappingNode, 2> storage;
  for (const std::size_t size : {0U, 1U}) {
    const MappingNodes none{std::span(storage).first(size)};
    EXPECT_TRUE(none.available(0));
    EXPECT_FALSE(none.available(1)) << size;
  }
  EXPECT_TRUE(MappingNodes(storage).available(1));
  EXPECT_FALSE(MappingNodes(storage).available(2));
}
TEST(Exhaustion, MappingOverAPageAsksForOneMappingNodeMore) {
  Spaces<X86_64_4> s({.pages = 2, .nodes = 8, .mappings = 4, .parts = 1, .spaces = 2});
  s.map(0, 0, 1, 5);
  for (unsigned i = 0; i < 8; ++i)
    EXPECT_EQ(s.map(0, i % 2, 1, 5), 1U);
}

} // namespace
} // namespace pagetwin::test
