// The TLB machine: the caches of src/tlb against the reference's list of what may still be cached. Fills and
// invalidations go to both; after each operation every line that is held, and every answer around the
// operation, must be one that the list allows, whether the caches are asked at the time or rest: what a cache
// keeps while it rests it answers afterwards. It refuses to know tables: what is filled is the program's
// word.
#pragma once

#include "fuzz/machines/convert.hpp"
#include "fuzz/machines/table/domains.hpp"
#include "fuzz/oracles/finding.hpp"
#include "fuzz/twin/target.hpp"
#include "reference/tlb/tlb_model.hpp"
#include "src/tlb/caches.hpp"

namespace pagetwin::fuzz {

enum class TlbVerb : std::uint8_t { fill, fill_table, lookup, page, range, range_and_tables, space, all };

inline constexpr std::array tlb_verbs{
    twin::Verb{"fill", twin::field_mask(0, 1, 2, 4, 5), 10},
    // a table pointer of the walk cache's level; pa is its node
    twin::Verb{"fill_table", twin::field_mask(0, 1, 2), 5},
    twin::Verb{"lookup", twin::field_mask(0, 1), 4},
    twin::Verb{"invalidate_page", twin::field_mask(0, 1), 3},
    // leaves only; the table pointers stay
    twin::Verb{"invalidate_range", twin::field_mask(0, 1, 3), 4},
    twin::Verb{"invalidate_range_and_tables", twin::field_mask(0, 1, 3), 4},
    twin::Verb{"invalidate_space", twin::field_mask(0), 2},
    twin::Verb{"invalidate_all", 0, 1},
};

inline constexpr auto tlb_outcomes = std::to_array<std::string_view>({"ok", "hit", "rests"});

// Tag values that need all 16 bits are among the spaces.
inline constexpr std::array<std::uint16_t, 8> tlb_tags{0, 1, 0xffff, 0x100, 0x8000, 2, 0xff, 0x7fff};

// Fields and header as the table machine's, so that addresses meet in the same ways; s and walk go further,
// and so does the walk cache's gate.
template <Format F>
[[nodiscard]] constexpr auto tlb_fields() {
  auto fields = table_schema<F>.fields;
  fields[field_space].limits = twin::between<0, tlb_tags.size() - 1>;
  return fields;
}
template <Format F>
[[nodiscard]] constexpr auto tlb_header() {
  auto header = table_schema<F>.header;
  header[header_walk].limits = twin::between<0, 15>;
  return header;
}
template <Format F>
inline constexpr twin::Schema tlb_schema{.machine = "tlb",
                                         .version = 1,
                                         .verbs = tlb_verbs,
                                         .fields = tlb_fields<F>(),
                                         .header = tlb_header<F>(),
                                         .outcomes = tlb_outcomes};

template <Format F>
class TlbMachine final : public twin::Machine {
  using G = Geometry<F>;

 public:
  explicit TlbMachine(const twin::MachineOptions&)
      : caches_({lines_, 1}, {pointers_, 1}, {}), model_(F::va_bits, F::sign_extended),
        pointer_model_(F::va_bits, F::sign_extended) {}

  [[nodiscard]] const twin::Schema& schema() const override { return tlb_schema<F>; }
  void begin(const twin::Program& program) override {
    const auto tlb = static_cast<unsigned>(program.header[header_tlb]),
               walk = static_cast<unsigned>(program.header[header_walk]);
    const unsigned sets = 1U << (tlb & 3U), ways = 1U + (tlb >> 2U & 3U);
    rule_ = gate_rule(tlb >> 4U);
    caches_ = {{std::span(lines_).first(std::size_t{sets} * ways), ways},
               {std::span(pointers_).first(std::size_t{1} << (walk & 3U)), 1 + (walk >> 2U) % G::root_level},
               {rule_, rule_}};
    rested_ = 0;
    model_ = reference::TlbModel(F::va_bits, F::sign_extended);
    pointer_model_ = model_;
  }
  [[nodiscard]] Verdict step(const twin::Op& op) override {
    apply_to_both(op);
    if (Verdict v = check_lines())
      return v;
    return check_answers(op);
  }
  [[nodiscard]] Verdict finish() override { return std::nullopt; }
  [[nodiscard]] std::string outcome() const override { return hit_ ? "hit" : rested_ != 0 ? "rests" : "ok"; }
  [[nodiscard]] std::string explain(std::uint64_t address) const override {
    std::string text = "lines:\n";
    tlb().for_each([&](const TlbLine& line) {
      text += format("  space %u %#llx -> %#llx size %u%s\n", raw(line.space),
                     static_cast<unsigned long long>(line.first),
                     static_cast<unsigned long long>(raw(line.leaf.pa)), line.leaf.size,
                     line.leaf.attributes.global ? " global" : "");
    });
    return text + format("asked for %#llx\n", static_cast<unsigned long long>(address));
  }
  [[nodiscard]] bool touches(const twin::Op& op, std::uint64_t address) const override {
    return address - op.value[field_va] < std::max<std::uint64_t>(op.value[field_len], 1);
  }

 private:
  [[nodiscard]] static SpaceId space_of(const twin::Op& op) {
    return SpaceId{tlb_tags[op.value[field_space] % tlb_tags.size()]};
  }
  [[nodiscard]] static Range range_of(const twin::Op& op) {
    const std::uint64_t va = op.value[field_va], length = op.value[field_len];
    const std::uint64_t last = va + (std::max<std::uint64_t>(length, 1) - 1);
    return {va, last < va ? ~std::uint64_t{0} : last};
  }

  void apply_to_both(const twin::Op& op) {
    const SpaceId space = space_of(op);
    const Range range = range_of(op);
    hit_ = false;
    switch (static_cast<TlbVerb>(op.verb)) {
    case TlbVerb::fill:
      return fill(op);
    case TlbVerb::fill_table:
      return fill_table(op);
    case TlbVerb::lookup:
      return ask(space, op.value[field_va]);
    case TlbVerb::page:
      tlb().invalidate_page(space, op.value[field_va]);
      return model_.invalidate_page(raw(space), op.value[field_va]);
    case TlbVerb::range:
      return invalidate(space, range, Invalidation::Reach::leaf);
    case TlbVerb::range_and_tables:
      return invalidate(space, range, Invalidation::Reach::walk);
    case TlbVerb::space:
      caches_.invalidate_space(space);
      pointer_model_.invalidate_space(raw(space));
      return model_.invalidate_space(raw(space));
    case TlbVerb::all:
      caches_.invalidate_all();
      pointer_model_.invalidate_all();
      return model_.invalidate_all();
    }
  }
  void invalidate(SpaceId space, Range range, Invalidation::Reach reach) {
    caches_.invalidate({space, range.first, range.last, reach});
    model_.invalidate_range(raw(space), range.first, range.last);
    if (reach == Invalidation::Reach::walk)
      pointer_model_.invalidate_range(raw(space), range.first, range.last);
  }
  // As an Mmu does: the gate first, and who is asked in vain is told.
  void ask(SpaceId space, std::uint64_t va) {
    rested_ = caches_.tlb_rests() ? rested_ + 1 : 0;
    hit_ = rested_ == 0 && tlb().lookup(space, va).has_value();
    if (rested_ == 0 && !hit_)
      caches_.tlb_missed();
    if (!caches_.walk_cache_rests() && !walk_cache().lookup(space, va))
      caches_.walk_cache_missed();
  }
  void fill(const twin::Op& op) {
    const unsigned size = G::size_index(op.value[field_size]).value_or(0);
    const unsigned shift = F::sizes[size].log2_bytes;
    const std::uint64_t va = op.value[field_va],
                        frame = align_down(op.value[field_pa] & low_mask(F::pa_bits), shift);
    const Attributes attributes = unpack_attributes(op.value[field_attrs]);
    const TlbTranslation leaf{PhysAddr{frame + (va & low_mask(shift))},
                              size,
                              attributes,
                              {true, (op.value[field_pa] >> 12U & 1U) != 0}};
    tlb().fill(space_of(op), va, leaf);
    model_.fill(line_of(space_of(op), align_down(va, shift), frame, leaf));
  }
  void fill_table(const twin::Op& op) {
    const std::uint64_t va = op.value[field_va];
    const unsigned shift = G::span_shift(walk_cache().level());
    const PhysAddr node{align_down(op.value[field_pa] & low_mask(F::pa_bits), G::node_shift(0))};
    walk_cache().fill(space_of(op), va, {node, walk_cache().level() - 1, F::open_path()});
    pointer_model_.fill(
        {.space = raw(space_of(op)), .va = align_down(va, shift), .bytes = bytes_of(shift), .pa = raw(node)});
  }
  [[nodiscard]] static reference::TlbLine line_of(SpaceId space, std::uint64_t first, std::uint64_t frame,
                                                  const TlbTranslation& leaf) {
    return {.space = raw(space),
            .global = leaf.attributes.global,
            .va = first,
            .bytes = F::sizes[leaf.size].bytes(),
            .pa = frame,
            .rights = static_cast<std::uint32_t>(leaf.attributes.rights),
            .memory_type = leaf.attributes.memory_type,
            .key = leaf.attributes.key,
            .software = leaf.attributes.software,
            .accessed = leaf.flags.accessed,
            .dirty = leaf.flags.dirty};
  }

  // Every line that is held is one that may be, and the counters account for each.
  [[nodiscard]] Verdict check_lines() {
    std::uint64_t held = 0;
    Verdict wrong;
    tlb().for_each([&](const TlbLine& line) {
      ++held;
      const reference::TlbLine seen = line_of(line.space, line.first, raw(line.leaf.pa), line.leaf);
      if (model_.may_hit(raw(line.space), line.first) != seen && !wrong)
        wrong = finding("O6 tlb", line.first, "line held",
                        format("the TLB holds a line that should be gone, at %#llx",
                               static_cast<unsigned long long>(line.first)));
    });
    const TlbCounters& c = tlb().counters();
    if (!wrong && c.fills != c.evictions + c.invalidations + held)
      wrong = finding("O14 views", 0, "counters", "fills are not evictions, invalidations and lines held");
    if (!wrong && rested_ > rule_.longest_rest)
      wrong = finding("O14 views", 0, "rest", "the TLB rests for longer than its rule allows");
    return wrong;
  }

  [[nodiscard]] Verdict check_answers(const twin::Op& op) {
    const Range range = range_of(op);
    const std::uint64_t page = bytes_of(F::page_shift);
    for (const std::uint64_t va :
         {range.first, range.last, range.first - page, range.last + 1, range.first ^ bytes_of(F::va_bits)})
      for (const std::uint16_t tag : {raw(space_of(op)), std::uint16_t{0}, std::uint16_t{1}})
        if (Verdict v = check_answer(SpaceId{tag}, va))
          return v;
    // What was just filled is there: a cache that forgets everything would agree with anything.
    const bool filled = static_cast<TlbVerb>(op.verb) == TlbVerb::fill && G::is_canonical(op.value[field_va]);
    if (filled && !tlb().lookup(space_of(op), op.value[field_va]))
      return finding("O14 views", op.value[field_va], "fill lost",
                     "a line that was just filled is not there");
    return std::nullopt;
  }
  [[nodiscard]] Verdict check_answer(SpaceId space, std::uint64_t va) {
    const auto may = model_.may_hit(raw(space), va);
    if (const auto hit = tlb().lookup(space, va)) {
      const std::uint64_t offset = may ? va - may->va : 0;
      if (!may
          || line_of(SpaceId{static_cast<std::uint16_t>(may->space)}, may->va, raw(hit->pa) - offset, *hit)
                 != *may)
        return finding("O6 tlb", va, may ? "answer" : "stale answer",
                       format("the TLB answers %#llx for %#llx",
                              static_cast<unsigned long long>(raw(hit->pa)),
                              static_cast<unsigned long long>(va)));
    }
    const auto pointer = walk_cache().lookup(space, va);
    const auto first = walk_cache().template lookup_at<1>(space, va),
               second = walk_cache().template lookup_at<2>(space, va);
    if ((first ? first : second) != (walk_cache().level() <= 2 ? pointer : std::nullopt))
      return finding("O6 tlb", va, "two lookups", "the walk cache answers one address in two ways");
    const auto may_point = pointer_model_.may_hit(raw(space), va);
    if (pointer && (!may_point || may_point->pa != raw(pointer->node)))
      return finding("O6 tlb", va, "table pointer",
                     format("the walk cache sends %#llx to the node %#llx",
                            static_cast<unsigned long long>(va),
                            static_cast<unsigned long long>(raw(pointer->node))));
    return std::nullopt;
  }

  std::vector<TlbEntry> lines_ = std::vector<TlbEntry>(64);
  std::vector<WalkCacheEntry> pointers_ = std::vector<WalkCacheEntry>(16);
  [[nodiscard]] Tlb<F>& tlb() { return caches_.tlb(); }
  [[nodiscard]] const Tlb<F>& tlb() const { return caches_.tlb(); }
  [[nodiscard]] WalkCache<F>& walk_cache() { return caches_.walk_cache(); }

  GateRule rule_;
  std::uint64_t rested_ = 0; // successive lookups
  Caches<F> caches_;
  reference::TlbModel model_, pointer_model_;
  bool hit_ = false;
};

} // namespace pagetwin::fuzz
