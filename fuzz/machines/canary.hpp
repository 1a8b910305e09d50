// The canary: a pair of sides that disagrees as soon as an operation maps a page after one that unmaps. It
// must be found, minimised to two operations and reported; when it is not, nothing that the other targets do
// not find means anything.
#pragma once

#include "fuzz/machines/table/domains.hpp"
#include "fuzz/oracles/finding.hpp"
#include "fuzz/twin/target.hpp"

namespace pagetwin::fuzz {

class Canary final : public twin::Machine {
 public:
  explicit Canary(const twin::Schema& schema) : schema_(&schema) {}
  [[nodiscard]] const twin::Schema& schema() const override { return *schema_; }
  void begin(const twin::Program&) override { unmapped_ = false; }
  [[nodiscard]] Verdict step(const twin::Op& op) override {
    const auto verb = static_cast<TableVerb>(op.verb);
    unmapped_ = unmapped_ || verb == TableVerb::unmap;
    if (!unmapped_ || verb != TableVerb::map)
      return std::nullopt;
    return finding("canary", op.value[field_va], "map after unmap", "the canary sings: a map after an unmap");
  }
  [[nodiscard]] Verdict finish() override { return std::nullopt; }
  [[nodiscard]] std::string outcome() const override { return "ok"; }
  [[nodiscard]] std::string explain(std::uint64_t) const override { return "nothing is behind the canary\n"; }
  [[nodiscard]] bool touches(const twin::Op&, std::uint64_t) const override { return true; }

 private:
  const twin::Schema* schema_;
  bool unmapped_ = false;
};

} // namespace pagetwin::fuzz
