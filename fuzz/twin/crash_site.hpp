// What a crash is called: error type and place, as read from what the sanitizers (or assert) wrote to stderr.
// It refuses to run anything.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pagetwin::twin {

struct CrashSite {
  std::string
      error; // "AddressSanitizer: heap-buffer-overflow", "runtime error: shift exponent N is too large"
  std::string frame; // "src/table/walk.hpp:12 in foo"; empty when nothing in the report is ours

  [[nodiscard]] std::string to_string() const { return frame.empty() ? error : error + " at " + frame; }
  bool operator==(const CrashSite&) const = default;
};

// The frame is the topmost under src/, else the topmost under reference/ or fuzz/; without any of these the
// topmost function of the stack.
[[nodiscard]] std::optional<CrashSite> parse_crash(std::string_view errors);

} // namespace pagetwin::twin
