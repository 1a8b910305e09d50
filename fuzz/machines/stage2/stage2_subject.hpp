// Stage2Subject: the run-time interface of SeKVM's memory operations under test, and what they ask of the
// world around them. Principals are numbered as in the specification, 0 is the host; its names and numbers
// are used throughout (INVALID is all ones). It refuses to know the reference; stage2_subject_of.hpp wraps
// ours.
#pragma once

#include "fuzz/oracles/observed_memory.hpp"
#include "src/stage2/ownership.hpp"
#include "src/stage2/s2_table.hpp"
#include "src/stage2/status.hpp"
#include "src/stage2/vm_state.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace pagetwin::fuzz {

// Told when a frame changes hands, at the moment when nobody may reach it any more.
class Stage2Environment {
 public:
  virtual ~Stage2Environment() = default;
  // The frame becomes the machine's, or its alone: what it holds from now on.
  [[nodiscard]] virtual std::uint64_t supply(unsigned vm, std::uint64_t pfn) = 0;
  // The frame was a machine's and becomes the host's; it holds 0 from now on.
  virtual void scrubbed(std::uint64_t pfn) = 0;
};

struct Stage2Options {
  std::vector<MemoryRegion> regions; // ascending and apart
  unsigned vms = 2;                  // machines 1 to vms
  std::uint64_t table_pages = 16;    // of each table below its root
  unsigned devices = 0;              // nobody's yet
};
// A frame's record in the specification's numbers.
struct Stage2Record {
  std::uint32_t owner = ~std::uint32_t{0}, count = ~std::uint32_t{0};
  std::uint64_t gfn = ~std::uint64_t{0};

  friend bool operator==(const Stage2Record&, const Stage2Record&) = default;
};
// A line of the TLB. space: a VMID, or corevisor + 1 + the number of a device.
struct Stage2Line {
  unsigned space = 0;
  std::uint64_t gfn = 0, pfn = 0, pages = 0;
};

class Stage2Subject {
 public:
  Stage2Subject() = default;
  Stage2Subject(const Stage2Subject&) = delete;
  Stage2Subject& operator=(const Stage2Subject&) = delete;
  virtual ~Stage2Subject() = default;

  // Begins anew; devices are bound. A status other than ok: there is no memory for the roots.
  [[nodiscard]] virtual S2Status start(const Stage2Options& options) = 0;
  virtual void stop() = 0;

  // As in src/stage2/memory_ops.hpp.
  [[nodiscard]] virtual S2Status register_vm(unsigned vm) = 0;
  [[nodiscard]] virtual S2Status boot_vm(unsigned vm) = 0;
  [[nodiscard]] virtual S2Status verify_vm(unsigned vm) = 0;
  [[nodiscard]] virtual S2Status power_off(unsigned vm) = 0;
  [[nodiscard]] virtual S2Status map_page_host(std::uint64_t addr) = 0;
  [[nodiscard]] virtual S2Status prot_and_map_vm_s2pt(unsigned vm, std::uint64_t addr, std::uint64_t pte,
                                                      unsigned level) = 0;
  [[nodiscard]] virtual S2Status map_io(unsigned vm, std::uint64_t gpa, std::uint64_t pa) = 0;
  [[nodiscard]] virtual S2Status grant_stage2_sg_gpa(unsigned vm, std::uint64_t addr, std::uint64_t size) = 0;
  [[nodiscard]] virtual S2Status revoke_stage2_sg_gpa(unsigned vm, std::uint64_t addr,
                                                      std::uint64_t size) = 0;
  [[nodiscard]] virtual S2Status clear_vm_range(unsigned vm, std::uint64_t pfn, std::uint64_t num) = 0;
  [[nodiscard]] virtual S2Status alloc_smmu(unsigned principal, unsigned device) = 0;
  [[nodiscard]] virtual S2Status free_smmu(unsigned device) = 0;
  [[nodiscard]] virtual S2Status assign_pfn_to_smmu(unsigned vm, std::uint64_t gfn, std::uint64_t pfn) = 0;
  [[nodiscard]] virtual S2Status update_smmu_page(unsigned principal, unsigned device, std::uint64_t iova,
                                                  std::uint64_t pte) = 0;
  [[nodiscard]] virtual S2Status unmap_smmu_page(unsigned device, std::uint64_t iova) = 0;

  // The state, as the operations know it.
  [[nodiscard]] virtual VmState state(unsigned vm) const = 0;
  [[nodiscard]] virtual Stage2Record record(std::uint64_t pfn) const = 0;
  // No table, no entry.
  [[nodiscard]] virtual std::optional<S2Entry> lookup(unsigned principal, std::uint64_t gfn) const = 0;
  [[nodiscard]] virtual std::optional<S2Entry> device_lookup(unsigned device, std::uint64_t iova) const = 0;
  // Was the frame taken from the host (PAGE_GUEST in its table)?
  [[nodiscard]] virtual bool is_taken(std::uint64_t pfn) const = 0;
  // What hardware knows of a table: where it begins, 0 when there is none. And its pages below the root.
  [[nodiscard]] virtual std::uint64_t root(unsigned principal) const = 0;
  [[nodiscard]] virtual std::uint64_t device_root(unsigned device) const = 0;
  [[nodiscard]] virtual std::uint64_t used(unsigned principal) const = 0;
  [[nodiscard]] virtual std::uint64_t device_used(unsigned device) const = 0;
  // Guest frame numbers that the format has, at most as many as the specification has.
  [[nodiscard]] virtual std::uint64_t gfn_limit() const = 0;
  // Why a table is not well formed; empty when all are.
  [[nodiscard]] virtual std::string_view problem() const = 0;

  // An access of a principal that runs (a machine that is off does not), through the TLB and its table. No
  // device's registers are behind a frame that is no memory: it reads 0 and forgets what is written.
  [[nodiscard]] virtual std::optional<std::uint64_t> read(unsigned principal, std::uint64_t gfn) = 0;
  [[nodiscard]] virtual bool write(unsigned principal, std::uint64_t gfn, std::uint64_t token) = 0;
  [[nodiscard]] virtual std::uint64_t contents(std::uint64_t pfn) const = 0;
  [[nodiscard]] virtual std::vector<Stage2Line>& lines() = 0;

  virtual void fail_allocation(std::uint64_t k) = 0;
  // Did the memory, not a table's bound, say no within this operation?
  [[nodiscard]] virtual bool refused() const = 0;
  [[nodiscard]] virtual std::uint64_t nodes_used() const = 0;
  [[nodiscard]] virtual NodeRecord node_record(std::uint64_t node) const = 0;
  [[nodiscard]] virtual Arena& arena() = 0;
  [[nodiscard]] virtual Observation& observation() = 0;
  // Who hears of every store that hardware can see, and of what follows, from now on.
  virtual void tell(EventSink* sink) = 0;
  virtual void begin_operation() = 0;
  // The program is over: all that follows is stop.
  virtual void close() = 0;
};

template <class F>
[[nodiscard]] std::unique_ptr<Stage2Subject> make_stage2_subject(Watcher& watcher,
                                                                 Stage2Environment& environment);

} // namespace pagetwin::fuzz
