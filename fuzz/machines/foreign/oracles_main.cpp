// The program that asks the foreign MMUs about target()'s tables; scripts/oracles runs it for every target.
// It refuses to print for people what the script prints better.
#include "fuzz/machines/foreign/session.hpp"
#include "fuzz/twin/domains.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <sys/prctl.h>

namespace {

using pagetwin::fuzz::SessionOptions;

constexpr const char* usage =
    "Usage: %s [--probes N] [--seed S] [--oracle NAME]... [--save FOLDER] [--die-with-parent]\n"
    "       [TRACE|FOLDER]...\n\n"
    "Asks every foreign MMU that judges this target's format about the traces' tables, and about those of\n"
    "random programs until N probes were judged. Exit status: 0 they agree, 1 they do not, 2 it cannot "
    "run.\n";

// What is wrong, or nothing.
std::optional<std::string> take(SessionOptions& options, std::string_view name, std::string_view value) {
  if (name == "--oracle")
    options.oracles.emplace_back(value);
  else if (name == "--save")
    options.save = std::string(value) + "/";
  else if (name == "--probes" || name == "--seed") {
    const auto number = pagetwin::twin::parse_number(value);
    if (!number)
      return std::string(name) + ": expected a number, found '" + std::string(value) + "'";
    (name == "--seed" ? options.seed : options.probes) = *number;
  } else
    return "unknown option " + std::string(name);
  return std::nullopt;
}

std::optional<std::string> parse(std::span<char* const> words, SessionOptions& options) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (!word.starts_with("-")) {
      options.files.emplace_back(word);
      continue;
    }
    if (word == "--die-with-parent") { // however it dies: nothing is left behind of scripts/oracles
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      continue;
    }
    if (++i == words.size())
      return std::string(word) + ": expected a value after it";
    if (auto complaint = take(options, word, words[i]))
      return complaint;
  }
  return std::nullopt;
}

int complain(const std::string& program, const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", program.c_str(), what.c_str());
  return static_cast<int>(pagetwin::twin::ExitStatus::bad_input);
}

} // namespace

int main(int argc, char** argv) {
  const std::string program = argc > 0 ? argv[0] : "oracles";
  const std::span<char* const> words(argv + 1, static_cast<std::size_t>(std::max(argc - 1, 0)));
  if (words.size() == 1 && std::string_view(words[0]) == "--help") {
    std::printf(usage, program.c_str());
    return 0;
  }
  SessionOptions options;
  if (const auto complaint = parse(words, options))
    return complain(program, *complaint);
  try {
    pagetwin::fuzz::Session session(pagetwin::twin::target(), pagetwin::emulators::open_all(),
                                    std::move(options), program);
    return static_cast<int>(session.run());
  } catch (const std::exception& error) {
    return complain(program, error.what());
  }
}
