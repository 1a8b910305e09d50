// What the mapping database does to nodes that no operation names, and without a store to a table, is judged
// after the very operation: by subjects that do such things.
#include "fuzz/machines/spaces/changed_nodes.hpp"
#include "fuzz/machines/spaces/make.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/machines/traces.hpp"

namespace pagetwin::fuzz {
namespace {

using F = X86_64_4;

constexpr const auto& schema = spaces_schema<F, Flexpages::yes>;

std::vector<std::uint32_t> changed(ChangedNodes& nodes, std::span<const MappingNode> now) {
  std::vector<std::uint32_t> all;
  nodes.take(now, [&all](std::uint32_t number, const MappingNode&) { all.push_back(number); });
  return all;
}

TEST(ChangedNodes, AreThoseThatAreNewAndThoseThatDifferInAnyBit) {
  std::vector<MappingNode> now(200);
  ChangedNodes nodes;
  nodes.reset(std::span(now).first(100));
  EXPECT_TRUE(changed(nodes, std::span(now).first(100)).empty());
  now[3].prev = 1;
  now[64].note(Usage::executed);
  now[99].derived = DerivedUnits::array(0);
  EXPECT_EQ(changed(nodes, std::span(now).first(100)), (std::vector<std::uint32_t>{3, 64, 99}));
  EXPECT_TRUE(changed(nodes, std::span(now).first(100)).empty());
  now[100].space = 1;
  now[199].size = 1;
  EXPECT_EQ(changed(nodes, now), (std::vector<std::uint32_t>{100, 199}));
  nodes.reset({});
  EXPECT_EQ(changed(nodes, now), (std::vector<std::uint32_t>{3, 64, 99, 100, 199})) << "what was not zero";
}

// Beside each creation of a space it does something to a mapping node. 1 is sigma0's, 2 and 3 are what was
// mapped first, 4 is derived from 3.
template <auto Harm>
class Harmful final : public SpacesSubjectOf<F> {
 public:
  using SpacesSubjectOf<F>::SpacesSubjectOf;
  [[nodiscard]] Status create(unsigned space) override {
    const Status done = SpacesSubjectOf<F>::create(space);
    if (space == 3)
      Harm(mappings());
    return done;
  }
};
template <auto Harm>
twin::Verdict verdict() {
  SpacesMachine machine(
      {&schema,
       [](Watcher& w) -> std::unique_ptr<SpacesSubject> { return std::make_unique<Harmful<Harm>>(w); },
       reference::x86_64_4, make_l4_model<reference::L4Units>},
      {});
  return twin::run(machine, program_of("map s=0 va=0x5000 size=4K n=1 window=0x5000 wsize=4K rights=rwx\n"
                                       "map s=0 va=0x6000 size=4K n=1 window=0x6000 wsize=4K rights=rwx\n"
                                       "create s=2\n"
                                       "map s=1 va=0x6000 size=4K n=2 window=0x6000 wsize=4K rights=rwx\n"
                                       "create s=3\n"
                                       "lookup s=0 va=0x0\n",
                                       schema, "set spaces=4 memory=2M"));
}
// In the step that did it, not at the end.
void expect_found(const twin::Verdict& found, const char* headline) {
  ASSERT_TRUE(found);
  EXPECT_EQ(found->step, 4U);
  EXPECT_EQ(found->headline, headline);
}

TEST(SpacesChanges, NothingIsFoundWhereNothingIsHarmed) {
  EXPECT_FALSE(verdict<[](std::span<MappingNode>) {}>());
}
TEST(SpacesChanges, AStatusThatNobodyNotedIsFound) {
  expect_found(verdict<[](std::span<MappingNode> nodes) { nodes[3].note(Usage::executed); }>(),
               "the unit of 0x6000 in space 1 has another status");
}
TEST(SpacesChanges, AnotherParentIsFound) {
  expect_found(verdict<[](std::span<MappingNode> nodes) { nodes[4].parent = 2; }>(),
               "the unit of 0x6000 in space 2 has another parent");
}
TEST(SpacesChanges, AUnitThatItsParentForgotIsFound) {
  expect_found(verdict<[](std::span<MappingNode> nodes) { nodes[4].prev = 2; }>(),
               "the unit of 0x6000 in space 2 does not hang below its parent, where it covers it");
}
TEST(SpacesChanges, AListThatLeadsElsewhereIsFound) {
  expect_found(verdict<[](std::span<MappingNode> nodes) { nodes[4].next = 2; }>(),
               "the unit of 0x6000 in space 2 does not hang below its parent, where it covers it");
}
TEST(SpacesChanges, ANodeThatLeadsNowhereIsFound) {
  expect_found(verdict<[](std::span<MappingNode> nodes) { nodes[4].slot = ~0U; }>(),
               "after create a mapping node leads to no descriptor of a space");
  expect_found(verdict<[](std::span<MappingNode> nodes) { nodes[4].space = 7; }>(),
               "after create a mapping node leads to no descriptor of a space");
}

} // namespace
} // namespace pagetwin::fuzz
