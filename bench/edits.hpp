// Workloads W6 to W12: edits. Same form as the lookups; `prepare` brings the table back before every pass,
// untimed. Every pass returns how many bytes it changed, so that subject and probe are seen to do the same
// work. Definitions: the project's performance anchors.
#pragma once

#include "bench/lookups.hpp"
#include "bench/page_operations.hpp"

#include <vector>

namespace pagetwin::bench {

// 2^18 pages, one operation each.
struct DenseEdit {
  static constexpr std::uint64_t operations = 1U << 18, nodes = 600;
};
// Nothing is mapped before each pass.
struct FromEmpty {
  template <class Table>
  static void prepare(Table& table, std::uint64_t) {
    table.clear();
  }
};
// They are mapped before each pass.
struct DenseRemoval : DenseEdit {
  template <class Table>
  static void prepare(Table& table, std::uint64_t base) {
    table.clear();
    table.map_range(base, pa_base<Table>, dense<Table>, page_of<Table>);
  }
};
template <class Table, class Edit>
[[nodiscard, gnu::always_inline]] inline std::uint64_t each_page(Table& table, std::uint64_t base,
                                                                 std::uint64_t pages, Edit edit) {
  std::uint64_t bytes = 0;
  for (std::uint64_t at = 0; at < pages * page_of<Table>; at += page_of<Table>)
    bytes += edit(table, base + at, pa_base<Table> + at);
  return bytes;
}

struct W6 : FromEmpty {
  static constexpr const char* name = "W6_map_one";
  static constexpr std::uint64_t operations = 1U << 16, nodes = 200;
  static constexpr Goal goal{1.0, 0.5};
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return each_page(table, base, operations, MapPage{});
  }
};

struct W7 : DenseEdit, FromEmpty {
  static constexpr const char* name = "W7_map_range";
  static constexpr Goal goal{1.1, 0.7};
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return table.map_range(base, pa_base<Table>, dense<Table>, page_of<Table>);
  }
};

struct W8 : FromEmpty {
  static constexpr const char* name = "W8_map_range_2m";
  static constexpr std::uint64_t operations = 1U << 15, nodes = 100;
  static constexpr Goal goal{1.5, 1.0};
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return table.map_range(base, pa_base<Table>, block_of<Table> << 15, block_of<Table>);
  }
};

struct W9 : DenseRemoval {
  static constexpr const char* name = "W9_unmap_range";
  static constexpr Goal goal{0.15, 0.1};
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return table.unmap_range(base, dense<Table>);
  }
};

struct W9b : DenseRemoval {
  static constexpr const char* name = "W9b_unmap_one";
  static constexpr Goal goal{1.1, 0.77};
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return each_page(table, base, operations, UnmapPage{});
  }
};

struct W9c : DenseRemoval {
  static constexpr const char* name = "W9c_unmap_collect";
  static constexpr Goal goal{2.2, 1.3};
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    static std::vector<std::uint64_t> frames(operations);
    const std::uint64_t bytes = table.unmap_collect(base, dense<Table>, frames.data());
    return bytes + frames[12345];
  }
};

// A random page of 2^18 is mapped if it is not, and unmapped if it is. Who calls knows which, by a bitmap of
// its own.
struct W10 : DenseEdit {
  static constexpr const char* name = "W10_churn";
  static constexpr Goal goal{1.1, 1.0};
  template <class Table>
  static void prepare(Table& table, std::uint64_t base) {
    table.clear();
    for (std::uint64_t va = 0; va < dense<Table>; va += 2 * page_of<Table>)
      table.map(base + va, pa_base<Table> + va);
  }
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    std::vector<std::uint64_t> mapped(operations / 64, 0x5555'5555'5555'5555);
    Random random;
    std::uint64_t bytes = 0;
    for (std::uint64_t i = 0; i < operations; ++i) {
      const std::uint64_t number = random.next(18), bit = std::uint64_t{1} << (number & 63),
                          at = number << Table::page_shift;
      const bool is_mapped = (mapped[number >> 6] & bit) != 0;
      bytes += is_mapped ? table.unmap(base + at) : table.map(base + at, pa_base<Table> + at);
      mapped[number >> 6] ^= bit;
    }
    return bytes;
  }
};

// One operation is a map and an unmap of one page in a table that is otherwise empty.
struct W10p {
  static constexpr const char* name = "W10p_ping_pong";
  static constexpr std::uint64_t operations = 1U << 16, nodes = 10;
  static constexpr Goal goal{3, 2.3};
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    std::uint64_t bytes = 0;
    for (std::uint64_t i = 0; i < operations; ++i) {
      const std::uint64_t va = base + ((i & 511) << Table::page_shift);
      bytes += table.map(va, pa_base<Table>) + table.unmap(va);
    }
    return bytes;
  }
};

// Writable to read-only and back: every pass changes every page.
struct W11 : DenseEdit {
  static constexpr const char* name = "W11_protect_range";
  static constexpr Goal goal{2.2, 1.3};
  static constexpr std::uint64_t turns = 2, operations = DenseEdit::operations * turns;
  template <class Table>
  static void fill(Table& table, std::uint64_t base) {
    table.map_range(base, pa_base<Table>, dense<Table>, page_of<Table>);
  }
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return table.protect(base, dense<Table>, false) + table.protect(base, dense<Table>, true);
  }
};

// One page out of each of 512 leaves of level 1. The probe has no split; its lookup (W2) is the denominator,
// as in the anchors' "395 ns where raw_checked's W2 is 4.3 ns".
struct W12 {
  static constexpr const char* name = "W12_split";
  static constexpr std::uint64_t operations = 512, nodes = 600;
  static constexpr unsigned log2_parts = 9; // of the leaves that the goal is about
  static constexpr Goal goal{395 / 4.3, 330 / 4.3};
  template <class Table>
  static void prepare(Table& table, std::uint64_t base) {
    table.clear();
    table.map_range(base, pa_base<Table>, block_of<Table> << 9, block_of<Table>);
  }
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    std::uint64_t bytes = 0;
    for (std::uint64_t leaf = 0; leaf < operations; ++leaf)
      bytes += table.unmap(base + leaf * block_of<Table> + block_of<Table> / 2);
    return bytes;
  }
};

} // namespace pagetwin::bench
