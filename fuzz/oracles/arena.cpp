#include "fuzz/oracles/arena.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

namespace pagetwin::fuzz {

Arena::Arena(std::size_t node_bytes) : node_bytes_(node_bytes) {
  void* memory =
      mmap(nullptr, size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("pagetwin: cannot reserve the arena");
    std::exit(2);
  }
  bytes_ = static_cast<std::byte*>(memory);
}

Arena::~Arena() {
  unpoison(bytes_, size());
  munmap(bytes_, size());
}

void Arena::fill_data(std::span<const std::uint64_t> junk) {
  for (std::size_t at = 0; at < data_bytes; at += sizeof(std::uint64_t))
    std::memcpy(bytes_ + node_bytes_ + at, &junk[at / sizeof(std::uint64_t) % junk.size()],
                sizeof(std::uint64_t));
}

} // namespace pagetwin::fuzz
