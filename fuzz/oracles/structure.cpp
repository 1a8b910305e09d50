#include "fuzz/oracles/structure.hpp"

#include "fuzz/oracles/replaced_leaves.hpp"

#include <algorithm>

namespace pagetwin::fuzz {

namespace {

using Hex = unsigned long long; // what printf calls 64 bits

} // namespace

void Structure::add_root(Observation& seen, std::uint64_t root, unsigned space) const {
  NodeState& state = seen.node(root);
  state.linked = state.walked = true;
  state.level = root_level_;
  state.parent = 0;
  state.space = static_cast<std::uint16_t>(space);
  state.va = 0;
}

Verdict Structure::follow(const View& view, Observation& seen) {
  detach_replaced(view, seen);
  const std::size_t known = seen.touched().size();
  for (std::size_t i = 0; i < known; ++i) {
    const std::uint64_t node = seen.touched()[i];
    const NodeState& state = seen.node(node);
    if (!state.live || !state.linked)
      continue;
    if (Verdict v = attach(view, seen, node))
      return v;
  }
  if (Verdict v = check_retired(seen))
    return v;
  return check_remaining(seen);
}

// A table word that gave way to something else no longer leads to its node.
void Structure::detach_replaced(const View& view, Observation& seen) {
  detached_.clear();
  ReplacedLeaves leaves;
  for (const Replaced& r : seen.replaced()) {
    if (r.level == 0 || leaves.go_on_with(r)) // a table of level 0 would have been a finding
      continue;
    const reference::Decoded was = leaves.decode(view, r);
    if (was.kind != reference::SlotKind::table || !seen.contains(was.address))
      continue;
    NodeState* child = linked_by(seen, seen.node_address(was.address), r);
    if (child == nullptr)
      continue;
    child->linked = false;
    if (NodeState* parent = incarnation(seen, seen.node_address(r.slot), r.serial))
      --parent->children;
    if (child->live)
      detached_.push_back(child->address);
  }
}

// The node that the replaced word led to, if it is still counted as linked there.
NodeState* Structure::linked_by(Observation& seen, std::uint64_t node, const Replaced& r) {
  const auto leads = [&](const NodeState& s) {
    return s.linked && s.address == node && s.parent == r.slot && s.parent_serial == r.serial;
  };
  if (NodeState& now = seen.node(node); leads(now))
    return &now;
  const auto it = std::ranges::find_if(seen.former(), leads);
  return it == seen.former().end() ? nullptr : &*it;
}

NodeState* Structure::incarnation(Observation& seen, std::uint64_t node, std::uint64_t serial) {
  if (NodeState& now = seen.node(node); now.serial == serial)
    return &now;
  const auto it = std::ranges::find(seen.former(), serial, &NodeState::serial);
  return it == seen.former().end() ? nullptr : &*it;
}

Verdict Structure::attach(const View& view, Observation& seen, std::uint64_t node) {
  const NodeState& state = seen.node(node); // which stays where it is
  // Groups in whole, from their first copies on.
  const auto [first, end] = shape_.whole_groups(view, state.level, state.first, state.last);
  const auto next = [&](unsigned index) {
    return view.mmu->next_notable(view.memory, node, state.level, index, end, view.mode, notable_);
  };
  for (unsigned index = next(first); index < end;) {
    const unsigned copies = notable_.copies; // a child's words take the place of this one
    if (Verdict v = shape_.check("O4 shape", view, {node, state.va, state.level, index}, notable_))
      return v;
    if (notable_.kind == reference::SlotKind::table)
      if (Verdict v = attach_child(view, seen, view.slot(node, index), index, notable_.address))
        return v;
    index = next(index + copies);
  }
  if (state.nonzero == 0 && state.parent != 0 && empty_ == EmptyNodes::unlinked)
    return tell([=] {
      return finding("O4 shape", node, "empty node",
                     format("the node %#llx is empty and still linked", Hex{node}));
    });
  return std::nullopt;
}

Verdict Structure::attach_child(const View& view, Observation& seen, std::uint64_t slot, unsigned index,
                                std::uint64_t table) {
  const std::uint64_t parent_node = seen.node_address(slot);
  NodeState& parent = seen.node(parent_node);
  if (!seen.contains(table) || !seen.node(table).live || seen.node_address(table) != table)
    return tell([=] {
      return finding("O4 shape", table, "table outside live nodes",
                     format("slot %#llx leads to %#llx, which is no live node", Hex{slot}, Hex{table}));
    });
  NodeState& child = seen.node(table);
  if (child.linked && child.parent != slot)
    return tell([=, &child] {
      return finding("O4 shape", table, "node reached twice",
                     format("the node %#llx is reached by %#llx and by %#llx", Hex{table}, Hex{child.parent},
                            Hex{slot}));
    });
  if (child.linked)
    return std::nullopt;
  child.linked = child.walked = true;
  child.parent = slot;
  child.parent_serial = parent.serial;
  child.space = parent.space;
  child.level = static_cast<std::uint8_t>(parent.level - 1);
  child.va = parent.va + index * view.mmu->span(parent.level);
  ++parent.children;
  return child.listed ? attach(view, seen, table) : std::nullopt;
}

bool Structure::leads_from_live(Observation& seen, const NodeState& child) {
  const NodeState* parent = incarnation(seen, seen.node_address(child.parent), child.parent_serial);
  return parent != nullptr && parent->live;
}

// A retired node must be unreachable: detached itself, or below a node that is retired too; and all nodes
// below go with it.
Verdict Structure::check_retired(Observation& seen) {
  std::uint64_t below = 0, gone = 0;
  const NodeState* linked = nullptr;
  const auto account = [&](NodeState& state) {
    below += state.children;
    if (!state.linked)
      return;
    state.linked = false;
    if (state.parent == 0 || leads_from_live(seen, state))
      linked = &state;
    ++gone;
  };
  for (const std::uint64_t node : seen.retired())
    if (!seen.node(node).live)
      account(seen.node(node));
  for (NodeState& state : seen.former())
    account(state);
  if (linked != nullptr)
    return tell([=] {
      return finding("O5 frames", linked->address, "retired while linked",
                     format("the node %#llx was retired while %#llx leads to it", Hex{linked->address},
                            Hex{linked->parent}));
    });
  if (below == gone)
    return std::nullopt;
  return tell([=, &seen] {
    return finding(
        "O5 frames", seen.retired().front(), "nodes below a retired one leaked",
        format("%llu nodes lay below retired ones and %llu of them were retired", Hex{below}, Hex{gone}));
  });
}

Verdict Structure::check_remaining(Observation& seen) const {
  for (const std::uint64_t node : detached_)
    if (seen.node(node).live && !seen.node(node).linked)
      return tell([=] {
        return finding("O5 frames", node, "unlinked node leaked",
                       format("the node %#llx was unlinked and never retired", Hex{node}));
      });
  for (const std::uint64_t node : seen.allocated())
    if (seen.node(node).live && !seen.node(node).linked)
      return tell([=] {
        return finding("O5 frames", node, "new node leaked",
                       format("the node %#llx was allocated and never linked", Hex{node}));
      });
  return std::nullopt;
}

Verdict Structure::wrong_counter(const NodeState& state, std::uint64_t node, unsigned counter) {
  return finding("O14 views", node, format("live counter level %u", state.level),
                 format("the node %#llx has %u live slots, its counter says %u", Hex{node},
                        unsigned{state.nonzero}, counter));
}

} // namespace pagetwin::fuzz
