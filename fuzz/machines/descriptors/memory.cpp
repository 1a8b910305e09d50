#include "fuzz/machines/descriptors/memory.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

namespace pagetwin::fuzz {

WalledMemory::WalledMemory(std::uint64_t base, std::size_t most_bytes)
    : base_(base), room_((most_bytes + page - 1) / page * page), reserved_(room_ + 2 * wall),
      noted_(std::make_unique<std::uint64_t[]>(room_ / page / 64 + 1)) {
  void* memory = mmap(nullptr, reserved_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED
      || mprotect(static_cast<std::byte*>(memory) + wall, room_, PROT_READ | PROT_WRITE) != 0) {
    std::perror("pagetwin: cannot reserve a memory for tables");
    std::exit(2);
  }
  walls_ = static_cast<std::byte*>(memory);
  bytes_ = walls_ + wall + room_;
  poison(walls_ + wall, room_);
}

WalledMemory::~WalledMemory() {
  unpoison(walls_ + wall, room_);
  munmap(walls_, reserved_);
}

void WalledMemory::restart(std::size_t bytes) {
  clear();
  resize(bytes);
}

void WalledMemory::clear() const {
  for_noted_pages(*this, [this](std::uint64_t pa, std::size_t bytes) {
    std::memset(bytes_ + (pa - base_), 0, bytes);
    noted_[(pa - base_) / page / 64] = 0;
  });
}

// The end of the nodes is the beginning of the upper wall; what they leave free below is poisoned.
void WalledMemory::resize(std::size_t bytes) {
  std::byte* const first = walls_ + wall + (room_ - bytes);
  if (first < bytes_)
    unpoison(first, static_cast<std::size_t>(bytes_ - first));
  else
    poison(bytes_, static_cast<std::size_t>(first - bytes_));
  bytes_ = first;
  size_ = bytes;
}

void WalledMemory::copy(std::uint64_t from, std::uint64_t to, std::size_t bytes) const {
  const std::size_t piece = std::min(page, bytes);
  for (std::size_t source = from - base_, sink = to - base_; source < from - base_ + bytes;
       source += piece, sink += piece)
    if (is_noted(source) || is_noted(sink)) {
      note(sink, piece);
      std::memmove(bytes_ + sink, bytes_ + source, piece);
    }
}

} // namespace pagetwin::fuzz
