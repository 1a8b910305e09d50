// A walker of the reference that asks another one: a test derives from it and changes what it is about. It
// refuses to know any architecture.
#pragma once

#include "reference/mmu/contents.hpp"

namespace pagetwin::fuzz {

class ForwardingMmu : public reference::Mmu {
 public:
  explicit ForwardingMmu(const reference::Mmu& mmu) : mmu_(&mmu) {}

  [[nodiscard]] const reference::Profile& profile() const override { return mmu_->profile(); }
  [[nodiscard]] unsigned levels() const override { return mmu_->levels(); }
  [[nodiscard]] unsigned entries(unsigned level) const override { return mmu_->entries(level); }
  [[nodiscard]] unsigned descriptor_bytes() const override { return mmu_->descriptor_bytes(); }
  [[nodiscard]] std::uint64_t span(unsigned level) const override { return mmu_->span(level); }
  [[nodiscard]] reference::Decoded decode(std::uint64_t raw, unsigned level, unsigned index,
                                          const reference::Mode& mode) const override {
    return mmu_->decode(raw, level, index, mode);
  }
  [[nodiscard]] reference::Series series(std::uint64_t leaf, unsigned level,
                                         const reference::Mode& mode) const override {
    return mmu_->series(leaf, level, mode);
  }
  [[nodiscard]] unsigned run_length(const reference::PhysicalMemory& memory, std::uint64_t slot,
                                    unsigned count, unsigned level,
                                    const reference::Mode& mode) const override {
    return mmu_->run_length(memory, slot, count, level, mode);
  }
  [[nodiscard]] bool is_repeated(const reference::PhysicalMemory& memory, std::uint64_t slot, unsigned count,
                                 unsigned level, const reference::Mode& mode) const override {
    return mmu_->is_repeated(memory, slot, count, level, mode);
  }
  [[nodiscard]] unsigned next_notable(const reference::PhysicalMemory& memory, std::uint64_t node,
                                      unsigned level, unsigned index, unsigned end,
                                      const reference::Mode& mode, reference::Decoded& to) const override {
    return mmu_->next_notable(memory, node, level, index, end, mode, to);
  }
  [[nodiscard]] std::optional<reference::Translation> translate(const reference::PhysicalMemory& memory,
                                                                std::uint64_t root, std::uint64_t va,
                                                                const reference::Mode& mode) const override {
    return mmu_->translate(memory, root, va, mode);
  }
  [[nodiscard]] reference::Walk walk(const reference::PhysicalMemory& memory, std::uint64_t root,
                                     std::uint64_t va, const reference::Access& access,
                                     const reference::Mode& mode) const override {
    return mmu_->walk(memory, root, va, access, mode);
  }
  reference::Walk access(const reference::PhysicalMemory& memory, std::uint64_t root, std::uint64_t va,
                         const reference::Access& access, const reference::Mode& mode) const override {
    return mmu_->access(memory, root, va, access, mode);
  }
  void mark_accessed(const reference::PhysicalMemory& memory, const reference::Step& step,
                     bool is_leaf) const override {
    mmu_->mark_accessed(memory, step, is_leaf);
  }
  void read_contents(const reference::PhysicalMemory& memory, std::uint64_t root, const reference::Mode& mode,
                     reference::Contents& to) const override {
    mmu_->read_contents(memory, root, mode, to);
  }

 private:
  const reference::Mmu* mmu_;
};

} // namespace pagetwin::fuzz
