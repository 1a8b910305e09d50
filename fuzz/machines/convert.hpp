// The words of src and of the reference for the same things, one into the other. Nothing else may know both.
#pragma once

#include "fuzz/machines/subject.hpp"
#include "reference/attributes.hpp"
#include "reference/leaf_run.hpp"
#include "reference/status.hpp"

namespace pagetwin::fuzz {

[[nodiscard]] constexpr reference::Rights to_reference(Rights r) {
  return {has(r, Rights::read), has(r, Rights::write), has(r, Rights::execute), has(r, Rights::user)};
}
[[nodiscard]] constexpr reference::Attributes to_reference(const Attributes& a) {
  return {.read = has(a.rights, Rights::read),
          .write = has(a.rights, Rights::write),
          .execute = has(a.rights, Rights::execute),
          .user = has(a.rights, Rights::user),
          .memory_type = a.memory_type,
          .global = a.global,
          .key = a.key,
          .software = a.software};
}
[[nodiscard]] constexpr reference::Flags to_reference(Flags f) { return {f.accessed, f.dirty}; }
[[nodiscard]] constexpr reference::LeafRun to_reference(const LeafReport& r) {
  return {r.va, r.bytes, raw(r.frame), r.bytes, to_reference(r.attributes), to_reference(r.flags)};
}
[[nodiscard]] constexpr reference::Extent to_reference(const Stretch& s) {
  return {s.va, s.bytes, s.pa, to_reference(s.attributes)};
}

// Every status but out_of_memory, which the reference does not have, means the same on both sides.
[[nodiscard]] constexpr bool same(Status ours, reference::Status theirs) {
  switch (theirs) {
  case reference::Status::ok:
    return ours == Status::ok;
  case reference::Status::empty:
    return ours == Status::empty;
  case reference::Status::misaligned:
    return ours == Status::misaligned;
  case reference::Status::bad_size:
    return ours == Status::bad_size;
  case reference::Status::out_of_range:
    return ours == Status::out_of_range;
  case reference::Status::bad_attributes:
    return ours == Status::bad_attributes;
  case reference::Status::overlap:
    return ours == Status::overlap;
  case reference::Status::not_mapped:
    return ours == Status::not_mapped;
  case reference::Status::not_uniform:
    return ours == Status::not_uniform;
  }
  return false;
}

} // namespace pagetwin::fuzz
