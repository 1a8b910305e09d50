#include "reference/sekvm/state.hpp"

#include <algorithm>
#include <ranges>

namespace reference::sekvm {

void State::reset(const Config& config) {
  config_ = config;
  frames_.reset(config);
  for (PageTable& table : tables_)
    table.clear();
  small_ = {};
  small_.bound.fill(INVALID);
  begin();
}

const Pools& State::pools_of(unsigned table) const {
  if (table == HOSTVISOR)
    return config_.host;
  return table < principals ? config_.vm : config_.device;
}

std::uint32_t State::principal_of(unsigned table) const {
  return table < principals ? table : small_.bound[table - principals];
}

void State::set(std::uint64_t pfn, const Frame& frame) {
  const Frame before = frames_.at(pfn);
  if (before == frame || !frames_.holds(pfn))
    return;
  FrameChange& change = frame_log_.emplace_back(); // written in place: a copy would wait for its own parts
  change.pfn = pfn;
  change.before = before;
  frames_.set(pfn, frame);
  if (before.page != frame.page)
    changed_views_ |= bit_of(before.page.owner) | bit_of(frame.page.owner);
  else if (!frame.page.is_shared())
    changed_views_ |= bit_of(frame.page.owner);
}

void State::put(unsigned table, const Entry& entry) {
  const Entry before = tables_[table].put(entry);
  if (before == entry)
    return;
  entry_log_.push_back({table, before, entry.gfn});
  changed_views_ |= bit_of(principal_of(table));
}

void State::erase(unsigned table, std::uint64_t gfn) {
  const Entry before = tables_[table].erase(gfn);
  if (before.level == 0)
    return;
  entry_log_.push_back({table, before, gfn});
  changed_views_ |= bit_of(principal_of(table));
}

void State::log_node(const NodeChange& change) {
  node_log_.push_back(change);
  tables_[change.table].take(change.level, change.taken);
}

void State::take_node(unsigned table, unsigned level, std::uint64_t gfn) {
  tables_[table].add_node(level, gfn);
  log_node({table, level, gfn, true, 1});
}

void State::lose_node(unsigned table, unsigned level, std::uint64_t gfn) {
  tables_[table].drop_node(level, gfn);
  log_node({table, level, gfn, false, 0});
}

void State::empty(unsigned table) {
  while (!tables_[table].entries().empty())
    erase(table, tables_[table].entries().back().gfn);
  for (unsigned level = 1; level <= PageTable::top; ++level)
    while (!tables_[table].nodes(level).empty()) {
      const std::uint64_t gfn = tables_[table].nodes(level).back() << (9 * level);
      tables_[table].drop_node(level, gfn);
      log_node({table, level, gfn, false, -1});
    }
}

void State::begin() {
  frame_log_.clear();
  entry_log_.clear();
  node_log_.clear();
  changed_views_ = 0;
  saved_ = small_;
}

void State::undo_node(const NodeChange& change) {
  PageTable& table = tables_[change.table];
  if (change.added)
    table.drop_node(change.level, change.gfn);
  else
    table.add_node(change.level, change.gfn);
  table.take(change.level, -change.taken);
}

void State::undo() {
  for (const FrameChange& change : frame_log_ | std::views::reverse)
    frames_.set(change.pfn, change.before);
  for (const EntryChange& change : entry_log_ | std::views::reverse) {
    if (change.before.level == 0)
      tables_[change.table].erase(change.gfn);
    else
      tables_[change.table].put(change.before);
  }
  for (const NodeChange& change : node_log_ | std::views::reverse)
    undo_node(change);
  small_ = saved_;
  begin();
}

bool State::same_as(const State& other) const {
  const auto same_frames = [](const State& a, const State& b) {
    return std::ranges::all_of(a.frames_.touched(),
                               [&](std::uint64_t pfn) { return a.frames_.at(pfn) == b.frames_.at(pfn); });
  };
  return small_ == other.small_ && tables_ == other.tables_ && same_frames(*this, other)
         && same_frames(other, *this);
}

} // namespace reference::sekvm
