#include "fuzz/emulators/guest_log.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

namespace pagetwin::emulators {

GuestLog::GuestLog() : descriptor_(memfd_create("pagetwin-log", MFD_CLOEXEC)) {
  if (descriptor_ < 0)
    throw std::system_error(errno, std::generic_category(), "log of a guest");
}

GuestLog::~GuestLog() { close(descriptor_); }

std::string GuestLog::take() {
  const off_t size = lseek(descriptor_, 0, SEEK_END);
  std::string text(static_cast<std::size_t>(size - taken_), '\0');
  for (std::size_t have = 0; have < text.size();) {
    const ssize_t more = pread(descriptor_, &text[have], text.size() - have, taken_ + off_t(have));
    if (more <= 0)
      throw std::system_error(errno, std::generic_category(), "log of a guest");
    have += static_cast<std::size_t>(more);
  }
  // The system takes back whole pages only, and the last one goes on.
  const off_t page = sysconf(_SC_PAGESIZE), from = taken_ / page * page, bytes = size / page * page - from;
  if (bytes > 0)
    fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, bytes);
  taken_ = size;
  return text;
}

} // namespace pagetwin::emulators
