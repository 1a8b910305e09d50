// The machine "stage2": SeKVM's memory operations behind a Stage2Subject, and the reference's rules. After
// every operation answers, ownership, contents and translations are equal, the reference's invariants hold,
// and nothing has changed for who did not act. It refuses to know formats.
#pragma once

#include "fuzz/machines/stage2/domains.hpp"
#include "fuzz/machines/stage2/stage2_subject.hpp"
#include "fuzz/oracles/adversarial_tlb.hpp"
#include "fuzz/oracles/structure.hpp"
#include "reference/mmu/contents.hpp"
#include "reference/sekvm/invariants.hpp"
#include "reference/sekvm/machine.hpp"

namespace pagetwin::fuzz {

struct Stage2Sides {
  std::unique_ptr<Stage2Subject> (*subject)(Watcher&, Stage2Environment&);
  const reference::Mmu& (*mmu)();
};

class Stage2Machine final : public twin::Machine, private Watcher, private Stage2Environment {
 public:
  Stage2Machine(const Stage2Sides& sides, const twin::MachineOptions& options);

  [[nodiscard]] const twin::Schema& schema() const override { return stage2_schema; }
  void begin(const twin::Program& program) override;
  [[nodiscard]] Verdict step(const twin::Op& op) override;
  [[nodiscard]] Verdict finish() override;
  [[nodiscard]] std::string outcome() const override;
  [[nodiscard]] std::string explain(std::uint64_t address) const override;
  [[nodiscard]] bool touches(const twin::Op& op, std::uint64_t address) const override;
  [[nodiscard]] bool is_heavy() const override { return is_heavy_; }
  [[nodiscard]] std::uint64_t address_of(const twin::Op& op) const override { return op.value[s2_addr]; }

 private:
  // Tables by number: those of the principals, then those of the devices; that is what invalidations call
  // them.
  static constexpr unsigned most_tables = reference::sekvm::tables;
  using Result = reference::sekvm::Result;
  // In another run one machine writes other secrets. It hears of nothing.
  struct Silent final : Watcher {
    Silent() { want_exchanges(false); }
    void after_store(std::uint64_t) override {}
    void before_exchange(std::uint64_t) override {}
    void on_flush(const Invalidation&) override {}
  };

  // apply.cpp: one operation to both sides, and their answers compared.
  [[nodiscard]] Verdict apply(const twin::Op& op);
  [[nodiscard]] Verdict apply_operation(const twin::Op& op);
  [[nodiscard]] Verdict apply_repeatedly(const twin::Op& op);
  [[nodiscard]] static S2Status run_ours(Stage2Subject& subject, const twin::Op& op);
  void let_go(const twin::Op& op);
  [[nodiscard]] Result run_model(const twin::Op& op);
  [[nodiscard]] Verdict apply_access(const twin::Op& op);
  [[nodiscard]] Verdict compare_second_run(const twin::Op& op);
  [[nodiscard]] Verdict compare_second_access(const twin::Op& op, std::optional<std::uint64_t> first);
  // What a principal writes in an operation, the first of a program being 1.
  [[nodiscard]] static std::uint64_t token_of(std::uint64_t step, std::uint64_t principal);
  [[nodiscard]] std::uint64_t token(const twin::Op& op) const;
  void follow_roots();

  // judge.cpp: what the operation left behind.
  [[nodiscard]] Verdict judge();
  [[nodiscard]] Verdict judge_atomicity(std::uint64_t nodes_before) const;
  [[nodiscard]] Verdict judge_bytes();
  [[nodiscard]] Verdict judge_devices() const;
  [[nodiscard]] Verdict judge_actors() const;
  [[nodiscard]] Verdict judge_frames() const;
  [[nodiscard]] Verdict compare_frame(std::uint64_t pfn) const;
  [[nodiscard]] Verdict compare_second_frame(std::uint64_t pfn) const;
  [[nodiscard]] Verdict judge_entries() const;
  [[nodiscard]] Verdict probe(unsigned table, std::uint64_t gfn) const;
  [[nodiscard]] Verdict probe_bytes(unsigned table, std::uint64_t gfn,
                                    const reference::sekvm::Entry* model) const;
  [[nodiscard]] Verdict judge_lines();
  [[nodiscard]] Verdict compare_all();
  [[nodiscard]] Verdict compare_table(unsigned table);

  [[nodiscard]] std::uint64_t supply(unsigned, std::uint64_t) override { return 0; }
  void scrubbed(std::uint64_t) override {}
  void after_store(std::uint64_t slot) override;
  void before_exchange(std::uint64_t) override {}
  void on_flush(const Invalidation& i) override { tlb_.invalidate(raw(i.space), i.first, i.last); }
  void fill(unsigned table, std::uint64_t gfn);

  [[nodiscard]] const reference::sekvm::State& model() const { return model_.state(); }
  // explain.cpp: an address and the frames behind it, in words.
  [[nodiscard]] static std::string name_of(unsigned table);
  [[nodiscard]] std::string show_table(unsigned table, std::uint64_t gfn) const;
  [[nodiscard]] std::string show_frame(std::uint64_t pfn) const;
  [[nodiscard]] std::string show_mappings(std::uint64_t pfn) const;
  [[nodiscard]] std::string show_token(std::uint64_t token) const;
  [[nodiscard]] std::vector<std::uint64_t> frames_behind(std::uint64_t gfn) const;

  [[nodiscard]] std::uint64_t root_of(unsigned table) const;
  [[nodiscard]] std::optional<S2Entry> ours_at(unsigned table, std::uint64_t gfn) const;
  [[nodiscard]] Stage2Verb verb() const { return static_cast<Stage2Verb>(op_->verb); }
  [[nodiscard]] const char* verb_name() const { return stage2_verbs[op_->verb].name.data(); }
  [[nodiscard]] reference::sekvm::Config config(const twin::Program& program) const;
  [[nodiscard]] Stage2Options options_of(const twin::Program& program) const;

  Stage2Sides sides_;
  twin::MachineOptions options_;
  const reference::Mmu* mmu_;
  Silent silent_;
  std::unique_ptr<Stage2Subject> subject_, second_;
  reference::sekvm::Machine model_;
  View view_;
  Structure structure_;
  AdversarialTlb tlb_;
  reference::Contents contents_;

  std::array<std::uint64_t, most_tables> roots_{}; // 0: there is no such table
  const twin::Op* op_ = nullptr;
  unsigned secret_of_ = 0; // 0: there is no second run
  bool is_heavy_ = false;
  bool applied_ = false; // to the model
  unsigned stores_ = 0;
  std::uint64_t steps_ = 0;
  S2Status status_ = S2Status::ok;
  const char* word_ = nullptr; // the outcome, when it is no status
};

} // namespace pagetwin::fuzz
