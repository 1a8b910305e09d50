// What an operation left behind.
#include "fuzz/machines/convert.hpp"
#include "fuzz/machines/memory/machine.hpp"

#include <algorithm>
#include <bit>

namespace pagetwin::fuzz {

namespace {

using Hex = unsigned long long;

// Why a cached page is not what the model says; null: it is. Fewer rights are no mistake: the CPU walks
// before it faults.
const char* stale(const reference::Profile& profile, const std::optional<reference::PageMapping>& now,
                  std::uint64_t va, std::uint64_t bytes, std::uint64_t pa,
                  const reference::Attributes& attributes) {
  if (!now)
    return "presence";
  if (now->va != va || now->frame.size != bytes)
    return "size";
  if (now->frame.base != pa)
    return "address";
  if (permits_more(profile, attributes, now->frame.attributes))
    return "rights";
  return with_rights(attributes, {}) != with_rights(now->frame.attributes, {}) ? "attributes" : nullptr;
}

Verdict stale_page(const char* whose, unsigned cpu, std::uint64_t va, const char* what) {
  return finding("O6 tlb", va, format("%s: stale %s", whose, what),
                 format("%s %u may still use a stale translation of %#llx: %s", whose, cpu, Hex{va}, what));
}

bool same_pages(const std::vector<reference::PageMapping>& model, std::span<const reference::LeafRun> runs) {
  std::size_t at = 0;
  for (const reference::LeafRun& run : runs)
    for (std::uint64_t done = 0; done < run.bytes; done += run.leaf_size, ++at)
      if (at == model.size()
          || model[at]
                 != reference::PageMapping{run.va + done, {run.pa + done, run.leaf_size, run.attributes}})
        return false;
  return at == model.size();
}

} // namespace

Verdict MemoryMachine::judge(const twin::Op& op) {
  if (meanwhile_wrong_)
    return std::exchange(meanwhile_wrong_, std::nullopt);
  if (Verdict v = judge_atomicity())
    return v;
  Observation& seen = subject_->observation();
  if (!seen.quiet())
    if (Verdict v = structure_.check(
            view_, seen, [this](std::uint64_t node) { return unsigned{subject_->record(node).live}; }))
      return v;
  if (Verdict v = judge_caches())
    return v;
  if (Verdict v = judge_in_flight())
    return v;
  if (Verdict v = probe_around(op))
    return v;
  return options_.paranoid ? compare_all() : std::nullopt;
}

// O11: what failed changed nothing that lasts.
Verdict MemoryMachine::judge_atomicity() const {
  const bool starved = status_ == Status::out_of_memory;
  if (starved != subject_->refused())
    return finding("O11 atomic", op_->value[os_va], format("%s refused %d", verb_name(), subject_->refused()),
                   format("%s answers %s, and allocations were %srefused", verb_name(),
                          to_text(status_).data(), subject_->refused() ? "" : "not "));
  if (status_ != Status::ok && subject_->nodes_used() != nodes_before_)
    return finding("O11 atomic", op_->value[os_va], format("%s changed the number of nodes", verb_name()),
                   format("%s failed and changed the number of nodes", verb_name()));
  return std::nullopt;
}

std::optional<unsigned> MemoryMachine::space_by(unsigned tag) const {
  for (unsigned s = 0; s < space_count_; ++s)
    if (subject_->exists(s) && subject_->tag(s) == tag)
      return s;
  return std::nullopt;
}

// Outside edits the caches hold nothing but what the tables say, so that no two sizes cover one address.
Verdict MemoryMachine::judge_caches() const {
  for (unsigned cpu = 0; cpu < cpu_count_; ++cpu) {
    for (const reference::CachedPage& page : processors_[cpu].cached_pages())
      if (Verdict v = page.bytes != 0 ? judge_page(page, cpu) : std::nullopt)
        return v;
    for (const reference::CachedTable& table : processors_[cpu].cached_tables())
      if (Verdict v = table.bytes != 0 ? judge_table(table, cpu) : std::nullopt)
        return v;
    for (const OsPage& line : subject_->lines(cpu))
      if (Verdict v = judge_line(line, cpu))
        return v;
  }
  return std::nullopt;
}

// What a CPU might have cached, whether it did or not, it has dropped when the operation ends.
Verdict MemoryMachine::judge_in_flight() const {
  if (in_flight_.items().empty())
    return std::nullopt;
  const reference::InFlight::Item& item = in_flight_.items().front();
  return finding(
      item.table ? "O7 walk cache" : "O6 tlb", item.first, "not acknowledged",
      format("%s is over, and CPU %d has not acknowledged the invalidation of %s from %#llx to %#llx",
             verb_name(), std::countr_zero(item.waiting), item.table ? "a table" : "pages", Hex{item.first},
             Hex{item.last}));
}

Verdict MemoryMachine::judge_page(const reference::CachedPage& page, unsigned cpu) const {
  const auto space = page.attributes.global ? std::optional(0U) : space_by(page.tag);
  if (!space)
    return stale_page("hardware", cpu, page.va, "space that is gone");
  if (const char* what = stale(mmu_->profile(), model_.query(*space, page.va), page.va, page.bytes, page.pa,
                               page.attributes))
    return stale_page("hardware", cpu, page.va, what);
  const auto tagged = space_by(page.tag);
  if (!page.flags.dirty || !tagged)
    return std::nullopt;
  const auto now = view_.translate(subject_->root(*tagged), page.va);
  return now && !now->flags.dirty ? stale_page("hardware", cpu, page.va, "dirty") : std::nullopt;
}

// A pointer is what a walk from the root passes.
Verdict MemoryMachine::judge_table(const reference::CachedTable& table, unsigned cpu) const {
  const auto space = space_by(table.tag);
  const reference::Walk walk =
      space ? mmu_->walk(view_.memory, subject_->root(*space), table.va, {}, view_.mode) : reference::Walk{};
  for (unsigned i = 0; i < walk.steps_taken; ++i)
    if (walk.steps[i].level == table.level
        && walk.steps[i].address - table.node < mmu_->node_bytes(table.level))
      return std::nullopt;
  return finding(
      "O7 walk cache", table.va, "stale table",
      format("hardware %u may still walk %#llx through a node that no table leads to", cpu, Hex{table.va}));
}

Verdict MemoryMachine::judge_line(const OsPage& line, unsigned cpu) const {
  const auto space = line.attributes.global ? std::optional(0U) : space_by(line.tag);
  if (!space)
    return stale_page("cpu", cpu, line.va, "space that is gone");
  const char* what = stale(mmu_->profile(), model_.query(*space, line.va), line.va, line.bytes, line.pa,
                           to_reference(line.attributes));
  return what != nullptr ? stale_page("cpu", cpu, line.va, what) : std::nullopt;
}

// Where there is a page before and after: if the change between them has to go through a break.
bool MemoryMachine::may_break(const Page& before, const Page& after) const {
  if (!before || !after)
    return false;
  const std::uint64_t va = std::max(before->va, after->va);
  const bool sets = passes_set(*mmu_, before->frame.size, after->frame.size);
  return broken_field(sides_.rules(), before->translate(va), after->translate(va), sets) != nullptr;
}

Verdict MemoryMachine::probe(unsigned space, std::uint64_t va) const {
  const auto model = model_.query(space, va);
  const auto bytes = view_.translate(subject_->root(space), va);
  const bool same = model.has_value() == bytes.has_value()
                    && (!model
                        || (bytes->pa == model->pa_of(va) && bytes->size == model->frame.size
                            && bytes->attributes == model->frame.attributes));
  if (!same)
    return finding("O3 walk", va, "walk of the bytes",
                   format("a walk of %#llx in space %u finds %#llx, the model %#llx", Hex{va}, space,
                          Hex{bytes ? bytes->pa : 0}, Hex{model ? model->pa_of(va) : 0}));
  const auto ours = subject_->query(space, va);
  const bool agrees =
      model.has_value() == ours.has_value()
      && (!model
          || (ours->va == model->va && ours->bytes == model->frame.size && ours->pa == model->frame.base
              && to_reference(ours->attributes) == model->frame.attributes));
  return agrees
             ? std::nullopt
             : Verdict(finding("O1 lookup", va, "query",
                               format("query of %#llx in space %u differs from the model", Hex{va}, space)));
}

// Both ends of what the operation was about, in every space that has it.
Verdict MemoryMachine::probe_around(const twin::Op& op) const {
  const twin::Verb& uses = memory_verbs[op.verb];
  if (!uses.uses(os_va) || !uses.uses(os_space))
    return std::nullopt;
  const std::uint64_t va = op.value[os_va], size = uses.uses(os_size) ? op.value[os_size] : 0;
  for (unsigned s = 0; s < space_count_; ++s) {
    if (!subject_->exists(s) || (s != space_ && !model_.is_kernel(va)))
      continue;
    for (const std::uint64_t at : {va, va + size - 1, va + size})
      if (Verdict v = reference::is_canonical(mmu_->profile(), at) ? probe(s, at) : std::nullopt)
        return v;
  }
  return std::nullopt;
}

Verdict MemoryMachine::compare_all() {
  for (unsigned s = 0; s < space_count_; ++s)
    if (Verdict v = subject_->exists(s) ? compare_space(s) : std::nullopt)
      return v;
  if (memory_.written() != model_.memory().written())
    return finding("refinement", 0, "memory", "the words of memory differ from the model's");
  return std::nullopt;
}

Verdict MemoryMachine::compare_space(unsigned space) {
  reference::read_contents(view_.memory, subject_->root(space), *mmu_, view_.mode, contents_);
  if (contents_.broken != nullptr)
    return finding("O4 shape", contents_.where, contents_.broken,
                   format("space %u: %s at %#llx", space, contents_.broken, Hex{contents_.where}));
  const std::span<const reference::LeafRun> all(contents_.leaves);
  const auto kernel = static_cast<std::size_t>(
      std::find_if(all.begin(), all.end(), [this](const auto& run) { return model_.is_kernel(run.va); })
      - all.begin());
  if (same_pages(model_.own(space), all.first(kernel)) && same_pages(model_.kernel(), all.subspan(kernel)))
    return std::nullopt;
  return finding("O3 walk", 0, "all pages",
                 format("space %u: the bytes hold other pages than the model", space));
}

} // namespace pagetwin::fuzz
