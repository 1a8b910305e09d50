// A limit of time as a pending signal: that it comes, to nobody else, and leaves nothing behind. That it
// interrupts is for kvm_processor_test.cpp to show.
#include "fuzz/emulators/deadline.hpp"

#include <gtest/gtest.h>
#include <thread>

namespace pagetwin::emulators {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds long_time{20'000}, patience{20'000};

bool is_over_in_time(const Deadline& deadline) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!deadline.is_over() && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(milliseconds(1));
  return deadline.is_over();
}

sigset_t mask() {
  sigset_t now;
  pthread_sigmask(SIG_SETMASK, nullptr, &now);
  return now;
}

int blocked(const sigset_t& set) {
  int count = 0;
  for (int signal = 1; signal <= SIGRTMAX; ++signal)
    count += sigismember(&set, signal) == 1 ? 1 : 0;
  return count;
}

TEST(DeadlineTest, IsOverAfterItsTimeAndNotBefore) {
  const auto begin = std::chrono::steady_clock::now();
  const Deadline deadline(milliseconds(1'050));
  EXPECT_FALSE(deadline.is_over());
  EXPECT_TRUE(is_over_in_time(deadline));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(1'050));
  EXPECT_TRUE(deadline.is_over()); // and stays so
}

TEST(DeadlineTest, IsForItsOwnThread) {
  const Deadline deadline(long_time);
  std::thread([] { EXPECT_TRUE(is_over_in_time(Deadline(milliseconds(1)))); }).join();
  EXPECT_FALSE(deadline.is_over());
}

TEST(DeadlineTest, BlocksOneSignalThatOnlyItsOwnMaskLetsThrough) {
  const int before = blocked(mask());
  const Deadline deadline(long_time);
  EXPECT_EQ(blocked(mask()), before + 1);
  EXPECT_EQ(blocked(deadline.interruptible()), before);
}

// Else the next wait would end at once, or the process.
TEST(DeadlineTest, LeavesNoSignalAndNoMaskBehind) {
  const int before = blocked(mask());
  EXPECT_TRUE(is_over_in_time(Deadline(milliseconds(1))));
  EXPECT_EQ(blocked(mask()), before);
  EXPECT_FALSE(Deadline(long_time).is_over());
}

} // namespace
} // namespace pagetwin::emulators
