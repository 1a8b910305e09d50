#include "fuzz/emulators/guest_memory.hpp"

#include <cerrno>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

namespace pagetwin::emulators {

namespace {

int make_file(std::size_t bytes) {
  const int file = memfd_create("pagetwin-guest", MFD_CLOEXEC);
  if (file < 0 || ftruncate(file, static_cast<off_t>(bytes)) != 0)
    throw std::system_error(errno, std::generic_category(), "RAM of a guest");
  return file;
}

} // namespace

GuestMemory::GuestMemory(std::size_t bytes) : descriptor_(make_file(bytes)) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, descriptor_, 0);
  if (memory == MAP_FAILED) {
    const int error = errno;
    close(descriptor_);
    throw std::system_error(error, std::generic_category(), "RAM of a guest");
  }
  bytes_ = {static_cast<std::byte*>(memory), bytes};
}

GuestMemory::~GuestMemory() {
  munmap(bytes_.data(), bytes_.size());
  close(descriptor_);
}

} // namespace pagetwin::emulators
