// A finding is told as replay will tell it, which makes every check at every step.
#include "fuzz/twin/findings.hpp"
#include "fuzz/twin/run.hpp"
#include "tests/twin/toy_machine.hpp"

#include <gtest/gtest.h>

namespace pagetwin::twin::toy {
namespace {

// Fuzzing notices a high key at the end, and a thorough machine what its plant shows.
template <Plant Thorough>
[[nodiscard]] std::unique_ptr<Machine> make_turns(const MachineOptions& options) {
  return std::make_unique<ToyMachine>(options.thorough ? Thorough : Plant::at_end);
}

Program stale_and_high() {
  Program program = noisy_stale_program();
  program.ops.push_back(op(put, 0x10000, 1));
  return program;
}

template <Plant Thorough>
std::string report_of(const Program& program) {
  const Target target{.name = "toy_store", .schema = &schema, .make = make_turns<Thorough>};
  const auto machine = target.make({});
  const auto divergence = run(*machine, program);
  EXPECT_TRUE(divergence && divergence->oracle == "T2 contents");
  return report_finding(*machine, target, program, *divergence,
                        {.directory = testing::TempDir(), .input = {}, .executable = {}, .seed = {}});
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(Findings, AreNamedByWhatAThoroughRunNotices) {
  const std::string report = report_of<Plant::stale>(stale_and_high());
  EXPECT_TRUE(has(report, "signature T1 get: get found")) << report;
  EXPECT_TRUE(has(report, "trace (4 of 12 operations")) << report;
}

TEST(Findings, KeepTheirNameWhereAThoroughRunNoticesNothing) {
  const std::string report = report_of<Plant::none>(stale_and_high());
  EXPECT_TRUE(has(report, "signature T2 contents: put key")) << report;
  EXPECT_TRUE(has(report, "trace (1 of 12 operations")) << report;
}

} // namespace
} // namespace pagetwin::twin::toy
