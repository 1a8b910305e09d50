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
    p.insert(n, {.va = 0x2000, .size = pair, .paddr = 0x8000, .node = 7}, 0x100010, rw);
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
  p.looked_up(n, 0x2fff, LevelP::Seen{0x2000, pair, 0x8000, 7});
  p.looked_up(n, 0x1fff, std::nullopt);
  p.looked_for(n, 0, 0xfff, std::nullopt);
  p.looked_for(n, 0, 0x2000, LevelP::Seen{0x2000, pair, 0x8000, 7});
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
  p.insert(n, {.va = 0x3000, .size = page, .paddr = 0, .node = 1}, 0x100018, rw);
  EXPECT_EQ(said(), "P level P: insert");
  p.insert(n, {.va = 0x4000, .size = page, .paddr = 0, .node = 1}, 0x100010, rw);
  EXPECT_EQ(said(), "P level P: insert");
  p.createspace(n);
  EXPECT_EQ(said(), "P level P: createspace");
  p.deletespace(n + 1);
  EXPECT_EQ(said(), "P level P: deletespace");
}

TEST_F(LevelPTest, NoticesAFrameThatIsNoneOfItsSize) {
  p.insert(n, {.va = 0x4000, .size = pair, .paddr = 0x1000, .node = 1}, 0x100020, rw);
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
  for (const Seen& wrong : {Seen{0x3000, pair, 0x8000, 7}, Seen{0x2000, page, 0x8000, 7},
                            Seen{0x2000, pair, 0xa000, 7}, Seen{0x2000, pair, 0x8000, 8}}) {
    p.looked_up(n, 0x2000, wrong);
    EXPECT_EQ(said(), "P level P: lookup");
    p.looked_for(n, 0, 0x2000, wrong);
    EXPECT_EQ(said(), "P level P: lookups of a range");
  }
  p.looked_up(n, 0x2000, std::nullopt);
  EXPECT_EQ(said(), "P level P: lookup");
  p.looked_up(n, 0x4000, Seen{0x4000, page, 0, 7});
  EXPECT_EQ(said(), "P level P: lookup");
  p.looked_for(n, 0, 0x1fff, Seen{0x2000, pair, 0x8000, 7});
  EXPECT_EQ(said(), "P level P: lookups of a range");
  p.looked_up(n + 1, 0x2000, std::nullopt);
  EXPECT_EQ(said(), "P level P: lookup") << "no such space";
}

TEST_F(LevelPTest, KeepsTheFirstDifference) {
  p.looked_up(n, 0x2000, std::nullopt);
  p.remove(n, 0x4000, page);
  EXPECT_EQ(said(), "P level P: lookup");
  EXPECT_EQ(said(), "");
}

// Tables of ours with something behind everybody's back. What the mapping database is told is not what the
// bytes say.
using F = Tiny;
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
    SpacesMachine machine({&schema, subject, reference::tiny, make_l4_model<reference::L4Units>}, options);
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
