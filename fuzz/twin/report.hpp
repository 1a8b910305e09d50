// What a person, and a script, is told about a divergence, in the order in which people ask: what, both
// answers, the trace, the walk, the signature, the files, the commands and the build; the sanitizer's stack
// comes below by itself. It refuses to run or to write files.
#pragma once

#include "fuzz/twin/run.hpp"
#include "fuzz/twin/target.hpp"

namespace pagetwin::twin {

struct Artifact {
  std::string label; // "input", "trace"
  std::string path;
  std::string target = {}; // that its own line names; "" of bytes, and where there is none
};

struct Report {
  std::string target;
  std::string replay = std::string(replay_command); // what runs the files again
  const Schema* schema = nullptr;
  Program program;                   // as small as it got
  std::vector<std::string> outcomes; // of this program
  Divergence divergence;             // likewise
  std::string explanation;           // of the address, after the divergence
  std::optional<std::size_t>
      last_touched; // the last operation before the diverging one that touched the address
  std::size_t original_ops = 0;
  std::vector<Artifact> files; // the last one is what the commands name
  std::string executable;      // that ran; "" leaves the command to debug out
  std::optional<std::uint64_t> seed;
};

// Runs the program once more and asks the machine everything; nothing when it does not diverge (then the
// machine is not deterministic, and the caller has to say so).
[[nodiscard]] std::optional<Report> make_report(Machine& machine, const Target& target,
                                                const Program& program,
                                                std::span<const std::string> expectations = {});
// From a recording that was just made: the machine must still be in the state after it.
[[nodiscard]] std::optional<Report> make_report(const Machine& machine, const Target& target,
                                                const Program& program, const Recording& recording);

// With its quotes.
[[nodiscard]] std::string json_string(std::string_view text);
[[nodiscard]] std::string render(const Report& report);
// One line:
// {"target":...,"oracle":...,"signature":...,"step":...,"ops":...,"original_ops":...,"address":...,"files":{...}}
[[nodiscard]] std::string render_json(const Report& report);

} // namespace pagetwin::twin
