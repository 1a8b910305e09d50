// What a principal can see: its table, the records of its pages, and the contents of the pages that are its
// own or that its tables reach. Pages that somebody shares on purpose are left out of the contents. Two views
// are compared by value. It refuses to know what may change a view.
#pragma once

#include "reference/sekvm/machine.hpp"

#include <optional>

namespace reference::sekvm {

struct View {
  std::uint64_t table = 0, records = 0, contents = 0; // hashes, in no order

  bool operator==(const View&) const = default;
};

[[nodiscard]] View view_of(const State& state, std::uint32_t principal);

// The first principal but `secret_of` that can tell the two states apart.
[[nodiscard]] std::optional<std::uint32_t> distinguisher(const State& a, const State& b,
                                                         std::uint32_t secret_of);

// Two runs of one program that differ in one VM's secrets: in its log, and in what it writes.
class TwoRuns {
 public:
  TwoRuns(const Config& config, std::uint32_t secret_of, std::uint64_t secret, std::uint64_t other)
      : secret_of_(secret_of), a_(with_secret(config, secret_of, secret)),
        b_(with_secret(config, secret_of, other)) {}

  // Who can tell the runs apart after an operation on both; INVALID: the answers themselves did.
  template <typename... Wants>
  std::optional<std::uint32_t> apply(Result (Machine::*operation)(Wants...),
                                     std::type_identity_t<Wants>... args) {
    const Result first = a_.apply(operation, args...);
    return first == b_.apply(operation, args...) ? told_apart() : std::optional(INVALID);
  }
  // The VM writes what is secret.
  std::optional<std::uint32_t> write_secrets(std::uint64_t gfn, std::uint64_t token, std::uint64_t other) {
    const Result first = a_.apply(&Machine::write, secret_of_, gfn, token);
    const bool same = first == b_.apply(&Machine::write, secret_of_, gfn, other);
    return same ? told_apart() : std::optional(INVALID);
  }
  [[nodiscard]] Machine& first() { return a_; }
  [[nodiscard]] Machine& second() { return b_; }

 private:
  [[nodiscard]] static Config with_secret(Config config, std::uint32_t of, std::uint64_t secret) {
    config.secrets[of] = secret;
    return config;
  }
  [[nodiscard]] std::optional<std::uint32_t> told_apart() const {
    return distinguisher(a_.state(), b_.state(), secret_of_);
  }

  std::uint32_t secret_of_;
  Machine a_, b_;
};

} // namespace reference::sekvm
