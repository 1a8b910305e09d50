// A small memory for tables of any bytes, and the Memory policy through which an Mmu of src walks it. What
// lies around it cannot be touched: unreadable pages on both sides, and poison up to them where the nodes do
// not fill a page. It refuses to know formats, and what a word means.
#pragma once

#include "fuzz/oracles/observation.hpp"
#include "fuzz/oracles/poison.hpp"
#include "src/base/address.hpp"

#include <cstring>
#include <span>

namespace pagetwin::fuzz {

class WalledMemory {
 public:
  // base: the physical address of the first byte.
  WalledMemory(std::uint64_t base, std::size_t most_bytes);
  ~WalledMemory();
  WalledMemory(const WalledMemory&) = delete;
  WalledMemory& operator=(const WalledMemory&) = delete;

  // Zeroes from base on, and nothing behind them.
  void restart(std::size_t bytes);

  [[nodiscard]] std::uint64_t base() const { return base_; }
  [[nodiscard]] std::span<std::byte> bytes() const { return {bytes_, size_}; }
  [[nodiscard]] bool contains(std::uint64_t pa, std::size_t bytes) const {
    return pa >= base_ && pa - base_ < size_ && size_ - (pa - base_) >= bytes;
  }
  // The caller has asked contains().
  template <class Raw>
  [[nodiscard]] Raw load(std::uint64_t pa) const {
    Raw word;
    std::memcpy(&word, bytes_ + (pa - base_), sizeof word);
    return word;
  }
  template <class Raw>
  void store(std::uint64_t pa, Raw word) const {
    std::memcpy(bytes_ + (pa - base_), &word, sizeof word);
  }
  void copy(std::uint64_t from, std::uint64_t to, std::size_t bytes) const {
    std::memmove(bytes_ + (to - base_), bytes_ + (from - base_), bytes);
  }

 private:
  static constexpr std::size_t wall = std::size_t{1} << 20;

  std::uint64_t base_;
  std::size_t room_;     // between the walls
  std::size_t reserved_; // walls included
  std::byte* walls_;     // the first byte of all
  std::byte* bytes_;
  std::size_t size_ = 0;
};

// What the Mmu sees. It must ask before it loads, and come to an end.
class WalkedMemory {
 public:
  explicit WalkedMemory(const WalledMemory& memory) : memory_(&memory) {}

  void begin_operation() { accesses_ = stores_ = 0; }
  // Of the operation.
  [[nodiscard]] unsigned stores() const { return stores_; }

  template <class Raw>
  [[nodiscard]] bool contains(PhysAddr pa) const {
    return memory_->contains(raw(pa), sizeof(Raw));
  }
  template <class Raw>
  [[nodiscard]] Raw load(PhysAddr pa) const {
    check<Raw>(pa);
    return memory_->load<Raw>(raw(pa));
  }
  template <class Raw>
  [[nodiscard]] Raw exchange(PhysAddr pa, Raw word) {
    check<Raw>(pa);
    ++stores_;
    const Raw old = memory_->load<Raw>(raw(pa));
    memory_->store(raw(pa), word);
    return old;
  }

 private:
  // A walk reads a word a level and marks each once; one that is disturbed starts again, and nobody disturbs.
  static constexpr unsigned most_accesses = 64;

  template <class Raw>
  void check(PhysAddr pa) const {
    if (!contains<Raw>(pa))
      throw Runaway{"an access outside the memory", raw(pa)};
    if (++accesses_ > most_accesses)
      throw Runaway{"a walk makes no progress", raw(pa)};
  }

  const WalledMemory* memory_;
  mutable unsigned accesses_ = 0;
  unsigned stores_ = 0;
};

} // namespace pagetwin::fuzz
