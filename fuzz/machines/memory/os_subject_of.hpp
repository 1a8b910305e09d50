// Our OsMachine as an OsSubject, over memory in which every store of the tables is seen. Compiled once for
// each format, in the file of its target. It refuses to judge.
#pragma once

#include "fuzz/machines/junk_words.hpp"
#include "fuzz/machines/memory/os_subject.hpp"
#include "fuzz/machines/memory/verbs.hpp"
#include "src/os/machine.hpp"

namespace pagetwin::fuzz {

template <Format F>
class OsSubjectOf final : public OsSubject {
  using G = Geometry<F>;
  // The Environment as the machine wants it, without a virtual call in the concept.
  struct Platform {
    Environment* to;
    void wait_for(unsigned cpu) { to->wait_for(cpu); }
    std::uint64_t load(PhysAddr pa) { return to->load(raw(pa)); }
    void store(PhysAddr pa, std::uint64_t word) { to->store(raw(pa), word); }
    void invalidated(unsigned cpu, const Invalidation& i) { to->invalidated(cpu, i); }
    void invalidated_all(unsigned cpu) { to->invalidated_all(cpu); }
  };
  using Machine = OsMachine<F, ObservedMemory, Platform>;
  static_assert(cpu_limits.most == max_cpus);
  static constexpr unsigned unit_shift = G::node_shift(0);
  static constexpr std::size_t most_nodes = os_node_limits.most, lines_per_cpu = 16, pointers_per_cpu = 4;

 public:
  OsSubjectOf(Watcher& watcher, Environment& environment, std::uint64_t memory_bytes)
      : arena_(arena_base(sizeof(typename F::Raw), F::pa_bits), most_nodes << unit_shift),
        junk_(junk_words<F>(arena_.data())), seen_(arena_.base(), unit_shift, most_nodes),
        platform_{&environment},
        machine_(platform_, memory_bytes, std::span(spaces_), std::span(tag_words_), arena_, most_nodes,
                 unit_shift, std::span(records_), seen_, watcher) {
    memory().set_junk(std::span<const typename F::Raw>(junk_));
    arena_.fill_data(std::as_bytes(std::span(junk_)));
  }
  ~OsSubjectOf() override { memory().leave(arena_); }

  [[nodiscard]] Status start(const OsOptions& o) override {
    const std::size_t root = std::size_t{1} << (G::node_shift(G::root_level) - unit_shift);
    const std::size_t units = std::min(most_nodes, o.nodes + o.spaces * (root - 1));
    seen_.reset(units, sizeof(typename F::Raw));
    memory().restart(arena_, units, unit_shift, records_);
    std::array<CpuCaches, max_cpus> caches;
    for (unsigned cpu = 0; cpu < o.cpus; ++cpu)
      caches[cpu] = {std::span(entries_).subspan(cpu * lines_per_cpu, lines_per_cpu), 2,
                     std::span(pointers_).subspan(cpu * pointers_per_cpu, pointers_per_cpu),
                     1 + cpu % (F::levels - 1)};
    return machine_.start(std::span(caches).first(o.cpus), o.tags);
  }
  void stop() override { machine_.stop(); }
  [[nodiscard]] Status create(unsigned cpu, unsigned s) override { return machine_.create(cpu, s); }
  [[nodiscard]] Status destroy(unsigned cpu, unsigned s) override { return machine_.destroy(cpu, s); }
  [[nodiscard]] Status activate(unsigned cpu, unsigned s) override { return machine_.activate(cpu, s); }
  void idle(unsigned cpu) override { machine_.idle(cpu); }
  [[nodiscard]] bool exists(unsigned s) const override { return machine_.exists(s); }
  [[nodiscard]] std::optional<unsigned> runs(unsigned cpu) const override { return machine_.runs(cpu); }
  [[nodiscard]] std::uint64_t root(unsigned s) const override { return raw(machine_.space(s).table->root()); }
  [[nodiscard]] unsigned tag(unsigned s) const override { return raw(machine_.tag(s)); }

  [[nodiscard]] Status map(unsigned cpu, unsigned s, const OsPage& page) override {
    return machine_.map(cpu, s, VirtAddr{page.va}, PhysAddr{page.pa}, page.bytes, page.attributes);
  }
  [[nodiscard]] OsFlags unmap(unsigned cpu, unsigned s, std::uint64_t va) override {
    return flags(machine_.unmap(cpu, s, VirtAddr{va}));
  }
  [[nodiscard]] OsFlags harvest(unsigned cpu, unsigned s, std::uint64_t va, bool clear) override {
    return flags(machine_.harvest(cpu, s, VirtAddr{va}, clear ? Harvest::clear : Harvest::keep));
  }
  [[nodiscard]] Status protect(unsigned cpu, unsigned s, std::uint64_t va, Attributes a) override {
    return machine_.protect(cpu, s, VirtAddr{va}, a);
  }
  [[nodiscard]] Status split(unsigned cpu, unsigned s, std::uint64_t va, std::uint64_t size) override {
    return machine_.split(cpu, s, VirtAddr{va}, size);
  }
  [[nodiscard]] Status promote(unsigned cpu, unsigned s, std::uint64_t va, std::uint64_t size) override {
    return machine_.promote(cpu, s, VirtAddr{va}, size);
  }
  [[nodiscard]] std::optional<OsPage> query(unsigned s, std::uint64_t va) const override {
    const auto t = machine_.query(s, VirtAddr{va});
    if (!t)
      return std::nullopt;
    const std::uint64_t first = align_down(va, t->size().log2_bytes);
    return OsPage{first, t->size().bytes(), raw(t->pa()) - (va - first), t->attributes()};
  }
  [[nodiscard]] OsAccess access(unsigned cpu, std::uint64_t va, AccessKind kind, Privilege who,
                                std::uint64_t word) override {
    const Accessed done = kind == AccessKind::read    ? machine_.read(cpu, VirtAddr{va}, who)
                          : kind == AccessKind::write ? machine_.write(cpu, VirtAddr{va}, who, word)
                                                      : machine_.execute(cpu, VirtAddr{va}, who);
    return {done.status, done.status == Status::ok && done.fault == Fault::none, raw(done.pa), done.word};
  }
  void serve(unsigned cpu) override { machine_.serve(cpu); }
  [[nodiscard]] std::vector<OsPage>& lines(unsigned cpu) override {
    shown_.clear();
    machine_.tlb(cpu).for_each([&](const TlbLine& line) {
      shown_.push_back({line.first, F::sizes[line.leaf.size].bytes(), raw(line.leaf.pa), line.leaf.attributes,
                        raw(line.space)});
    });
    return shown_;
  }

  void fail_allocation(std::uint64_t k) override { memory().fail_allocation(k); }
  [[nodiscard]] bool refused() const override { return machine_.memory().refused(); }
  [[nodiscard]] std::uint64_t nodes_used() const override { return machine_.memory().pool().used(); }
  [[nodiscard]] NodeRecord record(std::uint64_t node) const override {
    return machine_.memory().pool().record(PhysAddr{node});
  }
  [[nodiscard]] Arena& arena() override { return arena_; }
  [[nodiscard]] Observation& observation() override { return seen_; }
  void tell(EventSink* sink) override { memory().tell(sink); }
  void begin_operation() override {
    seen_.begin_operation();
    memory().begin_operation();
  }
  void close() override { memory().close(); }

 private:
  [[nodiscard]] typename Machine::Memory& memory() { return machine_.memory(); }
  [[nodiscard]] static OsFlags flags(const PageFlags& done) { return {done.status, done.flags}; }

  Arena arena_;
  std::array<typename F::Raw, 8> junk_;
  std::vector<NodeRecord> records_ = std::vector<NodeRecord>(most_nodes);
  std::vector<TlbEntry> entries_ = std::vector<TlbEntry>(max_cpus * lines_per_cpu);
  std::vector<WalkCacheEntry> pointers_ = std::vector<WalkCacheEntry>(max_cpus * pointers_per_cpu);
  std::array<typename Machine::Space, os_space_limits.most> spaces_;
  std::array<std::uint64_t, 1> tag_words_{};
  std::vector<OsPage> shown_;
  Observation seen_;
  Platform platform_;
  Machine machine_;
};

template <class F>
std::unique_ptr<OsSubject> make_os_subject(Watcher& watcher, Environment& environment,
                                           std::uint64_t memory_bytes) {
  return std::make_unique<OsSubjectOf<F>>(watcher, environment, memory_bytes);
}

} // namespace pagetwin::fuzz
