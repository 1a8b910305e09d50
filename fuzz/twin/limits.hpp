// Makes a program one that a trace can say: every value within the limits that its field has under the
// program's header. It refuses to know why a field has limits.
#pragma once

#include "fuzz/twin/schema.hpp"

namespace pagetwin::twin {

// Each value that is outside becomes the nearest inside, the header's first.
void keep_limits(Program& program, const Schema& schema);

} // namespace pagetwin::twin
