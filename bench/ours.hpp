// The subject: our table behind the few words that workloads are written in. Each is one call of the public
// operation.
#pragma once

#include "bench/arena.hpp"
#include "bench/goal.hpp"
#include "bench/streams.hpp"
#include "src/table/page_table.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace pagetwin::bench {

// Adapters vanish: what is measured is the call of the operation, not of the adapter.
#define PAGETWIN_INLINE [[gnu::always_inline]] inline

// What a lookup of a hole answers: no frame has this address.
inline constexpr std::uint64_t miss = ~std::uint64_t{0};

template <Format F, HardwareFlags Hardware = HardwareFlags::off, class M = PlainMemory<Hardware>>
class Ours {
 public:
  static constexpr unsigned levels = F::levels, page_shift = F::page_shift,
                            block_shift = Geometry<F>::span_shift(1);
  using Place = std::conditional_t<
      F::pa_bits == 32, Narrow,
      std::conditional_t<F::va_bits - F::page_shift <= 24, FromZero<F::page_shift>, Wide<F::page_shift>>>;

  // They are for descriptors of eight bytes, for flags that no hardware sets, and where leaves have parts for
  // as many of those.
  template <class Workload>
  static constexpr Goal goal = [] {
    if constexpr (requires { Workload::log2_parts; })
      if (block_shift - page_shift != Workload::log2_parts)
        return Goal{};
    return sizeof(typename F::Raw) == 8 && Hardware == HardwareFlags::off ? Workload::goal : Goal{};
  }();

  explicit Ours(std::uint64_t nodes)
      : arena_(units(nodes), unit_shift), records_(units(nodes)),
        pool_(arena_.memory(), F::pa_bits == 32 ? Arena::base_of_32_bits : Arena::base, unit_shift, records_),
        memory_(pool_) {
    table_.emplace(made(memory_));
  }
  Ours(const Ours&) = delete;
  Ours& operator=(const Ours&) = delete;
  ~Ours() = default;

  [[nodiscard]] static std::string name() {
    return std::string(F::name) + (Hardware == HardwareFlags::on ? "_hw" : "");
  }
  [[nodiscard]] PAGETWIN_INLINE std::uint64_t lookup(std::uint64_t va) const {
    const auto found = table_->lookup(VirtAddr{va});
    return found ? raw(found->pa()) : miss;
  }
  // These return how many bytes they changed, so that subject and probe can be compared.
  PAGETWIN_INLINE std::uint64_t map(std::uint64_t va, std::uint64_t pa) {
    return table_->map(VirtAddr{va}, PhysAddr{pa}, page, writable) == Status::ok ? page : 0;
  }
  PAGETWIN_INLINE std::uint64_t map_block(std::uint64_t va, std::uint64_t pa) {
    constexpr std::uint64_t block = bytes_of(block_shift);
    return table_->map(VirtAddr{va}, PhysAddr{pa}, block, writable) == Status::ok ? block : 0;
  }
  PAGETWIN_INLINE std::uint64_t map_range(std::uint64_t va, std::uint64_t pa, std::uint64_t length,
                                          std::uint64_t largest) {
    const bool ok = table_->map_range(VirtAddr{va}, PhysAddr{pa}, length, writable, largest) == Status::ok;
    return ok ? length : 0;
  }
  PAGETWIN_INLINE std::uint64_t unmap(std::uint64_t va) { return unmap_range(va, page); }
  PAGETWIN_INLINE std::uint64_t unmap_range(std::uint64_t va, std::uint64_t length) {
    return table_->unmap(VirtAddr{va}, length).bytes;
  }
  // Writes the frame of every removed leaf where its page belongs, bit 0 for dirty. A sink that summed up in
  // one place would be measured instead: through memory that takes longer than the table's work.
  PAGETWIN_INLINE std::uint64_t unmap_collect(std::uint64_t va, std::uint64_t length, std::uint64_t* frames) {
    const auto sink = [va, frames](const LeafReport& leaf) {
      frames[(leaf.va - va) / page] = raw(leaf.frame) | static_cast<std::uint64_t>(leaf.flags.dirty);
    };
    return table_->unmap_collect(VirtAddr{va}, length, sink).bytes;
  }
  PAGETWIN_INLINE std::uint64_t protect(std::uint64_t va, std::uint64_t length, bool write) {
    return table_->protect(VirtAddr{va}, length, Rights::read | when(write, Rights::write)).bytes;
  }
  // The same of leaves of the level above, which the probe has apart.
  PAGETWIN_INLINE std::uint64_t unmap_blocks(std::uint64_t va, std::uint64_t length) {
    return unmap_range(va, length);
  }
  PAGETWIN_INLINE std::uint64_t protect_blocks(std::uint64_t va, std::uint64_t length, bool write) {
    return protect(va, length, write);
  }
  void clear() { (void)table_->clear(); }

  // With the side array, which is table memory too.
  [[nodiscard]] std::uint64_t memory_bytes() const {
    return pool_.used() * (bytes_of(unit_shift) + sizeof(NodeRecord));
  }

 protected:
  using Memory = M;
  using Table = PageTable<F, Memory>;
  static constexpr SpaceId space{0};
  [[nodiscard]] Memory& memory() { return memory_; }
  [[nodiscard]] Table& table() { return *table_; }
  [[nodiscard]] const Table& table() const { return *table_; }

 private:
  static constexpr unsigned unit_shift = Geometry<F>::node_shift(0);
  static constexpr std::uint64_t page = bytes_of(page_shift);
  // A workload's nodes are those of 4 KiB pages. Wider ones hold more pages each, but some workloads need one
  // for each of 512 places.
  [[nodiscard]] static std::uint64_t units(std::uint64_t nodes) {
    const std::uint64_t bytes = std::max(nodes << Arena::node_shift, std::uint64_t{600} << unit_shift);
    return bytes >> unit_shift;
  }
  static constexpr Attributes writable{.rights = Rights::read | Rights::write};

  // A workload says how many nodes it needs; one that cannot even have a root is a mistake in it.
  [[nodiscard]] static Table made(Memory& memory) {
    const auto table = Table::create(memory, space);
    if (!table)
      std::abort();
    return *table;
  }

  // First, as in an object of its own: behind the pool it would be hundreds of bytes from where `this` leads,
  // in each instruction that asks it.
  std::optional<Table> table_;
  Arena arena_;
  std::vector<NodeRecord> records_;
  NodePool pool_;
  Memory memory_;
};

} // namespace pagetwin::bench
