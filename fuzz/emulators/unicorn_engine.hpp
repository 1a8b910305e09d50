// A virtual processor of libunicorn 2.0.1 (QEMU 5.0) at EL1 of AArch64, which runs loops of the harness out
// of the upper range of addresses (TTBR1_EL1); all of the lower one belongs to the table under test. A loop
// goes over cells of eight bytes, which the harness's memory holds. It refuses to know what a loop asks.
#pragma once

#include "fuzz/emulators/host_memory.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unicorn/unicorn.h>

namespace pagetwin::emulators {

struct UnicornRegime {
  std::string_view format;
  unsigned input_bits, granule_shift;
  std::uint64_t TG0; // of TCR_EL1
};
// Null where this walker does not know the format.
[[nodiscard]] const UnicornRegime* find_unicorn_regime(std::string_view format);

// The harness at its physical address, and at the start of the upper range: its table, its code, the cells.
class UnicornHarness {
 public:
  static constexpr std::uint64_t va = 0xffff'ff80'0000'0000, physical = std::uint64_t{1} << 40U;
  static constexpr std::size_t bytes = std::size_t{2} << 20U, most_cells = (bytes >> 1U) / 8;

  explicit UnicornHarness(std::span<const std::uint32_t> code);

  [[nodiscard]] std::uint64_t cell(std::size_t i) const;
  void set_cell(std::size_t i, std::uint64_t value);
  [[nodiscard]] const HostMemory& memory() const { return memory_; }

 private:
  HostMemory memory_;
};

class UnicornEngine {
 public:
  // Up to four groups of cells that lie one after the other: where each ends.
  using Ends = std::array<std::size_t, 4>;

  explicit UnicornEngine(const UnicornHarness& harness);
  ~UnicornEngine();
  UnicornEngine(const UnicornEngine&) = delete;
  UnicornEngine& operator=(const UnicornEngine&) = delete;

  // Physical memory; besides, a region is also looked up by the virtual address of an access.
  void map(std::uint64_t address, std::byte* memory, std::size_t bytes);
  // From now on a data abort puts 1 into x10 and goes on behind its instruction, instead of ending run().
  void survive_aborts();
  void use(const UnicornRegime& regime, std::uint64_t root);
  // Runs instructions [first, end) of the code with x0 at the first cell and x1 to x4 at the ends. Throws
  // std::runtime_error if it ends in an exception.
  void run(std::size_t first, std::size_t end, const Ends& ends);
  // libunicorn keeps some memory for each run: 512 MiB after 150,000 of them.
  [[nodiscard]] bool is_worn_out() const { return runs_ >= 20'000; }

 private:
  void set(std::uint32_t op0, std::uint32_t op1, std::uint32_t crn, std::uint32_t crm, std::uint32_t op2,
           std::uint64_t value);

  uc_engine* uc_ = nullptr;
  unsigned runs_ = 0;
  std::optional<std::uint32_t> unexpected_; // exception that ended the last run
};

} // namespace pagetwin::emulators
