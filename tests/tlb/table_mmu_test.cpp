// A PageTable whose edits reach an Mmu: after every operation the Mmu answers what the table answers, though
// it was warm before.
#include "src/arch/ept.hpp"
#include "src/arch/riscv.hpp"
#include "src/arch/x86_64.hpp"
#include "src/table/page_table.hpp"
#include "src/tlb/mmu.hpp"
#include "tests/tlb/dice.hpp"

#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <vector>

namespace pagetwin {
namespace {

template <class F>
class Machine {
 public:
  explicit Machine(unsigned seed) : dice_(seed) {}

  void step() {
    warm();
    PageTable<F, Memory>& table = tables_[dice_.below(2)];
    const VirtAddr va{Geometry<F>::canonical(dice_.address()) & ~low_mask(12)};
    const std::uint64_t length = (1 + dice_.below(20)) << 12,
                        size = F::sizes[dice_.below(F::sizes.size())].bytes();
    const Attributes attributes{.rights = Rights::read | static_cast<Rights>(dice_.below(8) << 1)};
    const std::uint64_t choice = dice_.below(10);
    if (choice < 4)
      (void)table.map(VirtAddr{align(va, size)}, PhysAddr{dice_.below(64) << 30}, size, attributes);
    else if (choice < 6)
      (void)table.unmap(va, length);
    else if (choice < 7)
      (void)table.unmap(VirtAddr{align(va, size)}, size);
    else if (choice < 8)
      (void)table.protect(va, length, attributes.rights);
    else if (choice < 9)
      (void)table.remap(VirtAddr{align(va, size)}, PhysAddr{dice_.below(64) << 30});
    else
      (void)table.clear();
    compare();
  }
  std::uint64_t hits() const { return mmu_.tlb().counters().hits; }

 private:
  using Plain = PlainMemory<>;
  using Cpu = Mmu<F, Plain>;
  using Memory = NotifyingMemory<Plain, Cpu>;
  static constexpr std::size_t nodes = 256;
  struct alignas(4096) Arena {
    std::byte bytes[nodes << 12];
  };

  static PageTable<F, Memory> create(Memory& memory, SpaceId space) {
    const auto table = PageTable<F, Memory>::create(memory, space);
    if (!table)
      std::abort();
    return *table;
  }
  static std::uint64_t align(VirtAddr va, std::uint64_t size) { return raw(va) & ~(size - 1); }
  std::uint64_t address() { return Geometry<F>::canonical(dice_.address()); }

  void warm() {
    for (auto& table : tables_)
      for (int i = 0; i < 6; ++i)
        (void)mmu_.access(table.space(), table.root(), address(), static_cast<AccessKind>(dice_.below(3)),
                          Privilege::supervisor);
  }
  void compare() {
    for (auto& table : tables_)
      for (int i = 0; i < 12; ++i)
        compare(table, address());
  }
  void compare(PageTable<F, Memory>& table, std::uint64_t va) {
    const auto got = mmu_.translate(table.space(), table.root(), va);
    const auto wanted = table.lookup(VirtAddr{va});
    ASSERT_EQ(got.has_value(), wanted.has_value()) << std::hex << va;
    if (!got || !wanted)
      return;
    ASSERT_EQ(got->pa, wanted->pa()) << std::hex << va;
    ASSERT_EQ(F::sizes[got->size], wanted->size()) << std::hex << va;
    ASSERT_EQ(got->attributes, wanted->attributes()) << std::hex << va;
    ASSERT_TRUE(has_flags(table, va, got->flags, wanted->flags())) << std::hex << va;
  }
  // A cache knows the flags of the copy that was walked through: of a group, maybe not this one.
  bool has_flags(PageTable<F, Memory>& table, std::uint64_t va, Flags cached, Flags here) {
    Flags any{};
    unsigned copies = 0;
    EXPECT_EQ(table.harvest(VirtAddr{va & ~low_mask(12)}, 4096, Harvest::keep,
                            [&](const LeafReport& leaf) {
                              any = any | leaf.flags;
                              copies = F::sizes[*Geometry<F>::size_index(leaf.bytes)].copies();
                            }),
              Status::ok);
    return copies == 1 ? cached == here : copies > 1 && (cached | any) == any;
  }

  Dice dice_;
  std::unique_ptr<Arena> arena_ = std::make_unique<Arena>();
  std::vector<NodeRecord> records_{nodes};
  NodePool pool_{arena_->bytes, PhysAddr{1 << 30}, 12, records_};
  Plain plain_{pool_};
  std::vector<TlbEntry> lines_{64};
  std::vector<WalkCacheEntry> pointers_{16};
  Cpu mmu_{plain_, {lines_, 4}, {pointers_, 1}};
  Memory memory_{mmu_, pool_};
  PageTable<F, Memory> tables_[2] = {create(memory_, SpaceId{1}), create(memory_, SpaceId{2})};
};

template <class F>
void run_programs() {
  for (unsigned seed = 0; seed < 10; ++seed) {
    Machine<F> machine(seed);
    for (int step = 0; step < 500; ++step) {
      machine.step();
      ASSERT_FALSE(testing::Test::HasFatalFailure()) << "seed " << seed << " step " << step;
    }
    EXPECT_GT(machine.hits(), 0U);
  }
}

TEST(TableAndMmu, AgreeAfterEveryEditWithFourLevels) { run_programs<X86_64_4>(); }
TEST(TableAndMmu, AgreeAfterEveryEditWithFiveLevels) { run_programs<X86_64_5>(); }
TEST(TableAndMmu, AgreeAfterEveryEditOfAnExtendedPageTable) { run_programs<Ept4>(); }
TEST(TableAndMmu, AgreeAfterEveryEditWithNapotPages) { run_programs<RiscvSv39>(); }

} // namespace
} // namespace pagetwin
