// dump() as text: the same in every run and build, because addresses are simulated.
#include "tests/table/table_test.hpp"

#include <sstream>

namespace pagetwin::fuzz {
namespace {

const TableKind& kind(std::string_view name) {
  for (const TableKind& each : table_kinds())
    if (each.name == name)
      return each;
  ADD_FAILURE() << "no kind " << name;
  return table_kinds().front();
}

void fill_x86_64(TableUnderTest& table) {
  ASSERT_OK(table.map(0x40000000, 0x2'4000'0000, 1 << 30, {.rights = Rights::read | Rights::execute}));
  ASSERT_OK(table.map_range(0x1000, 0x2'0000'1000, 0x3000, 0x1000));
  ASSERT_OK(table.map(0x4000, 0x2'0000'4000, 0x1000,
                      {.rights = read_write, .memory_type = 3, .key = 2, .global = true, .software = 0x2A}));
  ASSERT_OK(table.mark(0x600000, 0x200000, 0x77));
  ASSERT_OK(table.map(0xFFFF'FFFF'FFE0'0000, 0x3'0000'0000, 0x200000, {.rights = read_write | Rights::user}));
  table.write(0x2000);
}

constexpr const char* x86_64_4_text = R"(x86_64_4 root 0x100000000 space 1
  0 table 0x100001000 live 2
    0 table 0x100002000 live 2
      0 table 0x100003000 live 4
        0x1000 -> 0x200001000 1 x 4096 rw-- type 0 key 0 software 0
        0x2000 -> 0x200002000 1 x 4096 rw-- type 0 key 0 software 0 accessed dirty
        0x3000 -> 0x200003000 1 x 4096 rw-- type 0 key 0 software 0
        0x4000 -> 0x200004000 1 x 4096 rw-- type 3 key 2 software 0x2a global
      0x600000 marker 0x77
    0x40000000 -> 0x240000000 1 x 1073741824 r-x- type 0 key 0 software 0
  0xffffff8000000000 table 0x100004000 live 1
    0xffffffffc0000000 table 0x100005000 live 1
      0xffffffffffe00000 -> 0x300000000 1 x 2097152 rw-u type 0 key 0 software 0
)";

constexpr const char* tiny_text = R"(tiny root 0x100000000 space 1
  0 table 0x100000020 live 4
    0 table 0x100000040 live 2
      0 table 0x100000060 live 3
        0x1000 -> 0x200001000 1 x 4096 rw-- type 0 key 0 software 0
        0x2000 -> 0x200002000 1 x 8192 rw-- type 0 key 0 software 0
      0x4000 -> 0x200004000 1 x 16384 rw-- type 0 key 0 software 0
    0x10000 table 0x100000080 live 2
      0x10000 marker 0x9
      0x14000 marker 0x9
    0x20000 -> 0x200020000 1 x 131072 rw-- type 0 key 0 software 0 accessed dirty
  0xfffffffffffc0000 table 0x1000000e0 live 1
    0xffffffffffff0000 table 0x1000000c0 live 1
      0xffffffffffffc000 table 0x1000000a0 live 1
        0xfffffffffffff000 -> 0x300000000 1 x 4096 --x- type 0 key 0 software 0
)";

TEST(TableDump, ShowsAnX86Table) {
  TableUnderTest table(kind("x86_64_4"));
  fill_x86_64(table);
  EXPECT_EQ(table.dump(), x86_64_4_text);
}

TEST(TableDump, IsTheSameForThePlainInstance) {
  TableUnderTest observed(kind("x86_64_4")), plain(kind("x86_64_4_plain"));
  fill_x86_64(observed);
  fill_x86_64(plain);
  EXPECT_EQ(observed.dump(), plain.dump());
}

TEST(TableDump, ShowsATinyTable) {
  TableUnderTest table(kind("tiny"));
  ASSERT_OK(table.map(0x20000, 0x2'0002'0000, 0x20000));
  ASSERT_OK(table.map_range(0x1000, 0x2'0000'1000, 0x7000, 0x4000));
  ASSERT_OK(table.mark(0x10000, 0x8000, 9));
  ASSERT_OK(table.map(0xFFFF'FFFF'FFFF'F000, 0x3'0000'0000, 0x1000, {.rights = Rights::execute}));
  table.write(0x30000);
  EXPECT_EQ(table.dump(), tiny_text);
}

TABLE_TESTS(TableDumps);

TEST_P(TableDumps, OfAnEmptyTableIsItsRoot) {
  const std::string text = table.dump();
  const std::uint64_t root = table.slot_of(0, table.mmu().levels() - 1);
  std::ostringstream want;
  want << table.profile().name << " root 0x" << std::hex << root << " space 1\n";
  EXPECT_EQ(text, want.str());
}

TEST_P(TableDumps, AreEqualForEqualHistories) {
  TableUnderTest other(GetParam());
  for (TableUnderTest* each : {&table, &other}) {
    ASSERT_OK(each->map(largest, frames, largest));
    EXPECT_EQ(each->unmap(largest + page, page).bytes, page);
    ASSERT_OK(each->mark(largest + page, page, 5));
    ASSERT_OK(each->map(each->top() - page, frames, page));
  }
  EXPECT_EQ(table.dump(), other.dump());
  ASSERT_OK(other.remap(other.top() - page, more_frames));
  EXPECT_NE(table.dump(), other.dump());
}

TEST_P(TableDumps, EndALineAtEveryDifference) {
  const std::uint64_t size = table.size(0);
  ASSERT_OK(table.map_range(largest, frames, 4 * size, size));
  const auto lines = [&] {
    const std::string text = table.dump();
    return std::count(text.begin(), text.end(), '\n');
  };
  const auto run = lines();
  table.read(largest + size);
  EXPECT_EQ(lines(), run + 2); // flags
  EXPECT_EQ(table.protect(largest + 3 * size, size, read_only).bytes, size);
  EXPECT_EQ(lines(), run + 3);
  ASSERT_OK(table.remap(largest + size, more_frames));
  EXPECT_EQ(lines(), run + 3); // flags are gone, the frame differs
}

} // namespace
} // namespace pagetwin::fuzz
