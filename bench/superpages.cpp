// Edits of leaves above the level of pages, beside W8 and W12: 2^15 of them, 64 GiB in 2 MiB each. With and
// without flags that hardware sets: where it does, a live leaf is exchanged rather than stored.
#include "bench/edits.hpp"
#include "bench/lists.hpp"
#include "bench/ours.hpp"
#include "bench/raw.hpp"
#include "bench/registry.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/riscv.hpp"
#include "src/arch/x86_64.hpp"

namespace pagetwin::bench {
namespace {

struct Blocks {
  static constexpr std::uint64_t operations = 1U << 15, nodes = 100;
  static constexpr Goal goal{}; // none has been set
  template <class Table>
  static constexpr std::uint64_t length = block_of<Table> * operations;
};
struct MappedBlocks : Blocks {
  template <class Table>
  static void prepare(Table& table, std::uint64_t base) {
    table.clear();
    table.map_range(base, pa_base<Table>, length<Table>, block_of<Table>);
  }
};

struct MapOne : Blocks, FromEmpty {
  static constexpr const char* name = "W8b_map_one_2m";
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    std::uint64_t bytes = 0;
    for (std::uint64_t at = 0; at < length<Table>; at += block_of<Table>)
      bytes += table.map_block(base + at, pa_base<Table> + at);
    return bytes;
  }
};
struct UnmapRange : MappedBlocks {
  static constexpr const char* name = "W9d_unmap_range_2m";
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return table.unmap_blocks(base, length<Table>);
  }
};
// Writable to read-only and back: every pass changes every leaf.
struct Protect : Blocks {
  static constexpr const char* name = "W11b_protect_range_2m";
  static constexpr std::uint64_t operations = 2 * Blocks::operations;
  template <class Table>
  static void fill(Table& table, std::uint64_t base) {
    table.map_range(base, pa_base<Table>, length<Table>, block_of<Table>);
  }
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return table.protect_blocks(base, length<Table>, false) + table.protect_blocks(base, length<Table>, true);
  }
};

using Superpages = List<MapOne, UnmapRange, Protect>;

template <Format F>
void add_format() {
  add_duels<Ours<F>, RawFor<F>>(Superpages{});
  add_duels<Ours<F, HardwareFlags::on>, RawFor<F>>(Superpages{});
}

} // namespace

void add_superpages() {
  add_format<X86_64_4>();
  add_format<Aarch64S1_4k>();
  add_format<Aarch64S2_4k>();
  add_format<RiscvSv48>();
}

} // namespace pagetwin::bench
