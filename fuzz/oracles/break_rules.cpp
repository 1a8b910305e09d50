#include "fuzz/oracles/break_rules.hpp"

namespace pagetwin::fuzz {

namespace {

// Every field, and sets as a whole.
constexpr BreakRules all_fields(const char* manual) {
  return {.manual = manual,
          .address = true,
          .size = true,
          .memory_type = true,
          .global = true,
          .key = true,
          .sets = true};
}

} // namespace

const BreakRules& aarch64_break_rules() {
  static constexpr BreakRules rules = all_fields("Arm DDI 0487");
  return rules;
}

const BreakRules& armv7_break_rules() {
  static constexpr BreakRules rules = all_fields("Arm DDI 0406C");
  return rules;
}

const BreakRules& tiny_break_rules() {
  static constexpr BreakRules rules = all_fields("docs/tiny.md");
  return rules;
}

const BreakRules& intel_break_rules() {
  static constexpr BreakRules rules{.manual = "Intel SDM 3A", .size_alone = true};
  return rules;
}

const BreakRules& riscv_break_rules() {
  static constexpr BreakRules rules{.manual = "the RISC-V privileged architecture", .sets = true};
  return rules;
}

const char* broken_field(const BreakRules& rules, const reference::Translation& old,
                         const reference::Translation& next, bool sets) {
  if (rules.address && old.pa != next.pa)
    return "output address";
  if ((rules.size || (rules.sets && sets)) && old.size != next.size)
    return "size";
  if (rules.memory_type && old.attributes.memory_type != next.attributes.memory_type)
    return "memory type";
  if (rules.global && old.attributes.global != next.attributes.global)
    return "global bit";
  if (rules.key && old.attributes.key != next.attributes.key)
    return "key";
  const bool differ = old.pa != next.pa || old.attributes != next.attributes;
  return rules.sets && sets && differ ? "one of a set" : nullptr;
}

} // namespace pagetwin::fuzz
