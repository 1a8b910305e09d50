// What a page table means, without a page table: sorted runs of leaves beside sorted markers.
// It refuses to know nodes, levels, descriptors, memory and TLBs. Every operation transcribes the row of its
// name in docs/table.md, and costs O(runs), never O(pages).
#pragma once

#include "reference/interval_list.hpp"
#include "reference/leaf_run.hpp"
#include "reference/profile.hpp"
#include "reference/status.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace reference {

// Spans in results stay valid until the next operation on the same map, and are in canonical form (see
// append).
struct Done {
  Status status = Status::ok;
};

struct Counted {
  Status status = Status::ok;
  std::uint64_t bytes = 0;
};

struct Collected {
  Status status = Status::ok;
  std::uint64_t bytes = 0;
  std::span<const LeafRun> leaves;
};

struct Harvested {
  Status status = Status::ok;
  std::span<const LeafRun> leaves; // every leaf that the range touches, whole, with the flags that it had
};

struct Listed {
  Status status = Status::ok;
  std::span<const Extent> extents;
};

struct Marked {
  Status status = Status::ok;
  std::uint64_t word = 0;
};

class FlatMap {
 public:
  // The profile outlives the map.
  explicit FlatMap(const Profile& profile) : profile_(&profile) {}

  [[nodiscard]] Done map(std::uint64_t va, std::uint64_t pa, std::uint64_t size,
                         const Attributes& attributes);
  [[nodiscard]] Done map_range(std::uint64_t va, std::uint64_t pa, std::uint64_t length,
                               const Attributes& attributes, std::uint64_t max_size);
  [[nodiscard]] Counted unmap(std::uint64_t va, std::uint64_t length);
  [[nodiscard]] Collected unmap_collect(std::uint64_t va, std::uint64_t length);
  [[nodiscard]] Counted protect(std::uint64_t va, std::uint64_t length, const Rights& rights);
  [[nodiscard]] Done remap(std::uint64_t va, std::uint64_t pa);
  [[nodiscard]] Done promote(std::uint64_t va, std::uint64_t size);
  [[nodiscard]] Done split(std::uint64_t va, std::uint64_t size);
  [[nodiscard]] Done set_attributes(std::uint64_t va, const Attributes& attributes);
  [[nodiscard]] Done add_flags(std::uint64_t va, const Flags& flags);
  [[nodiscard]] std::optional<Translation> lookup(std::uint64_t va) const;
  [[nodiscard]] Harvested harvest(std::uint64_t va, std::uint64_t length, bool clear);
  [[nodiscard]] Done mark(std::uint64_t va, std::uint64_t size, std::uint64_t word);
  [[nodiscard]] Marked marker(std::uint64_t va, std::uint64_t size) const;
  [[nodiscard]] Listed for_each(std::uint64_t va, std::uint64_t length);
  Counted clear();

  // Hardware walked through the leaf that covers va and set flags in it, and in no other. Flags are only ever
  // added.
  [[nodiscard]] Done set_flags(std::uint64_t va, bool accessed, bool dirty);

  // Everything that the map holds, ascending and canonical: two maps with equal contents show equal spans.
  [[nodiscard]] std::span<const LeafRun> regions() const { return regions_.items(); }
  [[nodiscard]] std::span<const Marker> markers() const { return markers_.items(); }
  [[nodiscard]] std::uint64_t mapped_bytes() const;
  [[nodiscard]] const Profile& profile() const { return *profile_; }

  // Back to the empty map, keeping the memory of its vectors.
  void reset();

 private:
  struct Reach {
    std::uint64_t va;
    std::uint64_t last;
  };

  [[nodiscard]] Status range_status(std::uint64_t va, std::uint64_t length) const;
  [[nodiscard]] Status size_status(std::uint64_t va, std::uint64_t pa, std::uint64_t size) const;
  [[nodiscard]] bool is_mapped(std::uint64_t va, std::uint64_t last) const;
  [[nodiscard]] std::optional<LeafRun> leaf_at(std::uint64_t va) const;
  [[nodiscard]] std::uint64_t next_smaller(std::uint64_t size) const;
  [[nodiscard]] std::uint64_t largest_leaf(std::uint64_t va, std::uint64_t pa, std::uint64_t rest,
                                           std::uint64_t max_size) const;
  [[nodiscard]] std::uint64_t run_of(std::uint64_t va, std::uint64_t pa, std::uint64_t rest,
                                     std::uint64_t size, std::uint64_t max_size) const;
  void plan(std::uint64_t va, std::uint64_t pa, std::uint64_t length, const Attributes& attributes,
            std::uint64_t max_size);
  [[nodiscard]] Done map_plan(std::uint64_t va, std::uint64_t length);
  void split_before(std::uint64_t va);
  void split_after(std::uint64_t last);
  void split_at(std::size_t index, std::uint64_t boundary);
  [[nodiscard]] Reach reach_of(std::uint64_t va, std::uint64_t last) const;
  void merge(const Reach& reach);
  std::uint64_t report(std::uint64_t va, std::uint64_t last);
  [[nodiscard]] bool has_other_rights(std::uint64_t va, const Rights& rights) const;
  std::uint64_t set_rights(std::uint64_t va, std::uint64_t last, const Rights& rights);
  void replace_with(const LeafRun& leaf);
  [[nodiscard]] std::optional<LeafRun> as_one_leaf(const LeafRun& first, std::uint64_t size) const;
  [[nodiscard]] std::optional<Reach> whole_leaves(std::uint64_t va, std::uint64_t last) const;
  void clear_flags(const Reach& covered);

  const Profile* profile_;
  IntervalList<LeafRun> regions_;
  IntervalList<Marker> markers_;
  std::vector<LeafRun> pieces_;   // of the edit at hand
  std::vector<LeafRun> tails_;    // of the split at hand
  std::vector<LeafRun> reported_; // what the last result shows
  std::vector<Extent> extents_;
};

} // namespace reference
