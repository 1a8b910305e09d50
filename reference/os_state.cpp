#include "reference/os_state.hpp"

#include "reference/alignment.hpp"

namespace reference {

Processor::Start Processor::start_of(const Tables& from, std::uint64_t va, bool from_cache) const {
  Start start{root_, from.mmu->levels() - 1};
  for (const CachedTable& table : tables_)
    if (from_cache && table.covers(tag_, va) && table.level < start.level)
      start = {table.node, table.level, table.rights, table.global};
  return start;
}

// Every restriction on the way applies.
Descent Processor::descend(const Tables& from, Start at, std::uint64_t va) {
  const Mmu& mmu = *from.mmu;
  for (Descent page;;) {
    const std::uint64_t span = mmu.span(at.level);
    const auto index = static_cast<unsigned>(va / span % mmu.entries(at.level));
    const auto raw = from.load(at.node, index);
    if (!raw)
      return {};
    page.steps[page.steps_taken++] = {at.level, from.slot(at.node, index), *raw};
    const Decoded word = mmu.decode(*raw, at.level, index, from.mode);
    if (word.kind == SlotKind::hole || (word.violations & violation::faulting) != 0)
      return {};
    const Rights rights = both(at.rights, rights_of(word.attributes));
    const bool global = at.global || word.attributes.global;
    if (word.kind == SlotKind::leaf) {
      page.found = true;
      page.va = round_down(va, word.bytes);
      page.bytes = word.bytes;
      page.pa = word.address;
      page.attributes = with_rights(word.attributes, rights);
      page.attributes.global = global;
      page.flags = word.flags;
      return page;
    }
    if (at.level == 0)
      return {};
    at = {word.address, at.level - 1, rights, global};
    keep(CachedTable{tag_, round_down(va, span), span, at.node, at.level, at.rights, at.global});
  }
}

// A page that is cached already keeps the older word; that it is dirty is what hardware learns last.
void Processor::keep(const Descent& page) {
  for (CachedPage& old : pages_)
    if (old.bytes == page.bytes && old.va == page.va && old.tag == tag_ && old.pa == page.pa
        && old.attributes == page.attributes) {
      old.flags = either(old.flags, page.flags);
      return;
    }
  pages_[next_page_++ % pages] = {tag_, page.va, page.bytes, page.pa, page.attributes, page.flags};
}

void Processor::keep(const CachedTable& table) {
  for (const CachedTable& old : tables_)
    if (old.bytes == table.bytes && old.va == table.va && old.tag == table.tag && old.node == table.node)
      return;
  tables_[next_table_++ % tables] = table;
}

Descent Processor::walk(const Tables& from, std::uint64_t va, bool from_cache) {
  if (!runs_ || !is_canonical(from.mmu->profile(), va))
    return {};
  Descent page = descend(from, start_of(from, va, from_cache), va);
  if (page.found)
    keep(page);
  return page;
}

bool Processor::fill(const Tables& from, std::uint64_t va, bool from_cache) {
  const Descent page = walk(from, va, from_cache);
  for (unsigned i = 0; page.found && i < page.steps_taken; ++i)
    from.mmu->mark_accessed(from.memory, page.steps[i], i + 1 == page.steps_taken);
  return page.found;
}

void Processor::recall(const Tables& from, std::uint64_t va, bool from_cache) {
  static_cast<void>(walk(from, va, from_cache));
}

void Processor::evict(unsigned k) {
  if (k % (pages + tables) < pages)
    pages_[k % (pages + tables)] = {};
  else
    tables_[k % (pages + tables) - pages] = {};
}

Processor::Outcome Processor::through_cache(const Tables& from, std::uint64_t va,
                                            const Access& access) const {
  const Profile& profile = from.mmu->profile();
  for (const CachedPage& page : pages_) {
    if (!page.covers(tag_, va) || !profile.permits(page.attributes, access))
      continue;
    if (access.kind != AccessKind::write || !profile.dirty || page.flags.dirty)
      return {true, true, page.pa + (va - page.va)};
  }
  return {};
}

Processor::Outcome Processor::look(const Tables& from, std::uint64_t va, const Access& access) const {
  if (const Outcome cached = through_cache(from, va, access); cached.ok)
    return cached;
  const Walk walk = from.mmu->walk(from.memory, root_, va, access, from.mode);
  return {walk.outcome == reference::Outcome::ok, false, walk.translation.pa};
}

Processor::Outcome Processor::access(const Tables& from, std::uint64_t va, const Access& access) {
  if (const Outcome cached = through_cache(from, va, access); cached.ok)
    return cached;
  const Walk walk = from.mmu->access(from.memory, root_, va, access, from.mode);
  if (walk.outcome != reference::Outcome::ok)
    return {};
  recall(from, va, false); // its flags are set
  return {true, false, walk.translation.pa};
}

void Processor::invalidate(unsigned tag, std::uint64_t first, std::uint64_t last, bool with_tables) {
  for (CachedPage& page : pages_)
    if ((page.tag == tag || page.attributes.global) && page.meets(first, last))
      page = {};
  for (CachedTable& table : tables_)
    if (with_tables && table.tag == tag && table.meets(first, last))
      table = {};
}

void Processor::invalidate_everything() {
  pages_ = {};
  tables_ = {};
  ran_ = runs_ ? std::uint64_t{1} << tag_ : 0;
}

} // namespace reference
