// What a comparison found: nothing, nearly always, or where and how two sides differ. Nothing is a null
// pointer that is returned in a register: a hundred verdicts are given for each operation, and a Divergence
// is 180 bytes of strings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#if __has_cpp_attribute(clang::trivial_abi)
#define PAGETWIN_IN_REGISTERS [[clang::trivial_abi]]
#else
#define PAGETWIN_IN_REGISTERS
#endif

namespace pagetwin::twin {

struct Divergence {
  std::string oracle;        // "O1 lookup"
  std::size_t step = 0;      // index into Program::ops, ops.size() for finish(); run() fills it in
  std::uint64_t address = 0; // where; Machine::explain and touches are asked about it
  std::string headline;      // one line: what diverged
  std::string details;       // lines: both answers with the differing fields named, TLB hit or walk
  std::string key; // what stays the same for the same bug: verb and differing fields, never an address

  // Equal for what is probably the same bug: minimising keeps it, artifacts are deduplicated by it. One line.
  [[nodiscard]] std::string signature() const { return oracle + ": " + key; }
};

// As a std::optional that can only be moved. One that was moved from found nothing.
class PAGETWIN_IN_REGISTERS Verdict {
 public:
  Verdict() = default;
  Verdict(std::nullopt_t) {}
  Verdict(Divergence found) : found_(new Divergence(std::move(found))) {}
  Verdict(Verdict&& from) noexcept : found_(std::exchange(from.found_, nullptr)) {}
  Verdict& operator=(Verdict&& from) noexcept {
    std::swap(found_, from.found_);
    return *this;
  }
  ~Verdict() {
    if (found_ != nullptr) [[unlikely]]
      forget(found_);
  }

  [[nodiscard]] explicit operator bool() const { return found_ != nullptr; }
  [[nodiscard]] bool has_value() const { return found_ != nullptr; }
  [[nodiscard]] const Divergence& operator*() const { return *found_; }
  [[nodiscard]] const Divergence* operator->() const { return found_; }
  [[nodiscard]] Divergence* operator->() { return found_; }

 private:
  [[gnu::noinline, gnu::cold]] static void forget(const Divergence* found) { delete found; }

  Divergence* found_ = nullptr;
};

} // namespace pagetwin::twin
