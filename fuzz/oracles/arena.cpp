#include "fuzz/oracles/arena.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

namespace pagetwin::fuzz {

Arena::Arena(std::uint64_t base, std::size_t node_bytes) : base_(base), node_bytes_(node_bytes) {
  void* memory =
      mmap(nullptr, size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("pagetwin: cannot reserve the arena");
    std::exit(2);
  }
  bytes_ = static_cast<std::byte*>(memory);
}

// Who poisoned bytes has left: shadow of gigabytes that were never used would be made only to be cleared.
Arena::~Arena() { munmap(bytes_, size()); }

void Arena::fill_data(std::span<const std::byte> junk) {
  for (std::size_t at = 0; at < data_bytes; at += junk.size())
    std::memcpy(bytes_ + node_bytes_ + at, junk.data(), std::min(junk.size(), data_bytes - at));
}

} // namespace pagetwin::fuzz
