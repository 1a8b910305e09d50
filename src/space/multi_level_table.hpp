// The multi-level page table of Tuch and Klein, "Verifying the L4 Virtual Memory Subsystem", section 4.2: the
// loops of figures 15 and 16, with the paper's contract, over nodes of a real format (docs/l4.md, "Page
// tables", level C). What the paper calls Invalid, Leaf and Next are holes, PTEs and tables. A size that the
// paper would give a level of its own may be several descriptors of one level. It refuses to know what a map
// node is.
#pragma once

#include "src/space/link_node.hpp"
#include "src/space/linked_memory.hpp"
#include "src/space/pte.hpp"
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
    clear_links(tree_.root());
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
    while (pte.level() != 0 && is_subtree(pte))
      pte = slot_of(pte.child(), va);
    return is_valid(pte) ? std::optional(pte_of(pte)) : std::nullopt;
  }

  // Figure 16. The page of `size` bytes that va is in gets a PTE without rights, unless a byte of it is
  // mapped. When what is at va is at least as large, that is the answer, too. empty, bad_size, out_of_range,
  // out_of_memory.
  Inserted insert(VirtAddr va, std::uint64_t size) {
    if (const Status status = check(va, size); status != Status::ok)
      return {status, {}};
    const unsigned index = *G::size_index(size), l = F::sizes[index].level;
    Slot pte = slot_of(tree_.root(), va);
    while (pte.level() != l && is_subtree(pte))
      pte = slot_of(pte.child(), va);
    if (!is_valid(pte) && !tree_.reserve(pte.level() - l))
      return {Status::out_of_memory, {}};
    while (pte.level() != l && !is_valid(pte)) {
      make_subtree(pte);
      pte = slot_of(pte.child(), va);
    }
    return {Status::ok, insert_at(pte, index)};
  }

  // The fields of a PTE that lookup or insert answered, and that is there still; else nothing. A name is
  // believed when a walk leads to it.
  [[nodiscard]] std::optional<PteFields> fields(const Pte& pte) const {
    const auto slot = find(pte);
    return slot ? std::optional(fields_of(*slot)) : std::nullopt;
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
    if (fields_of(*slot) != next)
      rewrite(*slot, size, next);
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
    link(pte) = node ^ static_cast<Raw>(raw(va));
    return Status::ok;
  }
  [[nodiscard]] std::optional<MapNode> map_node(const Pte& pte, VirtAddr va) const {
    return find(pte) ? std::optional<MapNode>(link(pte) ^ static_cast<Raw>(raw(va))) : std::nullopt;
  }

  // The page of `size` bytes that va is in is unmapped. not_mapped: nothing is at va; not_uniform: a page of
  // another size; else as insert.
  [[nodiscard]] Status remove(VirtAddr va, std::uint64_t size) {
    const auto [status, pte] = page_of(va, size);
    if (status != Status::ok)
      return status;
    link(*pte) = 0;
    clear(slot_at(*pte));
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
    if (!Words::keeps(last_part(fields_of(s), size - part.bytes()), part))
      return Status::bad_attributes;
    if (!tree_.reserve(s.level() - part.level))
      return Status::out_of_memory;
    const Raw word = std::exchange(link(*pte), 0);
    split_descriptor(s, part);
    link_parts(*pte, part, word);
    tree_.pay();
    return Status::ok;
  }

 private:
  struct PageFound {
    Status status;
    std::optional<Pte> pte;
  };

  explicit MultiLevelTable(const Table& table) : table_(table), tree_(table.tree()) {}

  [[nodiscard]] static constexpr Rights without(Rights set, Rights gone) {
    return static_cast<Rights>(static_cast<unsigned>(set) & ~static_cast<unsigned>(gone));
  }

  // The paper's words.
  [[nodiscard]] static bool is_valid(const Slot& s) { return !s.is_free(); }
  [[nodiscard]] static bool is_subtree(const Slot& s) { return s.kind() == Kind::table; }
  [[nodiscard]] Slot slot_of(Node node, VirtAddr va) const { return tree_.slot_of(node, raw(va)); }
  // It was reserved. The slot holds the table afterwards.
  void make_subtree(Slot& s) {
    tree_.link(s, tree_.allocate(s.level() - 1, Fill::zero));
    s.word = tree_.load(s.at);
  }

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

  // The slot of a PTE, a leaf or a hole that hides one.
  [[nodiscard]] static unsigned size_of(const Slot& s) {
    return s.kind() == Kind::leaf ? G::size_of(s.word, s.level()) : Words::hidden_size(s.marker(), s.level());
  }
  [[nodiscard]] Pte pte_of(const Slot& s) const { return pte_of(s, size_of(s)); }
  [[nodiscard]] Pte pte_of(const Slot& s, unsigned size) const {
    const std::uint64_t va = align_down(s.va, F::sizes[size].log2_bytes);
    return {G::slot(s.node.at, G::index(va, s.level())), va, size};
  }
  [[nodiscard]] static PteFields fields_of(const Slot& s) {
    return s.kind() == Kind::leaf ? Words::of_leaf(s.word, s.level())
                                  : Words::of_hole(s.marker(), F::sizes[size_of(s)]);
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
    if (is_subtree(s))
      return std::nullopt;
    if (is_valid(s))
      return size <= size_of(s) ? std::optional(pte_of(s)) : std::nullopt;
    const Pte pte = pte_of(s, size);
    const PageSize page = F::sizes[size];
    for (unsigned i = 0; i < page.copies(); ++i)
      if (tree_.load(pte.name + i * sizeof(Raw)) != 0)
        return std::nullopt;
    hide(s.node, pte.name, page, {});
    NodeRecord& r = tree_.record(s.node);
    r.live = static_cast<std::uint16_t>(r.live + page.copies());
    return pte;
  }

  // Words of holes, in all slots of a page that hardware sees nothing of.
  void hide(Node node, PhysAddr first, PageSize page, const PteFields& f) {
    for (unsigned i = 0; i < page.copies(); ++i)
      tree_.store(first + i * sizeof(Raw), Words::hole(f, page));
    NodeRecord& r = tree_.record(node);
    r.markers = static_cast<std::uint16_t>(r.markers + page.copies());
  }
  // They hold something else from now on.
  void unhide(Node node, PageSize page) {
    NodeRecord& r = tree_.record(node);
    r.markers = static_cast<std::uint16_t>(r.markers - page.copies());
  }

  // Other fields for a PTE, shown or hidden before and after.
  void rewrite(const Slot& s, PageSize page, const PteFields& next) {
    const PhysAddr first = pte_of(s).name;
    const bool shown = s.kind() == Kind::leaf, shows = Words::shows(next);
    if (shown && shows)
      return rewrite_leaf(tree_, tree_.leaf_of(s), Words::attributes(next), next.frame,
                          fields_of(s).frame == next.frame ? KeepFlags::yes : KeepFlags::no);
    if (shown)
      take(tree_.leaf_of(s));
    else
      unhide(s.node, page);
    if (!shows)
      return hide(s.node, first, page, next);
    tree_.fill(first, page.copies(), next.frame, F::leaf_bits(Words::attributes(next), Flags{}, page), page);
  }
  // Holes in place of a leaf, of which every cache is told.
  void take(const typename T::Leaf& leaf) {
    (void)tree_.take(leaf);
    tree_.owe(leaf.range(), Invalidation::Reach::leaf);
  }
  void clear(const Slot& s) {
    const PageSize page = F::sizes[size_of(s)];
    const PhysAddr first = pte_of(s).name;
    if (s.kind() == Kind::leaf) {
      take(tree_.leaf_of(s));
    } else {
      for (unsigned i = 0; i < page.copies(); ++i)
        tree_.store(first + i * sizeof(Raw), 0);
      unhide(s.node, page);
    }
    NodeRecord& r = tree_.record(s.node);
    r.live = static_cast<std::uint16_t>(r.live - page.copies());
  }

  [[nodiscard]] static PteFields last_part(PteFields whole, std::uint64_t offset) {
    whole.frame = whole.frame + offset;
    return whole;
  }
  // Parts are in one node, each with a link word of its own.
  void link_parts(const Pte& whole, PageSize part, Raw word) {
    const Pte first = pte_of(tree_.descend(whole.va, part.level));
    const std::uint64_t count = F::sizes[whole.size].bytes() / part.bytes();
    for (std::uint64_t i = 0; i < count; ++i)
      link(first.name + i * part.copies() * sizeof(Raw), part.level) = word;
  }
  // The node for smaller parts was reserved.
  void split_descriptor(const Slot& s, PageSize part) {
    if (s.kind() == Kind::leaf)
      return Splitter<F, M>(tree_).split(tree_.leaf_of(s));
    const PteFields whole = fields_of(s);
    if (part.level == s.level())
      return hide_parts(pte_of(s).name, F::sizes[size_of(s)].copies(), part, whole);
    const Node node = tree_.allocate(part.level, Fill::any);
    hide_parts(node.at, G::entries(part.level), part, whole);
    NodeRecord& r = tree_.record(node);
    r.live = r.markers = static_cast<std::uint16_t>(G::entries(part.level));
    tree_.link(s, node);
  }
  // `count` slots become parts that hide, over consecutive frames; they are counted already.
  void hide_parts(PhysAddr first, unsigned count, PageSize part, PteFields fields) {
    for (unsigned i = 0; i < count; ++i) {
      tree_.store(first + i * sizeof(Raw), Words::hole(fields, part));
      if ((i + 1) % part.copies() == 0)
        fields.frame = fields.frame + part.bytes();
    }
  }

  // The link word of a PTE, that of its first descriptor. It is no descriptor, and goes past the policy.
  [[nodiscard]] Raw& link(const Pte& pte) const { return link(pte.name, F::sizes[pte.size].level); }
  [[nodiscard]] Raw& link(PhysAddr slot, unsigned level) const {
    return *tree_.memory().pool().template host<Raw>(LinkNode<F>::of(slot, level));
  }
  void clear_links(Node node) {
    const auto slots = tree_.window(node.at);
    const unsigned end = G::entries(node.level);
    for (unsigned i = slots.next_live(0, end); i < end; i = slots.next_live(i + 1, end)) {
      const Raw word = slots.load(i);
      if (F::kind(word, node.level) == Kind::table)
        clear_links({F::table(word, node.level), node.level - 1});
      else
        link(G::slot(node.at, i), node.level) = 0;
    }
  }

  Table table_;
  T tree_; // with a cursor that no operation of table_ goes by
};

} // namespace pagetwin
