// Disjoint pieces of the address space in ascending order, merged wherever neighbours join.
// It refuses to know what a piece means: that is `slice` and `joins`, found beside the type of the piece.
#pragma once

#include "reference/leaf_run.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace reference {

template <typename Piece>
class IntervalList {
 public:
  [[nodiscard]] std::span<const Piece> items() const { return items_; }
  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] Piece& operator[](std::size_t index) { return items_[index]; }
  [[nodiscard]] const Piece& operator[](std::size_t index) const { return items_[index]; }
  void clear() { items_.clear(); }

  // The first piece that ends at or above va, which may well begin above it.
  [[nodiscard]] std::size_t first_from(std::uint64_t va) const {
    return first_not([va](const Piece& piece) { return last_byte(piece) < va; });
  }

  // The first piece that begins above `last`.
  [[nodiscard]] std::size_t first_above(std::uint64_t last) const {
    return first_not([last](const Piece& piece) { return piece.va <= last; });
  }

  [[nodiscard]] bool touches_any(std::uint64_t va, std::uint64_t last) const {
    return first_from(va) < first_above(last);
  }

  // Cuts the piece that has bytes on both sides of a boundary; the halves stay apart until `merge`.
  void cut_before(std::uint64_t va) {
    const std::size_t index = first_from(va);
    if (index < size() && items_[index].va < va)
      cut(index, va - items_[index].va);
  }
  void cut_after(std::uint64_t last) {
    const std::size_t index = first_from(last);
    if (index < size() && items_[index].va <= last && last < last_byte(items_[index]))
      cut(index, last + 1 - items_[index].va);
  }

  // The pieces [first, end) become `pieces`, which lie within the place of the old ones. Merges nothing.
  void replace(std::size_t first, std::size_t end, std::span<const Piece> pieces) {
    const std::size_t same = std::min(end - first, pieces.size());
    const auto at = items_.begin() + static_cast<std::ptrdiff_t>(first);
    const auto rest = std::copy_n(pieces.begin(), same, at);
    if (same < pieces.size())
      items_.insert(rest, pieces.begin() + static_cast<std::ptrdiff_t>(same), pieces.end());
    else
      items_.erase(rest, items_.begin() + static_cast<std::ptrdiff_t>(end));
  }

  // Restores the canonical form after an edit of the pieces [first, end), neighbours on both sides included.
  void merge(std::size_t first, std::size_t end) {
    const std::size_t stop = std::min(end + 1, size());
    std::size_t kept = first == 0 ? 0 : first - 1;
    for (std::size_t next = kept + 1; next < stop; ++next) {
      if (joins(items_[kept], items_[next]))
        items_[kept].bytes += items_[next].bytes;
      else
        items_[++kept] = items_[next];
    }
    if (kept + 1 < stop)
      items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(kept + 1),
                   items_.begin() + static_cast<std::ptrdiff_t>(stop));
  }

  // Whatever lay in [va, last] goes; pieces that reach over its ends keep the rest of themselves.
  void erase(std::uint64_t va, std::uint64_t last) {
    cut_before(va);
    cut_after(last);
    replace(first_from(va), first_above(last), {});
  }

  void insert(const Piece& piece) {
    const std::size_t at = first_from(piece.va);
    replace(at, at, {&piece, 1});
    merge(at, at + 1);
  }

 private:
  // Bisection without branches on the contents: programs jump about, and a mispredicted branch costs more
  // than a step.
  template <typename Before>
  [[nodiscard]] std::size_t first_not(const Before& before) const {
    std::size_t low = 0;
    for (std::size_t left = items_.size(); left > 0;) {
      const std::size_t half = (left + 1) / 2;
      low += before(items_[low + half - 1]) ? half : 0;
      left -= half;
    }
    return low;
  }

  void cut(std::size_t index, std::uint64_t offset) {
    const Piece whole = items_[index];
    items_[index] = slice(whole, 0, offset);
    items_.insert(items_.begin() + static_cast<std::ptrdiff_t>(index + 1),
                  slice(whole, offset, whole.bytes - offset));
  }

  std::vector<Piece> items_;
};

} // namespace reference
