// R and wfpt against multi-level tables that were broken on purpose: every sentence that they can say, and no
// complaint about tables that are whole. Words are broken where they lie in memory, behind everybody's back.
#include "fuzz/machines/l4_page_table/multi_level_subject_of.hpp"
#include "fuzz/oracles/l4_abstraction.hpp"
#include "fuzz/oracles/tiny_32_format.hpp"
#include "fuzz/oracles/tiny_format.hpp"

#include <gtest/gtest.h>

namespace pagetwin::fuzz {
namespace {

class Deaf : public Watcher {
  void after_store(std::uint64_t) override {}
  void before_exchange(std::uint64_t) override {}
  void on_flush(const Invalidation&) override {}
};

class L4AbstractionTest : public testing::Test, private Deaf {
 protected:
  using F = Tiny;
  using G = Geometry<F>;
  using Model = reference::L4PageTable;

  L4AbstractionTest() {
    subject->start(32);
    insert(0x1000, 0x1000);
    insert(0x2000, 0x2000); // a pair
    insert(0x20000, 0x20000);
    show(0x2000);
    show(0x20000);
    EXPECT_EQ(subject->setlinknode(0, *subject->lookup(0, 0x2000), 7, 0x2000), Status::ok);
    EXPECT_TRUE(model.setlinknode(at(0x2000)->pte, 7, 0x2000, 0x2000));
  }
  ~L4AbstractionTest() override { subject->start(1); }

  void insert(std::uint64_t va, std::uint64_t size) {
    if (!subject->exists(0)) {
      EXPECT_EQ(subject->createspace(0), Status::ok);
      EXPECT_TRUE(model.createspace(root()));
    }
    const AdtFound done = subject->insert(0, va, size);
    ASSERT_TRUE(done.pte);
    EXPECT_TRUE(model.insert(root(), va, size, done.pte->name));
  }
  void show(std::uint64_t va) {
    EXPECT_EQ(subject->setright(0, *subject->lookup(0, va), Rights::read, true), Status::ok);
    EXPECT_TRUE(model.setR(at(va)->pte, true, at(va)->size));
  }
  [[nodiscard]] std::uint64_t root() const { return subject->root(0); }
  [[nodiscard]] const Model::Page* at(std::uint64_t va) const { return model.page_at(root(), va); }

  // The word of va's slot at a level, and its link word.
  [[nodiscard]] std::uint64_t& word(std::uint64_t va, unsigned level) {
    std::uint64_t node = root();
    for (unsigned l = F::levels - 1; l > level; --l)
      node = raw(F::table(host(raw(G::slot(PhysAddr{node}, G::index(va, l)))), l));
    return host(raw(G::slot(PhysAddr{node}, G::index(va, level))));
  }
  [[nodiscard]] std::uint64_t& link(std::uint64_t va, unsigned level) {
    const auto offset = reinterpret_cast<std::byte*>(&word(va, level)) - subject->arena().begin();
    return *reinterpret_cast<std::uint64_t*>(subject->links().data() + offset);
  }
  [[nodiscard]] std::uint64_t& host(std::uint64_t pa) {
    Arena& arena = subject->arena();
    return *reinterpret_cast<std::uint64_t*>(arena.begin() + (pa - arena.base()));
  }
  // What is wrong, in one word of the oracle's; nothing when all is well.
  [[nodiscard]] std::string complaint(unsigned lost_nodes = 0) {
    const View view = view_of(reference::tiny(), subject->arena());
    const auto links = links_beside(subject->arena(), subject->links());
    L4Abstraction abstraction(view, links);
    const Verdict v =
        abstraction.compare(model, {&subject->observation(), subject->nodes_used() + lost_nodes});
    return v ? v->oracle + ": " + v->key : "";
  }
  // What R sees at an address when it is broken.
  [[nodiscard]] std::string seen(std::uint64_t va) {
    const View view = view_of(reference::tiny(), subject->arena());
    const auto links = links_beside(subject->arena(), subject->links());
    const auto found = L4Abstraction(view, links).lookup(root(), va);
    return found.why != nullptr ? found.why : found.is_page() ? "page" : "nothing";
  }

  std::unique_ptr<MultiLevelSubject> subject = make_multi_level_subject<F>(*this);
  Model model{reference::tiny().profile()};
};

TEST_F(L4AbstractionTest, FindsNothingWrongWithTablesThatAreWhole) {
  EXPECT_EQ(complaint(), "");
  EXPECT_EQ(seen(0x3fff), "page");
  EXPECT_EQ(seen(0x4000), "nothing");
}

TEST_F(L4AbstractionTest, MissesPagesOfLevelP) {
  EXPECT_TRUE(model.insert(root(), 0x40000, 0x1000, 5));
  EXPECT_EQ(complaint(), "wfpt: a page of level P is nowhere in the nodes");
}

TEST_F(L4AbstractionTest, FindsPagesThatLevelPHasNot) {
  EXPECT_TRUE(model.remove(root(), 0x1000, 0x1000));
  EXPECT_EQ(complaint(), "R: pages of the nodes");
}

TEST_F(L4AbstractionTest, ComparesEveryField) {
  using Change = void (*)(Model&, std::uint64_t);
  const std::uint64_t pte = at(0x2000)->pte;
  const std::array<Change, 6> changes{
      [](Model& m, std::uint64_t p) { EXPECT_TRUE(m.setpaddr(p, 0x2000, 0x2000)); },
      [](Model& m, std::uint64_t p) { EXPECT_TRUE(m.setR(p, false, 0x2000)); },
      [](Model& m, std::uint64_t p) { EXPECT_TRUE(m.setW(p, true, 0x2000)); },
      [](Model& m, std::uint64_t p) { EXPECT_TRUE(m.setX(p, true, 0x2000)); },
      [](Model& m, std::uint64_t p) { EXPECT_TRUE(m.setCached(p, true, 0x2000)); },
      [](Model& m, std::uint64_t p) { EXPECT_TRUE(m.setlinknode(p, 8, 0x2000, 0x2000)); }};
  for (const Change& change : changes) {
    const Model::PTE before = at(0x2000)->fields;
    change(model, pte);
    EXPECT_EQ(complaint(), "R: pages of the nodes");
    EXPECT_TRUE(model.setpaddr(pte, before.Paddr, 0x2000));
    EXPECT_TRUE(model.setR(pte, before.R, 0x2000));
    EXPECT_TRUE(model.setW(pte, before.W, 0x2000));
    EXPECT_TRUE(model.setX(pte, before.X, 0x2000));
    EXPECT_TRUE(model.setCached(pte, before.Cached, 0x2000));
    EXPECT_TRUE(model.setlinknode(pte, before.MapNode, before.Vaddr, 0x2000));
    EXPECT_EQ(complaint(), "");
  }
}

TEST_F(L4AbstractionTest, SeesNoDifferenceThatOneWordCannotHold) {
  EXPECT_TRUE(model.setlinknode(at(0x2000)->pte, 7 ^ 0x3000, 0x2000 ^ 0x3000, 0x2000));
  EXPECT_EQ(complaint(), "");
}

TEST_F(L4AbstractionTest, CountsTheNodesThatThePoolHasGivenOut) {
  EXPECT_EQ(complaint(1), "wfpt: an allocated node is not reached");
}

TEST_F(L4AbstractionTest, ReachesEachNodeOnce) {
  word(0x40000, 3) = word(0x0, 3);
  EXPECT_EQ(complaint(), "wfpt: a node is reached twice");
  EXPECT_EQ(complaint(10), "R: pages of the nodes") << "which has pages that level P has not";
}

TEST_F(L4AbstractionTest, EntersOnlyNodesThatAreAllocatedForTheirLevel) {
  const std::uint64_t table = word(0x0, 2);
  word(0x0, 2) = F::to_table(PhysAddr{subject->arena().base() + 640}, 2);
  EXPECT_EQ(complaint(), "wfpt: a table leads to what is not allocated");
  word(0x0, 2) = F::to_table(PhysAddr{root()}, 2);
  EXPECT_NE(complaint(), "");
  word(0x0, 2) = table;
  EXPECT_EQ(complaint(), "");
}

// The root of this format is four nodes large, and a table can lead into it.
TEST(L4AbstractionOfALargeRoot, EntersNoPartOfANode) {
  using F = Tiny32;
  Deaf nobody;
  const auto subject = make_multi_level_subject<F>(nobody);
  subject->start(32);
  ASSERT_EQ(subject->createspace(0), Status::ok);
  const Arena& arena = subject->arena();
  const View view = view_of(reference::tiny_32(), arena);
  const auto links = links_beside(arena, subject->links());
  reference::L4PageTable model(reference::tiny_32().profile());
  ASSERT_TRUE(model.createspace(subject->root(0)));
  L4Abstraction abstraction(view, links);
  const L4Abstraction::Pool pool{&subject->observation(), 1};
  EXPECT_FALSE(abstraction.compare(model, pool));
  auto& first = *reinterpret_cast<F::Raw*>(arena.begin() + (subject->root(0) - arena.base()));
  first = F::to_table(PhysAddr{subject->root(0) + 32}, F::levels - 1);
  const Verdict v = abstraction.compare(model, pool);
  ASSERT_TRUE(v);
  EXPECT_EQ(v->key, "a node whose size is not that of its level");
  first = 0;
  subject->stop();
  subject->start(1);
}

TEST_F(L4AbstractionTest, WantsAPageBelowEveryNode) {
  word(0x1000, 0) = word(0x2000, 0) = word(0x3000, 0) = link(0x2000, 0) = 0;
  EXPECT_TRUE(model.remove(root(), 0x1000, 0x1000));
  EXPECT_TRUE(model.remove(root(), 0x2000, 0x2000));
  EXPECT_EQ(complaint(), "wfpt: a node without a page below it");
}

TEST_F(L4AbstractionTest, WantsNoTableBelowTheLastLevel) {
  word(0x1000, 0) = F::to_table(PhysAddr{root()}, 0);
  EXPECT_EQ(complaint(), "wfpt: a table at level 0");
  EXPECT_EQ(seen(0x1000), "a table at level 0");
}

TEST_F(L4AbstractionTest, WantsEqualDescriptorsOfAPage) {
  word(0x3000, 0) = 0;
  EXPECT_EQ(complaint(), "wfpt: a page whose descriptors differ");
  EXPECT_EQ(seen(0x2000), "a page whose descriptors differ");
}

TEST_F(L4AbstractionTest, KnowsWhatHidesAndWhatDoesNot) {
  const std::uint64_t hidden = word(0x1000, 0);
  word(0x1000, 0) =
      F::leaf(F::leaf_bits({.rights = Rights::user}, {}, F::sizes[0]), PhysAddr{0}, F::sizes[0], 0);
  EXPECT_EQ(complaint(), "wfpt: leaf without rights") << "a word that no table may hold";
  word(0x1000, 0) = hidden | std::uint64_t{4} << 32U; // R
  EXPECT_EQ(complaint(), "wfpt: a page that hides and need not");
}

TEST_F(L4AbstractionTest, WantsTheAttributesOfAPte) {
  const auto shown = [](Attributes a) {
    a.rights = Rights::read | Rights::user;
    return F::leaf(F::leaf_bits(a, {}, F::sizes[0]), PhysAddr{0}, F::sizes[0], 0);
  };
  EXPECT_TRUE(model.setR(at(0x1000)->pte, true, 0x1000));
  word(0x1000, 0) = shown({.memory_type = 3});
  EXPECT_EQ(complaint(), "");
  for (const Attributes& wrong :
       {Attributes{.memory_type = 2}, Attributes{.memory_type = 3, .key = 1},
        Attributes{.memory_type = 3, .global = true}, Attributes{.memory_type = 3, .software = 1}}) {
    word(0x1000, 0) = shown(wrong);
    EXPECT_EQ(complaint(), "wfpt: attributes that no PTE has");
  }
}

TEST_F(L4AbstractionTest, WantsLinkWordsBesideTheFirstDescriptorOfAPageOnly) {
  struct Place {
    std::uint64_t va;
    unsigned level;
  };
  for (const auto& [va, level] : std::array<Place, 7>{
           {{0x0, 0}, {0x3000, 0}, {0x30000, 2}, {0x0, 1}, {0x0, 2}, {0x0, 3}, {0x7ffff, 3}}}) {
    link(va, level) = 9;
    EXPECT_EQ(complaint(), "wfpt: a link word without a page") << va << " at level " << level;
    link(va, level) = 0;
  }
  EXPECT_EQ(complaint(), "");
  link(0x1000, 0) = 9;
  EXPECT_EQ(complaint(), "R: pages of the nodes") << "of a page, but not what level P says";
}

TEST_F(L4AbstractionTest, CountsTheNodesThatAPageDoesNotShare) {
  const View view{&reference::tiny(), {}, {}};
  const auto links = links_beside(subject->arena(), subject->links());
  const L4Abstraction abstraction(view, links);
  const Model::Page page{.base = 0x1000, .size = 0x1000, .fields = {}};
  const auto nodes_beside = [&](std::uint64_t base, std::uint64_t size) {
    const Model::Page other{.base = base, .size = size, .fields = {}};
    const unsigned above = abstraction.own_nodes(page, {.above = &other});
    EXPECT_EQ(above, abstraction.own_nodes(page, {.below = &other}));
    return above;
  };
  EXPECT_EQ(abstraction.own_nodes(page, {}), 3U);
  EXPECT_EQ(nodes_beside(0x3000, 0x1000), 0U);
  EXPECT_EQ(nodes_beside(0x4000, 0x1000), 1U);
  EXPECT_EQ(nodes_beside(0x4000, 0x4000), 1U);
  EXPECT_EQ(nodes_beside(0x10000, 0x1000), 2U);
  EXPECT_EQ(nodes_beside(0x20000, 0x20000), 2U);
  EXPECT_EQ(nodes_beside(0x40000, 0x1000), 3U);
}

} // namespace
} // namespace pagetwin::fuzz
