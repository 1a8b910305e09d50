#include "fuzz/emulators/host_memory.hpp"

#include <cerrno>
#include <sys/mman.h>
#include <system_error>

namespace pagetwin::emulators {

HostMemory::HostMemory(std::size_t bytes) {
  void* memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    throw std::system_error(errno, std::generic_category(), "memory for an emulator");
  bytes_ = {static_cast<std::byte*>(memory), bytes};
}

HostMemory::~HostMemory() { munmap(bytes_.data(), bytes_.size()); }

} // namespace pagetwin::emulators
