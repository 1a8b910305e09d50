// SeKVM's machines for benchmarks: table memory in huge host pages, and frames that are mere numbers.
#pragma once

#include "bench/arena.hpp"
#include "src/stage2/memory_ops.hpp"

#include <vector>

namespace pagetwin::bench {

// A platform that counts frames that change hands.
struct Counting {
  std::uint64_t scrubbed = 0, adopted = 0;
  void scrub(std::uint64_t /*unused*/) { ++scrubbed; }
  void adopt(unsigned /*unused*/, std::uint64_t /*unused*/) { ++adopted; }
};

// Machines that are ready, and memory that is all the host's. Guest frame numbers are those of the frames.
template <Format F>
class Stage2World {
  using Memory = PlainMemory<HardwareFlags::off>;

 public:
  static constexpr std::uint64_t first_frame = 1U << 18;

  Stage2World(unsigned vms, std::uint64_t frames)
      : vms_(vms), region_{{{first_frame, frames}}}, records_(frames), principals_(vms + 1),
        ops_(memory_, platform_, Ownership(region_, records_), principals_, {}) {
    restart();
  }
  Stage2World(const Stage2World&) = delete;
  Stage2World& operator=(const Stage2World&) = delete;
  ~Stage2World() = default;

  void restart() {
    if (is_running_)
      ops_.stop();
    is_running_ = true;
    must(ops_.start(nodes));
    for (unsigned vm = 1; vm <= vms_; ++vm) {
      must(ops_.register_vm(vm));
      must(ops_.boot_vm(vm));
    }
  }
  [[nodiscard]] auto& ops() { return ops_; }
  [[nodiscard]] unsigned vms() const { return vms_; }
  [[nodiscard]] std::uint64_t changed_hands() const { return platform_.scrubbed + platform_.adopted; }
  void map_pages(unsigned vm, std::uint64_t pages, std::uint64_t first = 0) {
    for (std::uint64_t i = first; i < first + pages; ++i)
      must(ops_.prot_and_map_vm_s2pt(vm, address(i), address(i), 3));
  }
  void map_host(std::uint64_t pages) {
    for (std::uint64_t i = 0; i < pages; ++i)
      must(ops_.map_page_host(address(i)));
  }
  [[nodiscard]] static constexpr std::uint64_t address(std::uint64_t page) {
    return (first_frame + page) << s2_page_shift;
  }
  // A benchmark whose operations fail measures nothing.
  static void must(S2Status status) {
    if (status != S2Status::ok)
      std::abort();
  }

 private:
  static constexpr std::uint64_t nodes = 2048;

  unsigned vms_;
  Arena arena_{nodes};
  std::vector<NodeRecord> node_records_ = std::vector<NodeRecord>(nodes);
  NodePool pool_{arena_.memory(), Arena::base, Arena::node_shift, node_records_};
  Memory memory_{pool_};
  Counting platform_;
  std::array<MemoryRegion, 1> region_;
  std::vector<PageRecord> records_;
  std::vector<Principal<F, Memory>> principals_;
  MemoryOps<F, Memory, Counting> ops_;
  bool is_running_ = false;
};

} // namespace pagetwin::bench
