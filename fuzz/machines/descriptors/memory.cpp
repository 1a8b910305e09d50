#include "fuzz/machines/descriptors/memory.hpp"

#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

namespace pagetwin::fuzz {

namespace {

constexpr std::size_t host_page = 4096;

} // namespace

WalledMemory::WalledMemory(std::uint64_t base, std::size_t most_bytes)
    : base_(base), room_((most_bytes + host_page - 1) / host_page * host_page) {
  reserved_ = room_ + 2 * wall;
  void* memory = mmap(nullptr, reserved_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED
      || mprotect(static_cast<std::byte*>(memory) + wall, room_, PROT_READ | PROT_WRITE) != 0) {
    std::perror("pagetwin: cannot reserve a memory for tables");
    std::exit(2);
  }
  walls_ = static_cast<std::byte*>(memory);
  bytes_ = walls_ + wall + room_;
}

WalledMemory::~WalledMemory() {
  unpoison(walls_ + wall, room_);
  munmap(walls_, reserved_);
}

// The end of the nodes is the beginning of the upper wall; what they leave free below is poisoned.
void WalledMemory::restart(std::size_t bytes) {
  unpoison(walls_ + wall, room_);
  size_ = bytes;
  bytes_ = walls_ + wall + (room_ - bytes);
  std::memset(bytes_, 0, bytes);
  poison(walls_ + wall, room_ - bytes);
}

} // namespace pagetwin::fuzz
