// What a person asks of the foreign MMUs with one target: its traces, and random programs until every oracle
// that judges the format was asked often enough. It prints the reports of findings, and at the end for each
// oracle one line that scripts/oracles reads. It refuses to know which emulators there are.
#pragma once

#include "fuzz/machines/foreign/machine.hpp"
#include "fuzz/machines/foreign/persistent.hpp"
#include "fuzz/twin/replay.hpp"

#include <set>

namespace pagetwin::fuzz {

struct SessionOptions {
  std::uint64_t probes = 0;           // for each oracle, the traces' included; 0: traces only
  std::uint64_t seed = 1;             // of the first random program
  std::vector<std::string> oracles{}; // by name; none: all
  std::vector<std::string> files{};   // traces, or folders of them
  std::string save = "./";            // for traces of findings
};

class Session {
 public:
  Session(const twin::Target& target, std::vector<emulators::Opened> opened, SessionOptions options,
          std::string executable);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // An oracle that cannot go on ends it; what was asked by then is in the summary.
  [[nodiscard]] twin::ExitStatus run();
  // As printed: one line for each oracle that was asked, or would have been.
  [[nodiscard]] std::string summary() const;

 private:
  void take(emulators::Oracle oracle);
  [[nodiscard]] bool enough() const;
  [[nodiscard]] twin::ExitStatus ask();
  [[nodiscard]] twin::ExitStatus run_files();
  [[nodiscard]] twin::ExitStatus run_file(const std::string& path);
  [[nodiscard]] twin::ExitStatus run_generated();
  [[nodiscard]] twin::ExitStatus run_program(const twin::Program& program, const std::string& input);

  twin::Target target_;
  SessionOptions options_;
  std::string executable_, format_;
  std::vector<emulators::Oracle> oracles_;    // that judge the format
  std::vector<const Persistent*> persistent_; // the emulators of these
  std::vector<emulators::Absent> absent_;
  std::vector<Tally> tallies_, scratch_; // scratch: of programs that the minimiser runs
  std::unique_ptr<twin::Machine> machine_;
  std::set<std::string> reported_; // signatures
};

} // namespace pagetwin::fuzz
