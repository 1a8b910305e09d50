// Units: leaves of the tables together with their mapping nodes, found, made, removed, narrowed, split and
// joined, always both at once, and linked to each other. Areas are leaves whose link leads to no mapping
// node. Reserves nothing: who edits has made sure that there is enough (space_needs.hpp). Refuses to know
// what an operation of docs/l4.md means.
#pragma once

#include "src/space/link_node.hpp"
#include "src/space/mapping_db.hpp"
#include "src/space/mapping_rights.hpp"
#include "src/table/page_table.hpp"

namespace pagetwin {

// One address space; areas: how many it has.
template <Format F, class M>
struct AddressSpace {
  std::optional<PageTable<F, M>> table;
  std::uint64_t areas = 0;
};

// A leaf as it was found, with its first descriptor. node 0: an area.
struct FoundUnit {
  std::uint32_t node;
  unsigned size;
  std::uint64_t va, frame, descriptor;
  Range range;

  [[nodiscard]] bool is_area() const { return node == 0; }
  [[nodiscard]] UnitAt at() const { return {node, frame}; }
  [[nodiscard]] std::uint64_t bytes() const { return range.last - range.first + 1; }
  // Of a byte, or the bytes, of the unit.
  [[nodiscard]] std::uint64_t frame_of(std::uint64_t address) const { return frame + (address - va); }
  [[nodiscard]] Range frames_of(const Range& part) const {
    return {frame_of(part.first), frame_of(part.last)};
  }
};

template <Format F, class M>
class Units {
  using G = Geometry<F>;
  using S = Sizes<F>;
  using Link = LinkNode<F>;
  using Table = PageTable<F, M>;
  using T = Tree<F, M>;
  using Leaf = typename T::Leaf;

 public:
  using Space = AddressSpace<F, M>;

  Units(std::span<Space> spaces, std::span<MappingNode> nodes, NodePool& parts)
      : spaces_(spaces), db_(nodes, parts) {}

  [[nodiscard]] MappingDb<F>& db() { return db_; }
  [[nodiscard]] const MappingDb<F>& db() const { return db_; }
  [[nodiscard]] std::span<Space> spaces() const { return spaces_; }
  [[nodiscard]] Table& table(unsigned space) const { return *spaces_[space].table; }

  // Where the unit begins.
  [[nodiscard]] std::uint64_t va(std::uint32_t unit) const { return Link::va(link_of(db_[unit]), unit); }

  // What covers va, which is canonical.
  [[nodiscard]] std::optional<FoundUnit> find(unsigned space, std::uint64_t va) const {
    const auto slot = table(space).tree().descend(va, 0);
    return slot.kind() == Kind::leaf ? seen(space, table(space).tree().leaf_of(slot)) : std::nullopt;
  }
  // The first that meets the range. A descent to its begin is cheap, and mostly says it all.
  [[nodiscard]] std::optional<FoundUnit> next(unsigned space, const Range& range) const {
    const T& tree = table(space).tree();
    const auto slot = tree.descend(range.first, 0);
    if (slot.kind() == Kind::leaf)
      return seen(space, tree.leaf_of(slot));
    std::optional<FoundUnit> found;
    if (!slot.range().covers(range))
      (void)tree.for_leaves(tree.root(), range, [&](const Leaf& leaf) {
        found = seen(space, leaf);
        return false;
      });
    return found;
  }
  // Does ask(unit) say so of any unit or area that meets the range? In ascending order, until one does. ask
  // changes nothing.
  template <class Ask>
  [[nodiscard]] bool any_of(unsigned space, Range range, Ask&& ask) const {
    const auto first = next(space, range);
    if (!first || ask(*first))
      return first.has_value();
    if (first->range.last >= range.last)
      return false;
    const T& tree = table(space).tree();
    range.first = first->range.last + 1;
    return !tree.for_leaves(tree.root(), range, [&](const Leaf& leaf) { return !ask(*seen(space, leaf)); });
  }
  // visit(unit) for each of them, areas left out.
  template <class Visit>
  void for_each(unsigned space, const Range& range, Visit&& visit) const {
    (void)any_of(space, range, [&visit](const FoundUnit& unit) {
      if (!unit.is_area())
        visit(unit);
      return false;
    });
  }
  // The first area that meets the range. Most spaces have none, and then none is looked for.
  [[nodiscard]] std::optional<FoundUnit> next_area(unsigned space, const Range& range) const {
    std::optional<FoundUnit> area;
    if (spaces_[space].areas != 0)
      (void)any_of(space, range, [&area](const FoundUnit& unit) {
        if (unit.is_area())
          area = unit;
        return unit.is_area();
      });
    return area;
  }

  // A new unit, clear, where nothing is; or an area, where what is has no node.
  void make(const MappingNode& as, std::uint64_t va, std::uint64_t frame) {
    const std::uint32_t node = db_.nodes().allocate(as);
    db_.attach({node, frame});
    lay(as, va, frame);
    link(as.space, va, node);
  }
  void make_area(const MappingNode& as, std::uint64_t va, std::uint64_t frame) {
    ++spaces_[as.space].areas;
    lay(as, va, frame);
    link(as.space, va, 0);
  }
  void remove_area(unsigned space, const FoundUnit& area) {
    --spaces_[space].areas;
    link_word(space, leaf_at(space, area.va).slot) = 0;
    (void)table(space).unmap(VirtAddr{area.va}, area.bytes());
  }
  // Nothing is derived from it. Returns what was done to it.
  [[nodiscard]] Usage remove(const UnitAt& unit) {
    const MappingNode node = db_[unit.node];
    Usage usage = node.usage;
    (void)table(node.space).unmap_collect(VirtAddr{unlink(unit.node)}, db_.bytes(node), adding_to(usage));
    db_.detach(unit);
    db_.nodes().release(unit.node);
    return usage;
  }
  // The leaves of a range lead nowhere, and their nodes are free. For who forgets all spaces: what hung below
  // these units hangs nowhere until its own space is forgotten.
  void forget(unsigned space, const Range& range) {
    const T& tree = table(space).tree();
    (void)tree.for_leaves(tree.root(), range, [&](const Leaf& leaf) {
      if (const std::uint32_t node = Link::mapping(std::exchange(link_word(space, leaf.slot), 0), leaf.va))
        db_.forget(node);
      return true;
    });
  }
  void restrict(std::uint32_t unit, Rights rights) {
    MappingNode& node = db_[unit];
    node.rights = rights;
    (void)table(node.space)
        .protect(VirtAddr{va(unit)}, db_.bytes(node), mapping_attributes<F>(rights).rights);
  }
  // What was done to it; and the same, which is forgotten then.
  [[nodiscard]] Usage usage(std::uint32_t unit) const {
    const MappingNode& node = db_[unit];
    const Leaf leaf{{{}, F::sizes[node.size].level}, slot_of(node), 0, 0, node.size};
    return node.usage | usage_of(table(node.space).tree().flags(leaf));
  }
  [[nodiscard]] Usage take_usage(std::uint32_t unit) {
    MappingNode& node = db_[unit];
    Usage usage = node.usage;
    node.usage = Usage::none;
    (void)table(node.space).harvest(VirtAddr{va(unit)}, db_.bytes(node), Harvest::clear, adding_to(usage));
    return usage;
  }

  // The unit, and what is derived from it and as large, becomes parts of the next smaller size. Its node is
  // that of the first part.
  void split(const UnitAt& unit) {
    db_.detach(unit);
    std::uint32_t waiting = divide(unit, [](std::uint32_t, unsigned) {});
    while (waiting != 0) {
      const std::uint32_t next = waiting, parent = db_[next].parent;
      waiting = db_[next].next;
      waiting = chain(divide({next, unit.frame},
                             [&](std::uint32_t part, unsigned i) { db_[part].parent = part_of(parent, i); }),
                      waiting);
    }
  }
  // All parts of a unit of this size at va become it: derived from one unit, with equal rights, in order.
  void join(unsigned space, std::uint64_t va, unsigned size) {
    const UnitAt first = find(space, va)->at();
    db_.detach(first);
    db_.join(first.node, [&](unsigned i) { return part_of(first.node, i); });
    for (unsigned i = 1; i < S::parts(size); ++i)
      db_[first.node].note(drop_part(*find(space, va + i * S::bytes(size - 1))));
    (void)table(space).promote(VirtAddr{unlink(first.node)}, S::bytes(size));
    link(space, va, first.node);
    db_.attach(first);
  }

 private:
  [[nodiscard]] static auto adding_to(Usage& usage) {
    return [&usage](const LeafReport& leaf) { usage |= usage_of(leaf.flags); };
  }
  // The link word of the leaf that begins with this descriptor; and of a unit, by its node.
  [[nodiscard]] typename F::Raw& link_word(unsigned space, PhysAddr slot) const {
    return Link::of(table(space).memory(), slot);
  }
  [[nodiscard]] typename F::Raw& link_of(const MappingNode& node) const {
    return link_word(node.space, slot_of(node));
  }
  [[nodiscard]] PhysAddr slot_of(const MappingNode& node) const {
    return Link::slot(table(node.space).memory().pool(), node.slot);
  }
  // In its place, without a copy.
  [[nodiscard]] std::optional<FoundUnit> seen(unsigned space, const Leaf& leaf) const {
    return std::optional<FoundUnit>(std::in_place, Link::read(table(space).memory(), leaf.slot, leaf.va),
                                    leaf.size, leaf.va, raw(leaf.frame()), leaf.word, leaf.range());
  }
  [[nodiscard]] Leaf leaf_at(unsigned space, std::uint64_t va) const {
    const T& tree = table(space).tree();
    return tree.leaf_of(tree.descend(va, 0));
  }
  // The leaf at va and the node lead to each other; 0: it is an area's, and leads nowhere.
  void link(unsigned space, std::uint64_t va, std::uint32_t node) {
    const PhysAddr slot = leaf_at(space, va).slot;
    link_word(space, slot) = Link::word(node, va);
    if (node != 0)
      db_[node].slot = Link::number(table(space).memory().pool(), slot);
  }
  // The leaf leads nowhere any more. Returns where it is.
  std::uint64_t unlink(std::uint32_t unit) { return Link::va(std::exchange(link_of(db_[unit]), 0), unit); }
  void lay(const MappingNode& as, std::uint64_t va, std::uint64_t frame) {
    (void)table(as.space).map(VirtAddr{va}, PhysAddr{frame}, db_.bytes(as), mapping_attributes<F>(as.rights));
  }
  // The node of the i-th part of what was, or will be, one unit; `first` is that of the first part.
  [[nodiscard]] std::uint32_t part_of(std::uint32_t first, unsigned i) const {
    const MappingNode& node = db_[first];
    return i == 0 ? first : find(node.space, va(first) + i * db_.bytes(node))->node;
  }
  // A unit that hangs nowhere becomes its parts, which hang; place(part, i) has named their parents. Returns
  // what was derived from it as a whole, as a list.
  template <class Place>
  [[nodiscard]] std::uint32_t divide(const UnitAt& unit, Place&& place) {
    MappingNode& node = db_[unit.node];
    const std::uint64_t bytes = S::bytes(node.size - 1U), va = unlink(unit.node);
    node.next = node.prev = 0;
    (void)table(node.space).split(VirtAddr{va}, bytes);
    const auto cut = db_.cut(unit.node);
    for (unsigned i = 0; i < S::parts(node.size + 1U); ++i) {
      const std::uint32_t part = i == 0 ? unit.node : another(node);
      if (i != 0)
        db_.adopt_piece(part, cut, i);
      place(part, i);
      db_.attach({part, unit.frame + i * bytes});
      link(node.space, va + i * bytes, part);
    }
    db_.finish(cut);
    return cut.whole;
  }
  [[nodiscard]] std::uint32_t another(MappingNode as) {
    as.next = as.prev = 0;
    as.derived = {};
    return db_.nodes().allocate(as);
  }
  // The list, and behind it the other one.
  [[nodiscard]] std::uint32_t chain(std::uint32_t list, std::uint32_t behind) {
    std::uint32_t last = list;
    while (last != 0 && db_[last].next != 0)
      last = db_[last].next;
    if (last != 0)
      db_[last].next = behind;
    return last != 0 ? list : behind;
  }
  [[nodiscard]] Usage drop_part(const FoundUnit& part) {
    const Usage usage = db_[part.node].usage;
    unlink(part.node);
    db_.detach(part.at());
    db_.nodes().release(part.node);
    return usage;
  }

  std::span<Space> spaces_;
  MappingDb<F> db_;
};

} // namespace pagetwin
