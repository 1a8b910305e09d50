// Our MultiLevelTable as a MultiLevelSubject, over memory in which every store to a descriptor is seen.
// Compiled once for each format, in the file of its target. It refuses to judge.
#pragma once

#include "fuzz/machines/junk_words.hpp"
#include "fuzz/machines/l4_page_table/multi_level_subject.hpp"
#include "fuzz/machines/l4_page_table/verbs.hpp"
#include "fuzz/machines/watched_links.hpp"
#include "src/space/multi_level_table.hpp"

namespace pagetwin::fuzz {

template <Format F>
class MultiLevelSubjectOf final : public MultiLevelSubject {
  using G = Geometry<F>;
  using Raw = typename F::Raw;
  using Memory = WatchedLinks<ObservedMemory>;
  using Table = MultiLevelTable<F, Memory>;
  static constexpr unsigned unit_shift = G::node_shift(0);
  static constexpr std::size_t most_nodes = adt_node_limits.most;

 public:
  explicit MultiLevelSubjectOf(Watcher& watcher)
      : arena_(arena_base(sizeof(Raw), F::pa_bits), most_nodes << unit_shift),
        junk_(junk_words<F>(arena_.data())), seen_(arena_.base(), unit_shift, most_nodes),
        memory_(links(), arena_, most_nodes, unit_shift, std::span(records_), seen_, watcher) {
    memory_.set_junk(std::span<const Raw>(junk_));
    arena_.fill_data(std::as_bytes(std::span(junk_)));
  }
  ~MultiLevelSubjectOf() override { memory_.leave(arena_); }

  void start(std::size_t nodes) override {
    const std::size_t units = std::min(most_nodes, nodes);
    tables_ = {};
    seen_.reset(units, sizeof(Raw));
    memory_.restart(arena_, units, unit_shift, records_);
  }
  void stop() override {
    for (unsigned s = 0; s < most_adt_spaces; ++s)
      if (exists(s))
        deletespace(s);
  }
  [[nodiscard]] Status createspace(unsigned s) override {
    tables_[s] = Table::create(memory_, SpaceId{static_cast<std::uint16_t>(s + 1)});
    return tables_[s] ? Status::ok : Status::out_of_memory;
  }
  void deletespace(unsigned s) override {
    tables_[s]->destroy();
    tables_[s].reset();
  }
  [[nodiscard]] bool exists(unsigned s) const override { return tables_[s].has_value(); }
  [[nodiscard]] std::uint64_t root(unsigned s) const override { return raw(tables_[s]->root()); }

  [[nodiscard]] std::optional<AdtPte> lookup(unsigned s, std::uint64_t va) const override {
    const auto pte = tables_[s]->lookup(VirtAddr{va});
    return pte ? std::optional(shown(*pte)) : std::nullopt;
  }
  [[nodiscard]] AdtFound insert(unsigned s, std::uint64_t va, std::uint64_t size) override {
    const Inserted done = tables_[s]->insert(VirtAddr{va}, size);
    return {done.status, done.pte ? std::optional(shown(*done.pte)) : std::nullopt};
  }
  [[nodiscard]] std::optional<AdtFields> fields(unsigned s, const AdtPte& pte) const override {
    const auto f = tables_[s]->fields(meant(pte));
    if (!f)
      return std::nullopt;
    return AdtFields{raw(f->frame), has(f->rights, Rights::read), has(f->rights, Rights::write),
                     has(f->rights, Rights::execute), f->cached};
  }
  [[nodiscard]] Status setpaddr(unsigned s, const AdtPte& pte, std::uint64_t paddr) override {
    return tables_[s]->set_paddr(meant(pte), PhysAddr{paddr});
  }
  [[nodiscard]] Status setright(unsigned s, const AdtPte& pte, Rights right, bool on) override {
    return tables_[s]->set_right(meant(pte), right, on);
  }
  [[nodiscard]] Status setcached(unsigned s, const AdtPte& pte, bool on) override {
    return tables_[s]->set_cached(meant(pte), on);
  }
  [[nodiscard]] Status setlinknode(unsigned s, const AdtPte& pte, std::uint64_t node,
                                   std::uint64_t va) override {
    return tables_[s]->set_link_node(meant(pte), static_cast<Raw>(node), VirtAddr{va});
  }
  [[nodiscard]] std::optional<std::uint64_t> getmapnode(unsigned s, const AdtPte& pte,
                                                        std::uint64_t va) const override {
    return tables_[s]->map_node(meant(pte), VirtAddr{va});
  }
  [[nodiscard]] Status remove(unsigned s, std::uint64_t va, std::uint64_t size) override {
    return tables_[s]->remove(VirtAddr{va}, size);
  }
  [[nodiscard]] Status split(unsigned s, std::uint64_t va, std::uint64_t size) override {
    return tables_[s]->split(VirtAddr{va}, size);
  }

  void fail_allocation(std::uint64_t k) override { memory_.fail_allocation(k); }
  [[nodiscard]] bool refused() const override { return memory_.refused(); }
  [[nodiscard]] std::uint64_t nodes_used() const override { return memory_.pool().used(); }
  [[nodiscard]] NodeRecord record(std::uint64_t node) const override {
    return memory_.pool().record(PhysAddr{node});
  }
  [[nodiscard]] Arena& arena() override { return arena_; }
  [[nodiscard]] std::span<std::byte> links() override { return std::as_writable_bytes(std::span(links_)); }
  [[nodiscard]] Observation& observation() override { return seen_; }
  void tell(EventSink* sink) override { memory_.tell(sink); }
  void begin_operation() override {
    seen_.begin_operation();
    memory_.begin_operation();
  }
  void close() override { memory_.close(); }

 private:
  [[nodiscard]] static AdtPte shown(const Pte& pte) {
    return {raw(pte.name), pte.va, F::sizes[pte.size].bytes()};
  }
  // A size that the format has not is none of a PTE's either.
  [[nodiscard]] static Pte meant(const AdtPte& pte) {
    return {PhysAddr{pte.name}, pte.va, G::size_index(pte.size).value_or(G::size_count)};
  }

  Arena arena_;
  std::array<Raw, 8> junk_;
  std::vector<std::uint64_t> links_ =
      std::vector<std::uint64_t>((most_nodes << unit_shift) / sizeof(std::uint64_t));
  std::vector<NodeRecord> records_ = std::vector<NodeRecord>(most_nodes);
  Observation seen_;
  Memory memory_;
  std::array<std::optional<Table>, most_adt_spaces> tables_;
};

template <class F>
std::unique_ptr<MultiLevelSubject> make_multi_level_subject(Watcher& watcher) {
  return std::make_unique<MultiLevelSubjectOf<F>>(watcher);
}

} // namespace pagetwin::fuzz
