// The OS machine over PlainMemory: spaces, CPUs and shootdowns, with a platform that counts.
#include "src/arch/x86_64.hpp"
#include "src/os/machine.hpp"

#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <vector>

namespace pagetwin {
namespace {

using F = X86_64_4;
constexpr std::uint64_t page = 0x1000, large = 0x20'0000, kernel = 0xffff'8000'0000'0000;
constexpr Attributes rw{.rights = Rights::read | Rights::write}, ro{.rights = Rights::read};
constexpr auto supervisor = Privilege::supervisor;

// CPUs answer an interrupt at once; what they executed is written down.
class Platform {
 public:
  void wait_for(unsigned cpu) {
    interrupts.push_back(cpu);
    if (before_serving)
      before_serving(cpu);
    serve(cpu);
  }
  std::uint64_t load(PhysAddr pa) { return words[raw(pa)]; }
  void store(PhysAddr pa, std::uint64_t word) { words[raw(pa)] = word; }
  void invalidated(unsigned cpu, const Invalidation& i) { executed.emplace_back(cpu, i.first); }
  void invalidated_all(unsigned cpu) { emptied.push_back(cpu); }

  std::function<void(unsigned)> serve, before_serving;
  std::map<std::uint64_t, std::uint64_t> words;
  std::vector<unsigned> interrupts, emptied;
  std::vector<std::pair<unsigned, std::uint64_t>> executed;
};

using Base = PlainMemory<HardwareFlags::on>;
using Os = OsMachine<F, Base, Platform>;
struct alignas(4096) Nodes {
  std::byte bytes[64 * page];
};

class OsMachineTest : public testing::Test {
 protected:
  explicit OsMachineTest(unsigned cpus = 2, unsigned tags = 3) {
    platform.serve = [this](unsigned cpu) { os.serve(cpu); };
    std::vector<CpuCaches> caches;
    for (std::size_t cpu = 0; cpu < cpus; ++cpu)
      caches.push_back({std::span(lines).subspan(cpu * 8, 8), 2, std::span(pointers).subspan(cpu * 4, 4), 1});
    EXPECT_EQ(os.start(caches, tags), Status::ok);
    EXPECT_EQ(os.create(0, 1), Status::ok);
    for (unsigned cpu = 0; cpu < cpus; ++cpu)
      EXPECT_EQ(os.activate(cpu, 1), Status::ok);
  }
  [[nodiscard]] Status map(std::uint64_t va, std::uint64_t pa, std::uint64_t size = page, Attributes a = rw) {
    return os.map(0, 1, VirtAddr{va}, PhysAddr{pa}, size, a);
  }
  [[nodiscard]] bool reads(unsigned cpu, std::uint64_t va) {
    const Accessed done = os.read(cpu, VirtAddr{va}, supervisor);
    return done.status == Status::ok && done.fault == Fault::none;
  }

  std::vector<NodeRecord> records = std::vector<NodeRecord>(64);
  std::unique_ptr<Nodes> nodes = std::make_unique<Nodes>();
  std::vector<TlbEntry> lines = std::vector<TlbEntry>(64);
  std::vector<WalkCacheEntry> pointers = std::vector<WalkCacheEntry>(32);
  std::array<Os::Space, 4> spaces;
  std::array<std::uint64_t, 1> tag_words{};
  Platform platform;
  NodePool pool{nodes->bytes, PhysAddr{std::uint64_t{1} << 32}, 12, records};
  Os os{platform, std::uint64_t{1} << 32, spaces, tag_words, pool};
};

class FewTags : public OsMachineTest {
 protected:
  FewTags() : OsMachineTest(1, 2) {}
};

TEST_F(OsMachineTest, AWordWrittenByOneCpuIsReadByAnotherThroughAnyAlias) {
  ASSERT_EQ(map(page, 7 * page), Status::ok);
  ASSERT_EQ(map(kernel, 7 * page), Status::ok);
  EXPECT_EQ(os.write(0, VirtAddr{page + 8}, supervisor, 42).fault, Fault::none);
  EXPECT_EQ(os.read(1, VirtAddr{kernel + 8}, supervisor).word, 42U);
  EXPECT_EQ(os.read(0, VirtAddr{page + 4}, supervisor).status, Status::misaligned);
  EXPECT_EQ(os.execute(0, VirtAddr{page}, Privilege::user).fault, Fault::rights);
}

TEST_F(OsMachineTest, UnmapEndsOnlyWhenEveryCpuThatRanTheSpaceHasAcknowledged) {
  ASSERT_EQ(map(page, 7 * page), Status::ok);
  ASSERT_TRUE(reads(0, page) && reads(1, page));
  platform.interrupts.clear();
  bool stale = false;
  platform.before_serving = [&](unsigned cpu) { stale = reads(cpu, page); };
  ASSERT_EQ(os.unmap(0, 1, VirtAddr{page}).status, Status::ok);
  EXPECT_EQ(platform.interrupts, std::vector<unsigned>{1});
  EXPECT_TRUE(stale) << "until it acknowledges it may use what it has";
  EXPECT_FALSE(reads(0, page) || reads(1, page));
  EXPECT_EQ(os.waiting(), 0U);
}

TEST_F(OsMachineTest, ACpuThatNeverRanTheSpaceIsNotInterrupted) {
  ASSERT_EQ(os.create(0, 2), Status::ok);
  ASSERT_EQ(os.activate(0, 2), Status::ok);
  ASSERT_EQ(os.map(0, 2, VirtAddr{page}, PhysAddr{page}, page, rw), Status::ok);
  platform.interrupts.clear();
  ASSERT_EQ(os.unmap(0, 2, VirtAddr{page}).status, Status::ok);
  EXPECT_TRUE(platform.interrupts.empty());
}

TEST_F(OsMachineTest, GivingRightsTellsNobodyAndTakingThemTellsAll) {
  ASSERT_EQ(map(page, 7 * page, page, ro), Status::ok);
  ASSERT_TRUE(reads(1, page));
  platform.interrupts.clear();
  ASSERT_EQ(os.protect(0, 1, VirtAddr{page}, rw), Status::ok);
  EXPECT_TRUE(platform.interrupts.empty());
  EXPECT_EQ(os.write(1, VirtAddr{page}, supervisor, 1).fault, Fault::none) << "it walks before it faults";
  ASSERT_EQ(os.protect(0, 1, VirtAddr{page}, ro), Status::ok);
  EXPECT_EQ(platform.interrupts, std::vector<unsigned>{1});
  EXPECT_EQ(os.write(1, VirtAddr{page}, supervisor, 1).fault, Fault::rights);
}

TEST_F(OsMachineTest, APageOfTheKernelIsOneForAllSpacesAndThoseToCome) {
  ASSERT_EQ(map(kernel, 7 * page), Status::ok);
  ASSERT_EQ(os.create(0, 2), Status::ok);
  for (const unsigned s : {0U, 1U, 2U}) {
    ASSERT_TRUE(os.query(s, VirtAddr{kernel}));
    EXPECT_TRUE(os.query(s, VirtAddr{kernel})->attributes().global);
  }
  ASSERT_EQ(os.unmap(0, 2, VirtAddr{kernel}).status, Status::ok);
  EXPECT_FALSE(os.query(0, VirtAddr{kernel}) || os.query(1, VirtAddr{kernel}));
}

TEST_F(OsMachineTest, AnUnmapInAllTablesInterruptsEachCpuOnce) {
  ASSERT_EQ(os.create(0, 2), Status::ok);
  ASSERT_EQ(os.activate(1, 2), Status::ok);
  ASSERT_EQ(map(kernel, 7 * page), Status::ok);
  ASSERT_TRUE(reads(0, kernel) && reads(1, kernel));
  platform.interrupts.clear();
  platform.executed.clear();
  ASSERT_EQ(os.unmap(0, 1, VirtAddr{kernel}).status, Status::ok);
  EXPECT_EQ(platform.interrupts, std::vector<unsigned>{1});
  EXPECT_EQ(platform.executed.size(), 3U) << "CPU 0 ran space 1, CPU 1 ran both";
  EXPECT_FALSE(reads(0, kernel) || reads(1, kernel));
}

TEST_F(OsMachineTest, WhatWasWrittenToTheKernelStaysKnownWhenTheSpaceIsGone) {
  ASSERT_EQ(map(kernel, 7 * page), Status::ok);
  ASSERT_EQ(os.write(0, VirtAddr{kernel}, supervisor, 5).fault, Fault::none);
  os.idle(0);
  os.idle(1);
  ASSERT_EQ(os.destroy(0, 1), Status::ok);
  EXPECT_TRUE(os.unmap(0, 0, VirtAddr{kernel}).flags.dirty);
}

TEST_F(OsMachineTest, UnmapProtectAndHarvestWantTheBaseOfAPage) {
  ASSERT_EQ(map(large, 0, large), Status::ok);
  EXPECT_EQ(os.unmap(0, 1, VirtAddr{large + page}).status, Status::not_mapped);
  EXPECT_EQ(os.protect(0, 1, VirtAddr{large + page}, ro), Status::not_mapped);
  EXPECT_EQ(os.harvest(0, 1, VirtAddr{large + page}, Harvest::keep).status, Status::not_mapped);
  EXPECT_EQ(os.unmap(0, 1, VirtAddr{large + 1}).status, Status::misaligned);
  EXPECT_EQ(os.unmap(0, 1, VirtAddr{std::uint64_t{1} << 47}).status, Status::out_of_range);
}

TEST_F(OsMachineTest, ASplitPageIsPartsThatCanBeUnmappedAndPromoteJoinsThem) {
  ASSERT_EQ(map(large, 0, large), Status::ok);
  ASSERT_EQ(os.split(0, 1, VirtAddr{large + page}, page), Status::ok);
  EXPECT_EQ(os.split(0, 1, VirtAddr{large}, large), Status::not_uniform);
  ASSERT_EQ(os.promote(0, 1, VirtAddr{large}, large), Status::ok);
  EXPECT_EQ(os.query(1, VirtAddr{large})->size().bytes(), large);
  ASSERT_EQ(os.split(0, 1, VirtAddr{large + page}, page), Status::ok);
  EXPECT_EQ(os.unmap(0, 1, VirtAddr{large + page}).status, Status::ok);
  EXPECT_FALSE(reads(0, large + page));
  EXPECT_TRUE(reads(0, large + 2 * page));
}

TEST_F(OsMachineTest, AFailedEditOfTheKernelHasChangedNoTable) {
  const std::uint64_t used = pool.used();
  while (pool.available(12, 8)) // room for two of the three tables that a path takes, in one of two spaces
    (void)pool.allocate(12, Fill::zero);
  while (pool.available(12, 5))
    (void)pool.allocate(12, Fill::zero);
  EXPECT_EQ(map(kernel, 0), Status::out_of_memory);
  EXPECT_FALSE(os.query(0, VirtAddr{kernel}) || os.query(1, VirtAddr{kernel}));
  EXPECT_GT(pool.used(), used);
}

TEST_F(OsMachineTest, SpacesThatAreInUseOrUnknownAreRefused) {
  EXPECT_EQ(os.create(0, 1), Status::space_in_use);
  EXPECT_EQ(os.create(0, 4), Status::unknown_space);
  EXPECT_EQ(os.destroy(0, 1), Status::space_in_use) << "CPUs run it";
  EXPECT_EQ(os.destroy(0, 0), Status::space_in_use) << "the kernel's own";
  EXPECT_EQ(os.destroy(0, 3), Status::unknown_space);
  EXPECT_EQ(os.activate(0, 3), Status::unknown_space);
  EXPECT_EQ(os.map(0, 3, VirtAddr{0}, PhysAddr{0}, page, rw), Status::unknown_space);
  os.idle(0);
  EXPECT_EQ(os.read(0, VirtAddr{0}, supervisor).status, Status::unknown_space);
}

TEST_F(OsMachineTest, MemoryEndsWhereThePlatformSaysSo) {
  EXPECT_EQ(map(page, std::uint64_t{1} << 32), Status::out_of_range);
  EXPECT_EQ(map(page, (std::uint64_t{1} << 32) - page), Status::ok);
  EXPECT_EQ(map(2 * page, 0, page, {.rights = Rights::user}), Status::bad_attributes);
}

TEST_F(FewTags, ANewGenerationOfIdentifiersBeginsWithEmptyCaches) {
  ASSERT_EQ(map(page, 7 * page), Status::ok);
  ASSERT_TRUE(reads(0, page));
  ASSERT_EQ(os.create(0, 2), Status::ok);
  ASSERT_EQ(os.create(0, 3), Status::ok);
  ASSERT_EQ(os.activate(0, 2), Status::ok);
  EXPECT_TRUE(platform.emptied.empty());
  ASSERT_EQ(os.activate(0, 3), Status::ok) << "the third of two identifiers";
  EXPECT_EQ(platform.emptied, std::vector<unsigned>{0});
  EXPECT_EQ(os.tag(1), SpaceId{});
  EXPECT_NE(os.tag(2), os.tag(3));
  EXPECT_FALSE(reads(0, page)) << "though space 3 may have the identifier of space 1";
  ASSERT_EQ(os.activate(0, 1), Status::ok);
  EXPECT_TRUE(reads(0, page));
}

TEST(Shootdown, ABatchThatOverflowsBecomesEverything) {
  Shootdown shootdown;
  for (unsigned i = 0; i <= Shootdown::batch; ++i)
    shootdown.post(only(3), {SpaceId{1}, i * page, i * page, Invalidation::Reach::leaf});
  EXPECT_EQ(shootdown.waiting(), only(3));
  unsigned each = 0, all = 0;
  shootdown.serve(3, [&](const Invalidation&) { ++each; }, [&] { ++all; });
  EXPECT_EQ(each, 0U);
  EXPECT_EQ(all, 1U);
  EXPECT_EQ(shootdown.waiting(), 0U);
}

TEST(Tags, AreHandedOutOncePerGenerationAndKeptByThoseWhoRun) {
  std::array<std::uint64_t, 1> words{};
  Tags tags(words, 2);
  const SpaceTag first = *tags.take(), second = *tags.take();
  EXPECT_NE(first.id, second.id);
  EXPECT_FALSE(tags.take());
  tags.begin_generation();
  EXPECT_FALSE(tags.is_current(first));
  EXPECT_EQ(tags.keep(second).id, second.id);
  EXPECT_EQ(tags.take()->id, first.id);
  EXPECT_FALSE(tags.take());
}

} // namespace
} // namespace pagetwin
