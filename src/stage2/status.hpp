// What an operation on stage 2 answers. The enumerators are in the order in which they are tested: the first
// that applies is returned. On any but ok nothing changed: no record, no descriptor, no byte of a page.
#pragma once

#include <cstdint>
#include <string_view>

namespace pagetwin {

enum class S2Status : std::uint8_t {
  ok,
  unknown_vm,     // no such virtual machine: 0, COREVISOR, or more than there is room for
  unknown_device, // no such device, or it is bound to somebody else
  out_of_range,   // an address, frame or length beyond the limits of the specification or of the format
  misaligned,     // a block of 512 frames that does not begin at a multiple of 512
  bad_state,      // not in this state of the machine's life; a device that is bound already
  foreign_owner,  // a frame belongs to somebody else, or to nobody
  shared,         // a frame of the host is in use by its devices (its count is not 0)
  other_gfn,      // the frame is known under another guest frame number
  overlap,        // a block where a page should go, or a table where a block should
  out_of_memory,  // the principal's bound on table pages is reached, or the memory has no page left
};

[[nodiscard]] constexpr std::string_view to_text(S2Status s) {
  constexpr std::string_view names[] = {"ok",         "unknown_vm", "unknown_device", "out_of_range",
                                        "misaligned", "bad_state",  "foreign_owner",  "shared",
                                        "other_gfn",  "overlap",    "out_of_memory"};
  return names[static_cast<unsigned>(s)];
}
[[nodiscard]] constexpr S2Status first_of(S2Status a, S2Status b) { return a != S2Status::ok ? a : b; }

} // namespace pagetwin
