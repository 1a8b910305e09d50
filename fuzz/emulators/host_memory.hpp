// Zeroed host memory that costs nothing until it is touched, for the physical memory of an emulator in this
// process. It refuses to know what is in it.
#pragma once

#include <cstddef>
#include <span>

namespace pagetwin::emulators {

class HostMemory {
 public:
  explicit HostMemory(std::size_t bytes); // throws std::system_error
  ~HostMemory();
  HostMemory(const HostMemory&) = delete;
  HostMemory& operator=(const HostMemory&) = delete;

  [[nodiscard]] std::byte* begin() const { return bytes_.data(); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] std::span<std::byte> part(std::size_t offset, std::size_t bytes) const {
    return bytes_.subspan(offset, bytes);
  }

 private:
  std::span<std::byte> bytes_;
};

} // namespace pagetwin::emulators
