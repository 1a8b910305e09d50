// The RAM of a guest, which this process and QEMU map both. It has no name in any file system, so that
// nothing can be left behind; pages cost nothing until they are touched. It refuses to know what is in it.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace pagetwin::emulators {

class GuestMemory {
 public:
  explicit GuestMemory(std::size_t bytes); // throws std::system_error
  ~GuestMemory();
  GuestMemory(const GuestMemory&) = delete;
  GuestMemory& operator=(const GuestMemory&) = delete;

  [[nodiscard]] std::span<std::byte> part(std::size_t offset, std::size_t bytes) const {
    return bytes_.subspan(offset, bytes);
  }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] int descriptor() const { return descriptor_; }
  // For a child that inherits the descriptor.
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
  std::span<std::byte> bytes_;
};

} // namespace pagetwin::emulators
