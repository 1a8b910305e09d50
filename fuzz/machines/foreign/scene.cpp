#include "fuzz/machines/foreign/scene.hpp"

#include "fuzz/emulators/each_once.hpp"

#include <algorithm>

namespace pagetwin::fuzz {

namespace {

using emulators::Kind;

// A TLB has few lines, and the harness needs some of them.
constexpr std::size_t most_addresses = 64;

bool edits(TableVerb verb) {
  switch (verb) {
  case TableVerb::map:
  case TableVerb::map_range:
  case TableVerb::unmap:
  case TableVerb::unmap_collect:
  case TableVerb::protect:
  case TableVerb::remap:
  case TableVerb::promote:
  case TableVerb::split:
  case TableVerb::set_attributes:
  case TableVerb::harvest:
  case TableVerb::clear:
    return true;
  default:
    return false;
  }
}

// What the replaced words covered, ascending, and one byte more at both ends.
std::vector<View::Range> reach_of(const View& view, std::span<const Replaced> replaced, unsigned space) {
  std::vector<View::Range> all, merged;
  for (const Replaced& r : replaced)
    if (r.space == space)
      all.push_back(view.slot_range(r.node_va, r.level, r.index));
  std::ranges::sort(all, {}, &View::Range::first);
  for (const View::Range& range : all)
    if (!merged.empty() && range.first - 1 <= merged.back().last)
      merged.back().last = std::max(merged.back().last, range.last);
    else
      merged.push_back(range);
  for (View::Range& range : merged)
    range = {range.first == 0 ? 0 : range.first - 1, range.last + 1 == 0 ? range.last : range.last + 1};
  return merged;
}

} // namespace

bool Scene::begin(const TableMachine& machine, const twin::Op& op, std::uint64_t salt) {
  space_ = machine.space_of(op);
  const auto root = machine.root_of(space_);
  if (!root || machine.observation() == nullptr || !edits(static_cast<TableVerb>(op.verb)))
    return false;
  root_ = *root;
  base_ = machine.view().memory.pa_base;
  survey_.read(machine.view(), root_, salt);
  survey_.copy_nodes(machine.view(), before_);
  return true;
}

bool Scene::end(const TableMachine& machine) {
  const Observation& seen = *machine.observation();
  if (seen.replaced().empty())
    return false;
  later_.read(machine.view(), root_, 0);
  later_.copy_nodes(machine.view(), after_);
  const std::size_t bytes = std::max(before_.size(), after_.size());
  before_.resize(bytes);
  after_.resize(bytes);
  add_owed(seen);
  choose(machine.view(), seen);
  return !probes_.empty();
}

void Scene::add_owed(const Observation& seen) {
  owed_.clear();
  for (const Invalidation& i : seen.flushes())
    if (raw(i.space) == TableMachine::tag_of(space_))
      owed_.push_back({i.first, i.last, i.reach == Invalidation::Reach::walk});
}

// Where what was replaced began, and what the survey found in its reach.
void Scene::choose(const View& view, const Observation& seen) {
  std::vector<std::uint64_t> addresses;
  for (const Replaced& r : seen.replaced())
    if (r.space == space_)
      addresses.push_back(view.slot_va(r.node_va, r.level, r.index));
  const auto reach = reach_of(view, seen.replaced(), space_);
  auto range = reach.begin();
  for (const std::uint64_t address : survey_.addresses()) {
    while (range != reach.end() && range->last < address)
      ++range;
    if (range != reach.end() && range->first <= address)
      addresses.push_back(address);
  }
  emulators::keep_each_once(addresses);
  probes_.clear();
  const std::size_t count = std::min(addresses.size(), most_addresses);
  for (std::size_t i = 0; i < count; ++i)
    for (const Kind kind : {Kind::read, Kind::write})
      for (const bool user : {false, true})
        probes_.push_back({addresses[i * addresses.size() / count], kind, user});
}

} // namespace pagetwin::fuzz
