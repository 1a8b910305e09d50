// One page at a time: map, unmap and protect of a single smallest page in a node of level 0, without the
// generality of ranges. Does the plain case and answers nothing where markers, groups of descriptors or
// breaks are in the way: the range operations do those. Knows no bit of a descriptor.
#pragma once

#include "src/table/tree.hpp"

#include <optional>

namespace pagetwin {

template <Format F, class M>
class Page {
  using T = Tree<F, M>;
  using Raw = typename F::Raw;
  using Cursor = typename T::Cursor;

 public:
  static constexpr std::uint64_t bytes = bytes_of(F::page_shift);

  // The cursor reaches va.
  Page(T& tree, const Cursor& cursor, std::uint64_t va)
      : tree_(&tree), cursor_(&cursor), va_(va), slot_(cursor.number(va)) {}

  // Was the slot as this table leaves what is free? Other words may be holes, too.
  [[nodiscard, gnu::always_inline]] bool map(Raw leaf) {
    if (load() != 0) [[unlikely]]
      return false;
    cursor_->slots.store(slot_, leaf);
    ++cursor_->record->live;
    return true;
  }
  // The bytes that were mapped. prune(tree, va) answers when the page was the last of its node.
  template <class Prune>
  [[nodiscard, gnu::always_inline]] std::optional<std::uint64_t> unmap(Prune prune) {
    const Raw word = load();
    if (!T::is_page(word)) [[unlikely]]
      return leave(word);
    (void)cursor_->slots.exchange(slot_, 0);
    if (--cursor_->record->live == 0)
      return prune(*tree_, va_);
    pay();
    return bytes;
  }
  // The bytes whose rights changed.
  [[nodiscard, gnu::always_inline]] std::optional<std::uint64_t> protect(Rights rights) {
    const Raw word = load();
    if (!T::is_page(word)) [[unlikely]]
      return leave(word);
    const Raw next = F::with_rights(word, rights, 0);
    if (next == word)
      return 0;
    if (F::needs_break(word, next, 0))
      return std::nullopt;
    T::replace(cursor_->slots, slot_, word, next, 0);
    pay();
    return bytes;
  }

 private:
  // What is no plain case, out of line, so that a plain one has nothing to merge its answer with.
  [[nodiscard, gnu::noinline]] static std::optional<std::uint64_t> leave(Raw word) {
    return T::is_free(word, 0) ? std::optional(std::uint64_t{0}) : std::nullopt;
  }

  [[nodiscard, gnu::always_inline]] Raw load() const { return cursor_->slots.load(slot_); }
  void pay() { tree_->pay({va_, va_ + (bytes - 1)}, Invalidation::Reach::leaf); }

  T* tree_;
  const Cursor* cursor_;
  std::uint64_t va_;
  std::uint64_t slot_;
};

} // namespace pagetwin
