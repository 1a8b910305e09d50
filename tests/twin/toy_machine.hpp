// A machine small enough to know every answer: a bounded store of keys, whose optimized side remembers the
// last key that was read. Bugs can be planted, among them one like a stale TLB entry. It exists to test the
// engine.
#pragma once

#include "fuzz/twin/domains.hpp"
#include "fuzz/twin/target.hpp"

#include <cstdlib>
#include <map>

namespace pagetwin::twin::toy {

enum class Plant {
  none,
  stale,  // drop forgets to forget the last key that was read: put, get, drop, get of one key shows it
  at_end, // only finish() notices that a key above 0xFFFF was put
  dies,   // putting 0xDEAD aborts the process
};

inline std::uint64_t decode_key(std::uint16_t selector, const History& history) {
  const bool refer_back = (selector & 0x8000U) != 0 && !history.empty();
  return refer_back ? history.back(selector % 16U).value[0] : (selector % 64U) * std::uint64_t{0x1000};
}

inline constexpr std::array<Verb, 5> verbs{{{"put", field_mask(0, 1), 4},
                                            {"get", field_mask(0), 4},
                                            {"drop", field_mask(0), 2},
                                            {"size", field_mask(0, 2), 1},
                                            {"nop", 0, 1}}};
inline constexpr auto outcomes = std::to_array<std::string_view>({"ok", "ok found", "missing", "full"});
enum : std::uint8_t { put, get, drop, size, nop };

inline constexpr Schema schema{
    .machine = "toy",
    .version = 1,
    .verbs = verbs,
    .fields = {{{"key", decode_key, print_hex, parse_number, expects_number},
                hex_domain("value"),
                size_domain<4096, 2097152>("size")}},
    .header = {{number_domain<8, 1>("capacity"), choice_domain<0, 7, 9>("seed")}},
    .outcomes = outcomes,
};

class ToyMachine : public Machine {
 public:
  explicit ToyMachine(Plant plant = Plant::none) : plant_(plant) {}

  [[nodiscard]] const Schema& schema() const override { return toy::schema; }

  void begin(const Program& program) override {
    capacity_ = program.header[0];
    store_.clear();
    model_.clear();
    last_key_.reset();
    outcome_ = "ok";
  }

  [[nodiscard]] Verdict step(const Op& op) override {
    outcome_ = "ok";
    switch (op.verb) {
    case put:
      return apply_put(op.value[0], op.value[1]);
    case get:
      return apply_get(op.value[0]);
    case drop:
      return apply_drop(op.value[0]);
    default:
      return std::nullopt;
    }
  }

  [[nodiscard]] Verdict finish() override {
    if (plant_ != Plant::at_end || model_.empty() || model_.rbegin()->first <= 0xFFFF)
      return std::nullopt;
    return diverges("T2 contents", "put key", model_.rbegin()->first, "contents differ");
  }

  [[nodiscard]] std::string outcome() const override { return outcome_; }

  [[nodiscard]] std::string explain(std::uint64_t key) const override {
    return "the model has " + std::string(model_.contains(key) ? "it" : "nothing") + "\n";
  }

  [[nodiscard]] bool touches(const Op& op, std::uint64_t key) const override {
    return verbs[op.verb].uses(0) && op.value[0] == key;
  }

 private:
  [[nodiscard]] Verdict apply_put(std::uint64_t key, std::uint64_t value) {
    if (plant_ == Plant::dies && value == 0xDEAD)
      std::abort();
    if (model_.size() >= capacity_ && !model_.contains(key)) {
      outcome_ = "full";
      return std::nullopt;
    }
    store_[key] = model_[key] = value;
    last_key_.reset();
    return std::nullopt;
  }

  [[nodiscard]] Verdict apply_get(std::uint64_t key) {
    const bool found = last_key_ == key || store_.contains(key);
    if (found)
      last_key_ = key;
    outcome_ = found ? "ok found" : "missing";
    if (found == model_.contains(key))
      return std::nullopt;
    return diverges("T1 get", "get found", key, "found a key that is not there");
  }

  [[nodiscard]] Verdict apply_drop(std::uint64_t key) {
    store_.erase(key);
    outcome_ = model_.erase(key) != 0 ? "ok" : "missing";
    if (plant_ != Plant::stale)
      last_key_.reset();
    return std::nullopt;
  }

  [[nodiscard]] static Divergence diverges(std::string oracle, std::string key, std::uint64_t at,
                                           std::string what) {
    Divergence divergence;
    divergence.oracle = std::move(oracle);
    divergence.address = at;
    divergence.headline = std::move(what);
    divergence.details = "optimized  found\nmodel      missing\n";
    divergence.key = std::move(key);
    return divergence;
  }

  Plant plant_;
  std::uint64_t capacity_ = 0;
  std::map<std::uint64_t, std::uint64_t> store_{};
  std::map<std::uint64_t, std::uint64_t> model_{};
  std::optional<std::uint64_t> last_key_{};
  std::string outcome_{};
};

template <Plant P>
[[nodiscard]] std::unique_ptr<Machine> make(const MachineOptions& /*options*/) {
  return std::make_unique<ToyMachine>(P);
}

template <Plant P>
[[nodiscard]] Target target_with() {
  return {.name = "toy_store", .schema = &schema, .make = make<P>};
}

inline Op op(std::uint8_t verb, std::uint64_t key = 0, std::uint64_t value = 0) {
  return {verb, {key, value}};
}

// The shortest program that shows Plant::stale, among others that do not matter.
inline Program noisy_stale_program() {
  return {{4, 9},
          {op(nop), op(put, 0x5000, 3), op(put, 0x7000, 0x1234), op(get, 0x5000), op(get, 0x7000), op(nop),
           op(drop, 0x7000), op(nop), op(get, 0x7000), op(put, 0x7000, 1), op(get, 0x5000)}};
}

} // namespace pagetwin::twin::toy
