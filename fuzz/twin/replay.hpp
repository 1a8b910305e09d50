// What a replay program does with its options: run files or swarms (replay.cpp), convert and minimise
// (replay_convert.cpp). It refuses to know the target.
#pragma once

#include "fuzz/twin/findings.hpp"
#include "fuzz/twin/isolated.hpp"
#include "fuzz/twin/replay_options.hpp"
#include "fuzz/twin/stats.hpp"
#include "fuzz/twin/text.hpp"

namespace pagetwin::twin {

enum class ExitStatus { ok = 0, diverged = 1, bad_input = 2 };

class Replay {
 public:
  Replay(const Target& target, ReplayOptions options, std::string executable);

  // Prints to standard output; messages about bad input, and reports when the output is a trace, to standard
  // error.
  [[nodiscard]] ExitStatus run();

 private:
  struct Loaded {
    std::string content;
    Trace trace;
  };
  [[nodiscard]] std::variant<Loaded, std::string> load(const std::string& path) const; // or what is wrong

  [[nodiscard]] ExitStatus run_paths();
  [[nodiscard]] ExitStatus run_file(const std::string& path);
  [[nodiscard]] ExitStatus write_event_log() const;
  [[nodiscard]] Recording run_trace(const Loaded& loaded);
  [[nodiscard]] Verdict check_bytes(std::span<const std::uint8_t> bytes) const;
  void print_divergence(const Loaded& loaded, const std::string& path, const Recording& recording) const;

  [[nodiscard]] ExitStatus run_swarm();
  [[nodiscard]] Verdict run_swarm_program(const Bytes& bytes, const Program& program);
  [[nodiscard]] ExitStatus swarm_diverged(const Program& program, const Divergence& divergence,
                                          std::uint64_t seed);

  [[nodiscard]] ExitStatus run_converter();
  [[nodiscard]] ExitStatus convert(const Trace& trace) const;
  [[nodiscard]] ExitStatus minimise_file(const Trace& trace);
  [[nodiscard]] ExitStatus write_minimised(const Trace& trace, const Reduction& small,
                                           const std::string& signature) const;
  [[nodiscard]] std::optional<CrashSite> crash_of_program(const Program& program);
  [[nodiscard]] std::size_t max_runs(std::size_t standard) const;
  [[nodiscard]] ExitStatus list_verbs() const;

  Target target_;
  ReplayOptions options_;
  std::string executable_;
  std::unique_ptr<Machine> machine_;
  Stats stats_;
};

} // namespace pagetwin::twin
