// audit() against tables that were broken on purpose: every sentence that it can say, and no complaint about
// a table that is whole. The table is a type here, because a test must reach its node records.
#include "fuzz/oracles/tiny_format.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/x86_64.hpp"
#include "src/table/audit.hpp"
#include "src/table/page_table.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace pagetwin {
namespace {

constexpr Attributes rw{.rights = Rights::read | Rights::write};

// A table in memory that the test may write to.
template <Format F>
class Bench {
 public:
  using Memory = PlainMemory<>;
  using Table = PageTable<F, Memory>;

  [[nodiscard]] Table& table() { return table_; }
  void map(std::uint64_t va, std::uint64_t size) {
    ASSERT_EQ(table_.map(VirtAddr{va}, PhysAddr{frames + va}, size, rw), Status::ok);
  }
  // The slot of va at a level, found by the tables on the way.
  [[nodiscard]] PhysAddr slot(std::uint64_t va, unsigned level) {
    PhysAddr node = table_.root();
    for (unsigned l = F::levels - 1; l > level; --l)
      node = F::table(load(Geometry<F>::slot(node, Geometry<F>::index(va, l))), l);
    return Geometry<F>::slot(node, Geometry<F>::index(va, level));
  }
  [[nodiscard]] typename F::Raw load(PhysAddr slot) { return memory_.template load<typename F::Raw>(slot); }
  void store(PhysAddr slot, typename F::Raw word) { memory_.store(slot, word); }
  // Of the node that holds a slot.
  [[nodiscard]] NodeRecord& record(PhysAddr slot) {
    return memory_.pool().record(PhysAddr{align_down(raw(slot), Geometry<F>::node_shift(0))});
  }
  [[nodiscard]] std::string_view problem() const { return audit(table_).problem; }

  static constexpr std::uint64_t frames = bytes_of(33);

 private:
  static constexpr std::size_t units = 64;
  static constexpr unsigned shift = Geometry<F>::node_shift(0);
  struct alignas(4096) Arena {
    std::byte bytes[units << shift];
  };
  std::unique_ptr<Arena> arena_ = std::make_unique<Arena>();
  std::vector<NodeRecord> records_{units};
  NodePool pool_{arena_->bytes, PhysAddr{bytes_of(32)}, shift, records_};
  Memory memory_{pool_};
  Table table_ = *Table::create(memory_, SpaceId{1});
};

TEST(Audit, CountsWhatAWholeTableHolds) {
  Bench<Tiny> bench;
  bench.map(0x1000, 0x1000);
  bench.map(0x2000, 0x2000);
  bench.map(0x20000, 0x20000);
  ASSERT_EQ(bench.table().mark(VirtAddr{0x8000}, 0x8000, 5), Status::ok);
  const AuditReport report = audit(bench.table());
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.nodes, 4U);
  EXPECT_EQ(report.mapped, 0x23000U);
  EXPECT_EQ(report.markers, 2U);
}

TEST(Audit, SeesALeafThatVanished) {
  Bench<X86_64_4> bench;
  bench.map(0x1000, 0x1000);
  bench.map(0x2000, 0x1000);
  bench.store(bench.slot(0x1000, 0), 0);
  EXPECT_EQ(bench.problem(), "the live counter differs from a recount");
}

TEST(Audit, SeesAWrongLiveCounter) {
  Bench<Tiny> bench;
  bench.map(0x1000, 0x1000);
  ++bench.record(bench.slot(0x1000, 2)).live;
  const AuditReport report = audit(bench.table());
  EXPECT_EQ(report.problem, "the live counter differs from a recount");
  EXPECT_EQ(report.slot, align_down(raw(bench.slot(0x1000, 2)), 5)); // the node
}

TEST(Audit, SeesAWrongMarkerCounter) {
  Bench<X86_64_4> bench;
  bench.map(0x1000, 0x1000);
  bench.store(bench.slot(0x1000, 0), X86_64_4::to_marker(9, 0));
  EXPECT_EQ(bench.problem(), "the marker counter differs from a recount");
}

TEST(Audit, SeesAnEmptyNode) {
  Bench<Tiny> bench;
  bench.map(0x1000, 0x1000);
  const PhysAddr slot = bench.slot(0x1000, 0);
  bench.store(slot, 0);
  bench.record(slot).live = 0;
  EXPECT_EQ(bench.problem(), "an empty node is linked");
}

TEST(Audit, SeesAHoleThatIsNoMarker) {
  Bench<X86_64_4> x86;
  x86.store(x86.slot(0, 3), X86_64_4::RW.of(1));
  EXPECT_EQ(x86.problem(), "a hole is neither zero nor a marker");
  Bench<Tiny> tiny;
  tiny.store(tiny.slot(0, 3), Tiny::to_marker(1, 3) | 1); // V of another level
  EXPECT_EQ(tiny.problem(), "a hole is neither zero nor a marker");
}

TEST(Audit, SeesATableBelowTheLastLevel) {
  Bench<Tiny> bench;
  bench.map(0x1000, 0x1000);
  bench.store(bench.slot(0x1000, 0), Tiny::to_table(bench.table().root(), 0));
  EXPECT_EQ(bench.problem(), "a table below the last level");
}

TEST(Audit, SeesATableOutsideThePool) {
  Bench<X86_64_4> bench;
  bench.store(bench.slot(0, 3), X86_64_4::to_table(PhysAddr{bytes_of(40)}, 3));
  EXPECT_EQ(bench.problem(), "a table outside the pool");
  bench.store(bench.slot(0, 3), X86_64_4::to_table(PhysAddr{bytes_of(32) - 4096}, 3));
  EXPECT_EQ(bench.problem(), "a table outside the pool");
}

TEST(Audit, SeesACycle) {
  Bench<X86_64_4> bench;
  bench.store(bench.slot(0, 3), X86_64_4::to_table(bench.table().root(), 3));
  EXPECT_EQ(bench.problem(), "a node is reached twice");
}

TEST(Audit, SeesANodeThatTwoSlotsLeadTo) {
  Bench<Tiny> bench;
  bench.map(0x1000, 0x1000);
  bench.store(bench.slot(0x40000, 3), bench.load(bench.slot(0x1000, 3)));
  EXPECT_EQ(bench.problem(), "a node is reached twice");
}

TEST(Audit, SeesBitsThatTheFormatDoesNotWrite) {
  Bench<Tiny> tiny;
  tiny.map(0x4000, 0x4000);
  const PhysAddr at = tiny.slot(0x4000, 1);
  tiny.store(at, tiny.load(at) | std::uint64_t{1} << 26); // reserved bit 21, rotated by 5
  EXPECT_EQ(tiny.problem(), "a leaf is not what the format writes");
  Bench<X86_64_4> x86;
  x86.map(0x200000, 0x200000);
  x86.store(x86.slot(0x200000, 1),
            x86.load(x86.slot(0x200000, 1)) | std::uint64_t{1} << 13); // reserved in a PDE
  EXPECT_EQ(x86.problem(), "a leaf is not what the format writes");
}

TEST(Audit, SeesALeafAtALevelThatHasNone) {
  Bench<Tiny> bench;
  bench.store(bench.slot(0, 3), std::uint64_t{5} << 15); // V R, rotated by 15
  EXPECT_EQ(bench.problem(), "a leaf is not what the format writes");
}

TEST(Audit, SeesAMisalignedFrame) {
  Bench<Tiny> bench;
  bench.map(0x4000, 0x4000);
  const PhysAddr at = bench.slot(0x4000, 1);
  bench.store(at, bench.load(at) + (std::uint64_t{1} << 32));
  EXPECT_EQ(bench.problem(), "a leaf is not what the format writes");
}

// Whichever copy of a pair is the odd one, and whatever it became.
TEST(Audit, SeesAPairThatIsMixed) {
  for (const std::uint64_t size : {0x2000U, 0x8000U, 0x20000U})
    for (const std::uint64_t copy : {0U, 1U}) {
      Bench<Tiny> bench;
      bench.map(0x20000, size);
      const unsigned level = size == 0x2000 ? 0 : size == 0x8000 ? 1 : 2;
      const PhysAddr at = bench.slot(0x20000 + copy * size / 2, level);
      bench.store(at, Tiny::with_rights(bench.load(at), Rights::read, level));
      EXPECT_EQ(bench.problem(), "a group of duplicated descriptors is mixed") << size << " " << copy;
    }
}

TEST(Audit, SeesHalfAPair) {
  for (const std::uint64_t va : {0x2000U, 0x3000U}) {
    Bench<Tiny> bench;
    bench.map(0x2000, 0x2000);
    bench.store(bench.slot(va, 0), Tiny::leaf(Tiny::leaf_bits(rw, {}, Tiny::sizes[0]),
                                              PhysAddr{Bench<Tiny>::frames + va}, Tiny::sizes[0], 0));
    EXPECT_EQ(bench.problem(), "a group of duplicated descriptors is mixed") << va;
  }
}

TEST(Audit, SeesAPairThatLostACopy) {
  for (const std::uint64_t va : {0x2000U, 0x3000U}) {
    Bench<Tiny> bench;
    bench.map(0x2000, 0x2000);
    const PhysAddr at = bench.slot(va, 0);
    bench.store(at, 0);
    --bench.record(at).live;
    EXPECT_EQ(bench.problem(), "a group of duplicated descriptors is mixed") << va;
  }
}

TEST(Audit, LetsTheCopiesOfAPairDifferInTheirFlags) {
  Bench<Tiny> bench;
  bench.map(0x8000, 0x8000);
  const PhysAddr second = bench.slot(0xC000, 1);
  bench.store(second, Tiny::with_flags(bench.load(second), {true, true}, 1));
  EXPECT_TRUE(audit(bench.table()).ok());
}

// Above 2^50 the frame's bits lie apart from the others: the words of a run are no longer a series, and who
// adds up gets a word that the format does not write.
TEST(Audit, SeesThatAFrameCarriedOutOfItsField) {
  using F = Aarch64S1_4kLpa2;
  Bench<F> bench;
  constexpr std::uint64_t page = 4096, va = 16 * page, pages = 8;
  const PhysAddr frame{bytes_of(50) - 4 * page};
  ASSERT_EQ(bench.table().map_range(VirtAddr{va}, frame, pages * page, rw, page), Status::ok);
  EXPECT_EQ(bench.problem(), "");
  std::vector<Mapping> found;
  EXPECT_EQ(bench.table().for_each(VirtAddr{0}, 64 * page, [&](const Mapping& m) { found.push_back(m); }),
            Status::ok);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].pa, frame);
  EXPECT_EQ(found[0].bytes, pages * page);
  const PhysAddr fourth = bench.slot(va + 3 * page, 0), fifth = bench.slot(va + 4 * page, 0);
  bench.store(fifth, bench.load(fourth) + page);
  EXPECT_EQ(bench.problem(), "a leaf is not what the format writes");
}

} // namespace
} // namespace pagetwin
