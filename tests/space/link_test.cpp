// Link nodes: where they are, what they hold, and that audits notice when they lie.
#include "fuzz/oracles/tiny_32_format.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/armv7.hpp"
#include "src/arch/x86_64.hpp"
#include "src/space/link_node.hpp"
#include "tests/space/spaces.hpp"

namespace pagetwin::test {
namespace {

TEST(LinkNodes, AreAtOneDistanceFromTheirDescriptors) {
  alignas(4096) std::array<std::byte, 8192> arena{};
  std::array<std::byte, 8192> links{};
  std::array<NodeRecord, 2> records{};
  NodePool pool(arena, PhysAddr{0x8000}, 12, records);
  const LinkedMemory<PlainMemory<>> memory(links, pool);
  const auto distance = [&](std::uint64_t slot) {
    return reinterpret_cast<std::byte*>(&LinkNode<X86_64_4>::of(memory, PhysAddr{slot}))
           - pool.host<std::byte>(PhysAddr{slot});
  };
  EXPECT_EQ(distance(0x8000), links.data() - arena.data());
  EXPECT_EQ(distance(0x9ff8), links.data() - arena.data());
}
TEST(LinkNodes, HoldTheMappingNodeXorTheVirtualAddress) {
  using X = LinkNode<X86_64_4>;
  constexpr std::uint64_t va = 0xffff'8123'4567'8000;
  EXPECT_EQ(X::word(5, va), va ^ 5U);
  EXPECT_EQ(X::mapping(X::word(5, va), va), 5U);
  EXPECT_NE(X::mapping(X::word(5, va), va + 0x1000), 5U) << "reading one takes the address";
  EXPECT_EQ(X::va(X::word(5, va), 5), va) << "or the mapping node";
  using A = LinkNode<Armv7>;
  static_assert(sizeof(A::Raw) == 4);
  EXPECT_EQ(A::mapping(A::word(0x8000'0001, 0xfff0'0000), 0xfff0'0000), 0x8000'0001U);
}

using S = Spaces<X86_64_4>;
// The descriptor of a page.
PhysAddr slot_of(S& s, unsigned space, std::uint64_t at) {
  return s.tested().units().table(space).tree().descend(at * S::page, 0).at;
}
TEST(LinkNodes, LeadFromADescriptorToItsMappingNode) {
  S s({.pages = 2});
  s.map(0, 1, 1, 5);
  const auto& units = s.tested().units();
  const std::uint32_t node = LinkNode<X86_64_4>::read(units.table(1).memory(), slot_of(s, 1, 5), 5 * S::page);
  EXPECT_EQ(units.va(node), 5 * S::page);
  EXPECT_EQ(units.db()[node].space, 1);
  EXPECT_EQ(units.va(units.db()[node].parent), S::page);
}

// Breaks something, shows that audit() says so, and mends it.
template <class Word>
void expect_noticed(S& s, Word& word, Word bad, std::string_view problem) {
  const Word good = word;
  word = bad;
  EXPECT_EQ(audit(s.tested()), problem);
  word = good;
  EXPECT_EQ(audit(s.tested()), "");
}
class AuditTest : public testing::Test {
 protected:
  AuditTest() {
    s.map(0, 3, 1, 5);
    s.map(1, 5, 2, 6);
    s.map(1, 5, 3, 6, 1, rw);
  }
  [[nodiscard]] std::uint64_t& link(unsigned space, std::uint64_t at) {
    return LinkNode<X86_64_4>::of(s.tested().units().table(space).memory(), slot_of(s, space, at));
  }
  [[nodiscard]] MappingNode& node(unsigned space, std::uint64_t at) {
    return s.tested().units().db()[s.tested().units().find(space, at * S::page)->node];
  }
  S s{{.pages = 512}};
};
TEST_F(AuditTest, NoticesALinkOfAnotherAddress) {
  expect_noticed(s, link(2, 6), link(1, 5), "a unit hangs where it does not belong");
  s.flush(0, 0, 512);
  s.place(0, 3, 1, 3);
  expect_noticed(s, link(0, 3), std::uint64_t{5}, "a leaf leads to no mapping node");
}
TEST_F(AuditTest, NoticesALinkToAnotherNode) {
  const std::uint64_t other = s.tested().units().find(3, 6 * S::page)->node;
  expect_noticed(s, link(2, 6), other ^ (6 * S::page), "a unit hangs where it does not belong");
}
TEST_F(AuditTest, NoticesALinkWhereThereIsNoLeaf) {
  expect_noticed(s, link(1, 9), std::uint64_t{1}, "a link is left where no leaf begins");
}
TEST_F(AuditTest, NoticesAreasThatNobodyCounted) {
  expect_noticed(s, s.tested().units().spaces()[2].areas, std::uint64_t{1}, "areas are counted wrong");
}
TEST_F(AuditTest, NoticesAWrongParent) {
  expect_noticed(s, node(2, 6).parent, 1U, "a list of derived units is broken");
}
TEST_F(AuditTest, NoticesAUnitThatIsInNoList) {
  MappingNode& first = node(3, 6);
  ASSERT_NE(first.next, 0U) << "the last that was mapped is the first of the list";
  expect_noticed(s, first.next, 0U, "a unit does not hang below its parent");
}
TEST_F(AuditTest, NoticesAListThatIsBrokenBackwards) {
  expect_noticed(s, node(2, 6).prev, 0U, "a list of derived units is broken");
}
TEST_F(AuditTest, NoticesRightsThatTheTableDoesNotKnow) {
  const MappingNode good = node(3, 6);
  node(3, 6).rights = all_rights;
  EXPECT_EQ(audit(s.tested()), "a leaf has other rights than its mapping node");
  node(3, 6) = good;
}
TEST_F(AuditTest, NoticesWrongCountsOfParts) {
  const auto& db = s.tested().units().db();
  expect_noticed(s, db.record(node(0, 3).derived).live, std::uint16_t{2},
                 "an array of parts is counted wrong");
}

} // namespace
} // namespace pagetwin::test
