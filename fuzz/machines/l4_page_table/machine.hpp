// The machine of the page-table ADT: multi-level tables (level C) behind a MultiLevelSubject, and the ADT of
// the paper (level P). Each operation is a commuting square: the concrete step, the abstract one with the
// names that the concrete side chose, equal outputs, and states that R relates. It refuses to know formats.
#pragma once

#include "fuzz/machines/l4_page_table/multi_level_subject.hpp"
#include "fuzz/machines/l4_page_table/verbs.hpp"
#include "fuzz/oracles/break_before_make.hpp"
#include "fuzz/oracles/l4_abstraction.hpp"
#include "fuzz/oracles/structure.hpp"

namespace pagetwin::fuzz {

struct AdtSides {
  const twin::Schema* schema;
  std::unique_ptr<MultiLevelSubject> (*subject)(Watcher&);
  const reference::Mmu& (*mmu)();
  const BreakRules& (*rules)();
};

class AdtMachine final : public twin::Machine, private Watcher, private EventSink {
 public:
  AdtMachine(const AdtSides& sides, const twin::MachineOptions& options);

  [[nodiscard]] const twin::Schema& schema() const override { return *sides_.schema; }
  void begin(const twin::Program& program) override;
  [[nodiscard]] Verdict step(const twin::Op& op) override;
  [[nodiscard]] Verdict finish() override;
  [[nodiscard]] std::string outcome() const override;
  [[nodiscard]] std::string explain(std::uint64_t address) const override;
  [[nodiscard]] bool touches(const twin::Op& op, std::uint64_t address) const override;
  [[nodiscard]] std::uint64_t address_of(const twin::Op& op) const override { return op.value[adt_va]; }
  [[nodiscard]] bool is_heavy() const override { return parts_ > 512; }

 private:
  using P = reference::L4PageTable;
  using Page = P::Page;
  // A PTE as an operand: page is what is there of that name in the space, or null.
  struct Operand {
    unsigned space = 0;
    AdtPte pte;
    const Page* page = nullptr;
  };
  struct Held {
    unsigned space;
    AdtPte pte;
  };

  // apply.cpp: one operation to both sides, and their answers compared.
  [[nodiscard]] Verdict apply(const twin::Op& op);
  [[nodiscard]] Verdict apply_to_place(const twin::Op& op);
  [[nodiscard]] Verdict apply_to_pte(const twin::Op& op);
  [[nodiscard]] Verdict createspace(unsigned space);
  [[nodiscard]] Verdict deletespace(unsigned space);
  [[nodiscard]] Verdict lookup(const twin::Op& op);
  [[nodiscard]] Verdict insert(const twin::Op& op);
  [[nodiscard]] Verdict starved(const twin::Op& op) const;
  [[nodiscard]] Verdict inserted(const twin::Op& op, const AdtFound& ours);
  [[nodiscard]] Verdict get(const Operand& operand);
  [[nodiscard]] Verdict set(const twin::Op& op, const Operand& operand);
  [[nodiscard]] Status set_ours(const twin::Op& op, const Operand& operand);
  [[nodiscard]] bool set_model(const twin::Op& op, const Operand& operand);
  [[nodiscard]] static P::PTE next_fields(const twin::Op& op, const Operand& operand);
  [[nodiscard]] Verdict setlinknode(const twin::Op& op, const Operand& operand);
  [[nodiscard]] Verdict getmapnode(const twin::Op& op, const Operand& operand);
  [[nodiscard]] Verdict remove(const twin::Op& op);
  [[nodiscard]] Verdict split(const twin::Op& op);
  [[nodiscard]] Verdict name_parts(const Page& whole, std::uint64_t part);
  [[nodiscard]] Operand operand(const twin::Op& op) const;
  [[nodiscard]] Verdict same_definedness(bool defined) const;
  [[nodiscard]] Verdict differs(const char* what, std::uint64_t address) const;

  // judge.cpp: what an operation left behind.
  [[nodiscard]] Verdict judge();
  [[nodiscard]] Verdict judge_atomicity() const;
  [[nodiscard]] Verdict judge_memory();
  [[nodiscard]] Verdict judge_states() const;
  [[nodiscard]] Verdict judge_stores() const;
  [[nodiscard]] Verdict judge_place(std::uint64_t va) const;
  [[nodiscard]] Verdict judge_bytes(unsigned space, std::uint64_t va) const;
  [[nodiscard]] Verdict judge_hardware(const Page* page, std::uint64_t va) const;
  [[nodiscard]] Verdict compare_all();
  // After how many operations everything is compared: where nodes are large, that costs more than a program.
  [[nodiscard]] std::uint64_t turns() const { return mmu_->node_bytes(0) <= 256 ? 1 : 2; }

  void after_store(std::uint64_t) override {}
  void before_exchange(std::uint64_t) override {}
  void on_flush(const Invalidation&) override {}
  void hear(const MemoryEvent& event) override;
  [[nodiscard]] AdtVerb verb() const { return static_cast<AdtVerb>(op_->verb); }
  [[nodiscard]] const char* verb_name() const { return adt_verbs[op_->verb].name.data(); }
  [[nodiscard]] bool exists(unsigned space) const { return subject_->exists(space); }
  // Its name in the paper: the root, and of none something that is no node.
  [[nodiscard]] P::N name_of(unsigned space) const { return exists(space) ? subject_->root(space) : 0; }
  [[nodiscard]] const Page* page_at(unsigned space, std::uint64_t va) const {
    return exists(space) ? model_.page_at(subject_->root(space), va) : nullptr;
  }
  [[nodiscard]] L4Abstraction::Pool pool() const {
    return {&subject_->observation(), subject_->nodes_used()};
  }

  AdtSides sides_;
  twin::MachineOptions options_;
  const reference::Mmu* mmu_;
  std::unique_ptr<MultiLevelSubject> subject_;
  View view_;
  reference::PhysicalMemory links_;
  L4Abstraction abstraction_;
  Structure structure_;
  BreakBeforeMake order_;
  Verdict wrong_; // that was heard while an operation ran
  P model_;
  std::array<Held, 7> held_{}; // what insertions answered, the last one first
  std::vector<std::uint64_t> names_;

  const twin::Op* op_ = nullptr;
  Status status_ = Status::ok;
  const char* word_ = nullptr; // what the outcome is instead
  std::uint64_t answer_ = 0;
  unsigned space_ = 0;      // of the place that was meant,
  std::uint64_t place_ = 0; // and a byte of it
  std::uint64_t bytes_ = 0; // its size
  std::optional<Page> before_;
  std::uint64_t nodes_before_ = 0;
  std::uint64_t nodes_expected_ = 0;
  std::uint64_t steps_ = 0;
  std::size_t parts_ = 0; // that splits have made in this program
};

} // namespace pagetwin::fuzz
