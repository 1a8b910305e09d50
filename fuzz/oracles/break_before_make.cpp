#include "fuzz/oracles/break_before_make.hpp"

#include "fuzz/oracles/shape.hpp"

#include <algorithm>

namespace pagetwin::fuzz {

namespace {

using Hex = unsigned long long;
using reference::Decoded;
using reference::SlotKind;

reference::Translation translation_of(const Decoded& leaf) {
  return {leaf.address, leaf.bytes, leaf.attributes, leaf.flags};
}

bool is_set(const Decoded& word) { return word.kind == SlotKind::leaf && word.copies > 1; }

} // namespace

BreakBeforeMake::Change BreakBeforeMake::decode(std::uint64_t slot, std::uint64_t before,
                                                std::uint64_t after) const {
  const NodeState& node = seen_->node(slot);
  const unsigned index = view_->index_of(node.address, slot);
  const auto decoded = [&](std::uint64_t raw) {
    return view_->mmu->decode(raw, node.level, index, view_->mode);
  };
  return {&node, slot, view_->slot_va(node.va, node.level, index), index, decoded(before), decoded(after)};
}

Verdict BreakBeforeMake::on_store(std::uint64_t slot, std::uint64_t before, std::uint64_t after) {
  const Change c = decode(slot, before, after);
  const bool was = c.before.kind != SlotKind::hole, is = c.after.kind != SlotKind::hole;
  if (was && is)
    return change_in_place(c);
  if (was)
    break_slot(c);
  return is ? make(c) : std::nullopt;
}

void BreakBeforeMake::break_slot(const Change& c) {
  const unsigned bytes = view_->mmu->descriptor_bytes();
  const Broken next{c.slot,
                    c.slot + bytes,
                    c.va,
                    c.va + (view_->mmu->span(c.node->level) - 1),
                    c.node->space,
                    c.node->level,
                    c.before.kind == SlotKind::table,
                    is_set(c.before)};
  if (!broken_.empty()) {
    Broken& b = broken_.back();
    if (b.end == next.slot && b.last + 1 == next.first && b.space == next.space && b.level == next.level
        && b.table == next.table && b.set == next.set && !b.invalidated) {
      b.end = next.end;
      b.last = next.last;
      return;
    }
  }
  broken_.push_back(next);
}

const BreakBeforeMake::Broken* BreakBeforeMake::find(std::uint64_t slot) const {
  const auto it =
      std::ranges::find_if(broken_, [slot](const Broken& b) { return b.slot <= slot && slot < b.end; });
  return it == broken_.end() ? nullptr : &*it;
}

Verdict BreakBeforeMake::wrong(const Change& c, std::string key) const {
  std::string headline = format("the slot %#llx of %#llx at level %u: %s", Hex{c.slot}, Hex{c.va},
                                unsigned{c.node->level}, key.c_str());
  return finding("O9 bbm", c.va, std::move(key), std::move(headline),
                 format("the rules are those of %s", rules_->manual));
}

Verdict BreakBeforeMake::make(const Change& c) const {
  const Broken* const b = find(c.slot);
  const bool matters = rules_->breaks() || (rules_->sets && b != nullptr && (b->set || is_set(c.after)));
  if (b != nullptr && matters)
    return wrong(c, b->invalidated ? "made before the sync" : "made before the invalidation");
  return rules_->sets ? check_set(c) : std::nullopt;
}

Decoded BreakBeforeMake::word_at(const NodeState& node, unsigned index) const {
  return view_->mmu->decode(view_->load(view_->slot(node.address, index)), node.level, index, view_->mode);
}

// A set is broken whole before one of it is made, and what is made beside it is no part of its addresses.
Verdict BreakBeforeMake::check_set(const Change& c) const {
  const unsigned copies = is_set(c.after) ? c.after.copies : 1, first = c.index & ~(copies - 1);
  for (unsigned i = first; i < first + copies; ++i) {
    const Decoded other = word_at(*c.node, i);
    if (i != c.index && other.kind != SlotKind::hole && !reference::same_leaf(other, c.after))
      return wrong(c, "one of a set made beside another leaf");
    if (i != c.index && find(view_->slot(c.node->address, i)) != nullptr)
      return wrong(c, "one of a set made before all are clean");
  }
  const unsigned neighbour = c.index ^ 1U; // of every set that the slot could be in
  if (copies > 1 || neighbour >= view_->mmu->entries(c.node->level))
    return std::nullopt;
  return is_set(word_at(*c.node, neighbour)) ? Verdict(wrong(c, "one of a set replaced alone"))
                                             : std::nullopt;
}

Verdict BreakBeforeMake::change_in_place(const Change& c) const {
  const bool leaves = c.before.kind == SlotKind::leaf && c.after.kind == SlotKind::leaf;
  if (leaves) {
    const char* const field = changed_leaf(c);
    return field == nullptr ? std::nullopt : Verdict(wrong(c, format("%s changed in place", field)));
  }
  if (c.before.kind == c.after.kind) {
    const bool another = c.before.address != c.after.address && rules_->address;
    return another ? Verdict(wrong(c, "table changed in place")) : std::nullopt;
  }
  const bool whole = rules_->size || (rules_->sets && (is_set(c.before) || is_set(c.after)));
  if (whole || (rules_->size_alone && changes_more_than_size(c)))
    return wrong(c, c.after.kind == SlotKind::table ? "leaf to table in place" : "table to leaf in place");
  return std::nullopt;
}

const char* BreakBeforeMake::changed_leaf(const Change& c) const {
  return broken_field(*rules_, translation_of(c.before), translation_of(c.after),
                      is_set(c.before) || is_set(c.after));
}

// One of the words is a leaf, the other the way to smaller ones: of those the first and the last are asked.
bool BreakBeforeMake::changes_more_than_size(const Change& c) const {
  const bool splits = c.after.kind == SlotKind::table;
  const Decoded &table = splits ? c.after : c.before, &leaf = splits ? c.before : c.after;
  if (!seen_->contains(table.address) || !seen_->node(table.address).live)
    return false; // O8 and O5 say so
  const NodeState& node = seen_->node(table.address);
  const unsigned level = c.node->level - 1U, last = view_->mmu->entries(level) - 1;
  for (const unsigned i : {0U, last}) {
    const auto small = view_->mmu->decode(view_->load(view_->slot(node.address, i)), level, i, view_->mode);
    if (small.kind == SlotKind::leaf
        && (small.address != leaf.address + i * view_->mmu->span(level)
            || small.attributes != leaf.attributes))
      return true;
  }
  return false;
}

void BreakBeforeMake::on_flush(const Flush& flush) {
  for (std::size_t i = 0, known = broken_.size(); i < known; ++i) {
    const Broken& b = broken_[i];
    const bool meets = b.space == flush.space && b.first <= flush.last && flush.first <= b.last;
    if (meets && (!b.table || flush.walk))
      split(i, flush);
  }
}

// The slots that the invalidation covers whole are on their way; what is before and behind them stays as it
// was.
void BreakBeforeMake::split(std::size_t at, const Flush& flush) {
  Broken rest = broken_[at];
  const std::uint64_t span = view_->mmu->span(rest.level), bytes = view_->mmu->descriptor_bytes();
  const std::uint64_t count = (rest.end - rest.slot) / bytes;
  const std::uint64_t skipped = flush.first > rest.first ? (flush.first - rest.first + span - 1) / span : 0;
  const std::uint64_t behind = flush.last < rest.last ? (rest.last - flush.last + span - 1) / span : 0;
  if (skipped + behind >= count)
    return;
  const auto part = [&](std::uint64_t from, std::uint64_t to) {
    Broken b = rest;
    b.slot = rest.slot + from * bytes;
    b.end = rest.slot + to * bytes;
    b.first = rest.first + from * span;
    b.last = rest.first + (to * span - 1);
    return b;
  };
  if (skipped != 0)
    broken_.push_back(part(0, skipped));
  if (behind != 0)
    broken_.push_back(part(count - behind, count));
  Broken covered = part(skipped, count - behind);
  covered.invalidated = true;
  covered.cpu = flush.cpu;
  broken_[at] = covered;
}

void BreakBeforeMake::on_sync(unsigned cpu) {
  std::erase_if(broken_, [cpu](const Broken& b) { return b.invalidated && b.cpu == cpu; });
}

// What a broken slot led to is below it, and so is all that was below that.
Verdict BreakBeforeMake::on_release(std::uint64_t node) {
  const NodeState& gone = seen_->node(node);
  if (!gone.walked)
    return std::nullopt;
  const std::uint64_t end = node + (std::uint64_t{1} << gone.shift),
                      va = view_->slot_va(gone.va, gone.level, 0);
  for (const Broken& b : broken_) {
    const bool inside = b.slot < end && node < b.end;
    const bool above =
        b.table && b.space == gone.space && b.level > gone.level && b.first <= va && va <= b.last;
    if (!inside && !above)
      continue;
    const char* what =
        inside ? "released with a slot that is not clean" : "released before its slot is clean";
    return finding("O9 bbm", node, what,
                   format("the node %#llx is %s: slot %#llx of %#llx at level %u", Hex{node}, what,
                          Hex{b.slot}, Hex{b.first}, b.level),
                   b.invalidated ? "its invalidation is not synced" : "it is not invalidated");
  }
  return std::nullopt;
}

} // namespace pagetwin::fuzz
