#include "fuzz/oracles/adversarial_tlb.hpp"

namespace pagetwin::fuzz {

namespace {

using Hex = unsigned long long;

// What a cached line may do that the table no longer allows; null: nothing.
const char* widened(const reference::Attributes& cached, const reference::Attributes& now) {
  if (cached.read > now.read || cached.write > now.write || cached.execute > now.execute
      || cached.user > now.user)
    return "rights";
  if (cached.memory_type != now.memory_type)
    return "memory type";
  if (cached.key != now.key)
    return "key";
  return cached.global != now.global ? "global" : nullptr;
}

[[gnu::cold, gnu::noinline]] Verdict stale(const AdversarialTlb::Line& line, std::uint64_t va,
                                           const char* what) {
  return finding("O6 tlb", va, format("stale %s", what),
                 format("a TLB may still hold a stale translation of %#llx: %s", Hex{va}, what),
                 format("line: space %u %#llx -> %#llx, %#llx bytes", line.space, Hex{line.va}, Hex{line.pa},
                        Hex{line.bytes}));
}

} // namespace

void AdversarialTlb::fill(unsigned space, std::uint64_t va, const reference::Translation& t) {
  const std::uint64_t base = va & ~(t.size - 1);
  Line* const lines = lines_.data();
  for (Line* line = lines; line != lines + capacity; ++line)
    if (line->bytes == t.size && line->va == base && line->space == space) {
      // Hardware may have both words; the one that allows more is the harder to be rid of, and it is the
      // older one that goes stale.
      line->flags = reference::either(line->flags, t.flags);
      return;
    }
  lines[next_++ % capacity] = {base, t.pa & ~(t.size - 1), t.size, space, t.attributes, t.flags};
}

void AdversarialTlb::invalidate(unsigned space, std::uint64_t first, std::uint64_t last) {
  Line* const lines = lines_.data();
  for (Line* line = lines; line != lines + capacity; ++line)
    if (line->bytes != 0 && (line->space == space || line->attributes.global) && meets(*line, first, last))
      line->bytes = 0;
}

const AdversarialTlb::Line* AdversarialTlb::find(unsigned space, std::uint64_t va) const {
  for (const Line& line : lines_)
    if (line.bytes != 0 && line.space == space && va - line.va < line.bytes)
      return &line;
  return nullptr;
}

Verdict AdversarialTlb::check_gone(unsigned space) const {
  for (const Line& line : lines_)
    if (line.bytes != 0 && line.space == space)
      return stale(line, line.va, "space that is gone");
  return std::nullopt;
}

Verdict AdversarialTlb::check_against(const View& view, const Line& line, std::span<const Replaced> replaced,
                                      std::uint64_t root) {
  for (const Replaced& r : replaced) {
    const auto [first, last] = view.slot_range(r.node_va, r.level, r.index);
    if (line.space == r.space && meets(line, first, last))
      if (Verdict v = check_line(view, line, std::max(first, line.va),
                                 std::min(last, line.va + (line.bytes - 1)), root))
        return v;
  }
  return std::nullopt;
}

Verdict AdversarialTlb::check_line(const View& view, const Line& line, std::uint64_t first,
                                   std::uint64_t last, std::uint64_t root) {
  if (Verdict v = check_byte(view, line, first, root))
    return v;
  return check_byte(view, line, last, root);
}

Verdict AdversarialTlb::check_byte(const View& view, const Line& line, std::uint64_t va, std::uint64_t root) {
  const auto now = root == 0 ? std::nullopt : view.translate(root, va);
  if (!now)
    return stale(line, va, "presence");
  if (now->pa != line.pa + (va - line.va))
    return stale(line, va, "address");
  if (const char* what = widened(line.attributes, now->attributes))
    return stale(line, va, what);
  if (line.flags.dirty && !now->flags.dirty)
    return stale(line, va, "dirty");
  return std::nullopt;
}

} // namespace pagetwin::fuzz
