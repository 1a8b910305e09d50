#include "fuzz/machines/memory/machine.hpp"

#include "fuzz/machines/convert.hpp"
#include "fuzz/oracles/progress.hpp"
#include "fuzz/oracles/show_translation.hpp"

namespace pagetwin::fuzz {

namespace {

// What memory holds before anybody writes: every word another, so that what is read from the wrong place is
// seen.
std::uint64_t initial_word(std::uint64_t pa) {
  const std::uint64_t mixed = (pa ^ pa >> 29U) * 0xbf58476d1ce4e5b9U;
  return mixed ^ mixed >> 32U;
}

} // namespace

static_assert(os_space_limits.most == 8 && cpu_limits.most == 8);
static_assert(cpu_limits.most + tag_limits.most < reference::Processor::tags);

MemoryMachine::MemoryMachine(const MemorySides& sides, const twin::MachineOptions& options)
    : sides_(sides), options_(options), mmu_(&sides.mmu()),
      subject_(sides.subject(*this, *this, sides.memory_bytes)), structure_(*mmu_),
      order_(view_, sides_.rules(), subject_->observation()),
      model_(mmu_->profile(), sides.memory_bytes, initial_word), memory_(initial_word) {
  subject_->tell(this);
  view_ = view_of(*mmu_, subject_->arena());
}

// Two spaces, if there may be two, and every CPU runs the last of them.
void MemoryMachine::begin(const twin::Program& program) {
  const auto& header = program.header;
  space_count_ = static_cast<unsigned>(os_space_limits.nearest(header[header_os_spaces]));
  cpu_count_ = static_cast<unsigned>(cpu_limits.nearest(header[header_cpus]));
  for (reference::Processor& each : processors_)
    each.reset();
  in_flight_.clear();
  model_.reset(most_spaces);
  memory_.reset();
  refinement_.reset();
  order_.reset();
  meanwhile_.clear();
  walked_.clear();
  written_.clear();
  editing_ = false;
  steps_ = 0;
  meanwhile_wrong_ = std::nullopt;
  refused_start_ =
      subject_->start({.nodes = os_node_limits.nearest(header[header_os_nodes]),
                       .spaces = space_count_,
                       .cpus = cpu_count_,
                       .tags = cpu_count_ + static_cast<unsigned>(tag_limits.nearest(header[header_tags]))})
      != Status::ok;
  if (refused_start_)
    return;
  introduce(0);
  const unsigned last = std::min(space_count_, 2U) - 1;
  if (last == 1 && subject_->create(0, 1) == Status::ok)
    introduce(1);
  for (unsigned cpu = 0; cpu < cpu_count_ && subject_->exists(last); ++cpu)
    (void)subject_->activate(cpu, last);
  synchronise_cpus();
}

void MemoryMachine::introduce(unsigned space) {
  structure_.add_root(subject_->observation(), subject_->root(space), space);
}

Verdict MemoryMachine::step(const twin::Op& op) {
  if (refused_start_) // fewer nodes than a root
    return std::nullopt;
  op_ = &op;
  space_ = space_of(op);
  cpu_ = cpu_of(op);
  status_ = Status::ok;
  word_ = nullptr;
  flags_ = {};
  ++steps_;
  events_ = 0;
  nodes_before_ = subject_->nodes_used();
  subject_->begin_operation();
  return bounded(verb_name(), op.value[os_va], [&]() -> Verdict {
    if (Verdict v = apply(op))
      return v;
    return judge(op);
  });
}

Verdict MemoryMachine::finish() {
  if (refused_start_)
    return std::nullopt;
  subject_->begin_operation();
  return bounded("finish", 0, [&]() -> Verdict {
    if (Verdict v = compare_all())
      return v;
    subject_->close();
    for (unsigned s = 0; s < space_count_; ++s)
      if (subject_->exists(s))
        Structure::drop_root(subject_->observation(), subject_->root(s));
    subject_->stop();
    if (subject_->nodes_used() != 0)
      return finding("O5 frames", 0, "leak at the end",
                     format("%llu nodes are left when all spaces are gone",
                            static_cast<unsigned long long>(subject_->nodes_used())));
    return Structure::complaint(subject_->observation());
  });
}

std::string MemoryMachine::outcome() const {
  return word_ != nullptr ? word_ : std::string(to_text(status_));
}

// The spaces, then the CPUs: what each would find at the address, or nothing.
std::string MemoryMachine::explain(std::uint64_t address) const {
  if (refused_start_)
    return "there are not even the nodes for the roots\n";
  std::string lines;
  for (unsigned s = 0; s < space_count_; ++s)
    if (subject_->exists(s))
      lines += explain_space(s, address);
  for (unsigned cpu = 0; cpu < cpu_count_; ++cpu)
    lines += explain_cpu(cpu, address);
  return lines;
}

std::string MemoryMachine::explain_space(unsigned space, std::uint64_t va) const {
  const auto model = model_.query(space, va);
  return format("space %u, tag %u\n", space, subject_->tag(space)) + "  model "
         + show_translation(model ? std::optional(model->translate(va)) : std::nullopt) + "\n" + "  bytes "
         + show_translation(view_.translate(subject_->root(space), va)) + "\n";
}

std::string MemoryMachine::explain_cpu(unsigned cpu, std::uint64_t va) const {
  std::string lines;
  const auto add = [&](const char* whose, unsigned tag, const reference::Translation& t) {
    lines += format("  %s caches, of tag %u: ", whose, tag) + show_translation(t) + "\n";
  };
  for (const OsPage& line : subject_->lines(cpu))
    if (va - line.va < line.bytes)
      add("cpu", line.tag, {line.pa + (va - line.va), line.bytes, to_reference(line.attributes), {}});
  for (const reference::CachedPage& page : processors_[cpu].cached_pages())
    if (page.meets(va, va))
      add("hardware", page.tag, {page.pa + (va - page.va), page.bytes, page.attributes, page.flags});
  for (const reference::InFlight::Item& item : in_flight_.items())
    if ((item.waiting >> cpu & 1U) != 0 && item.meets(va, va))
      lines += format("  has not acknowledged the invalidation of %s, of tag %u\n",
                      item.table ? "a table" : "a page", item.tag);
  const auto runs = subject_->runs(cpu);
  return (runs ? format("CPU %u runs space %u\n", cpu, *runs) : format("CPU %u runs nothing\n", cpu)) + lines;
}

bool MemoryMachine::touches(const twin::Op& op, std::uint64_t address) const {
  const twin::Verb& verb = memory_verbs[op.verb];
  if (!verb.uses(os_va))
    return false;
  return address - op.value[os_va]
         < (verb.uses(os_size) && op.value[os_size] != 0 ? op.value[os_size] : 4096);
}

} // namespace pagetwin::fuzz
