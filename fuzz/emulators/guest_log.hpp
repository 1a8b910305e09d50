// What QEMU logs about itself, in a file without a name. What was read is given back to the system, so that
// it does not grow. It refuses to know what is in it.
#pragma once

#include <string>
#include <sys/types.h>

namespace pagetwin::emulators {

class GuestLog {
 public:
  GuestLog(); // throws std::system_error
  ~GuestLog();
  GuestLog(const GuestLog&) = delete;
  GuestLog& operator=(const GuestLog&) = delete;

  // What was written since the last time.
  [[nodiscard]] std::string take();
  [[nodiscard]] int descriptor() const { return descriptor_; }
  // For a child that inherits the descriptor.
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
  off_t taken_ = 0;
};

} // namespace pagetwin::emulators
