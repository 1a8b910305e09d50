// The abstract table of one principal or device: what is mapped, and which table pages exist. It refuses to
// know who owns a frame, and what may be mapped. Tables never shrink: a page that came from the pool stays.
// Transcribed from the published development (npts: pt, pgd_t, pud_t, pmd_t, and the pools' next pages).
#pragma once

#include "reference/sekvm/values.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace reference::sekvm {

class PageTable {
 public:
  static constexpr unsigned top = 4; // the highest level below a root

  void clear();

  // Ascending, disjoint.
  [[nodiscard]] std::span<const Entry> entries() const { return entries_; }
  // The first entry that ends behind gfn.
  [[nodiscard]] std::size_t first_from(std::uint64_t gfn) const;
  // The entry that covers gfn, or none.
  [[nodiscard]] const Entry* find(std::uint64_t gfn) const;
  // 0: nothing is mapped there.
  [[nodiscard]] std::uint64_t pfn_at(std::uint64_t gfn) const;

  // Inserts an entry, or replaces the one with the same gfn; the one that was there, level 0 if none.
  Entry put(const Entry& entry);
  Entry erase(std::uint64_t gfn);

  // Table pages of level 1 and above; a page of level k covers 512^k gfns.
  [[nodiscard]] bool has_node(unsigned level, std::uint64_t gfn) const;
  void add_node(unsigned level, std::uint64_t gfn);
  void drop_node(unsigned level, std::uint64_t gfn);
  [[nodiscard]] std::span<const std::uint64_t> nodes(unsigned level) const { return nodes_[level]; }
  // Pages taken from the pool: at least those that exist.
  [[nodiscard]] std::uint32_t used(unsigned level) const { return used_[level]; }
  void take(unsigned level, int pages) { used_[level] += static_cast<std::uint32_t>(pages); }
  [[nodiscard]] std::uint32_t used() const;

  bool operator==(const PageTable&) const = default;

 private:
  std::vector<Entry> entries_;
  std::array<std::vector<std::uint64_t>, top + 1> nodes_; // by level, ascending: gfn / 512^level
  std::array<std::uint32_t, top + 1> used_{};
};

[[nodiscard]] constexpr std::uint64_t node_of(unsigned level, std::uint64_t gfn) {
  return gfn >> (9 * level);
}

} // namespace reference::sekvm
