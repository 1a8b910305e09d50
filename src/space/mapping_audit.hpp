// Proof that the mapping database and the tables agree, or the first reason why not. Read only, for tests and
// for users who doubt. Every leaf leads to its mapping node and every mapping node to its leaf, each unit
// hangs once where it covers its parent, no array is empty or lost, and no link is left where no leaf begins.
// Costs what is mapped, and the slots of the nodes that it takes.
#pragma once

#include "src/space/address_spaces.hpp"
#include "src/table/audit.hpp"

#include <cstring>

namespace pagetwin {

template <Format F, class M>
class MappingAuditor {
  using G = Geometry<F>;
  using S = Sizes<F>;
  using Spaces = AddressSpaces<F, M>;
  using T = Tree<F, M>;
  using Node = typename T::Node;
  using Raw = typename F::Raw;

 public:
  explicit MappingAuditor(const Spaces& spaces) : units_(&spaces.units()), db_(&units_->db()) {}

  // Empty: all is well.
  [[nodiscard]] std::string_view run() {
    for (unsigned space = 0; space < units_->spaces().size(); ++space)
      if (units_->spaces()[space].table)
        check_space(space);
    check(units_found_ == db_->nodes().used(), "a mapping node has no leaf");
    check(children_ == derived_, "a unit does not hang below its parent");
    check(arrays_ == db_->parts().used(), "an array of parts is lost");
    return problem_;
  }

 private:
  void check(bool good, std::string_view problem) {
    if (!good && problem_.empty())
      problem_ = problem;
  }
  void check_space(unsigned space) {
    const auto& table = units_->table(space);
    check(audit(table).ok(), "a table is not well formed");
    std::uint64_t areas = 0;
    Spaces::for_halves([&](const Range& half) {
      (void)units_->any_of(space, half, [&](const FoundUnit& unit) {
        areas += unit.is_area();
        if (!unit.is_area())
          check_unit(space, unit);
        return !problem_.empty();
      });
    });
    check(areas == units_->spaces()[space].areas, "areas are counted wrong");
    check_links(table.tree(), table.tree().root(), 0);
  }

  void check_unit(unsigned space, const FoundUnit& unit) {
    if (!db_->nodes().contains(unit.node))
      return check(false, "a leaf leads to no mapping node");
    const MappingNode& node = (*db_)[unit.node];
    check(++units_found_ <= db_->nodes().used(), "a leaf leads to a mapping node that another leaf has");
    check(node.space == space && is_at(node, unit.va) && node.size == unit.size,
          "a leaf leads to the mapping node of another");
    const auto leaf = units_->table(space).lookup(VirtAddr{unit.va});
    check(leaf->attributes() == mapping_attributes<F>(node.rights),
          "a leaf has other rights than its mapping node");
    if (problem_.empty())
      check_derived(unit);
    derived_ += node.parent != 0;
  }
  // Is this the leaf that the node leads to?
  [[nodiscard]] bool is_at(const MappingNode& node, std::uint64_t va) const {
    const T& tree = units_->table(node.space).tree();
    return LinkNode<F>::number(tree.memory().pool(), tree.leaf_of(tree.descend(va, 0)).slot) == node.slot;
  }
  // The leaf that a node leads to, if it leads to any.
  [[nodiscard]] std::optional<FoundUnit> leaf_of(std::uint32_t unit) const {
    const MappingNode& node = (*db_)[unit];
    if (!units_->spaces()[node.space].table)
      return std::nullopt;
    const NodePool& pool = units_->table(node.space).memory().pool();
    return pool.contains(LinkNode<F>::slot(pool, node.slot)) ? units_->find(node.space, units_->va(unit))
                                                             : std::nullopt;
  }
  // What hangs below the unit is derived from it, and is where it hangs.
  void check_derived(const FoundUnit& unit) {
    const Scope all{{unit.frame, unit.frame + (unit.bytes() - 1)}};
    std::uint32_t before = 0;
    for (auto next = db_->first_child(unit.at(), all); next && problem_.empty();
         next = db_->next_child(*next, all)) {
      check(++children_ <= db_->nodes().used(), "a list of derived units has no end");
      check_child(unit, *next, before);
      before = (*db_)[next->node].next != 0 ? next->node : 0;
    }
    if (problem_.empty())
      check_arrays((*db_)[unit.node].derived, unit.size);
  }
  void check_child(const FoundUnit& parent, const UnitAt& child, std::uint32_t before) {
    const MappingNode& node = (*db_)[child.node];
    check(node.parent == parent.node && node.prev == before, "a list of derived units is broken");
    check((node.rights & (*db_)[parent.node].rights) == node.rights,
          "a unit has rights that its parent lacks");
    const auto leaf = leaf_of(child.node);
    check(leaf && leaf->node == child.node && leaf->frame == child.frame && leaf->size <= parent.size,
          "a unit hangs where it does not belong");
  }
  void check_arrays(const DerivedUnits& at, unsigned size) {
    if (!at.is_array())
      return;
    ++arrays_;
    unsigned live = 0;
    db_->for_used(at, size, [&](const DerivedUnits& part) {
      ++live;
      check_arrays(part, size - 1);
    });
    check(live != 0 && live == db_->record(at).live, "an array of parts is counted wrong");
  }
  // No link but where a leaf begins.
  void check_links(const T& tree, Node node, std::uint64_t va) {
    const auto slots = tree.window(node.at);
    const unsigned entries = G::entries(node.level);
    const auto slot = [&](unsigned i) {
      return typename T::Slot{node, G::slot(node.at, i), va + i * G::span(node.level), slots.load(i)};
    };
    for (unsigned i = slots.next_live(0, entries); i < entries; i = slots.next_live(i + 1, entries))
      if (const auto s = slot(i); s.kind() == Kind::table)
        check_links(tree, s.child(), s.va);
    const std::span<std::byte> words = tree.memory().links(node.at, entries * sizeof(Raw));
    const auto* const links = reinterpret_cast<const Raw*>(words.data());
    for (unsigned i = first_link(links, entries); i < entries; i = next_nonzero(links, i + 1, entries)) {
      const auto s = slot(i);
      check(s.kind() == Kind::leaf && tree.leaf_of(s).slot == s.at, "a link is left where no leaf begins");
    }
  }
  // Most nodes have no link at all, which one comparison shows.
  [[nodiscard]] static unsigned first_link(const Raw* links, unsigned end) {
    const bool none = links[0] == 0 && std::memcmp(links, links + 1, (end - 1) * sizeof(Raw)) == 0;
    return none ? end : next_nonzero(links, 0, end);
  }

  const Units<F, M>* units_;
  const MappingDb<F>* db_;
  std::string_view problem_;
  std::uint64_t units_found_ = 0, derived_ = 0, children_ = 0, arrays_ = 0;
};

template <Format F, class M>
[[nodiscard]] std::string_view audit(const AddressSpaces<F, M>& spaces) {
  return MappingAuditor<F, M>(spaces).run();
}

} // namespace pagetwin
