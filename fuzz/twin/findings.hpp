// From a diverging program to what people get: minimised, written as a text trace beside the input, reported.
// Shared by the fuzzing and the replaying program. It refuses to decide whether the process goes on.
#pragma once

#include "fuzz/twin/minimise.hpp"
#include "fuzz/twin/report.hpp"

namespace pagetwin::twin {

struct FindingOptions {
  std::string
      directory;     // for the trace, with its final slash or file name prefix; "" is the working directory
  std::string input; // the file that the program came from, when there is one
  std::string executable; // that replays it, for the report
  std::optional<std::uint64_t> seed;
  std::size_t max_runs = default_minimise_runs;
};

// Minimises within max_runs, writes the trace, and renders the report that names it. The divergence is the
// program's.
[[nodiscard]] std::string report_finding(Machine& machine, const Target& target, const Program& program,
                                         const Divergence& divergence, const FindingOptions& options);

// "trace-<hash of target, signature and program>.ops": the same finding has the same name.
[[nodiscard]] std::string trace_name(const Target& target, const Program& program,
                                     const std::string& signature);

// The minimised text with a comment that says what it is.
[[nodiscard]] std::string trace_text(const Target& target, const Program& program,
                                     const std::string& signature);

} // namespace pagetwin::twin
