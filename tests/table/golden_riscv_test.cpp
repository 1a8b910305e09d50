// RISC-V descriptors as 64-bit numbers, worked out by hand from the figures of Sv39, Sv48 and Sv57 PTEs and
// from the tables of Svnapot and Svpbmt in the privileged manual: every bit that our tables use, at each
// level. The words are checked while compiling, too.
#include "src/arch/geometry.hpp"
#include "src/arch/riscv.hpp"
#include "src/table/audit.hpp"
#include "src/table/page_table.hpp"
#include "tests/table/all_attributes.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace pagetwin {
namespace {

constexpr Rights r = Rights::read, w = Rights::write, x = Rights::execute, u = Rights::user;
constexpr Attributes full_nc{.rights = r | w | x | u, .memory_type = 1, .global = true, .software = 3};
constexpr Attributes full_io{.rights = r | w | x | u, .memory_type = 2, .global = true, .software = 3};

struct Row {
  const char* what;
  unsigned log2_bytes;
  std::uint64_t frame;
  Attributes attributes;
  Flags flags;
  std::uint64_t word;
};

constexpr Row rows[] = {
    {"V and R", 12, 0, {.rights = r}, {}, 0x0000'0000'0000'0003},
    {"W", 12, 0, {.rights = r | w}, {}, 0x0000'0000'0000'0007},
    {"X alone", 12, 0, {.rights = x}, {}, 0x0000'0000'0000'0009},
    {"R and X", 12, 0, {.rights = r | x}, {}, 0x0000'0000'0000'000B},
    {"R, W and X", 12, 0, {.rights = r | w | x}, {}, 0x0000'0000'0000'000F},
    {"U", 12, 0, {.rights = r | u}, {}, 0x0000'0000'0000'0013},
    {"G", 12, 0, {.rights = r, .global = true}, {}, 0x0000'0000'0000'0023},
    {"A", 12, 0, {.rights = r}, {.accessed = true}, 0x0000'0000'0000'0043},
    {"D", 12, 0, {.rights = r}, {.dirty = true}, 0x0000'0000'0000'0083},
    {"RSW bit 8", 12, 0, {.rights = r, .software = 1}, {}, 0x0000'0000'0000'0103},
    {"RSW bit 9", 12, 0, {.rights = r, .software = 2}, {}, 0x0000'0000'0000'0203},
    {"PBMT NC", 12, 0, {.rights = r, .memory_type = 1}, {}, 0x2000'0000'0000'0003},
    {"PBMT IO", 12, 0, {.rights = r, .memory_type = 2}, {}, 0x4000'0000'0000'0003},
    {"address bit 12 is bit 10", 12, 0x1000, {.rights = r}, {}, 0x0000'0000'0000'0403},
    {"address bit 15 is no N", 12, 0x8000, {.rights = r}, {}, 0x0000'0000'0000'2003},
    {"address bit 55 is bit 53", 12, 0x0080'0000'0000'0000, {.rights = r}, {}, 0x0020'0000'0000'0003},
    {"4 KiB with everything", 12, 0x00FF'FFFF'FFFF'F000, full_io, {true, true}, 0x403F'FFFF'FFFF'FFFF},

    {"N and PPN 1000", 16, 0, {.rights = r}, {}, 0x8000'0000'0000'2003},
    {"address bit 16 is bit 14", 16, 0x1'0000, {.rights = r | w}, {}, 0x8000'0000'0000'6007},
    {"64 KiB above 4 GiB", 16, 0x1'2345'0000, {.rights = r | w | u}, {true, true}, 0x8000'0000'48D1'60D7},
    {"64 KiB with everything", 16, 0x00FF'FFFF'FFFF'0000, full_nc, {true, true}, 0xA03F'FFFF'FFFF'E3FF},

    {"address bit 21 is bit 19", 21, 0x20'0000, {.rights = r | w}, {}, 0x0000'0000'0008'0007},
    {"2 MiB above 4 GiB", 21, 0x1'2340'0000, {.rights = r | w | u}, {true, true}, 0x0000'0000'48D0'00D7},
    {"2 MiB with everything", 21, 0x00FF'FFFF'FFE0'0000, full_io, {true, true}, 0x403F'FFFF'FFF8'03FF},
    {"address bit 30 is bit 28", 30, 0x4000'0000, {.rights = x}, {}, 0x0000'0000'1000'0009},
    {"1 GiB with everything", 30, 0x00FF'FFFF'C000'0000, full_io, {true, true}, 0x403F'FFFF'F000'03FF},
    {"address bit 39 is bit 37", 39, 0x80'0000'0000, {.rights = r | x}, {}, 0x0000'0020'0000'000B},
    {"512 GiB with everything", 39, 0x00FF'FF80'0000'0000, full_nc, {true, true}, 0x203F'FFE0'0000'03FF},
    {"address bit 48 is bit 46", 48, 0x1'0000'0000'0000, {.rights = r}, {}, 0x0000'4000'0000'0003},
    {"256 TiB with everything", 48, 0x00FF'0000'0000'0000, full_nc, {true, true}, 0x203F'C000'0000'03FF},
};

// The size of a row, in those formats that have it.
template <class F>
constexpr bool in_format(const Row& row) {
  return Geometry<F>::size_index(bytes_of(row.log2_bytes)).has_value();
}
template <class F>
constexpr PageSize size_of(const Row& row) {
  return F::sizes[*Geometry<F>::size_index(bytes_of(row.log2_bytes))];
}

template <class F>
constexpr bool encodes(const Row& row) {
  const PageSize size = size_of<F>(row);
  const auto bits = F::leaf_bits(row.attributes, row.flags, size);
  bool all = true;
  for (unsigned copy = 0; copy < size.copies(); ++copy)
    all = all && F::leaf(bits, PhysAddr{row.frame}, size, copy) == row.word;
  return all;
}
template <class F>
constexpr bool decodes(const Row& row) {
  const PageSize size = size_of<F>(row);
  return F::kind(row.word, size.level) == Kind::leaf
         && F::log2_copies(row.word, size.level) == size.log2_copies
         && F::frame(row.word, size.level) == PhysAddr{row.frame}
         && F::attributes(row.word, size.level) == row.attributes
         && F::flags(row.word, size.level) == row.flags;
}
template <class F>
constexpr bool all_golden() {
  bool all = true;
  for (const Row& row : rows)
    all = all && (!in_format<F>(row) || (encodes<F>(row) && decodes<F>(row)));
  return all;
}
static_assert(all_golden<RiscvSv39>() && all_golden<RiscvSv48>() && all_golden<RiscvSv57>());

template <class F>
class GoldenRiscv : public testing::Test {};
using AllModes = testing::Types<RiscvSv39, RiscvSv48, RiscvSv57>;
TYPED_TEST_SUITE(GoldenRiscv, AllModes);

TYPED_TEST(GoldenRiscv, LeavesAreTheWordsOfTheManual) {
  for (const Row& row : rows) {
    if (!in_format<TypeParam>(row))
      continue;
    EXPECT_TRUE(encodes<TypeParam>(row)) << row.what;
    EXPECT_TRUE(decodes<TypeParam>(row)) << row.what;
  }
}

TYPED_TEST(GoldenRiscv, SizesFollowFromTheLevelsAndSvnapot) {
  using F = TypeParam;
  constexpr std::array<PageSize, 6> all{PageSize{0, 0, 12}, {0, 4, 16}, {1, 0, 21},
                                        {2, 0, 30},         {3, 0, 39}, {4, 0, 48}};
  ASSERT_EQ(F::sizes.size(), F::levels + 1);
  for (std::size_t i = 0; i < F::sizes.size(); ++i)
    EXPECT_EQ(F::sizes[i], all[i]);
  EXPECT_EQ(F::va_bits, F::levels == 3 ? 39U : F::levels == 4 ? 48U : 57U);
  EXPECT_EQ(F::name, F::levels == 3 ? "riscv_sv39" : F::levels == 4 ? "riscv_sv48" : "riscv_sv57");
}

TYPED_TEST(GoldenRiscv, TablesAreValidAndHoldTheirNodeAndNothingElse) {
  using F = TypeParam;
  for (unsigned level = 1; level < F::levels; ++level) {
    EXPECT_EQ(F::to_table(PhysAddr{0x1'2345'6000}, level), 0x0000'0000'48D1'5801U);
    EXPECT_EQ(F::to_table(PhysAddr{0x00FF'FFFF'FFFF'F000}, level), 0x003F'FFFF'FFFF'FC01U);
    EXPECT_EQ(F::kind(0x0000'0000'48D1'5801, level), Kind::table);
    EXPECT_EQ(F::kind(0x0000'0000'48D1'5B21, level), Kind::table); // with G and RSW
    EXPECT_EQ(F::table(0x0000'0000'48D1'5B21, level), PhysAddr{0x1'2345'6000});
  }
}

TYPED_TEST(GoldenRiscv, ReadWriteOrExecuteMakesALeafAtEveryLevel) {
  using F = TypeParam;
  for (unsigned level = 0; level < F::levels; ++level) {
    EXPECT_EQ(F::kind(0x03, level), Kind::leaf);
    EXPECT_EQ(F::kind(0x09, level), Kind::leaf);
    EXPECT_EQ(F::kind(0x05, level), Kind::leaf); // W alone is reserved, and no pointer
    EXPECT_EQ(F::kind(0xFFFF'FFFF'FFFF'FFFE, level), Kind::hole);
    EXPECT_EQ(F::kind(0, level), Kind::hole);
  }
  EXPECT_EQ(F::kind(0x01, 0), Kind::leaf); // nothing lies below a page
}

TYPED_TEST(GoldenRiscv, MarkersLiveInTheUpperHalfOfAHole) {
  using F = TypeParam;
  for (unsigned level = 0; level < F::levels; ++level) {
    EXPECT_EQ(F::to_marker(0xDEAD'BEEF, level), 0xDEAD'BEEF'0000'0000U);
    EXPECT_EQ(F::marker(0xDEAD'BEEF'0000'0000, level), 0xDEAD'BEEFU);
    EXPECT_EQ(F::kind(0xFFFF'FFFF'0000'0000, level), Kind::hole);
    EXPECT_EQ(F::to_marker(0, level), 0U);
  }
}

TYPED_TEST(GoldenRiscv, ATableRestrictsNothingButMayBeGlobal) {
  using F = TypeParam;
  const std::uint64_t leaf = 0x4000'0000'0000'0017; // R W U, IO
  const auto effective = [&](std::uint64_t above, std::uint64_t below) {
    return F::effective(F::through(F::through(F::open_path(), above, 2), below, 1), leaf, 0);
  };
  EXPECT_EQ(effective(0x401, 0x801), F::attributes(leaf, 0));
  Attributes global = F::attributes(leaf, 0);
  global.global = true;
  EXPECT_EQ(effective(0x421, 0x801), global);
  EXPECT_EQ(effective(0x401, 0x821), global);
  EXPECT_EQ(F::effective(F::through(F::open_path(), 0x401, 1), leaf | 0x20, 0), global);
}

TYPED_TEST(GoldenRiscv, RightsAndFlagsAreReplacedAndNothingElse) {
  using F = TypeParam;
  const std::uint64_t full = 0xA03F'FFFF'FFFF'E3FF; // a NAPOT page with everything
  EXPECT_EQ(F::with_rights(full, r | x, 0), 0xA03F'FFFF'FFFF'E3EBU);
  EXPECT_EQ(F::with_rights(full, x | u, 0), 0xA03F'FFFF'FFFF'E3F9U);
  EXPECT_EQ(F::with_rights(full, r | w | x | u, 0), full);
  EXPECT_EQ(F::with_flags(full, {}, 0), 0xA03F'FFFF'FFFF'E33FU);
  EXPECT_EQ(F::with_flags(0x03, {true, true}, 2), 0xC3U);
  EXPECT_EQ(F::with_flags(0xC3, {.dirty = true}, 1), 0x83U);
}

TYPED_TEST(GoldenRiscv, WriteWithoutReadIsReserved) {
  using F = TypeParam;
  for (const Rights good : {r, r | w, x, r | x, r | w | x})
    EXPECT_TRUE(F::expressible(good) && F::expressible(good | u)) << static_cast<unsigned>(good);
  for (const Rights bad : {Rights::none, w, w | x})
    EXPECT_FALSE(F::expressible(bad) || F::expressible(bad | u)) << static_cast<unsigned>(bad);
}

TYPED_TEST(GoldenRiscv, AFenceAfterTheStoreIsEnoughWithoutN) {
  using F = TypeParam;
  EXPECT_FALSE(F::needs_break(0x0403, 0x0807, 0));                               // frame and rights
  EXPECT_FALSE(F::needs_break(0x0403, 0x4000'0000'0000'0423, 0));                // memory type and G
  EXPECT_FALSE(F::needs_break(0x0008'0003, 0x48D1'5801, 1));                     // a leaf becomes a table
  EXPECT_FALSE(F::needs_break(0x48D1'5801, 0x0008'0003, 1));                     // and back
  EXPECT_FALSE(F::needs_break(0x003F'FFFF'FFF8'03FF, 0x0000'0000'0008'0003, 1)); // everything
}

TYPED_TEST(GoldenRiscv, ANapotPageIsBrokenForAllButFlagsAndSoftwareBits) {
  using F = TypeParam;
  const std::uint64_t napot = 0x8000'0000'0000'6003;
  EXPECT_FALSE(F::needs_break(napot, napot, 0));
  EXPECT_FALSE(F::needs_break(napot, napot | 0xC0, 0));         // A and D
  EXPECT_FALSE(F::needs_break(napot, napot | 0x300, 0));        // RSW
  EXPECT_TRUE(F::needs_break(napot, 0x8000'0000'0000'A003, 0)); // frame
  EXPECT_TRUE(F::needs_break(napot, 0x4003, 0));                // the first page alone
  EXPECT_TRUE(F::needs_break(0x4003, napot, 0));                // and back
  EXPECT_TRUE(F::needs_break(napot, napot | 0x04, 0));          // W
  EXPECT_TRUE(F::needs_break(napot, napot | 0x20, 0));          // G
  EXPECT_TRUE(F::needs_break(napot, napot | bytes_of(61), 0));  // NC
}

template <class F>
void expect_round_trip(const Attributes& a, PageSize size, Flags flags, PhysAddr frame) {
  const auto bits = F::leaf_bits(a, flags, size);
  for (unsigned copy = 0; copy < size.copies(); ++copy) {
    const auto word = F::leaf(bits, frame, size, copy);
    ASSERT_EQ(F::kind(word, size.level), Kind::leaf);
    ASSERT_EQ(F::log2_copies(word, size.level), size.log2_copies);
    ASSERT_EQ(F::frame(word, size.level), frame);
    ASSERT_EQ(F::attributes(word, size.level), a);
    ASSERT_EQ(F::flags(word, size.level), flags);
    ASSERT_EQ(F::sizes[Geometry<F>::size_of(word, size.level)], size);
    ASSERT_EQ(word & 0x1FC0'0000'0000'0000, 0U) << "bits 60-54 are reserved";
    ASSERT_EQ(F::with_rights(word, a.rights, size.level), word);
    ASSERT_EQ(F::with_flags(word, flags, size.level), word);
  }
}

TYPED_TEST(GoldenRiscv, EveryExpressibleLeafComesBackFromItsWordInEverySize) {
  using F = TypeParam;
  unsigned expressible = 0;
  for_all_attributes([&](const Attributes& a) {
    if (!F::expressible(a) || this->HasFatalFailure())
      return;
    ++expressible;
    for (const PageSize size : F::sizes)
      for (const Flags flags : {Flags{}, Flags{true, false}, Flags{false, true}, Flags{true, true}})
        for (const std::uint64_t frame :
             {std::uint64_t{0}, size.bytes(), bytes_of(F::pa_bits) - size.bytes()})
          expect_round_trip<F>(a, size, flags, PhysAddr{frame});
  });
  EXPECT_EQ(expressible, 10U * 3 * 4 * 2); // rights, memory types, software bits, global
}

// The G-stage: words of the hypervisor extension, "Guest Physical Address Translation". U is in every one.
constexpr Row guest_rows[] = {
    {"V, R and U", 12, 0, {.rights = r}, {}, 0x0000'0000'0000'0013},
    {"R and W", 12, 0, {.rights = r | w}, {}, 0x0000'0000'0000'0017},
    {"X alone", 12, 0, {.rights = x}, {}, 0x0000'0000'0000'0019},
    {"A", 12, 0, {.rights = r}, {.accessed = true}, 0x0000'0000'0000'0053},
    {"D", 12, 0, {.rights = r}, {.dirty = true}, 0x0000'0000'0000'0093},
    {"RSW", 12, 0, {.rights = r, .software = 3}, {}, 0x0000'0000'0000'0313},
    {"PBMT NC", 12, 0, {.rights = r, .memory_type = 1}, {}, 0x2000'0000'0000'0013},
    {"4 KiB", 12, 0x00FF'FFFF'FFFF'F000, {.rights = r | w | x}, {true, true}, 0x003F'FFFF'FFFF'FCDF},
    {"64 KiB", 16, 0x1'2345'0000, {.rights = r | w}, {}, 0x8000'0000'48D1'6017},
    {"2 MiB", 21, 0x1'2340'0000, {.rights = r | w}, {true, true}, 0x0000'0000'48D0'00D7},
    {"1 GiB", 30, 0x4000'0000, {.rights = x}, {}, 0x0000'0000'1000'0019},
    {"512 GiB", 39, 0x80'0000'0000, {.rights = r | x}, {}, 0x0000'0020'0000'001B},
    {"256 TiB", 48, 0x3'0000'0000'0000, {.rights = r}, {}, 0x0000'C000'0000'0013},
};

template <class F>
class GoldenRiscvGuest : public testing::Test {};
using GuestModes = testing::Types<RiscvSv39x4, RiscvSv48x4, RiscvSv57x4>;
TYPED_TEST_SUITE(GoldenRiscvGuest, GuestModes);

TYPED_TEST(GoldenRiscvGuest, LeavesAreTheWordsOfTheManualAndAllowUserMode) {
  unsigned checked = 0;
  for (const Row& row : guest_rows) {
    if (!in_format<TypeParam>(row))
      continue;
    EXPECT_TRUE(encodes<TypeParam>(row)) << row.what;
    EXPECT_TRUE(decodes<TypeParam>(row)) << row.what;
    ++checked;
  }
  EXPECT_EQ(checked, 8U + TypeParam::levels);
}

TYPED_TEST(GoldenRiscvGuest, TheRootHasFourTimesTheSlotsAndOthersHaveNot) {
  using F = TypeParam;
  using G = Geometry<F>;
  EXPECT_EQ(F::name, "riscv_sv" + std::to_string(F::va_bits - 2) + "x4");
  EXPECT_EQ(F::va_bits, F::levels == 3 ? 41U : (F::levels == 4 ? 50U : 59U));
  EXPECT_EQ(G::entries(G::root_level), 2048U);
  EXPECT_EQ(G::node_shift(G::root_level), 14U); // 16 KiB, aligned to 16 KiB
  for (unsigned level = 0; level < G::root_level; ++level) {
    EXPECT_EQ(G::entries(level), 512U);
    EXPECT_EQ(G::node_shift(level), 12U);
  }
  const std::uint64_t top = bytes_of(F::va_bits) - 1;
  EXPECT_EQ(G::index(top, G::root_level), 2047U);
  EXPECT_TRUE(G::is_canonical(top));
  EXPECT_FALSE(G::is_canonical(top + 1)); // no sign: bits above are zero
  EXPECT_FALSE(G::is_canonical(~std::uint64_t{0}));
}

TYPED_TEST(GoldenRiscvGuest, GIsNeverWrittenAndMeansNothing) {
  using F = TypeParam;
  EXPECT_FALSE(F::expressible(Attributes{.rights = r, .global = true}));
  EXPECT_EQ(F::to_table(PhysAddr{0x1'2345'6000}, 1), 0x0000'0000'48D1'5801U);
  EXPECT_FALSE(F::attributes(0x33, 0).global);
  const auto path = F::through(F::open_path(), 0x0000'0000'48D1'5821, 1);
  EXPECT_EQ(F::effective(path, 0x13, 0), (Attributes{.rights = r}));
}

TYPED_TEST(GoldenRiscvGuest, ALeafWithoutUAllowsNothingAndUserIsNoRightOfItsOwn) {
  using F = TypeParam;
  EXPECT_EQ(F::attributes(0x0F, 0).rights, Rights::none);
  EXPECT_EQ(F::kind(0x0F, 0), Kind::leaf);
  for (const Rights good : {r, r | w, x, r | x, r | w | x}) {
    EXPECT_TRUE(F::expressible(good)) << static_cast<unsigned>(good);
    EXPECT_FALSE(F::expressible(good | u)) << static_cast<unsigned>(good);
  }
  for (const Rights bad : {Rights::none, w, w | x, u})
    EXPECT_FALSE(F::expressible(bad)) << static_cast<unsigned>(bad);
}

TYPED_TEST(GoldenRiscvGuest, RightsAreReplacedAndUStays) {
  using F = TypeParam;
  EXPECT_EQ(F::with_rights(0xA03F'FFFF'FFFF'E3DF, r, 0), 0xA03F'FFFF'FFFF'E3D3U);
  EXPECT_EQ(F::with_rights(0x13, r, 0), 0x13U);
  EXPECT_EQ(F::with_flags(0xD7, {}, 1), 0x17U);
  EXPECT_TRUE(F::needs_break(0x8000'0000'0000'6013, 0x8000'0000'0000'6017, 0)); // a NAPOT page
  EXPECT_FALSE(F::needs_break(0x13, 0x17, 0));
}

TYPED_TEST(GoldenRiscvGuest, EveryExpressibleLeafComesBackFromItsWordInEverySize) {
  using F = TypeParam;
  unsigned expressible = 0;
  for_all_attributes([&](const Attributes& a) {
    if (!F::expressible(a) || this->HasFatalFailure())
      return;
    ++expressible;
    for (const PageSize size : F::sizes)
      for (const Flags flags : {Flags{}, Flags{true, false}, Flags{false, true}, Flags{true, true}})
        for (const std::uint64_t frame :
             {std::uint64_t{0}, size.bytes(), bytes_of(F::pa_bits) - size.bytes()})
          expect_round_trip<F>(a, size, flags, PhysAddr{frame});
  });
  EXPECT_EQ(expressible, 5U * 3 * 4); // rights, memory types, software bits
}

// A table of the format where its root is four nodes, and nothing observes it.
TYPED_TEST(GoldenRiscvGuest, ATableReachesTheLastByteOfTheGuest) {
  using F = TypeParam;
  using G = Geometry<F>;
  struct alignas(16384) Arena {
    std::byte bytes[16 * 4096];
  };
  const auto arena = std::make_unique<Arena>();
  std::vector<NodeRecord> records(16);
  NodePool pool(arena->bytes, PhysAddr{bytes_of(32)}, 12, records);
  PlainMemory<> memory(pool);
  auto table = PageTable<F, PlainMemory<>>::create(memory, SpaceId{1});
  ASSERT_TRUE(table);
  const std::uint64_t last = bytes_of(F::va_bits) - 4096;
  ASSERT_EQ(table->map(VirtAddr{last}, PhysAddr{0x1'2345'6000}, 4096, {.rights = r | w}), Status::ok);
  EXPECT_EQ(table->map(VirtAddr{last + 4096}, PhysAddr{0}, 4096, {.rights = r}), Status::out_of_range);
  EXPECT_EQ(memory.template load<std::uint64_t>(G::slot(table->root(), 2047)) & 0x3FF, 1U);
  const auto found = table->lookup(VirtAddr{last + 0x789});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->pa(), PhysAddr{0x1'2345'6789});
  EXPECT_EQ(found->descriptor(), 0x0000'0000'48D1'5817U);
  const AuditReport report = audit(*table);
  EXPECT_TRUE(report.ok()) << report.problem;
  EXPECT_EQ(report.nodes, F::levels);
  table->destroy();
  EXPECT_EQ(pool.used(), 0U);
}

} // namespace
} // namespace pagetwin
