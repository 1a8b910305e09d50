// Units: leaves of the tables together with their mapping nodes, found, made, removed, narrowed, split and
// joined, always both at once, and linked to each other. Areas are leaves whose link leads to no mapping
// node. Reserves nothing: who edits has made sure that there is enough (space_needs.hpp). Refuses to know
// what an operation of docs/l4.md means.
#pragma once

#include "src/space/linked_table.hpp"
#include "src/space/mapping_db.hpp"

namespace pagetwin {

// One address space; areas: how many it has. root: of its table, for lookups, which need no more of it, and
// find it by a shift.
template <Format F, class M>
struct alignas(128) AddressSpace {
  static constexpr PhysAddr no_root{~std::uint64_t{0}};

  PhysAddr root = no_root;
  std::uint64_t areas = 0;
  std::optional<typename TableOf<F, M>::type> table;
};

template <Format F, class M>
class Units {
  // Tables are known to memory by the number of their space plus 1, which has 16 bits; so has a mapping
  // node's.
  static constexpr std::size_t most_spaces = 0xffff;
  using S = Sizes<F>;
  using Pages = typename TableOf<F, M>::type;

 public:
  using Space = AddressSpace<F, M>;

  Units(std::span<Space> spaces, std::span<MappingNode> nodes, NodePool& parts)
      : spaces_(spaces.first(std::min(spaces.size(), most_spaces))), db_(nodes, parts) {}

  [[nodiscard]] MappingDb<F>& db() { return db_; }
  [[nodiscard]] const MappingDb<F>& db() const { return db_; }
  [[nodiscard]] std::span<Space> spaces() const { return spaces_; }
  // What hardware walks, to look up and for audits.
  [[nodiscard]] const PageTable<F, M>& table(unsigned space) const { return pages(space).table(); }

  // Where the unit begins.
  [[nodiscard]] std::uint64_t va(std::uint32_t unit) const {
    const MappingNode& node = db_[unit];
    return pages(node.space).va_of(node.slot, unit);
  }

  // What covers va, which is canonical.
  [[nodiscard]] std::optional<FoundUnit> find(unsigned space, std::uint64_t va) const {
    return pages(space).find(va);
  }
  // The first that meets the range.
  [[nodiscard]] std::optional<FoundUnit> next(unsigned space, const Range& range) const {
    return pages(space).next(range);
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
    range.first = first->range.last + 1;
    return pages(space).any_of(range, ask);
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
    db_[node].slot = lay(as, va, frame, node);
  }
  void make_area(const MappingNode& as, std::uint64_t va, std::uint64_t frame) {
    ++spaces_[as.space].areas;
    (void)lay(as, va, frame, 0);
  }
  void remove_area(unsigned space, const FoundUnit& area) {
    --spaces_[space].areas;
    (void)pages(space).remove(pages(space).name_of(area.va), 0, area.bytes());
  }
  // Nothing is derived from it. Returns what was done to it.
  [[nodiscard]] Usage remove(const UnitAt& unit) {
    const MappingNode node = db_[unit.node];
    const Flags flags = pages(node.space).remove(node.slot, unit.node, db_.bytes(node));
    db_.detach(unit);
    db_.nodes().release(unit.node);
    return node.usage | usage_of(flags);
  }
  // The leaves of a range lead nowhere, and their nodes are free. For who forgets all spaces: what hung below
  // these units hangs nowhere until its own space is forgotten.
  void forget(unsigned space, const Range& range) {
    pages(space).forget(range, [this](std::uint32_t node) { db_.forget(node); });
  }
  void restrict(std::uint32_t unit, Rights rights) {
    MappingNode& node = db_[unit];
    node.rights = rights;
    pages(node.space).restrict(va(unit), db_.bytes(node), rights);
  }
  // What was done to it; and the same, which is forgotten then.
  [[nodiscard]] Usage usage(std::uint32_t unit) const {
    const MappingNode& node = db_[unit];
    return node.usage | usage_of(pages(node.space).flags(node.slot, node.size));
  }
  [[nodiscard]] Usage take_usage(std::uint32_t unit) {
    MappingNode& node = db_[unit];
    const Usage usage = node.usage;
    node.usage = Usage::none;
    return usage | usage_of(pages(node.space).take_flags(va(unit), db_.bytes(node)));
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
    db_[first.node].slot = pages(space).join(db_[first.node].slot, first.node, S::bytes(size));
    db_.attach(first);
  }

 private:
  [[nodiscard]] Pages& pages(unsigned space) const { return *spaces_[space].table; }
  // Returns the page's name. node 0: an area's, which leads nowhere.
  [[nodiscard]] std::uint32_t lay(const MappingNode& as, std::uint64_t va, std::uint64_t frame,
                                  std::uint32_t node) {
    return pages(as.space).insert(va, frame, db_.bytes(as), as.rights, node);
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
    const std::uint64_t bytes = S::bytes(node.size - 1U),
                        va = pages(node.space).split(node.slot, unit.node, bytes);
    node.next = node.prev = 0;
    const auto cut = db_.cut(unit.node);
    for (unsigned i = 0; i < S::parts(node.size + 1U); ++i) {
      const std::uint32_t part = i == 0 ? unit.node : another(node);
      if (i != 0)
        db_.adopt_piece(part, cut, i);
      place(part, i);
      db_.attach({part, unit.frame + i * bytes});
      db_[part].slot = pages(node.space).link(va + i * bytes, part);
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
    const MappingNode& node = db_[part.node];
    const Usage usage = node.usage;
    (void)pages(node.space).unlink(node.slot, part.node);
    db_.detach(part.at());
    db_.nodes().release(part.node);
    return usage;
  }

  std::span<Space> spaces_;
  MappingDb<F> db_;
};

} // namespace pagetwin
