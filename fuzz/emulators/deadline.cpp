#include "fuzz/emulators/deadline.hpp"

#include <cerrno>
#include <system_error>
#include <unistd.h>

namespace pagetwin::emulators {

namespace {

int the_signal() { return SIGRTMIN + 3; }

sigset_t only_the_signal() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, the_signal());
  return set;
}

// glibc 2.36 has no other name for the member that says which thread.
timer_t make_timer() {
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = the_signal();
  event._sigev_un._tid = gettid();
  timer_t timer{};
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
    throw std::system_error(errno, std::generic_category(), "timer_create");
  return timer;
}

} // namespace

Deadline::Deadline(std::chrono::milliseconds limit) : timer_(make_timer()) {
  const sigset_t ours = only_the_signal();
  pthread_sigmask(SIG_BLOCK, &ours, &before_);
  interruptible_ = before_;
  sigdelset(&interruptible_, the_signal());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit);
  const itimerspec once{{}, {seconds.count(), std::chrono::nanoseconds(limit - seconds).count()}};
  timer_settime(timer_, 0, &once, nullptr);
}

Deadline::~Deadline() {
  timer_delete(timer_);
  const sigset_t ours = only_the_signal(); // which may outlive its timer
  const timespec at_once{};
  while (sigtimedwait(&ours, nullptr, &at_once) > 0)
    continue;
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool Deadline::is_over() const {
  sigset_t pending;
  return sigpending(&pending) == 0 && sigismember(&pending, the_signal()) == 1;
}

} // namespace pagetwin::emulators
