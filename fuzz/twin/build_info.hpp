// Which build this is: for reports, so that a failure can be had again.
#pragma once

#include <string_view>

namespace pagetwin::twin {

struct BuildInfo {
  std::string_view commit; // "unknown" unless the build defined PAGETWIN_COMMIT
  std::string_view compiler;
  std::string_view flags; // "unknown" unless the build defined PAGETWIN_FLAGS
};

[[nodiscard]] BuildInfo build_info();

} // namespace pagetwin::twin
