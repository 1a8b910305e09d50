// The walk that every radix page table shares: a slot per level, from the root down.
// It refuses to know bits. An Arch decodes descriptors, judges rights and says which flags hardware sets; it
// is a template parameter, not a virtual call, because probes run through here for most of a fuzzer's time.
#pragma once

#include "reference/mmu/mmu.hpp"

#include <cstdint>
#include <optional>

namespace reference::walker {

struct Place {
  unsigned index;
  std::uint64_t address;
};

template <typename Arch>
[[nodiscard]] Place place_of(const Arch& arch, std::uint64_t node, std::uint64_t va, unsigned level) {
  const auto index = arch.index_of(va, level);
  return {index, node + std::uint64_t{index} * arch.descriptor_bytes()};
}

template <typename Path>
[[nodiscard]] Translation translation_of(std::uint64_t raw, const Decoded& leaf, const Path& path,
                                         std::uint64_t va) {
  return {leaf.address + (va & (leaf.bytes - 1)), leaf.bytes, path.effective(raw, leaf.attributes),
          leaf.flags};
}

[[nodiscard]] inline bool faults(const Decoded& slot) { return (slot.violations & violation::faulting) != 0; }

// Hardware may have set a flag in any copy of the leaf.
template <typename Arch>
[[nodiscard]] Flags flags_of_group(const Arch& arch, const PhysicalMemory& memory, const Place& at,
                                   unsigned level, const Decoded& leaf, const Mode& mode) {
  Flags flags = leaf.flags;
  const unsigned first = at.index - at.index % leaf.copies;
  for (unsigned index = first; index < first + leaf.copies; ++index) {
    const std::uint64_t address = at.address - std::uint64_t{at.index} * arch.descriptor_bytes()
                                  + std::uint64_t{index} * arch.descriptor_bytes();
    if (const auto raw = memory.load(address, arch.descriptor_bytes()))
      flags = either(flags, arch.decode(*raw, level, index, mode).flags);
  }
  return flags;
}

template <typename Arch>
[[nodiscard]] std::optional<Translation> translate(const Arch& arch, const PhysicalMemory& memory,
                                                   std::uint64_t root, std::uint64_t va, const Mode& mode) {
  if (!is_canonical(arch.profile(), va))
    return std::nullopt;
  std::uint64_t node = arch.root_node(root);
  typename Arch::Path path;
  for (unsigned level = arch.levels(); level-- > 0;) {
    const Place at = place_of(arch, node, va, level);
    const auto raw = memory.load(at.address, arch.descriptor_bytes());
    if (!raw)
      return std::nullopt;
    if (const auto below = arch.below(*raw, level, mode)) {
      path.pass(*raw, below->rights, below->global);
      node = below->node;
      continue;
    }
    Decoded slot = arch.decode(*raw, level, at.index, mode);
    if (slot.kind != SlotKind::leaf || faults(slot))
      return std::nullopt;
    if (slot.copies > 1)
      slot.flags = flags_of_group(arch, memory, at, level, slot, mode);
    return translation_of(*raw, slot, path, va);
  }
  return std::nullopt;
}

// Reads descriptors until a leaf, or until something stops it; the outcome does not yet know about rights.
template <typename Arch>
[[nodiscard]] Walk descend(const Arch& arch, const PhysicalMemory& memory, std::uint64_t root,
                           std::uint64_t va, const Mode& mode) {
  Walk walk;
  std::uint64_t node = arch.root_node(root);
  typename Arch::Path path;
  for (walk.level = arch.levels() - 1;; --walk.level) {
    const Place at = place_of(arch, node, va, walk.level);
    const auto raw = memory.load(at.address, arch.descriptor_bytes());
    if (!raw) {
      walk.outcome = Outcome::outside_memory;
      return walk;
    }
    walk.steps[walk.steps_taken++] = {walk.level, at.address, *raw};
    const Decoded slot = arch.decode(*raw, walk.level, at.index, mode);
    if (slot.kind == SlotKind::hole || faults(slot)) {
      walk.outcome = slot.kind == SlotKind::hole ? Outcome::not_present : Outcome::reserved;
      return walk;
    }
    if (slot.kind == SlotKind::leaf) {
      walk.translation = translation_of(*raw, slot, path, va);
      walk.leaf_address = at.address;
      return walk;
    }
    path.pass(*raw, rights_of(slot.attributes), slot.attributes.global);
    node = slot.address;
  }
}

// Without sign extension no address is in the wrong form: one beyond the width is just not translated (Intel
// SDM 3C, 29.3.2: an EPT violation).
[[nodiscard]] inline Outcome too_wide(const Profile& profile) {
  return profile.sign_extended ? Outcome::non_canonical : Outcome::not_present;
}

template <typename Arch>
[[nodiscard]] Walk walk(const Arch& arch, const PhysicalMemory& memory, std::uint64_t root, std::uint64_t va,
                        const Access& access, const Mode& mode) {
  if (!is_canonical(arch.profile(), va)) {
    Walk refused;
    refused.outcome = too_wide(arch.profile());
    return refused;
  }
  Walk walk = descend(arch, memory, root, va, mode);
  if (walk.outcome == Outcome::ok)
    walk.outcome = arch.judge(walk.translation, access, mode);
  walk.error_code = arch.error_code(walk, access, mode);
  return walk;
}

// A walk that passed a descriptor leaves its mark, on top of earlier ones.
template <typename Arch>
void mark(const Arch& arch, const PhysicalMemory& memory, const Step& step, bool is_leaf, bool is_write) {
  const unsigned bytes = arch.descriptor_bytes();
  const std::uint64_t now = memory.load(step.address, bytes).value_or(step.raw);
  const std::uint64_t touched = (now | arch.flags_set(step.level, is_leaf, is_write))
                                & ~arch.flags_cleared(step.level, is_leaf, is_write);
  if (touched != now)
    memory.store(step.address, touched, bytes);
}

// The walk as hardware performs it: one that is ok leaves its marks. A slot may be passed more than once, if
// tables lead back to themselves; each time it is marked as what it was then.
template <typename Arch>
Walk access(const Arch& arch, const PhysicalMemory& memory, std::uint64_t root, std::uint64_t va,
            const Access& access, const Mode& mode) {
  const Walk done = walk(arch, memory, root, va, access, mode);
  if (done.outcome != Outcome::ok)
    return done;
  for (unsigned i = 0; i < done.steps_taken; ++i)
    mark(arch, memory, done.steps[i], done.steps[i].level == done.level, access.kind == AccessKind::write);
  return done;
}

} // namespace reference::walker
