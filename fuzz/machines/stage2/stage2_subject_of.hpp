// Our MemoryOps as a Stage2Subject, over memory in which every store of the tables is seen, with a TLB and a
// walk cache that all principals share by VMID. Compiled once for each format, in the file of its target. It
// refuses to judge.
#pragma once

#include "fuzz/machines/junk_words.hpp"
#include "fuzz/machines/stage2/stage2_subject.hpp"
#include "src/stage2/memory_ops.hpp"
#include "src/table/audit.hpp"
#include "src/tlb/mmu.hpp"

namespace pagetwin::fuzz {

template <Format F>
class Stage2SubjectOf final : public Stage2Subject {
  using G = Geometry<F>;
  using Bus = PlainMemory<HardwareFlags::on>; // the processor's own way to descriptors
  using Processor = Mmu<F, Bus, Words::ours>;
  // The listener of the tables' memory. There is a processor from start on.
  struct Hardware {
    std::optional<Processor> processor;
    void invalidate(const Invalidation& i) { processor->invalidate(i); }
    void sync() {}
  };
  struct Platform {
    Stage2SubjectOf* to;
    void scrub(std::uint64_t pfn) { to->scrub(pfn); }
    void adopt(unsigned vm, std::uint64_t pfn) { to->hold(pfn, to->environment_->supply(vm, pfn)); }
  };
  using Memory = NotifyingMemory<ObservedMemory, Hardware>;
  using Ops = MemoryOps<F, Memory, Platform>;
  using Table = typename Ops::Table;
  static constexpr unsigned unit_shift = G::node_shift(0);
  static constexpr std::size_t root_units = std::size_t{1} << (G::node_shift(G::root_level) - unit_shift);
  static constexpr std::size_t most_nodes = 1U << 12;

 public:
  Stage2SubjectOf(Watcher& watcher, Stage2Environment& environment)
      : environment_(&environment),
        arena_(arena_base(sizeof(typename F::Raw), F::pa_bits), most_nodes << unit_shift),
        junk_(junk_words<F>(arena_.data())), seen_(arena_.base(), unit_shift, most_nodes),
        memory_(hardware_, arena_, most_nodes, unit_shift, std::span(node_records_), seen_, watcher) {
    memory_.set_junk(std::span<const typename F::Raw>(junk_));
    arena_.fill_data(std::as_bytes(std::span(junk_)));
  }
  ~Stage2SubjectOf() override { memory_.leave(arena_); }

  [[nodiscard]] S2Status start(const Stage2Options& o) override {
    restart_memory(o);
    regions_ = o.regions;
    std::size_t frames = 0;
    for (const MemoryRegion& region : regions_)
      frames += region.count;
    records_.resize(frames);
    contents_.assign(frames, 0);
    ops_.emplace(memory_, platform_, Ownership(regions_, records_), std::span(principals_).first(o.vms + 1),
                 std::span(devices_).first(o.devices));
    return ops_->start(o.table_pages);
  }
  void stop() override { ops_->stop(); }

  [[nodiscard]] S2Status register_vm(unsigned vm) override { return ops_->register_vm(vm); }
  [[nodiscard]] S2Status boot_vm(unsigned vm) override { return ops_->boot_vm(vm); }
  [[nodiscard]] S2Status verify_vm(unsigned vm) override { return ops_->verify_vm(vm); }
  [[nodiscard]] S2Status power_off(unsigned vm) override { return ops_->power_off(vm); }
  [[nodiscard]] S2Status map_page_host(std::uint64_t addr) override { return ops_->map_page_host(addr); }
  [[nodiscard]] S2Status prot_and_map_vm_s2pt(unsigned vm, std::uint64_t addr, std::uint64_t pte,
                                              unsigned level) override {
    return ops_->prot_and_map_vm_s2pt(vm, addr, pte, level);
  }
  [[nodiscard]] S2Status map_io(unsigned vm, std::uint64_t gpa, std::uint64_t pa) override {
    return ops_->map_io(vm, gpa, pa);
  }
  [[nodiscard]] S2Status grant_stage2_sg_gpa(unsigned vm, std::uint64_t addr, std::uint64_t size) override {
    return ops_->grant_stage2_sg_gpa(vm, addr, size);
  }
  [[nodiscard]] S2Status revoke_stage2_sg_gpa(unsigned vm, std::uint64_t addr, std::uint64_t size) override {
    return ops_->revoke_stage2_sg_gpa(vm, addr, size);
  }
  [[nodiscard]] S2Status clear_vm_range(unsigned vm, std::uint64_t pfn, std::uint64_t num) override {
    return ops_->clear_vm_range(vm, pfn, num);
  }
  [[nodiscard]] S2Status alloc_smmu(unsigned principal, unsigned device) override {
    return ops_->alloc_smmu(principal, device);
  }
  [[nodiscard]] S2Status free_smmu(unsigned device) override { return ops_->free_smmu(device); }
  [[nodiscard]] S2Status assign_pfn_to_smmu(unsigned vm, std::uint64_t gfn, std::uint64_t pfn) override {
    return ops_->assign_pfn_to_smmu(vm, gfn, pfn);
  }
  [[nodiscard]] S2Status update_smmu_page(unsigned principal, unsigned device, std::uint64_t iova,
                                          std::uint64_t pte) override {
    return ops_->update_smmu_page(principal, device, iova, pte);
  }
  [[nodiscard]] S2Status unmap_smmu_page(unsigned device, std::uint64_t iova) override {
    return ops_->unmap_smmu_page(device, iova);
  }

  [[nodiscard]] VmState state(unsigned vm) const override { return ops_->principals().state(vm); }
  [[nodiscard]] Stage2Record record(std::uint64_t pfn) const override {
    const PageRecord r = ops_->record(pfn);
    const auto number = [](unsigned byte) { return byte == 0xff ? ~std::uint32_t{0} : byte; };
    return {number(r.owner()), number(r.count()),
            r.gfn() == PageRecord::no_gfn ? ~std::uint64_t{0} : r.gfn()};
  }
  [[nodiscard]] std::optional<S2Entry> lookup(unsigned p, std::uint64_t gfn) const override {
    return find(of_principal(p), gfn);
  }
  [[nodiscard]] std::optional<S2Entry> device_lookup(unsigned d, std::uint64_t iova) const override {
    return find(of_device(d), iova >> s2_page_shift);
  }
  [[nodiscard]] bool is_taken(std::uint64_t pfn) const override {
    return pfn < Table::gfn_limit && of_principal(hostvisor)->is_taken(pfn);
  }
  [[nodiscard]] std::uint64_t root(unsigned p) const override { return root_of(of_principal(p)); }
  [[nodiscard]] std::uint64_t device_root(unsigned d) const override { return root_of(of_device(d)); }
  [[nodiscard]] std::uint64_t used(unsigned p) const override { return used_by(of_principal(p)); }
  [[nodiscard]] std::uint64_t device_used(unsigned d) const override { return used_by(of_device(d)); }
  [[nodiscard]] std::uint64_t gfn_limit() const override { return Table::gfn_limit; }
  [[nodiscard]] std::string_view problem() const override {
    std::string_view first;
    const auto look = [&first](const Table* t) {
      if (t != nullptr && first.empty())
        first = audit(t->table()).problem;
    };
    for (unsigned p = 0; p < principals_.size(); ++p)
      look(of_principal(p));
    for (unsigned d = 0; d < devices_.size(); ++d)
      look(of_device(d));
    return first;
  }

  [[nodiscard]] std::optional<std::uint64_t> read(unsigned p, std::uint64_t gfn) override {
    const auto pfn = reach(p, gfn, AccessKind::read);
    return pfn ? std::optional(contents(*pfn)) : std::nullopt;
  }
  [[nodiscard]] bool write(unsigned p, std::uint64_t gfn, std::uint64_t token) override {
    const auto pfn = reach(p, gfn, AccessKind::write);
    if (pfn)
      hold(*pfn, token);
    return pfn.has_value();
  }
  [[nodiscard]] std::uint64_t contents(std::uint64_t pfn) const override {
    const auto at = place(pfn);
    return at ? contents_[*at] : 0;
  }
  [[nodiscard]] std::vector<Stage2Line>& lines() override {
    lines_.clear();
    hardware_.processor->tlb().for_each([&](const TlbLine& line) {
      lines_.push_back({raw(line.space), line.first >> s2_page_shift, raw(line.leaf.pa) >> s2_page_shift,
                        F::sizes[line.leaf.size].bytes() >> s2_page_shift});
    });
    return lines_;
  }

  void fail_allocation(std::uint64_t k) override { memory_.fail_allocation(k); }
  [[nodiscard]] bool refused() const override { return memory_.refused(); }
  [[nodiscard]] std::uint64_t nodes_used() const override { return memory_.pool().used(); }
  [[nodiscard]] NodeRecord node_record(std::uint64_t node) const override {
    return memory_.pool().record(PhysAddr{node});
  }
  [[nodiscard]] Arena& arena() override { return arena_; }
  [[nodiscard]] Observation& observation() override { return seen_; }
  void tell(EventSink* sink) override { memory_.tell(sink); }
  void begin_operation() override {
    seen_.begin_operation();
    memory_.begin_operation();
  }
  void close() override { memory_.close(); }

 private:
  // Enough for every table's bound, and for roots that find no place between other nodes.
  void restart_memory(const Stage2Options& o) {
    const std::size_t tables = o.vms + 1 + o.devices;
    const std::size_t units = std::min<std::size_t>(most_nodes, tables * (o.table_pages + 2 * root_units));
    seen_.reset(units, sizeof(typename F::Raw));
    memory_.restart(arena_, units, unit_shift, node_records_);
    bus_.emplace(memory_.pool());
    hardware_.processor.emplace(*bus_, Tlb<F>(tlb_entries_, 2), WalkCache<F>(pointers_, 1));
  }
  [[nodiscard]] const Table* of_principal(unsigned p) const {
    return ops_->principals().has_table(p) ? &ops_->principals().table(p) : nullptr;
  }
  [[nodiscard]] const Table* of_device(unsigned d) const {
    return ops_->smmu().is_bound(d) ? &ops_->smmu().table(d) : nullptr;
  }
  [[nodiscard]] static std::optional<S2Entry> find(const Table* t, std::uint64_t gfn) {
    return t != nullptr && gfn < Table::gfn_limit ? t->lookup(gfn) : std::nullopt;
  }
  [[nodiscard]] static std::uint64_t root_of(const Table* t) { return t != nullptr ? raw(t->root()) : 0; }
  [[nodiscard]] static std::uint64_t used_by(const Table* t) { return t != nullptr ? t->used() : 0; }

  // The frame that an access of the principal ends in.
  [[nodiscard]] std::optional<std::uint64_t> reach(unsigned p, std::uint64_t gfn, AccessKind kind) {
    const Table* const t = of_principal(p);
    if (t == nullptr || !ops_->principals().is_active(p) || gfn >= Table::gfn_limit)
      return std::nullopt;
    const AccessResult done =
        hardware_.processor->access(t->space(), t->root(), gfn << s2_page_shift, kind, Privilege::supervisor);
    return done.fault == Fault::none ? std::optional(raw(done.translation.pa) >> s2_page_shift)
                                     : std::nullopt;
  }
  [[nodiscard]] std::optional<std::size_t> place(std::uint64_t pfn) const {
    std::size_t at = 0;
    if (pfn == 0) // is nobody's
      return std::nullopt;
    for (const MemoryRegion& region : regions_) {
      if (pfn - region.first < region.count)
        return at + (pfn - region.first);
      at += region.count;
    }
    return std::nullopt;
  }
  void hold(std::uint64_t pfn, std::uint64_t token) {
    if (const auto at = place(pfn))
      contents_[*at] = token;
  }
  void scrub(std::uint64_t pfn) {
    hold(pfn, 0);
    environment_->scrubbed(pfn);
  }

  Stage2Environment* environment_;
  Arena arena_;
  std::array<typename F::Raw, 8> junk_;
  std::vector<NodeRecord> node_records_ = std::vector<NodeRecord>(most_nodes);
  std::vector<TlbEntry> tlb_entries_ = std::vector<TlbEntry>(32);
  std::vector<WalkCacheEntry> pointers_ = std::vector<WalkCacheEntry>(4);
  Observation seen_;
  Hardware hardware_;
  Memory memory_;
  std::optional<Bus> bus_;
  Platform platform_{this};
  std::vector<MemoryRegion> regions_;
  std::vector<PageRecord> records_;
  std::vector<std::uint64_t> contents_;
  std::array<Principal<F, Memory>, corevisor> principals_;
  std::array<SmmuDevice<F, Memory>, max_smmu_devices> devices_;
  std::optional<Ops> ops_;
  std::vector<Stage2Line> lines_;
};

template <class F>
std::unique_ptr<Stage2Subject> make_stage2_subject(Watcher& watcher, Stage2Environment& environment) {
  return std::make_unique<Stage2SubjectOf<F>>(watcher, environment);
}

} // namespace pagetwin::fuzz
