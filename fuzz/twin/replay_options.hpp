// The command line of a replay program. It refuses to do what it says.
#pragma once

#include "fuzz/twin/swarm.hpp"

#include <string>
#include <variant>

namespace pagetwin::twin {

enum class ReplayMode { replay, minimise, to_text, to_bytes, swarm, list_verbs, help };

struct ReplayOptions {
  ReplayMode mode = ReplayMode::replay;
  std::vector<std::string> files;
  std::string output = "-";
  bool output_given = false;
  bool quiet = false;
  bool stats = false;
  bool paranoid = false;
  std::uint64_t programs = 0; // of the swarm; 0: until the time is over
  std::uint64_t seed = 1;
  bool seed_given = false;
  std::uint64_t ops = swarm_ops;
  std::uint64_t seconds = 0; // 0: no limit
  std::uint64_t runs = 0;    // of the minimiser; 0: its default
  std::string save;
  std::string event_log; // empty: none is written
};

struct UsageError {
  std::string message;
};

[[nodiscard]] std::variant<ReplayOptions, UsageError> parse_replay_options(std::span<char* const> arguments);
[[nodiscard]] std::string replay_help(std::string_view executable);

} // namespace pagetwin::twin
