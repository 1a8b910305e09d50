// libunicorn 2.0.1 in this process: the walker of QEMU 5.0 for stage 1 of AArch64, asked by the instruction
// AT (Arm ARM, DDI 0487, C6.2 "AT", D23.2 "PAR_EL1"), which walks anew each time, so that no TLB is in the
// way. The harness runs at EL1 out of the upper range of addresses (TTBR1_EL1); all of the lower one belongs
// to the table under test. It refuses to judge instruction fetches, which AT cannot ask for, and x86 and
// RISC-V, which this version of the library does not translate as hardware does.
#include "fuzz/emulators/host_memory.hpp"
#include "fuzz/emulators/lpae_status.hpp"
#include "fuzz/emulators/oracles.hpp"
#include "fuzz/emulators/unicorn_cached.hpp"
#include "fuzz/emulators/unicorn_deviations.hpp"
#include "fuzz/emulators/unicorn_engine.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace pagetwin::emulators {

namespace {

// Physical memory for tables; what an image does not fill stays zero.
constexpr std::size_t table_bytes = std::size_t{8} << 30U;

// The four questions, in the order in which the code asks them.
enum Question : std::uint8_t { e1_read, e1_write, e0_read, e0_write };
constexpr unsigned questions = 4;

constexpr std::uint32_t at_x9(Question q) { return 0xd508'7809U | std::uint32_t{q} << 5U; }

// For each question, cells from x0 on hold addresses, up to what x1, x2, x3 or x4 say; answers replace them.
constexpr auto make_code() {
  std::array<std::uint32_t, std::size_t{8} * questions> code{};
  for (std::uint32_t q = 0; q < questions; ++q) {
    const std::array<std::uint32_t, 8> ask{
        0x1400'0006U,                    // b       cmp
        0xf940'0009U,                    // ldr     x9, [x0]
        at_x9(static_cast<Question>(q)), // at      s1e1r | s1e1w | s1e0r | s1e0w, x9
        0xd503'3fdfU,                    // isb
        0xd538'7409U,                    // mrs     x9, par_el1
        0xf800'8409U,                    // str     x9, [x0], #8
        0xeb00'001fU | (q + 1) << 16U,   // cmp     x0, x1 | x2 | x3 | x4
        0x54ff'ff43U,                    // b.lo    ldr
    };
    std::ranges::copy(ask, code.begin() + std::ptrdiff_t{8} * q);
  }
  return code;
}
constexpr auto code = make_code();

// A bit 55 that is set selects the harness's own table.
constexpr bool is_upper(std::uint64_t va) { return (va >> 55U & 1U) != 0; }

std::optional<Question> question(const Probe& probe) {
  if (probe.kind == Kind::execute || is_upper(probe.address))
    return std::nullopt;
  const bool write = probe.kind == Kind::write;
  if (probe.user)
    return write ? e0_write : e0_read;
  return write ? e1_write : e1_read;
}

// PAR_EL1: F in bit 0; with it FST in bits 6:1. What is no fault of the table is no walk that ends well.
Answer read_par(std::uint64_t par, std::uint64_t va) {
  if ((par & 1U) == 0)
    return {Outcome::ok, (par & 0xffff'ffff'f000U) | (va & 0xfffU), std::nullopt};
  constexpr Answer other{Outcome::reserved, std::nullopt, std::nullopt};
  return lpae::read_status(par >> 1U & 0x3fU, 3).value_or(other);
}

class Unicorn final : public Emulator {
 public:
  Unicorn() : harness_(code), tables_(table_bytes) {}
  [[nodiscard]] std::string_view name() const override { return "unicorn"; }
  [[nodiscard]] bool judges(std::string_view format) const override {
    return find_unicorn_regime(format) != nullptr;
  }
  [[nodiscard]] bool writes_back() const override { return false; }
  [[nodiscard]] CachedMmu* cached() override {
    if (cached_ == nullptr)
      cached_ = make_unicorn_cached();
    return cached_.get();
  }

  void walk(std::string_view format, Image image, std::span<const Probe> probes,
            std::span<Answer> answers) override {
    prepare(image).use(*find_unicorn_regime(format), image.root);
    for (std::size_t from = 0; from < probes.size(); from += UnicornHarness::most_cells) {
      const std::size_t count = std::min(UnicornHarness::most_cells, probes.size() - from);
      ask(probes.subspan(from, count), answers.subspan(from, count));
    }
  }

 private:
  UnicornEngine& prepare(const Image& image) {
    if (image.bytes.size() > tables_.size())
      throw std::runtime_error("unicorn: a table of more than 8 GiB");
    std::memcpy(tables_.begin(), image.bytes.data(), image.bytes.size());
    if (used_ > image.bytes.size()) // of the last one
      std::ranges::fill(tables_.part(image.bytes.size(), used_ - image.bytes.size()), std::byte{0});
    used_ = image.bytes.size();
    if (engine_ == nullptr || base_ != image.base || engine_->is_worn_out()) {
      engine_.reset(); // two would hold twice the memory
      engine_ = std::make_unique<UnicornEngine>(harness_);
      engine_->map(image.base, tables_.begin(), tables_.size());
      base_ = image.base;
    }
    return *engine_;
  }

  void ask(std::span<const Probe> probes, std::span<Answer> answers) {
    UnicornEngine::Ends ends{};
    order_.clear();
    for (unsigned q = 0; q < questions; ++q) {
      for (std::size_t i = 0; i < probes.size(); ++i)
        if (question(probes[i]) == static_cast<Question>(q))
          order_.push_back(i);
      ends[q] = order_.size();
    }
    for (std::size_t cell = 0; cell < order_.size(); ++cell)
      harness_.set_cell(cell, probes[order_[cell]].address);
    engine_->run(0, code.size(), ends);
    std::ranges::fill(answers, not_judged);
    for (std::size_t cell = 0; cell < order_.size(); ++cell)
      answers[order_[cell]] = read_par(harness_.cell(cell), probes[order_[cell]].address);
  }

  UnicornHarness harness_;
  HostMemory tables_;
  std::unique_ptr<UnicornEngine> engine_;
  std::unique_ptr<CachedMmu> cached_; // when it is asked for
  std::uint64_t base_ = 0;
  std::size_t used_ = 0;           // bytes of tables_ that may not be zero
  std::vector<std::size_t> order_; // which probe is in which cell
};

} // namespace

Opened open_unicorn() { return Oracle{std::make_unique<Unicorn>(), unicorn_deviations(), {}}; }

} // namespace pagetwin::emulators
