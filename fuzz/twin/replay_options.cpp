// See replay_options.hpp. One table of options; the help is written by hand because people read it.
#include "fuzz/twin/replay_options.hpp"

#include "fuzz/twin/domains.hpp"

#include <algorithm>

namespace pagetwin::twin {
namespace {

struct Option {
  std::string_view name;
  std::string_view value; // what is wanted after it; empty: nothing
  // Returns what is wrong with the value.
  std::optional<std::string> (*take)(ReplayOptions&, std::string_view);
};

using Complaint = std::optional<std::string>;

template <ReplayMode Mode>
Complaint take_mode(ReplayOptions& options, std::string_view /*value*/) {
  if (options.mode != ReplayMode::replay && options.mode != Mode)
    return "only one of --minimize, --to-text, --to-bytes, --swarm, --list-verbs";
  options.mode = Mode;
  return std::nullopt;
}

template <bool ReplayOptions::* Member>
Complaint take_flag(ReplayOptions& options, std::string_view /*value*/) {
  options.*Member = true;
  return std::nullopt;
}

template <std::uint64_t ReplayOptions::* Member>
Complaint take_number(ReplayOptions& options, std::string_view value) {
  const auto number = parse_number(value);
  if (!number)
    return std::string(expects_number);
  options.*Member = *number;
  return std::nullopt;
}

Complaint take_swarm(ReplayOptions& options, std::string_view value) {
  if (auto complaint = take_mode<ReplayMode::swarm>(options, value))
    return complaint;
  return take_number<&ReplayOptions::programs>(options, value);
}

Complaint take_seed(ReplayOptions& options, std::string_view value) {
  options.seed_given = true;
  return take_number<&ReplayOptions::seed>(options, value);
}

Complaint take_time(ReplayOptions& options, std::string_view value) {
  value.remove_suffix(value.ends_with('s') ? 1 : 0);
  return take_number<&ReplayOptions::seconds>(options, value);
}

Complaint take_output(ReplayOptions& options, std::string_view value) {
  options.output = value;
  options.output_given = true;
  return std::nullopt;
}

Complaint take_save(ReplayOptions& options, std::string_view value) {
  options.save = value;
  return std::nullopt;
}

Complaint take_event_log(ReplayOptions& options, std::string_view value) {
  options.event_log = value;
  return std::nullopt;
}

constexpr std::array<Option, 17> all_options{{
    {"--quiet", "", take_flag<&ReplayOptions::quiet>},
    {"--stats", "", take_flag<&ReplayOptions::stats>},
    {"--paranoid", "", take_flag<&ReplayOptions::paranoid>},
    {"--minimize", "", take_mode<ReplayMode::minimise>},
    {"--minimise", "", take_mode<ReplayMode::minimise>},
    {"--to-text", "", take_mode<ReplayMode::to_text>},
    {"--to-bytes", "", take_mode<ReplayMode::to_bytes>},
    {"--list-verbs", "", take_mode<ReplayMode::list_verbs>},
    {"--swarm", "a number of programs", take_swarm},
    {"--seed", "a number", take_seed},
    {"--ops", "a number of operations", take_number<&ReplayOptions::ops>},
    {"--time", "a number of seconds", take_time},
    {"--runs", "a number of runs", take_number<&ReplayOptions::runs>},
    {"--save", "a directory", take_save},
    {"--event-log", "a file", take_event_log},
    {"-o", "a file", take_output},
    {"--output", "a file", take_output},
}};

// What a report prints as its seed, and a time alone, mean a swarm too.
void choose_swarm(ReplayOptions& options) {
  if (options.mode != ReplayMode::replay || !options.files.empty()
      || !(options.seed_given || options.seconds != 0))
    return;
  options.mode = ReplayMode::swarm;
  options.programs = options.seconds == 0 ? 1 : 0;
}

Complaint check(const ReplayOptions& options) {
  const bool takes_files = options.mode != ReplayMode::swarm && options.mode != ReplayMode::list_verbs;
  const bool writes_one = options.mode == ReplayMode::minimise || options.mode == ReplayMode::to_text
                          || options.mode == ReplayMode::to_bytes;
  if (takes_files && options.files.empty())
    return "expected a file or a directory";
  if (!takes_files && !options.files.empty())
    return "expected no file, found " + options.files.front();
  if (writes_one && options.files.size() != 1)
    return "expected one file, found " + std::to_string(options.files.size());
  if (!writes_one && options.output_given)
    return "-o needs one of --minimize, --to-text, --to-bytes";
  if (!options.event_log.empty() && (options.mode != ReplayMode::replay || options.files.size() != 1))
    return "--event-log needs one file to replay";
  if (options.mode == ReplayMode::swarm && options.programs == 0 && options.seconds == 0)
    return "--swarm 0 needs --time";
  return std::nullopt;
}

} // namespace

std::variant<ReplayOptions, UsageError> parse_replay_options(std::span<char* const> arguments) {
  ReplayOptions options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    if (word == "--help" || word == "-h") {
      options.mode = ReplayMode::help;
      return options;
    }
    const auto* const option = std::find_if(all_options.begin(), all_options.end(),
                                            [word](const Option& o) { return o.name == word; });
    if (option == all_options.end()) {
      if (word.starts_with("-") && word != "-")
        return UsageError{"unknown option " + std::string(word)};
      options.files.emplace_back(word);
      continue;
    }
    if (!option->value.empty() && ++i == arguments.size())
      return UsageError{std::string(word) + ": expected " + std::string(option->value) + ", found nothing"};
    if (const auto complaint =
            option->take(options, option->value.empty() ? std::string_view{} : arguments[i]))
      return UsageError{std::string(word) + ": expected " + *complaint + ", found '" + arguments[i] + "'"};
  }
  choose_swarm(options);
  if (const auto complaint = check(options))
    return UsageError{*complaint};
  return options;
}

std::string replay_help(std::string_view executable) {
  return "Usage: " + std::string(executable) + R"( [options] FILE|DIRECTORY...

Runs text traces (*.ops) and fuzzer inputs (anything else) and prints every operation with its outcome.
Directories are searched for files.

  --quiet            one line per file
  --stats            how often each verb had each outcome
  --paranoid         compare everything after every operation
  --event-log FILE   write what the trace did to memory, as casemate reads it (docs/traces.md); one trace only

  --minimize FILE    write the shortest program that fails in the same way, as text; exit 2 when it does not fail
  --to-text FILE     write it as text
  --to-bytes FILE    write it as bytes that mutate well
  -o, --output FILE  where to (default: standard output)
  --runs N           how many programs the minimiser may try

  --swarm N          run N random programs (0: until --time is over); ends at the first divergence
  --seed S           of the first one (default 1); program i has seed S + i; alone: that one program
  --ops K            operations in each (default 256)
  --time SECONDS     stop after that; alone: random programs until then
  --save DIRECTORY   keep the bytes of every program, and the trace of a divergence

  --list-verbs       the operations and their fields
  --help             this text

Exit status: 0 nothing diverged, 1 something did, 2 a file or an option is not as expected.
)";
}

} // namespace pagetwin::twin
