// hvisor's OS machine: address spaces over page tables, CPUs with a TLB and a walk cache each, and between
// them the shootdown that an edit waits for. An address belongs to the kernel when its highest translated bit
// is set; such pages are global and the same in every space, so that an edit of one is an edit of each table.
// Knows no bit of a descriptor, and no thread: each operation names the CPU that makes it, and edits come one
// after the other (docs/hvisor.md). On any status but ok nothing changed.
#pragma once

#include "src/os/deferring_memory.hpp"
#include "src/os/shootdown.hpp"
#include "src/os/tags.hpp"
#include "src/table/page_table.hpp"
#include "src/tlb/mmu.hpp"

#include <concepts>

namespace pagetwin {

// What the machine asks of the hardware beside its CPUs' caches. wait_for: CPU `cpu` has been interrupted;
// called until it has called serve(). load / store: an aligned word of 8 bytes of physical memory.
// invalidated / invalidated_all: the CPU has executed this.
template <class P>
concept PlatformFor =
    requires(P platform, unsigned cpu, PhysAddr pa, std::uint64_t word, const Invalidation& i) {
      platform.wait_for(cpu);
      { platform.load(pa) } -> std::same_as<std::uint64_t>;
      platform.store(pa, word);
      platform.invalidated(cpu, i);
      platform.invalidated_all(cpu);
    };

// Storage of one CPU's caches, the caller's.
struct CpuCaches {
  std::span<TlbEntry> lines;
  unsigned ways = 1;
  std::span<WalkCacheEntry> pointers;
  unsigned pointer_level = 1;
};

// status: misaligned, unknown_space (the CPU runs none), or ok; then fault says whether the access happened.
struct [[nodiscard]] Accessed {
  Status status = Status::ok;
  Fault fault = Fault::none;
  PhysAddr pa{};
  std::uint64_t word = 0; // that was read, or written
};
// What hardware recorded in a page, of all tables together.
struct [[nodiscard]] PageFlags {
  Status status;
  Flags flags{};
};

// Base: the Memory policy of the tables, which makes nodes reusable when its sync returns.
template <Format F, class Base, class Platform>
class OsMachine {
  using G = Geometry<F>;

 public:
  using Memory = DeferringMemory<NotifyingMemory<Base, OsMachine>>;
  using Table = PageTable<F, Memory>;
  // One address space. holders: CPUs that may have something of it in their caches.
  struct Space {
    std::optional<Table> table;
    SpaceTag tag;
    CpuSet holders = 0;
  };

  // spaces and tag_words (a bit for each identifier, 0 included) are the caller's; the other arguments make
  // the Base. memory_bytes: physical memory, from address 0.
  template <class... Arguments>
  OsMachine(Platform& platform, std::uint64_t memory_bytes, std::span<Space> spaces,
            std::span<std::uint64_t> tag_words, Arguments&&... arguments)
      : platform_(&platform), memory_bytes_(memory_bytes), spaces_(spaces), tag_words_(tag_words),
        tags_(tag_words, 1), memory_(*this, std::forward<Arguments>(arguments)...), bus_(memory_.pool()) {}
  OsMachine(const OsMachine&) = delete;
  OsMachine& operator=(const OsMachine&) = delete;

  // Begins anew, with a CPU for each of `cpus`, `tags` identifiers (more than CPUs) and space 0, the kernel's
  // own. What was there before is forgotten, not destroyed. out_of_memory: not even a root.
  [[nodiscard]] Status start(std::span<const CpuCaches> cpus, unsigned tags) {
    for (Space& space : spaces_)
      space = {};
    tags_ = Tags(tag_words_, tags);
    shootdown_ = {};
    lazy_ = false;
    by_ = cpu_count_ = 0;
    for (const CpuCaches& c : cpus)
      cpus_[cpu_count_++].emplace(
          Cpu{CpuMmu(bus_, Tlb<F>(c.lines, c.ways), WalkCache<F>(c.pointers, c.pointer_level),
                     {GateRule::always(), GateRule::always()}),
              std::nullopt});
    return make_table(0);
  }

  [[nodiscard]] unsigned cpu_count() const { return cpu_count_; }
  [[nodiscard]] bool exists(unsigned space) const {
    return space < spaces_.size() && spaces_[space].table.has_value();
  }
  // The space that a CPU runs.
  [[nodiscard]] std::optional<unsigned> runs(unsigned cpu) const { return cpus_[cpu]->runs; }
  [[nodiscard]] const Space& space(unsigned s) const { return spaces_[s]; }
  // By which hardware knows the space; 0: by none now.
  [[nodiscard]] SpaceId tag(unsigned s) const {
    return tags_.is_current(spaces_[s].tag) ? spaces_[s].tag.id : SpaceId{};
  }
  [[nodiscard]] Memory& memory() { return memory_; }
  [[nodiscard]] const Memory& memory() const { return memory_; }
  [[nodiscard]] const Tlb<F>& tlb(unsigned cpu) const { return cpus_[cpu]->mmu.tlb(); }
  [[nodiscard]] static constexpr bool is_kernel(std::uint64_t va) {
    return (va >> (F::va_bits - 1) & 1U) != 0;
  }

  // A new space has the kernel's pages. unknown_space: there is no such place.
  [[nodiscard]] Status create(unsigned cpu, unsigned s) {
    by_ = cpu;
    if (s >= spaces_.size())
      return Status::unknown_space;
    if (exists(s))
      return Status::space_in_use;
    const Status status = make_table(s);
    return status == Status::ok ? copy_kernel(s) : status;
  }
  // Space 0 stays, and so does one that a CPU runs.
  [[nodiscard]] Status destroy(unsigned cpu, unsigned s) {
    by_ = cpu;
    if (!exists(s))
      return Status::unknown_space;
    if (s == 0 || is_running(s))
      return Status::space_in_use;
    keep_kernel_flags(s);
    drop(s);
    return Status::ok;
  }
  // The CPU runs this space from now on.
  [[nodiscard]] Status activate(unsigned cpu, unsigned s) {
    by_ = cpu;
    if (!exists(s))
      return Status::unknown_space;
    if (!tags_.is_current(spaces_[s].tag))
      spaces_[s].tag = new_tag();
    spaces_[s].holders |= only(cpu);
    cpus_[cpu]->runs = s;
    return Status::ok;
  }
  void idle(unsigned cpu) { cpus_[cpu]->runs.reset(); }
  // The end: all spaces, whoever runs them.
  void stop() {
    for (unsigned cpu = 0; cpu < cpu_count_; ++cpu)
      idle(cpu);
    for (unsigned s = 0; s < spaces_.size(); ++s)
      if (exists(s))
        drop(s);
  }

  // One page of exactly that size. Whether it is global follows from its place.
  [[nodiscard]] Status map(unsigned cpu, unsigned s, VirtAddr va, PhysAddr pa, std::uint64_t size,
                           Attributes attributes) {
    by_ = cpu;
    if (!exists(s))
      return Status::unknown_space;
    const Status status = Check<F>::page(raw(va), raw(pa), size);
    if (status != Status::ok)
      return status;
    if (raw(pa) >= memory_bytes_ || size > memory_bytes_ - raw(pa))
      return Status::out_of_range;
    attributes.global = is_kernel(raw(va));
    if (!grants_access(attributes.rights) || !F::expressible(attributes))
      return Status::bad_attributes;
    return reserve(va, spaces_[s].table->nodes_to_map(va, size))
               ? in_each(s, va, [&](Table& t) { return t.map(va, pa, size, attributes); })
               : Status::out_of_memory;
  }
  // Each of the following is about one whole page, of which va is the base (else not_mapped).
  [[nodiscard]] PageFlags unmap(unsigned cpu, unsigned s, VirtAddr va) {
    by_ = cpu;
    return collect(s, va, [va](Table& t, std::uint64_t size, auto&& sink) {
      return t.unmap_collect(va, size, sink).status;
    });
  }
  [[nodiscard]] PageFlags harvest(unsigned cpu, unsigned s, VirtAddr va, Harvest what) {
    by_ = cpu;
    return collect(s, va, [va, what](Table& t, std::uint64_t size, auto&& sink) {
      return t.harvest(va, size, what, sink);
    });
  }
  // Whether it is global stays as it is.
  [[nodiscard]] Status protect(unsigned cpu, unsigned s, VirtAddr va, Attributes attributes) {
    by_ = cpu;
    if (!exists(s))
      return Status::unknown_space;
    attributes.global = is_kernel(raw(va));
    const auto old = query(s, va);
    const bool is_old = old && starts(*old, va);
    lazy_ = is_old && only_widens(*old, attributes);
    const bool rights_only = is_old && with_rights(old->attributes(), attributes.rights) == attributes;
    const Status status = in_each(s, va, [&](Table& t) {
      return rights_only ? t.protect(va, old->size().bytes(), attributes.rights).status
                         : t.set_attributes(va, attributes);
    });
    lazy_ = false;
    return status;
  }

  // The page that covers [va, va + size) is split until the page at va has that size.
  [[nodiscard]] Status split(unsigned cpu, unsigned s, VirtAddr va, std::uint64_t size) {
    by_ = cpu;
    if (!exists(s))
      return Status::unknown_space;
    if (const Status status = Check<F>::page(raw(va), 0, size); status != Status::ok)
      return status;
    const auto old = query(s, va);
    const bool is_larger = old && old->size().bytes() > size;
    return reserve(va, is_larger ? spaces_[s].table->nodes_to_split(va, size) : 0)
               ? in_each(s, va, [&](Table& t) { return t.split(va, size); })
               : Status::out_of_memory;
  }
  // Pages that together look like one of this size become it.
  [[nodiscard]] Status promote(unsigned cpu, unsigned s, VirtAddr va, std::uint64_t size) {
    by_ = cpu;
    if (!exists(s))
      return Status::unknown_space;
    return in_each(s, va, [&](Table& t) { return t.promote(va, size); });
  }

  // The page that covers va. The space exists.
  [[nodiscard]] std::optional<Translation<F>> query(unsigned s, VirtAddr va) const {
    return spaces_[s].table->lookup(va);
  }

  // Accesses of 8 bytes, by the space that the CPU runs.
  [[nodiscard]] Accessed read(unsigned cpu, VirtAddr va, Privilege who) {
    Accessed done = reach(cpu, va, AccessKind::read, who);
    if (done.status == Status::ok && done.fault == Fault::none)
      done.word = platform_->load(done.pa);
    return done;
  }
  [[nodiscard]] Accessed write(unsigned cpu, VirtAddr va, Privilege who, std::uint64_t word) {
    Accessed done = reach(cpu, va, AccessKind::write, who);
    if (done.status == Status::ok && done.fault == Fault::none)
      platform_->store(done.pa, done.word = word);
    return done;
  }
  [[nodiscard]] Accessed execute(unsigned cpu, VirtAddr va, Privilege who) {
    Accessed done = reach(cpu, va, AccessKind::execute, who);
    if (done.status == Status::ok && done.fault == Fault::none)
      done.word = platform_->load(done.pa);
    return done;
  }

  // On the CPU, when it was interrupted: it executes what it owes, and has acknowledged.
  void serve(unsigned cpu) {
    shootdown_.serve(
        cpu,
        [&](const Invalidation& i) {
          cpus_[cpu]->mmu.invalidate(i);
          platform_->invalidated(cpu, i);
        },
        [&] {
          cpus_[cpu]->mmu.invalidate_all();
          platform_->invalidated_all(cpu);
        });
  }
  [[nodiscard]] CpuSet waiting() const { return shootdown_.waiting(); }

  // The tables' side: the listener of their memory. A table calls its space by its number, from 1.
  void invalidate(const Invalidation& i) {
    const Space& of = spaces_[raw(i.space) - 1U];
    if (lazy_ || !tags_.is_current(of.tag)) // nobody has anything of a space of an older generation
      return;
    shootdown_.post(of.holders, {of.tag.id, i.first, i.last, i.reach});
  }
  void sync() {
    serve(by_);
    while (shootdown_.waiting() != 0)
      platform_->wait_for(static_cast<unsigned>(std::countr_zero(shootdown_.waiting())));
  }

 private:
  using Bus = PlainMemory<HardwareFlags::on>; // the CPUs' own way to descriptors
  using CpuMmu = Mmu<F, Bus, Words::ours>;
  struct Cpu {
    CpuMmu mmu;
    std::optional<unsigned> runs;
  };
  using Found = Translation<F>;

  [[nodiscard]] Status make_table(unsigned s) {
    auto table = Table::create(memory_, SpaceId{static_cast<std::uint16_t>(s + 1)});
    if (!table)
      return Status::out_of_memory;
    spaces_[s].table.emplace(std::move(*table));
    spaces_[s].tag = {};
    spaces_[s].holders = 0;
    return Status::ok;
  }
  void drop(unsigned s) {
    spaces_[s].table->destroy();
    spaces_[s] = {};
  }
  template <class Sink>
  void for_kernel_pages(Table& table, Sink sink) {
    constexpr std::uint64_t half = bytes_of(F::va_bits - 1), first = F::sign_extended ? 0 - half : half;
    (void)table.harvest(VirtAddr{first}, half, Harvest::keep, sink);
  }
  [[nodiscard]] Status copy_kernel(unsigned s) {
    Status status = Status::ok;
    for_kernel_pages(*spaces_[0].table, [&](const LeafReport& page) {
      if (status == Status::ok)
        status = spaces_[s].table->map(VirtAddr{page.va}, page.frame, page.bytes, page.attributes);
    });
    if (status != Status::ok)
      drop(s);
    return status;
  }
  // What was written to the kernel's pages through this table stays known when the table is gone.
  void keep_kernel_flags(unsigned s) {
    for_kernel_pages(*spaces_[s].table, [&](const LeafReport& page) {
      if (page.flags != Flags{})
        (void)spaces_[0].table->add_flags(VirtAddr{page.va}, page.flags);
    });
  }
  [[nodiscard]] bool is_running(unsigned s) const {
    for (unsigned cpu = 0; cpu < cpu_count_; ++cpu)
      if (runs(cpu) == s)
        return true;
    return false;
  }

  // An identifier of this generation, or of the next one, which begins with empty caches everywhere.
  [[nodiscard]] SpaceTag new_tag() {
    if (const auto tag = tags_.take())
      return *tag;
    tags_.begin_generation();
    for (Space& space : spaces_)
      space.holders = 0;
    for (unsigned cpu = 0; cpu < cpu_count_; ++cpu)
      if (const auto s = runs(cpu)) {
        spaces_[*s].tag = tags_.keep(spaces_[*s].tag);
        spaces_[*s].holders |= only(cpu);
      }
    shootdown_.post_everything((CpuSet{1} << cpu_count_) - 1);
    sync();
    return *tags_.take();
  }

  // Enough nodes for the edit of every table that has the page, so that none fails when others are done.
  // Their kernel's halves are alike, and take the same number each.
  [[nodiscard]] bool reserve(VirtAddr va, unsigned nodes) {
    std::uint64_t tables = 0;
    for (const Space& each : spaces_)
      tables += each.table.has_value();
    return !is_kernel(raw(va)) || nodes == 0 || memory_.reserve(G::node_shift(0), tables * nodes);
  }
  // edit(table) in the table of the space, or in every table for a page of the kernel. What the first refuses
  // all would.
  template <class Edit>
  [[nodiscard]] Status in_each(unsigned s, VirtAddr va, Edit edit) {
    if (!is_kernel(raw(va)))
      return edit(*spaces_[s].table);
    Status status = Status::ok;
    for (Space& each : spaces_)
      if (each.table && status == Status::ok)
        status = edit(*each.table);
    return status;
  }
  // edit(table, bytes of the page, sink of LeafReports), and the flags that the sinks were told of.
  template <class Edit>
  [[nodiscard]] PageFlags collect(unsigned s, VirtAddr va, Edit edit) {
    if (!exists(s))
      return {Status::unknown_space};
    const Status status = Check<F>::range(raw(va), bytes_of(F::page_shift));
    if (status != Status::ok)
      return {status};
    const auto page = query(s, va);
    if (!page || !starts(*page, va))
      return {Status::not_mapped};
    Flags all{};
    memory_.defer(); // no page is made anew, so that one shootdown serves all tables
    const Status done = in_each(s, va, [&](Table& t) {
      return edit(t, page->size().bytes(), [&](const LeafReport& leaf) { all = all | leaf.flags; });
    });
    memory_.resume();
    return {done, all};
  }

  [[nodiscard]] static VirtAddr base_of(const Found& page, VirtAddr va) {
    return VirtAddr{align_down(raw(va), page.size().log2_bytes)};
  }
  [[nodiscard]] static bool starts(const Found& page, VirtAddr va) { return base_of(page, va) == va; }
  [[nodiscard]] static Attributes with_rights(Attributes a, Rights rights) {
    a.rights = rights;
    return a;
  }
  // Then a CPU that still has the old rights walks again before it faults, so that nobody need be told. More
  // rights are not always more: what a user may execute, a supervisor may not, with some. A page of several
  // descriptors is broken meanwhile, and its old copies must be gone.
  [[nodiscard]] static bool only_widens(const Found& old, const Attributes& to) {
    const Attributes from = old.attributes();
    bool wider = with_rights(from, to.rights) == to && old.size().copies() == 1;
    for (const AccessKind kind : {AccessKind::read, AccessKind::write, AccessKind::execute})
      for (const Privilege who : {Privilege::supervisor, Privilege::user})
        wider = wider && (!F::permits(from, kind, who) || F::permits(to, kind, who));
    return wider;
  }

  [[nodiscard]] Accessed reach(unsigned cpu, VirtAddr va, AccessKind kind, Privilege who) {
    if (!is_aligned(raw(va), 3))
      return {Status::misaligned};
    const auto s = runs(cpu);
    if (!s)
      return {Status::unknown_space};
    const Space& space = spaces_[*s];
    const AccessResult done = cpus_[cpu]->mmu.access(space.tag.id, space.table->root(), raw(va), kind, who);
    return {Status::ok, done.fault, done.translation.pa};
  }

  Platform* platform_;
  std::uint64_t memory_bytes_;
  std::span<Space> spaces_;
  std::span<std::uint64_t> tag_words_;
  Tags tags_;
  Shootdown shootdown_;
  Memory memory_;
  Bus bus_;
  std::array<std::optional<Cpu>, max_cpus> cpus_;
  unsigned cpu_count_ = 0, by_ = 0;
  bool lazy_ = false; // the edit that is under way owes nobody anything
};

} // namespace pagetwin
