// A translation cache and a walk cache in front of a walk of raw descriptors, for any number of spaces: what
// a processor does with a table, including its updates of the accessed and dirty flags. Knows no PageTable:
// it reads the descriptors that hardware would read, whatever their bits, and hears of edits by invalidate()
// only. Not modelled: protection keys. Who may do what, which words are refused and what an access leaves in
// a table are the format's answers (permits, reserved, walked); flags and caches follow Intel SDM 3A,
// sections 4.8 and 4.10, and docs/tiny.md says the same for the tiny format.
#pragma once

#include "src/table/walk.hpp"
#include "src/tlb/caches.hpp"

#include <array>
#include <optional>

namespace pagetwin {

enum class Source : std::uint8_t { tlb, walk };
enum class Fault : std::uint8_t {
  none,
  not_present,
  rights,
  non_canonical,
  reserved,       // a descriptor that the processor refuses, whatever the access
  outside_memory, // a descriptor that lies in no memory; only where the policy can tell (Mmu, below)
};

struct MmuTranslation : TlbTranslation {
  Source source = Source::walk;

  friend constexpr bool operator==(const MmuTranslation&, const MmuTranslation&) = default;
};

struct AccessResult {
  Fault fault = Fault::none;
  MmuTranslation translation{}; // when there is no fault
  std::uint8_t level = 0;       // when there is one, of the descriptor that decided; 0 if none was asked for

  friend constexpr bool operator==(const AccessResult&, const AccessResult&) = default;
};

// A policy whose memory has an end says so by contains<Raw>(pa): do all bytes of a descriptor at pa lie in
// it? It is asked before each load of a walk; tables that only we write need no such question.
// Of Words::ours translate() and find() do not ask what is reserved, which is much of their work with RISC-V;
// access() asks all the same.
template <Format F, class Memory, Words Writers = Words::any>
class Mmu {
  using Raw = typename F::Raw;
  using Shape = Geometry<F>;

 public:
  // Memory outlives the Mmu, and its arena stays where it is: the Mmu keeps a copy of where that is. tlb and
  // walk_cache are handed over ready made, over storage of the caller. The rules say when translate() and
  // find() ask them.
  Mmu(Memory& memory, const Tlb<F>& tlb, const WalkCache<F>& walk_cache, CacheRules rules = {})
      : memory_(&memory), loads_(loads_of(memory)), caches_(tlb, walk_cache, rules) {}

  [[nodiscard]] Tlb<F>& tlb() { return caches_.tlb(); }
  [[nodiscard]] const Tlb<F>& tlb() const { return caches_.tlb(); }
  [[nodiscard]] WalkCache<F>& walk_cache() { return caches_.walk_cache(); }
  [[nodiscard]] const WalkCache<F>& walk_cache() const { return caches_.walk_cache(); }

  // The translation of va without an access: no flag is set and no right is asked for. The caches keep it, as
  // if the tables on its way were marked; one that rests neither answers nor keeps it (docs/performance.md).
  [[nodiscard, gnu::always_inline]] inline std::optional<MmuTranslation>
  translate(SpaceId space, PhysAddr root, std::uint64_t va) {
    return ask<Whole>(space, root, va);
  }
  // The same for who wants the address: nothing else is decoded.
  [[nodiscard, gnu::always_inline]] inline std::optional<PhysAddr> find(SpaceId space, PhysAddr root,
                                                                        std::uint64_t va) {
    return ask<Address>(space, root, va);
  }

  // A line that does not permit the access, or through which a flag would still have to be set, decides
  // nothing: the walk does. So a table that widens rights owes no invalidation, and a first write through a
  // clean line reaches the dirty flag. No cache rests here: such a walk costs several times what they do.
  [[nodiscard, gnu::always_inline]] inline AccessResult access(SpaceId space, PhysAddr root, std::uint64_t va,
                                                               AccessKind kind, Privilege who) {
    const auto hit = tlb().lookup(space, va);
    if (hit && F::permits(hit->attributes, kind, who) && covers(hit->flags, left_by(kind))) [[likely]]
      return {Fault::none, {*hit, Source::tlb}};
    return access_by_walk(space, root, va, kind, who);
  }

  // The table's side: the listener of a NotifyingMemory. An invalidation is complete when it returns.
  void invalidate(const Invalidation& i) { caches_.invalidate(i); }
  void sync() {}
  // The space's name is about to be given to another table. Global lines stay.
  void invalidate_space(SpaceId space) { caches_.invalidate_space(space); }
  void invalidate_all() { caches_.invalidate_all(); }

 private:
  struct Passed {
    PhysAddr slot{};
    Raw word{};
  };
  // A walk, and where it ended: at a leaf, or at what stopped it.
  struct Walked {
    WalkStart<F> at; // the last node, and its level
    unsigned top;    // level of the first descriptor that was read
    Fault fault = Fault::none;
    PhysAddr slot{}; // of the copy that was walked through
    Raw word{};
    TlbTranslation leaf{};
    std::array<Passed, F::levels> tables{}; // by level: those above the last node, up to `top`
    std::optional<WalkStart<F>> pointer{};  // what the walk cache keeps
  };

  // The flags that an access leaves in the leaf.
  [[nodiscard]] static constexpr Flags left_by(AccessKind kind) {
    return {.accessed = true, .dirty = kind == AccessKind::write && Shape::keeps_dirty};
  }
  [[nodiscard]] static constexpr bool covers(Flags have, Flags wanted) { return (have | wanted) == have; }

  // A translation that was found, as the caller wants to see it.
  using Found = std::optional<Translation<F>>;
  struct Whole {
    using Type = MmuTranslation;
    static Type of(const TlbTranslation& line, Source source) { return {line, source}; }
    static Type of(const Translation<F>& t) { return {decoded(t), Source::walk}; }
  };
  struct Address {
    using Type = PhysAddr;
    static Type of(const TlbTranslation& line, Source) { return line.pa; }
    static Type of(const Translation<F>& t) { return t.pa(); }
  };
  [[nodiscard]] static TlbTranslation decoded(const Translation<F>& t) {
    return {t.pa(), Shape::size_of(t.descriptor(), t.level()), t.attributes(), t.flags()};
  }
  template <class As>
  [[nodiscard, gnu::always_inline]] inline std::optional<typename As::Type> ask(SpaceId space, PhysAddr root,
                                                                                std::uint64_t va) {
    if (caches_.tlb_rests())
      return seen<As>(read(space, root, va));
    if (const auto hit = tlb().lookup(space, va)) [[likely]]
      return As::of(*hit, Source::tlb);
    const TlbEntry* line = read_and_fill(space, root, va);
    if (line == nullptr)
      return std::nullopt;
    return As::of(Tlb<F>::seen_from(*line, va), Source::walk);
  }
  template <class As>
  [[nodiscard, gnu::always_inline]] static std::optional<typename As::Type> seen(const Found& found) {
    return found ? std::optional(As::of(*found)) : std::nullopt;
  }

  // The walk of translate() and find(): inlined level by level, and no more than it must be, for the reason
  // that src/table/walk.hpp gives. What misses a cache is apart: it is rare, or the cache will rest. What a
  // call returns is copied, lest what is inlined passes through memory too.
  [[nodiscard, gnu::always_inline]] inline Found read(SpaceId space, PhysAddr root, std::uint64_t va) {
    if constexpr (pointers_pay)
      if (!caches_.walk_cache_rests()) {
        if (const auto start = walk_cache().template lookup_at<near_root>(space, va)) [[likely]]
          return read_from<near_root - 1>(*start, va);
        if (const Found found = read_and_remember(space, root, va))
          return Translation<F>(*found);
        return std::nullopt;
      }
    return Shape::is_canonical(va) ? read_from<Shape::root_level>(from(root), va) : std::nullopt;
  }
  // Level of the pointers that are found inline: there are few, each for much. Finding one costs as much as a
  // level and a half, so it must save two.
  static constexpr unsigned near_root = std::min(2U, Shape::root_level);
  static constexpr bool pointers_pay = Shape::root_level > near_root;

  // The line that was filled, and no copy of it: an optional that a call returns has its flag in memory,
  // where the compiler would put that of the walks that are inlined, too, and test it once more.
  [[nodiscard, gnu::noinline]] const TlbEntry* read_and_fill(SpaceId space, PhysAddr root, std::uint64_t va) {
    caches_.tlb_missed();
    const Found found = read_and_remember(space, root, va);
    return found ? tlb().fill(space, va, decoded(*found)) : nullptr;
  }
  [[nodiscard, gnu::noinline]] Found read_and_remember(SpaceId space, PhysAddr root, std::uint64_t va) {
    if (!Shape::is_canonical(va))
      return std::nullopt;
    if (const auto start = walk_cache().lookup(space, va))
      return read_below(*start, va);
    caches_.walk_cache_missed();
    return read_from<Shape::root_level>(from(root), va, [&](const WalkStart<F>& passed) {
      if (passed.level + 1 == walk_cache().level())
        walk_cache().fill(space, va, passed);
    });
  }
  template <unsigned Level = Shape::root_level>
  [[nodiscard]] Found read_below(const WalkStart<F>& at, std::uint64_t va) {
    if constexpr (Level > 0)
      if (at.level != Level)
        return read_below<Level - 1>(at, va);
    return read_from<Level>(at, va);
  }
  [[nodiscard]] static WalkStart<F> from(PhysAddr root) { return {root, Shape::root_level, F::open_path()}; }
  struct Unheard {
    void operator()(const WalkStart<F>&) const {}
  };
  // va is canonical, and at.level == Level. passed(start): where the walk goes on below a table.
  template <unsigned Level, class Passed = Unheard>
  [[nodiscard, gnu::always_inline]] inline Found read_from(const WalkStart<F>& at, std::uint64_t va,
                                                           Passed passed = {}) {
    const unsigned index = Shape::index(va, Level);
    const PhysAddr slot = Shape::slot(at.node, index);
    if (!in_memory(slot))
      return std::nullopt;
    const Raw word = loads_.template load<Raw>(slot);
    switch (F::kind(word, Level)) {
    case Kind::hole:
      return std::nullopt;
    case Kind::leaf:
      if (Writers == Words::any && F::reserved(word, Level, index)) [[unlikely]]
        return std::nullopt;
      return Translation<F>(detail::byte_in<F, Level>(word, va), word, at.path, Level);
    case Kind::table:
      break;
    }
    if constexpr (Level == 0) {
      return std::nullopt;
    } else {
      if (Writers == Words::any && F::reserved(word, Level, index)) [[unlikely]]
        return std::nullopt;
      const WalkStart<F> below{detail::table_of<F, Writers>(word, Level), Level - 1,
                               F::through(at.path, word, Level)};
      passed(below);
      return read_from<Level - 1>(below, va, passed);
    }
  }

  [[gnu::noinline]] AccessResult access_by_walk(SpaceId space, PhysAddr root, std::uint64_t va,
                                                AccessKind kind, Privilege who) {
    if (!Shape::is_canonical(va))
      return {too_wide};
    for (;;) {
      Walked found = walk(space, root, va);
      if (found.fault == Fault::none && !F::permits(found.leaf.attributes, kind, who))
        found.fault = Fault::rights;
      if (found.fault != Fault::none)
        return {found.fault, {}, static_cast<std::uint8_t>(found.at.level)};
      const auto flags =
          mark_tables(found) ? set_flags(found, found.leaf.flags | left_by(kind)) : std::nullopt;
      if (!flags)
        continue; // a descriptor changed under the walk, which therefore counts for nothing
      found.leaf.flags = *flags;
      remember_tables(space, va, found);
      tlb().fill(space, va, found.leaf);
      return {Fault::none, {found.leaf, Source::walk}};
    }
  }
  // Without a sign no address is in the wrong form; one beyond the width is just not translated (Intel SDM
  // 3C, "EPT Translation Mechanism": an EPT violation).
  static constexpr Fault too_wide = F::sign_extended ? Fault::non_canonical : Fault::not_present;

  // va is canonical. Ends after as many descriptors as there are levels, whatever they hold.
  [[nodiscard]] Walked walk(SpaceId space, PhysAddr root, std::uint64_t va) {
    const auto start = walk_cache().lookup(space, va).value_or(from(root));
    for (Walked w{.at = start, .top = start.level};;) {
      const unsigned level = w.at.level, index = Shape::index(va, level);
      w.slot = Shape::slot(w.at.node, index);
      if (!in_memory(w.slot)) {
        w.fault = Fault::outside_memory;
        return w;
      }
      w.word = memory_->template load<Raw>(w.slot);
      const Kind kind = F::kind(w.word, level);
      if (kind == Kind::hole)
        w.fault = Fault::not_present;
      else if (F::reserved(w.word, level, index) || (kind == Kind::table && level == 0))
        w.fault = Fault::reserved;
      else if (kind == Kind::leaf)
        w.leaf = leaf_at(va, w.word, w.at);
      if (w.fault != Fault::none || kind == Kind::leaf)
        return w;
      w.tables[level] = {w.slot, w.word};
      w.at = {F::table(w.word, level), level - 1, F::through(w.at.path, w.word, level)};
      if (level == walk_cache().level())
        w.pointer = w.at;
    }
  }
  [[nodiscard]] bool in_memory(PhysAddr slot) const {
    if constexpr (requires { memory_->template contains<Raw>(slot); })
      return memory_->template contains<Raw>(slot);
    else
      return true;
  }
  [[nodiscard]] static TlbTranslation leaf_at(std::uint64_t va, Raw word, const WalkStart<F>& at) {
    const unsigned size = Shape::size_of(word, at.level);
    return {F::frame(word, at.level) + (va & low_mask(F::sizes[size].log2_bytes)), size,
            F::effective(at.path, word, at.level), F::flags(word, at.level)};
  }
  void remember_tables(SpaceId space, std::uint64_t va, const Walked& w) {
    if (w.pointer)
      walk_cache().fill(space, va, *w.pointer);
  }

  // Leaves the marks of an access in the tables that were passed, from the root down. False if one is no
  // longer what it was. Tables come before the leaf: a mark without an access is allowed there, a dirty flag
  // without a write is not.
  [[nodiscard]] bool mark_tables(const Walked& w) {
    for (unsigned level = w.top; level > w.at.level; --level) {
      const auto& [slot, word] = w.tables[level];
      const Raw marked = F::walked(word, level);
      if (marked == word)
        continue;
      const Raw old = memory_->template exchange<Raw>(slot, marked);
      if (F::walked(old, level) != marked) {
        (void)memory_->template exchange<Raw>(slot, old);
        return false;
      }
    }
    return true;
  }

  // Sets the flags in the leaf, and returns those that it has then; nothing if it is no longer the leaf that
  // was walked to. The policy has no conditional exchange: what came out says afterwards whether the swap was
  // right. Flags that someone else set meanwhile are merged; a descriptor that became another, or lost a
  // flag, is put back.
  [[nodiscard]] std::optional<Flags> set_flags(const Walked& found, Flags wanted) {
    const unsigned level = found.at.level;
    Raw expected = found.word;
    while (!covers(F::flags(expected, level), wanted)) {
      const Raw desired = F::with_flags(expected, wanted, level);
      const Raw old = memory_->template exchange<Raw>(found.slot, desired);
      if (!only_gained_flags(expected, old, level)) {
        (void)memory_->template exchange<Raw>(found.slot, old);
        return std::nullopt;
      }
      wanted = wanted | F::flags(old, level);
      expected = desired;
    }
    return wanted;
  }
  [[nodiscard]] static bool only_gained_flags(Raw before, Raw after, unsigned level) {
    return F::with_flags(before, {}, level) == F::with_flags(after, {}, level)
           && covers(F::flags(after, level), F::flags(before, level));
  }

  Memory* memory_;
  decltype(loads_of(std::declval<Memory&>())) loads_;
  Caches<F> caches_;
};

} // namespace pagetwin
