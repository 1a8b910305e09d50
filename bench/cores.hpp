// Two threads on different cores while they are measured: a scheduler puts who is woken beside who wakes it,
// and then they take turns instead of running together. Linux only, as the other clocks and calls of bench.
#pragma once

#include <pthread.h>
#include <sched.h>
#include <thread>

namespace pagetwin::bench {

// As long as it lives, this thread stays on the core where it is, and the other stays away from there. With
// one core nothing happens.
class Apart {
 public:
  explicit Apart(std::thread& other) : other_(other.native_handle()) {
    sched_getaffinity(0, sizeof usual_, &usual_);
    cpu_set_t here, elsewhere = usual_;
    CPU_ZERO(&here);
    const int core = sched_getcpu();
    CPU_SET(core, &here);
    CPU_CLR(core, &elsewhere);
    if (CPU_COUNT(&elsewhere) != 0)
      place(here, elsewhere);
  }
  ~Apart() { place(usual_, usual_); }
  Apart(const Apart&) = delete;
  Apart& operator=(const Apart&) = delete;

 private:
  void place(const cpu_set_t& mine, const cpu_set_t& others) {
    pthread_setaffinity_np(pthread_self(), sizeof mine, &mine);
    pthread_setaffinity_np(other_, sizeof others, &others);
  }

  pthread_t other_;
  cpu_set_t usual_;
};

} // namespace pagetwin::bench
