// The swarm: deterministic, made of whole records, different in kind from program to program.
#include "fuzz/twin/run.hpp"
#include "fuzz/twin/swarm.hpp"
#include "tests/twin/toy_machine.hpp"

#include <gtest/gtest.h>
#include <set>

namespace pagetwin::twin {
namespace {

TEST(Swarm, TheSameSeedMakesTheSameBytes) {
  EXPECT_EQ(swarm_program(toy::schema, 7), swarm_program(toy::schema, 7));
  EXPECT_NE(swarm_program(toy::schema, 7), swarm_program(toy::schema, 8));
}

TEST(Swarm, ProgramsHaveAsManyOperationsAsAskedAndNoLiterals) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    EXPECT_EQ(swarm_program(toy::schema, seed).size(), record_bytes * 257);
    EXPECT_EQ(decode(swarm_program(toy::schema, seed, 33), toy::schema).ops.size(), 33U);
  }
}

TEST(Swarm, EachProgramLeavesOutVerbsAndTogetherTheyHaveAll) {
  std::set<std::set<std::uint8_t>> kinds;
  std::set<std::uint8_t> all;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    std::set<std::uint8_t> verbs;
    for (const Op& op : decode(swarm_program(toy::schema, seed), toy::schema).ops)
      verbs.insert(op.verb);
    kinds.insert(verbs);
    all.insert(verbs.begin(), verbs.end());
  }
  EXPECT_EQ(all.size(), toy::verbs.size());
  EXPECT_GE(kinds.size(), 15U);
}

TEST(Swarm, FindsThePlantedBugFromManySeeds) {
  toy::ToyMachine machine(toy::Plant::stale);
  std::size_t found = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed)
    found += run(machine, decode(swarm_program(toy::schema, seed), toy::schema)) ? 1 : 0;
  EXPECT_GE(found, 30U) << "44 of 400 when this was written";
}

} // namespace
} // namespace pagetwin::twin
