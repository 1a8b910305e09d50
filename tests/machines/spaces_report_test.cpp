// What a report of the machine "spaces" tells who has to find the bug.
#include "fuzz/machines/spaces/make.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/machines/traces.hpp"

namespace pagetwin::fuzz {
namespace {

constexpr const auto& schema = spaces_schema<X86_64_4, Flexpages::yes>;

// Its model knows fewer addresses and other sizes than the table.
std::unique_ptr<reference::L4Model> model_of_another_format(const reference::Profile& /*profile*/) {
  return std::make_unique<reference::L4Units>(reference::tiny().profile());
}
std::unique_ptr<SpacesMachine>
machine(std::unique_ptr<reference::L4Model> (*model)(const reference::Profile&)) {
  return std::make_unique<SpacesMachine>(
      SpacesSides{&schema, make_spaces_subject<X86_64_4>, reference::x86_64_4, model},
      twin::MachineOptions{});
}

TEST(SpacesReport, ShowsEachSpaceInThreeViews) {
  const auto honest = machine(make_l4_model<reference::L4Units>);
  const twin::Program program =
      program_of("create s=2\n"
                 "place s=2 va=0x205000 size=4K window=0x7000 rights=r--\n"
                 "map s=0 va=0x200000 size=2M n=1 window=0x0 wsize=1G rights=rw-@0x200000\n"
                 "access s=1 va=0x205000 rights=-w-\n",
                 schema, "set spaces=4 memory=4M");
  honest->begin(program);
  for (const twin::Op& op : program.ops)
    ASSERT_FALSE(honest->step(op));
  EXPECT_EQ(honest->explain(0x205008),
            R"(space 0: model 0x200000 + 0x200000 -> 0x200000, Real, rights rwx, status ---
         ours  0x200000 + 0x200000 -> 0x200000, Real, rights rwx, status ---
         bytes 0x205008 -> 0x205008
space 1: model 0x200000 + 0x200000 -> 0x200000, derived from 0x200000 of space 0, rights rw-, status aw-
         ours  0x200000 + 0x200000 -> 0x200000, derived from 0x200000 of space 0, rights rw-, status aw-
         bytes 0x205008 -> 0x205008
space 2: model 0x205000 + 0x1000 -> 0x7000, an area, rights r--
         ours  0x205000 + 0x1000 -> 0x7000, an area, rights r--
         bytes 0x205008 -> 0x7008
)");
}

TEST(SpacesReport, ShowsWhatOnlyOneSideHas) {
  const auto lying = machine(model_of_another_format);
  ASSERT_TRUE(
      twin::run(*lying, program_of("map s=0 va=0x1000 size=4K n=1 window=0x40000000 wsize=4K rights=rwx\n",
                                   schema, "set spaces=2")));
  EXPECT_EQ(lying->explain(0x40000000), R"(space 0: nothing
space 1: model nothing
         ours  0x40000000 + 0x1000 -> 0x1000, derived from 0x1000 of space 0, rights rwx, status ---
         bytes 0x40000000 -> 0x1000
)");
}

TEST(SpacesReport, ShowsWhereATransferWentTo) {
  const auto lying = machine(model_of_another_format);
  ASSERT_TRUE(
      twin::run(*lying, program_of("map s=0 va=0x1000 size=4K n=1 window=0x40000000 wsize=4K rights=rwx\n",
                                   schema, "set spaces=2 memory=4K")));
  EXPECT_EQ(lying->explain(0x1000), R"(space 0: nothing
space 1: nothing
at 0x40000000, where the window begins
space 1: nothing
)");
}

TEST(SpacesReport, NamesBothStatuses) {
  const auto divergence =
      twin::run(*machine(model_of_another_format),
                program_of("unmap s=0 va=0x40000000 size=4K rights=rwx\n", schema, "set spaces=2"));
  ASSERT_TRUE(divergence);
  EXPECT_EQ(divergence->headline, "unmap answers ok, the reference out_of_range");
}

} // namespace
} // namespace pagetwin::fuzz
