#include "fuzz/oracles/cached_walks.hpp"

namespace pagetwin::fuzz {

namespace {

using Hex = unsigned long long;

} // namespace

void CachedWalks::reset() { pointers_ = leaves_ = {}; }

void CachedWalks::Entries::keep(const Entry& entry) {
  for (Entry& e : all)
    if (e.slot == entry.slot && e.space == entry.space && e.node == entry.node) {
      e = entry;
      return;
    }
  all[next++ % all.size()] = entry;
}

void CachedWalks::fill(unsigned space, std::uint64_t root, std::uint64_t va) {
  const reference::Walk walk = view_->mmu->walk(view_->memory, root, va, {}, view_->mode);
  for (unsigned i = 0; i + 1 < walk.steps_taken; ++i)
    if (const std::uint64_t below = walk.steps[i + 1].address; seen_->contains(below))
      keep_pointer(space, walk.steps[i], seen_->node_address(below), va);
  if (walk.leaf_address == 0)
    return;
  const std::uint64_t base = va & ~(walk.translation.size - 1);
  leaves_.keep({.slot = walk.leaf_address,
                .first = base,
                .last = base + (walk.translation.size - 1),
                .space = space,
                .global = walk.translation.attributes.global});
}

void CachedWalks::keep_pointer(unsigned space, const reference::Step& at, std::uint64_t node,
                               std::uint64_t va) {
  const std::uint64_t span = view_->mmu->span(at.level), first = va & ~(span - 1);
  pointers_.keep(
      {.slot = at.address, .node = node, .first = first, .last = first + (span - 1), .space = space});
}

void CachedWalks::on_flush(const Flush& flush) {
  for (Entry& e : leaves_.all)
    if ((e.space == flush.space || e.global) && e.first <= flush.last && flush.first <= e.last)
      e.slot = 0;
  if (!flush.walk)
    return;
  for (Entry& e : pointers_.all)
    if (e.space == flush.space && flush.first <= e.first && e.last <= flush.last)
      e.slot = 0;
}

Verdict CachedWalks::refers(const Entry& entry, std::uint64_t node, const char* what, const char* when) {
  return finding("O7 walk cache", node, format("%s while %s is cached", when, what),
                 format("the node %#llx is %s while a cache may hold %s, of %#llx in space %u", Hex{node},
                        when, what, Hex{entry.first}, entry.space));
}

Verdict CachedWalks::on_free(std::uint64_t node, const char* when) const {
  for (const Entry& e : pointers_.all)
    if (e.slot != 0 && e.node == node)
      return refers(e, node, "the pointer to it", when);
  const std::uint64_t end = node + (std::uint64_t{1} << seen_->node(node).shift);
  for (const Entry& e : leaves_.all)
    if (e.slot >= node && e.slot < end)
      return refers(e, node, "a translation from it", when);
  return std::nullopt;
}

} // namespace pagetwin::fuzz
