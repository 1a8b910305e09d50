// AddressSpaces: the L4 address spaces of docs/l4.md over page tables of any format: map, grant, unmap and
// flush of flexpages, with the mapping database that says what is derived from what. This header is what a
// user includes. It checks arguments and makes sure that nothing runs dry; the work is in transfer,
// revocation and units. Storage is the caller's. On any status but ok nothing changed, not even a cached
// flag. Rule: Tuch and Klein, "Verifying the L4 Virtual Memory Subsystem", sections 3 and 4. Knows no bit of
// a descriptor.
#pragma once

#include "src/space/space_needs.hpp"

namespace pagetwin {

// The pages of `send` go where the window says, or as many of them as it has room for (meet, in
// flexpage.hpp).
struct TransferRequest {
  unsigned from = 0, to = 0;
  Flexpage send;
  std::uint64_t send_base = 0;
  Flexpage window;
  Rights mask = all_rights;
};
// Meaningful when ok. pages: of the smallest size, that were set.
struct [[nodiscard]] Transferred {
  Status status = Status::ok;
  std::uint64_t pages = 0;
};
struct [[nodiscard]] Revoked {
  Status status = Status::ok;
  Usage usage = Usage::none;
};

// M: a LinkedMemory whose Base makes retired nodes reusable when its sync returns. The tables are known to it
// as spaces 1, 2 and so on. Where M says allows(needs), it is asked before anything is taken, and may refuse.
template <Format F, class M>
class AddressSpaces {
  using G = Geometry<F>;
  using S = Sizes<F>;
  static constexpr std::uint64_t page = bytes_of(F::page_shift),
                                 half_bytes = bytes_of(F::sign_extended ? F::va_bits - 1 : F::va_bits);

 public:
  using Space = AddressSpace<F, M>;

  // spaces: those that there may be, 65,535 at most; what is beyond is never used. nodes[0] stays unused.
  // parts: a pool of arrays, the smallest of which have 2^MappingDb<F>::parts_shift
  // bytes. One mapping takes a descriptor, its link node and a mapping node of 24 bytes; a superpage of which
  // smaller parts were mapped on takes an array besides.
  AddressSpaces(M& memory, std::span<Space> spaces, std::span<MappingNode> nodes, NodePool& parts)
      : memory_(&memory), units_(spaces, nodes, parts) {}
  AddressSpaces(const AddressSpaces&) = delete;
  AddressSpaces& operator=(const AddressSpaces&) = delete;

  // Makes space 0, with the memory from 0 on, in bytes: a multiple of the page. No unit becomes larger than
  // `largest`, a size of the format; 0: any. To be called first.
  [[nodiscard]] Status start(std::uint64_t memory_bytes, std::uint64_t largest = 0) {
    if (!is_aligned(memory_bytes, F::page_shift))
      return Status::misaligned;
    const auto size = largest == 0 ? std::optional(G::size_count - 1) : G::size_index(largest);
    if (!size)
      return Status::bad_size;
    if (memory_bytes > half_bytes || !G::is_output(0, std::max(memory_bytes, page)))
      return Status::out_of_range;
    if (const Status status = create(0); status != Status::ok)
      return status;
    const unsigned before = std::exchange(largest_, *size);
    const Status status = fill(memory_bytes);
    if (status != Status::ok)
      largest_ = before;
    return status;
  }
  // The end: all spaces go, with whatever they hold.
  void stop() {
    for (unsigned space = 0; space < units_.spaces().size(); ++space)
      if (exists(space)) {
        for_halves([&](const Range& half) { units_.forget(space, half); });
        close(space);
      }
  }

  [[nodiscard]] bool exists(unsigned space) const {
    return space < units_.spaces().size() && units_.spaces()[space].table.has_value();
  }
  [[nodiscard]] Status create(unsigned space) {
    if (space >= units_.spaces().size())
      return Status::unknown_space;
    if (exists(space))
      return Status::space_in_use;
    if (!allows({.nodes = 1}))
      return Status::out_of_memory;
    auto& table = units_.spaces()[space].table;
    table = TableOf<F, M>::type::create(*memory_, SpaceId{static_cast<std::uint16_t>(space + 1)});
    if (!table)
      return Status::out_of_memory;
    units_.spaces()[space].root = table->table().root();
    return Status::ok;
  }
  [[nodiscard]] Status destroy(unsigned space) {
    if (!exists(space))
      return Status::unknown_space;
    if (space == 0)
      return Status::space_in_use;
    drop(space);
    return Status::ok;
  }

  [[nodiscard]] Transferred map(const TransferRequest& what) { return transfer(TransferKind::map, what); }
  [[nodiscard]] Transferred grant(const TransferRequest& what) { return transfer(TransferKind::grant, what); }
  // Rights of the mask are taken from everything that is derived from the pages, and by flush from the pages
  // too. Answers what was done to all of them since that was asked last.
  [[nodiscard]] Revoked unmap(unsigned space, const Flexpage& what, Rights mask) {
    return revoke(Revoke::derived, space, what, mask);
  }
  [[nodiscard]] Revoked flush(unsigned space, const Flexpage& what, Rights mask) {
    return revoke(Revoke::all, space, what, mask);
  }

  // An area, of one leaf: outside of what is mapped and derived, until its space is deleted.
  [[nodiscard]] Status place(unsigned space, VirtAddr va, std::uint64_t size, PhysAddr frame, Rights rights) {
    if (!exists(space))
      return Status::unknown_space;
    if (const Status status = Check<F>::page(raw(va), raw(frame), size); status != Status::ok)
      return status;
    if (!is_mapping_right<F>(rights))
      return Status::bad_attributes;
    if (units_.next(space, Flexpage{va, size}.range()))
      return Status::overlap;
    MappingNode area = unit_of(space, *G::size_index(size));
    area.rights = rights;
    if (!reserve({.nodes = SpaceNeeds<F, M>(units_).of_leaf(space, raw(va), area.size).nodes}))
      return Status::out_of_memory;
    units_.make_area(area, raw(va), raw(frame));
    return Status::ok;
  }
  // Units that together look like one of this size, and are derived alike, become it.
  [[nodiscard]] Status merge(unsigned space, VirtAddr va, std::uint64_t size) {
    if (!exists(space))
      return Status::unknown_space;
    if (const Status status = Check<F>::page(raw(va), 0, size); status != Status::ok)
      return status;
    const unsigned index = *G::size_index(size);
    if (const Status status = is_mergeable(space, raw(va), index); status != Status::ok)
      return status;
    if (units_.find(space, raw(va))->size >= index)
      return Status::ok;
    Needs needs;
    needs.parts.add(MappingDb<F>::array_shift(index), 1);
    if (!reserve(needs))
      return Status::out_of_memory;
    units_.join(space, raw(va), index);
    return Status::ok;
  }

  // Where the byte is; or nothing, in a space that does not exist as well. Rights: `user` beside the others
  // where the format has it.
  [[nodiscard, gnu::always_inline]] std::optional<Translation<F>> lookup(unsigned space, VirtAddr va) const {
    const PhysAddr root = space < units_.spaces().size() ? units_.spaces()[space].root : Space::no_root;
    if (root == Space::no_root) [[unlikely]]
      return std::nullopt;
    const auto loads = loads_of(*memory_);
    return walk<F>(loads, root, raw(va));
  }
  // What hardware walks, for who looks up much in one space; null: there is no such space. Not to be edited.
  [[nodiscard]] const PageTable<F, M>* table(unsigned space) const {
    return exists(space) ? &units_.table(space) : nullptr;
  }
  // To be told by who handles a miss or a fault of an access that happened: what hardware does not record in
  // leaves. That is each execution, and a write where the format has no dirty flag. Where nothing is mapped,
  // nothing is noted.
  void note_access(unsigned space, VirtAddr va, AccessKind kind) {
    if (!exists(space) || !G::is_canonical(raw(va)))
      return;
    if (const auto unit = units_.find(space, raw(va)); unit && !unit->is_area())
      units_.db()[unit->node].note(usage_of(kind));
  }

  // The units, for audits and figures.
  [[nodiscard]] const Units<F, M>& units() const { return units_; }
  // visit(range) for each half of the addresses, ascending, or for all of them where there is one half.
  template <class Visit>
  static void for_halves(Visit&& visit) {
    constexpr std::uint64_t half = half_bytes - 1;
    visit(Range{0, half});
    if constexpr (F::sign_extended)
      visit(Range{~half, ~std::uint64_t{0}});
  }

 private:
  [[nodiscard]] static constexpr Usage usage_of(AccessKind kind) {
    constexpr Usage beside[] = {Usage::none, Usage::written, Usage::executed};
    return Usage::accessed | beside[static_cast<unsigned>(kind)];
  }
  [[nodiscard]] static MappingNode unit_of(unsigned space, unsigned size) {
    MappingNode unit;
    unit.space = static_cast<std::uint16_t>(space);
    unit.size = static_cast<std::uint8_t>(size);
    unit.rights = all_rights;
    return unit;
  }

  // Can all of this be taken?
  [[nodiscard]] bool reserve(const Needs& needs) {
    return allows(needs) && (needs.nodes == 0 || memory_->reserve(G::node_shift(0), needs.nodes))
           && units_.db().nodes().available(needs.mappings) && units_.db().parts().available(needs.parts);
  }
  [[nodiscard]] bool allows(const Needs& needs) {
    if constexpr (requires { memory_->allows(needs); })
      return memory_->allows(needs);
    else
      return true;
  }

  [[nodiscard]] Status fill(std::uint64_t memory_bytes) {
    for (std::uint64_t at = 0; at < memory_bytes;) {
      unsigned size = std::min(largest_, S::within(memory_bytes - at));
      while (!is_aligned(at, S::log2(size)))
        --size;
      if (!reserve(SpaceNeeds<F, M>(units_).of_leaf(0, at, size))) {
        drop(0);
        return Status::out_of_memory;
      }
      units_.make(unit_of(0, size), at, at);
      at += S::bytes(size);
    }
    return Status::ok;
  }
  // Everything in it goes, areas last.
  void drop(unsigned space) {
    for_halves([&](const Range& half) {
      (void)Revocation<F, M>(units_, Revoke::all, all_rights).run(space, half);
      while (const auto area = units_.next_area(space, half))
        units_.remove_area(space, *area);
    });
    close(space);
  }
  void close(unsigned space) {
    units_.spaces()[space].table->destroy();
    units_.spaces()[space] = {};
  }

  [[nodiscard]] Transferred transfer(TransferKind kind, const TransferRequest& what) {
    if (!exists(what.from) || !exists(what.to))
      return {Status::unknown_space};
    if (const Status status = first_of(check<F>(what.send), check<F>(what.window)); status != Status::ok)
      return {status};
    if (!is_mapping_right<F>(what.mask))
      return {Status::bad_attributes};
    const Passage where = meet(what.send, what.send_base, what.window);
    const Move move{kind, what.from, what.to, where.from, where.to, where.bytes, what.mask};
    if (!reserve(SpaceNeeds<F, M>(units_).of_transfer(move)))
      return {Status::out_of_memory};
    return {Status::ok, Transfer<F, M>(units_, move).run() >> F::page_shift};
  }
  [[nodiscard]] Revoked revoke(Revoke reach, unsigned space, const Flexpage& what, Rights mask) {
    if (!exists(space))
      return {Status::unknown_space};
    if (const Status status = check<F>(what); status != Status::ok)
      return {status};
    if (!is_revocable<F>(mask))
      return {Status::bad_attributes};
    if (!reserve(SpaceNeeds<F, M>(units_).of_revocation(space, what.range(), reach, mask)))
      return {Status::out_of_memory};
    return {Status::ok, Revocation<F, M>(units_, reach, mask).run(space, what.range())};
  }

  // ok: the parts can become one unit, or are one already.
  [[nodiscard]] Status is_mergeable(unsigned space, std::uint64_t va, unsigned size) const {
    const auto first = units_.find(space, va);
    if (!first || first->is_area())
      return first ? Status::not_uniform : Status::not_mapped;
    if (first->size >= size)
      return Status::ok;
    bool alike = size <= largest_ && is_aligned(first->frame, S::log2(size));
    for (unsigned i = 0; alike && i < S::parts(size); ++i)
      alike = is_part(space, *first, i, size - 1);
    return alike ? Status::ok : Status::not_uniform;
  }
  // Is the i-th part of this size like the first one?
  [[nodiscard]] bool is_part(unsigned space, const FoundUnit& first, unsigned i, unsigned size) const {
    const std::uint64_t offset = i * S::bytes(size);
    const auto unit = units_.find(space, first.va + offset);
    if (!unit || unit->is_area() || unit->size != size || unit->frame != first.frame + offset)
      return false;
    const MappingNode &one = units_.db()[unit->node], &other = units_.db()[first.node];
    return one.parent == other.parent && one.rights == other.rights;
  }

  M* memory_;
  Units<F, M> units_;
  unsigned largest_ = G::size_count - 1; // size
};

} // namespace pagetwin
