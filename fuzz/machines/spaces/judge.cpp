// What an operation left behind.
#include "fuzz/machines/spaces/machine.hpp"
#include "fuzz/oracles/flush_log.hpp"

#include <algorithm>

namespace pagetwin::fuzz {

namespace {

using Hex = unsigned long long;

// What invalidations call a space.
unsigned tag_of(unsigned space) { return space + 1; }

// The rights of a leaf without the user's, as the model counts them.
unsigned bits_of(const reference::Attributes& a) {
  return (a.read ? 1U : 0U) | (a.write ? 2U : 0U) | (a.execute ? 4U : 0U);
}

// Which part of a unit is another than the model's; null: none.
const char* differing(const SpacesUnit& ours, const reference::L4Unit& model) {
  const bool real = !model.parent && !model.area;
  if (ours.base != model.base || ours.size != model.size)
    return "size";
  if (ours.area != model.area || ours.real != real)
    return "kind";
  if (ours.frame != model.frame)
    return "frame";
  if (model.parent && (ours.parent_space != model.parent->space || ours.parent_va != model.parent->va))
    return "parent";
  if ((static_cast<unsigned>(ours.rights) & 7U) != model.rights)
    return "rights";
  return ours.status != model.status && !model.area ? "status" : nullptr;
}

// A unit with another of what differing() names.
Verdict another(unsigned space, std::uint64_t va, const char* what) {
  return tell([=] {
    return finding("O1 lookup", va, what,
                   format("the unit of %#llx in space %u has another %s", Hex{va}, space, what));
  });
}

// Where the byte at va is, by the model; 0: nowhere.
std::uint64_t modelled(std::uint64_t va, const std::optional<reference::L4Unit>& model) {
  return model ? model->frame + (va - model->base) : 0;
}

// Do the leaves that the bytes hold, in order, map the model's units and nothing else?
bool same_leaves(const std::vector<reference::L4Unit>& model, std::span<const reference::LeafRun> runs) {
  std::size_t at = 0;
  for (const reference::LeafRun& run : runs)
    for (std::uint64_t done = 0; done < run.bytes; done += run.leaf_size, ++at)
      if (at == model.size() || model[at].base != run.va + done || model[at].frame != run.pa + done
          || model[at].size != run.leaf_size || model[at].rights != bits_of(run.attributes))
        return false;
  return at == model.size();
}

// Are the pages of level P the model's units?
bool same_pages(const std::vector<reference::L4Unit>& model, std::span<const LevelP::P::Page> pages) {
  return std::ranges::equal(model, pages, [](const reference::L4Unit& unit, const LevelP::P::Page& page) {
    const LevelP::P::PTE& fields = page.fields;
    return unit.base == page.base && unit.size == page.size && unit.frame == fields.Paddr
           && unit.rights == ((fields.R ? 1U : 0U) | (fields.W ? 2U : 0U) | (fields.X ? 4U : 0U));
  });
}

} // namespace

Verdict SpacesMachine::judge(const twin::Op& op) {
  if (Verdict v = judge_bytes())
    return v;
  places_.clear();
  add_changes();
  add_around(op);
  if (Verdict v = add_changed_nodes())
    return v;
  if (Verdict v = probe_places())
    return v;
  if (Verdict v = compare_counts())
    return v;
  return options_.paranoid ? compare_all() : std::nullopt;
}

// O11: what failed changed nothing.
Verdict SpacesMachine::judge_atomicity(const Used& before, const Used& now) const {
  const bool starved = status_ == Status::out_of_memory;
  if (starved != subject_->refused())
    return tell([this] {
      const bool refused = subject_->refused();
      return finding("O11 atomic", op_->value[l4_va], format("%s refused %d", verb_name(), refused),
                     format("%s answers %s, and allocations were %srefused", verb_name(),
                            to_text(status_).data(), refused ? "" : "not "));
    });
  if (is_overdrawn(now))
    return tell([this] {
      return finding("O11 atomic", op_->value[l4_va], format("%s takes more than there is", verb_name()),
                     format("%s takes mapping nodes or arrays that nobody gave", verb_name()));
    });
  if (status_ != Status::ok && (now != before || subject_->observation().visible_change()))
    return tell([this] {
      return finding("O11 atomic", op_->value[l4_va], format("%s failed and changed something", verb_name()),
                     format("%s answers %s and changed a table or the number of nodes", verb_name(),
                            to_text(status_).data()));
    });
  return std::nullopt;
}

Verdict SpacesMachine::judge_structure() {
  return structure_.check(view_, subject_->observation(),
                          [this](std::uint64_t node) { return unsigned{subject_->record(node).live}; });
}

Verdict SpacesMachine::judge_bytes() {
  const Observation& seen = subject_->observation();
  if (seen.quiet())
    return std::nullopt;
  if (Verdict v = judge_structure())
    return v;
  if (Verdict v = check_flush_log(view_, seen, tag_of))
    return v;
  return tlb_.check(view_, seen, [this](unsigned space) { return roots_[space]; });
}

// Every place that either side changed: in the model; where ours stored, in nodes that are still there; and
// where a word of ours gave way in one that is not. What else there is was equal before, and still is.
void SpacesMachine::add_changes() {
  for (const auto& [space, va] : model_->changed())
    add_place(space, va);
  const Observation& seen = subject_->observation();
  for (const std::uint64_t node : seen.touched())
    add_slots(seen.node(node));
  for (const Replaced& r : seen.replaced())
    if (!seen.is_live(r.slot) || seen.node(r.slot).serial != r.serial)
      add_place(r.space, view_.slot_va(r.node_va, r.level, r.index));
}
void SpacesMachine::add_slots(const NodeState& node) {
  if (node.live && node.linked)
    for (unsigned i = node.first; i <= node.last; ++i)
      add_place(node.space, view_.slot_va(node.va, node.level, i));
}

// And where the mapping database changed a node.
Verdict SpacesMachine::add_changed_nodes() {
  for (const SpacesPlace& place : subject_->changed()) {
    if (!is_space(place.space))
      return tell([this] {
        return finding("O12 derivation", op_->value[l4_va], "a mapping node leads nowhere",
                       format("after %s a mapping node leads to no descriptor of a space", verb_name()));
      });
    add_place(place.space, place.va);
  }
  return std::nullopt;
}

// Both ends of what the operation was about, where it stored anything at all.
void SpacesMachine::add_around(const twin::Op& op) {
  const twin::Verb& uses = spaces_verbs[op.verb];
  if (!options_.thorough && subject_->observation().quiet())
    return;
  if (uses.uses(l4_va))
    add_flexpage(op.value[l4_space], op.value[l4_va], uses.uses(l4_size) ? op.value[l4_size] : 1);
  if (uses.uses(l4_window_size))
    add_flexpage(op.value[l4_to], op.value[l4_window], op.value[l4_window_size]);
}
void SpacesMachine::add_flexpage(std::uint64_t space, std::uint64_t base, std::uint64_t size) {
  if (!is_space(space))
    return;
  const auto s = static_cast<unsigned>(space);
  add_place(s, base);
  if (size > mmu_->profile().sizes.front())
    add_place(s, base + size - 1);
}
void SpacesMachine::add_place(unsigned space, std::uint64_t va) {
  if (roots_[space] != 0 && reference::is_canonical(mmu_->profile(), va))
    places_.push_back(va << space_bits | space);
}

Verdict SpacesMachine::probe_places() {
  std::ranges::sort(places_);
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (i != 0 && places_[i] == places_[i - 1])
      continue;
    const auto space = static_cast<unsigned>(places_[i] % most_spaces);
    const auto va = static_cast<std::uint64_t>(static_cast<std::int64_t>(places_[i]) >> space_bits);
    if (Verdict v = probe(space, va))
      return v;
  }
  return std::nullopt;
}

// Views of one address: the model, the mapping database with its descriptor, level P, the bytes, and the TLB.
Verdict SpacesMachine::probe(unsigned space, std::uint64_t va) {
  if (!reference::is_canonical(mmu_->profile(), va))
    return std::nullopt;
  const Unit model = model_->find(space, va);
  if (Verdict v = probe_table(space, va, model))
    return v;
  return probe_tlb(space, va, model);
}

// C to P: what the bytes mean is level P's page. That this is the model's unit the database just asked, in
// step with P, so that what hardware walks is it, too; a replay asks a walk as well.
Verdict SpacesMachine::probe_level_p(unsigned space, std::uint64_t va) const {
  return abstraction_.judge({roots_[space], space, va}, level_p_.model().page_at(roots_[space], va),
                            verb_name());
}

Verdict SpacesMachine::probe_table(unsigned space, std::uint64_t va, const Unit& model) const {
  const auto ours = subject_->find(space, va);
  if (model.has_value() != ours.has_value())
    return tell([space, va, is_modelled = model.has_value()] {
      return finding("O1 lookup", va, is_modelled ? "missing" : "surplus",
                     format("%#llx in space %u is %smapped, and in the model it is %s", Hex{va}, space,
                            is_modelled ? "not " : "", is_modelled ? "mapped" : "not"));
    });
  if (const char* what = model ? differing(*ours, *model) : nullptr)
    return another(space, va, what);
  if (ours && !ours->hangs)
    return tell([space, va] {
      return finding(
          "O12 derivation", va, "not below its parent",
          format("the unit of %#llx in space %u does not hang below its parent, where it covers it", Hex{va},
                 space));
    });
  if (ours)
    if (Verdict v =
            check_derivation(space, *ours, subject_->mappings_used(),
                             [this](unsigned s, std::uint64_t at) { return subject_->find_parent(s, at); }))
      return v;
  if (Verdict v = probe_level_p(space, va))
    return v;
  return options_.thorough ? probe_bytes(space, va, model) : std::nullopt;
}

Verdict SpacesMachine::probe_bytes(unsigned space, std::uint64_t va, const Unit& model) const {
  const auto bytes = view_.translate(roots_[space], va);
  const std::uint64_t pa = modelled(va, model);
  const bool same =
      bytes.has_value() == model.has_value()
      && (!model
          || (bytes->pa == pa && bytes->size == model->size && bits_of(bytes->attributes) == model->rights));
  if (!same)
    return tell([space, va, pa, found = bytes ? bytes->pa : 0] {
      return finding("O3 walk", va, "walk of the bytes",
                     format("a walk of %#llx in space %u finds %#llx, the model %#llx", Hex{va}, space,
                            Hex{found}, Hex{pa}));
    });
  return std::nullopt;
}

Verdict SpacesMachine::probe_tlb(unsigned space, std::uint64_t va, const Unit& model) const {
  const std::uint64_t pa = modelled(va, model);
  const auto cached = subject_->translate(space, va);
  const bool same = cached.has_value() == model.has_value()
                    && (!model
                        || (cached->pa == pa && cached->size == model->size
                            && static_cast<unsigned>(cached->rights) == model->rights));
  if (!same)
    return tell([space, va, pa, found = cached ? cached->pa : 0] {
      return finding(
          "O14 views", va, "through the TLB",
          format("%#llx in space %u is %#llx through the TLB, in the model %#llx, or has other rights",
                 Hex{va}, space, Hex{found}, Hex{pa}));
    });
  return std::nullopt;
}

// A space that does not exist has no lookup, not even where its nodes are another one's.
Verdict SpacesMachine::probe_absent(std::uint64_t space, std::uint64_t va) const {
  if (is_space(space) || !subject_->find(static_cast<unsigned>(space), va))
    return std::nullopt;
  return tell([space, va] {
    return finding("O1 lookup", va, "surplus",
                   format("%#llx in space %llu is mapped, and there is no such space", Hex{va}, Hex{space}));
  });
}

// As many mapping nodes as the model has units: what is derived and not where it should be is noticed here,
// wherever it is.
Verdict SpacesMachine::compare_counts() {
  const std::uint64_t units = model_->mapped_units();
  if (units == subject_->mappings_used())
    return std::nullopt;
  return tell([this, units] {
    return finding("O12 derivation", 0, "number of mappings",
                   format("there are %llu mapping nodes, and the model has %llu units",
                          static_cast<unsigned long long>(subject_->mappings_used()),
                          static_cast<unsigned long long>(units)));
  });
}

Verdict SpacesMachine::compare_all() {
  if (Verdict v = abstraction_.compare(level_p_.model(), {&subject_->observation(), used_.nodes}))
    return v;
  for (unsigned s = 0; s < space_count_; ++s)
    if (Verdict v = roots_[s] != 0 ? compare_space(s) : std::nullopt)
      return v;
  if (Verdict v = compare_lines())
    return v;
  if (const unsigned broken = model_->broken_invariant(); broken != 0)
    return tell([broken] {
      return finding("O12 derivation", 0, format("invariant %u of the model", broken),
                     format("the model breaks its own invariant %u", broken));
    });
  if (const auto wrong = subject_->audit())
    return tell([&wrong] {
      return finding("O12 derivation", 0, "audit: " + *wrong, "the mapping database: " + *wrong);
    });
  return std::nullopt;
}

// Theorem 3, of hardware: no two lines of the TLB match one address, and what one says of any of its
// addresses is what the model says.
Verdict SpacesMachine::compare_lines() {
  const std::vector<SpacesLine>& lines = subject_->lines();
  for (std::size_t i = 1; i < lines.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (lines[i].meets(lines[k]))
        return tell([va = std::max(lines[i].first, lines[k].first)] {
          return finding("O6 tlb", va, "two lines", format("two lines of the TLB match %#llx", Hex{va}));
        });
  for (const SpacesLine& line : lines)
    if (Verdict v = compare_line(line))
      return v;
  return std::nullopt;
}
Verdict SpacesMachine::compare_line(const SpacesLine& line) const {
  const Unit model = is_space(line.space) ? model_->find(line.space, line.first) : std::nullopt;
  if (model && line.last - model->base < model->size && line.pa == modelled(line.first, model)
      && static_cast<unsigned>(line.rights) == model->rights)
    return std::nullopt;
  return tell([line] {
    return finding("O6 tlb", line.first, "a line of the TLB",
                   format("a line of the TLB has %#llx to %#llx in space %u, as no unit of the model",
                          Hex{line.first}, Hex{line.last}, line.space));
  });
}

Verdict SpacesMachine::compare_space(unsigned space) {
  model_->units(space, model_units_);
  const std::vector<reference::L4Unit>& model = model_units_;
  const std::vector<SpacesUnit>& ours = subject_->units(space);
  if (model.size() != ours.size())
    return tell([space, found = ours.size(), expected = model.size()] {
      return finding("O1 lookup", 0, "number of units",
                     format("space %u has %zu units, in the model %zu", space, found, expected));
    });
  for (std::size_t i = 0; i < model.size(); ++i)
    if (const char* what = differing(ours[i], model[i]))
      return another(space, model[i].base, what);
  if (Verdict v = compare_leaves(space))
    return v;
  for (unsigned absent = 0; absent < space_count_ && !model.empty(); ++absent)
    if (Verdict v = probe_absent(absent, model.back().base))
      return v;
  // A superpage that was split is hundreds of them. Only the TLB is left to ask: units with all that they
  // derive from and leaves were just compared one by one, and the audit, which comes last, looks up all that
  // have a node.
  const std::size_t stride = options_.thorough ? 1 : 1 + model.size() / most_probes_at_end;
  for (std::size_t i = 0; i < model.size(); i += stride)
    if (Verdict v =
            options_.thorough ? probe(space, model[i].base) : probe_tlb(space, model[i].base, model[i]))
      return v;
  return std::nullopt;
}

// What R of the bytes was compared with are the model's units; in a replay the bytes are read as hardware
// reads them, too.
Verdict SpacesMachine::compare_leaves(unsigned space) {
  if (!same_pages(model_units_, level_p_.model().pages(roots_[space])))
    return tell([space] {
      return finding("P", 0, "all pages",
                     format("space %u: the pages of level P are not the model's units", space));
    });
  if (!options_.thorough)
    return std::nullopt;
  reference::read_contents(view_.memory, roots_[space], *mmu_, view_.mode, contents_);
  if (contents_.broken != nullptr)
    return tell([this, space] {
      return finding("O4 shape", contents_.where, contents_.broken,
                     format("space %u: %s at %#llx", space, contents_.broken, Hex{contents_.where}));
    });
  if (!same_leaves(model_units_, contents_.leaves))
    return tell([space] {
      return finding("O3 walk", 0, "all leaves",
                     format("space %u: the bytes hold other leaves than the model's units", space));
    });
  return std::nullopt;
}

// Hardware walks between the stores, and keeps what it finds.
void SpacesMachine::after_store(std::uint64_t slot) {
  if (is_over_ || stores_++ >= 3)
    return;
  const NodeState& node = subject_->observation().node(slot);
  fill(node.space, view_.slot_va(node.va, node.level, view_.index_of(node.address, slot)));
}

void SpacesMachine::on_flush(const Invalidation& i) {
  if (!is_over_)
    tlb_.invalidate(raw(i.space) - 1U, i.first, i.last);
}

void SpacesMachine::fill(unsigned space, std::uint64_t va) {
  if (space >= space_count_ || roots_[space] == 0)
    return;
  if (const auto found = view_.translate(roots_[space], va))
    tlb_.fill(space, va, *found);
}

void SpacesMachine::fill_around(const twin::Op& op) {
  const twin::Verb& uses = spaces_verbs[op.verb];
  if (uses.uses(l4_va) && op.value[l4_space] < space_count_)
    fill(static_cast<unsigned>(op.value[l4_space]), op.value[l4_va]);
  if (uses.uses(l4_window_size) && op.value[l4_to] < space_count_)
    fill(static_cast<unsigned>(op.value[l4_to]), op.value[l4_window]);
}

} // namespace pagetwin::fuzz
