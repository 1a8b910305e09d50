// One table of some kind and everything that a test wants to ask of it: its contents as the raw bytes show
// them, its nodes, hardware's accesses. It refuses to know any format; sizes and widths come from the
// reference's profile.
#pragma once

#include "fuzz/machines/convert.hpp"
#include "reference/mmu/contents.hpp"
#include "tests/table/begun_subject.hpp"
#include "tests/table/kinds.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <initializer_list>
#include <string>
#include <vector>

namespace pagetwin::fuzz {

inline constexpr Rights read_only = Rights::read;
inline constexpr Rights read_write = Rights::read | Rights::write;
inline constexpr Attributes plain_attributes{.rights = read_write};

using Leaves = std::vector<reference::LeafRun>;
using Markers = std::vector<reference::Marker>;

// `bytes` of leaves of one size over consecutive frames.
[[nodiscard]] inline reference::LeafRun leaves(std::uint64_t va, std::uint64_t pa, std::uint64_t bytes,
                                               std::uint64_t leaf_size,
                                               const Attributes& attributes = plain_attributes,
                                               Flags flags = {}) {
  return {va, bytes, pa, leaf_size, to_reference(attributes), to_reference(flags)};
}
[[nodiscard]] inline reference::LeafRun leaf(std::uint64_t va, std::uint64_t pa, std::uint64_t size,
                                             const Attributes& attributes = plain_attributes,
                                             Flags flags = {}) {
  return leaves(va, pa, size, size, attributes, flags);
}
// Ascending pieces in their canonical form.
[[nodiscard]] inline Leaves joined(std::initializer_list<Leaves> parts) {
  Leaves all;
  for (const Leaves& part : parts)
    for (const auto& run : part)
      reference::append(all, run);
  return all;
}

class TableUnderTest {
 public:
  // nodes: of the pool; so many spaces have room for their roots among them.
  explicit TableUnderTest(const TableKind& kind, std::size_t nodes = 1024, std::size_t spaces = 1);

  [[nodiscard]] Subject& subject() { return *subject_; }
  [[nodiscard]] const reference::Mmu& mmu() const { return *mmu_; }
  [[nodiscard]] const reference::Profile& profile() const { return mmu_->profile(); }

  // Operations on space 0, which is alive from the start.
  [[nodiscard]] Status map(std::uint64_t va, std::uint64_t pa, std::uint64_t size,
                           const Attributes& a = plain_attributes) {
    return subject_->map(0, va, pa, size, a);
  }
  [[nodiscard]] Status map_range(std::uint64_t va, std::uint64_t pa, std::uint64_t length,
                                 std::uint64_t max_size, const Attributes& a = plain_attributes) {
    return subject_->map_range(0, va, pa, length, a, max_size);
  }
  [[nodiscard]] Amount unmap(std::uint64_t va, std::uint64_t length) {
    return subject_->unmap(0, va, length);
  }
  [[nodiscard]] Amount protect(std::uint64_t va, std::uint64_t length, Rights rights) {
    return subject_->protect(0, va, length, rights);
  }
  [[nodiscard]] Status remap(std::uint64_t va, std::uint64_t pa) { return subject_->remap(0, va, pa); }
  [[nodiscard]] Status promote(std::uint64_t va, std::uint64_t size) {
    return subject_->promote(0, va, size);
  }
  [[nodiscard]] Status split(std::uint64_t va, std::uint64_t size) { return subject_->split(0, va, size); }
  [[nodiscard]] Status set_attributes(std::uint64_t va, const Attributes& a) {
    return subject_->set_attributes(0, va, a);
  }
  [[nodiscard]] Status add_flags(std::uint64_t va, Flags flags) { return subject_->add_flags(0, va, flags); }
  [[nodiscard]] Status mark(std::uint64_t va, std::uint64_t size, std::uint64_t word) {
    return subject_->mark(0, va, size, word);
  }
  [[nodiscard]] Word marker(std::uint64_t va, std::uint64_t size) { return subject_->marker(0, va, size); }

  // Shape.
  [[nodiscard]] std::uint64_t size(std::size_t i) const { return profile().sizes[i]; }
  [[nodiscard]] std::size_t size_count() const { return profile().sizes.size(); }
  [[nodiscard]] std::uint64_t page() const { return profile().sizes.front(); }
  [[nodiscard]] std::uint64_t largest() const { return profile().sizes.back(); }
  [[nodiscard]] std::uint64_t next_smaller(std::uint64_t size) const;
  // The smallest size of which no more than `most` leaves make so many bytes.
  [[nodiscard]] std::uint64_t smallest_of(std::uint64_t bytes, std::uint64_t most) const;
  // Bytes of leaves of one size that a test may ask for: the largest size, or as many descriptors as pages
  // make 1 GiB. The nodes suffice for them.
  [[nodiscard]] std::uint64_t most_bytes(std::uint64_t size) const {
    const std::uint64_t span = mmu_->span(level_of(size));
    return span * std::min(largest() / span, std::uint64_t{1} << 18);
  }
  [[nodiscard]] std::uint64_t half_bytes() const { return std::uint64_t{1} << (profile().va_bits - 1); }
  // Where bits above the width repeat its highest one the upper half ends at 2^64, else it follows the lower
  // one.
  [[nodiscard]] std::uint64_t upper_half() const {
    return profile().sign_extended ? 0 - half_bytes() : half_bytes();
  }
  // First byte above the upper half, and of what no address is: the first and the last page of that.
  [[nodiscard]] std::uint64_t top() const { return upper_half() + half_bytes(); }
  [[nodiscard]] std::uint64_t hole() const { return profile().sign_extended ? half_bytes() : top(); }
  [[nodiscard]] std::uint64_t hole_end() const { return profile().sign_extended ? upper_half() : 0; }
  // Frames aligned for every size, above 4 GiB where there are such; and others, four of the largest size or
  // more from there where physical memory is that wide.
  [[nodiscard]] bool wide_memory() const { return profile().pa_bits > 34; }
  [[nodiscard]] std::uint64_t frames() const {
    return wide_memory() ? std::max(std::uint64_t{8} << 30, largest())
                         : std::uint64_t{1} << (profile().pa_bits - 2);
  }
  [[nodiscard]] std::uint64_t more_frames() const {
    return frames() + (wide_memory() ? std::max(std::uint64_t{4} << 30, 4 * largest()) : frames() / 2);
  }
  // The level whose nodes hold leaves of a size.
  [[nodiscard]] unsigned level_of(std::uint64_t size) const;
  // Nodes on the path to a leaf of a size, the root included.
  [[nodiscard]] unsigned nodes_to(std::uint64_t size) const { return mmu_->levels() - level_of(size); }

  // State.
  [[nodiscard]] reference::Contents contents(unsigned space = 0);
  [[nodiscard]] std::uint64_t nodes() const { return subject_->nodes_used(); }
  [[nodiscard]] std::string dump() const { return subject_->dump(0); }
  // Where the node that holds va's slot at a level lies, and the slot itself.
  [[nodiscard]] std::uint64_t slot_of(std::uint64_t va, unsigned level);
  [[nodiscard]] std::uint64_t word_at(std::uint64_t slot) {
    return *memory().load(slot, mmu_->descriptor_bytes());
  }
  // Writes behind the table's back.
  void corrupt(std::uint64_t slot, std::uint64_t word) {
    memory().store(slot, word, mmu_->descriptor_bytes());
  }

  // Hardware's access, which must succeed.
  void access(std::uint64_t va, reference::AccessKind kind);
  void read(std::uint64_t va) { access(va, reference::AccessKind::read); }
  void write(std::uint64_t va) { access(va, reference::AccessKind::write); }

  // What a leaf looks like after the page at `hole` was cut out of it, largest leaves first where they can
  // be: all siblings on the way down.
  [[nodiscard]] Leaves without_page(const reference::LeafRun& whole, std::uint64_t hole) const;

 private:
  [[nodiscard]] reference::PhysicalMemory memory();
  [[nodiscard]] reference::Mode mode() const;

  SilentWatcher watcher_;
  const reference::Mmu* mmu_;
  std::unique_ptr<Subject> subject_;
};

inline TableUnderTest::TableUnderTest(const TableKind& kind, std::size_t nodes, std::size_t spaces)
    : mmu_(&kind.mmu()), subject_(std::make_unique<BegunSubject>(kind.make(watcher_))) {
  subject_->restart({.nodes = nodes, .spaces = spaces});
  EXPECT_EQ(subject_->create(0), Status::ok);
}

inline std::uint64_t TableUnderTest::next_smaller(std::uint64_t size) const {
  const auto sizes = profile().sizes;
  return *(std::ranges::find(sizes, size) - 1);
}

inline std::uint64_t TableUnderTest::smallest_of(std::uint64_t bytes, std::uint64_t most) const {
  return *std::ranges::find_if(profile().sizes, [&](std::uint64_t size) { return bytes / size <= most; });
}

inline unsigned TableUnderTest::level_of(std::uint64_t size) const {
  unsigned level = 0;
  while (level + 1 < mmu_->levels() && mmu_->span(level + 1) <= size)
    ++level;
  return level;
}

inline reference::PhysicalMemory TableUnderTest::memory() {
  Arena& arena = subject_->arena();
  return {reinterpret_cast<unsigned char*>(arena.begin()), arena.base(), arena.size()};
}

// As the table machine walks: rights alone decide.
inline reference::Mode TableUnderTest::mode() const {
  return {.pa_bits = profile().pa_bits, .smep = false, .smap = false};
}

inline reference::Contents TableUnderTest::contents(unsigned space) {
  reference::Contents seen;
  reference::read_contents(memory(), subject_->root(space), *mmu_, mode(), seen);
  return seen;
}

inline std::uint64_t TableUnderTest::slot_of(std::uint64_t va, unsigned level) {
  const auto walk = mmu_->walk(memory(), subject_->root(0), va, {}, mode());
  for (unsigned i = 0; i < walk.steps_taken; ++i)
    if (walk.steps[i].level == level)
      return walk.steps[i].address;
  ADD_FAILURE() << "the walk does not come to level " << level;
  return subject_->root(0);
}

inline void TableUnderTest::access(std::uint64_t va, reference::AccessKind kind) {
  const auto walk = mmu_->access(memory(), subject_->root(0), va, {kind, false}, mode());
  EXPECT_EQ(walk.outcome, reference::Outcome::ok) << std::hex << va;
}

inline Leaves TableUnderTest::without_page(const reference::LeafRun& whole, std::uint64_t hole) const {
  Leaves rest;
  reference::LeafRun cut = whole;
  Leaves after;
  while (cut.bytes > page()) {
    const std::uint64_t child = next_smaller(cut.bytes), before = (hole - cut.va) & ~(child - 1);
    const reference::LeafRun around = cut;
    cut = slice(around, before, child);
    cut.leaf_size = child;
    if (before != 0) {
      rest.push_back(slice(around, 0, before));
      rest.back().leaf_size = child;
    }
    if (before + child < around.bytes) {
      after.insert(after.begin(), slice(around, before + child, around.bytes - before - child));
      after.front().leaf_size = child;
    }
  }
  rest.insert(rest.end(), after.begin(), after.end());
  return rest;
}

} // namespace pagetwin::fuzz
