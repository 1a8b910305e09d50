// The walk: one virtual address through the descriptors of one table, straight down, inlined level by level.
// Independent walks overlap in the memory system only while this stays short and free of calls
// (docs/benchmarks.md). Knows no bit of a descriptor and changes nothing.
#pragma once

#include "src/arch/geometry.hpp"

#include <optional>

namespace pagetwin {

// Who wrote the tables: anybody, or a PageTable, whose words are never reserved and whose nodes lie below
// 2^table_pa_bits (Geometry).
enum class Words : bool { any, ours };

// Where a byte is, and under which attributes. Attributes are decoded when they are asked for: most callers
// want the address.
template <Format F>
class Translation {
 public:
  using Raw = typename F::Raw;
  // pa is handed over by who knew the level at compile time; everything else is decoded when it is asked for.
  constexpr Translation(PhysAddr pa, Raw leaf, Raw path, unsigned level)
      : pa_(pa), leaf_(leaf), path_(path), level_(level) {}

  [[nodiscard]] constexpr PhysAddr pa() const { return pa_; }
  [[nodiscard]] constexpr PageSize size() const { return F::sizes[Geometry<F>::size_of(leaf_, level_)]; }
  // With every restriction on the path applied.
  [[nodiscard]] constexpr Attributes attributes() const { return F::effective(path_, leaf_, level_); }
  // Of the copy that the walk met; flags of a group are the OR over its copies (PageTable::harvest).
  [[nodiscard]] constexpr Flags flags() const { return F::flags(leaf_, level_); }
  [[nodiscard]] constexpr Raw descriptor() const { return leaf_; }
  [[nodiscard]] constexpr unsigned level() const { return level_; }

 private:
  PhysAddr pa_;
  Raw leaf_, path_;
  unsigned level_;
};

namespace detail {

template <Format F>
[[nodiscard]] constexpr bool has_groups_at(unsigned level) {
  bool any = false;
  for (const PageSize& size : F::sizes)
    any = any || (size.level == level && size.log2_copies != 0);
  return any;
}

// The byte of va in its leaf. That a leaf is one of several copies is a branch apart: as a choice of masks it
// would cost every lookup.
template <Format F, unsigned Level>
[[nodiscard, gnu::always_inline]] inline PhysAddr byte_in(typename F::Raw leaf, std::uint64_t va) {
  if constexpr (has_groups_at<F>(Level))
    if (const unsigned copies = F::log2_copies(leaf, Level); copies != 0) [[unlikely]]
      return F::frame(leaf, Level) + (va & low_mask(Geometry<F>::span_shift(Level) + copies));
  return F::frame(leaf, Level) + (va & (Geometry<F>::span(Level) - 1));
}

template <Format F, Words Writers>
[[nodiscard]] constexpr PhysAddr table_of(typename F::Raw word, unsigned level) {
  return Writers == Words::ours ? Geometry<F>::own_table(word, level) : F::table(word, level);
}

template <Format F, Words Writers, unsigned Level, class M>
[[nodiscard, gnu::always_inline]] inline std::optional<Translation<F>>
walk_from(M& memory, PhysAddr slot, std::uint64_t va, typename F::Raw path) {
  using G = Geometry<F>;
  using Raw = typename F::Raw;
  const Raw word = memory.template load<Raw>(slot);
  switch (F::kind(word, Level)) {
  case Kind::hole:
    return std::nullopt;
  case Kind::leaf:
    return Translation<F>(byte_in<F, Level>(word, va), word, path, Level);
  case Kind::table:
    break;
  }
  if constexpr (Level == 0)
    return std::nullopt;
  else
    return walk_from<F, Writers, Level - 1>(
        memory, G::slot(table_of<F, Writers>(word, Level), G::index(va, Level - 1)), va,
        F::through(path, word, Level));
}

// Which slot of the root covers va; nothing where va is not canonical. Where input begins at 0 the slots say
// what is canonical: an index that there is. Clang knows that this asks whether any bit is too high, and
// would shift twice and mask, which is two instructions more in the path of every lookup.
template <Format F>
[[nodiscard, gnu::always_inline]] inline std::optional<std::uint64_t> root_index(std::uint64_t va) {
  using G = Geometry<F>;
  if constexpr (F::sign_extended) {
    if (!G::is_canonical(va))
      return std::nullopt;
    return G::index(va, G::root_level);
  } else {
    std::uint64_t index = va >> G::span_shift(G::root_level);
    asm("" : "+r"(index)); // NOLINT(hicpp-no-assembler): from here on it may be any number
    return index < G::entries(G::root_level) ? std::optional(index) : std::nullopt;
  }
}

} // namespace detail

// Nothing where va is not canonical.
template <Format F, Words Writers = Words::ours, class M>
[[nodiscard, gnu::always_inline]] inline std::optional<Translation<F>> walk(M& memory, PhysAddr root,
                                                                            std::uint64_t va) {
  const auto index = detail::root_index<F>(va);
  if (!index)
    return std::nullopt;
  return detail::walk_from<F, Writers, F::levels - 1>(memory, root + *index * sizeof(typename F::Raw), va,
                                                      F::open_path());
}

} // namespace pagetwin
