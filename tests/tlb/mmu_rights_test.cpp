// Who may do what through the Mmu, for each format: every set of rights that can be mapped, every access, by
// a walk and from the TLB, as the reference's profile has it.
#include "src/table/page_table.hpp"
#include "src/tlb/mmu.hpp"
#include "tests/format_pairs.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <vector>

namespace pagetwin {
namespace {

// A table with one page at 0, and an Mmu over it.
template <Format F>
class OnePage {
  using Memory = PlainMemory<>;
  using G = Geometry<F>;
  // Seven nodes besides the root, whatever its size.
  static constexpr unsigned unit = G::node_shift(0), largest = std::max(unit, G::node_shift(F::levels - 1));
  static constexpr std::size_t units = (std::size_t{1} << (largest - unit)) + 7;
  struct alignas(bytes_of(largest)) Arena {
    std::byte bytes[units << unit];
  };

 public:
  explicit OnePage(Rights rights) {
    const std::uint64_t page = F::sizes[0].bytes();
    EXPECT_EQ(table_->map(VirtAddr{0}, PhysAddr{3 * page}, page, {.rights = rights}), Status::ok);
  }
  [[nodiscard]] AccessResult access(AccessKind kind, Privilege who) {
    return mmu_.access(table_->space(), table_->root(), 8, kind, who);
  }
  void forget_translations() { mmu_.invalidate_all(); }
  void fill_tlb() { ASSERT_TRUE(mmu_.translate(table_->space(), table_->root(), 8)); }

 private:
  std::unique_ptr<Arena> arena_ = std::make_unique<Arena>();
  std::vector<NodeRecord> records_{units};
  NodePool pool_{arena_->bytes, PhysAddr{bytes_of(std::min(F::pa_bits - 2, 31U))}, unit, records_};
  Memory memory_{pool_};
  std::vector<TlbEntry> lines_{4};
  std::vector<WalkCacheEntry> pointers_{4};
  Mmu<F, Memory> mmu_{memory_, {lines_, 1}, {pointers_, 1}};
  std::optional<PageTable<F, Memory>> table_ = PageTable<F, Memory>::create(memory_, SpaceId{1});
};

template <class P>
class MmuRightsOf : public testing::Test {
 protected:
  static bool permitted(Rights rights, AccessKind kind, Privilege who) {
    const reference::Attributes a{.read = has(rights, Rights::read),
                                  .write = has(rights, Rights::write),
                                  .execute = has(rights, Rights::execute),
                                  .user = has(rights, Rights::user)};
    return P::mmu().profile().permits(a, {static_cast<reference::AccessKind>(kind), who == Privilege::user});
  }
  static void expect_fault(OnePage<typename P::Format>& page, Rights rights, AccessKind kind, Privilege who) {
    const Fault want = permitted(rights, kind, who) ? Fault::none : Fault::rights;
    page.forget_translations();
    EXPECT_EQ(page.access(kind, who).fault, want);
    page.fill_tlb();
    const AccessResult again = page.access(kind, who);
    EXPECT_EQ(again.fault, want);
    if (want == Fault::none) {
      EXPECT_EQ(again.translation.source, Source::tlb);
    }
  }
};
TYPED_TEST_SUITE(MmuRightsOf, fuzz::FormatPairs, fuzz::NameOfPair);

TYPED_TEST(MmuRightsOf, EveryAccessAsksTheFormat) {
  using F = typename TypeParam::Format;
  unsigned sets = 0;
  for (unsigned bits = 1; bits < 16; ++bits) {
    const auto rights = static_cast<Rights>(bits);
    if (!grants_access(rights) || !F::expressible(rights))
      continue;
    ++sets;
    SCOPED_TRACE(bits);
    OnePage<F> page(rights);
    for (const AccessKind kind : {AccessKind::read, AccessKind::write, AccessKind::execute})
      for (const Privilege who : {Privilege::supervisor, Privilege::user})
        this->expect_fault(page, rights, kind, who);
  }
  EXPECT_GE(sets, 5U); // RISC-V's G-stage has no more
}

// What differs from x86-64, by each manual's words rather than by anybody's code.
TEST(MmuRights, EptAsksForTheModeOfAFetchOnly) {
  OnePage<Ept4> data(Rights::read | Rights::write);
  EXPECT_EQ(data.access(AccessKind::write, Privilege::user).fault, Fault::none);
  EXPECT_EQ(data.access(AccessKind::execute, Privilege::user).fault, Fault::rights);
  OnePage<Ept4> kernel(Rights::read | Rights::execute);
  EXPECT_EQ(kernel.access(AccessKind::read, Privilege::user).fault, Fault::none);
  EXPECT_EQ(kernel.access(AccessKind::execute, Privilege::supervisor).fault, Fault::none);
  EXPECT_EQ(kernel.access(AccessKind::execute, Privilege::user).fault, Fault::rights);
}

TEST(MmuRights, ARiscvSupervisorFetchesNothingOfAUsers) {
  OnePage<RiscvSv39> page(Rights::read | Rights::write | Rights::execute | Rights::user);
  EXPECT_EQ(page.access(AccessKind::execute, Privilege::user).fault, Fault::none);
  EXPECT_EQ(page.access(AccessKind::execute, Privilege::supervisor).fault, Fault::rights);
  EXPECT_EQ(page.access(AccessKind::write, Privilege::supervisor).fault, Fault::none);
}

} // namespace
} // namespace pagetwin
