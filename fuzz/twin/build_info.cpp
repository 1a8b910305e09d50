// The one file that sees the build's definitions, so that a new commit recompiles only this.
#include "fuzz/twin/build_info.hpp"

#ifndef PAGETWIN_COMMIT
#define PAGETWIN_COMMIT "unknown"
#endif
#ifndef PAGETWIN_FLAGS
#define PAGETWIN_FLAGS "unknown"
#endif

namespace pagetwin::twin {

BuildInfo build_info() {
#ifdef __clang__
  return {PAGETWIN_COMMIT, __VERSION__, PAGETWIN_FLAGS};
#else
  return {PAGETWIN_COMMIT, "gcc " __VERSION__, PAGETWIN_FLAGS};
#endif
}

} // namespace pagetwin::twin
