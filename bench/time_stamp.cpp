#include "bench/time_stamp.hpp"

#include <chrono>
#include <cstdint>

namespace pagetwin::bench {
namespace {

std::uint64_t time_stamp() {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  return 0;
#endif
}

double measured_rate() {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const std::uint64_t first = time_stamp();
  auto now = start;
  while (now - start < std::chrono::milliseconds(20))
    now = Clock::now();
  const std::uint64_t last = time_stamp();
  return static_cast<double>(last - first) / std::chrono::duration<double, std::nano>(now - start).count();
}

} // namespace

double time_stamps_per_ns() {
  static const double rate = measured_rate();
  return rate;
}

} // namespace pagetwin::bench
