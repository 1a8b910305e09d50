#include "fuzz/oracles/l4_abstraction.hpp"

#include "reference/mmu/runs.hpp"

#include <algorithm>
#include <bit>

namespace pagetwin::fuzz {

namespace {

using Hex = unsigned long long;
using PTE = reference::L4PageTable::PTE;
using Seen = L4Abstraction::Seen;

// The word of a hole in which a PTE hides, as docs/l4.md has it.
constexpr std::uint64_t hidden_set = 1U << 1U, hidden_r = 1U << 2U, hidden_w = 1U << 3U, hidden_x = 1U << 4U,
                        hidden_cached = 1U << 5U;
constexpr unsigned hidden_frame = 6;

// The memory types of what is cached, and of what is not.
constexpr std::uint8_t cached_type = 0, uncached_type = 3;

Seen broken(std::uint64_t va, const char* why) {
  return {.is = Seen::Is::broken, .page = {.base = va, .fields = {}}, .why = why};
}

Verdict ill_formed(std::uint64_t va, const char* why) {
  return tell([=] { return finding("wfpt", va, why, format("%s, at %#llx", why, Hex{va})); });
}

PTE fields_of_leaf(const reference::Decoded& leaf) {
  return {.Paddr = leaf.address,
          .R = leaf.attributes.read,
          .W = leaf.attributes.write,
          .X = leaf.attributes.execute,
          .Cached = leaf.attributes.memory_type == cached_type};
}

PTE fields_of_hole(std::uint64_t word, std::uint64_t size) {
  return {.Paddr = (word >> hidden_frame) * size,
          .R = (word & hidden_r) != 0,
          .W = (word & hidden_w) != 0,
          .X = (word & hidden_x) != 0,
          .Cached = (word & hidden_cached) != 0};
}

} // namespace

reference::Decoded L4Abstraction::decode(const Node& node, unsigned index) const {
  return view_->mmu->decode(view_->load(view_->slot(node.address, index)), node.level, index, view_->mode);
}

Seen L4Abstraction::lookup(std::uint64_t root, std::uint64_t v) const {
  const reference::Mmu& mmu = *view_->mmu;
  Node node{root, 0, mmu.levels() - 1};
  for (;;) {
    if (!view_->memory.contains(node.address, 2 * mmu.node_bytes(node.level)))
      return broken(v, "a table leads out of the memory");
    const auto index = static_cast<unsigned>(v / mmu.span(node.level)) & (mmu.entries(node.level) - 1);
    const reference::Decoded word = decode(node, index);
    if (word.kind != reference::SlotKind::table)
      return page_in(node, index, word);
    if (node.level == 0)
      return broken(v, "a table at level 0");
    node = below(node, index, word.address);
  }
}

// The page that a slot, which holds no table, is of.
Seen L4Abstraction::page_in(const Node& node, unsigned index, const reference::Decoded& word) const {
  const std::uint64_t va = view_->slot_va(node.va, node.level, index);
  if (word.violations != 0)
    return broken(va, reference::violation_name(1U << std::countr_zero(word.violations)));
  if (word.kind == reference::SlotKind::hole && word.marker == 0)
    return {};
  const bool leaf = word.kind == reference::SlotKind::leaf;
  const std::uint64_t size = leaf ? word.bytes : hidden_size(node.level, word.marker);
  const auto copies = static_cast<unsigned>(size / view_->mmu->span(node.level));
  const unsigned first = index & ~(copies - 1);
  if (copies == 0 || !is_whole(node, first, word, copies))
    return broken(va, "a page whose descriptors differ");
  const PTE fields = leaf ? fields_of_leaf(word) : fields_of_hole(word.marker, size);
  if (leaf != shows(fields))
    return broken(va, leaf ? "a leaf that should hide" : "a page that hides and need not");
  if (leaf
      && (word.attributes.memory_type != (fields.Cached ? cached_type : uncached_type)
          || !word.attributes.user || word.attributes.global || word.attributes.key != 0
          || word.attributes.software != 0))
    return broken(va, "attributes that no PTE has");
  return {
      .is = Seen::Is::page,
      .page = {view_->slot_va(node.va, node.level, first), size, view_->slot(node.address, first), fields},
      .link = link_at(node, first)};
}

std::uint64_t L4Abstraction::hidden_size(unsigned level, std::uint64_t word) const {
  const std::uint64_t span = view_->mmu->span(level);
  if ((word & hidden_set) == 0)
    return span;
  const auto& sizes = view_->mmu->profile().sizes;
  const auto larger = std::ranges::upper_bound(sizes, span);
  return larger != sizes.end() ? *larger : 0;
}

bool L4Abstraction::is_whole(const Node& node, unsigned index, const reference::Decoded& word,
                             unsigned copies) const {
  for (unsigned i = 0; copies > 1 && i < copies; ++i) {
    const reference::Decoded other = decode(node, index + i);
    if (!reference::same_leaf(other, word) || other.marker != word.marker)
      return false;
  }
  return true;
}

bool L4Abstraction::shows(const PTE& fields) const {
  return (fields.R || fields.W || fields.X)
         && view_->mmu->profile().expressible_rights({fields.R, fields.W, fields.X, true});
}

bool L4Abstraction::related(const Page& abstract, const Seen& concrete) {
  const Page& seen = concrete.page;
  const PTE& a = abstract.fields;
  return concrete.is_page() && abstract.base == seen.base && abstract.size == seen.size
         && abstract.pte == seen.pte && (a.MapNode ^ a.Vaddr) == concrete.link
         && PTE{a.Paddr, a.R, a.W, a.X, a.Cached} == seen.fields;
}

Verdict L4Abstraction::judge(const Place& at, const Page* page, const char* after) const {
  const Seen seen = lookup(at.root, at.va);
  if (seen.is == Seen::Is::broken)
    return tell([&] {
      return finding("wfpt", at.va, format("%s: %s", after, seen.why),
                     format("after %s there is, at %#llx, %s", after, Hex{at.va}, seen.why));
    });
  if (page != nullptr ? related(*page, seen) : !seen.is_page())
    return std::nullopt;
  return tell([&] {
    return finding(
        "R", at.va, format("%s: state", after),
        format("after %s the page of %#llx in space %u is not that of level P", after, Hex{at.va}, at.space));
  });
}

unsigned L4Abstraction::own_nodes(const Page& page, reference::L4PageTable::Neighbours beside) const {
  unsigned nodes = 0;
  for (unsigned level = 1; level < view_->mmu->levels(); ++level) { // of the slot that leads to the node
    const std::uint64_t span = view_->mmu->span(level);
    const auto shared = [&](const Page* other) {
      return other != nullptr && other->size < span && other->base / span == page.base / span;
    };
    nodes += page.size < span && !shared(beside.below) && !shared(beside.above);
  }
  return nodes;
}

Verdict L4Abstraction::compare(const reference::L4PageTable& model, const Pool& pool) {
  reached_.clear();
  for (std::size_t i = 0; i < model.space_count(); ++i) {
    expected_ = model.pages(model.name(i));
    if (Verdict v = enter({model.name(i), 0, view_->mmu->levels() - 1}, pool))
      return v;
    if (!expected_.empty())
      return ill_formed(expected_.front().base, "a page of level P is nowhere in the nodes");
  }
  std::ranges::sort(reached_, {}, &Reached::address);
  if (std::ranges::adjacent_find(reached_, {}, &Reached::address) != reached_.end())
    return ill_formed(0, "a node is reached twice");
  return reached_.size() != pool.used ? ill_formed(0, "an allocated node is not reached") : std::nullopt;
}

Verdict L4Abstraction::enter(const Node& node, const Pool& pool) {
  if (!pool.seen->contains(node.address) || !pool.seen->is_live(node.address))
    return ill_formed(node.va, "a table leads to what is not allocated");
  const NodeState& state = pool.seen->node(node.address);
  if (state.address != node.address || bytes_of(state.shift) != view_->mmu->node_bytes(node.level))
    return ill_formed(node.va, "a node whose size is not that of its level");
  if (reached_.size() == pool.used)
    return ill_formed(node.va, "a node is reached twice");
  return well_formed(node, pool);
}

Verdict L4Abstraction::well_formed(const Node& node, const Pool& pool) {
  const unsigned end = view_->mmu->entries(node.level);
  const std::size_t place = reached_.size();
  reached_.push_back({node.address});
  Reached counts{node.address};
  unsigned from = 0;
  const reference::PhysicalMemory& words = view_->memory;
  for (unsigned i = first_used(words, node, 0, end); i < end; i = first_used(words, node, i, end)) {
    if (Verdict v = lonely_link(node, from, i))
      return v;
    if (Verdict v = slot(node, i, counts, pool))
      return v;
    from = i;
  }
  reached_[place] = counts;
  if (counts.used == 0 && node.level != view_->mmu->levels() - 1)
    return ill_formed(node.va, "a node without a page below it");
  return lonely_link(node, from, end);
}

// index: of a slot that is not zero, and afterwards of the one behind what it is of.
Verdict L4Abstraction::slot(const Node& node, unsigned& index, Reached& counts, const Pool& pool) {
  const reference::Decoded word = decode(node, index);
  if (word.kind != reference::SlotKind::table)
    return page(node, index, counts, word);
  const std::uint64_t va = view_->slot_va(node.va, node.level, index);
  if (word.violations != 0 || node.level == 0)
    return ill_formed(va, node.level == 0 ? "a table at level 0" : "a table that is none of ours");
  if (Verdict v = lonely_link(node, index, index + 1))
    return v;
  ++counts.used;
  return enter(below(node, index++, word.address), pool);
}

Verdict L4Abstraction::page(const Node& node, unsigned& index, Reached& counts,
                            const reference::Decoded& word) {
  const Seen seen = page_in(node, index, word);
  if (Verdict v = next_page(seen))
    return v;
  const auto copies = static_cast<unsigned>(seen.page.size / view_->mmu->span(node.level));
  counts.used += copies;
  counts.holes += word.kind == reference::SlotKind::hole ? copies : 0;
  const unsigned first = std::exchange(index, index + copies);
  return lonely_link(node, first + 1, index);
}

Verdict L4Abstraction::next_page(const Seen& seen) {
  if (!seen.is_page())
    return ill_formed(seen.page.base, seen.why != nullptr ? seen.why : "a hole that is not empty");
  if (expected_.empty() || !related(expected_.front(), seen))
    return tell([&seen] {
      return finding("R", seen.page.base, "pages of the nodes",
                     format("the page at %#llx, of %#llx bytes, is not that of level P", Hex{seen.page.base},
                            Hex{seen.page.size}));
    });
  expected_ = expected_.subspan(1);
  return std::nullopt;
}

// Only a page has a link word, beside the first of its descriptors.
Verdict L4Abstraction::lonely_link(const Node& node, unsigned from, unsigned end) const {
  const unsigned at = from < end ? first_used(*links_, node, from, end) : end;
  return at < end ? ill_formed(view_->slot_va(node.va, node.level, at), "a link word without a page")
                  : std::nullopt;
}

unsigned L4Abstraction::first_used(const reference::PhysicalMemory& words, const Node& node, unsigned index,
                                   unsigned end) const {
  return reference::next_used(*view_->mmu, words, node.address, index, end);
}

} // namespace pagetwin::fuzz
