// Invalidations on their way to the CPUs: posted in batches, executed and acknowledged by each CPU when it
// takes the interrupt. Knows no TLB: what a CPU executes is handed to it. A batch that overflows becomes
// "everything", as more invalidations cost more than what they spare.
#pragma once

#include "src/table/memory.hpp"

#include <array>
#include <bit>

namespace pagetwin {

inline constexpr unsigned max_cpus = 8;

// A set of CPUs, bit i for CPU i.
using CpuSet = std::uint32_t;
[[nodiscard]] constexpr CpuSet only(unsigned cpu) { return CpuSet{1} << cpu; }
template <class Visit>
void for_each_cpu(CpuSet set, Visit&& visit) {
  for (; set != 0; set &= set - 1)
    visit(static_cast<unsigned>(std::countr_zero(set)));
}

class Shootdown {
 public:
  static constexpr unsigned batch = 4;

  void post(CpuSet to, const Invalidation& i) {
    for_each_cpu(to, [&](unsigned cpu) { add(queues_[cpu], i); });
    waiting_ |= to;
  }
  void post_everything(CpuSet to) {
    for_each_cpu(to, [&](unsigned cpu) { queues_[cpu].everything = true; });
    waiting_ |= to;
  }
  // CPUs that have not acknowledged what was posted to them.
  [[nodiscard]] CpuSet waiting() const { return waiting_; }

  // On the CPU: one(const Invalidation&) for each that it owes, in their order, or all() for everything; then
  // it has acknowledged.
  template <class One, class All>
  void serve(unsigned cpu, One&& one, All&& all) {
    Queue& queue = queues_[cpu];
    if (queue.everything)
      all();
    for (unsigned i = 0; i < queue.count && !queue.everything; ++i)
      one(queue.owed[i]);
    queue.count = 0;
    queue.everything = false;
    waiting_ &= ~only(cpu);
  }

 private:
  struct Queue {
    std::array<Invalidation, batch> owed{};
    unsigned count = 0;
    bool everything = false;
  };
  static void add(Queue& queue, const Invalidation& i) {
    if (queue.count == batch)
      queue.everything = true;
    else
      queue.owed[queue.count++] = i;
  }

  std::array<Queue, max_cpus> queues_{};
  CpuSet waiting_ = 0;
};

} // namespace pagetwin
