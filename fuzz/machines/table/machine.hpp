// The table machine: a PageTable behind a Subject, a FlatMap for each of its spaces, and every oracle between
// them. One operation goes to both sides; then what it answered, what it stored, what it invalidated and what
// the addresses around it translate to are compared (docs/architecture.md walks one through). It refuses to
// know formats: descriptors are read by reference/mmu, and the Subject hides the table's type.
#pragma once

#include "fuzz/machines/convert.hpp"
#include "fuzz/machines/subject.hpp"
#include "fuzz/machines/table/verbs.hpp"
#include "fuzz/oracles/adversarial_tlb.hpp"
#include "fuzz/oracles/casemate_log.hpp"
#include "fuzz/oracles/observed_memory.hpp"
#include "fuzz/oracles/structure.hpp"
#include "fuzz/oracles/transitions.hpp"
#include "fuzz/oracles/view.hpp"
#include "reference/flat_map.hpp"
#include "reference/mmu/contents.hpp"

#include <array>

namespace pagetwin::fuzz {

struct TableSides {
  const twin::Schema* schema;
  std::unique_ptr<Subject> (*subject)(Watcher&);
  const reference::Mmu& (*mmu)();
  // Where every intermediate state is judged, what may change in place (O7, O8, O9).
  const BreakRules& (*rules)() = nullptr;
};

class TableMachine final : public twin::Machine, private Watcher, private TablesNow {
 public:
  TableMachine(const TableSides& sides, const twin::MachineOptions& options);

  [[nodiscard]] const twin::Schema& schema() const override { return *sides_.schema; }
  void begin(const twin::Program& program) override;
  [[nodiscard]] Verdict step(const twin::Op& op) override;
  [[nodiscard]] Verdict finish() override;
  [[nodiscard]] std::string outcome() const override;
  [[nodiscard]] std::string explain(std::uint64_t address) const override;
  [[nodiscard]] const std::string* event_log() const override { return log_ ? &log_->text() : nullptr; }
  [[nodiscard]] bool touches(const twin::Op& op, std::uint64_t address) const override;
  [[nodiscard]] std::uint64_t address_of(const twin::Op& op) const override { return op.value[field_va]; }
  // One input that fills 1 GiB with small pages takes as long as a hundred others, and its offspring, too.
  [[nodiscard]] bool is_heavy() const override { return most_nodes_at_once_ > 64; }

  // For those who walk the same bytes: memory, walker and mode, where a space's table begins, if it lives,
  // and what the model says of an address.
  [[nodiscard]] const View& view() const { return view_; }
  [[nodiscard]] std::optional<std::uint64_t> root_of(unsigned space) const {
    return spaces_[space].alive ? std::optional(subject_->root(space)) : std::nullopt;
  }
  [[nodiscard]] unsigned space_of(const twin::Op& op) const;
  // What the last operation did to memory; nothing where memory is not observed.
  [[nodiscard]] const Observation* observation() const { return subject_->observation(); }
  // What a table calls its space in invalidations.
  [[nodiscard]] static unsigned tag_of(unsigned space) { return space + 1; }
  [[nodiscard]] static unsigned space_of_tag(SpaceId tag) { return raw(tag) - 1U; }
  [[nodiscard]] std::optional<reference::Translation> modelled(unsigned space, std::uint64_t va) const {
    return spaces_[space].model.lookup(va);
  }

 private:
  struct Space {
    bool alive = false;
    reference::FlatMap model;
  };
  // Hardware wrote through a slot during the operation.
  struct Injected {
    unsigned space;
    std::uint64_t va;
  };
  // What the last operation answered.
  struct Answer {
    const char* word = "ok"; // when it is no status
    Status status = Status::ok;
    bool is_status = true;
    std::uint64_t bytes = 0;
  };

  // apply.cpp: one operation to both sides, and their answers compared.
  [[nodiscard]] Verdict apply(const twin::Op& op);
  [[nodiscard]] Verdict apply_map(const twin::Op& op);
  [[nodiscard]] Verdict apply_map_range(const twin::Op& op);
  [[nodiscard]] Verdict apply_unmap(const twin::Op& op);
  [[nodiscard]] Verdict apply_unmap_collect(const twin::Op& op);
  [[nodiscard]] Verdict apply_protect(const twin::Op& op);
  [[nodiscard]] Verdict apply_remap(const twin::Op& op);
  [[nodiscard]] Verdict apply_promote(const twin::Op& op);
  [[nodiscard]] Verdict apply_split(const twin::Op& op);
  [[nodiscard]] Verdict apply_set_attributes(const twin::Op& op);
  [[nodiscard]] Verdict apply_add_flags(const twin::Op& op);
  [[nodiscard]] Verdict apply_harvest(const twin::Op& op);
  [[nodiscard]] Verdict apply_mark(const twin::Op& op);
  [[nodiscard]] Verdict apply_marker(const twin::Op& op);
  [[nodiscard]] Verdict apply_for_each(const twin::Op& op);
  [[nodiscard]] Verdict apply_lookup(const twin::Op& op);
  [[nodiscard]] Verdict apply_clear(const twin::Op& op);
  [[nodiscard]] Verdict apply_create(const twin::Op& op);
  [[nodiscard]] Verdict apply_destroy(const twin::Op& op);
  // Notes the answer. True when the reference must not see the operation, because the pool was dry.
  [[nodiscard]] bool starved(Status status, std::uint64_t bytes = 0);
  [[nodiscard]] Verdict same_status(Status ours, reference::Status theirs) const;
  [[nodiscard]] Verdict same_amount(Status our_status, std::uint64_t ours, reference::Status their_status,
                                    std::uint64_t theirs) const;
  // stretches_, which for_each showed, against the reference's.
  [[nodiscard]] bool same_extents(std::span<const reference::Extent> theirs);
  [[nodiscard]] Verdict same_leaves(std::span<const reference::LeafRun> theirs);
  [[nodiscard]] Verdict round_trip(const twin::Op& op, bool range);
  void absorb_injections();
  void inject_in(std::uint64_t exchanges) {
    inject_in_ = exchanges;
    want_exchanges(exchanges != never);
  }

  // access.cpp: the hardware's side of the story.
  [[nodiscard]] Verdict apply_access(const twin::Op& op);
  [[nodiscard]] Verdict access_cached(const AdversarialTlb::Line& line, std::uint64_t va, bool write);
  [[nodiscard]] Verdict access_walking(std::uint64_t va, const reference::Access& access);
  void after_store(std::uint64_t slot) override;
  void before_exchange(std::uint64_t slot) override;
  void on_flush(const Invalidation& i) override;
  [[nodiscard]] std::uint64_t root_now(unsigned space) const override { return root_of(space).value_or(0); }
  [[nodiscard]] std::optional<reference::Translation> before(unsigned space,
                                                             std::uint64_t va) const override {
    return modelled(space, va);
  }

  // judge.cpp: what the operation left behind.
  [[nodiscard]] Verdict judge(const twin::Op& op);
  [[nodiscard]] Verdict judge_readers();
  [[nodiscard]] Verdict judge_memory();
  [[nodiscard]] Verdict judge_transitions() { return transitions_ ? transitions_->end() : std::nullopt; }
  [[nodiscard]] Verdict judge_atomicity() const;
  [[nodiscard]] Verdict probe_around(const twin::Op& op);
  static constexpr unsigned places = 6;
  [[nodiscard]] std::uint64_t place(unsigned i, std::uint64_t va, std::uint64_t extent) const;
  [[nodiscard]] Verdict probe_everywhere(std::uint64_t va, std::uint64_t extent);
  [[nodiscard]] Verdict probe(unsigned space, std::uint64_t va);
  [[nodiscard]] Verdict probe_cached(unsigned space, std::uint64_t va,
                                     const std::optional<reference::Translation>& model);
  [[nodiscard]] bool global_elsewhere(unsigned space, std::uint64_t va, const Found& found) const;
  [[nodiscard]] Verdict compare_all();
  [[nodiscard]] Verdict compare_space(unsigned space);
  [[nodiscard]] Verdict compare_iteration(unsigned space);
  [[nodiscard]] Verdict compare_half(unsigned space, std::uint64_t first, std::uint64_t length);
  [[nodiscard]] Verdict destroy_all();
  [[nodiscard]] Verdict destroy_space(unsigned space);

  // The bytes that an operation with an address is about; 1 at least.
  [[nodiscard]] std::uint64_t extent_of(const twin::Op& op, std::uint64_t otherwise) const;
  [[nodiscard]] Request request_of(const twin::Op& op) const;
  void listen(const BreakRules& rules, Observation& seen);
  void begin_transitions(const Request& request);
  [[nodiscard]] std::uint64_t steps_for(const twin::Op& op, std::uint64_t most) const;
  [[nodiscard]] reference::FlatMap& model() { return spaces_[space_].model; }
  [[nodiscard]] const char* verb_name() const;
  [[nodiscard]] bool thorough() const { return options_.paranoid || options_.thorough; }

  TableSides sides_;
  twin::MachineOptions options_;
  const reference::Mmu* mmu_;
  std::unique_ptr<Subject> subject_;
  View view_;
  std::vector<Space> spaces_;
  Structure structure_;
  AdversarialTlb tlb_;
  std::optional<Transitions> transitions_;
  std::optional<CasemateLog> log_;
  reference::Contents seen_; // the last space that was read whole
  std::vector<LeafReport> reports_;
  std::vector<reference::LeafRun> runs_;
  std::vector<Stretch> stretches_;
  std::vector<reference::Extent> extents_;

  unsigned space_count_ = 2, space_ = 0;
  const twin::Op* op_ = nullptr;
  Answer answer_;
  bool starved_ = false;     // the last operation ran out of memory
  bool fault_armed_ = false; // a fail is pending
  std::uint64_t nodes_before_ = 0, steps_ = 0;
  std::uint64_t most_nodes_at_once_ = 0; // that one operation of this run took
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  std::uint64_t inject_in_ = never; // exchanges until hardware writes
  bool inject_spent_ = false;       // an operation has made exchanges since
  unsigned inject_page_ = 0;
  std::vector<Injected> injected_;
};

} // namespace pagetwin::fuzz
