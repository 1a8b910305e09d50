// The minimiser: reaches the shortest program, keeps the failure, and stops when told.
#include "fuzz/twin/codec.hpp"
#include "fuzz/twin/minimise.hpp"
#include "fuzz/twin/swarm.hpp"
#include "tests/twin/toy_machine.hpp"

#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>

namespace pagetwin::twin {
namespace {

using toy::op;
using toy::Plant;

TEST(Minimise, FindsTheShortestProgramWithThePlainestValues) {
  toy::ToyMachine machine(Plant::stale);
  const Program noisy = toy::noisy_stale_program();
  const auto divergence = run(machine, noisy);
  ASSERT_TRUE(divergence);
  EXPECT_EQ(divergence->step, 8U);
  const Reduction small = minimise(machine, noisy, divergence->signature());
  const Program shortest{{1, 0}, {op(toy::put, 0), op(toy::get, 0), op(toy::drop, 0), op(toy::get, 0)}};
  EXPECT_EQ(small.program, shortest);
  EXPECT_FALSE(small.exhausted);
}

TEST(Minimise, ReachesFourOperationsFromEverySwarmProgramThatDiverges) {
  toy::ToyMachine machine(Plant::stale);
  std::size_t diverged = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Program program = decode(swarm_program(toy::schema, seed), toy::schema);
    const auto divergence = run(machine, program);
    if (!divergence)
      continue;
    ++diverged;
    const Reduction small = minimise(machine, program, divergence->signature());
    const auto again = run(machine, small.program);
    EXPECT_EQ(small.program.ops.size(), 4U) << "seed " << seed;
    EXPECT_EQ(again ? again->signature() : "", divergence->signature());
  }
  EXPECT_GE(diverged, 10U);
}

TEST(Minimise, KeepsTheSignatureWhenAnotherFailureWouldBeShorter) {
  const auto fails = [](const Program& program) {
    return std::count(program.ops.begin(), program.ops.end(), op(toy::drop, 5)) >= 3;
  };
  const Program program{
      {1}, {op(toy::drop, 5), op(toy::nop), op(toy::drop, 5), op(toy::drop, 5), op(toy::get, 5)}};
  const Reduction small = reduce(program, toy::schema, fails);
  const Program expected{{1}, {op(toy::drop, 5), op(toy::drop, 5), op(toy::drop, 5)}};
  EXPECT_EQ(small.program, expected);
}

TEST(Minimise, RemovesOperationsThatOnlyGoTogether) {
  const auto fails = [](const Program& program) {
    const auto puts =
        std::count_if(program.ops.begin(), program.ops.end(), [](const Op& o) { return o.verb == toy::put; });
    const auto gets =
        std::count_if(program.ops.begin(), program.ops.end(), [](const Op& o) { return o.verb == toy::get; });
    return puts == gets;
  };
  const Program program{{1},
                        {op(toy::put), op(toy::put), op(toy::nop), op(toy::nop), op(toy::get), op(toy::get)}};
  EXPECT_EQ(reduce(program, toy::schema, fails).program, (Program{{1}, {}}));
}

TEST(Minimise, MovesSharedValuesTogether) {
  const auto fails = [](const Program& program) { // two keys of one 2 MiB region, above 4 KiB
    return program.ops.size() == 2 && program.ops[0].value[0] >> 21U == program.ops[1].value[0] >> 21U
           && program.ops[1].value[0] == program.ops[0].value[0] + 0x1000;
  };
  const Program program{{1}, {op(toy::get, 0x7FFF12340000), op(toy::get, 0x7FFF12341000)}};
  const Program expected{{1}, {op(toy::get, 0), op(toy::get, 0x1000)}};
  EXPECT_EQ(reduce(program, toy::schema, fails).program, expected);
}

TEST(Minimise, FindsOneOperationThatDoesWhatTwoPrepare) {
  const auto fails = [](const Program& program) {
    const auto has = [&program](const Op& o) {
      return std::find(program.ops.begin(), program.ops.end(), o) != program.ops.end();
    };
    return has(op(toy::drop, 7)) || (has(op(toy::put, 7)) && has(op(toy::get, 7)));
  };
  const Program expected{{1}, {op(toy::drop, 7)}};
  EXPECT_EQ(reduce({{1}, {op(toy::put, 7), op(toy::get, 7)}}, toy::schema, fails).program, expected);
}

// Five operations and fewer do not diverge: they crash.
class Fragile final : public toy::ToyMachine {
 public:
  using ToyMachine::ToyMachine;
  void begin(const Program& program) override {
    if (program.ops.size() < 6)
      std::abort();
    ToyMachine::begin(program);
  }
};

TEST(Minimise, GoesOnInChildrenWhenASmallerProgramCrashes) {
  Fragile machine(Plant::stale);
  const Program noisy = toy::noisy_stale_program();
  const auto divergence = run(machine, noisy);
  ASSERT_TRUE(divergence);
  const Reduction small = minimise(machine, noisy, divergence->signature(), 100);
  EXPECT_EQ(small.program.ops.size(), 6U);
  const auto again = run(machine, small.program);
  EXPECT_EQ(again ? again->signature() : "", divergence->signature());
}

TEST(Minimise, StopsAtTheLimitWithAProgramThatStillFails) {
  toy::ToyMachine machine(Plant::stale);
  const Reduction small = minimise(machine, toy::noisy_stale_program(), "T1 get: get found", 5);
  EXPECT_EQ(small.runs, 5U);
  EXPECT_TRUE(small.exhausted);
  EXPECT_EQ(run(machine, small.program).has_value(), true);
}

} // namespace
} // namespace pagetwin::twin
