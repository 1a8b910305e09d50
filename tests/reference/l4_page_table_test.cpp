// Level P of docs/l4.md against the prose of the paper, address by address, and against its code: all
// sequences of three insertions into eight addresses with pages of one, two and four of them. What the paper
// prints wrongly is shown to be wrong, form by form.
#include "reference/l4_page_table.hpp"

#include <array>
#include <gtest/gtest.h>
#include <map>

namespace reference {
namespace {

using P = L4PageTable;

constexpr std::uint64_t addresses = 8, space = 1;
constexpr std::array<std::uint64_t, 3> sizes{1, 2, 4};
constexpr Profile eight{.name = "eight addresses",
                        .sizes = sizes,
                        .va_bits = 3,
                        .sign_extended = false,
                        .pa_bits = 5,
                        .marker_bits = 0,
                        .expressible = nullptr,
                        .expressible_rights = nullptr,
                        .permits = nullptr};

struct Insertion {
  std::uint64_t v, size;
};
Insertion insertion(unsigned i) { return {i % addresses, sizes[i / addresses]}; }
constexpr unsigned insertions = addresses * sizes.size();

// The state as section 4.1 has it: a function of addresses, and a heap.
struct Literal {
  std::array<std::optional<P::Found>, addresses> table;
  std::map<P::PTEName, P::PTE> heap;

  [[nodiscard]] static bool page_equiv(std::uint64_t v, std::uint64_t other, std::uint64_t size) {
    return v / size == other / size;
  }
  [[nodiscard]] bool conflict(Insertion i) const {
    for (std::uint64_t v = 0; v < addresses; ++v)
      if (page_equiv(v, i.v, i.size) && table[v])
        return true;
    return false;
  }
  void update_page_table(Insertion i, P::PTEName fresh) {
    for (std::uint64_t v = 0; v < addresses; ++v)
      if (page_equiv(v, i.v, i.size))
        table[v] = P::Found{fresh, i.size};
  }
};

// What the prose says of insert, and what is printed instead.
struct Form {
  bool swapped_branches = false;
  bool strict_result = false;
  bool keeps_heap = false;
};
P::RInsert insert(Literal& s, Insertion i, P::PTEName fresh, Form form) {
  if (s.conflict(i) == form.swapped_branches) {
    s.update_page_table(i, fresh);
    if (!form.keeps_heap)
      s.heap[fresh] = P::PTE{};
  }
  const auto& found = s.table[i.v];
  const bool holds = found && (form.strict_result ? i.size < found->size : i.size <= found->size);
  return holds ? P::RInsert{found} : P::RInsert{};
}

// Figures 15 and 16: nodes of two entries, three levels.
class Mlpt {
 public:
  enum class Tag : std::uint8_t { Invalid, Leaf, Next };
  struct Entry {
    Tag tag = Tag::Invalid;
    std::size_t next = 0;
  };
  struct Where {
    P::PTEName pte;
    unsigned level;
  };
  static constexpr unsigned top = 2;

  // printed_one: the loop ends at level 1, as `tmp_level == 1` may be read, and not at the level l.
  [[nodiscard]] P::RInsert insert(Insertion i, bool printed_one) {
    const unsigned l = printed_one ? 1 : level_of(i.size);
    unsigned level = top;
    P::PTEName pte = index(0, i.v, level);
    while (level != l && (at(pte).tag == Tag::Next || at(pte).tag == Tag::Invalid)) {
      --level;
      if (at(pte).tag == Tag::Invalid)
        make_subtree(pte);
      pte = index(at(pte).next, i.v, level);
    }
    if (at(pte).tag == Tag::Next)
      return {};
    if (at(pte).tag == Tag::Invalid)
      at(pte) = {Tag::Leaf, 0};
    return {P::Found{pte, sizes[level]}};
  }
  [[nodiscard]] Where lookup(std::uint64_t v) {
    unsigned level = top;
    P::PTEName pte = index(0, v, level);
    note_invariants(level);
    while (level != 0 && at(pte).tag == Tag::Next) {
      --level;
      pte = index(at(pte).next, v, level);
      note_invariants(level);
    }
    return {pte, level};
  }
  // R: types other than Leaf are hidden.
  [[nodiscard]] std::optional<P::Found> abstraction(std::uint64_t v) {
    const Where w = lookup(v);
    return at(w.pte).tag == Tag::Leaf ? std::optional(P::Found{w.pte, sizes[w.level]}) : std::nullopt;
  }
  unsigned printed_invariant_false = 0, meant_invariant_false = 0;

 private:
  [[nodiscard]] static unsigned level_of(std::uint64_t size) { return size == 4 ? 2 : size == 2 ? 1 : 0; }
  [[nodiscard]] static P::PTEName index(std::size_t node, std::uint64_t v, unsigned level) {
    return node * 2 + (v >> level & 1U);
  }
  [[nodiscard]] Entry& at(P::PTEName pte) { return nodes_[pte / 2][pte % 2]; }
  void make_subtree(P::PTEName pte) {
    nodes_.emplace_back();
    at(pte) = {Tag::Next, nodes_.size() - 1};
  }
  // At the head of the loop of figure 15.
  void note_invariants(unsigned level) {
    printed_invariant_false += level >= top;
    meant_invariant_false += level > top;
  }

  std::vector<std::array<Entry, 2>> nodes_ = std::vector<std::array<Entry, 2>>(1);
};

// Are two partial maps the same but for the names?
template <class A, class B>
bool same_pages(A&& a, B&& b) {
  std::map<P::PTEName, P::PTEName> names;
  for (std::uint64_t v = 0; v < addresses; ++v) {
    const auto x = a(v), y = b(v);
    if (x.has_value() != y.has_value() || (x && x->size != y->size))
      return false;
    if (x && names.emplace(x->pte, y->pte).first->second != y->pte)
      return false;
  }
  return true;
}
bool same_size(const P::RInsert& a, const P::RInsert& b) {
  return a.page.has_value() == b.page.has_value() && (!a.page || a.page->size == b.page->size);
}

template <class Run>
unsigned disagreements(Run&& run) {
  unsigned all = 0;
  for (unsigned a = 0; a < insertions; ++a)
    for (unsigned b = 0; b < insertions; ++b)
      for (unsigned c = 0; c < insertions; ++c)
        all += !run(std::array{insertion(a), insertion(b), insertion(c)});
  return all;
}

// Does a printed form agree with the prose, in every answer and in the state that is left?
bool agrees(const std::array<Insertion, 3>& three, Form form) {
  Literal meant, printed;
  printed.heap = {{10, {.R = true}}, {11, {.W = true}}, {12, {.X = true}}}; // Init says nothing of the heap
  P::PTEName fresh = 10;
  bool same = true;
  for (const Insertion& i : three) {
    same = same && insert(meant, i, fresh, {}) == insert(printed, i, fresh, form);
    ++fresh;
  }
  for (const auto& [name, pte] : meant.heap)
    same = same && printed.heap[name] == pte;
  return same && meant.table == printed.table;
}

constexpr unsigned all_sequences = 13'824;

TEST(L4PageTable, AgreesWithTheProseInAllSequencesOfThreeInsertions) {
  EXPECT_EQ(disagreements([](const auto& three) {
              P model(eight);
              (void)model.createspace(space);
              Literal prose;
              P::PTEName fresh = 10;
              bool same = true;
              for (const Insertion& i : three) {
                const auto answer = model.insert(space, i.v, i.size, fresh);
                same = same && answer && *answer == insert(prose, i, fresh, {});
                ++fresh;
              }
              for (std::uint64_t v = 0; v < addresses; ++v)
                same = same && model.lookup(space, v)->page == prose.table[v];
              return same;
            }),
            0U);
}

TEST(L4PageTable, AgreesWithTheCodeOfFigures15And16InAllSequencesOfThreeInsertions) {
  EXPECT_EQ(disagreements([](const auto& three) {
              P model(eight);
              (void)model.createspace(space);
              Mlpt code;
              P::PTEName fresh = 10;
              bool same = true;
              for (const Insertion& i : three)
                same = same && same_size(*model.insert(space, i.v, i.size, fresh++), code.insert(i, false));
              return same
                     && same_pages([&](std::uint64_t v) { return model.lookup(space, v)->page; },
                                   [&](std::uint64_t v) { return code.abstraction(v); });
            }),
            0U);
}

TEST(L4PageTableErrata, ThePrintedInsertHasTheBranchesOfTheConflictTestSwapped) {
  EXPECT_EQ(disagreements([](const auto& three) { return agrees(three, {.swapped_branches = true}); }),
            all_sequences);
}

TEST(L4PageTableErrata, ThePrintedResultOfInsertComparesSizesStrictly) {
  EXPECT_EQ(disagreements([](const auto& three) { return agrees(three, {.strict_result = true}); }),
            all_sequences);
  Literal s;
  EXPECT_EQ(insert(s, {0, 1}, 10, {.strict_result = true}), P::RInsert{}) << "though it succeeds";
  EXPECT_TRUE(s.table[0]);
}

TEST(L4PageTableErrata, ThePrintedInsertAltogetherNeverAgrees) {
  EXPECT_EQ(disagreements([](const auto& three) {
              return agrees(three, {.swapped_branches = true, .strict_result = true, .keeps_heap = true});
            }),
            all_sequences);
}

TEST(L4PageTableErrata, AHeapThatInsertLeavesAloneIsNotTheLeafWithoutRightsThatTheCodeWrites) {
  EXPECT_EQ(disagreements([](const auto& three) { return agrees(three, {.keeps_heap = true}); }),
            all_sequences);
}

TEST(L4PageTableErrata, LevelOneInFigure16IsTheParameterAndNotTheNumber) {
  // 896 agree: insertions of level 1, and smaller ones into the pages that these have made.
  EXPECT_EQ(disagreements([](const auto& three) {
              Mlpt meant, printed;
              bool same = true;
              for (const Insertion& i : three)
                same = same && same_size(meant.insert(i, false), printed.insert(i, true));
              return same
                     && same_pages([&](std::uint64_t v) { return meant.abstraction(v); },
                                   [&](std::uint64_t v) { return printed.abstraction(v); });
            }),
            all_sequences - 896);
}

TEST(L4PageTableErrata, TheLoopInvariantOfFigure15IsFalseOnEntry) {
  Mlpt code;
  (void)code.insert({5, 1}, false);
  (void)code.lookup(5);
  EXPECT_EQ(code.printed_invariant_false, 1U);
  EXPECT_EQ(code.meant_invariant_false, 0U);
}

TEST(L4PageTableErrata, SetlinknodeAnswersWithAResultOfItsOwn) {
  P model(eight);
  using Answer = decltype(model.setlinknode(0, 0, 0, 1));
  static_assert(std::is_same_v<Answer, Defined<P::RSetLinkNode>>);
  static_assert(!std::is_same_v<Answer, decltype(model.setpaddr(0, 0, 1))>);
}

class L4PageTableOf : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(model.createspace(space), space);
    ASSERT_EQ(model.insert(space, 5, 4, 10), (P::RInsert{{{10, 4}}}));
  }

  P model{eight};
};

TEST_F(L4PageTableOf, ChoosesFreshNamesForSpacesOnly) {
  EXPECT_EQ(model.createspace(space), std::nullopt);
  EXPECT_EQ(model.createspace(7), 7U);
  EXPECT_EQ(model.lookup(7, 5), P::RLookup{});
}

TEST_F(L4PageTableOf, LookupAnswersTheNameAndSizeOfThePageThatAnAddressIsInOrNone) {
  ASSERT_EQ(model.insert(space, 2, 1, 11), (P::RInsert{{{11, 1}}}));
  EXPECT_EQ(model.lookup(space, 2), (P::RLookup{{{11, 1}}}));
  EXPECT_EQ(model.lookup(space, 7), (P::RLookup{{{10, 4}}}));
  EXPECT_EQ(model.lookup(space, 1), P::RLookup{});
  EXPECT_EQ(model.lookup(space, 3), P::RLookup{});
}

TEST_F(L4PageTableOf, LeavesUndefinedWhatNamesNoSpaceAddressOrSize) {
  EXPECT_FALSE(model.lookup(9, 0));
  EXPECT_FALSE(model.lookup(space, 8));
  EXPECT_FALSE(model.insert(9, 0, 1, 11));
  EXPECT_FALSE(model.insert(space, 0, 8, 11));
  EXPECT_FALSE(model.insert(space, 8, 1, 11));
  EXPECT_FALSE(model.insert(space, 0, 1, 10)) << "the name is in use";
  EXPECT_EQ(model.lookup(space, 0), P::RLookup{});
}

TEST_F(L4PageTableOf, MapsTheWholePageSetToOneNameWithoutRights) {
  for (std::uint64_t v = 4; v < 8; ++v)
    EXPECT_EQ(model.lookup(space, v), (P::RLookup{{{10, 4}}}));
  EXPECT_EQ(model.lookup(space, 3), P::RLookup{});
  EXPECT_EQ(model.getR(10, 4), false);
  EXPECT_EQ(model.getW(10, 4), false);
  EXPECT_EQ(model.getX(10, 4), false);
  EXPECT_EQ(model.getCached(10, 4), false);
  EXPECT_EQ(model.getpaddr(10, 4), 0U);
}

TEST_F(L4PageTableOf, AnswersAConflictWithALargerOrEqualPageByThatPage) {
  EXPECT_EQ(model.insert(space, 6, 1, 11), (P::RInsert{{{10, 4}}}));
  EXPECT_EQ(model.insert(space, 4, 4, 11), (P::RInsert{{{10, 4}}}));
  EXPECT_FALSE(model.is_used(11));
}

TEST_F(L4PageTableOf, AnswersAConflictWithASmallerPageByNone) {
  ASSERT_EQ(model.insert(space, 2, 1, 11), (P::RInsert{{{11, 1}}}));
  EXPECT_EQ(model.insert(space, 2, 4, 12), P::RInsert{}) << "the smaller page is at v";
  EXPECT_EQ(model.insert(space, 0, 4, 12), P::RInsert{}) << "the smaller page is elsewhere in the page set";
  EXPECT_EQ(model.lookup(space, 0), P::RLookup{});
}

TEST_F(L4PageTableOf, ReadsAndWritesOneFieldAtATime) {
  EXPECT_TRUE(model.setpaddr(10, 8, 4));
  EXPECT_TRUE(model.setW(10, true, 4));
  EXPECT_TRUE(model.setCached(10, true, 4));
  EXPECT_EQ(model.page_at(space, 4)->fields, (P::PTE{.Paddr = 8, .W = true, .Cached = true}));
  EXPECT_TRUE(model.setW(10, false, 4));
  EXPECT_TRUE(model.setX(10, true, 4));
  EXPECT_TRUE(model.setR(10, true, 4));
  EXPECT_EQ(model.page_at(space, 4)->fields, (P::PTE{.Paddr = 8, .R = true, .X = true, .Cached = true}));
}

TEST_F(L4PageTableOf, LeavesFieldsOfOtherPairsOfNameAndSizeUndefined) {
  EXPECT_FALSE(model.setpaddr(10, 8, 1)) << "of this name, but of another size";
  EXPECT_FALSE(model.setpaddr(11, 8, 4));
  EXPECT_FALSE(model.getpaddr(11, 4));
  EXPECT_FALSE(model.getR(10, 2));
  EXPECT_FALSE(model.setX(10, true, 2));
  EXPECT_FALSE(model.setlinknode(10, 1, 4, 2));
  EXPECT_FALSE(model.setpaddr(10, 6, 4)) << "no frame of this size";
  EXPECT_FALSE(model.setpaddr(10, 32, 4)) << "beyond the physical width";
  EXPECT_EQ(model.page_at(space, 4)->fields, P::PTE{});
}

TEST_F(L4PageTableOf, TellsTheMapNodeToWhoKnowsTheAddressOnly) {
  EXPECT_TRUE(model.setlinknode(10, 77, 6, 4));
  EXPECT_EQ(model.getmapnode(10, 6, 4), 77U);
  EXPECT_FALSE(model.getmapnode(10, 5, 4));
  EXPECT_FALSE(model.getmapnode(10, 6, 2));
}

TEST_F(L4PageTableOf, RemovesTheWholePageSet) {
  EXPECT_FALSE(model.remove(space, 5, 2)) << "another size";
  EXPECT_FALSE(model.remove(space, 3, 4)) << "nothing there";
  EXPECT_FALSE(model.remove(9, 5, 4));
  EXPECT_TRUE(model.remove(space, 6, 4));
  EXPECT_EQ(model.lookup(space, 4), P::RLookup{});
  EXPECT_FALSE(model.is_used(10));
  EXPECT_EQ(model.insert(space, 7, 2, 10), (P::RInsert{{{10, 2}}})) << "the name is free";
}

// Its image is another one each time that its page, or one beside it, came or went.
TEST_F(L4PageTableOf, KnowsWhereThePageOfANameIsNow) {
  ASSERT_TRUE(model.setpaddr(10, 8, 4));
  ASSERT_TRUE(model.remove(space, 5, 4));
  EXPECT_FALSE(model.getpaddr(10, 4));
  ASSERT_EQ(model.insert(space, 0, 2, 10), (P::RInsert{{{10, 2}}}));
  EXPECT_EQ(model.getpaddr(10, 2), 0U);
  ASSERT_TRUE(model.setpaddr(10, 6, 2));
  for (P::V v = 2; v < 8; ++v) // as many as make the pages move
    ASSERT_EQ(model.insert(space, v, 1, 20 + v), (P::RInsert{{{20 + v, 1}}}));
  EXPECT_EQ(model.getpaddr(10, 2), 6U);
  ASSERT_TRUE(model.setR(27, true, 1));
  ASSERT_TRUE(model.deletespace(space));
  EXPECT_FALSE(model.getR(27, 1));
  ASSERT_EQ(model.createspace(space), space);
  ASSERT_EQ(model.insert(space, 7, 1, 27), (P::RInsert{{{27, 1}}}));
  ASSERT_TRUE(model.setR(27, true, 1));
  model.reset();
  EXPECT_FALSE(model.getR(27, 1));
}

TEST_F(L4PageTableOf, SplitsIntoPagesOfTheNextSmallerSizeWithTheSameFields) {
  ASSERT_TRUE(model.setpaddr(10, 8, 4));
  ASSERT_TRUE(model.setW(10, true, 4));
  ASSERT_TRUE(model.setlinknode(10, 77, 4, 4));
  EXPECT_TRUE(model.split(space, 7, 4, std::array<P::PTEName, 2>{10, 20})) << "its own name is free by then";
  const P::PTE fields{.Paddr = 8, .W = true, .MapNode = 77, .Vaddr = 4};
  ASSERT_EQ(model.pages(space).size(), 2U);
  EXPECT_EQ(model.page_at(space, 5)->fields, fields);
  EXPECT_EQ(model.lookup(space, 6), (P::RLookup{{{20, 2}}}));
  EXPECT_EQ(model.getpaddr(20, 2), 10U);
  EXPECT_EQ(model.getmapnode(20, 4, 2), 77U);
}

TEST_F(L4PageTableOf, LeavesSplitsIntoNothingUndefined) {
  EXPECT_FALSE(model.split(space, 5, 2, std::array<P::PTEName, 2>{20, 21})) << "another size";
  EXPECT_FALSE(model.split(space, 1, 4, std::array<P::PTEName, 2>{20, 21})) << "nothing there";
  EXPECT_FALSE(model.split(space, 5, 4, std::array<P::PTEName, 1>{20})) << "a name for each part";
  EXPECT_FALSE(model.split(space, 5, 4, std::array<P::PTEName, 2>{20, 20})) << "another name for each";
  ASSERT_TRUE(model.insert(space, 0, 1, 21));
  EXPECT_FALSE(model.split(space, 5, 4, std::array<P::PTEName, 2>{20, 21})) << "one that is in use";
  EXPECT_FALSE(model.split(space, 0, 1, {})) << "the smallest size";
  EXPECT_EQ(model.lookup(space, 5), (P::RLookup{{{10, 4}}}));
}

TEST_F(L4PageTableOf, FindsThePagesBesideAnAddressThatItIsNotIn) {
  ASSERT_TRUE(model.insert(space, 1, 1, 11));
  ASSERT_TRUE(model.insert(space, 2, 2, 12));
  const auto bases = [this](std::uint64_t v) {
    const auto [below, above] = model.neighbours(space, v);
    return std::pair(below != nullptr ? below->base : 99, above != nullptr ? above->base : 99);
  };
  EXPECT_EQ(bases(0), std::pair(std::uint64_t{99}, std::uint64_t{1}));
  EXPECT_EQ(bases(1), std::pair(std::uint64_t{99}, std::uint64_t{2}));
  EXPECT_EQ(bases(3), std::pair(std::uint64_t{1}, std::uint64_t{4}));
  EXPECT_EQ(bases(7), std::pair(std::uint64_t{2}, std::uint64_t{99}));
  EXPECT_EQ(model.neighbours(9, 0).above, nullptr);
}

TEST_F(L4PageTableOf, DeletesASpaceWithItsPagesAndTheirNames) {
  ASSERT_EQ(model.createspace(7), 7U);
  ASSERT_EQ(model.insert(7, 5, 1, 11), (P::RInsert{{{11, 1}}}));
  EXPECT_FALSE(model.deletespace(8));
  EXPECT_TRUE(model.deletespace(space));
  EXPECT_FALSE(model.lookup(space, 5)) << "it is not active";
  EXPECT_FALSE(model.getpaddr(10, 4)) << "its pages are in no image";
  EXPECT_FALSE(model.is_used(10));
  EXPECT_EQ(model.lookup(7, 5), (P::RLookup{{{11, 1}}}));
  EXPECT_TRUE(model.setW(11, true, 1));
  EXPECT_FALSE(model.deletespace(space));
  ASSERT_EQ(model.createspace(space), space) << "the name is fresh again";
  EXPECT_EQ(model.lookup(space, 5), P::RLookup{});
  EXPECT_EQ(model.insert(space, 5, 4, 10), (P::RInsert{{{10, 4}}}));
}

TEST_F(L4PageTableOf, ForgetsAllAtTheBeginning) {
  model.reset();
  EXPECT_EQ(model.space_count(), 0U);
  ASSERT_EQ(model.createspace(3), 3U);
  EXPECT_EQ(model.lookup(3, 5), P::RLookup{});
}

} // namespace
} // namespace reference
