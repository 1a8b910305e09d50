// A small memory for tables of any bytes, and the Memory policy through which an Mmu of src walks it. What
// lies around it cannot be touched: unreadable pages on both sides, and poison up to them where the nodes do
// not fill a page. It notes the pages that were stored to, so that a program pays for what it wrote and not
// for nodes of 256 KiB that it left alone. It refuses to know formats, and what a word means.
#pragma once

#include "fuzz/oracles/observation.hpp"
#include "fuzz/oracles/poison.hpp"
#include "src/base/address.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <span>

namespace pagetwin::fuzz {

class WalledMemory {
 public:
  static constexpr std::size_t page = 4096;

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
    note(pa - base_, sizeof word);
    std::memcpy(bytes_ + (pa - base_), &word, sizeof word);
  }
  template <class Raw>
  void store(std::uint64_t pa, std::span<const Raw> words) const {
    note(pa - base_, words.size_bytes());
    std::memcpy(bytes_ + (pa - base_), words.data(), words.size_bytes());
  }
  // Of a power of two of bytes, to which both addresses are aligned.
  void copy(std::uint64_t from, std::uint64_t to, std::size_t bytes) const;

  // Notes every page.
  void note_all() const { note(0, size_); }
  // A bit for each page from the first byte on, for who stores without asking this memory: he has to set it.
  [[nodiscard]] std::uint64_t* noted_pages() const { return noted_.get(); }
  // Calls f(pa, bytes) for each page that is noted here or in the other memory of the same nodes, in order.
  // Everything else is zero in both.
  template <class Visit>
  void for_noted_pages(const WalledMemory& other, const Visit& visit) const {
    for (std::size_t word = 0; word * 64 * page < size_; ++word)
      for (std::uint64_t left = noted_[word] | other.noted_[word]; left != 0; left &= left - 1) {
        const std::size_t at = (word * 64 + static_cast<unsigned>(std::countr_zero(left))) * page;
        visit(base_ + at, std::min(page, size_ - at));
      }
  }

 private:
  static constexpr std::size_t wall = std::size_t{1} << 20;

  [[nodiscard]] bool is_noted(std::size_t at) const {
    return (noted_[at / page / 64] >> at / page % 64 & 1U) != 0;
  }
  void note(std::size_t at, std::size_t bytes) const {
    for (std::size_t number = at / page; number * page < at + bytes; ++number)
      noted_[number / 64] |= std::uint64_t{1} << number % 64;
  }
  void clear() const;
  void resize(std::size_t bytes);

  std::uint64_t base_;
  std::size_t room_;     // between the walls
  std::size_t reserved_; // walls included
  std::byte* walls_;     // the first byte of all
  std::byte* bytes_;
  std::size_t size_ = 0;
  std::unique_ptr<std::uint64_t[]> noted_; // a bit a page
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
