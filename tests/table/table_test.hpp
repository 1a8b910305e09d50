// What a table holds against what a test expects of it: whole contents, or nothing changed at all; and the
// fixture of tests that run over every kind. It refuses to know any operation.
#pragma once

#include "tests/table/expressible.hpp"
#include "tests/table/table_under_test.hpp"

#include <sstream>

namespace pagetwin::fuzz {

namespace detail {

inline std::string show(std::span<const reference::LeafRun> runs) {
  std::ostringstream to;
  to << std::hex;
  for (const auto& r : runs) {
    const reference::Attributes& a = r.attributes;
    to << "  0x" << r.va << " -> 0x" << r.pa << ", 0x" << r.bytes << " bytes of 0x" << r.leaf_size << " "
       << (a.read ? "r" : "-") << (a.write ? "w" : "-") << (a.execute ? "x" : "-") << (a.user ? "u" : "-")
       << " type " << unsigned{a.memory_type} << " key " << unsigned{a.key} << " software " << a.software
       << (a.global ? " global" : "") << (r.flags.accessed ? " accessed" : "")
       << (r.flags.dirty ? " dirty" : "") << "\n";
  }
  return to.str();
}

inline std::string show(std::span<const reference::Marker> markers) {
  std::ostringstream to;
  to << std::hex;
  for (const auto& m : markers)
    to << "  0x" << m.va << ", 0x" << m.bytes << " bytes marked 0x" << m.word << "\n";
  return to.str();
}

inline std::vector<reference::Extent> extents_of(const Leaves& runs) {
  std::vector<reference::Extent> extents;
  for (const auto& r : runs)
    reference::append(extents, {r.va, r.bytes, r.pa, r.attributes});
  return extents;
}

// Over both halves; at once where there is nothing between them.
inline std::vector<reference::Extent> shown_by_for_each(TableUnderTest& table) {
  std::vector<Stretch> stretches;
  if (table.hole() == table.top()) {
    EXPECT_EQ(table.subject().for_each(0, 0, table.top(), stretches), Status::ok);
  } else {
    EXPECT_EQ(table.subject().for_each(0, 0, table.half_bytes(), stretches), Status::ok);
    EXPECT_EQ(table.subject().for_each(0, table.upper_half(), table.half_bytes(), stretches), Status::ok);
  }
  std::vector<reference::Extent> extents;
  for (const Stretch& s : stretches)
    extents.push_back(to_reference(s));
  return extents;
}

// Lookups at a byte, expected to find what the runs say.
inline testing::AssertionResult looks_up(TableUnderTest& table, const Leaves& runs, std::uint64_t va) {
  const auto run = std::ranges::find_if(runs, [&](const auto& r) { return va - r.va < r.bytes; });
  const auto found = table.subject().lookup(0, va);
  if (!found && run == runs.end())
    return testing::AssertionSuccess();
  const bool same = found && run != runs.end() && found->pa == run->pa + (va - run->va)
                    && found->size == run->leaf_size && to_reference(found->attributes) == run->attributes;
  return same ? testing::AssertionSuccess()
              : testing::AssertionFailure() << "lookup of 0x" << std::hex << va << " is wrong";
}

inline testing::AssertionResult looks_up_edges(TableUnderTest& table, const Leaves& runs) {
  for (const auto& r : runs)
    for (const std::uint64_t va : {r.va - 1, r.va, last_byte(r), last_byte(r) + 1})
      if (const auto result = looks_up(table, runs, va); !result)
        return result;
  return testing::AssertionSuccess();
}

} // namespace detail

// Compares the whole space, in all ways that there are: raw bytes, for_each over both halves, lookups at the
// edges, the audit, and the nodes in use against those reached.
[[nodiscard]] inline testing::AssertionResult holds(TableUnderTest& table, const Leaves& want,
                                                    const Markers& markers = {}) {
  const reference::Contents seen = table.contents();
  const Leaves canonical = joined({want});
  if (seen.broken != nullptr)
    return testing::AssertionFailure() << "the bytes are no table: " << seen.broken;
  if (seen.leaves != canonical)
    return testing::AssertionFailure() << "holds\n"
                                       << detail::show(seen.leaves) << "instead of\n"
                                       << detail::show(canonical);
  if (seen.markers != markers)
    return testing::AssertionFailure() << "holds\n"
                                       << detail::show(seen.markers) << "instead of\n"
                                       << detail::show(markers);
  if (detail::shown_by_for_each(table) != detail::extents_of(canonical))
    return testing::AssertionFailure() << "for_each shows other ranges than the bytes";
  if (const std::string problem = table.subject().audit(0); !problem.empty())
    return testing::AssertionFailure() << "audit: " << problem;
  std::uint64_t reached = seen.nodes;
  for (unsigned s = 1; s < max_spaces; ++s)
    reached += table.subject().alive(s) ? table.contents(s).nodes : 0;
  if (reached != table.nodes())
    return testing::AssertionFailure() << table.nodes() << " nodes are in use, " << reached << " are reached";
  return detail::looks_up_edges(table, canonical);
}

// The operation answers `want` and changes nothing at all.
template <class Operation>
[[nodiscard]] testing::AssertionResult refuses(TableUnderTest& table, Status want, Operation&& operation) {
  const std::string before = table.dump();
  const std::uint64_t nodes = table.nodes();
  if (const Status got = operation(); got != want)
    return testing::AssertionFailure() << "answers " << to_text(got) << " instead of " << to_text(want);
  if (const std::string after = table.dump(); after != before || nodes != table.nodes())
    return testing::AssertionFailure() << nodes << " nodes, then " << table.nodes() << "\nbefore:\n"
                                       << before << "after:\n"
                                       << after;
  return testing::AssertionSuccess();
}

#define EXPECT_MAPPINGS(table, ...) EXPECT_TRUE(holds(table, Leaves{__VA_ARGS__}))
#define ASSERT_OK(operation)        ASSERT_EQ(operation, Status::ok)

// A test that runs over every kind: TEST_P(TableMap, ...) after TABLE_TESTS(TableMap).
class TableTest : public testing::TestWithParam<TableKind> {
 protected:
  TableUnderTest table{GetParam()};
  const std::uint64_t page = table.page(), largest = table.largest(), frames = table.frames(),
                      more_frames = table.more_frames();
  const Flags written{true, table.profile().dirty}; // of a leaf after a write
};

#define TABLE_TESTS(Suite)                                                                                   \
  class Suite : public TableTest {};                                                                         \
  INSTANTIATE_TEST_SUITE_P(All, Suite, testing::ValuesIn(table_kinds().begin(), table_kinds().end()),        \
                           NameOfParam{})

} // namespace pagetwin::fuzz
