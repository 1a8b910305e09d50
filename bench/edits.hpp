// Workloads W6 to W12: edits. Same form as the lookups; `prepare` brings the table back before every pass,
// untimed. Every pass returns how many bytes it changed, so that subject and probe are seen to do the same
// work. Definitions: the project's performance anchors.
#pragma once

#include "bench/lookups.hpp"

#include <vector>

namespace pagetwin::bench {

// 1 GiB, one operation a page.
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
// 1 GiB is mapped before each pass.
struct DenseRemoval : DenseEdit {
  template <class Table>
  static void prepare(Table& table, std::uint64_t base) {
    table.clear();
    table.map_range(base, pa_base, gib, 4096);
  }
};
template <class Table, class Edit>
[[nodiscard, gnu::always_inline]] inline std::uint64_t each_page(Table& table, std::uint64_t base,
                                                                 std::uint64_t pages, Edit edit) {
  std::uint64_t bytes = 0;
  for (std::uint64_t at = 0; at < pages << 12; at += 4096)
    bytes += edit(table, base + at, pa_base + at);
  return bytes;
}

struct W6 : FromEmpty {
  static constexpr const char* name = "W6_map_one";
  static constexpr std::uint64_t operations = 1U << 16, nodes = 200;
  static constexpr double at_most = 1.0;
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return each_page(table, base, operations,
                     [](Table& t, std::uint64_t va, std::uint64_t pa) { return t.map(va, pa); });
  }
};

struct W7 : DenseEdit, FromEmpty {
  static constexpr const char* name = "W7_map_range";
  static constexpr double at_most = 1.1;
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return table.map_range(base, pa_base, gib, 4096);
  }
};

struct W8 : FromEmpty {
  static constexpr const char* name = "W8_map_range_2m";
  static constexpr std::uint64_t operations = 1U << 15, nodes = 100;
  static constexpr double at_most = 1.5;
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return table.map_range(base, pa_base, 64 * gib, 2 * mib);
  }
};

struct W9 : DenseRemoval {
  static constexpr const char* name = "W9_unmap_range";
  static constexpr double at_most = 0.15;
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return table.unmap_range(base, gib);
  }
};

struct W9b : DenseRemoval {
  static constexpr const char* name = "W9b_unmap_one";
  static constexpr double at_most = 1.1;
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return each_page(table, base, operations,
                     [](Table& t, std::uint64_t va, std::uint64_t) { return t.unmap(va); });
  }
};

struct W9c : DenseRemoval {
  static constexpr const char* name = "W9c_unmap_collect";
  static constexpr double at_most = 2.2;
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    static std::vector<std::uint64_t> frames(operations);
    const std::uint64_t bytes = table.unmap_collect(base, gib, frames.data());
    return bytes + frames[12345];
  }
};

// A random page of 1 GiB is mapped if it is not, and unmapped if it is. Who calls knows which, by a bitmap of
// its own.
struct W10 : DenseEdit {
  static constexpr const char* name = "W10_churn";
  static constexpr double at_most = 1.1;
  template <class Table>
  static void prepare(Table& table, std::uint64_t base) {
    table.clear();
    for (std::uint64_t va = 0; va < gib; va += 8192)
      table.map(base + va, pa_base + va);
  }
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    std::vector<std::uint64_t> mapped(operations / 64, 0x5555'5555'5555'5555);
    Random random;
    std::uint64_t bytes = 0;
    for (std::uint64_t i = 0; i < operations; ++i) {
      const std::uint64_t number = random.next(18), bit = std::uint64_t{1} << (number & 63),
                          at = number << 12;
      const bool is_mapped = (mapped[number >> 6] & bit) != 0;
      bytes += is_mapped ? table.unmap(base + at) : table.map(base + at, pa_base + at);
      mapped[number >> 6] ^= bit;
    }
    return bytes;
  }
};

// One operation is a map and an unmap of one page in a table that is otherwise empty.
struct W10p {
  static constexpr const char* name = "W10p_ping_pong";
  static constexpr std::uint64_t operations = 1U << 16, nodes = 10;
  static constexpr double at_most = 3;
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    std::uint64_t bytes = 0;
    for (std::uint64_t i = 0; i < operations; ++i) {
      const std::uint64_t va = base + ((i & 511) << 12);
      bytes += table.map(va, pa_base) + table.unmap(va);
    }
    return bytes;
  }
};

// Writable to read-only and back: every pass changes every page.
struct W11 : DenseEdit {
  static constexpr const char* name = "W11_protect_range";
  static constexpr double at_most = 2.2;
  static constexpr std::uint64_t turns = 2, operations = DenseEdit::operations * turns;
  template <class Table>
  static void fill(Table& table, std::uint64_t base) {
    table.map_range(base, pa_base, gib, 4096);
  }
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return table.protect(base, gib, false) + table.protect(base, gib, true);
  }
};

// One page out of each of 512 leaves of 2 MiB. The probe has no split; its lookup (W2) is the denominator, as
// in the anchors' "395 ns where raw_checked's W2 is 4.3 ns".
struct W12 {
  static constexpr const char* name = "W12_split";
  static constexpr std::uint64_t operations = 512, nodes = 600;
  static constexpr double at_most = 395 / 4.3;
  template <class Table>
  static void prepare(Table& table, std::uint64_t base) {
    table.clear();
    table.map_range(base, pa_base, gib, 2 * mib);
  }
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    std::uint64_t bytes = 0;
    for (std::uint64_t leaf = 0; leaf < operations; ++leaf)
      bytes += table.unmap(base + leaf * 2 * mib + mib);
    return bytes;
  }
};

} // namespace pagetwin::bench
