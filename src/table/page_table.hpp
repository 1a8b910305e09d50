// PageTable: the operations of docs/table.md over any Format and any Memory policy. This header is what a
// user includes. It checks arguments and reserves nodes; the work is in map, unmap, unmap_marking, protect,
// split, promote, accessed_dirty, mapping and marker. Knows no bit of a descriptor.
#pragma once

#include "src/table/accessed_dirty.hpp"
#include "src/table/check.hpp"
#include "src/table/map.hpp"
#include "src/table/mapping.hpp"
#include "src/table/marker.hpp"
#include "src/table/path.hpp"
#include "src/table/promote.hpp"
#include "src/table/protect.hpp"
#include "src/table/unmap.hpp"
#include "src/table/unmap_marking.hpp"
#include "src/table/walk.hpp"

namespace pagetwin {

// How many bytes an operation changed: unmapped or protected. Meaningful when ok.
struct [[nodiscard]] Changed {
  Status status;
  std::uint64_t bytes = 0;
};
struct [[nodiscard]] MarkerWord {
  Status status;
  std::uint32_t word = 0;
};

// Addresses and lengths are in bytes. Sinks are called while the table is being read or edited: they must not
// call it back. On any status but ok nothing changed.
template <Format F, class M>
class PageTable {
 public:
  using Format = F;
  using Memory = M;
  using G = Geometry<F>;
  using TreeType = Tree<F, M>;

  // Takes one node, the root, from the memory; nothing when there is none, or when the pool's nodes do not
  // lie below 2^table_pa_bits (Geometry) or its unit is not the format's smallest node. destroy() gives
  // everything back.
  [[nodiscard]] static std::optional<PageTable> create(M& memory, SpaceId space) {
    constexpr unsigned shift = G::node_shift(G::root_level);
    if (!serves(memory.pool()) || !memory.reserve(shift, 1))
      return std::nullopt;
    return PageTable(memory, memory.allocate(shift, Fill::zero), space);
  }
  void destroy() {
    (void)clear();
    if constexpr (keeps_empty_nodes<M>)
      for (const Range& half : halves)
        tree_.drop_nodes(half);
    memory().retire(root(), G::node_shift(G::root_level), Contents::zero);
    tree_.pay(halves[0], Invalidation::Reach::walk);
  }

  [[nodiscard]] PhysAddr root() const { return tree_.root().at; }
  [[nodiscard]] SpaceId space() const { return tree_.space(); }
  [[nodiscard]] M& memory() const { return tree_.memory(); }

  [[nodiscard, gnu::always_inline]] Status map(VirtAddr va, PhysAddr pa, std::uint64_t size,
                                               const Attributes& attributes) {
    if (size == page && Check<F>::is_frame(raw(pa)) && expressible(attributes) == Status::ok) {
      const auto leaf = leaf_word(pa, attributes, F::sizes[0]);
      if (tree_.cursor().reaches(raw(va))) [[likely]] {
        if (at_cursor(va).map(leaf)) [[likely]]
          return Status::ok;
      } else if (const auto done = path(va).map(leaf)) [[likely]] {
        if (*done == Status::ok) [[likely]] // known where the page was free: nobody asks it twice
          return Status::ok;
        return *done;
      }
    }
    return map_leaf(va, pa, size, attributes);
  }

  [[nodiscard]] Status map_range(VirtAddr va, PhysAddr pa, std::uint64_t length, const Attributes& attributes,
                                 std::uint64_t max_size) {
    const Status status =
        first_of(Check<F>::mapped_range(raw(va), raw(pa), length, max_size), expressible(attributes));
    if (status != Status::ok)
      return status;
    return Mapper<F, M>(tree_, raw(va), pa, attributes, congruent_size(raw(va), raw(pa), max_size))
        .run(range(va, length));
  }

  [[nodiscard, gnu::always_inline]] Changed unmap(VirtAddr va, std::uint64_t length) {
    if (length == page) {
      if (tree_.cursor().reaches(raw(va))) {
        if (const auto bytes = at_cursor(va).unmap(Path<F, M>::prune)) [[likely]]
          return {Status::ok, *bytes};
      } else if (const auto bytes = path(va).unmap()) [[likely]] {
        return {Status::ok, *bytes};
      }
    }
    return unmap_range(va, length);
  }
  // sink(const LeafReport&) for every removed leaf, ascending.
  template <class Sink>
  [[nodiscard]] Changed unmap_collect(VirtAddr va, std::uint64_t length, Sink&& sink) {
    return unmap_into(va, length, sink);
  }
  // Every byte that was mapped carries the word afterwards, which is not 0; what was a hole stays as it is.
  [[nodiscard]] Changed unmap_marking(VirtAddr va, std::uint64_t length, std::uint64_t word) {
    const Status status = first_of(Check<F>::range(raw(va), length), markable(word));
    if (status != Status::ok)
      return {status};
    const auto spares_holes = [](const auto& slot) { return slot.kind() == Kind::hole; };
    if (!tree_.reserve(Splitter<F, M>(tree_).nodes_to_cut(range(va, length), spares_holes)))
      return {Status::out_of_memory};
    return {Status::ok,
            MarkingUnmapper<F, M>(tree_, static_cast<std::uint32_t>(word)).run(range(va, length))};
  }
  Changed clear() {
    Unseen nobody;
    std::uint64_t bytes = 0;
    for (const Range& half : halves)
      bytes += Unmapper<F, M, Unseen>(tree_, nobody).run(half);
    return {Status::ok, bytes};
  }

  [[nodiscard, gnu::always_inline]] Changed protect(VirtAddr va, std::uint64_t length, Rights rights) {
    if (length == page && expressible(rights) == Status::ok) {
      if (tree_.cursor().reaches(raw(va))) {
        if (const auto bytes = at_cursor(va).protect(rights)) [[likely]]
          return {Status::ok, *bytes};
      } else if (const auto bytes = path(va).protect(rights)) [[likely]] {
        return {Status::ok, *bytes};
      }
    }
    return protect_range(va, length, rights);
  }

  [[nodiscard]] Status remap(VirtAddr va, PhysAddr pa) {
    const auto leaf = leaf_at(raw(va));
    const std::uint64_t size = leaf ? leaf->bytes() : bytes_of(F::page_shift);
    const Status status = Check<F>::page(raw(va), raw(pa), size);
    if (status != Status::ok)
      return status;
    if (!leaf)
      return Status::not_mapped;
    rewrite_leaf(tree_, *leaf, leaf->attributes(), pa, KeepFlags::no);
    tree_.pay();
    return Status::ok;
  }

  [[nodiscard]] Status promote(VirtAddr va, std::uint64_t size) {
    const Status status = Check<F>::page(raw(va), 0, size);
    return status != Status::ok ? status : Promoter<F, M>(tree_, raw(va), *G::size_index(size)).run();
  }

  // Nodes that map and split will take, for who has several tables to edit or none; va and size are good
  // ones.
  [[nodiscard]] unsigned nodes_to_map(VirtAddr va, std::uint64_t size) const {
    const auto slot = tree_.descend(raw(va), 0);
    const unsigned level = F::sizes[*G::size_index(size)].level;
    return slot.kind() == Kind::hole && slot.level() > level ? slot.level() - level : 0;
  }
  [[nodiscard]] unsigned nodes_to_split(VirtAddr va, std::uint64_t size) {
    return Splitter<F, M>(tree_).nodes_to_cut(range(va, size), [](const auto&) { return false; });
  }

  // The leaf that covers [va, va + size) is split until what is at va has that size; it may have it already.
  // not_mapped: there is no leaf at va; not_uniform: it is smaller.
  [[nodiscard]] Status split(VirtAddr va, std::uint64_t size) {
    const Status status = Check<F>::page(raw(va), 0, size);
    if (status != Status::ok)
      return status;
    std::optional<Leaf> leaf = leaf_over(raw(va));
    if (!leaf || !leaf->range().covers(range(va, size)))
      return leaf ? Status::not_uniform : Status::not_mapped;
    if (!tree_.reserve(nodes_to_split(va, size)))
      return Status::out_of_memory;
    Splitter<F, M> splitter(tree_);
    for (; leaf->bytes() > size; leaf = leaf_over(raw(va)))
      splitter.split(*leaf);
    tree_.pay();
    return Status::ok;
  }

  // va is the base of a leaf (else not_mapped), which gets these attributes; frame and flags stay.
  [[nodiscard]] Status set_attributes(VirtAddr va, const Attributes& attributes) {
    const Status status =
        first_of(Check<F>::page(raw(va), 0, bytes_of(F::page_shift)), expressible(attributes));
    if (status != Status::ok)
      return status;
    const auto leaf = leaf_at(raw(va));
    if (!leaf)
      return Status::not_mapped;
    if (leaf->attributes() != attributes)
      rewrite_leaf(tree_, *leaf, attributes, leaf->frame(), KeepFlags::yes);
    tree_.pay();
    return Status::ok;
  }

  // Flags that hardware set for this page elsewhere, in another table, are added to the leaf that covers va;
  // none is taken away. Where hardware does not record writes, dirty is nothing.
  [[nodiscard]] Status add_flags(VirtAddr va, Flags flags) {
    const Status status = Check<F>::range(align_down(raw(va), F::page_shift), bytes_of(F::page_shift));
    if (status != Status::ok)
      return status;
    const auto leaf = leaf_over(raw(va));
    if (!leaf)
      return Status::not_mapped;
    const auto word = tree_.load(leaf->slot); // of the first copy, whichever of them covers va
    const auto with_all = F::with_flags(word, F::flags(word, leaf->level()) | flags, leaf->level());
    if (with_all == word)
      return Status::ok;
    // What hardware sets meanwhile is missing for a moment, and a cache that knows of it must not outlast
    // that.
    tree_.replace(leaf->slot, word, with_all, leaf->level());
    tree_.pay(leaf->range(), Invalidation::Reach::leaf);
    return Status::ok;
  }

  [[nodiscard, gnu::always_inline]] std::optional<Translation<F>> lookup(VirtAddr va) const {
    const auto loads = loads_of(memory());
    return walk<F>(loads, root(), raw(va));
  }

  // sink(const LeafReport&) for every leaf that meets the range, ascending; one that sticks out is reported
  // whole and keeps its flags.
  template <class Sink>
  [[nodiscard]] Status harvest(VirtAddr va, std::uint64_t length, Harvest what, Sink&& sink) {
    const Status status = Check<F>::range(raw(va), length);
    if (status == Status::ok)
      Harvester<F, M, std::remove_reference_t<Sink>>(tree_, sink, what).run(range(va, length));
    return status;
  }

  [[nodiscard]] Status mark(VirtAddr va, std::uint64_t size, std::uint64_t word) {
    const Status status = Check<F>::page(raw(va), 0, size);
    if (status != Status::ok)
      return status;
    if (word > low_mask(F::marker_bits))
      return Status::bad_attributes;
    Marker<F, M> marker(tree_);
    if (marker.is_mapped(range(va, size)))
      return Status::overlap;
    if (word == 0)
      return unmap(va, size).status;
    const unsigned level = F::sizes[*G::size_index(size)].level;
    if (!tree_.reserve(marker.nodes_needed(raw(va), level)))
      return Status::out_of_memory;
    marker.write(range(va, size), level, static_cast<std::uint32_t>(word));
    return Status::ok;
  }
  [[nodiscard]] MarkerWord marker(VirtAddr va, std::uint64_t size) {
    const Status status = Check<F>::page(raw(va), 0, size);
    if (status != Status::ok)
      return {status};
    Marker<F, M> marker(tree_);
    if (marker.is_mapped(range(va, size)))
      return {Status::overlap};
    const std::optional<std::uint32_t> word = marker.read(range(va, size));
    return word ? MarkerWord{Status::ok, *word} : MarkerWord{Status::not_uniform};
  }

  // sink(const Mapping&) for the maximal ranges of equal attributes over consecutive frames, clipped to the
  // range, ascending.
  template <class Sink>
  [[nodiscard]] Status for_each(VirtAddr va, std::uint64_t length, Sink&& sink) const {
    const Status status = Check<F>::range(raw(va), length);
    TreeType tree = tree_;
    if (status == Status::ok)
      MappingFinder(tree, sink).run(range(va, length));
    return status;
  }

  // The tree, for audit and dump.
  [[nodiscard]] const TreeType& tree() const { return tree_; }

 private:
  using Leaf = typename TreeType::Leaf;
  static constexpr std::uint64_t page = bytes_of(F::page_shift);

  PageTable(M& memory, PhysAddr root, SpaceId space) : tree_(memory, root, space) {}

  [[nodiscard]] static bool serves(const NodePool& pool) {
    return pool.unit_shift() == G::node_shift(0)
           && raw(pool.base()) + (pool.bytes() - 1) <= low_mask(G::table_pa_bits);
  }
  [[nodiscard]] static constexpr Range range(VirtAddr va, std::uint64_t length) {
    return {raw(va), raw(va) + (length - 1)};
  }
  [[nodiscard]] static constexpr Status expressible(const Attributes& a) {
    return grants_access(a.rights) && F::expressible(a) ? Status::ok : Status::bad_attributes;
  }
  [[nodiscard]] static constexpr Status expressible(Rights r) {
    return grants_access(r) && F::expressible(r) ? Status::ok : Status::bad_attributes;
  }
  [[nodiscard]] static constexpr Status markable(std::uint64_t word) {
    return word != 0 && word <= low_mask(F::marker_bits) ? Status::ok : Status::bad_attributes;
  }
  // The largest size up to max_size modulo which va and pa are equal.
  [[nodiscard]] static constexpr unsigned congruent_size(std::uint64_t va, std::uint64_t pa,
                                                         std::uint64_t max_size) {
    unsigned size = *G::size_index(max_size);
    while (!is_aligned(va ^ pa, F::sizes[size].log2_bytes))
      --size;
    return size;
  }

  [[nodiscard, gnu::always_inline]] static typename F::Raw
  leaf_word(PhysAddr pa, const Attributes& attributes, PageSize size) {
    return F::leaf(F::leaf_bits(attributes, Flags{}, size), pa, size, 0);
  }
  // One page in the node where the cursor is, and one elsewhere.
  [[nodiscard]] Page<F, M> at_cursor(VirtAddr va) { return {tree_, tree_.cursor(), raw(va)}; }
  [[nodiscard]] Path<F, M> path(VirtAddr va) { return {tree_, raw(va)}; }

  // Out of line: what is left when the plain case of one page was not met.
  [[nodiscard, gnu::noinline]] Status map_leaf(VirtAddr va, PhysAddr pa, std::uint64_t size,
                                               const Attributes& attributes) {
    const Status status = first_of(Check<F>::page(raw(va), raw(pa), size), expressible(attributes));
    if (status != Status::ok)
      return status;
    const unsigned index = *G::size_index(size);
    if (const PageSize of = F::sizes[index]; of.level > 0 && of.copies() == 1)
      if (const auto done = path(va).map_large(of.level, leaf_word(pa, attributes, of)))
        return *done;
    return Mapper<F, M>(tree_, raw(va), pa, attributes, index).run(range(va, size));
  }
  [[nodiscard, gnu::noinline]] Changed unmap_range(VirtAddr va, std::uint64_t length) {
    Unseen nobody;
    return unmap_into(va, length, nobody);
  }
  [[nodiscard, gnu::noinline]] Changed protect_range(VirtAddr va, std::uint64_t length, Rights rights) {
    const Status status = first_of(Check<F>::range(raw(va), length), expressible(rights));
    if (status != Status::ok)
      return {status};
    Protector<F, M> protector(tree_, rights);
    if (!tree_.reserve(protector.nodes_needed(range(va, length))))
      return {Status::out_of_memory};
    return {Status::ok, protector.run(range(va, length))};
  }

  template <class Sink>
  [[nodiscard]] Changed unmap_into(VirtAddr va, std::uint64_t length, Sink& sink) {
    const Status status = Check<F>::range(raw(va), length);
    if (status != Status::ok)
      return {status};
    const auto spares_none = [](const auto&) { return false; };
    if (!tree_.reserve(Splitter<F, M>(tree_).nodes_to_cut(range(va, length), spares_none)))
      return {Status::out_of_memory};
    return {Status::ok, Unmapper<F, M, Sink>(tree_, sink).run(range(va, length))};
  }
  // The leaf that covers va, and the one that begins there.
  [[nodiscard]] std::optional<Leaf> leaf_over(std::uint64_t va) const {
    if (!G::is_canonical(va))
      return std::nullopt;
    const auto slot = tree_.descend(va, 0);
    return slot.kind() == Kind::leaf ? std::optional(tree_.leaf_of(slot)) : std::nullopt;
  }
  [[nodiscard]] std::optional<Leaf> leaf_at(std::uint64_t va) const {
    const auto leaf = leaf_over(va);
    return leaf && leaf->va == va ? leaf : std::nullopt;
  }

  static constexpr auto halves = [] {
    constexpr std::uint64_t half = low_mask(F::sign_extended ? F::va_bits - 1 : F::va_bits);
    if constexpr (F::sign_extended)
      return std::array{Range{0, half}, Range{~half, ~std::uint64_t{0}}};
    else
      return std::array{Range{0, half}};
  }();

  TreeType tree_;
};

} // namespace pagetwin
