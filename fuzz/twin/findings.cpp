// See findings.hpp.
#include "fuzz/twin/findings.hpp"

#include "fuzz/twin/files.hpp"
#include "fuzz/twin/text.hpp"

namespace pagetwin::twin {
namespace {

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return hash;
}

std::string hex16(std::uint64_t value) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (unsigned shift = 64; shift > 0; shift -= 4)
    text += digits[(value >> (shift - 4)) & 0xFU];
  return text;
}

} // namespace

std::string trace_text(const Target& target, const Program& program, const std::string& signature) {
  Trace trace;
  trace.program = program;
  trace.target = target.name;
  return "# " + signature + "\n" + print_text(trace, *target.schema);
}

std::string trace_name(const Target& target, const Program& program, const std::string& signature) {
  return "trace-" + hex16(fnv1a(trace_text(target, program, signature))) + ".ops";
}

std::string report_finding(Machine& machine, const Target& target, const Program& program,
                           const Divergence& divergence, const FindingOptions& options) {
  // While fuzzing, checks may take turns by the step, and operations would be kept that only move it. Replay
  // makes every check at every step: what it will name, perhaps another oracle's verdict, is what is kept.
  const auto thorough = target.make({.thorough = true});
  const auto again = run(*thorough, program);
  const std::string signature = (again ? *again : divergence).signature();
  Machine& judge = again ? *thorough : machine;
  const Reduction small = minimise(judge, program, signature, options.max_runs);
  auto report = make_report(judge, target, small.program);
  if (!report)
    return "pagetwin: " + std::string(target.name) + ": " + divergence.oracle + ": " + divergence.headline
           + "\npagetwin: signature " + signature
           + "\nThe same program did not diverge when it ran again: the machine keeps something between "
             "runs.\n";
  report->original_ops = program.ops.size();
  report->executable = options.executable;
  report->seed = options.seed;
  if (!options.input.empty())
    report->files.push_back({"input", options.input});
  const std::string path = options.directory + trace_name(target, small.program, signature);
  const auto error = write_file(path, trace_text(target, small.program, signature));
  if (!error)
    report->files.push_back({"trace", path, std::string(target.name)});
  const char* const note =
      small.exhausted ? "The limit of runs or of time ended the minimisation; scripts/minimize goes on.\n"
                      : "";
  return render(*report) + note + (error ? error->message + "\n" : "") + "pagetwin: json "
         + render_json(*report);
}

} // namespace pagetwin::twin
