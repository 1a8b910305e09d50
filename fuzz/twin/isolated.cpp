// See isolated.hpp.
#include "fuzz/twin/isolated.hpp"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pagetwin::twin {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_errors = std::size_t{1} << 20U;

[[noreturn]] void be_child(int errors, const std::function<void()>& body) {
  dup2(errors, STDERR_FILENO);
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere >= 0)
    dup2(nowhere, STDOUT_FILENO);
  body();
  _exit(0);
}

struct Heard {
  std::string errors;
  bool timed_out = false;
};

// Until the child closes its end, or the time is over.
Heard listen_until(int from, Clock::time_point deadline) {
  Heard heard;
  std::array<char, 4096> buffer{};
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd ready{from, POLLIN, 0};
    heard.timed_out = left <= 0 || poll(&ready, 1, static_cast<int>(left)) == 0;
    const ssize_t count = heard.timed_out ? 0 : read(from, buffer.data(), buffer.size());
    if (count <= 0)
      return heard;
    if (heard.errors.size() < most_errors)
      heard.errors.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

} // namespace

std::optional<ChildEnd> run_in_child(const std::function<void()>& body, std::chrono::milliseconds timeout) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return std::nullopt;
  const auto deadline = Clock::now() + timeout;
  const pid_t child = fork();
  if (child == 0)
    be_child(ends[1], body);
  close(ends[1]);
  Heard heard = child > 0 ? listen_until(ends[0], deadline) : Heard{};
  close(ends[0]);
  if (child < 0)
    return std::nullopt;
  if (heard.timed_out)
    kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  return ChildEnd{WIFEXITED(status) ? WEXITSTATUS(status) : 0,
                  WIFSIGNALED(status) && !heard.timed_out ? WTERMSIG(status) : 0, heard.timed_out,
                  std::move(heard.errors)};
}

std::optional<CrashSite> crash_of(const ChildEnd& end) {
  if (end.ended_well())
    return std::nullopt;
  if (end.timed_out)
    return CrashSite{"timeout", {}};
  if (auto site = parse_crash(end.errors))
    return site;
  return CrashSite{
      end.signal != 0 ? "signal " + std::to_string(end.signal) : "exit " + std::to_string(end.exit_code), {}};
}

} // namespace pagetwin::twin
