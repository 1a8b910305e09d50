// LinkedTable: the page table of one address space as the mapping database uses it, with the link node of
// each page. These are the operations of the page-table ADT of Tuch and Klein, "Verifying the L4 Virtual
// Memory Subsystem", section 4.1, several at a time where one edit of ours does what several of theirs do
// (docs/l4.md, "Composition"). A page is named by its first descriptor, by number. Everything above works on
// tables by these operations alone, so that whatever does what they say can take this class's place
// (TableOf). Reserves nothing, and refuses to know what a mapping node is.
#pragma once

#include "src/space/found_unit.hpp"
#include "src/space/link_node.hpp"
#include "src/space/mapping_rights.hpp"
#include "src/table/page_table.hpp"

namespace pagetwin {

// node: the number of a mapping node, or 0, where an area leads.
template <Format F, class M>
class LinkedTable {
  using Link = LinkNode<F>;
  using T = Tree<F, M>;
  using Leaf = typename T::Leaf;

 public:
  using Table = PageTable<F, M>;

  // As PageTable's.
  [[nodiscard]] static std::optional<LinkedTable> create(M& memory, SpaceId space) {
    const auto table = Table::create(memory, space);
    return table ? std::optional(LinkedTable(*table)) : std::nullopt;
  }
  void destroy() { table_.destroy(); }
  // To look up, and for audits.
  [[nodiscard]] const Table& table() const { return table_; }

  // lookup, getpaddr and getmapnode: the page that covers va, which is canonical.
  [[nodiscard]] std::optional<FoundUnit> find(std::uint64_t va) const {
    const auto slot = tree().descend(va, 0);
    return slot.kind() == Kind::leaf ? seen(tree().leaf_of(slot)) : std::nullopt;
  }
  // lookup: the name of the page that covers va, where one does.
  [[nodiscard]] std::uint32_t name_of(std::uint64_t va) const {
    return Link::number(pool(), tree().leaf_of(tree().descend(va, 0)).slot);
  }
  // The first that meets the range. A descent to its begin is cheap, and mostly says it all.
  [[nodiscard]] std::optional<FoundUnit> next(const Range& range) const {
    const auto slot = tree().descend(range.first, 0);
    if (slot.kind() == Kind::leaf)
      return seen(tree().leaf_of(slot));
    std::optional<FoundUnit> found;
    if (!slot.range().covers(range))
      (void)for_leaves(range, [&](const Leaf& leaf) {
        found = seen(leaf);
        return false;
      });
    return found;
  }
  // Does ask(page) say so of any page that meets the range? In ascending order, until one does. ask changes
  // nothing.
  template <class Ask>
  [[nodiscard]] bool any_of(const Range& range, Ask&& ask) const {
    return !for_leaves(range, [&](const Leaf& leaf) { return !ask(*seen(leaf)); });
  }

  // insert, setpaddr, setR, setW, setX, setCached, setlinknode: a page where nothing is. Returns its name.
  std::uint32_t insert(std::uint64_t va, std::uint64_t frame, std::uint64_t bytes, Rights rights,
                       std::uint32_t node) {
    (void)table_.map(VirtAddr{va}, PhysAddr{frame}, bytes, mapping_attributes<F>(rights));
    return link(va, node);
  }
  // setlinknode: the page that begins at va leads to the node. Returns its name.
  std::uint32_t link(std::uint64_t va, std::uint32_t node) {
    const std::uint32_t name = name_of(va);
    link_word(slot_of(name)) = Link::word(node, va);
    return name;
  }
  // The same, to nothing: the page leads nowhere any more. Returns where it begins.
  std::uint64_t unlink(std::uint32_t name, std::uint32_t node) {
    return Link::va(std::exchange(link_word(slot_of(name)), 0), node);
  }
  // setlinknode, remove. Returns the flags that hardware set.
  Flags remove(std::uint32_t name, std::uint32_t node, std::uint64_t bytes) {
    Flags flags;
    (void)table_.unmap_collect(VirtAddr{unlink(name, node)}, bytes, adding_to(flags));
    return flags;
  }
  // setR, setW, setX.
  void restrict(std::uint64_t va, std::uint64_t bytes, Rights rights) {
    (void)table_.protect(VirtAddr{va}, bytes, mapping_attributes<F>(rights).rights);
  }
  // setlinknode, split: pages of the next smaller size, of so many bytes, which lead nowhere. Returns where
  // the first begins.
  std::uint64_t split(std::uint32_t name, std::uint32_t node, std::uint64_t bytes) {
    const std::uint64_t va = unlink(name, node);
    (void)table_.split(VirtAddr{va}, bytes);
    return va;
  }
  // The contrary: remove of each page of the next smaller size, insert of one of so many bytes with what they
  // said, and setlinknode. The others lead nowhere already. Returns its name.
  std::uint32_t join(std::uint32_t name, std::uint32_t node, std::uint64_t bytes) {
    const std::uint64_t va = unlink(name, node);
    (void)table_.promote(VirtAddr{va}, bytes);
    return link(va, node);
  }
  // getmapnode backwards: where the page begins that leads to the node.
  [[nodiscard]] std::uint64_t va_of(std::uint32_t name, std::uint32_t node) const {
    return Link::va(link_word(slot_of(name)), node);
  }
  // The links of a range lead nowhere; visit(node) for each that led to one. For who forgets all spaces.
  template <class Visit>
  void forget(const Range& range, Visit&& visit) {
    (void)for_leaves(range, [&](const Leaf& leaf) {
      if (const std::uint32_t node = Link::mapping(std::exchange(link_word(leaf.slot), 0), leaf.va))
        visit(node);
      return true;
    });
  }

  // What hardware did, which the ADT does not speak of; and the same, which is forgotten then. size: its
  // place among the format's.
  [[nodiscard]] Flags flags(std::uint32_t name, unsigned size) const {
    return tree().flags(Leaf{{{}, F::sizes[size].level}, slot_of(name), 0, 0, size});
  }
  [[nodiscard]] Flags take_flags(std::uint64_t va, std::uint64_t bytes) {
    Flags flags;
    (void)table_.harvest(VirtAddr{va}, bytes, Harvest::clear, adding_to(flags));
    return flags;
  }

 protected:
  explicit LinkedTable(const Table& table) : table_(table) {}

 private:
  [[nodiscard]] const T& tree() const { return table_.tree(); }
  [[nodiscard]] const NodePool& pool() const { return table_.memory().pool(); }
  template <class Visit>
  [[nodiscard]] bool for_leaves(const Range& range, Visit&& visit) const {
    return tree().for_leaves(tree().root(), range, std::forward<Visit>(visit));
  }
  [[nodiscard]] static auto adding_to(Flags& flags) {
    return [&flags](const LeafReport& leaf) { flags = flags | leaf.flags; };
  }
  [[nodiscard]] PhysAddr slot_of(std::uint32_t name) const { return Link::slot(pool(), name); }
  [[nodiscard]] typename F::Raw& link_word(PhysAddr slot) const { return Link::of(table_.memory(), slot); }
  // In its place, without a copy.
  [[nodiscard]] std::optional<FoundUnit> seen(const Leaf& leaf) const {
    return std::optional<FoundUnit>(std::in_place, Link::read(table_.memory(), leaf.slot, leaf.va), leaf.size,
                                    leaf.va, raw(leaf.frame()), leaf.word, leaf.range());
  }

  Table table_;
};

// The table of a space: what the memory names SpaceTable<F>, or ours.
template <Format F, class M>
struct TableOf {
  using type = LinkedTable<F, M>;
};
template <Format F, class M>
  requires requires { typename M::template SpaceTable<F>; }
struct TableOf<F, M> {
  using type = typename M::template SpaceTable<F>;
};

} // namespace pagetwin
