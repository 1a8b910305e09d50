// A translation cache and a walk cache in front of a walk of raw descriptors, for any number of spaces: what
// a processor does with a table, including its updates of the accessed and dirty flags. Knows no PageTable:
// it reads the descriptors that hardware would read, and hears of edits by invalidate() only. Not modelled:
// accessed flags of table descriptors, and protection keys. Who may do what is the format's answer (permits);
// flags and caches follow Intel SDM 3A, sections 4.8 and 4.10, and docs/tiny.md says the same for the tiny
// format.
#pragma once

#include "src/tlb/invalidation.hpp"
#include "src/tlb/tlb.hpp"
#include "src/tlb/walk_cache.hpp"

namespace pagetwin {

enum class Source : std::uint8_t { tlb, walk };
enum class Fault : std::uint8_t { none, not_present, rights, non_canonical };

struct MmuTranslation : TlbTranslation {
  Source source = Source::walk;

  friend constexpr bool operator==(const MmuTranslation&, const MmuTranslation&) = default;
};

struct AccessResult {
  Fault fault = Fault::none;
  MmuTranslation translation{}; // when there is no fault

  friend constexpr bool operator==(const AccessResult&, const AccessResult&) = default;
};

// The flags that an access leaves in the leaf.
[[nodiscard]] constexpr Flags flags_of(AccessKind kind) {
  return {.accessed = true, .dirty = kind == AccessKind::write};
}

template <Format F, class Memory>
class Mmu {
  using Raw = typename F::Raw;
  using Shape = Geometry<F>;

 public:
  // Memory outlives the Mmu; tlb and walk_cache are handed over ready made, over storage of the caller.
  Mmu(Memory& memory, const Tlb<F>& tlb, const WalkCache<F>& walk_cache)
      : memory_(&memory), tlb_(tlb), walk_cache_(walk_cache) {}

  [[nodiscard]] Tlb<F>& tlb() { return tlb_; }
  [[nodiscard]] const Tlb<F>& tlb() const { return tlb_; }
  [[nodiscard]] WalkCache<F>& walk_cache() { return walk_cache_; }
  [[nodiscard]] const WalkCache<F>& walk_cache() const { return walk_cache_; }

  // The translation of va without an access: no flag is set and no right is asked for.
  [[nodiscard, gnu::always_inline]] inline std::optional<MmuTranslation>
  translate(SpaceId space, PhysAddr root, std::uint64_t va) {
    if (const auto hit = tlb_.lookup(space, va)) [[likely]]
      return MmuTranslation{*hit, Source::tlb};
    return translate_by_walk(space, root, va);
  }

  // A line that does not permit the access, or through which a flag would still have to be set, decides
  // nothing: the walk does. So a table that widens rights owes no invalidation, and a first write through a
  // clean line reaches the dirty flag.
  [[nodiscard, gnu::always_inline]] inline AccessResult access(SpaceId space, PhysAddr root, std::uint64_t va,
                                                               AccessKind kind, Privilege who) {
    const auto hit = tlb_.lookup(space, va);
    if (hit && F::permits(hit->attributes, kind, who) && covers(hit->flags, flags_of(kind))) [[likely]]
      return {Fault::none, {*hit, Source::tlb}};
    return access_by_walk(space, root, va, kind, who);
  }

  // The table's side: the listener of a NotifyingMemory. An invalidation is complete when it returns.
  void invalidate(const Invalidation& i) { apply(i, tlb_, walk_cache_); }
  void sync() {}
  // The space's name is about to be given to another table. Global lines stay.
  void invalidate_space(SpaceId space) {
    walk_cache_.invalidate_space(space);
    tlb_.invalidate_space(space);
  }
  void invalidate_all() {
    walk_cache_.invalidate_all();
    tlb_.invalidate_all();
  }

 private:
  struct Found {
    PhysAddr slot; // of the copy that was walked through
    Raw word;
    unsigned level;
    TlbTranslation leaf;
  };

  [[nodiscard]] static constexpr bool covers(Flags have, Flags wanted) { return (have | wanted) == have; }

  [[gnu::noinline]] std::optional<MmuTranslation> translate_by_walk(SpaceId space, PhysAddr root,
                                                                    std::uint64_t va) {
    const auto found = walk(space, root, va);
    if (!found)
      return std::nullopt;
    tlb_.fill(space, va, found->leaf);
    return MmuTranslation{found->leaf, Source::walk};
  }

  [[gnu::noinline]] AccessResult access_by_walk(SpaceId space, PhysAddr root, std::uint64_t va,
                                                AccessKind kind, Privilege who) {
    if (!Shape::is_canonical(va))
      return {Fault::non_canonical, {}};
    for (;;) {
      auto found = walk(space, root, va);
      if (!found)
        return {Fault::not_present, {}};
      if (!F::permits(found->leaf.attributes, kind, who))
        return {Fault::rights, {}};
      const auto flags = set_flags(*found, found->leaf.flags | flags_of(kind));
      if (!flags)
        continue; // the leaf changed under the walk, which therefore counts for nothing
      found->leaf.flags = *flags;
      tlb_.fill(space, va, found->leaf);
      return {Fault::none, {found->leaf, Source::walk}};
    }
  }

  [[nodiscard]] std::optional<Found> walk(SpaceId space, PhysAddr root, std::uint64_t va) {
    if (!Shape::is_canonical(va))
      return std::nullopt;
    auto at = walk_cache_.lookup(space, va).value_or(WalkStart<F>{root, Shape::root_level, F::open_path()});
    for (;;) {
      const PhysAddr slot = Shape::slot(at.node, Shape::index(va, at.level));
      const Raw word = memory_->template load<Raw>(slot);
      const Kind kind = F::kind(word, at.level);
      if (kind == Kind::leaf)
        return Found{slot, word, at.level, leaf_at(va, word, at)};
      if (kind == Kind::hole || at.level == 0)
        return std::nullopt;
      at = {F::table(word, at.level), at.level - 1, F::through(at.path, word, at.level)};
      walk_cache_.fill(space, va, at);
    }
  }
  [[nodiscard]] static TlbTranslation leaf_at(std::uint64_t va, Raw word, const WalkStart<F>& at) {
    const unsigned size = Shape::size_of(word, at.level);
    return {F::frame(word, at.level) + (va & low_mask(F::sizes[size].log2_bytes)), size,
            F::effective(at.path, word, at.level), F::flags(word, at.level)};
  }

  // Sets the flags in the leaf, and returns those that it has then; nothing if it is no longer the leaf that
  // was walked to. The policy has no conditional exchange: what came out says afterwards whether the swap was
  // right. Flags that someone else set meanwhile are merged; a descriptor that became another, or lost a
  // flag, is put back.
  [[nodiscard]] std::optional<Flags> set_flags(const Found& found, Flags wanted) {
    Raw expected = found.word;
    while (!covers(F::flags(expected, found.level), wanted)) {
      const Raw desired = F::with_flags(expected, wanted, found.level);
      const Raw old = memory_->template exchange<Raw>(found.slot, desired);
      if (!only_gained_flags(expected, old, found.level)) {
        (void)memory_->template exchange<Raw>(found.slot, old);
        return std::nullopt;
      }
      wanted = wanted | F::flags(old, found.level);
      expected = desired;
    }
    return wanted;
  }
  [[nodiscard]] static bool only_gained_flags(Raw before, Raw after, unsigned level) {
    return F::with_flags(before, {}, level) == F::with_flags(after, {}, level)
           && covers(F::flags(after, level), F::flags(before, level));
  }

  Memory* memory_;
  Tlb<F> tlb_;
  WalkCache<F> walk_cache_;
};

} // namespace pagetwin
