// Reads a stream of memory accesses, which `scripts/record --accesses` wrote: docs/traces.md, "Access
// streams". One access at a time, since streams are long. Knows neither tables nor pages.
#pragma once

#include <array>
#include <cstdint>
#include <istream>
#include <optional>
#include <string>

namespace pagetwin::bench {

struct Access {
  enum class Kind : std::uint8_t { instruction, load, store, modify };
  Kind kind{};
  std::uint64_t va = 0;
  std::uint64_t size = 0; // bytes, at least 1

  friend bool operator==(const Access&, const Access&) = default;
};

class AccessStream {
 public:
  // `in` is binary, and outlives the stream.
  explicit AccessStream(std::istream& in);

  // Nothing at the end, and where the file is wrong: then error() says what, and at which offset.
  [[nodiscard]] std::optional<Access> next();
  [[nodiscard]] const std::string& error() const { return error_; }
  // The command that was recorded, as the head has it.
  [[nodiscard]] const std::string& command() const { return command_; }

 private:
  void read_head();
  // One line of the head without its end; nothing when there is none.
  [[nodiscard]] std::optional<std::string> line();
  [[nodiscard]] std::optional<std::uint8_t> byte();
  [[nodiscard]] std::optional<std::uint64_t> number();
  [[nodiscard]] std::optional<std::uint64_t> size_of(std::uint8_t first);
  // How far the access is from the end of the last one of its sort.
  [[nodiscard]] std::optional<std::uint64_t> step_of(std::uint8_t first);
  [[nodiscard]] std::optional<Access> access(std::uint8_t first);
  void read_end();
  std::nullopt_t fail(const std::string& what, std::uint64_t offset);

  std::streambuf* in_;
  std::uint64_t offset_ = 0, count_ = 0;
  std::array<std::uint64_t, 2> ends_{}; // of the last instruction, and of the last access to data
  bool ended_ = false;
  std::string command_, error_;
};

} // namespace pagetwin::bench
