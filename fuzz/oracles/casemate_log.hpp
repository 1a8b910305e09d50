// The events of one table as a trace of casemate (rems-project/casemate), so that people can have that tool
// judge the same order: docs/traces.md says which of its formats, and what is left out. One space of AArch64
// with four levels of 4 KiB, told as stage 1 of EL2. It refuses to judge.
#pragma once

#include "fuzz/oracles/memory_event.hpp"
#include "fuzz/oracles/observation.hpp"
#include "fuzz/oracles/view.hpp"

#include <string>

namespace pagetwin::fuzz {

class CasemateLog final : public EventSink {
 public:
  CasemateLog(const View& view, const Observation& seen) : view_(&view), seen_(&seen) {}

  // The program begins.
  void restart();
  // What follows belongs to this operation, counted from 1.
  void begin_operation(std::uint64_t number) { operation_ = number; }
  void hear(const MemoryEvent& event) override;
  // The program is over, or its space is gone: nothing is told any more.
  void end();
  [[nodiscard]] const std::string& text() const { return text_; }
  // Is this a format that casemate knows?
  [[nodiscard]] static bool tells(const reference::Mmu& mmu);

 private:
  // The space that is told; its tag is in the invalidations.
  static constexpr unsigned space = 0, tag = 1;

  void on_store(const MemoryEvent& event);
  void on_flush(const MemoryEvent& event);
  void on_release(std::uint64_t node);
  void introduce_root(std::uint64_t root);
  // A node is about to be linked: casemate hears of it, and of all that it leads to, before.
  void introduce(const NodeState& node, unsigned level);
  void introduce_below(std::uint64_t raw, unsigned level, unsigned index);
  [[nodiscard]] bool is_known(std::uint64_t node) const;
  void write(std::uint64_t slot, std::uint64_t word);
  // One record: a name, what it says, and where it comes from.
  void record(std::uint64_t cpu, const char* name, const std::string& fields);

  const View* view_;
  const Observation* seen_;
  std::vector<std::uint64_t> known_; // nodes
  std::uint64_t root_ = 0, operation_ = 0, records_ = 0;
  bool ended_ = false;
  std::string text_;
};

} // namespace pagetwin::fuzz
