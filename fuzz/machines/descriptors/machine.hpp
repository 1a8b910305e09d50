// The descriptor machine: any bytes as tables, walked by an Mmu of src and by the reference's, each in a
// memory of its own. Every store of the program goes to both; after an access both must say the same, have
// left the same marks, and have touched nothing else. It refuses to know bits.
#pragma once

#include "fuzz/machines/descriptors/answer.hpp"
#include "fuzz/machines/descriptors/two_memories.hpp"
#include "fuzz/oracles/finding.hpp"
#include "fuzz/oracles/show_walk.hpp"
#include "fuzz/twin/target.hpp"

#include <algorithm>
#include <cstring>

namespace pagetwin::fuzz {

template <Format F>
class DescriptorMachine final : public twin::Machine {
  using G = Geometry<F>;
  using D = DescriptorDomains<F>;
  using Raw = typename F::Raw;
  using Verb = DescriptorVerb;

 public:
  explicit DescriptorMachine(const reference::Mmu& reference, const twin::MachineOptions& options)
      : options_(options), reference_(&reference) {}

  [[nodiscard]] const twin::Schema& schema() const override { return descriptor_schema<F>; }
  void begin(const twin::Program& program) override {
    const auto& header = program.header;
    memories_.restart(header[header_arena], options_.thorough || options_.paranoid);
    root_ = (D::base + header[header_root] * D::node_bytes) & low_mask(F::pa_bits);
    const std::span<std::byte> bytes = memories_.theirs().bytes();
    view_ = {.mmu = reference_,
             .memory = {reinterpret_cast<unsigned char*>(bytes.data()), D::base, bytes.size(),
                        memories_.theirs().noted_pages()},
             .mode = {.pa_bits = reference_->profile().pa_bits, .smep = false, .smap = false}};
    const auto level = 1 + static_cast<unsigned>(header[header_cached] % G::root_level);
    mmu_ = Cpu(walked_, {lines_, 1}, {pointers_, level}, {gate_rule(1), gate_rule(1)});
    answered_ = false;
  }
  [[nodiscard]] Verdict step(const twin::Op& op) override {
    answered_ = false;
    walked_.begin_operation();
    try {
      if (Verdict v = apply(op))
        return v;
    } catch (const Runaway& runaway) {
      return finding("O15 progress", op.value[at_va], runaway.what,
                     format("%s: %s", descriptor_verbs[op.verb].name.data(), runaway.what));
    }
    return options_.paranoid ? finish() : std::nullopt;
  }
  [[nodiscard]] Verdict finish() override {
    Verdict differs;
    memories_.ours().for_noted_pages(memories_.theirs(), [&](std::uint64_t pa, std::size_t bytes) {
      if (!differs)
        differs = compare_bytes(pa, bytes);
    });
    return differs;
  }
  [[nodiscard]] std::string outcome() const override { return answered_ ? to_text(answer_) : "ok"; }
  [[nodiscard]] std::string explain(std::uint64_t address) const override {
    return show_walk(view_, root_, address, "by the reference");
  }
  // Did it store to a node that a walk of the address reads, or is it about the address itself?
  [[nodiscard]] bool touches(const twin::Op& op, std::uint64_t address) const override {
    if (descriptor_verbs[op.verb].uses(at_va))
      return op.value[at_va] >> F::page_shift == address >> F::page_shift;
    const auto walk = reference_->walk(view_.memory, root_, address, {}, view_.mode);
    const auto verb = static_cast<Verb>(op.verb);
    const std::uint64_t written =
        memories_.node(op.value[verb == Verb::copy || verb == Verb::clone ? at_to : at_node]);
    return std::any_of(walk.steps.begin(), walk.steps.begin() + walk.steps_taken,
                       [&](const reference::Step& s) { return s.address - written < D::node_bytes; });
  }
  [[nodiscard]] std::uint64_t address_of(const twin::Op& op) const override { return op.value[at_va]; }

 private:
  using Cpu = Mmu<F, WalkedMemory>;
  static constexpr SpaceId space{1};

  [[nodiscard]] Verdict apply(const twin::Op& op) {
    switch (static_cast<Verb>(op.verb)) {
    case Verb::access:
      return access(op.value[at_va], op.value[at_attrs]);
    case Verb::lookup:
      return look_up(op.value[at_va]);
    default:
      memories_.write(op);
      mmu_.invalidate_all();
      return std::nullopt;
    }
  }

  // One access by both sides, each without anything cached; then once more through the caches.
  [[nodiscard]] Verdict access(std::uint64_t va, std::uint64_t attributes) {
    const AccessKind kind = kind_of(attributes);
    const Privilege who = (attributes & 8U) != 0 ? Privilege::user : Privilege::supervisor;
    const reference::Access asked{static_cast<reference::AccessKind>(kind), who == Privilege::user};
    const reference::Flags left{true, kind == AccessKind::write && reference_->profile().dirty};
    mmu_.invalidate_all();
    const AccessResult ours = mmu_.access(space, PhysAddr{root_}, va, kind, who);
    const reference::Walk theirs = reference_->access(view_.memory, root_, va, asked, view_.mode);
    if (Verdict v = compare("O3 walk", "access", va, answer_of<F>(ours), answer_of(theirs, left)))
      return v;
    for (unsigned i = 0; i < theirs.steps_taken; ++i)
      if (Verdict v =
              compare_slot(theirs.steps[i].address, va, i + 1 == theirs.steps_taken ? "leaf" : "table"))
        return v;
    if (ours.fault != Fault::none)
      return walked_.stores() == 0 ? std::nullopt
                                   : Verdict(finding("O10 dirty", va, "marks of a fault",
                                                     "an access that faulted stored something"));
    const reference::Walk again = reference_->walk(view_.memory, root_, va, asked, view_.mode);
    return answer_of(again, left) == answer_ ? access_cached(va, kind, who, ours) : std::nullopt;
  }
  // Nothing has changed since but the marks, which are complete.
  [[nodiscard]] Verdict access_cached(std::uint64_t va, AccessKind kind, Privilege who, AccessResult want) {
    walked_.begin_operation();
    for (const Source source : {Source::tlb, Source::walk}) {
      if (source == Source::walk)
        mmu_.tlb().invalidate_all(); // the table pointers stay
      want.translation.source = source;
      if (mmu_.access(space, PhysAddr{root_}, va, kind, who) != want || walked_.stores() != 0)
        return finding("O14 views", va, source == Source::tlb ? "through the TLB" : "through table pointers",
                       format("the same access to %#llx again differs when it goes through a cache",
                              static_cast<unsigned long long>(va)));
    }
    return std::nullopt;
  }
  // Without an access: by the Mmu; and where no word was refused by the lookup of a PageTable, which trusts
  // them.
  [[nodiscard]] Verdict look_up(std::uint64_t va) {
    mmu_.invalidate_all();
    const reference::Walk theirs = reference_->walk(view_.memory, root_, va, {}, view_.mode);
    const bool is_there = theirs.leaf_address != 0;
    const Answer want = is_there ? Answer{reference::Outcome::ok, theirs.level, theirs.translation}
                                 : Answer{theirs.outcome, theirs.level, std::nullopt};
    // Where neither finds anything, here are no faults that could differ.
    const Answer nothing = is_there ? Answer{reference::Outcome::not_present, 0, std::nullopt} : want;
    Answer ours = nothing;
    const auto t = mmu_.translate(space, PhysAddr{root_}, va);
    if (t)
      ours = {reference::Outcome::ok, F::sizes[t->size].level, to_reference<F>(*t)};
    if (Verdict v = compare("O3 walk", "translation", va, ours, want))
      return v;
    if (mmu_.find(space, PhysAddr{root_}, va) != (t ? std::optional(t->pa) : std::nullopt))
      return finding("O14 views", va, "address alone",
                     format("asked for the address alone, the Mmu finds another for %#llx",
                            static_cast<unsigned long long>(va)));
    if (!G::is_canonical(va) || (!is_there && theirs.outcome != reference::Outcome::not_present))
      return std::nullopt;
    ours = nothing;
    if (const auto found = walk<F, Words::any>(walked_, PhysAddr{root_}, va))
      ours = {reference::Outcome::ok, found->level(), to_reference<F>(*found)};
    return compare("O1 lookup", "lookup", va, ours, want);
  }

  [[nodiscard]] Verdict compare(const char* oracle, const char* what, std::uint64_t va, const Answer& ours,
                                const Answer& theirs) {
    answered_ = true;
    answer_ = ours;
    if (ours == theirs)
      return std::nullopt;
    const std::string differs = difference(ours, theirs);
    return finding(oracle, va, format("%s %s", what, differs.c_str()),
                   format("%s of %#llx: %s", what, static_cast<unsigned long long>(va), differs.c_str()),
                   show("src", ours) + show("reference", theirs));
  }
  [[nodiscard]] Verdict compare_bytes(std::uint64_t first, std::size_t bytes) const {
    const std::size_t at = first - D::base;
    if (std::memcmp(&memories_.ours().bytes()[at], &memories_.theirs().bytes()[at], bytes) == 0)
      return std::nullopt;
    for (std::uint64_t pa = first; pa < first + bytes; pa += sizeof(Raw))
      if (Verdict v = compare_slot(pa, pa, "elsewhere"))
        return v;
    return std::nullopt;
  }
  // about: the address that was used; where: leaf, table, or elsewhere.
  [[nodiscard]] Verdict compare_slot(std::uint64_t pa, std::uint64_t about, const char* where) const {
    const std::uint64_t ours = memories_.ours().template load<Raw>(pa),
                        theirs = memories_.theirs().template load<Raw>(pa);
    if (ours == theirs)
      return std::nullopt;
    return finding("O10 dirty", about, format("marks in a word: %s", where),
                   format("after the accesses the slot %#llx holds %#llx, the reference's %#llx",
                          static_cast<unsigned long long>(pa), static_cast<unsigned long long>(ours),
                          static_cast<unsigned long long>(theirs)));
  }

  [[nodiscard]] static AccessKind kind_of(std::uint64_t attributes) {
    return (attributes & 1U) != 0   ? AccessKind::read
           : (attributes & 2U) != 0 ? AccessKind::write
                                    : AccessKind::execute;
  }
  twin::MachineOptions options_;
  const reference::Mmu* reference_;
  TwoMemories<F> memories_;
  WalkedMemory walked_{memories_.ours()};
  std::vector<TlbEntry> lines_ = std::vector<TlbEntry>(2);
  std::vector<WalkCacheEntry> pointers_ = std::vector<WalkCacheEntry>(2);
  Cpu mmu_{walked_, {lines_, 1}, {pointers_, 1}};
  View view_{};
  std::uint64_t root_ = 0;
  Answer answer_;         // of an access or a lookup
  bool answered_ = false; // was the last operation one?
};

template <Format F, const reference::Mmu& (*Walker)()>
[[nodiscard]] std::unique_ptr<twin::Machine> make_descriptor_machine(const twin::MachineOptions& options) {
  return std::make_unique<DescriptorMachine<F>>(Walker(), options);
}

// What a fuzz target names: the format, and the walker that judges it.
template <Format F, const reference::Mmu& (*Walker)()>
[[nodiscard]] constexpr twin::Target descriptor_target(std::string_view name) {
  return {.name = name,
          .schema = &descriptor_schema<F>,
          .make = make_descriptor_machine<F, Walker>,
          .max_ops = 256};
}

} // namespace pagetwin::fuzz
