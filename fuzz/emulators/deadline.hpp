// A limit for KVM_RUN, which only a signal can interrupt: when the time is over, a signal is pending for the
// thread that made this. It stays blocked: KVM_RUN ends for a signal that is pending and not in its own mask,
// `interruptible()`, and does not have it delivered, so that no handler is needed, nor any other thread
// disturbed. Rule: POSIX timers, Linux's SIGEV_THREAD_ID and KVM_SET_SIGNAL_MASK. It refuses to know what is
// waited for. One at a time for each thread.
#pragma once

#include <chrono>
#include <csignal>
#include <ctime>

namespace pagetwin::emulators {

class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds limit); // throws std::system_error
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  [[nodiscard]] bool is_over() const;
  [[nodiscard]] const sigset_t& interruptible() const { return interruptible_; }

 private:
  sigset_t before_{}, interruptible_{};
  timer_t timer_{};
};

} // namespace pagetwin::emulators
