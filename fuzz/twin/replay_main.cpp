// The program without an engine: replays, minimises and converts inputs of target(), and runs swarms. gcc
// builds it too.
#include "fuzz/twin/replay.hpp"

#include <cstdio>

int main(int argc, char** argv) {
  using namespace pagetwin::twin;
  const std::span<char* const> arguments(argv, static_cast<std::size_t>(argc));
  const std::string executable = arguments.empty() ? "replay" : arguments[0];
  auto options = parse_replay_options(arguments.empty() ? arguments : arguments.subspan(1));
  if (const auto* error = std::get_if<UsageError>(&options)) {
    std::fprintf(stderr, "%s: %s\nTry %s --help.\n", executable.c_str(), error->message.c_str(),
                 executable.c_str());
    return static_cast<int>(ExitStatus::bad_input);
  }
  return static_cast<int>(Replay(target(), std::get<ReplayOptions>(std::move(options)), executable).run());
}
