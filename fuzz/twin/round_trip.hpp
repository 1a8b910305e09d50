// What the codec, the text and a domain owe each other, as checks that a fuzz target and tests share. It
// refuses to run a machine.
#pragma once

#include "fuzz/twin/text.hpp"

namespace pagetwin::twin {

// decode(encode(p)) == p and parse(print(p)) == p for the program that the bytes decode to; and the bytes as
// a text are refused or survive print and parse.
[[nodiscard]] Verdict check_round_trips(std::span<const std::uint8_t> bytes, const Schema& schema);
[[nodiscard]] Verdict check_program_round_trips(const Program& program, const Schema& schema,
                                                Compact compact = Compact::no);

// What is wrong with a domain's print and parse at this value; nothing when all is well.
[[nodiscard]] std::optional<std::string> check_domain(const Domain& domain, std::uint64_t value);

// Does nothing: the machine of a target whose check_bytes is the whole judgement.
class IdleMachine final : public Machine {
 public:
  explicit IdleMachine(const Schema& schema) : schema_(&schema) {}
  [[nodiscard]] const Schema& schema() const override { return *schema_; }
  void begin(const Program& /*program*/) override {}
  [[nodiscard]] Verdict step(const Op& /*op*/) override { return std::nullopt; }
  [[nodiscard]] Verdict finish() override { return std::nullopt; }
  [[nodiscard]] std::string outcome() const override { return "ok"; }
  [[nodiscard]] std::string explain(std::uint64_t /*address*/) const override { return {}; }
  [[nodiscard]] bool touches(const Op& /*op*/, std::uint64_t /*address*/) const override { return false; }

 private:
  const Schema* schema_;
};

} // namespace pagetwin::twin
