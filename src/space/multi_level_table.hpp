// The multi-level page table of Tuch and Klein, "Verifying the L4 Virtual Memory Subsystem", section 4.2: the
// loops of figures 15 and 16, with the paper's contract, over nodes of a real format (docs/l4.md, "Page
// tables", level C). What the paper calls Invalid, Leaf and Next are holes, PTEs and tables. A size that the
// paper would give a level of its own may be several descriptors of one level. It refuses to know what a map
// node is.
#pragma once

#include "src/space/linked_memory.hpp"
#include "src/space/pte_slots.hpp"
#include "src/table/page_table.hpp"

namespace pagetwin {

// pte: meaningful when ok. Nothing: the insertion met smaller pages.
struct [[nodiscard]] Inserted {
  Status status;
  std::optional<Pte> pte;
};

// M: LinkedMemory over any policy. One space; its name in the paper, the root node, is root(). Sizes are in
// bytes. On any status but ok nothing changed.
template <Format F, class M, class Words = PteWords<F>>
class MultiLevelTable {
  using G = Geometry<F>;
  using T = Tree<F, M>;
  using P = PteSlots<F, M, Words>;
  using Slot = typename T::Slot;
  using Node = typename T::Node;
  using Raw = typename F::Raw;

 public:
  using Table = PageTable<F, M>;
  using MapNode = Raw;

  // Takes one node, the root; nothing when there is none. destroy() gives everything back.
  [[nodiscard]] static std::optional<MultiLevelTable> create(M& memory, SpaceId space) {
    const auto table = Table::create(memory, space);
    return table ? std::optional(MultiLevelTable(*table)) : std::nullopt;
  }
  void destroy() {
    slots().clear_links(tree_.root());
    table_.destroy();
  }

  [[nodiscard]] PhysAddr root() const { return tree_.root().at; }
  // What hardware sees of it; not to be edited.
  [[nodiscard]] const Table& table() const { return table_; }

  // Figure 15. Nothing: va is mapped to nothing, or is no address.
  [[nodiscard]] std::optional<Pte> lookup(VirtAddr va) const {
    if (!G::is_canonical(raw(va)))
      return std::nullopt;
    Slot pte = slot_of(tree_.root(), va);
    while (pte.level() != 0 && P::is_subtree(pte))
      pte = slot_of(pte.child(), va);
    return P::is_valid(pte) ? std::optional(P::pte_of(pte)) : std::nullopt;
  }

  // Figure 16. The page of `size` bytes that va is in gets a PTE without rights, unless a byte of it is
  // mapped. When what is at va is at least as large, that is the answer, too. empty, bad_size, out_of_range,
  // out_of_memory.
  Inserted insert(VirtAddr va, std::uint64_t size) {
    if (const Status status = check(va, size); status != Status::ok)
      return {status, {}};
    const unsigned index = *G::size_index(size), l = F::sizes[index].level;
    Slot pte = slot_of(tree_.root(), va);
    while (pte.level() != l && P::is_subtree(pte))
      pte = slot_of(pte.child(), va);
    if (!P::is_valid(pte) && !tree_.reserve(pte.level() - l))
      return {Status::out_of_memory, {}};
    while (pte.level() != l && !P::is_valid(pte)) {
      slots().make_subtree(pte);
      pte = slot_of(pte.child(), va);
    }
    return {Status::ok, insert_at(pte, index)};
  }

  // The fields of a PTE that lookup or insert answered, and that is there still; else nothing. A name is
  // believed when a walk leads to it.
  [[nodiscard]] std::optional<PteFields> fields(const Pte& pte) const {
    const auto slot = find(pte);
    return slot ? std::optional(P::fields_of(*slot)) : std::nullopt;
  }
  // not_mapped: no such PTE. misaligned, out_of_range: the frame is none of this size. bad_attributes: it
  // hides, and no hole has room for so high a frame. A PTE that hides forgets its accessed and dirty flags.
  [[nodiscard]] Status set_fields(const Pte& pte, const PteFields& next) {
    const auto slot = find(pte);
    if (!slot)
      return Status::not_mapped;
    const PageSize size = F::sizes[pte.size];
    const Status status = Check<F>::page(0, raw(next.frame), size.bytes());
    if (status != Status::ok)
      return status;
    if (!Words::keeps(next, size))
      return Status::bad_attributes;
    if (P::fields_of(*slot) != next)
      slots().rewrite(*slot, size, next);
    tree_.pay();
    return Status::ok;
  }

  [[nodiscard]] Status set_paddr(const Pte& pte, PhysAddr frame) {
    return change(pte, [frame](PteFields& f) { f.frame = frame; });
  }
  // right: one of read, write and execute, or several of them.
  [[nodiscard]] Status set_right(const Pte& pte, Rights right, bool on) {
    return change(pte,
                  [right, on](PteFields& f) { f.rights = on ? f.rights | right : without(f.rights, right); });
  }
  [[nodiscard]] Status set_cached(const Pte& pte, bool on) {
    return change(pte, [on](PteFields& f) { f.cached = on; });
  }

  // The link node of a PTE is one word beside its descriptor, the map node XOR the virtual address. Whoever
  // reads it says which address was stored: with another the answer means nothing.
  [[nodiscard]] Status set_link_node(const Pte& pte, MapNode node, VirtAddr va) {
    if (!find(pte))
      return Status::not_mapped;
    slots().link(pte) = node ^ static_cast<Raw>(raw(va));
    return Status::ok;
  }
  [[nodiscard]] std::optional<MapNode> map_node(const Pte& pte, VirtAddr va) const {
    return find(pte) ? std::optional<MapNode>(P::link(tree_.memory(), pte) ^ static_cast<Raw>(raw(va)))
                     : std::nullopt;
  }

  // The page of `size` bytes that va is in is unmapped. not_mapped: nothing is at va; not_uniform: a page of
  // another size; else as insert.
  [[nodiscard]] Status remove(VirtAddr va, std::uint64_t size) {
    const auto [status, pte] = page_of(va, size);
    if (status != Status::ok)
      return status;
    slots().link(*pte) = 0;
    slots().clear(slot_at(*pte));
    for (unsigned level = F::sizes[pte->size].level + 1; level < F::levels; ++level)
      tree_.reclaim(tree_.descend(pte->va, level));
    tree_.pay();
    return Status::ok;
  }
  // It gives way to pages of the next smaller size, with consecutive frames and else the same fields and link
  // words. bad_size: there is no smaller one; bad_attributes: they hide, and no hole has room for their
  // frames; else as remove.
  [[nodiscard]] Status split(VirtAddr va, std::uint64_t size) {
    const auto [status, pte] = page_of(va, size);
    if (status != Status::ok)
      return status;
    if (pte->size == 0)
      return Status::bad_size;
    const Slot s = slot_at(*pte);
    const PageSize part = F::sizes[pte->size - 1];
    if (!Words::keeps(last_part(P::fields_of(s), size - part.bytes()), part))
      return Status::bad_attributes;
    if (!tree_.reserve(s.level() - part.level))
      return Status::out_of_memory;
    const Raw word = std::exchange(slots().link(*pte), 0);
    slots().split(s, part);
    slots().link_parts(*pte, part, word);
    tree_.pay();
    return Status::ok;
  }

 private:
  struct PageFound {
    Status status;
    std::optional<Pte> pte;
  };

  explicit MultiLevelTable(const Table& table) : table_(table), tree_(table.tree()) {}

  [[nodiscard]] P slots() { return P(tree_); }
  [[nodiscard]] Slot slot_of(Node node, VirtAddr va) const { return tree_.slot_of(node, raw(va)); }

  [[nodiscard]] static Status check(VirtAddr va, std::uint64_t size) {
    if (size == 0 || !G::size_index(size))
      return size == 0 ? Status::empty : Status::bad_size;
    return G::is_canonical(raw(va)) ? Status::ok : Status::out_of_range;
  }
  [[nodiscard]] PageFound page_of(VirtAddr va, std::uint64_t size) const {
    if (const Status status = check(va, size); status != Status::ok)
      return {status, {}};
    const auto pte = lookup(va);
    if (!pte)
      return {Status::not_mapped, {}};
    return F::sizes[pte->size].bytes() == size ? PageFound{Status::ok, pte}
                                               : PageFound{Status::not_uniform, {}};
  }

  [[nodiscard]] Slot slot_at(const Pte& pte) const { return tree_.descend(pte.va, F::sizes[pte.size].level); }
  [[nodiscard]] std::optional<Slot> find(const Pte& pte) const {
    return lookup(VirtAddr{pte.va}) == pte ? std::optional(slot_at(pte)) : std::nullopt;
  }
  template <class Edit>
  [[nodiscard]] Status change(const Pte& pte, Edit&& edit) {
    auto next = fields(pte);
    if (!next)
      return Status::not_mapped;
    edit(*next);
    return set_fields(pte, *next);
  }

  // At the level of the size. The PTE that is there is the answer when it is large enough.
  [[nodiscard]] std::optional<Pte> insert_at(const Slot& s, unsigned size) {
    if (P::is_subtree(s))
      return std::nullopt;
    if (P::is_valid(s))
      return size <= P::size_of(s) ? std::optional(P::pte_of(s)) : std::nullopt;
    const Pte pte = P::pte_of(s, size);
    return slots().make(s.node, pte) ? std::optional(pte) : std::nullopt;
  }

  [[nodiscard]] static PteFields last_part(PteFields whole, std::uint64_t offset) {
    whole.frame = whole.frame + offset;
    return whole;
  }
  Table table_;
  T tree_; // with a cursor that no operation of table_ goes by
};

} // namespace pagetwin
