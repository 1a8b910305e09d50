#include "fuzz/emulators/side_process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace pagetwin::emulators {

namespace {

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void keep_over_exec(int descriptor) { fcntl(descriptor, F_SETFD, 0); }

// In the child: only what POSIX allows there (signal-safety).
[[noreturn]] void become(char* const* arguments, std::span<const int> inherited, int errors, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) // it died before this process asked to be told
    _exit(127);
  setpgid(0, 0); // an interrupt from the terminal is for the parent, which ends this one in its own time
  for (const int descriptor : inherited)
    keep_over_exec(descriptor);
  dup2(errors, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  execv(arguments[0], arguments);
  _exit(127);
}

pid_t spawn(std::vector<std::string> arguments, std::span<const int> inherited, int errors) {
  std::vector<char*> raw;
  raw.reserve(arguments.size() + 1);
  for (std::string& argument : arguments)
    raw.push_back(argument.data());
  raw.push_back(nullptr);
  const pid_t parent = getpid(), process = fork();
  if (process == 0)
    become(raw.data(), inherited, errors, parent);
  if (process < 0)
    throw_errno("fork");
  return process;
}

// The end of what a file holds.
std::string tail(int file) {
  std::array<char, 600> text{};
  const off_t size = lseek(file, 0, SEEK_END);
  const off_t from = size > off_t{text.size()} ? size - off_t{text.size()} : 0;
  const ssize_t read = pread(file, text.data(), text.size(), from);
  return {text.data(), read > 0 ? static_cast<std::size_t>(read) : 0};
}

} // namespace

std::string find_program(std::string_view name) {
  const char* const path = std::getenv("PATH"); // NOLINT(concurrency-mt-unsafe)
  for (std::string_view rest = path == nullptr ? "" : path; !rest.empty();) {
    const auto colon = rest.find(':');
    const std::string file = std::string(rest.substr(0, colon)) + "/" + std::string(name);
    if (access(file.c_str(), X_OK) == 0)
      return file;
    rest = colon == std::string_view::npos ? "" : rest.substr(colon + 1);
  }
  return {};
}

SideProcess::Channel::Channel() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw_errno("socketpair");
  ours = ends[0];
  theirs = ends[1];
}

SideProcess::Channel::~Channel() {
  close(ours);
  close_theirs();
}

void SideProcess::Channel::close_theirs() {
  if (theirs >= 0)
    close(theirs);
  theirs = -1;
}

SideProcess::SideProcess(std::vector<std::string> arguments, std::span<const int> inherited, Channel& channel)
    : program_(arguments.front()), channel_(&channel), errors_(memfd_create("pagetwin-errors", MFD_CLOEXEC)) {
  std::vector<int> kept(inherited.begin(), inherited.end());
  kept.push_back(channel.theirs);
  process_ = spawn(std::move(arguments), kept, errors_);
  channel.close_theirs(); // so that its death is the end of the stream
}

SideProcess::~SideProcess() {
  kill(process_, SIGKILL);
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR)
    continue;
  close(errors_);
}

void SideProcess::send_byte() {
  const char byte = 'x';
  if (send(channel_->ours, &byte, 1, MSG_NOSIGNAL) != 1)
    fail("does not listen");
}

void SideProcess::expect_byte(std::chrono::milliseconds limit, const char* what) {
  pollfd wait{channel_->ours, POLLIN, 0};
  const auto deadline = std::chrono::steady_clock::now() + limit;
  int ready = 0;
  do {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    ready = poll(&wait, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  } while (ready < 0 && errno == EINTR);
  char byte = 0;
  if (ready != 1)
    fail("took more than " + std::to_string(limit.count()) + " ms before " + what);
  if (recv(channel_->ours, &byte, 1, 0) != 1)
    fail("died before " + std::string(what));
}

void SideProcess::fail(const std::string& what) {
  std::string said = tail(errors_);
  said.erase(said.find_last_not_of('\n') + 1);
  throw std::runtime_error(program_ + " " + what + (said.empty() ? ", and printed nothing" : ": " + said));
}

} // namespace pagetwin::emulators
