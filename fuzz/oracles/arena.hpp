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

// Where the arena of tables begins whose words have so many bytes: above 4 GiB, where addresses no longer fit
// into 32 bits, unless the words have no more, and aligned to 1 GiB, so that a superpage's frame can be a
// node. In less memory than that it begins in the middle.
[[nodiscard]] constexpr std::uint64_t arena_base(std::size_t word_bytes, unsigned pa_bits) {
  const unsigned bits = word_bytes == 4 && pa_bits > 32 ? 32 : pa_bits;
  return std::uint64_t{1} << (bits > 32 ? 32 : bits - 1);
}

class Arena {
 public:
  static constexpr std::size_t data_bytes = std::size_t{16} * 4096;

  Arena(std::uint64_t base, std::size_t node_bytes);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  [[nodiscard]] std::uint64_t base() const { return base_; }
  [[nodiscard]] std::span<std::byte> nodes() const { return {bytes_, node_bytes_}; }
  [[nodiscard]] std::byte* begin() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return node_bytes_ + data_bytes; }
  [[nodiscard]] std::uint64_t data() const { return base_ + node_bytes_; }
  // `junk` over and over, in every data frame.
  void fill_data(std::span<const std::byte> junk);

 private:
  std::uint64_t base_;
  std::size_t node_bytes_;
  std::byte* bytes_;
};

} // namespace pagetwin::fuzz
