// Our AddressSpaces as a SpacesSubject, over memory in which every store of the tables is seen, with a TLB
// and a walk cache in front. Compiled once for each format, in the file of its target. It refuses to judge.
#pragma once

#include "fuzz/machines/junk_words.hpp"
#include "fuzz/machines/spaces/changed_nodes.hpp"
#include "fuzz/machines/spaces/rationed_memory.hpp"
#include "fuzz/machines/spaces/spaces_subject.hpp"
#include "fuzz/machines/spaces/table_beside.hpp"
#include "fuzz/machines/watched_links.hpp"
#include "src/space/mapping_audit.hpp"
#include "src/tlb/mmu.hpp"

namespace pagetwin::fuzz {

template <Format F>
class SpacesSubjectOf : public SpacesSubject {
  using G = Geometry<F>;
  using Db = MappingDb<F>;
  using Bus = PlainMemory<HardwareFlags::on>;
  using SpaceMmu = Mmu<F, Bus, Words::ours>;
  // The tables' invalidations on their way to the Mmu, which is made after the tables' memory; null: nobody
  // asks it.
  struct ToMmu {
    SpaceMmu* mmu = nullptr;
    void invalidate(const Invalidation& i) {
      if (mmu != nullptr)
        mmu->invalidate(i);
    }
    void sync() {}
  };
  // Tables in it have level P beside them.
  class Memory : public WatchedLinks<NotifyingMemory<RationedMemory, ToMmu>> {
   public:
    template <Format Table>
    using SpaceTable = TableBeside<Table, Memory>;
    using WatchedLinks<NotifyingMemory<RationedMemory, ToMmu>>::WatchedLinks;
    [[nodiscard]] LevelP* level_p() const { return level_p_; }
    void set_level_p(LevelP* beside) { level_p_ = beside; }

   private:
    LevelP* level_p_ = nullptr;
  };
  using Spaces = AddressSpaces<F, Memory>;
  static constexpr unsigned unit_shift = G::node_shift(0);
  static constexpr std::size_t tlb_lines = 16, walk_pointers = 4;

 public:
  explicit SpacesSubjectOf(Watcher& watcher)
      : arena_(arena_base(sizeof(typename F::Raw), F::pa_bits), most_space_nodes << unit_shift),
        junk_(junk_words<F>(arena_.data())), seen_(arena_.base(), unit_shift, most_space_nodes),
        memory_(links(), to_mmu_, arena_, most_space_nodes, unit_shift, std::span(records_), seen_, watcher),
        bus_(memory_.pool()), mmu_(bus_, Tlb<F>(std::span(entries_), 2), WalkCache<F>(std::span(walks_), 1),
                                   {GateRule::always(), GateRule::always()}),
        parts_pool_(parts_arena(0), PhysAddr{0}, Db::parts_shift, {}) {
    memory_.set_junk(std::span<const typename F::Raw>(junk_));
    arena_.fill_data(std::as_bytes(std::span(junk_)));
  }
  ~SpacesSubjectOf() override { memory_.leave(arena_); }

  [[nodiscard]] Status start(const SpacesOptions& o) override {
    const std::size_t root = std::size_t{1} << (G::node_shift(G::root_level) - G::node_shift(0));
    const std::size_t units = std::min(most_space_nodes, o.nodes + o.spaces * (root - 1));
    const std::size_t parts = std::min(most_space_parts, o.parts);
    seen_.reset(units, sizeof(typename F::Raw));
    memory_.restart(arena_, units, unit_shift, records_);
    mmu_.invalidate_all();
    to_mmu_.mmu = &mmu_;
    parts_pool_ =
        NodePool(parts_arena(parts), PhysAddr{0}, Db::parts_shift, std::span(parts_records_).first(parts));
    tables_.fill({});
    spaces_.emplace(memory_, std::span(tables_).first(std::min<std::size_t>(most_spaces, o.spaces)),
                    std::span(mappings_).first(std::min(most_space_mappings, o.mappings) + 1), parts_pool_);
    memory_.watch(db().nodes(), parts_pool_);
    memory_.set_level_p(o.level_p);
    const Status started = spaces_->start(o.memory, o.largest);
    nodes_.reset(db().nodes().reached());
    return started;
  }
  void stop() override { spaces_->stop(); }
  [[nodiscard]] bool exists(unsigned space) const final { return spaces_->exists(space); }
  [[nodiscard]] std::uint64_t root(unsigned space) const final {
    return raw(spaces_->units().table(space).root());
  }
  [[nodiscard]] Status create(unsigned space) override { return spaces_->create(space); }
  [[nodiscard]] Status destroy(unsigned space) override { return spaces_->destroy(space); }
  [[nodiscard]] SpacesTransferred map(const SpacesTransfer& t) override {
    const Transferred done = spaces_->map(request(t));
    return {done.status, done.pages};
  }
  [[nodiscard]] SpacesTransferred grant(const SpacesTransfer& t) override {
    const Transferred done = spaces_->grant(request(t));
    return {done.status, done.pages};
  }
  [[nodiscard]] SpacesUnmapped unmap(unsigned space, SpacesFlexpage page, Rights mask) override {
    const Revoked done = spaces_->unmap(space, flexpage(page), mask);
    return {done.status, static_cast<unsigned>(done.usage)};
  }
  [[nodiscard]] SpacesUnmapped flush(unsigned space, SpacesFlexpage page, Rights mask) override {
    const Revoked done = spaces_->flush(space, flexpage(page), mask);
    return {done.status, static_cast<unsigned>(done.usage)};
  }
  [[nodiscard]] Status place(unsigned space, std::uint64_t va, std::uint64_t size, std::uint64_t frame,
                             Rights rights) override {
    return spaces_->place(space, VirtAddr{va}, size, PhysAddr{frame}, rights);
  }
  [[nodiscard]] Status merge(unsigned space, std::uint64_t va, std::uint64_t size) override {
    return spaces_->merge(space, VirtAddr{va}, size);
  }
  [[nodiscard]] SpacesAccess access(unsigned space, std::uint64_t va, AccessKind kind) override {
    if (!exists(space))
      return {};
    const auto done = mmu_.access(id(space), PhysAddr{root(space)}, va, kind, Privilege::user);
    if (done.fault != Fault::none)
      return {};
    if (kind == AccessKind::execute || (kind == AccessKind::write && !G::keeps_dirty))
      spaces_->note_access(space, VirtAddr{va}, kind);
    return {true, raw(done.translation.pa), done.translation.source == Source::tlb};
  }
  [[nodiscard]] std::optional<SpacesTranslation> translate(unsigned space, std::uint64_t va) override {
    const auto seen = exists(space) ? mmu_.translate(id(space), PhysAddr{root(space)}, va) : std::nullopt;
    return seen ? std::optional(SpacesTranslation{raw(seen->pa), F::sizes[seen->size].bytes(),
                                                  seen->attributes.rights & all_rights})
                : std::nullopt;
  }
  [[nodiscard]] std::vector<SpacesLine>& lines() override {
    held_.clear();
    mmu_.tlb().for_each([this](const TlbLine& line) {
      held_.push_back({raw(line.space) - 1U, line.first,
                       line.first | low_mask(F::sizes[line.leaf.size].log2_bytes), raw(line.leaf.pa),
                       line.leaf.attributes.rights & all_rights});
    });
    return held_;
  }

  // What lookup says of the byte is in it: frame and rights are lookup's. One that only lookup knows has no
  // size.
  [[nodiscard]] std::optional<SpacesUnit> find(unsigned space, std::uint64_t va) const override {
    std::optional<SpacesUnit> found;
    const auto seen = spaces_->lookup(space, VirtAddr{va});
    if (const auto unit = unit_at(space, va)) {
      show(found.emplace(), *unit, seen ? seen->attributes().rights : Rights::none);
      found->frame = seen ? raw(seen->pa()) - (va - unit->va) : ~std::uint64_t{0};
      found->status = status_of(*unit);
      found->hangs = hangs(*unit);
    } else if (seen) {
      found.emplace();
    }
    return found;
  }
  [[nodiscard]] std::optional<SpacesUnit> find_parent(unsigned space, std::uint64_t va) const override {
    std::optional<SpacesUnit> found;
    if (const auto unit = unit_at(space, va))
      show(found.emplace(), *unit, rights_of(*unit));
    return found;
  }
  [[nodiscard]] std::vector<SpacesPlace>& changed() override {
    changed_.clear();
    nodes_.take(db().nodes().reached(), [this](std::uint32_t number, const MappingNode& was) {
      const MappingNode& node = db()[number];
      if (node.rights == Rights::none) // not in use
        return;
      changed_.push_back(place_of(number));
      if (node.slot != was.slot || node.space != was.space || node.size != was.size)
        add_children(number, changed_.back());
    });
    return changed_;
  }
  [[nodiscard]] std::vector<SpacesUnit>& units(unsigned space) override {
    shown_.clear();
    if (exists(space))
      Spaces::for_halves([&](const Range& half) { show(space, half); });
    return shown_;
  }
  [[nodiscard]] std::optional<std::string> audit() const override {
    const std::string_view problem = pagetwin::audit(*spaces_);
    return problem.empty() ? std::nullopt : std::optional<std::string>(problem);
  }

  void fail_allocation(std::uint64_t k) override { memory_.fail_allocation(k); }
  [[nodiscard]] bool refused() const override { return memory_.refused(); }
  [[nodiscard]] std::uint64_t nodes_used() const override { return memory_.pool().used(); }
  [[nodiscard]] std::uint64_t mappings_used() const override { return db().nodes().used(); }
  [[nodiscard]] std::uint64_t parts_used() const override { return parts_pool_.used(); }
  [[nodiscard]] NodeRecord record(std::uint64_t node) const override {
    return memory_.pool().record(PhysAddr{node});
  }
  [[nodiscard]] Arena& arena() override { return arena_; }
  [[nodiscard]] std::span<std::byte> links() override { return std::as_writable_bytes(std::span(links_)); }
  [[nodiscard]] Observation& observation() override { return seen_; }
  void begin_operation() override {
    seen_.begin_operation();
    memory_.begin_operation();
  }
  void close() override {
    memory_.close();
    memory_.set_level_p(nullptr);
    to_mmu_.mmu = nullptr; // which is asked no more
  }

 protected: // of who derives from it to lie
  [[nodiscard]] std::span<TlbEntry> lines_of_tlb() { return entries_; }
  [[nodiscard]] std::span<MappingNode> mappings() { return mappings_; }
  [[nodiscard]] static SpaceId id(unsigned space) { return SpaceId{static_cast<std::uint16_t>(space + 1)}; }

 private:
  [[nodiscard]] const Db& db() const { return spaces_->units().db(); }
  [[nodiscard]] std::span<std::byte> parts_arena(std::size_t arrays) {
    return std::as_writable_bytes(std::span(parts_)).first(arrays << Db::parts_shift);
  }
  [[nodiscard]] static Flexpage flexpage(const SpacesFlexpage& page) {
    return {VirtAddr{page.base}, page.size};
  }
  [[nodiscard]] static TransferRequest request(const SpacesTransfer& t) {
    return {t.from, t.to, flexpage(t.send), t.send_base, flexpage(t.window), t.mask};
  }
  // Its leaves in one pass.
  void show(unsigned space, const Range& range) {
    (void)spaces_->units().any_of(space, range, [this](const FoundUnit& unit) {
      show(shown_.emplace_back(), unit, rights_of(unit));
      shown_.back().status = status_of(unit);
      return false;
    });
  }
  [[nodiscard]] std::optional<FoundUnit> unit_at(unsigned space, std::uint64_t va) const {
    return exists(space) && G::is_canonical(va) ? spaces_->units().find(space, va) : std::nullopt;
  }
  [[nodiscard]] static Rights rights_of(const FoundUnit& unit) {
    return F::attributes(static_cast<typename F::Raw>(unit.descriptor), F::sizes[unit.size].level).rights;
  }
  // Nor has what a bug made of a link.
  [[nodiscard]] bool has_node(const FoundUnit& unit) const {
    return !unit.is_area() && db().nodes().contains(unit.node);
  }
  // Where the node's link word says that its unit begins.
  [[nodiscard]] SpacesPlace place_of(std::uint32_t number) const {
    using Link = LinkNode<F>;
    const MappingNode& node = db()[number];
    const PhysAddr slot = Link::slot(memory_.pool(), node.slot);
    if (!seen_.contains(raw(slot)) || !seen_.is_live(raw(slot)))
      return {most_spaces, 0};
    return {node.space, Link::va(memory_.template link<typename F::Raw>(slot), number)};
  }
  // Where what is derived from a unit directly begins: it is derived from another place when the unit is.
  void add_children(std::uint32_t number, const SpacesPlace& at) {
    const auto unit = db()[number].derived.none() ? std::nullopt : unit_at(at.space, at.va);
    if (!unit || unit->node != number)
      return;
    const Scope all{{unit->frame, unit->frame + (unit->bytes() - 1)}};
    std::uint64_t left = db().nodes().used(); // where a list has no end
    for (auto child = db().first_child(unit->at(), all); child && left-- != 0;
         child = db().next_child(*child, all))
      changed_.push_back(place_of(child->node));
  }
  // The list of its parent that begins where the unit covers it begins with the unit, or with what leads to
  // it; of the latter the same was asked when it was changed last.
  [[nodiscard]] bool hangs(const FoundUnit& unit) const {
    if (!has_node(unit))
      return true;
    const MappingNode& node = db()[unit.node];
    const auto follows = [&](const MappingNode& before) {
      return before.next == unit.node && before.parent == node.parent && before.size == node.size;
    };
    return (node.next == 0 || db()[node.next].prev == unit.node)
           && (node.prev != 0     ? follows(db()[node.prev])
               : node.parent != 0 ? db().list(node.parent, node.size, unit.frame) == unit.node
                                  : node.next == 0);
  }
  [[nodiscard]] unsigned status_of(const FoundUnit& unit) const {
    return has_node(unit) ? static_cast<unsigned>(spaces_->units().usage(unit.node)) : 0;
  }
  // All but its status.
  void show(SpacesUnit& s, const FoundUnit& unit, Rights rights) const {
    s.base = unit.va;
    s.size = unit.bytes();
    s.frame = unit.frame;
    s.rights = rights & all_rights;
    s.area = unit.is_area();
    if (has_node(unit))
      add_derivation(s, unit);
  }
  void add_derivation(SpacesUnit& s, const FoundUnit& unit) const {
    const std::uint32_t up = db()[unit.node].parent;
    s.real = up == 0;
    if (s.real)
      return;
    const MappingNode& parent = db()[up];
    s.parent_space = parent.space;
    s.parent_va = spaces_->units().va(up) + (unit.frame & (Db::bytes(parent) - 1));
  }

  Arena arena_;
  std::array<typename F::Raw, 8> junk_;
  std::vector<std::uint64_t> links_ =
      std::vector<std::uint64_t>((most_space_nodes << unit_shift) / sizeof(std::uint64_t));
  std::vector<NodeRecord> records_ = std::vector<NodeRecord>(most_space_nodes);
  std::vector<NodeRecord> parts_records_ = std::vector<NodeRecord>(most_space_parts);
  std::vector<std::uint64_t> parts_ =
      std::vector<std::uint64_t>((most_space_parts << Db::parts_shift) / sizeof(std::uint64_t));
  std::vector<MappingNode> mappings_ = std::vector<MappingNode>(most_space_mappings + 1);
  std::vector<TlbEntry> entries_ = std::vector<TlbEntry>(tlb_lines);
  std::vector<WalkCacheEntry> walks_ = std::vector<WalkCacheEntry>(walk_pointers);
  std::array<typename Spaces::Space, most_spaces> tables_;
  std::vector<SpacesUnit> shown_;
  std::vector<SpacesLine> held_;
  std::vector<SpacesPlace> changed_;
  ChangedNodes nodes_;
  Observation seen_;
  ToMmu to_mmu_;
  Memory memory_;
  Bus bus_;
  SpaceMmu mmu_;
  NodePool parts_pool_;
  std::optional<Spaces> spaces_;
};

template <class F>
std::unique_ptr<SpacesSubject> make_spaces_subject(Watcher& watcher) {
  return std::make_unique<SpacesSubjectOf<F>>(watcher);
}

} // namespace pagetwin::fuzz
