// See swarm.hpp.
#include "fuzz/twin/swarm.hpp"

#include "fuzz/twin/record.hpp"
#include "fuzz/twin/verb_dice.hpp"

#include <bit>

namespace pagetwin::twin {
namespace {

constexpr std::uint64_t largest_factor = 8; // by which a program may prefer a verb
constexpr std::size_t largest_pool = 16;

VerbDice choose_verbs(const Schema& schema, Rng& rng) {
  VerbDice some;
  VerbDice all;
  for (std::size_t i = 0; i < schema.verbs.size(); ++i) {
    const auto verb = static_cast<std::uint8_t>(i);
    const std::uint64_t weight = schema.verbs[i].weight * (1 + rng.below(largest_factor));
    all.add(verb, weight);
    some.add(verb, rng.one_in(3) ? 0 : weight);
  }
  return some.empty() ? all : some;
}

// The selectors that a program uses for one field: a few of its own, and now and then any.
class Window {
 public:
  void open(Rng& rng) {
    size_ = 1 + rng.below(largest_pool);
    wide_ = rng.one_in(2) ? 2 : 8;
    for (std::uint16_t& selector : pool_)
      selector = rng.bits16();
  }
  [[nodiscard]] std::uint16_t choose(Rng& rng) const {
    return rng.one_in(wide_) ? rng.bits16() : pool_[rng.below(size_)];
  }

 private:
  std::array<std::uint16_t, largest_pool> pool_{};
  std::uint64_t size_ = 1;
  std::uint64_t wide_ = 1;
};

} // namespace

Bytes swarm_program(const Schema& schema, std::uint64_t seed, std::size_t ops) {
  Rng rng(seed);
  Bytes bytes(record_bytes * (1 + ops));
  bytes[0] = codec_version;
  for (std::size_t field = 0; field < max_fields; ++field)
    set_selector(bytes.data(), field, rng.bits16());
  const VerbDice verbs = choose_verbs(schema, rng);
  std::array<Window, max_fields> windows;
  for (Window& window : windows)
    window.open(rng);
  for (std::size_t at = record_bytes; at < bytes.size(); at += record_bytes) {
    bytes[at] = verbs.roll(rng);
    for (unsigned rest = schema.verbs.empty() ? 0 : schema.verbs[bytes[at]].fields; rest != 0;
         rest &= rest - 1) {
      const auto field = static_cast<std::size_t>(std::countr_zero(rest));
      set_selector(&bytes[at], field, windows[field].choose(rng));
    }
  }
  return bytes;
}

} // namespace pagetwin::twin
