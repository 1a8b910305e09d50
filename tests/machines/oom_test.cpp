// Every point at which an operation can run out of memory: the k-th allocation fails for every k until none
// is left to fail. The table is then as it was, bit by bit, and the same operation succeeds when it is tried
// again.
#include "tests/table/table_test.hpp"

#include <functional>

namespace pagetwin::fuzz {
namespace {

struct Scenario {
  const char* name;
  std::function<void(TableUnderTest&)> prepare;
  std::function<Status(TableUnderTest&)> run;
  // Nodes that the operation takes, from the shape of the format: so many allocations can fail.
  std::function<unsigned(const TableUnderTest&)> nodes;
};

// Nodes below the root on the way to a page.
unsigned path(const TableUnderTest& t) { return t.mmu().levels() - 1; }
// Nodes that cutting a page out of a largest leaf takes.
unsigned cuts(const TableUnderTest& t) { return t.level_of(t.largest()); }

void map_largest(TableUnderTest& t) {
  ASSERT_OK(t.map(t.largest(), t.frames(), t.largest()));
  t.write(t.largest());
}
void mark_largest(TableUnderTest& t) { ASSERT_OK(t.mark(t.largest(), t.largest(), 5)); }
void nothing(TableUnderTest&) {}

// For the two ends of a range that lie in different nodes of every level below the largest size.
unsigned path_and_cuts(const TableUnderTest& t) { return path(t) + cuts(t); }
unsigned both_cuts(const TableUnderTest& t) { return 2 * cuts(t); }

const Scenario scenarios[] = {
    {"map a page", nothing, [](TableUnderTest& t) { return t.map(t.top() - t.page(), t.frames(), t.page()); },
     path},
    {"map the largest size", nothing,
     [](TableUnderTest& t) { return t.map(t.largest(), t.frames(), t.largest()); },
     [](const TableUnderTest& t) { return t.nodes_to(t.largest()) - 1; }},
    {"map a page into a marked hole", mark_largest,
     [](TableUnderTest& t) { return t.map(t.largest() + t.page(), t.frames(), t.page()); }, cuts},
    {"map a range over a boundary of the largest size", nothing,
     [](TableUnderTest& t) {
       return t.map_range(t.largest() - t.page(), t.frames() - t.page(), 2 * t.page(), t.page());
     },
     path_and_cuts},
    {"map a range beside leaves", map_largest,
     [](TableUnderTest& t) { return t.map_range(2 * t.largest(), t.frames(), t.page(), t.page()); }, nullptr},
    {"unmap a page of a leaf", map_largest,
     [](TableUnderTest& t) { return t.unmap(t.largest() + t.page(), t.page()).status; }, cuts},
    {"unmap the middle of a leaf", map_largest,
     [](TableUnderTest& t) { return t.unmap(t.largest() + t.page(), t.largest() - 2 * t.page()).status; },
     nullptr},
    {"unmap the ends of two leaves",
     [](TableUnderTest& t) {
       map_largest(t);
       ASSERT_OK(t.map(2 * t.largest(), t.frames(), t.largest()));
     },
     [](TableUnderTest& t) { return t.unmap(2 * t.largest() - t.page(), 2 * t.page()).status; }, both_cuts},
    {"collect a page of a leaf", map_largest,
     [](TableUnderTest& t) {
       std::vector<LeafReport> reports;
       return t.subject().unmap_collect(0, 2 * t.largest() - t.page(), t.page(), reports).status;
     },
     cuts},
    {"unmap a page of a marked hole", mark_largest,
     [](TableUnderTest& t) { return t.unmap(t.largest(), t.page()).status; }, cuts},
    {"protect a page of a leaf", map_largest,
     [](TableUnderTest& t) { return t.protect(t.largest(), t.page(), read_only).status; }, cuts},
    {"protect the ends of two leaves",
     [](TableUnderTest& t) {
       map_largest(t);
       ASSERT_OK(t.map(2 * t.largest(), t.frames(), t.largest()));
     },
     [](TableUnderTest& t) { return t.protect(2 * t.largest() - t.page(), 2 * t.page(), read_only).status; },
     both_cuts},
    {"mark a page", nothing, [](TableUnderTest& t) { return t.mark(t.largest(), t.page(), 3); }, path},
    {"mark a page of a marked hole", mark_largest,
     [](TableUnderTest& t) { return t.mark(2 * t.largest() - t.page(), t.page(), 3); }, cuts},
    {"erase a page of a marked hole", mark_largest,
     [](TableUnderTest& t) { return t.mark(2 * t.largest() - t.page(), t.page(), 0); }, cuts},
    {"create a space", map_largest, [](TableUnderTest& t) { return t.subject().create(1); },
     [](const TableUnderTest&) { return 1U; }},
};

struct Seen {
  std::string dump;
  reference::Contents contents;
  std::uint64_t nodes;
};
Seen look(TableUnderTest& t) { return {t.dump(), t.contents(), t.nodes()}; }

// One try with the k-th allocation failing. True when nothing failed any more.
bool try_with_failure(const TableKind& kind, const Scenario& scenario, unsigned k, const Seen& want) {
  TableUnderTest t(kind);
  scenario.prepare(t);
  const Seen before = look(t);
  t.subject().fail_allocation(k);
  const Status status = scenario.run(t);
  if (status == Status::ok)
    return true;
  EXPECT_EQ(status, Status::out_of_memory);
  EXPECT_TRUE(t.subject().refused());
  const Seen after = look(t);
  EXPECT_EQ(after.dump, before.dump);
  EXPECT_EQ(after.contents.leaves, before.contents.leaves);
  EXPECT_EQ(after.contents.markers, before.contents.markers);
  EXPECT_EQ(after.nodes, before.nodes);
  EXPECT_FALSE(t.subject().observation()->visible_change());
  EXPECT_TRUE(holds(t, before.contents.leaves, before.contents.markers));

  EXPECT_EQ(scenario.run(t), Status::ok);
  EXPECT_EQ(t.dump(), want.dump);
  EXPECT_TRUE(holds(t, want.contents.leaves, want.contents.markers));
  return false;
}

class OutOfMemory : public testing::TestWithParam<TableKind> {};
INSTANTIATE_TEST_SUITE_P(All, OutOfMemory, testing::ValuesIn(table_kinds().begin(), table_kinds().end()),
                         NameOfParam{});

TEST_P(OutOfMemory, AtEveryAllocationChangesNothing) {
  for (const Scenario& scenario : scenarios) {
    SCOPED_TRACE(scenario.name);
    TableUnderTest undisturbed(GetParam());
    scenario.prepare(undisturbed);
    const std::uint64_t before = undisturbed.nodes();
    ASSERT_OK(scenario.run(undisturbed));
    const Seen want = look(undisturbed);
    unsigned k = 0;
    while (!try_with_failure(GetParam(), scenario, k, want))
      ASSERT_LT(++k, 100U);
    if (scenario.nodes != nullptr) {
      EXPECT_EQ(k, scenario.nodes(undisturbed));
    }
    // An operation asks for what it uses and no more. Splits free nothing, so the difference is what it took.
    EXPECT_EQ(want.nodes - before, k);
  }
}

} // namespace
} // namespace pagetwin::fuzz
