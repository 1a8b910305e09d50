// Programs of the swarm in the tests of machines: none of them diverges, operands lie in their domains, and
// every answer that is expected of a verb is met. It refuses to know any verb.
#pragma once

#include "fuzz/twin/codec.hpp"
#include "fuzz/twin/round_trip.hpp"
#include "fuzz/twin/run.hpp"
#include "fuzz/twin/swarm.hpp"

#include <gtest/gtest.h>
#include <map>
#include <set>

namespace pagetwin::fuzz {

// By verb: what is told of outcomes, which is all of them or the word they begin with, a status.
using Outcomes = std::map<std::string, std::set<std::string>>;
enum class Answer : std::uint8_t { whole, first_word };

[[nodiscard]] inline twin::Program swarm(const twin::Schema& schema, std::uint64_t seed) {
  return twin::decode(twin::swarm_program(schema, seed), schema);
}

inline void expect_operands_in_their_domains(const twin::Schema& schema) {
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    for (const twin::Op& op : swarm(schema, seed).ops)
      for (std::size_t field = 0; field < twin::max_fields; ++field)
        if (const twin::Domain& domain = schema.fields[field]; domain.used()) {
          EXPECT_EQ(twin::check_domain(domain, op.value[field]), std::nullopt);
        }
}

// Runs one program of the swarm, and adds what its operations answered.
inline void run_swarm_program(twin::Machine& machine, std::uint64_t seed, Answer told, Outcomes& met) {
  const twin::Schema& schema = machine.schema();
  const twin::Program program = swarm(schema, seed);
  ASSERT_EQ(program.ops.size(), twin::swarm_ops);
  machine.begin(program);
  for (const twin::Op& op : program.ops) {
    const Verdict v = machine.step(op);
    ASSERT_FALSE(v) << v->headline << " in swarm program " << seed;
    const std::string outcome = machine.outcome();
    ASSERT_TRUE(twin::is_outcome(outcome, schema)) << outcome;
    met[std::string(schema.verbs[op.verb].name)].insert(
        told == Answer::whole ? outcome : outcome.substr(0, outcome.find(' ')));
  }
  const Verdict end = machine.finish();
  ASSERT_FALSE(end) << end->headline << " at the end of swarm program " << seed;
}

// What no operation answered yet, or nothing.
[[nodiscard]] inline std::string missing(const Outcomes& met, const Outcomes& reachable) {
  for (const auto& [verb, outcomes] : reachable)
    for (const std::string& outcome : outcomes)
      if (!met.contains(verb) || !met.at(verb).contains(outcome))
        return std::string(verb).append(" never answers ").append(outcome);
  return {};
}

// At least so many programs, and more while an answer is missing, but no more than `most`.
inline void expect_swarm_meets(twin::Machine& machine, const Outcomes& reachable, Answer told,
                               std::uint64_t least, std::uint64_t most) {
  Outcomes met;
  std::uint64_t programs = 0;
  for (; programs < least || (programs < most && !missing(met, reachable).empty()); ++programs)
    ASSERT_NO_FATAL_FAILURE(run_swarm_program(machine, programs, told, met));
  EXPECT_EQ(missing(met, reachable), "") << "after " << programs << " programs";
}

} // namespace pagetwin::fuzz
