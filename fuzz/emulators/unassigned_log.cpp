#include "fuzz/emulators/unassigned_log.hpp"

#include "fuzz/emulators/qemu.hpp"

#include <algorithm>
#include <charconv>

namespace pagetwin::emulators {

namespace {

constexpr std::string_view read_line = "Invalid read at addr 0x", write_line = "Invalid write at addr 0x";
constexpr std::uint64_t in_page = 4096 - 1;

// The number at the start of `text`, if the line goes on behind it.
std::optional<std::uint64_t> address_at(std::string_view text) {
  std::uint64_t address = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), address, 16);
  return error == std::errc() && end != text.data() + text.size() ? std::optional(address) : std::nullopt;
}

} // namespace

bool UnassignedLog::is_assigned(std::optional<std::uint64_t> frame) {
  return frame && *frame < image_base + image_bytes;
}

void UnassignedLog::restart(std::string_view text) {
  lines_.clear();
  next_ = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    for (const std::string_view words : {read_line, write_line})
      if (line.starts_with(words))
        if (const auto address = address_at(line.substr(words.size())))
          lines_.push_back({*address, words == write_line});
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
}

Answer UnassignedLog::take(const Probe& probe, std::uint64_t aimed) {
  if (next_ == lines_.size())
    return not_judged;
  const Line& line = lines_[next_++];
  if (line.write != (probe.kind == Kind::write) || ((line.address ^ aimed) & in_page) != 0)
    return not_judged;
  return {Outcome::ok, (line.address & ~in_page) | (probe.address & in_page), std::nullopt};
}

Answer UnassignedLog::met_something() {
  constexpr std::uint64_t nowhere = ~std::uint64_t{0};
  return {Outcome::ok, nowhere, std::nullopt};
}

} // namespace pagetwin::emulators
