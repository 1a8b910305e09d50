// Level P beside a table: every operation that a table of ours could do otherwise is noticed, by what P
// leaves undefined or answers otherwise; and one that does them as P does is not complained about.
#include "fuzz/machines/spaces/level_p.hpp"
#include "fuzz/machines/spaces/make.hpp"
#include "fuzz/oracles/tiny_format.hpp"
#include "tests/machines/traces.hpp"

namespace pagetwin::fuzz {
namespace {

constexpr std::uint64_t page = 0x1000, pair = 0x2000, n = 0x100000;
constexpr Rights rw = Rights::read | Rights::write;

class LevelPTest : public testing::Test {
 protected:
  LevelPTest() {
    p.createspace(n);
    p.insert(n, {0x2000, pair, 0x8000, 7, rw}, 0x100010);
    EXPECT_EQ(said(), "");
  }
  // What differed since this was asked last.
  [[nodiscard]] std::string said() {
    const Verdict v = p.take();
    return v ? v->oracle + " " + v->key : "";
  }
  [[nodiscard]] const LevelP::P::PTE& fields(std::uint64_t va) const {
    return p.model().page_at(n, va)->fields;
  }

  LevelP p{reference::tiny().profile()};
};

TEST_F(LevelPTest, DoesWhatTheTableDid) {
  EXPECT_EQ(
      fields(0x3fff),
      (LevelP::P::PTE{.Paddr = 0x8000, .R = true, .W = true, .Cached = true, .MapNode = 7, .Vaddr = 0x2000}));
  p.looked_up(n, 0x2fff, LevelP::Seen{0x2000, pair, 0x8000, 7, rw});
  p.looked_up(n, 0x1fff, std::nullopt);
  p.looked_for(n, 0, 0xfff, std::nullopt);
  p.looked_for(n, 0, 0x2000, LevelP::Seen{0x2000, pair, 0x8000, 7, rw});
  p.looked_back(n, 0x100010, 0x2000, 7);
  p.set_rights(n, 0x2000, pair, Rights::read);
  EXPECT_FALSE(fields(0x2000).W);
  p.unlink(n, 0x100010, 0x2000, 7);
  p.split(n, 0x2000, pair, {0x100010, 8, 2});
  EXPECT_EQ(fields(0x3000).Paddr, 0x9000U);
  p.setlinknode(n, 0x100010, 0x2000, 7);
  p.setlinknode(n, 0x100018, 0x3000, 8);
  p.unlink(n, 0x100010, 0x2000, 7);
  p.unlink(n, 0x100018, 0x3000, 8);
  p.join(n, 0x2000, pair, 0x100010);
  EXPECT_EQ(fields(0x3000), (LevelP::P::PTE{.Paddr = 0x8000, .R = true, .Cached = true}));
  p.remove(n, 0x2000, pair);
  p.deletespace(n);
  EXPECT_EQ(said(), "");
}

TEST_F(LevelPTest, NoticesWhatOverlapsAndWhatHasAUsedName) {
  p.insert(n, {0x3000, page, 0, 1, rw}, 0x100018);
  EXPECT_EQ(said(), "P level P: insert");
  p.insert(n, {0x4000, page, 0, 1, rw}, 0x100010);
  EXPECT_EQ(said(), "P level P: insert");
  p.createspace(n);
  EXPECT_EQ(said(), "P level P: createspace");
  p.deletespace(n + 1);
  EXPECT_EQ(said(), "P level P: deletespace");
}

TEST_F(LevelPTest, NoticesAFrameThatIsNoneOfItsSize) {
  p.insert(n, {0x4000, pair, 0x1000, 1, rw}, 0x100020);
  EXPECT_EQ(said(), "P level P: fields of a page");
}

TEST_F(LevelPTest, NoticesWhatIsNotThere) {
  p.remove(n, 0x4000, page);
  EXPECT_EQ(said(), "P level P: remove");
  p.remove(n, 0x2000, page);
  EXPECT_EQ(said(), "P level P: remove");
  p.split(n, 0x4000, pair, {0x100020, 8, 2});
  EXPECT_EQ(said(), "P level P: split");
  p.split(n, 0x2000, pair, {0x100010, 8, 4});
  EXPECT_EQ(said(), "P level P: split");
  p.set_rights(n, 0x2000, page, rw);
  EXPECT_EQ(said(), "P level P: setR, setW, setX");
  p.set_rights(n, 0x4000, page, rw);
  EXPECT_EQ(said(), "P level P: setR, setW, setX");
  p.join(n, 0x4000, pair, 0x100020);
  EXPECT_EQ(said(), "P level P: join");
  p.join(n, 0x2000, pair, 0x100010);
  EXPECT_EQ(said(), "P level P: join");
}

TEST_F(LevelPTest, NoticesLinksThatLeadElsewhere) {
  p.setlinknode(n, 0x100018, 0x2000, 7);
  EXPECT_EQ(said(), "P level P: setlinknode");
  p.setlinknode(n, 0x100010, 0x3000, 7);
  EXPECT_EQ(said(), "P level P: setlinknode");
  p.looked_back(n, 0x100010, 0x2000, 8);
  EXPECT_EQ(said(), "P level P: getmapnode");
  p.looked_back(n, 0x100010, 0x3000, 7);
  EXPECT_EQ(said(), "P level P: getmapnode");
  p.unlink(n, 0x100018, 0x2000, 7);
  EXPECT_EQ(said(), "P level P: getmapnode");
}

TEST_F(LevelPTest, NoticesEachPartOfAnAnswer) {
  using Seen = LevelP::Seen;
  for (const Seen& wrong : {Seen{0x3000, pair, 0x8000, 7, rw}, Seen{0x2000, page, 0x8000, 7, rw},
                            Seen{0x2000, pair, 0xa000, 7, rw}, Seen{0x2000, pair, 0x8000, 8, rw},
                            Seen{0x2000, pair, 0x8000, 7, Rights::read}}) {
    p.looked_up(n, 0x2000, wrong);
    EXPECT_EQ(said(), "P level P: lookup");
    p.looked_for(n, 0, 0x2000, wrong);
    EXPECT_EQ(said(), "P level P: lookups of a range");
  }
  p.looked_up(n, 0x2000, std::nullopt);
  EXPECT_EQ(said(), "P level P: lookup");
  p.looked_up(n, 0x4000, Seen{0x4000, page, 0, 7, rw});
  EXPECT_EQ(said(), "P level P: lookup");
  p.looked_for(n, 0, 0x1fff, Seen{0x2000, pair, 0x8000, 7, rw});
  EXPECT_EQ(said(), "P level P: lookups of a range");
  p.looked_up(n + 1, 0x2000, std::nullopt);
  EXPECT_EQ(said(), "P level P: lookup") << "no such space";
}

TEST_F(LevelPTest, NoticesPartsThatAreNoOnePage) {
  p.insert(n, {0x4000, page, 0xa000, 1, rw}, 0x100020);
  p.insert(n, {0x5000, page, 0xb000, 2, Rights::read}, 0x100028);
  p.unlink(n, 0x100020, 0x4000, 1);
  p.unlink(n, 0x100028, 0x5000, 2);
  p.join(n, 0x4000, pair, 0x100020);
  EXPECT_EQ(said(), "P level P: join");
}

TEST_F(LevelPTest, KeepsTheFirstDifference) {
  p.looked_up(n, 0x2000, std::nullopt);
  p.remove(n, 0x4000, page);
  EXPECT_EQ(said(), "P level P: lookup");
  EXPECT_EQ(said(), "");
}

// Not Tiny: spaces_exhaustive_test makes that one's tables, optimized, and a linker takes either.
using F = TinyWide;

// A table of ours, and a level P of which somebody else took a page away, or gave it to it: whatever the
// mapping database asks or does there is asked of both, and differs.
class TableBesideTest : public testing::Test {
 protected:
  static constexpr unsigned shift = Geometry<F>::node_shift(0);
  static constexpr std::size_t nodes = 32;
  class Memory : public LinkedMemory<PlainMemory<>> {
   public:
    using LinkedMemory<PlainMemory<>>::LinkedMemory;
    LevelP* level_p() const { return beside; }
    LevelP* beside = nullptr;
  };
  using Table = TableBeside<F, Memory>;

  TableBesideTest() {
    memory.beside = &p;
    table = Table::create(memory, SpaceId{1});
    name = table->insert(0x2000, 0x8000, pair, rw, 7);
    EXPECT_FALSE(p.take());
  }
  ~TableBesideTest() override {
    memory.beside = nullptr;
    table->forget({0, 0xffff}, [](std::uint32_t) {});
    table->destroy();
  }
  void tamper() { p.remove(raw(table->table().root()), 0x2000, pair); }
  [[nodiscard]] std::string said() {
    const Verdict v = p.take();
    return v ? v->key : "";
  }

  alignas(4096) std::array<std::byte, nodes << shift> arena{}, links{};
  std::array<NodeRecord, nodes> records{};
  NodePool pool{arena, PhysAddr{arena_base(sizeof(F::Raw), F::pa_bits)}, shift, records};
  Memory memory{std::span<std::byte>(links), pool};
  LevelP p{reference::tiny_wide().profile()};
  std::optional<Table> table;
  std::uint32_t name = 0;
};

TEST_F(TableBesideTest, WhatIsDoneAndAskedIsDoneAndAskedOfBoth) {
  EXPECT_EQ(table->va_of(name, 7), 0x2000U);
  EXPECT_EQ(table->split(name, 7, page), 0x2000U);
  const std::uint32_t first = table->link(0x2000, 7), second = table->link(0x3000, 8);
  EXPECT_EQ(table->find(0x3fff)->node, 8U);
  EXPECT_EQ(table->next({0, 0xffff})->node, 7U);
  table->restrict(0x2000, page, Rights::read);
  table->restrict(0x3000, page, Rights::read);
  unsigned seen = 0;
  EXPECT_FALSE(table->any_of({0, 0xffff}, [&seen](const FoundUnit&) { return ++seen == 0; }));
  EXPECT_EQ(seen, 2U);
  EXPECT_EQ(table->unlink(second, 8), 0x3000U);
  name = table->join(first, 7, pair);
  EXPECT_EQ(table->find(0x3fff)->node, 7U);
  (void)table->remove(name, 7, pair);
  EXPECT_FALSE(table->find(0x2000));
  table->destroy();
  EXPECT_EQ(said(), "");
  EXPECT_EQ(p.model().space_count(), 0U);
  table = Table::create(memory, SpaceId{1});
}

TEST_F(TableBesideTest, EachQuestionIsAskedOfBoth) {
  tamper();
  (void)table->find(0x2000);
  EXPECT_EQ(said(), "level P: lookup");
  (void)table->next({0, 0xffff});
  EXPECT_EQ(said(), "level P: lookups of a range");
  (void)table->any_of({0, 0xffff}, [](const FoundUnit&) { return false; });
  EXPECT_EQ(said(), "level P: lookups of a range");
  (void)table->any_of({0, 0xffff}, [](const FoundUnit&) { return true; });
  EXPECT_EQ(said(), "level P: lookups of a range");
  (void)table->va_of(name, 7);
  EXPECT_EQ(said(), "level P: getmapnode");
}

TEST_F(TableBesideTest, TheRestOfARangeIsAskedOfBoth) {
  p.insert(raw(table->table().root()), {0x4000, page, 0, 9, rw}, 1);
  (void)table->any_of({0, 0xffff}, [](const FoundUnit&) { return false; });
  EXPECT_EQ(said(), "level P: lookups of a range");
}

TEST_F(TableBesideTest, EachEditIsDoneToBoth) {
  tamper();
  table->restrict(0x2000, pair, Rights::read);
  EXPECT_EQ(said(), "level P: setR, setW, setX");
  (void)table->link(0x2000, 7);
  EXPECT_EQ(said(), "level P: setlinknode");
  (void)table->unlink(name, 7);
  EXPECT_EQ(said(), "level P: getmapnode");
  (void)table->link(0x2000, 7);
  (void)p.take();
  (void)table->split(name, 7, page);
  EXPECT_EQ(said(), "level P: getmapnode");
  const std::uint32_t first = table->link(0x2000, 7);
  (void)p.take();
  name = table->join(first, 7, pair);
  EXPECT_EQ(said(), "level P: getmapnode");
  (void)table->remove(name, 7, pair);
  EXPECT_EQ(said(), "level P: getmapnode");
  p.insert(raw(table->table().root()), {0x2000, pair, 0x8000, 7, rw}, 1);
  (void)table->insert(0x2000, 0x8000, pair, rw, 7);
  EXPECT_EQ(said(), "level P: insert");
}

// Tables of ours with something behind everybody's back. What the mapping database is told is not what the
// bytes say.
constexpr const auto& schema = spaces_schema<F, Flexpages::yes>;

// Each page that is mapped into space 1 gets a link word of somebody else.
class WrongLinks final : public SpacesSubjectOf<F> {
 public:
  using SpacesSubjectOf<F>::SpacesSubjectOf;
  [[nodiscard]] SpacesTransferred map(const SpacesTransfer& t) override {
    const SpacesTransferred done = SpacesSubjectOf<F>::map(t);
    auto* const words = reinterpret_cast<std::uint64_t*>(links().data());
    for (std::size_t i = links().size() / sizeof *words; i-- != 0;)
      if (words[i] != 0) {
        words[i] ^= 0x8000'0000'0000; // of the address, which nobody asks for
        break;
      }
    return done;
  }
};
std::unique_ptr<SpacesSubject> with_wrong_links(Watcher& watcher) {
  return std::make_unique<WrongLinks>(watcher);
}

TEST(SpacesLevelP, WordsOfLinksThatAreNotPsAreNoticed) {
  const auto verdict_of = [](std::unique_ptr<SpacesSubject> (*subject)(Watcher&), bool thorough) {
    twin::MachineOptions options;
    options.thorough = thorough;
    SpacesMachine machine({&schema, subject, reference::tiny_wide, make_l4_model<reference::L4Units>},
                          options);
    return twin::run(machine, program_of("map s=0 va=0x1000 size=4K n=1 window=0x1000 wsize=4K rights=rwx\n",
                                         schema, "set spaces=2 memory=32K"));
  };
  EXPECT_FALSE(verdict_of(make_spaces_subject<F>, true));
  const auto found = verdict_of(with_wrong_links, true);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->oracle, "R");
}

} // namespace
} // namespace pagetwin::fuzz
