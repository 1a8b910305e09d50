// The simulated physical memory of a run: nodes first, then data frames filled with what looks like
// descriptors, so that a leaf walked as a table leads somewhere. Reserved once, touched as far as a program
// gets. It refuses to know formats; the pattern of the data frames is given to it.
#pragma once

#include "fuzz/oracles/poison.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace pagetwin::fuzz {

class Arena {
 public:
  // Above 4 GiB, where addresses no longer fit into 32 bits, and aligned to 1 GiB, so that a superpage's
  // frame can be a node.
  static constexpr std::uint64_t base = 0x1'0000'0000;
  static constexpr std::size_t data_bytes = std::size_t{16} * 4096;

  explicit Arena(std::size_t node_bytes);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  [[nodiscard]] std::span<std::byte> nodes() const { return {bytes_, node_bytes_}; }
  [[nodiscard]] std::byte* begin() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return node_bytes_ + data_bytes; }
  [[nodiscard]] std::uint64_t data() const { return base + node_bytes_; }
  // `junk` over and over, in every data frame.
  void fill_data(std::span<const std::uint64_t> junk);

 private:
  std::size_t node_bytes_;
  std::byte* bytes_;
};

} // namespace pagetwin::fuzz
