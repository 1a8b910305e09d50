// GROWTH: the same operations while the mapped set grows from 1 MiB to 1 TiB. Only tables take real memory: 8
// bytes a page. A workload is written once for every table, as those of lookups.hpp and edits.hpp, over a set
// that somebody else fills. Knows no sizes but its own.
#pragma once

#include "bench/edits.hpp"
#include "bench/lookups.hpp"

namespace pagetwin::bench {

// 2^Log2Pages pages from the base, in leaves of a page or of the level above.
template <unsigned Log2Pages>
struct PageSet {
  static constexpr unsigned log2_pages = Log2Pages;
  static constexpr std::uint64_t pages = std::uint64_t{1} << Log2Pages, extra = 1U << 14;
  // Of all levels, and of the pages that are mapped behind the set.
  static constexpr std::uint64_t nodes = (pages >> 9) + (pages >> 18) + (pages >> 27) + (extra >> 9) + 8;
  static constexpr const char* suffix = "";
  template <class Table>
  static void fill(Table& table, std::uint64_t base) {
    if constexpr (pages >= 512)
      table.map_range(base, pa_base<Table>, pages * page_of<Table>, page_of<Table>);
    else
      (void)each_page(table, base, pages, MapPage{});
  }
};
template <unsigned Log2Pages>
struct BlockSet : PageSet<Log2Pages> {
  static constexpr std::uint64_t nodes = (PageSet<Log2Pages>::pages >> 18) + 16;
  static constexpr const char* suffix = "_2m";
  template <class Table>
  static void fill(Table& table, std::uint64_t base) {
    for (std::uint64_t at = 0; at < page_of<Table> << Log2Pages; at += block_of<Table>)
      table.map_block(base + at, pa_base<Table> + at);
  }
};

template <class Set, Dependent Chain>
struct LookUp {
  static constexpr const char* name = Chain == Dependent::no ? "GROWTH_random" : "GROWTH_dependent";
  static constexpr std::uint64_t operations = 1U << 18;
  template <class Table>
  static void prepare(Table&, std::uint64_t) {}
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return look_up_all<Chain>(table, operations, [base](Random& random, std::uint64_t) {
      return base + random.next(Set::log2_pages + Table::page_shift);
    });
  }
};

// One page after the other, behind the set, where nothing is mapped.
template <class Set>
struct MapNext {
  static constexpr const char* name = "GROWTH_map_one";
  static constexpr std::uint64_t operations = Set::extra;
  template <class Table>
  static void prepare(Table& table, std::uint64_t base) {
    table.unmap_range(base + Set::pages * page_of<Table>, operations * page_of<Table>);
  }
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return each_page(table, base + Set::pages * page_of<Table>, operations,
                     MapPage{page_of<Table> * Set::pages});
  }
};

// A random page of the set is unmapped, and mapped again where it was. Two edits.
template <class Set>
struct Churn {
  static constexpr const char* name = "GROWTH_churn";
  static constexpr std::uint64_t operations = 1U << 16;
  template <class Table>
  static void prepare(Table&, std::uint64_t) {}
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    Random random;
    std::uint64_t bytes = 0;
    for (std::uint64_t i = 0; i < operations; ++i) {
      const std::uint64_t at = random.next(Set::log2_pages) << Table::page_shift;
      bytes += table.unmap(base + at);
      bytes += table.map(base + at, pa_base<Table> + at);
    }
    return bytes;
  }
};

} // namespace pagetwin::bench
