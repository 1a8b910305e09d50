// One page at a time: map, unmap and protect of a single smallest page in the node that the cursor is at,
// without the generality of ranges. Does the plain case and answers nothing where markers, groups of
// descriptors or breaks are in the way: the range operations do those. Knows no bit of a descriptor.
#pragma once

#include "src/table/path.hpp"

namespace pagetwin {

template <Format F, class M>
class Page {
  using T = Tree<F, M>;
  using Raw = typename F::Raw;

 public:
  static constexpr std::uint64_t bytes = bytes_of(F::page_shift);

  [[nodiscard, gnu::always_inline]] static Raw leaf(PhysAddr pa, const Attributes& attributes) {
    return F::leaf(F::leaf_bits(attributes, Flags{}, F::sizes[0]), pa, F::sizes[0], 0);
  }

  // The page at va, whose slot is `slot` of the node that the cursor is at.
  Page(T& tree, std::uint64_t va, std::uint64_t slot) : tree_(&tree), va_(va), slot_(slot) {}

  [[nodiscard, gnu::always_inline]] std::optional<Status> map(PhysAddr pa, const Attributes& attributes) {
    const Raw word = load();
    if (!T::is_free(word, 0))
      return F::kind(word, 0) == Kind::leaf ? std::optional(Status::overlap) : std::nullopt;
    tree_->cursor().slots.store(slot_, leaf(pa, attributes));
    ++tree_->cursor().record->live;
    return Status::ok;
  }
  // The bytes that were mapped.
  [[nodiscard, gnu::always_inline]] std::optional<std::uint64_t> unmap() {
    const Raw word = load();
    if (!is_single(word))
      return T::is_free(word, 0) ? std::optional(std::uint64_t{0}) : std::nullopt;
    (void)tree_->cursor().slots.exchange(slot_, 0);
    if (--tree_->cursor().record->live == 0)
      Path<F, M>(*tree_, va_).prune();
    else
      pay();
    return bytes;
  }
  // The bytes whose rights changed.
  [[nodiscard, gnu::always_inline]] std::optional<std::uint64_t> protect(Rights rights) {
    const Raw word = load();
    if (!is_single(word))
      return T::is_free(word, 0) ? std::optional(std::uint64_t{0}) : std::nullopt;
    const Raw next = F::with_rights(word, rights, 0);
    if (next == word)
      return 0;
    if (F::needs_break(word, next, 0))
      return std::nullopt;
    T::replace(tree_->cursor().slots, slot_, word, next, 0);
    pay();
    return bytes;
  }

 private:
  [[nodiscard, gnu::always_inline]] Raw load() const { return tree_->cursor().slots.load(slot_); }
  [[nodiscard]] static bool is_single(Raw word) {
    return F::kind(word, 0) == Kind::leaf && F::log2_copies(word, 0) == 0;
  }
  void pay() { tree_->pay({va_, va_ + (bytes - 1)}, Invalidation::Reach::leaf); }

  T* tree_;
  std::uint64_t va_;
  std::uint64_t slot_;
};

} // namespace pagetwin
