// The way down to one page where the cursor is not: the page's node is found and remembered, the nodes that
// are missing are made, and those that emptied go. Answers nothing where the range operations have to do it.
// Knows no bit of a descriptor.
#pragma once

#include "src/table/page.hpp"

#include <array>

namespace pagetwin {

template <Format F, class M>
class Path {
  using T = Tree<F, M>;
  using G = Geometry<F>;
  using P = Page<F, M>;
  using Node = typename T::Node;
  using Slot = typename T::Slot;
  using Raw = typename F::Raw;

 public:
  Path(T& tree, std::uint64_t va) : tree_(&tree), va_(va) {}

  [[nodiscard, gnu::always_inline]] std::optional<Status> map(Raw leaf) {
    return descend<std::optional<Status>>(Mapping{leaf});
  }
  [[nodiscard, gnu::always_inline]] std::optional<std::uint64_t> unmap() {
    return descend<std::optional<std::uint64_t>>(Unmapping{});
  }
  [[nodiscard, gnu::always_inline]] std::optional<std::uint64_t> protect(Rights rights) {
    return descend<std::optional<std::uint64_t>>(Protecting{{}, rights});
  }
  // A leaf of one slot above the pages, where there is a node for it.
  [[nodiscard, gnu::noinline]] std::optional<Status> map_large(unsigned level, Raw leaf) {
    const Slot s = tree_->descend(va_, level);
    if (s.kind() == Kind::leaf)
      return Status::overlap;
    if (s.level() != level || !s.is_free())
      return std::nullopt;
    tree_->store(s.at, leaf);
    ++tree_->record(s.node).live;
    return Status::ok;
  }
  // The page was the last of its node: that node goes, and those above that emptied with it. Out of line and
  // without a Path, which would have to be in memory for it. Returns what unmap does, which then has nothing
  // to keep while this runs.
  [[gnu::noinline]] static std::optional<std::uint64_t> prune(T& tree, std::uint64_t va) {
    if constexpr (keeps_empty_nodes<M>)
      tree.pay({va, va + (P::bytes - 1)}, Invalidation::Reach::leaf);
    else
      prune_branch(tree, va);
    return P::bytes;
  }

 private:
  // What to do with the page where there is a node of level 0, and where the way to it ends at a word. The
  // latter out of line, so that the way through nodes that are there needs one test for each and few
  // registers.
  struct Mapping {
    Raw leaf;
    [[gnu::always_inline]] std::optional<Status> at(P page) const {
      return page.map(leaf) ? std::optional(Status::ok) : std::nullopt;
    }
    template <unsigned Level>
    [[gnu::noinline]] static std::optional<Status> stop(T& tree, std::uint64_t va, PhysAddr node, Raw word,
                                                        Mapping edit) {
      if (T::is_free(word, Level))
        return make_below<Level>(tree, va, node, edit.leaf);
      return F::kind(word, Level) == Kind::leaf ? std::optional(Status::overlap) : std::nullopt;
    }
  };
  struct Changing {
    template <unsigned Level>
    [[gnu::noinline]] static std::optional<std::uint64_t> stop(T&, std::uint64_t, PhysAddr, Raw word,
                                                               Changing) {
      return T::is_free(word, Level) ? std::optional(std::uint64_t{0}) : std::nullopt;
    }
  };
  struct Unmapping : Changing {
    [[gnu::always_inline]] std::optional<std::uint64_t> at(P page) const { return page.unmap(prune); }
  };
  struct Protecting : Changing {
    Rights rights;
    [[gnu::always_inline]] std::optional<std::uint64_t> at(P page) const { return page.protect(rights); }
  };

  // What the region reaches is a page.
  template <class Result, class Edit>
  [[nodiscard, gnu::always_inline]] Result descend(Edit edit) {
    if constexpr (G::root_level > 1)
      if (const auto& region = tree_->region(); region.reaches(va_))
        return descend_by<1, Result>(region.slots.load(G::index(va_, 1)), region.node, edit);
    return descend_all<Result>(*tree_, va_, edit);
  }
  template <class Result, class Edit>
  [[nodiscard, gnu::noinline]] static Result descend_all(T& tree, std::uint64_t va, Edit edit) {
    if (!G::is_page(va))
      return std::nullopt;
    return Path(tree, va).template descend_from<G::root_level, Result>(tree.root().at, edit);
  }
  template <unsigned Level, class Result, class Edit>
  [[nodiscard, gnu::always_inline]] Result descend_from(PhysAddr node, Edit edit) {
    if constexpr (Level == 0) {
      const auto cursor = tree_->cursor_to(va_, node);
      tree_->remember(cursor);
      return edit.at(P(*tree_, cursor, va_));
    } else {
      return descend_by<Level, Result>(tree_->load(G::slot(node, G::index(va_, Level))), node, edit);
    }
  }
  // The node's word on the way to the page.
  template <unsigned Level, class Result, class Edit>
  [[nodiscard, gnu::always_inline]] Result descend_by(Raw word, PhysAddr node, Edit edit) {
    if (!G::is_table(word, Level)) [[unlikely]]
      return Edit::template stop<Level>(*tree_, va_, node, word, edit);
    const PhysAddr child = G::own_table(word, Level);
    if constexpr (Level == 2)
      tree_->remember_region(va_, child);
    return descend_from<Level - 1, Result>(child, edit);
  }

  // The way ends at a hole in a node of this level.
  template <unsigned Level>
  [[nodiscard, gnu::always_inline]] static std::optional<Status> make_below(T& tree, std::uint64_t va,
                                                                            PhysAddr node, Raw leaf) {
    if (!tree.reserve(Level))
      return Status::out_of_memory;
    const std::array<PhysAddr, Level> nodes = tree.template allocate_empty<Level>();
    tree.store(G::slot(nodes[0], G::index(va, 0)), leaf);
    for (unsigned level = 1; level < Level; ++level)
      tree.store(G::slot(nodes[level], G::index(va, level)), F::to_table(nodes[level - 1], level));
    for (const PhysAddr made : nodes)
      tree.record({made, 0}).live = 1;
    ++tree.record({node, Level}).live;
    tree.store(G::slot(node, G::index(va, Level)), F::to_table(nodes[Level - 1], Level));
    tree.remember(tree.cursor_to(va, nodes[0]));
    return Status::ok;
  }
  // The nodes on the way to a page, by level, and how many of them, from level 0 up, were unlinked.
  struct Branch {
    std::array<PhysAddr, G::root_level> nodes;
    unsigned unlinked = 0;
  };
  [[gnu::always_inline]] static void prune_branch(T& tree, std::uint64_t va) {
    Branch branch;
    (void)unlink_below<G::root_level>(tree, va, tree.root().at, branch);
    tree.retire_empty(branch.nodes, branch.unlinked);
    const std::uint64_t first = align_down(va, G::span_shift(branch.unlinked));
    tree.pay({first, first + (G::span(branch.unlinked) - 1)}, Invalidation::Reach::walk);
  }
  // Unlinks what emptied on the way from this node to the page. Did the node itself?
  template <unsigned Level>
  [[gnu::always_inline]] static bool unlink_below(T& tree, std::uint64_t va, PhysAddr node, Branch& branch) {
    if constexpr (Level > 0) {
      const PhysAddr slot = G::slot(node, G::index(va, Level));
      const PhysAddr child = branch.nodes[Level - 1] = F::table(tree.load(slot), Level);
      if (!unlink_below<Level - 1>(tree, va, child, branch))
        return false;
      tree.store(slot, 0);
      branch.unlinked = Level;
      return --tree.record({node, Level}).live == 0;
    }
    return true;
  }

  T* tree_;
  std::uint64_t va_;
};

} // namespace pagetwin
