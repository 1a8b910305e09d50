// Bounds on table pages: when one is reached nothing changes, tables never shrink, and who has pages left
// goes on. In a format that takes two pages to reach one of the guest's, and in one that takes three.
#include "tests/stage2/bench.hpp"

namespace pagetwin {
namespace {

template <class F>
class BoundsTest : public testing::Test {
 protected:
  // Room for two guest pages that are far apart, less one table page.
  static constexpr std::uint64_t to_a_page = F::levels - 1, bound = 2 * to_a_page - 1;
  static constexpr std::uint64_t far = std::uint64_t{1} << (Geometry<F>::span_shift(F::levels - 1) - 12);
  BoundsTest() {
    bench.boot(1);
    bench.boot(2);
  }
  Stage2Bench<F> bench{bound};
};
using Formats = testing::Types<RiscvSv39x4, Ept4>;
TYPED_TEST_SUITE(BoundsTest, Formats, );

TYPED_TEST(BoundsTest, APageThatNeedsOnePageTooManyChangesNothing) {
  auto& b = this->bench;
  ASSERT_EQ(b.map_host(8), S2Status::ok);
  ASSERT_EQ(b.map(1, 0, 7), S2Status::ok);
  EXPECT_EQ(b.table(1).used(), this->to_a_page);
  EXPECT_TRUE(refuses(b, S2Status::out_of_memory, [&] { return b.map(1, this->far, 8); }));
  EXPECT_TRUE(b.maps(hostvisor, 8));
  EXPECT_TRUE(
      refuses(b, S2Status::out_of_memory, [&] { return b.ops.map_io(1, this->far << 12, b.hole << 12); }));
  EXPECT_EQ(b.map(2, this->far, 8), S2Status::ok) << "another machine has its own";
}

TYPED_TEST(BoundsTest, ABlockTakesOnePageLess) {
  auto& b = this->bench;
  ASSERT_EQ(b.map(1, 0, 7), S2Status::ok);
  ASSERT_EQ(b.map(1, this->far, b.block, 2), S2Status::ok);
  EXPECT_EQ(b.table(1).used(), this->bound);
  EXPECT_TRUE(refuses(b, S2Status::out_of_memory, [&] { return b.map(1, 2 * this->far, b.block - 512, 2); }));
}

TYPED_TEST(BoundsTest, TheHostsBoundIsReachedByWhatItEverMapped) {
  auto& b = this->bench;
  ASSERT_EQ(b.map_host(7), S2Status::ok);
  ASSERT_EQ(b.map(1, 0, 7), S2Status::ok) << "and the host lost it";
  EXPECT_EQ(b.table(hostvisor).used(), this->to_a_page);
  std::uint64_t pfn = std::uint64_t{512} * 8;
  while (b.map_host(pfn) == S2Status::ok)
    pfn += 512;
  EXPECT_EQ(b.table(hostvisor).used(), this->bound);
  EXPECT_TRUE(refuses(b, S2Status::out_of_memory, [&] { return b.map_host(pfn); }));
  EXPECT_EQ(b.map_host(9), S2Status::ok) << "where there are pages";
}

TYPED_TEST(BoundsTest, ADeviceHasABoundOfItsOwn) {
  auto& b = this->bench;
  ASSERT_EQ(b.ops.alloc_smmu(1, 0), S2Status::ok);
  ASSERT_EQ(b.ops.assign_pfn_to_smmu(1, 0, 7), S2Status::ok);
  ASSERT_EQ(b.ops.assign_pfn_to_smmu(1, this->far, 8), S2Status::ok);
  ASSERT_EQ(b.ops.update_smmu_page(1, 0, 0, 7 << 12), S2Status::ok);
  EXPECT_TRUE(refuses(b, S2Status::out_of_memory,
                      [&] { return b.ops.update_smmu_page(1, 0, this->far << 12, 8 << 12); }));
  ASSERT_EQ(b.ops.unmap_smmu_page(0, 0), S2Status::ok);
  EXPECT_EQ(b.ops.smmu().table(0).used(), this->to_a_page) << "tables never shrink";
  EXPECT_TRUE(refuses(b, S2Status::out_of_memory,
                      [&] { return b.ops.update_smmu_page(1, 0, this->far << 12, 8 << 12); }));
}

TYPED_TEST(BoundsTest, TheMemoryOfAllTablesMayEndFirst) {
  auto& b = this->bench;
  std::uint64_t left = 0;
  while (b.pool.available(12, left + 1))
    ++left;
  for (; left > this->to_a_page - 1; --left)
    (void)b.pool.allocate(12, Fill::zero);
  EXPECT_TRUE(refuses(b, S2Status::out_of_memory, [&] { return b.map(1, 0, 7); }));
  ASSERT_EQ(b.map(1, 0, b.block, 2), S2Status::ok);
  ASSERT_EQ(b.ops.register_vm(3), S2Status::ok);
  EXPECT_TRUE(refuses(b, S2Status::out_of_memory, [&] { return b.ops.boot_vm(3); }));
  EXPECT_TRUE(refuses(b, S2Status::out_of_memory, [&] { return b.ops.alloc_smmu(1, 0); }));
}

} // namespace
} // namespace pagetwin
