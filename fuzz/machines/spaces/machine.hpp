// The machine "spaces": L4 address spaces behind a SpacesSubject and a model of the reference. After every
// operation answers, statuses and lookups are equal, and the bytes of the tables, the mapping database and
// the TLBs tell the same story. It refuses to know formats.
#pragma once

#include "fuzz/machines/spaces/spaces_subject.hpp"
#include "fuzz/machines/spaces/verbs.hpp"
#include "fuzz/oracles/adversarial_tlb.hpp"
#include "fuzz/oracles/derivation.hpp"
#include "fuzz/oracles/l4_abstraction.hpp"
#include "fuzz/oracles/structure.hpp"
#include "reference/l4_model.hpp"
#include "reference/mmu/contents.hpp"

namespace pagetwin::fuzz {

struct SpacesSides {
  const twin::Schema* schema;
  std::unique_ptr<SpacesSubject> (*subject)(Watcher&);
  const reference::Mmu& (*mmu)();
  std::unique_ptr<reference::L4Model> (*model)(const reference::Profile&);
  bool pages_only = false; // no unit is larger than a page
};

class SpacesMachine final : public twin::Machine, private Watcher {
 public:
  SpacesMachine(const SpacesSides& sides, const twin::MachineOptions& options);

  [[nodiscard]] const twin::Schema& schema() const override { return *sides_.schema; }
  void begin(const twin::Program& program) override;
  [[nodiscard]] Verdict step(const twin::Op& op) override;
  [[nodiscard]] Verdict finish() override;
  [[nodiscard]] std::string outcome() const override;
  [[nodiscard]] std::string explain(std::uint64_t address) const override;
  [[nodiscard]] bool touches(const twin::Op& op, std::uint64_t address) const override;
  // A superpage of hundreds of pages was split.
  [[nodiscard]] bool is_heavy() const override { return is_heavy_; }
  [[nodiscard]] std::uint64_t address_of(const twin::Op& op) const override { return op.value[l4_va]; }

 private:
  static constexpr unsigned most_probes_at_end = 8;
  // What an operation that fails must leave alone.
  struct Used {
    std::uint64_t nodes, mappings, parts;
    bool operator==(const Used&) const = default;
  };
  using Unit = std::optional<reference::L4Unit>;

  // apply.cpp: one operation to both sides, and their answers compared.
  [[nodiscard]] Verdict apply(const twin::Op& op);
  [[nodiscard]] Verdict apply_transfer(const twin::Op& op);
  [[nodiscard]] Verdict apply_revocation(const twin::Op& op);
  [[nodiscard]] Verdict apply_other(const twin::Op& op);
  [[nodiscard]] Status edit_ours(const twin::Op& op);
  [[nodiscard]] reference::L4Status edit_model(const twin::Op& op);
  [[nodiscard]] Verdict apply_access(const twin::Op& op);
  [[nodiscard]] Verdict apply_lookup(const twin::Op& op);
  [[nodiscard]] Verdict same_status(reference::L4Status theirs) const;
  [[nodiscard]] Verdict same_number(std::uint64_t ours, std::uint64_t theirs, const char* what);
  void follow_roots();

  // judge.cpp: what the operation left behind.
  [[nodiscard]] Verdict judge(const twin::Op& op);
  [[nodiscard]] Verdict judge_atomicity(const Used& before, const Used& now) const;
  [[nodiscard]] Verdict judge_structure();
  [[nodiscard]] Verdict judge_bytes();
  void add_changes();
  void add_slots(const NodeState& node);
  [[nodiscard]] Verdict add_changed_nodes();
  void add_around(const twin::Op& op);
  void add_flexpage(std::uint64_t space, std::uint64_t base, std::uint64_t size);
  void add_place(unsigned space, std::uint64_t va);
  [[nodiscard]] Verdict probe_places();
  [[nodiscard]] Verdict probe(unsigned space, std::uint64_t va);
  [[nodiscard]] Verdict probe_table(unsigned space, std::uint64_t va, const Unit& model) const;
  [[nodiscard]] Verdict probe_tlb(unsigned space, std::uint64_t va, const Unit& model) const;
  [[nodiscard]] Verdict probe_bytes(unsigned space, std::uint64_t va, const Unit& model) const;
  [[nodiscard]] Verdict probe_absent(std::uint64_t space, std::uint64_t va) const;
  [[nodiscard]] Verdict probe_level_p(unsigned space, std::uint64_t va) const;
  [[nodiscard]] Verdict compare_all();
  [[nodiscard]] Verdict compare_space(unsigned space);
  [[nodiscard]] Verdict compare_leaves(unsigned space);
  [[nodiscard]] Verdict compare_counts();
  [[nodiscard]] Verdict compare_lines();
  [[nodiscard]] Verdict compare_line(const SpacesLine& line) const;

  // explain.cpp
  [[nodiscard]] std::string explain_window(std::uint64_t address) const;
  [[nodiscard]] std::string explain(unsigned space, std::uint64_t address) const;

  // While an operation runs, hardware walks between its stores.
  void after_store(std::uint64_t slot) override;
  void before_exchange(std::uint64_t) override {}
  void on_flush(const Invalidation& i) override;
  void fill(unsigned space, std::uint64_t va);
  void fill_around(const twin::Op& op);

  [[nodiscard]] bool is_overdrawn(const Used& now) const {
    return now.mappings > most_.mappings || now.parts > most_.parts;
  }
  [[nodiscard]] Used used() const {
    return {subject_->nodes_used(), subject_->mappings_used(), subject_->parts_used()};
  }
  [[nodiscard]] bool is_space(std::uint64_t number) const {
    return number < space_count_ && subject_->exists(static_cast<unsigned>(number));
  }
  [[nodiscard]] SpacesVerb verb() const { return static_cast<SpacesVerb>(op_->verb); }
  [[nodiscard]] const char* verb_name() const {
    return op_ != nullptr ? spaces_verbs[op_->verb].name.data() : "start";
  }

  SpacesSides sides_;
  twin::MachineOptions options_;
  const reference::Mmu* mmu_;
  std::unique_ptr<SpacesSubject> subject_;
  std::unique_ptr<reference::L4Model> model_;
  View view_;
  LevelP level_p_;
  reference::PhysicalMemory links_;
  L4Abstraction abstraction_;
  Structure structure_;
  AdversarialTlb tlb_;
  reference::Contents contents_;
  std::vector<reference::L4Unit> model_units_; // of one space, while everything is compared
  // Addresses, whose upper bits are alike, and below them spaces, after an operation.
  static constexpr unsigned space_bits = std::bit_width(most_spaces - 1);
  std::vector<std::uint64_t> places_;

  unsigned space_count_ = 2;
  Used used_{};                                    // after the last operation; nothing else may take any
  Used most_{};                                    // nodes are counted by who gives them
  std::array<std::uint64_t, most_spaces> roots_{}; // 0: there is no such space
  const twin::Op* op_ = nullptr;
  bool refused_start_ = false, is_heavy_ = false;
  bool is_over_ = false; // everything was compared
  Verdict wrong_start_;
  std::optional<twin::Op> wrong_op_; // that diverged
  unsigned stores_ = 0;
  Status status_ = Status::ok;
  std::uint64_t number_ = 0;
  bool has_number_ = false;
  const char* word_ = nullptr; // the outcome, when it is no status
};

} // namespace pagetwin::fuzz
