// Every status of docs/table.md, and the order in which they are tested: each row is wrong in at least two
// ways, and the earlier one is answered.
#include "tests/table/table_test.hpp"

namespace pagetwin::fuzz {
namespace {

constexpr Attributes no_rights{};

class TableStatus : public TableTest {
 protected:
  const std::uint64_t hole = table.hole(); // the first address that is not canonical
  const std::uint64_t end = std::uint64_t{1} << table.profile().pa_bits;
  // No power of two; a power of two below the page; one above every size.
  const std::uint64_t odd_size = 3 * page, tiny_size = page / 2, huge_size = std::uint64_t{1} << 62;

  void SetUp() override { ASSERT_OK(table.map(largest, frames, page)); }

  template <class Operation>
  void expect(Status want, Operation&& operation) {
    EXPECT_TRUE(refuses(table, want, operation));
  }
  // The same rows for every operation on [va, va + length).
  template <class Operation>
  void expect_range_order(Operation&& operation) {
    expect(Status::empty, [&] { return operation(hole + 1, 0); });
    expect(Status::misaligned, [&] { return operation(hole + 8, page); });
    expect(Status::misaligned, [&] { return operation(hole, page + 8); });
    expect(Status::misaligned, [&] { return operation(0, page - 1); });
    expect(Status::out_of_range, [&] { return operation(hole, page); });
    expect(Status::out_of_range, [&] { return operation(hole - page, 2 * page); });
    expect(Status::out_of_range, [&] { return operation(0 - page, 2 * page); });
    expect(Status::out_of_range, [&] { return operation(0, 0 - page); });
    expect(Status::out_of_range, [&] { return operation(table.hole_end() - page, page); });
    expect(Status::out_of_range, [&] { return operation(hole - page, 0 - 2 * hole + 2 * page); });
  }
  // And for every operation on one page of a size.
  template <class Operation>
  void expect_size_order(Operation&& operation) {
    expect(Status::empty, [&] { return operation(hole + 1, 0); });
    expect(Status::misaligned, [&] { return operation(hole + 8, page); });
    expect(Status::misaligned, [&] { return operation(hole + 8, odd_size); });
    expect(Status::misaligned, [&] { return operation(hole + page / 4, tiny_size); });
    expect(Status::misaligned, [&] { return operation(page, huge_size); });
    expect(Status::misaligned, [&] { return operation(hole - page, largest); });
    expect(Status::bad_size, [&] { return operation(hole, odd_size); });
    expect(Status::bad_size, [&] { return operation(hole + page / 2, tiny_size); });
    expect(Status::bad_size, [&] { return operation(0, huge_size); });
    expect(Status::out_of_range, [&] { return operation(hole, page); });
    expect(Status::out_of_range, [&] { return operation(table.hole_end() - largest, largest); });
  }
};
INSTANTIATE_TEST_SUITE_P(All, TableStatus, testing::ValuesIn(table_kinds().begin(), table_kinds().end()),
                         NameOfParam{});

TEST_P(TableStatus, OfMap) {
  expect_size_order([&](std::uint64_t va, std::uint64_t size) { return table.map(va, 0, size, no_rights); });
  expect(Status::empty, [&] { return table.map(largest, frames + 1, 0); });
  expect(Status::misaligned, [&] { return table.map(0, frames + 8, page, no_rights); });
  expect(Status::misaligned, [&] { return table.map(0, frames + page, largest, no_rights); });
  expect(Status::out_of_range, [&] { return table.map(largest, end, page, no_rights); });
  expect(Status::bad_attributes, [&] { return table.map(largest, frames, page, no_rights); });
  expect(Status::bad_attributes, [&] { return table.map(largest, frames, page, {.rights = Rights::user}); });
  for (const Attributes& a : inexpressible(table.profile(), plain_attributes))
    expect(Status::bad_attributes, [&] { return table.map(largest, frames, page, a); });
  expect(Status::overlap, [&] { return table.map(largest, frames, page); });
}

TEST_P(TableStatus, OfMapRange) {
  expect_range_order([&](std::uint64_t va, std::uint64_t length) {
    return table.map_range(va, frames, length, page, no_rights);
  });
  expect(Status::misaligned, [&] { return table.map_range(largest, frames + 8, page, odd_size); });
  expect(Status::bad_size, [&] { return table.map_range(hole, frames, page, 0); });
  expect(Status::bad_size, [&] { return table.map_range(hole, frames, page, odd_size); });
  expect(Status::out_of_range, [&] { return table.map_range(0, end - page, 2 * page, page, no_rights); });
  expect(Status::out_of_range, [&] { return table.map_range(0, 0 - page, 2 * page, page); });
  expect(Status::bad_attributes, [&] { return table.map_range(0, frames, 2 * largest, largest, no_rights); });
  expect(Status::overlap, [&] { return table.map_range(0, frames, 2 * largest, largest); });
}

TEST_P(TableStatus, OfUnmapAndUnmapCollect) {
  std::vector<LeafReport> reports;
  expect_range_order([&](std::uint64_t va, std::uint64_t length) { return table.unmap(va, length).status; });
  expect_range_order([&](std::uint64_t va, std::uint64_t length) {
    return table.subject().unmap_collect(0, va, length, reports).status;
  });
  EXPECT_TRUE(reports.empty());
}

TEST_P(TableStatus, OfProtect) {
  expect_range_order(
      [&](std::uint64_t va, std::uint64_t length) { return table.protect(va, length, Rights::none).status; });
  expect(Status::bad_attributes, [&] { return table.protect(0, page, Rights::none).status; });
  expect(Status::bad_attributes, [&] { return table.protect(largest, page, Rights::user).status; });
}

TEST_P(TableStatus, OfHarvestAndForEach) {
  std::vector<LeafReport> reports;
  std::vector<Stretch> stretches;
  for (const Harvest what : {Harvest::keep, Harvest::clear})
    expect_range_order([&](std::uint64_t va, std::uint64_t length) {
      return table.subject().harvest(0, va, length, what, reports);
    });
  expect_range_order([&](std::uint64_t va, std::uint64_t length) {
    return table.subject().for_each(0, va, length, stretches);
  });
  EXPECT_TRUE(reports.empty() && stretches.empty());
}

TEST_P(TableStatus, OfRemap) {
  expect(Status::misaligned, [&] { return table.remap(hole + 8, frames); });
  expect(Status::misaligned, [&] { return table.remap(0, end + 8); });
  expect(Status::out_of_range, [&] { return table.remap(hole, frames); });
  expect(Status::out_of_range, [&] { return table.remap(0, end); });
  expect(Status::not_mapped, [&] { return table.remap(0, frames); });
}

TEST_P(TableStatus, OfPromote) {
  expect_size_order([&](std::uint64_t va, std::uint64_t size) { return table.promote(va, size); });
  expect(Status::not_uniform, [&] { return table.promote(0, page); });
  expect(Status::not_uniform, [&] { return table.promote(largest, largest); });
}

TEST_P(TableStatus, OfSplitSetAttributesAndAddFlags) {
  expect_size_order([&](std::uint64_t va, std::uint64_t size) { return table.split(va, size); });
  expect(Status::not_mapped, [&] { return table.split(0, page); });
  const Attributes none{};
  expect(Status::misaligned, [&] { return table.set_attributes(hole + 8, none); });
  expect(Status::out_of_range, [&] { return table.set_attributes(hole, none); });
  expect(Status::bad_attributes, [&] { return table.set_attributes(0, none); });
  expect(Status::not_mapped, [&] { return table.set_attributes(0, plain_attributes); });
  expect(Status::out_of_range, [&] { return table.add_flags(hole, {}); });
  expect(Status::not_mapped, [&] { return table.add_flags(8, {}); });
}

TEST_P(TableStatus, OfMarkAndMarker) {
  const std::uint64_t wide = std::uint64_t{1} << table.profile().marker_bits;
  expect_size_order([&](std::uint64_t va, std::uint64_t size) { return table.mark(va, size, wide); });
  expect_size_order([&](std::uint64_t va, std::uint64_t size) { return table.marker(va, size).status; });
  expect(Status::bad_attributes, [&] { return table.mark(largest, page, wide); });
  expect(Status::overlap, [&] { return table.mark(largest, page, 1); });
  expect(Status::overlap, [&] { return table.mark(largest, largest, 0); });
  expect(Status::overlap, [&] { return table.marker(largest, largest).status; });
}

// A full pool is the last thing that an operation complains about.
TEST_P(TableStatus, OutOfMemoryComesLast) {
  TableUnderTest full(GetParam(), table.mmu().levels());
  ASSERT_OK(full.map(largest, frames, page));
  ASSERT_EQ(full.nodes(), full.mmu().levels());
  const auto refused = [&](Status want, auto&& operation) { EXPECT_TRUE(refuses(full, want, operation)); };
  refused(Status::bad_attributes, [&] { return full.map(full.top() - page, frames, page, no_rights); });
  refused(Status::overlap, [&] { return full.map_range(largest, frames, 3 * largest, page); });
  refused(Status::out_of_memory, [&] { return full.map(full.top() - page, frames, page); });
  refused(Status::out_of_memory,
          [&] { return full.map_range(full.top() - 2 * page, frames, 2 * page, page); });
  refused(Status::out_of_memory, [&] { return full.mark(full.top() - page, page, 1); });
  EXPECT_TRUE(holds(full, {leaf(largest, frames, page)}));
}

TEST_P(TableStatus, CutsOfALeafNeedNodes) {
  TableUnderTest full(GetParam(), table.nodes_to(largest));
  std::vector<LeafReport> reports;
  ASSERT_OK(full.map(full.top() - largest, frames, largest));
  const auto refused = [&](auto&& operation) {
    EXPECT_TRUE(refuses(full, Status::out_of_memory, operation));
  };
  refused([&] { return full.unmap(full.top() - page, page).status; });
  refused([&] { return full.protect(full.top() - page, page, read_only).status; });
  refused([&] { return full.subject().unmap_collect(0, full.top() - page, page, reports).status; });
  EXPECT_TRUE(holds(full, {leaf(full.top() - largest, frames, largest)}));
  EXPECT_EQ(full.unmap(full.top() - largest, largest).bytes, largest);
}

} // namespace
} // namespace pagetwin::fuzz
