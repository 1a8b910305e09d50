// TableBeside: a LinkedTable of ours with level P beside it. What the mapping database asks of a table is
// asked of both, and what they answer is compared (level_p.hpp). It refuses to know what is derived from
// what.
#pragma once

#include "fuzz/machines/spaces/level_p.hpp"
#include "src/space/linked_table.hpp"
#include "src/space/sizes.hpp"

namespace pagetwin::fuzz {

// M: a LinkedMemory with level_p(), which is null where nothing runs beside. What this class leaves to
// LinkedTable is no operation of the ADT's, or comes when a program is over.
template <Format F, class M>
class TableBeside : public LinkedTable<F, M> {
  using Ours = LinkedTable<F, M>;
  using Link = LinkNode<F>;
  using Seen = LevelP::Seen;

 public:
  [[nodiscard]] static std::optional<TableBeside> create(M& memory, SpaceId space) {
    const auto ours = Ours::create(memory, space);
    if (ours && memory.level_p() != nullptr)
      memory.level_p()->createspace(raw(ours->table().root()));
    return ours ? std::optional(TableBeside(*ours)) : std::nullopt;
  }
  void destroy() {
    if (is_on())
      p().deletespace(n());
    Ours::destroy();
  }

  [[nodiscard]] std::optional<FoundUnit> find(std::uint64_t va) const {
    auto found = Ours::find(va);
    if (is_on())
      p().looked_up(n(), va, seen(found));
    return found;
  }
  [[nodiscard]] std::optional<FoundUnit> next(const Range& range) const {
    auto found = Ours::next(range);
    if (is_on())
      p().looked_for(n(), range.first, range.last, seen(found));
    return found;
  }
  template <class Ask>
  [[nodiscard]] bool any_of(const Range& range, Ask&& ask) const {
    std::optional<std::uint64_t> rest = range.first; // nothing: the addresses are at their end
    const auto next_is = [&](const std::optional<FoundUnit>& found) {
      if (is_on() && rest && *rest <= range.last)
        p().looked_for(n(), *rest, range.last, seen(found));
    };
    const bool any = Ours::any_of(range, [&](const FoundUnit& found) {
      next_is(found);
      rest = found.range.last == ~std::uint64_t{0} ? std::nullopt : std::optional(found.range.last + 1);
      return ask(found);
    });
    if (!any)
      next_is(std::nullopt);
    return any;
  }

  std::uint32_t insert(std::uint64_t va, std::uint64_t frame, std::uint64_t bytes, Rights rights,
                       std::uint32_t node) {
    const std::uint32_t name = Ours::insert(va, frame, bytes, rights, node);
    if (is_on())
      p().insert(n(), {va, bytes, frame, node, rights}, pte(name));
    return name;
  }
  std::uint32_t link(std::uint64_t va, std::uint32_t node) {
    const std::uint32_t name = Ours::link(va, node);
    if (is_on())
      p().setlinknode(n(), pte(name), va, node);
    return name;
  }
  std::uint64_t unlink(std::uint32_t name, std::uint32_t node) {
    return unlinked(name, node, Ours::unlink(name, node));
  }
  Flags remove(std::uint32_t name, std::uint32_t node, std::uint64_t bytes) {
    const std::uint64_t va = is_on() ? unlinked(name, node, Ours::va_of(name, node)) : 0;
    if (is_on())
      p().remove(n(), va, bytes);
    return Ours::remove(name, node, bytes);
  }
  void restrict(std::uint64_t va, std::uint64_t bytes, Rights rights) {
    Ours::restrict(va, bytes, rights);
    if (is_on())
      p().set_rights(n(), va, bytes, rights);
  }
  std::uint64_t split(std::uint32_t name, std::uint32_t node, std::uint64_t bytes) {
    const std::uint64_t va = unlinked(name, node, Ours::split(name, node, bytes));
    if (is_on())
      p().split(n(), va, bytes << log2_parts(bytes), row(va, bytes));
    return va;
  }
  std::uint32_t join(std::uint32_t name, std::uint32_t node, std::uint64_t bytes) {
    const std::uint64_t va = is_on() ? unlinked(name, node, Ours::va_of(name, node)) : 0;
    const std::uint32_t joined = Ours::join(name, node, bytes);
    if (is_on()) {
      p().join(n(), va, bytes, pte(joined));
      p().setlinknode(n(), pte(joined), va, node);
    }
    return joined;
  }
  [[nodiscard]] std::uint64_t va_of(std::uint32_t name, std::uint32_t node) const {
    const std::uint64_t va = Ours::va_of(name, node);
    if (is_on())
      p().looked_back(n(), pte(name), va, node);
    return va;
  }

 private:
  explicit TableBeside(const Ours& ours) : Ours(ours) {}

  [[nodiscard]] LevelP& p() const { return *Ours::table().memory().level_p(); }
  [[nodiscard]] bool is_on() const { return Ours::table().memory().level_p() != nullptr; }
  [[nodiscard]] std::uint64_t n() const { return raw(Ours::table().root()); }
  [[nodiscard]] std::uint64_t pte(std::uint32_t name) const {
    return raw(Link::slot(Ours::table().memory().pool(), name));
  }
  std::uint64_t unlinked(std::uint32_t name, std::uint32_t node, std::uint64_t va) {
    if (is_on())
      p().unlink(n(), pte(name), va, node);
    return va;
  }
  [[nodiscard]] static std::optional<Seen> seen(const std::optional<FoundUnit>& found) {
    if (!found)
      return std::nullopt;
    const auto word = static_cast<typename F::Raw>(found->descriptor);
    const Rights rights = F::attributes(word, F::sizes[found->size].level).rights & all_rights;
    return Seen{found->va, found->bytes(), found->frame, found->node, rights};
  }
  // How many pages of so many bytes make one of the next larger size.
  [[nodiscard]] static unsigned log2_parts(std::uint64_t bytes) {
    return Sizes<F>::log2_parts(*Geometry<F>::size_index(bytes) + 1);
  }
  // Where the descriptors of the parts are.
  [[nodiscard]] LevelP::Row row(std::uint64_t va, std::uint64_t bytes) const {
    const auto& tree = Ours::table().tree();
    const auto slot = tree.descend(va, 0);
    const std::uint64_t descriptors = bytes / Geometry<F>::span(slot.level());
    return {raw(slot.at), descriptors * sizeof(typename F::Raw), std::size_t{1} << log2_parts(bytes)};
  }
};

} // namespace pagetwin::fuzz
