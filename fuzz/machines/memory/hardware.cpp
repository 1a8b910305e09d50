// What goes on around an edit: CPUs that walk on their own, that are interrupted, and that access memory
// between two stores.
#include "fuzz/machines/convert.hpp"
#include "fuzz/machines/memory/machine.hpp"

#include <bit>

namespace pagetwin::fuzz {

// The space that each CPU runs, as its registers say.
void MemoryMachine::synchronise_cpus() {
  for (unsigned cpu = 0; cpu < cpu_count_; ++cpu) {
    const auto space = subject_->runs(cpu);
    if (space && subject_->exists(*space))
      processors_[cpu].run(subject_->tag(*space), subject_->root(*space));
    else
      processors_[cpu].idle();
  }
}

// A walk that nobody asked for. The flags that it sets are to be reported.
bool MemoryMachine::fill(std::uint64_t va, bool from_cache) {
  const auto space = subject_->runs(cpu_);
  const bool found = processors_[cpu_].fill(tables(), va, from_cache);
  if (found && space)
    remember(walked_, *space, va);
  return found;
}

reference::CpuBits MemoryMachine::holders(unsigned tag) const {
  reference::CpuBits all = 0;
  for (unsigned cpu = 0; cpu < cpu_count_; ++cpu)
    all |= reference::CpuBits{processors_[cpu].may_hold(tag)} << cpu;
  return all;
}

// On every CPU that may have the space's pages.
void MemoryMachine::recall_all(unsigned space, std::uint64_t va, bool from_cache) {
  for (unsigned cpu = 0; cpu < cpu_count_; ++cpu)
    if (const auto runs = subject_->runs(cpu); runs && (*runs == space || model_.is_kernel(va)))
      processors_[cpu].recall(tables(), va, from_cache);
}

void MemoryMachine::hear(const MemoryEvent& e) {
  switch (e.kind) {
  case MemoryEvent::Kind::store:
    return on_store(e);
  case MemoryEvent::Kind::invalidate: {
    const Invalidation& i = *e.flush;
    order_.on_flush({raw(i.space) - 1U, i.first, i.last, i.reach == Invalidation::Reach::walk, cpu_});
    return event();
  }
  case MemoryEvent::Kind::sync: // all CPUs have acknowledged
    return order_.on_sync(cpu_);
  case MemoryEvent::Kind::release:
    return on_release(e.address);
  case MemoryEvent::Kind::allocate:
  case MemoryEvent::Kind::retire:
    return;
  }
}

void MemoryMachine::on_store(const MemoryEvent& e) {
  keep_first(meanwhile_wrong_, order_.on_store(e.address, e.before, e.after));
  const NodeState& node = subject_->observation().node(e.address);
  const unsigned index = view_.index_of(node.address, e.address), tag = subject_->tag(node.space);
  const std::uint64_t va = view_.slot_va(node.va, node.level, index);
  in_flight_.replace(tables(), {tag, holders(tag), va, node.level, index}, e.before, e.after);
  if (!editing_)
    return;
  if (events_ < 4)
    recall_all(node.space, va, events_ % 2 != 0);
  event();
}

// O7, O9: the node may be handed out again from now on.
void MemoryMachine::on_release(std::uint64_t node) {
  keep_first(meanwhile_wrong_, order_.on_release(node));
  for (const reference::InFlight::Item& item : in_flight_.items())
    if (item.table && item.node == node)
      keep_first(meanwhile_wrong_,
                 finding("O7 walk cache", item.first, "node released before the acknowledgement",
                         format("a node is free for reuse before CPU %d has acknowledged that it is no table",
                                std::countr_zero(item.waiting))));
  for (unsigned cpu = 0; cpu < cpu_count_; ++cpu)
    for (const reference::CachedTable& table : processors_[cpu].cached_tables())
      if (table.bytes != 0 && table.node == node)
        keep_first(meanwhile_wrong_,
                   finding("O7 walk cache", table.va, "node released",
                           format("a node is free for reuse while CPU %u may still walk through it", cpu),
                           format("node %#llx, below %#llx\n", static_cast<unsigned long long>(node),
                                  static_cast<unsigned long long>(table.va))));
}

void MemoryMachine::event() {
  if (!editing_)
    return;
  const unsigned now = events_++;
  if (now < watched_events)
    look_everywhere();
  for (std::size_t i = 0; i < meanwhile_.size(); ++i) {
    const Meanwhile m = meanwhile_[i];
    const auto space = subject_->runs(m.cpu);
    if (m.after != now || m.cpu == cpu_ || !space || m.va % 8 != 0)
      continue;
    refinement_.note(model_,
                     access(m.cpu, *space, m.va, m.arg, static_cast<AccessKind>((m.arg >> 2U & 3U) % 3)));
  }
}

// What an access to the page that is edited would come to now, on every CPU.
void MemoryMachine::look_everywhere() {
  if (!memory_verbs[op_->verb].uses(os_va))
    return;
  const std::uint64_t va = op_->value[os_va] & ~std::uint64_t{7};
  for (unsigned cpu = 0; cpu < cpu_count_; ++cpu)
    if (const auto space = subject_->runs(cpu))
      for (const auto kind : {reference::AccessKind::read, reference::AccessKind::write})
        refinement_.note(model_, look(cpu, *space, va, kind));
}

SeenAccess MemoryMachine::look(unsigned cpu, unsigned space, std::uint64_t va,
                               reference::AccessKind kind) const {
  const reference::Access access{kind, false};
  const auto done = processors_[cpu].look(tables(), va, access);
  const std::uint64_t word = done.ok ? memory_.read(done.pa) : 0,
                      held = done.ok ? model_.memory().read(done.pa) : 0;
  return {"hardware", cpu, space, va, access, done.ok, done.cached, done.pa, word, held};
}

// The interrupted CPU may use what it has until it executes what it owes.
void MemoryMachine::wait_for(unsigned cpu) {
  event();
  subject_->serve(cpu);
  event();
}

void MemoryMachine::invalidated(unsigned cpu, const Invalidation& i) {
  const bool walk = i.reach == Invalidation::Reach::walk;
  processors_[cpu].invalidate(raw(i.space), i.first, i.last, walk);
  in_flight_.acknowledge(cpu, raw(i.space), i.first, i.last, walk);
}

void MemoryMachine::invalidated_all(unsigned cpu) {
  processors_[cpu].invalidate_everything();
  in_flight_.acknowledge_everything(cpu);
}

SeenAccess MemoryMachine::access(unsigned cpu, unsigned space, std::uint64_t va, std::uint64_t arg,
                                 AccessKind kind) {
  const bool user = (arg & 1U) != 0;
  SeenAccess seen{.who = "cpu",
                  .cpu = cpu,
                  .space = space,
                  .va = va,
                  .access = {static_cast<reference::AccessKind>(kind), user}};
  const std::uint64_t word = steps_ * 0x9e3779b97f4a7c15U + va;
  if ((arg & 2U) != 0)
    seen = access_by_hardware(seen, word);
  else {
    const OsAccess done =
        subject_->access(cpu, va, kind, user ? Privilege::user : Privilege::supervisor, word);
    seen.ok = done.ok;
    seen.pa = done.pa;
    seen.word = done.word;
  }
  seen.held = seen.ok ? model_.memory().read(seen.pa) : 0;
  if (seen.ok && kind == AccessKind::write) {
    model_.memory().write(seen.pa, word);
    remember(written_, seen.space, seen.va);
  }
  return seen;
}

SeenAccess MemoryMachine::access_by_hardware(SeenAccess seen, std::uint64_t word) {
  seen.who = "hardware";
  const auto done = processors_[seen.cpu].access(tables(), seen.va, seen.access);
  seen.ok = done.ok;
  seen.cached = done.cached;
  seen.pa = done.pa;
  if (seen.ok && seen.access.kind == reference::AccessKind::write)
    memory_.write(seen.pa, word);
  seen.word = seen.ok ? memory_.read(seen.pa) : 0;
  if (seen.ok && !seen.cached)
    remember(walked_, seen.space, seen.va);
  return seen;
}

void MemoryMachine::remember(AllTouched& touched, unsigned space, std::uint64_t va) const {
  const std::uint64_t page = va & ~(mmu_->profile().sizes.front() - 1);
  if (model_.is_kernel(page))
    space = 0;
  for (Touched& t : touched)
    if (t.space == space && t.va == page) {
      t.step = steps_;
      return;
    }
  touched.push_back({space, page, steps_});
}

} // namespace pagetwin::fuzz
