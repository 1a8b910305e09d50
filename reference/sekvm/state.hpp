// Everything that SeKVM's operations change, with a log of what changed: it undoes, and it says what there is
// to check. It refuses to know the rules. What a panic or a false `rely` left behind goes by `undo`.
#pragma once

#include "reference/sekvm/frames.hpp"
#include "reference/sekvm/page_table.hpp"

#include <array>
#include <span>
#include <vector>

namespace reference::sekvm {

// Tables are those of the principals, then those of the devices.
constexpr unsigned tables = principals + EL2_SMMU_CFG_SIZE;
[[nodiscard]] constexpr unsigned table_of_device(unsigned device) { return principals + device; }
// One bit for each principal; none for INVALID.
[[nodiscard]] constexpr std::uint32_t bit_of(std::uint32_t principal) {
  return principal < principals ? 1U << principal : 0;
}

class State {
 public:
  struct FrameChange {
    std::uint64_t pfn;
    Frame before;
  };
  struct EntryChange {
    unsigned table;
    Entry before; // level 0: none was there
    std::uint64_t gfn;
  };
  // What is small enough to be saved whole.
  struct Small {
    std::array<VmState, principals> vm_states{};
    std::array<std::uint32_t, EL2_SMMU_CFG_SIZE> bound{}; // smmu_vmid: INVALID, or whose the device is
    std::array<std::uint32_t, principals> data_log{};     // tokens taken
    std::uint32_t flushes = 0;                            // of the host's TLB, one page each
    bool halted = false;

    bool operator==(const Small&) const = default;
  };

  void reset(const Config& config);

  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] const Frames& frames() const { return frames_; }
  [[nodiscard]] S2Page page(std::uint64_t pfn) const { return frames_.at(pfn).page; }
  [[nodiscard]] const PageTable& table(unsigned table) const { return tables_[table]; }
  [[nodiscard]] const Small& small() const { return small_; }
  [[nodiscard]] const Pools& pools_of(unsigned table) const;
  // Who acts through a table: the principal itself, or whom the device is bound to.
  [[nodiscard]] std::uint32_t principal_of(unsigned table) const;

  // Each is logged. Tests use them for states that no operation leads to.
  void set(std::uint64_t pfn, const Frame& frame);
  void set_page(std::uint64_t pfn, const S2Page& page) { set(pfn, {page, frames_.at(pfn).contents}); }
  void set_contents(std::uint64_t pfn, std::uint64_t token) { set(pfn, {page(pfn), token}); }
  void put(unsigned table, const Entry& entry);
  void erase(unsigned table, std::uint64_t gfn);
  void take_node(unsigned table, unsigned level, std::uint64_t gfn); // from the pool
  void lose_node(unsigned table, unsigned level, std::uint64_t gfn); // the pool does not get it back
  void empty(unsigned table);                                        // the pool gets everything back
  [[nodiscard]] Small& change() { return small_; }

  // The log is of what happened since then.
  void begin();
  void undo();
  [[nodiscard]] std::span<const FrameChange> frame_changes() const { return frame_log_; }
  [[nodiscard]] std::span<const EntryChange> entry_changes() const { return entry_log_; }
  // Whose view is another one than before: a table, a record, or contents of a page that nobody shares.
  [[nodiscard]] std::uint32_t changed_views() const { return changed_views_; }

  // Two states that no operation can tell apart. What a log still holds, and in which order pages were
  // touched, is no part of a state.
  [[nodiscard]] bool same_as(const State& other) const;

 private:
  struct NodeChange {
    unsigned table, level;
    std::uint64_t gfn;
    bool added;
    int taken; // from the pool, less what came back
  };
  void log_node(const NodeChange& change);
  void undo_node(const NodeChange& change);

  Config config_;
  Frames frames_;
  std::array<PageTable, tables> tables_;
  Small small_, saved_;
  std::vector<FrameChange> frame_log_;
  std::vector<EntryChange> entry_log_;
  std::vector<NodeChange> node_log_;
  std::uint32_t changed_views_ = 0;
};

} // namespace reference::sekvm
