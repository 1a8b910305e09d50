#include "reference/sekvm/page_table.hpp"

#include <algorithm>
#include <numeric>

namespace reference::sekvm {

void PageTable::clear() {
  entries_.clear();
  for (auto& nodes : nodes_)
    nodes.clear();
  used_ = {};
}

std::size_t PageTable::first_from(std::uint64_t gfn) const {
  const auto ends_before = [](const Entry& entry, std::uint64_t at) {
    return entry.gfn + entry.pages() <= at;
  };
  return static_cast<std::size_t>(std::lower_bound(entries_.begin(), entries_.end(), gfn, ends_before)
                                  - entries_.begin());
}

const Entry* PageTable::find(std::uint64_t gfn) const {
  const std::size_t at = first_from(gfn);
  return at < entries_.size() && entries_[at].covers(gfn) ? &entries_[at] : nullptr;
}

std::uint64_t PageTable::pfn_at(std::uint64_t gfn) const {
  const Entry* entry = find(gfn);
  return entry == nullptr ? 0 : entry->pfn_at(gfn);
}

Entry PageTable::put(const Entry& entry) {
  const std::size_t at = first_from(entry.gfn);
  if (at < entries_.size() && entries_[at].gfn == entry.gfn) {
    const Entry old = entries_[at];
    entries_[at] = entry;
    return old;
  }
  entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(at), entry);
  return {};
}

Entry PageTable::erase(std::uint64_t gfn) {
  const std::size_t at = first_from(gfn);
  if (at == entries_.size() || entries_[at].gfn != gfn)
    return {};
  const Entry old = entries_[at];
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(at));
  return old;
}

bool PageTable::has_node(unsigned level, std::uint64_t gfn) const {
  return std::binary_search(nodes_[level].begin(), nodes_[level].end(), node_of(level, gfn));
}

void PageTable::add_node(unsigned level, std::uint64_t gfn) {
  auto& nodes = nodes_[level];
  const std::uint64_t node = node_of(level, gfn);
  nodes.insert(std::lower_bound(nodes.begin(), nodes.end(), node), node);
}

void PageTable::drop_node(unsigned level, std::uint64_t gfn) {
  auto& nodes = nodes_[level];
  const auto at = std::lower_bound(nodes.begin(), nodes.end(), node_of(level, gfn));
  if (at != nodes.end() && *at == node_of(level, gfn))
    nodes.erase(at);
}

std::uint32_t PageTable::used() const { return std::accumulate(used_.begin(), used_.end(), 0U); }

} // namespace reference::sekvm
