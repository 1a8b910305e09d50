// The memory machine: an OsMachine behind an OsSubject, hvisor's high-level machine, and between them the
// hardware of the reference, whose CPUs cache what they may, read the same bytes and hear of the same
// invalidations. Edits are watched store by store and acknowledgement by acknowledgement, and other CPUs go
// on meanwhile. It refuses to know formats.
#pragma once

#include "fuzz/machines/memory/os_subject.hpp"
#include "fuzz/machines/memory/verbs.hpp"
#include "fuzz/oracles/break_before_make.hpp"
#include "fuzz/oracles/refinement.hpp"
#include "fuzz/oracles/structure.hpp"
#include "reference/in_flight.hpp"
#include "reference/mmu/contents.hpp"
#include "reference/os_state.hpp"

namespace pagetwin::fuzz {

struct MemorySides {
  const twin::Schema* schema;
  std::unique_ptr<OsSubject> (*subject)(Watcher&, Environment&, std::uint64_t memory_bytes);
  const reference::Mmu& (*mmu)();
  std::uint64_t memory_bytes;
  const BreakRules& (*rules)();
};

class MemoryMachine final : public twin::Machine, private Watcher, private EventSink, private Environment {
 public:
  MemoryMachine(const MemorySides& sides, const twin::MachineOptions& options);

  [[nodiscard]] const twin::Schema& schema() const override { return *sides_.schema; }
  void begin(const twin::Program& program) override;
  [[nodiscard]] Verdict step(const twin::Op& op) override;
  [[nodiscard]] Verdict finish() override;
  [[nodiscard]] std::string outcome() const override;
  [[nodiscard]] std::string explain(std::uint64_t address) const override;
  [[nodiscard]] bool touches(const twin::Op& op, std::uint64_t address) const override;
  [[nodiscard]] std::uint64_t address_of(const twin::Op& op) const override { return op.value[os_va]; }

 private:
  static constexpr unsigned most_cpus = 8, most_spaces = 8;
  static constexpr unsigned watched_events = 12; // of an edit, the first ones: after them every CPU looks
  using Page = std::optional<reference::PageMapping>;
  // An access that waits for its moment in the next edit.
  struct Meanwhile {
    unsigned cpu, after;
    std::uint64_t va, arg;
  };
  // A page that was accessed, or written to, since its flags were last collected. step: of the last time.
  struct Touched {
    unsigned space;
    std::uint64_t va;
    std::uint64_t step;
  };
  using AllTouched = std::vector<Touched>;

  // apply.cpp: one operation to both sides, and their answers compared.
  [[nodiscard]] Verdict apply(const twin::Op& op);
  [[nodiscard]] Verdict apply_edit(const twin::Op& op);
  [[nodiscard]] Verdict compare_edit(const twin::Op& op);
  [[nodiscard]] Verdict apply_space();
  [[nodiscard]] bool is_running(unsigned space) const;
  [[nodiscard]] Status expected_of_space() const;
  [[nodiscard]] Status create_space();
  [[nodiscard]] Status destroy_space();
  [[nodiscard]] Verdict apply_query(const twin::Op& op);
  [[nodiscard]] Verdict apply_access(const twin::Op& op);
  [[nodiscard]] Status edit_ours(const twin::Op& op);
  [[nodiscard]] reference::Status edit_model(const twin::Op& op);
  [[nodiscard]] Verdict same_status(Status ours, reference::Status theirs) const;
  [[nodiscard]] Verdict account_flags(const twin::Op& op);
  // clears: what was reported is not asked for again.
  [[nodiscard]] Verdict account(const reference::PageMapping& page, bool clears, AllTouched& touched,
                                bool reported, const char* flag);
  void introduce(unsigned space);
  [[nodiscard]] std::string explain_space(unsigned space, std::uint64_t va) const;
  [[nodiscard]] std::string explain_cpu(unsigned cpu, std::uint64_t va) const;

  // hardware.cpp: what goes on around an edit.
  void after_store(std::uint64_t) override {}
  void before_exchange(std::uint64_t) override {}
  void on_flush(const Invalidation&) override {}
  void hear(const MemoryEvent& event) override;
  void on_store(const MemoryEvent& event);
  void on_release(std::uint64_t node);
  void wait_for(unsigned cpu) override;
  [[nodiscard]] std::uint64_t load(std::uint64_t pa) override { return memory_.read(pa); }
  void store(std::uint64_t pa, std::uint64_t word) override { memory_.write(pa, word); }
  void invalidated(unsigned cpu, const Invalidation& i) override;
  void invalidated_all(unsigned cpu) override;
  void event();
  void look_everywhere();
  [[nodiscard]] SeenAccess look(unsigned cpu, unsigned space, std::uint64_t va,
                                reference::AccessKind kind) const;
  [[nodiscard]] SeenAccess access(unsigned cpu, unsigned space, std::uint64_t va, std::uint64_t arg,
                                  AccessKind kind);
  [[nodiscard]] SeenAccess access_by_hardware(SeenAccess seen, std::uint64_t word);
  void remember(AllTouched& touched, unsigned space, std::uint64_t va) const;
  void recall_all(unsigned space, std::uint64_t va, bool from_cache);
  [[nodiscard]] bool fill(std::uint64_t va, bool from_cache);
  [[nodiscard]] reference::CpuBits holders(unsigned tag) const;
  void synchronise_cpus();

  // judge.cpp: what the operation left behind.
  [[nodiscard]] Verdict judge(const twin::Op& op);
  [[nodiscard]] Verdict judge_atomicity() const;
  [[nodiscard]] Verdict judge_caches() const;
  [[nodiscard]] Verdict judge_in_flight() const;
  [[nodiscard]] Verdict judge_page(const reference::CachedPage& page, unsigned cpu) const;
  [[nodiscard]] Verdict judge_table(const reference::CachedTable& table, unsigned cpu) const;
  [[nodiscard]] Verdict judge_line(const OsPage& line, unsigned cpu) const;
  [[nodiscard]] Verdict probe(unsigned space, std::uint64_t va) const;
  [[nodiscard]] Verdict probe_around(const twin::Op& op) const;
  [[nodiscard]] Verdict compare_all();
  [[nodiscard]] Verdict compare_space(unsigned space);
  [[nodiscard]] std::optional<unsigned> space_by(unsigned tag) const;
  [[nodiscard]] bool may_break(const Page& before, const Page& after) const;

  [[nodiscard]] unsigned space_of(const twin::Op& op) const {
    return static_cast<unsigned>(op.value[os_space] % space_count_);
  }
  [[nodiscard]] unsigned cpu_of(const twin::Op& op) const {
    return static_cast<unsigned>(op.value[os_cpu] % cpu_count_);
  }
  [[nodiscard]] reference::Tables tables() const { return {mmu_, view_.memory, view_.mode}; }
  [[nodiscard]] MemoryVerb verb() const { return static_cast<MemoryVerb>(op_->verb); }
  [[nodiscard]] const char* verb_name() const { return memory_verbs[op_->verb].name.data(); }

  MemorySides sides_;
  twin::MachineOptions options_;
  const reference::Mmu* mmu_;
  std::unique_ptr<OsSubject> subject_;
  View view_;
  Structure structure_;
  BreakBeforeMake order_;
  reference::HighLevel model_;
  reference::Words memory_; // the hardware's
  std::array<reference::Processor, most_cpus> processors_;
  reference::InFlight in_flight_;
  Refinement refinement_;
  std::vector<Meanwhile> meanwhile_;
  AllTouched walked_, written_; // by an access that walked; by a write
  reference::Contents contents_;

  unsigned cpu_count_ = 2, space_count_ = 2;
  const twin::Op* op_ = nullptr;
  unsigned space_ = 0, cpu_ = 0;
  bool editing_ = false, refused_start_ = false;
  unsigned events_ = 0;
  std::uint64_t steps_ = 0, nodes_before_ = 0;
  Status status_ = Status::ok;
  const char* word_ = nullptr; // the outcome, when it is no status
  Flags flags_{};
  Verdict meanwhile_wrong_;
};

} // namespace pagetwin::fuzz
