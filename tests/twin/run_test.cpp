// Running: steps are numbered by the engine, outcomes recorded, expectations judged.
#include "fuzz/twin/run.hpp"
#include "fuzz/twin/stats.hpp"
#include "tests/twin/toy_machine.hpp"

#include <gtest/gtest.h>

namespace pagetwin::twin {
namespace {

using toy::op;
using toy::Plant;

TEST(Run, AgreesWhenNothingIsPlanted) {
  toy::ToyMachine machine;
  EXPECT_FALSE(run(machine, toy::noisy_stale_program()));
}

TEST(Run, ADivergenceKnowsItsStep) {
  toy::ToyMachine machine(Plant::stale);
  const auto divergence = run(machine, toy::noisy_stale_program());
  ASSERT_TRUE(divergence);
  EXPECT_EQ(divergence->step, 8U);
  EXPECT_EQ(divergence->address, 0x7000U);
  EXPECT_EQ(divergence->signature(), "T1 get: get found");
}

TEST(Run, ADivergenceAtTheEndIsBehindTheLastStep) {
  toy::ToyMachine machine(Plant::at_end);
  const auto divergence = run(machine, {{4}, {op(toy::put, 0x10000), op(toy::nop)}});
  ASSERT_TRUE(divergence);
  EXPECT_EQ(divergence->step, 2U);
  EXPECT_EQ(divergence->oracle, "T2 contents");
}

TEST(Run, RecordsEveryOutcomeUpToTheDivergence) {
  toy::ToyMachine machine(Plant::stale);
  const Recording recording = run_recorded(machine, toy::noisy_stale_program());
  const std::vector<std::string> expected{"ok", "ok", "ok", "ok found", "ok found",
                                          "ok", "ok", "ok", "ok found"};
  EXPECT_EQ(recording.outcomes, expected);
  EXPECT_TRUE(recording.divergence);
}

TEST(Run, AnOutcomeThatIsNotExpectedIsADivergence) {
  toy::ToyMachine machine;
  const Program program{{1}, {op(toy::put, 1), op(toy::put, 2), op(toy::get, 2)}};
  const std::vector<std::string> right{"ok", "full"};
  EXPECT_FALSE(run_recorded(machine, program, right).divergence);
  const std::vector<std::string> wrong{"", "ok"};
  const Recording recording = run_recorded(machine, program, wrong);
  ASSERT_TRUE(recording.divergence);
  EXPECT_EQ(recording.divergence->signature(), "expectation: put");
  EXPECT_EQ(recording.divergence->headline, "put answered \"full\", the trace expects \"ok\"");
  EXPECT_EQ(recording.divergence->step, 1U);
}

TEST(Stats, CountEachVerbAndStatus) {
  toy::ToyMachine machine;
  const Program program{
      {1}, {op(toy::put, 1), op(toy::put, 2), op(toy::put, 3), op(toy::get, 1), op(toy::get, 2)}};
  Stats stats;
  stats.add(program, run_recorded(machine, program));
  EXPECT_EQ(stats.render(toy::schema), "           2  put full\n           1  put ok\n"
                                       "           1  get missing\n           1  get ok\n"
                                       "           0  drop\n           0  size\n           0  nop\n");
}

} // namespace
} // namespace pagetwin::twin
