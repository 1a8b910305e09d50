// hvisor's high-level machine: each row of its table of operations, and each of its errors.
#include "reference/high_level.hpp"
#include "reference/mmu/mmu.hpp"

#include <gtest/gtest.h>

namespace reference {
namespace {

constexpr std::uint64_t page = 0x1000, large = 0x20'0000, kernel = 0xffff'8000'0000'0000,
                        memory_bytes = std::uint64_t{1} << 32;
constexpr Attributes rw{.read = true, .write = true}, ro{.read = true};
constexpr Access read{AccessKind::read, false}, write{AccessKind::write, false},
    user_read{AccessKind::read, true}, user_execute{AccessKind::execute, true};

std::uint64_t initial(std::uint64_t pa) { return ~pa; }

class HighLevelMachine : public testing::Test {
 protected:
  HighLevelMachine() { machine.reset(2); }
  [[nodiscard]] Status map(std::uint64_t va, std::uint64_t pa, std::uint64_t size, const Attributes& a = rw) {
    return machine.map(1, va, {pa, size, a});
  }
  // Pages of the space, as text: "va>pa/size ".
  [[nodiscard]] std::string pages() const {
    std::string all;
    for (const PageMapping& p : machine.own(1))
      all += std::to_string(p.va / page) + ">" + std::to_string(p.frame.base / page) + "/"
             + std::to_string(p.frame.size / page) + " ";
    return all;
  }

  HighLevel machine{x86_64_4().profile(), memory_bytes, initial};
};

TEST_F(HighLevelMachine, AnAccessReachesTheFrameOfTheMappingThatCoversIt) {
  ASSERT_EQ(map(large, 3 * large, large), Status::ok);
  EXPECT_EQ(machine.reach(1, large + 0x1238, read), 3 * large + 0x1238);
  EXPECT_EQ(machine.reach(1, 2 * large - 8, write), 4 * large - 8);
  EXPECT_EQ(machine.reach(1, 2 * large, read), std::nullopt);
  EXPECT_EQ(machine.reach(0, large, read), std::nullopt) << "another space";
}

TEST_F(HighLevelMachine, ReadWriteAndExecuteEachNeedTheirRightAndAUserNeedsUserBesides) {
  ASSERT_EQ(map(page, page, page, ro), Status::ok);
  ASSERT_EQ(map(2 * page, page, page, {.read = true, .execute = true, .user = true}), Status::ok);
  EXPECT_TRUE(machine.reach(1, page, read));
  EXPECT_FALSE(machine.reach(1, page, write));
  EXPECT_FALSE(machine.reach(1, page, user_read)) << "supervisor pages fault for users";
  EXPECT_FALSE(machine.reach(1, page, user_execute));
  EXPECT_TRUE(machine.reach(1, 2 * page, user_execute)) << "the published model never checks this";
}

TEST_F(HighLevelMachine, AliasesOfOneFrameShareTheirWords) {
  ASSERT_EQ(map(page, 7 * page, page), Status::ok);
  ASSERT_EQ(map(5 * page, 7 * page, page), Status::ok);
  EXPECT_EQ(machine.memory().read(7 * page), ~(7 * page)) << "as it was in the beginning";
  machine.memory().write(*machine.reach(1, page, write), 42);
  EXPECT_EQ(machine.memory().read(*machine.reach(1, 5 * page, read)), 42U);
  EXPECT_EQ(machine.memory().written().size(), 1U);
}

TEST_F(HighLevelMachine, MapRefusesWhatIsMisalignedOutOfRangeOrNoSize) {
  EXPECT_EQ(map(page, 0, 0), Status::empty);
  EXPECT_EQ(map(page, 0, large), Status::misaligned);
  EXPECT_EQ(map(large, page, large), Status::misaligned);
  EXPECT_EQ(map(0, 0, 2 * page), Status::bad_size);
  EXPECT_EQ(map(std::uint64_t{1} << 47, 0, page), Status::out_of_range) << "not canonical";
  EXPECT_EQ(map(0, memory_bytes, page), Status::out_of_range);
  EXPECT_EQ(map(0, memory_bytes - page, page), Status::ok) << "the last frame";
  EXPECT_EQ(map(page, 0, page, {.user = true}), Status::bad_attributes);
}

TEST_F(HighLevelMachine, MapRefusesToOverlapAMappingOfAnySizeAtEitherEnd) {
  ASSERT_EQ(map(large, 0, large), Status::ok);
  EXPECT_EQ(map(large, 0, page), Status::overlap);
  EXPECT_EQ(map(2 * large - page, 0, page), Status::overlap);
  ASSERT_EQ(map(3 * large + page, 0, page), Status::ok);
  EXPECT_EQ(map(3 * large, 0, large), Status::overlap);
  EXPECT_EQ(pages(), "512>0/512 1537>0/1 ");
  EXPECT_EQ(map(2 * large, 0, large), Status::ok) << "between two";
}

TEST_F(HighLevelMachine, UnmapRemovesTheMappingWholeAndRefusesTheMiddleOfASuperpage) {
  ASSERT_EQ(map(large, 0, large), Status::ok);
  EXPECT_EQ(machine.unmap(1, large + page), Status::not_mapped);
  EXPECT_EQ(machine.unmap(1, large + 8), Status::misaligned);
  EXPECT_EQ(machine.unmap(1, large), Status::ok);
  EXPECT_EQ(pages(), "");
  EXPECT_EQ(machine.unmap(1, large), Status::not_mapped);
}

TEST_F(HighLevelMachine, ProtectChangesTheAttributesOfTheMappingThatBeginsThere) {
  ASSERT_EQ(map(large, 0, large), Status::ok);
  EXPECT_EQ(machine.protect(1, large + page, ro), Status::not_mapped);
  EXPECT_EQ(machine.protect(1, large, {}), Status::bad_attributes);
  EXPECT_EQ(machine.protect(1, large, {.read = true, .memory_type = 3}), Status::ok);
  EXPECT_FALSE(machine.reach(1, large, write));
  EXPECT_EQ(machine.query(1, large + 5)->frame.attributes.memory_type, 3);
}

TEST_F(HighLevelMachine, TheKernelsHalfIsOneForAllSpacesAndGlobal) {
  ASSERT_EQ(map(kernel, page, page), Status::ok);
  EXPECT_EQ(machine.query(0, kernel), machine.query(1, kernel));
  EXPECT_TRUE(machine.query(0, kernel)->frame.attributes.global);
  ASSERT_EQ(map(page, page, page, {.read = true, .global = true}), Status::ok);
  EXPECT_FALSE(machine.query(1, page)->frame.attributes.global);
  machine.forget(1);
  EXPECT_EQ(machine.query(1, page), std::nullopt);
  EXPECT_TRUE(machine.query(1, kernel));
}

TEST_F(HighLevelMachine, SplitAndPromoteChangeThePagesAndNoTranslation) {
  ASSERT_EQ(map(large, 3 * large, large), Status::ok);
  ASSERT_EQ(machine.split(1, large + 5 * page, page), Status::ok);
  EXPECT_EQ(machine.own(1).size(), 512U);
  EXPECT_EQ(machine.reach(1, 2 * large - 8, read), 4 * large - 8);
  EXPECT_EQ(machine.split(1, large, large), Status::not_uniform);
  EXPECT_EQ(machine.split(1, 9 * large, page), Status::not_mapped);
  ASSERT_EQ(machine.promote(1, large, large), Status::ok);
  EXPECT_EQ(pages(), "512>1536/512 ");
  EXPECT_EQ(machine.promote(1, large + page, page), Status::ok) << "it is large enough already";
}

TEST_F(HighLevelMachine, PromoteWantsEveryPageEqualAttributesAndConsecutiveFrames) {
  ASSERT_EQ(map(large, 3 * large, large), Status::ok);
  ASSERT_EQ(machine.split(1, large, page), Status::ok);
  ASSERT_EQ(machine.protect(1, large + page, ro), Status::ok);
  EXPECT_EQ(machine.promote(1, large, large), Status::not_uniform);
  ASSERT_EQ(machine.unmap(1, large + page), Status::ok);
  EXPECT_EQ(machine.promote(1, large, large), Status::not_uniform) << "a hole";
  ASSERT_EQ(map(large + page, 9 * page, page), Status::ok);
  EXPECT_EQ(machine.promote(1, large, large), Status::not_uniform) << "another frame";
}

} // namespace
} // namespace reference
