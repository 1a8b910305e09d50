// What an operation left behind.
#include "fuzz/machines/stage2/machine.hpp"
#include "fuzz/machines/stage2/model_entry.hpp"
#include "fuzz/oracles/flush_log.hpp"

namespace pagetwin::fuzz {

namespace {

namespace sekvm = reference::sekvm;
using Hex = unsigned long long;

// Tables go by their number in invalidations, too.
unsigned tag_of(unsigned table) { return table; }

} // namespace

Verdict Stage2Machine::judge() {
  if (Verdict v = judge_bytes())
    return v;
  if (Verdict v = judge_devices())
    return v;
  if (Verdict v = judge_actors())
    return v;
  if (Verdict v = judge_frames())
    return v;
  if (Verdict v = judge_entries())
    return v;
  if (Verdict v = judge_lines())
    return v;
  if (applied_)
    if (const unsigned broken = sekvm::broken_by_last(model_); broken != 0)
      return finding("O12 isolation", op_->value[s2_addr], format("invariant %u", broken),
                     format("%s breaks invariant %u of the reference", verb_name(), broken));
  return options_.paranoid ? compare_all() : std::nullopt;
}

// O11: what failed changed nothing.
Verdict Stage2Machine::judge_atomicity(std::uint64_t nodes_before) const {
  if (subject_->refused() && status_ != S2Status::out_of_memory)
    return finding(
        "O11 atomic", op_->value[s2_addr], format("%s refused", verb_name()),
        format("%s answers %s, and an allocation was refused", verb_name(), to_text(status_).data()));
  const bool changed = subject_->nodes_used() != nodes_before || subject_->observation().visible_change();
  if (status_ != S2Status::ok && changed && verb() != Stage2Verb::grant && verb() != Stage2Verb::revoke)
    return finding("O11 atomic", op_->value[s2_addr], format("%s failed and changed something", verb_name()),
                   format("%s answers %s and changed a table", verb_name(), to_text(status_).data()));
  return std::nullopt;
}

Verdict Stage2Machine::judge_bytes() {
  Observation& seen = subject_->observation();
  if (seen.quiet())
    return std::nullopt;
  if (Verdict v = structure_.check(
          view_, seen, [this](std::uint64_t node) { return unsigned{subject_->node_record(node).live}; }))
    return v;
  if (Verdict v = check_flush_log(view_, seen, tag_of))
    return v;
  return tlb_.check(view_, seen, [this](unsigned table) { return roots_[table]; });
}

// O5: a device has a table exactly while it is somebody's.
Verdict Stage2Machine::judge_devices() const {
  if (verb() != Stage2Verb::bind && verb() != Stage2Verb::release)
    return std::nullopt;
  for (unsigned t = sekvm::principals; t < most_tables; ++t)
    if ((roots_[t] != 0) != (model().principal_of(t) < sekvm::principals))
      return finding("O5 frames", op_->value[s2_addr], "table of a device",
                     format("device %u has %s table, unlike in the reference", t - sekvm::principals,
                            roots_[t] != 0 ? "a" : "no"));
  return std::nullopt;
}

// Noninterference, of the tables' bytes: no word of somebody who does not act is another one.
Verdict Stage2Machine::judge_actors() const {
  for (const Replaced& r : subject_->observation().replaced()) {
    const std::uint32_t whose = model().principal_of(r.space);
    if (whose < sekvm::principals && (model_.actors() & sekvm::bit_of(whose)) == 0)
      return finding(
          "O12 noninterference", r.node_va, format("%s edits a bystander's table", verb_name()),
          format("%s changes the table of %s, who does not act", verb_name(), name_of(r.space).c_str()));
  }
  return std::nullopt;
}

// Records and contents of every frame that the operation was about.
Verdict Stage2Machine::judge_frames() const {
  for (const auto& change : model().frame_changes())
    if (Verdict v = compare_frame(change.pfn))
      return v;
  for (const Stage2Field field : {s2_pa, s2_addr})
    if (stage2_verbs[op_->verb].uses(field))
      if (Verdict v = compare_frame(op_->value[field] >> s2_page_shift))
        return v;
  return std::nullopt;
}

Verdict Stage2Machine::compare_frame(std::uint64_t pfn) const {
  const sekvm::S2Page page = model_.s2page(pfn);
  if (subject_->record(pfn) != Stage2Record{page.owner, page.count, page.gfn})
    return finding("O1 lookup", pfn << s2_page_shift, "record of a frame",
                   format("frame %#llx has another owner, count or gfn than in the reference", Hex{pfn}));
  if (subject_->contents(pfn) != model_.contents(pfn))
    return finding("O12 isolation", pfn << s2_page_shift, "contents of a frame",
                   format("frame %#llx holds %#llx, in the reference %#llx", Hex{pfn},
                          Hex{subject_->contents(pfn)}, Hex{model_.contents(pfn)}));
  return secret_of_ != 0 ? compare_second_frame(pfn) : std::nullopt;
}

// Noninterference, of memory: what is not the machine's with the secrets holds the same in both runs.
Verdict Stage2Machine::compare_second_frame(std::uint64_t pfn) const {
  const Stage2Record page = subject_->record(pfn);
  if (second_->record(pfn) != page)
    return finding("O12 noninterference", pfn << s2_page_shift, "a record depends on a secret",
                   format("frame %#llx has another owner, count or gfn when machine %u has other secrets",
                          Hex{pfn}, secret_of_));
  if (page.owner != secret_of_ && second_->contents(pfn) != subject_->contents(pfn))
    return finding(
        "O12 noninterference", pfn << s2_page_shift, "a secret is left",
        format("frame %#llx holds what machine %u wrote, and is not its own", Hex{pfn}, secret_of_));
  return std::nullopt;
}

// Every entry that the reference changed, and every slot whose word gave way.
Verdict Stage2Machine::judge_entries() const {
  for (const auto& change : model().entry_changes())
    if (Verdict v = probe(change.table, change.gfn))
      return v;
  unsigned probes = 0;
  for (const Replaced& r : subject_->observation().replaced())
    if (roots_[r.space] != 0 && (probes++ < 16 || options_.thorough))
      if (Verdict v = probe(r.space, view_.slot_va(r.node_va, r.level, r.index) >> s2_page_shift))
        return v;
  return std::nullopt;
}

std::optional<S2Entry> Stage2Machine::ours_at(unsigned table, std::uint64_t gfn) const {
  return table < sekvm::principals ? subject_->lookup(table, gfn)
                                   : subject_->device_lookup(table - sekvm::principals, gfn << s2_page_shift);
}

Verdict Stage2Machine::probe(unsigned table, std::uint64_t gfn) const {
  if (gfn >= subject_->gfn_limit() || roots_[table] == 0)
    return std::nullopt;
  const sekvm::Entry* entry = model().table(table).find(gfn);
  const auto ours = ours_at(table, gfn);
  const bool mapped = is_mapping(entry);
  const bool same =
      ours.has_value() == mapped
      && (!mapped
          || *ours
                 == S2Entry{pfn_of(*entry, gfn), entry->level == 2 ? S2Level::block : S2Level::page,
                            is_device(*entry)});
  if (!same)
    return finding("O1 lookup", gfn << s2_page_shift, "entry",
                   format("gfn %#llx of %s leads to another page than in the reference", Hex{gfn},
                          name_of(table).c_str()));
  const bool taken = entry != nullptr && entry->pte == sekvm::PAGE_GUEST;
  if (table == sekvm::HOSTVISOR && subject_->is_taken(gfn) != taken)
    return finding("O1 lookup", gfn << s2_page_shift, "PAGE_GUEST",
                   format("the host's entry of %#llx is%s marked as taken", Hex{gfn}, taken ? " not" : ""));
  return probe_bytes(table, gfn, mapped ? entry : nullptr);
}

Verdict Stage2Machine::probe_bytes(unsigned table, std::uint64_t gfn, const sekvm::Entry* model) const {
  const auto bytes = view_.translate(roots_[table], gfn << s2_page_shift);
  const bool same = bytes.has_value() == (model != nullptr)
                    && (model == nullptr
                        || (bytes->pa >> s2_page_shift == pfn_of(*model, gfn)
                            && bytes->size >> s2_page_shift == model->pages() && bytes->attributes.read
                            && bytes->attributes.write && bytes->attributes.execute != is_device(*model)));
  if (same)
    return std::nullopt;
  return finding("O3 walk", gfn << s2_page_shift, "walk of the bytes",
                 format("a walk of gfn %#llx of %s finds %#llx, the reference %#llx", Hex{gfn},
                        name_of(table).c_str(), Hex{bytes ? bytes->pa : 0},
                        Hex{model != nullptr ? pfn_of(*model, gfn) << s2_page_shift : 0}));
}

// O6, of the processor's own TLB: each line is what the table says now, and a machine that is off has none.
// Lines change by accesses, stores and invalidations.
Verdict Stage2Machine::judge_lines() {
  const bool is_access = verb() == Stage2Verb::read || verb() == Stage2Verb::write;
  if (subject_->observation().quiet() && !is_access && verb() != Stage2Verb::power_off)
    return std::nullopt;
  for (const Stage2Line& line : subject_->lines()) {
    if (sekvm::is_vm(line.space) && model().small().vm_states[line.space] == sekvm::VmState::POWEROFF)
      return finding(
          "O6 tlb", line.gfn << s2_page_shift, "line of a machine that is off",
          format("the TLB still has gfn %#llx of machine %u, which is off", Hex{line.gfn}, line.space));
    const sekvm::Entry* entry = line.space < most_tables ? model().table(line.space).find(line.gfn) : nullptr;
    if (!is_mapping(entry) || pfn_of(*entry, line.gfn) != line.pfn || entry->pages() != line.pages)
      return finding("O6 tlb", line.gfn << s2_page_shift, "stale line",
                     format("the TLB still leads from gfn %#llx of %s to frame %#llx", Hex{line.gfn},
                            name_of(line.space).c_str(), Hex{line.pfn}));
  }
  return std::nullopt;
}

Verdict Stage2Machine::compare_all() {
  for (unsigned t = 0; t < most_tables; ++t)
    if (Verdict v = roots_[t] != 0 ? compare_table(t) : std::nullopt)
      return v;
  for (const std::uint64_t pfn : model().frames().touched())
    if (Verdict v = compare_frame(pfn))
      return v;
  if (const unsigned broken = sekvm::broken(model()); broken != 0)
    return finding("O12 isolation", 0, format("invariant %u", broken),
                   format("the reference breaks its own invariant %u", broken));
  if (const std::string_view problem = subject_->problem(); !problem.empty())
    return finding("O4 shape", 0, std::string(problem), std::string(problem));
  return std::nullopt;
}

Verdict Stage2Machine::compare_table(unsigned table) {
  reference::read_contents(view_.memory, roots_[table], *mmu_, view_.mode, contents_);
  if (contents_.broken != nullptr)
    return finding(
        "O4 shape", contents_.where, contents_.broken,
        format("table of %s: %s at %#llx", name_of(table).c_str(), contents_.broken, Hex{contents_.where}));
  std::uint64_t expected = 0, bytes = 0;
  for (const sekvm::Entry& entry : model().table(table).entries()) {
    if (Verdict v = probe(table, entry.gfn))
      return v;
    expected += is_mapping(&entry) ? entry.pages() : 0;
  }
  for (const reference::LeafRun& run : contents_.leaves)
    bytes += run.bytes;
  const std::uint64_t used =
      table < sekvm::principals ? subject_->used(table) : subject_->device_used(table - sekvm::principals);
  if (bytes >> s2_page_shift != expected)
    return finding("O3 walk", 0, "pages mapped",
                   format("the table of %s maps %llu pages, in the reference %llu", name_of(table).c_str(),
                          Hex{bytes >> s2_page_shift}, Hex{expected}));
  if (used != model().table(table).used())
    return finding("O5 frames", 0, "table pages",
                   format("the table of %s has %llu pages, in the reference %u", name_of(table).c_str(),
                          Hex{used}, model().table(table).used()));
  return std::nullopt;
}

// Hardware walks between the stores, and keeps what it finds.
void Stage2Machine::after_store(std::uint64_t slot) {
  if (stores_++ >= 3)
    return;
  const NodeState& node = subject_->observation().node(slot);
  fill(node.space, view_.slot_va(node.va, node.level, view_.index_of(node.address, slot)));
}

void Stage2Machine::fill(unsigned table, std::uint64_t va) {
  if (table >= most_tables || roots_[table] == 0)
    return;
  if (const auto found = view_.translate(roots_[table], va))
    tlb_.fill(table, va, *found);
}

} // namespace pagetwin::fuzz
