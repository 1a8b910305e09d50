#include "fuzz/oracles/steps.hpp"

#include <algorithm>
#include <utility>

namespace pagetwin::fuzz {

namespace {

using Hex = unsigned long long;
using reference::SlotKind;
using Seen = std::optional<reference::Translation>;

// A split changes the size of what it leaves alone, and hardware sets flags at any time.
bool same(const Seen& a, const Seen& b) {
  if (!a || !b)
    return a.has_value() == b.has_value();
  return a->pa == b->pa && a->attributes == b->attributes;
}

std::string show(const Seen& t) {
  if (!t)
    return "a fault";
  return format("%#llx in %#llx bytes", Hex{t->pa}, Hex{t->size});
}

} // namespace

void Steps::begin(const Request& request) {
  request_ = request;
  stores_ = 0;
  looks_.clear();
  found_ = std::nullopt;
}

bool Steps::on_store(std::uint64_t slot, std::uint64_t before, std::uint64_t after) {
  if (before == after)
    return false;
  const NodeState& node = seen_->node(slot);
  link(node, slot, after);
  const bool looks = is_looked_at(++stores_);
  if (looks)
    look_around(node, slot);
  return looks;
}

// Both ends of the request and of the slot and of its node, what is beside the request, and its middle.
void Steps::look_around(const NodeState& node, std::uint64_t slot) {
  const std::uint64_t root = tables_->root_now(node.space);
  if (root == 0)
    return;
  const unsigned index = view_->index_of(node.address, slot);
  const auto [first, last] = view_->slot_range(node.va, node.level, index);
  va_ = first;
  const std::uint64_t begin = view_->slot_va(node.va, node.level, 0);
  const std::uint64_t end = view_->slot_range(node.va, node.level, view_->mmu->entries(node.level) - 1).last;
  for (const std::uint64_t va : {first, last, begin, end})
    look(node.space, va, slot, root);
  if (node.space != request_.space)
    return;
  const std::uint64_t middle = request_.first + (request_.last - request_.first) / 2;
  for (const std::uint64_t va :
       {request_.first - 1, request_.first, middle, request_.last, request_.last + 1})
    look(node.space, va, slot, root);
}

void Steps::look(unsigned space, std::uint64_t va, std::uint64_t slot, std::uint64_t root) {
  const Seen now = view_->translate(root, va), old = tables_->before(space, va);
  if (!same(now, old))
    looks_.push_back({space, va, slot, stores_, old, now});
}

Verdict Steps::end() {
  for (const Look& look : looks_)
    if (!found_)
      found_ = judge(look);
  return std::exchange(found_, std::nullopt);
}

Verdict Steps::judge(const Look& look) const {
  const std::uint64_t root = tables_->root_now(look.space);
  const Seen end = root == 0 ? std::nullopt : view_->translate(root, look.va);
  const bool inside = request_.covers(look.space, look.va);
  if (look.now ? inside && same(look.now, end) : may_fault(look, end) || (inside && !end))
    return std::nullopt;
  const char* what = !look.now ? "fault" : inside ? "neither old nor new" : "change outside the request";
  return finding("O8 step", look.va, what,
                 format("after store %llu of the operation, to slot %#llx, a walk of %#llx finds %s",
                        Hex{look.store}, Hex{look.slot}, Hex{look.va}, what),
                 "old   " + show(look.old) + "\nthen  " + show(look.now) + "\nat last " + show(end));
}

// Where there is an old and a new one: if the change between them has to go through a break.
bool Steps::may_fault(const Look& look, const Seen& end) const {
  if (!look.old || !end)
    return false;
  const bool sets = passes_set(*view_->mmu, look.old->size, end->size);
  return broken_field(*rules_, *look.old, *end, sets) != nullptr;
}

void Steps::link(const NodeState& parent, std::uint64_t slot, std::uint64_t raw) {
  const unsigned index = view_->index_of(parent.address, slot);
  const auto word = view_->mmu->decode(raw, parent.level, index, view_->mode);
  if (word.violations != 0) // of a set that is being written the other copies may still be missing
    keep_first(found_,
               shape_.check("O8 step", *view_, {parent.address, parent.va, parent.level, index}, word));
  else if (word.kind == SlotKind::table)
    keep_first(found_, enter(parent, slot, word));
}

// Why the node may not be reached from the slot.
const char* Steps::unfit(std::uint64_t slot, std::uint64_t node) const {
  if (!seen_->contains(node) || !seen_->node(node).live)
    return "no live node";
  const NodeState& state = seen_->node(node);
  if (state.address != node)
    return "no begin of a node";
  if (!state.walked || state.parent == slot)
    return nullptr;
  if (!seen_->contains(state.parent))
    return "a root";
  const NodeState& other = seen_->node(state.parent);
  const unsigned index = view_->index_of(other.address, state.parent);
  const auto word = view_->mmu->decode(view_->load(state.parent), other.level, index, view_->mode);
  return other.live && word.kind == SlotKind::table && word.address == node ? "shared" : nullptr;
}

Verdict Steps::enter(const NodeState& parent, std::uint64_t slot, const reference::Decoded& table) {
  const unsigned index = view_->index_of(parent.address, slot);
  const std::uint64_t va = view_->slot_va(parent.va, parent.level, index);
  if (const char* why = unfit(slot, table.address))
    return finding("O8 step", va, format("table linked: %s", why),
                   format("a store to slot %#llx leads to %#llx: %s", Hex{slot}, Hex{table.address}, why));
  NodeState& child = seen_->node(table.address);
  if (!child.linked) { // else it is where it was, and was looked at then
    child.level = static_cast<std::uint8_t>(parent.level - 1);
    child.space = parent.space;
    child.va = parent.va + index * view_->mmu->span(parent.level);
    child.parent = slot;
  }
  child.walked = true;
  return check_node(child);
}

// Every word that hardware can reach from here on.
Verdict Steps::check_node(const NodeState& node) {
  if (node.first_used() > node.last_used())
    return std::nullopt;
  const auto [first, end] = shape_.whole_groups(*view_, node.level, node.first_used(), node.last_used());
  reference::Decoded word;
  const auto next = [&](unsigned index) {
    return view_->mmu->next_notable(view_->memory, node.address, node.level, index, end, view_->mode, word);
  };
  for (unsigned index = next(first); index < end; index = next(index + word.copies)) {
    Verdict v = shape_.check("O8 step", *view_, {node.address, node.va, node.level, index}, word);
    if (!v && word.kind == SlotKind::table)
      v = enter(node, view_->slot(node.address, index), word);
    if (v)
      return v;
  }
  return std::nullopt;
}

} // namespace pagetwin::fuzz
