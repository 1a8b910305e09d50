// Text traces in tests: parsed against a machine's schema, run, and printed again when something diverges.
// It refuses to know any verb.
#pragma once

#include "fuzz/twin/run.hpp"
#include "fuzz/twin/text.hpp"

#include <gtest/gtest.h>

namespace pagetwin::fuzz {

// The lines of operations, after the header that every trace has.
[[nodiscard]] inline twin::Program program_of(std::string_view lines, const twin::Schema& schema,
                                              std::string_view header = "set nodes=64 spaces=2") {
  const std::string text =
      "pagetwin 1 " + std::string(schema.machine) + "\n" + std::string(header) + "\n" + std::string(lines);
  const twin::ParseResult result = twin::parse_text(text, schema, "test");
  if (const auto* error = std::get_if<twin::ParseError>(&result)) {
    ADD_FAILURE() << error->to_string();
    return {};
  }
  return std::get<twin::Trace>(result).program;
}

[[nodiscard]] inline std::string show(const twin::Program& program, const twin::Schema& schema) {
  std::string text = print_header(program, schema) + "\n";
  for (const twin::Op& op : program.ops)
    text += print_op(op, schema) + "\n";
  return text;
}

// No oracle has anything to say.
[[nodiscard]] inline testing::AssertionResult agrees(twin::Machine& machine, const twin::Program& program) {
  const auto divergence = twin::run(machine, program);
  if (!divergence)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << divergence->signature() << ": " << divergence->headline << "\n"
                                     << divergence->details << "\n"
                                     << show(program, machine.schema());
}

} // namespace pagetwin::fuzz
