// Runs something in a forked child, so that its crash can be looked at: for minimising what a sanitizer
// reports. POSIX only. It refuses to know what is run.
#pragma once

#include "fuzz/twin/crash_site.hpp"

#include <chrono>
#include <functional>

namespace pagetwin::twin {

struct ChildEnd {
  int exit_code = 0; // of a child that exited
  int signal = 0;    // that ended it; 0: it exited
  bool timed_out = false;
  std::string errors; // what it wrote to stderr, cut at 1 MiB

  [[nodiscard]] bool ended_well() const { return exit_code == 0 && signal == 0 && !timed_out; }
};

inline constexpr std::chrono::milliseconds default_child_timeout{10'000};

// Nothing when the system cannot fork.
[[nodiscard]] std::optional<ChildEnd> run_in_child(const std::function<void()>& body,
                                                   std::chrono::milliseconds timeout = default_child_timeout);

// Nothing when it ended well. A crash without a report is named by its signal, "timeout" or its exit code.
[[nodiscard]] std::optional<CrashSite> crash_of(const ChildEnd& end);

} // namespace pagetwin::twin
