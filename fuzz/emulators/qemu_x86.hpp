// What the harness takes of the tables that it lets QEMU walk as x86-64.
#pragma once

#include <optional>
#include <string_view>

namespace pagetwin::emulators {

// The slot of the root that maps the harness while the table is walked: what it holds is put back afterwards,
// and probes that it covers are not judged.
[[nodiscard]] std::optional<unsigned> reserved_root_slot(std::string_view format);

} // namespace pagetwin::emulators
