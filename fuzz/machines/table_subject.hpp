// Our PageTable as a Subject: one wrapper per format, over memory that is observed (the oracles see each
// store, a TLB hears each invalidation) or plain (what ships, without anything in between). It refuses to
// judge.
#pragma once

#include "fuzz/machines/junk_words.hpp"
#include "fuzz/machines/make_subject.hpp"
#include "fuzz/oracles/observed_memory.hpp"
#include "src/table/audit.hpp"
#include "src/table/dump.hpp"
#include "src/table/page_table.hpp"
#include "src/tlb/mmu.hpp"

#include <cstdio>

namespace pagetwin::fuzz {

// The nodes of the largest program that a trace may ask for.
inline constexpr std::size_t most_nodes = 1U << 16;

// Units of the smallest node that a pool for the options has.
template <Format F>
[[nodiscard]] constexpr std::size_t units_of(const SubjectOptions& o) {
  using G = Geometry<F>;
  constexpr std::size_t root = std::size_t{1} << (G::node_shift(G::root_level) - G::node_shift(0));
  return std::min(most_nodes, o.nodes + o.spaces * (root - 1));
}

template <Format F>
[[nodiscard]] NodePool pool_of(Arena& arena, std::vector<NodeRecord>& records, const SubjectOptions& o) {
  constexpr unsigned shift = Geometry<F>::node_shift(0);
  const std::size_t units = units_of<F>(o);
  return {arena.nodes().first(units << shift), PhysAddr{arena.base()}, shift,
          std::span(records).first(units)};
}

// Memory in which every access is seen, with an Mmu that the table's invalidations reach.
template <class F>
class ObservedBacking {
  static_assert(Format<F>);

 public:
  using MmuType = Mmu<F, ObservedMemory, Words::ours>;
  using Memory = NotifyingMemory<ObservedMemory, MmuType>;

  ObservedBacking(Arena& arena, Watcher& watcher)
      : arena_(&arena), junk_(junk_words<F>(arena.data())), records_(most_nodes),
        seen_(arena.base(), Geometry<F>::node_shift(0), most_nodes),
        memory_(mmu_, arena, most_nodes, Geometry<F>::node_shift(0), std::span(records_), seen_, watcher),
        mmu_(memory_, Tlb<F>(lines_, 1), WalkCache<F>(walks_, 1)) {
    memory_.set_junk(std::span<const typename F::Raw>(junk_));
    arena.fill_data(std::as_bytes(std::span(junk_)));
  }
  ObservedBacking(const ObservedBacking&) = delete;
  ObservedBacking& operator=(const ObservedBacking&) = delete;
  ~ObservedBacking() { memory_.leave(*arena_); }
  void restart(const SubjectOptions& o) {
    const std::size_t units = units_of<F>(o);
    seen_.reset(units, sizeof(typename F::Raw));
    memory_.restart(*arena_, units, Geometry<F>::node_shift(0), records_);
    mmu_ = MmuType(memory_, Tlb<F>(std::span(lines_).first(std::size_t{o.tlb_sets} * o.tlb_ways), o.tlb_ways),
                   WalkCache<F>(std::span(walks_).first(o.walk_entries), o.walk_level),
                   {gate_rule(o.gate), gate_rule(o.gate)});
  }
  void begin_operation() {
    seen_.begin_operation();
    memory_.begin_operation();
  }
  void close() { memory_.close(); }
  void before_edit(PhysAddr, std::uint64_t) {}
  void before_destroy(PhysAddr) {}
  [[nodiscard]] static constexpr bool has_readers() { return false; }
  [[nodiscard]] const ReaderComplaint* readers_go_on() { return nullptr; }
  [[nodiscard]] std::optional<Found> translate(SpaceId space, PhysAddr root, std::uint64_t va) {
    const auto t = mmu_.translate(space, root, va);
    return t ? std::optional(Found{raw(t->pa), F::sizes[t->size].bytes(), t->attributes}) : std::nullopt;
  }
  [[nodiscard]] Memory& memory() { return memory_; }
  [[nodiscard]] const Memory& memory() const { return memory_; }
  [[nodiscard]] std::uint64_t nodes_used() const { return memory_.pool().used(); }
  [[nodiscard]] Observation* observation() { return &seen_; }
  void tell(EventSink* sink) { memory_.tell(sink); }
  void fail_allocation(std::uint64_t k) { memory_.fail_allocation(k); }
  [[nodiscard]] bool refused() const { return memory_.refused(); }
  [[nodiscard]] std::uint64_t spare() const { return memory_.spare(); }
  // sink(const TlbLine&) for the lines that translate va.
  template <class Sink>
  void lines_at(std::uint64_t va, Sink&& sink) const {
    mmu_.tlb().for_each([&](const TlbLine& line) {
      if (va - line.first < F::sizes[line.leaf.size].bytes())
        sink(line);
    });
  }

 private:
  Arena* arena_;
  std::array<typename F::Raw, 8> junk_;
  std::vector<NodeRecord> records_;
  std::vector<TlbEntry> lines_ = std::vector<TlbEntry>(64);
  std::vector<WalkCacheEntry> walks_ = std::vector<WalkCacheEntry>(16);
  Observation seen_;
  Memory memory_;
  MmuType mmu_;
};

// The policy that ships.
template <class F>
class PlainBacking {
  static_assert(Format<F>);

 public:
  using Memory = PlainMemory<>;

  PlainBacking(Arena& arena, Watcher&)
      : arena_(&arena), records_(most_nodes), pool_(pool_of<F>(arena, records_, {})), memory_(pool_) {
    const auto junk = junk_words<F>(arena.data());
    arena.fill_data(std::as_bytes(std::span(junk)));
  }
  void restart(const SubjectOptions& o) { pool_ = pool_of<F>(*arena_, records_, o); }
  void begin_operation() {}
  void close() {}
  void before_edit(PhysAddr, std::uint64_t) {}
  void before_destroy(PhysAddr) {}
  [[nodiscard]] static constexpr bool has_readers() { return false; }
  [[nodiscard]] const ReaderComplaint* readers_go_on() { return nullptr; }
  [[nodiscard]] std::optional<Found> translate(SpaceId, PhysAddr root, std::uint64_t va) const {
    const auto t = Geometry<F>::is_canonical(va) ? walk<F>(memory_, root, va) : std::nullopt;
    return t ? std::optional(Found{raw(t->pa()), t->size().bytes(), t->attributes()}) : std::nullopt;
  }
  [[nodiscard]] Memory& memory() { return memory_; }
  [[nodiscard]] const Memory& memory() const { return memory_; }
  [[nodiscard]] std::uint64_t nodes_used() const { return memory_.pool().used(); }
  [[nodiscard]] Observation* observation() { return nullptr; }
  void tell(EventSink*) {}
  void fail_allocation(std::uint64_t) {}
  // Nobody counts refusals here: the pool is small, and what it says is believed.
  [[nodiscard]] bool refused() const { return true; }
  [[nodiscard]] std::uint64_t spare() const { return 0; }
  template <class Sink>
  void lines_at(std::uint64_t, Sink&&) const {}

 private:
  Arena* arena_;
  std::vector<NodeRecord> records_;
  NodePool pool_;
  Memory memory_;
};

template <Format F, template <class> class Backing>
class TableSubject final : public Subject {
  using B = Backing<F>;
  using Table = PageTable<F, typename B::Memory>;

 public:
  explicit TableSubject(Watcher& watcher)
      : arena_(arena_base(sizeof(typename F::Raw), F::pa_bits), most_nodes << Geometry<F>::node_shift(0)),
        backing_(arena_, watcher) {}

  void restart(const SubjectOptions& options) override {
    for (auto& table : tables_)
      table.reset();
    backing_.restart(options);
  }
  [[nodiscard]] Status create(unsigned s) override {
    auto table = Table::create(backing_.memory(), SpaceId{static_cast<std::uint16_t>(s + 1)});
    if (!table)
      return Status::out_of_memory;
    tables_[s].emplace(std::move(*table));
    return Status::ok;
  }
  void destroy(unsigned s) override {
    backing_.before_destroy(tables_[s]->root());
    tables_[s]->destroy();
    tables_[s].reset();
  }
  [[nodiscard]] bool alive(unsigned s) const override { return tables_[s].has_value(); }

  [[nodiscard]] Status map(unsigned s, std::uint64_t va, std::uint64_t pa, std::uint64_t size,
                           Attributes a) override {
    return edited(s, va).map(VirtAddr{va}, PhysAddr{pa}, size, a);
  }
  [[nodiscard]] Status map_range(unsigned s, std::uint64_t va, std::uint64_t pa, std::uint64_t length,
                                 Attributes a, std::uint64_t max_size) override {
    return edited(s, va).map_range(VirtAddr{va}, PhysAddr{pa}, length, a, max_size);
  }
  [[nodiscard]] Amount unmap(unsigned s, std::uint64_t va, std::uint64_t length) override {
    return amount(edited(s, va).unmap(VirtAddr{va}, length));
  }
  [[nodiscard]] Amount unmap_collect(unsigned s, std::uint64_t va, std::uint64_t length,
                                     std::vector<LeafReport>& to) override {
    return amount(
        edited(s, va).unmap_collect(VirtAddr{va}, length, [&](const LeafReport& r) { to.push_back(r); }));
  }
  [[nodiscard]] Amount protect(unsigned s, std::uint64_t va, std::uint64_t length, Rights rights) override {
    return amount(edited(s, va).protect(VirtAddr{va}, length, rights));
  }
  [[nodiscard]] Status remap(unsigned s, std::uint64_t va, std::uint64_t pa) override {
    return edited(s, va).remap(VirtAddr{va}, PhysAddr{pa});
  }
  [[nodiscard]] Status promote(unsigned s, std::uint64_t va, std::uint64_t size) override {
    return edited(s, va).promote(VirtAddr{va}, size);
  }
  [[nodiscard]] Status split(unsigned s, std::uint64_t va, std::uint64_t size) override {
    return edited(s, va).split(VirtAddr{va}, size);
  }
  [[nodiscard]] Status set_attributes(unsigned s, std::uint64_t va, Attributes a) override {
    return edited(s, va).set_attributes(VirtAddr{va}, a);
  }
  [[nodiscard]] Status add_flags(unsigned s, std::uint64_t va, Flags flags) override {
    return edited(s, va).add_flags(VirtAddr{va}, flags);
  }
  [[nodiscard]] Status harvest(unsigned s, std::uint64_t va, std::uint64_t length, Harvest what,
                               std::vector<LeafReport>& to) override {
    return edited(s, va).harvest(VirtAddr{va}, length, what, [&](const LeafReport& r) { to.push_back(r); });
  }
  [[nodiscard]] Status mark(unsigned s, std::uint64_t va, std::uint64_t size, std::uint64_t word) override {
    return edited(s, va).mark(VirtAddr{va}, size, word);
  }
  [[nodiscard]] Word marker(unsigned s, std::uint64_t va, std::uint64_t size) override {
    const MarkerWord m = tables_[s]->marker(VirtAddr{va}, size);
    return {m.status, m.word};
  }
  [[nodiscard]] Status for_each(unsigned s, std::uint64_t va, std::uint64_t length,
                                std::vector<Stretch>& to) override {
    return tables_[s]->for_each(VirtAddr{va}, length, [&](const Mapping& m) {
      to.push_back({m.va, raw(m.pa), m.bytes, m.attributes});
    });
  }
  [[nodiscard]] Amount clear(unsigned s) override { return amount(edited(s, 0).clear()); }

  [[nodiscard]] std::optional<Found> lookup(unsigned s, std::uint64_t va) override {
    const auto t = tables_[s]->lookup(VirtAddr{va});
    return t ? std::optional(Found{raw(t->pa()), t->size().bytes(), t->attributes()}) : std::nullopt;
  }
  [[nodiscard]] std::optional<Found> cached_lookup(unsigned s, std::uint64_t va) override {
    return backing_.translate(tables_[s]->space(), tables_[s]->root(), va);
  }

  void fail_allocation(std::uint64_t k) override { backing_.fail_allocation(k); }
  [[nodiscard]] bool refused() const override { return backing_.refused(); }
  [[nodiscard]] std::uint64_t spare() const override { return backing_.spare(); }
  [[nodiscard]] std::uint64_t root(unsigned s) const override { return raw(tables_[s]->root()); }
  [[nodiscard]] std::uint64_t nodes_used() const override { return backing_.nodes_used(); }
  [[nodiscard]] NodeRecord record(std::uint64_t node) const override {
    return backing_.memory().pool().record(PhysAddr{node});
  }
  [[nodiscard]] std::string audit(unsigned s) const override {
    const AuditReport report = pagetwin::audit(*tables_[s]);
    char where[32];
    std::snprintf(where, sizeof where, " at %#llx", static_cast<unsigned long long>(report.slot));
    return report.ok() ? std::string() : std::string(report.problem) + where;
  }
  [[nodiscard]] std::string dump(unsigned s) const override {
    std::string lines;
    pagetwin::dump(*tables_[s], [&](std::string_view line) { lines += line; });
    return lines;
  }
  [[nodiscard]] std::string cache_lines(std::uint64_t va) const override {
    std::string lines;
    backing_.lines_at(va, [&](const TlbLine& line) {
      char text[128];
      std::snprintf(text, sizeof text, "space %u %#llx -> %#llx size %#llx%s\n", raw(line.space) - 1U,
                    static_cast<unsigned long long>(line.first),
                    static_cast<unsigned long long>(raw(line.leaf.pa)),
                    static_cast<unsigned long long>(F::sizes[line.leaf.size].bytes()),
                    line.leaf.attributes.global ? " global" : "");
      lines += text;
    });
    return lines;
  }
  [[nodiscard]] Arena& arena() override { return arena_; }
  [[nodiscard]] Observation* observation() override { return backing_.observation(); }
  void tell(EventSink* sink) override { backing_.tell(sink); }
  void begin_operation() override { backing_.begin_operation(); }
  [[nodiscard]] bool has_readers() const override { return B::has_readers(); }
  [[nodiscard]] const ReaderComplaint* readers_go_on() override { return backing_.readers_go_on(); }
  void close() override { backing_.close(); }

 private:
  [[nodiscard]] static Amount amount(Changed c) { return {c.status, c.bytes}; }
  // The table, which an operation about the address is about to change.
  [[nodiscard]] Table& edited(unsigned s, std::uint64_t va) {
    backing_.before_edit(tables_[s]->root(), va);
    return *tables_[s];
  }

  Arena arena_;
  B backing_;
  std::array<std::optional<Table>, max_spaces> tables_;
};

template <Format F, template <class> class Backing>
std::unique_ptr<Subject> make_subject(Watcher& watcher) {
  return std::make_unique<TableSubject<F, Backing>>(watcher);
}

} // namespace pagetwin::fuzz
