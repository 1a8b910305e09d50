// Real memory for tables: the only real memory that a benchmark uses, since frames are mere numbers. A
// table's memory is named by simulated addresses above 4 GiB, as on a large machine. Huge host pages are
// asked for (MADV_HUGEPAGE), because a kernel's direct map has them, and because the host's own page walks
// would otherwise be a part of every figure. Subject and probe get arenas of the same size and kind.
#pragma once

#include "src/table/memory.hpp"

#include <cstdlib>
#include <span>
#include <sys/mman.h>

namespace pagetwin::bench {

class Arena {
 public:
  static constexpr PhysAddr base{0x2'4000'0000}, base_of_32_bits{0xC000'0000};
  static constexpr unsigned node_shift = 12; // of most formats

  explicit Arena(std::uint64_t nodes, unsigned shift = node_shift)
      : bytes_(align_down((nodes << shift) + huge - 1, 21) + huge), mapped_(map_memory(bytes_)),
        nodes_(nodes), shift_(shift) {
    // The first touch of a page costs a fault, which is none of the table's business.
    std::memset(host(), 0, nodes << shift);
  }
  ~Arena() { munmap(mapped_, bytes_); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  [[nodiscard]] std::span<std::byte> memory() const { return {host(), nodes_ << shift_}; }
  [[nodiscard]] std::byte* host() const {
    auto* start = static_cast<std::byte*>(mapped_);
    const auto past = reinterpret_cast<std::uintptr_t>(start) & (huge - 1);
    return past == 0 ? start : start + (huge - past);
  }
  [[nodiscard]] std::uint64_t nodes() const { return nodes_; }

 private:
  static constexpr std::uint64_t huge = 2U << 20;

  [[nodiscard]] static void* map_memory(std::uint64_t bytes) {
    void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
      std::abort();
    (void)madvise(at, bytes, MADV_HUGEPAGE);
    return at;
  }

  std::uint64_t bytes_;
  void* mapped_;
  std::uint64_t nodes_;
  unsigned shift_;
};

} // namespace pagetwin::bench
