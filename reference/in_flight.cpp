#include "reference/in_flight.hpp"

#include "reference/alignment.hpp"
#include "reference/mmu/runs.hpp"

#include <algorithm>

namespace reference {

namespace {

bool leaf_may_stay(const Profile& profile, const Decoded& before, const Decoded& after) {
  const bool same = before.address == after.address && before.bytes == after.bytes
                    && with_rights(before.attributes, {}) == with_rights(after.attributes, {});
  const bool unseen_writes = profile.dirty && before.flags.dirty && !after.flags.dirty;
  return same && !unseen_writes && !permits_more(profile, before.attributes, after.attributes);
}

bool table_may_stay(const Decoded& before, const Decoded& after) {
  const Rights old = rights_of(before.attributes);
  return before.address == after.address && before.attributes.global == after.attributes.global
         && both(old, rights_of(after.attributes)) == old;
}

// A CPU that still uses the old word does nothing that the new one does not let it.
bool may_stay(const Profile& profile, const Decoded& before, const Decoded& after) {
  if (before.kind == SlotKind::hole || before.kind != after.kind)
    return before.kind == SlotKind::hole;
  return before.kind == SlotKind::leaf ? leaf_may_stay(profile, before, after)
                                       : table_may_stay(before, after);
}

} // namespace

void InFlight::replace(const Tables& from, const Slot& slot, std::uint64_t before, std::uint64_t after) {
  const auto decoded = [&](std::uint64_t raw) {
    return from.mmu->decode(raw, slot.level, slot.index, from.mode);
  };
  const Decoded old = decoded(before);
  if (slot.cpus != 0 && !may_stay(from.mmu->profile(), old, decoded(after)))
    post(from, slot, old);
}

void InFlight::post(const Tables& from, const Slot& slot, const Decoded& word) {
  if (word.kind == SlotKind::hole)
    return;
  const bool table = word.kind == SlotKind::table, global = slot.global || word.attributes.global;
  const std::uint64_t bytes = table ? from.mmu->span(slot.level) : word.bytes,
                      first = round_down(slot.va, bytes);
  add({slot.tag, global && !table, table, first, first + (bytes - 1), bytes, table ? word.address : 0,
       slot.cpus});
  if (table && slot.level != 0)
    post_below(from, {slot.tag, slot.cpus, first, slot.level - 1, 0, global}, word.address);
}

// All that could be reached through a table.
void InFlight::post_below(const Tables& from, const Slot& first, std::uint64_t node) {
  const unsigned end = from.mmu->entries(first.level);
  if (!from.memory.contains(node, std::uint64_t{end} * from.mmu->descriptor_bytes()))
    return;
  Slot each = first;
  while ((each.index = next_used(*from.mmu, from.memory, node, each.index, end)) != end) {
    each.va = canonical(from.mmu->profile(), first.va + each.index * from.mmu->span(each.level));
    const std::uint64_t raw = from.load(node, each.index).value_or(0);
    post(from, each, from.mmu->decode(raw, each.level, each.index, from.mode));
    ++each.index;
  }
}

void InFlight::drop(const Tables& from, unsigned tag, CpuBits cpus, std::uint64_t root) {
  if (cpus == 0)
    return;
  add({.tag = tag, .table = true, .last = ~std::uint64_t{0}, .node = root, .waiting = cpus});
  post_below(from, {tag, cpus, 0, from.mmu->levels() - 1, 0}, root);
}

// Pages in a row are one, and the copies of a page are one page.
void InFlight::add(const Item& item) {
  Item* const last = items_.empty() ? nullptr : &items_.back();
  const bool alike = last != nullptr && !last->table && !item.table && last->tag == item.tag
                     && last->global == item.global && last->unit == item.unit
                     && last->waiting == item.waiting;
  if (alike && last->first <= item.first && item.first - last->first <= last->last - last->first + 1)
    last->last = std::max(last->last, item.last);
  else
    items_.push_back(item);
}

void InFlight::acknowledge(unsigned cpu, unsigned tag, std::uint64_t first, std::uint64_t last,
                           bool with_tables) {
  const CpuBits bit = CpuBits{1} << cpu;
  for (std::size_t i = 0, known = items_.size(); i < known; ++i) {
    Item rest = items_[i];
    if ((rest.waiting & bit) == 0 || !(rest.tag == tag || rest.global) || !rest.meets(first, last)
        || (rest.table && !with_tables))
      continue;
    items_[i].waiting &= ~bit;
    rest.waiting = bit;
    const std::uint64_t from = std::max(round_down(first, rest.unit), rest.first),
                        to = std::min(round_down(last, rest.unit) + (rest.unit - 1), rest.last);
    if (from != rest.first)
      items_.push_back({rest.tag, rest.global, false, rest.first, from - 1, rest.unit, 0, bit});
    if (to != rest.last)
      items_.push_back({rest.tag, rest.global, false, to + 1, rest.last, rest.unit, 0, bit});
  }
  std::erase_if(items_, [](const Item& item) { return item.waiting == 0; });
}

void InFlight::acknowledge_everything(unsigned cpu) {
  for (Item& item : items_)
    item.waiting &= ~(CpuBits{1} << cpu);
  std::erase_if(items_, [](const Item& item) { return item.waiting == 0; });
}

} // namespace reference
