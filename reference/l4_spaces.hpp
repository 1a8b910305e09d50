// Level A: abstract address spaces, page by page, in the paper's own names. Rule: Tuch and Klein, "Verifying
// the L4 Virtual Memory Subsystem", sections 3.1 (state, paths) and 3.2 (operations); rights, status and
// flexpages, which the paper leaves out, by docs/l4.md.
// It refuses to know units: all are smallest pages. Its cost grows with what is mapped, not with addresses.
#pragma once

#include "reference/l4_operations.hpp"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace reference {

// What a transfer to a space that does not exist does: nothing, or what the paper's formulas say, in which an
// update of such a space has no effect, but the source of a grant is flushed all the same. (Every other
// operation on a space that does not exist changes nothing in these formulas either.)
enum class Missing : std::uint8_t { mended, as_printed };

class L4Spaces final : public L4Operations {
 public:
  // The profile outlives the model.
  explicit L4Spaces(const Profile& profile, Missing missing = Missing::mended)
      : L4Operations(profile), missing_(missing) {}

  // Missing::as_printed: unknown_space, and yet the source may be lost.
  [[nodiscard]] L4Transferred grant(const L4Transfer& transfer) final;
  [[nodiscard]] std::uint64_t mapped_units() const final { return edges_.size(); }

 private:
  friend struct L4Surgeon; // tests make bad states with it

  using N = unsigned;
  using V = std::uint64_t;
  // A position: datatype M = Virtual N V | Real R. The name of Real is no space's.
  struct M {
    N n = 0;
    V v = 0;

    bool operator==(const M&) const = default;
  };
  static constexpr N real = ~N{0};
  static M Virtual(N n, V v) { return {n, v}; }
  static M Real(std::uint64_t r) { return {real, r}; }

  // x ->1 y, with what the paper leaves out.
  struct Edge {
    M x, y;
    L4Bits rights = 0, status = 0;
    bool is_doomed = false; // only within unmap
  };

  // 3.1. Pointers are good until something is mapped or removed.
  [[nodiscard]] std::size_t first_from(const M& x) const; // in the order of space and address
  [[nodiscard]] const Edge* edge(const M& x) const;
  [[nodiscard]] Edge* edge(const M& x) { return const_cast<Edge*>(std::as_const(*this).edge(x)); }
  [[nodiscard]] bool leads(M x, const M& y) const; // x ->* y
  [[nodiscard]] std::optional<std::uint64_t> lookup(M x) const;
  [[nodiscard]] bool is_valid(const M& m) const { return m.n == real || edge(m) != nullptr; }

  // 3.2, for one page. x and y are Virtual.
  using L4Model::note_change;
  void note_change(const Edge& each) { note_change(each.x.n, each.x.v); }
  // Its status, and what is left of its rights.
  L4Bits take(Edge& each, L4Bits mask);
  void add(Edge& each, L4Bits bits);
  L4Bits clear(const M& x, L4Bits mask);
  L4Bits unmap_page(const M& x, L4Bits mask);
  L4Bits flush_page(const M& x, L4Bits mask);
  void update(const M& x, const M& m, L4Bits rights);
  void update_if_valid(const M& x, const M& m, L4Bits rights);
  [[nodiscard]] L4Bits common_rights(const M& x, L4Bits mask) const;
  [[nodiscard]] bool map_page(const M& x, const M& y, L4Bits mask); // whether y is mapped by it
  [[nodiscard]] bool grant_page(const M& x, const M& y, L4Bits mask);

  // What docs/l4.md adds: the same for each page, ascending.
  [[nodiscard]] std::optional<V> next_page(const Region& region) const;
  template <typename Operation>
  void for_each_page(const Region& region, Operation operation);
  template <typename Operation>
  [[nodiscard]] std::uint64_t transfer(const Move& move, Operation operation);

  void start(std::uint64_t memory) final;
  [[nodiscard]] std::uint64_t map_all(const Move& move) final;
  [[nodiscard]] std::uint64_t grant_all(const Move& move) final;
  L4Bits unmap_all(const Region& region, L4Bits mask) final;
  L4Bits flush_all(const Region& region, L4Bits mask) final;
  [[nodiscard]] bool is_mapped(const Region& region) const final { return next_page(region).has_value(); }
  [[nodiscard]] bool join(const Region& region) final { return region.size == page(); }
  void add_status(unsigned space, std::uint64_t va, L4Bits bits) final;
  [[nodiscard]] L4Unit unit_of(const Edge& edge) const;
  [[nodiscard]] std::optional<L4Unit> find_unit(unsigned space, std::uint64_t va) const final;
  void list(unsigned space, std::vector<L4Unit>& units) const final;

  // 3.4 and docs/l4.md: the theorems.
  [[nodiscard]] unsigned broken_core() const final;
  enum class End : std::uint8_t { real, nowhere, itself };
  [[nodiscard]] End end_of(const Edge& first) const;
  [[nodiscard]] bool lookup_is_a_function() const;
  [[nodiscard]] bool real_pages_have_one_mapping() const;
  [[nodiscard]] bool rights_only_shrink() const;

  Missing missing_;
  std::vector<Edge> edges_;                   // ascending by space and address
  mutable std::vector<std::uint64_t> frames_; // while theorems are judged
};

} // namespace reference
