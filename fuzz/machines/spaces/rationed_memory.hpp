// ObservedMemory for address spaces, where an operation takes mapping nodes and arrays besides the nodes of
// tables: it is asked before all of them together, and can be told to refuse. It refuses to know what they
// are for.
#pragma once

#include "fuzz/oracles/observed_memory.hpp"
#include "src/space/mapping_nodes.hpp"
#include "src/space/space_needs.hpp"

namespace pagetwin::fuzz {

class RationedMemory : public ObservedMemory {
 public:
  using ObservedMemory::ObservedMemory;

  // Whose mapping nodes and arrays these are.
  void watch(const MappingNodes& mappings, const NodePool& parts) {
    mappings_ = &mappings;
    parts_ = &parts;
    fail_in_ = never;
    refused_ = false;
  }
  void begin_operation() {
    ObservedMemory::begin_operation();
    refused_ = false;
  }
  // Of what is asked for from now on, table nodes, mapping nodes and arrays alike, the (k + 1)-th is refused.
  void fail_allocation(std::uint64_t k) { fail_in_ = k; }
  [[nodiscard]] bool refused() const { return refused_ || ObservedMemory::refused(); }

  [[nodiscard]] bool allows(const Needs& needs) {
    const std::uint64_t all = needs.nodes + needs.mappings + needs.parts.nodes();
    const bool granted = fail_in_ >= all;
    if (!granted)
      fail_in_ = never;
    else if (fail_in_ != never)
      fail_in_ -= all;
    refused_ =
        refused_ || !granted || !mappings_->available(needs.mappings) || !parts_->available(needs.parts);
    return granted;
  }

 private:
  static constexpr std::uint64_t never = ~std::uint64_t{0};

  const MappingNodes* mappings_ = nullptr;
  const NodePool* parts_ = nullptr;
  std::uint64_t fail_in_ = never;
  bool refused_ = false;
};

} // namespace pagetwin::fuzz
