// 4-level and 5-level paging as QEMU 7.2 walks it on `-cpu max`, with NXE, WP, PKE (PKRU=0), 52 bits of
// physical address, without SMEP and SMAP, and hardware that sets A and D. Accesses are real ones, made out
// of a reserved slot of the root. A write changes nothing; a fetch runs into zeros in its page, which are
// looked for first, with the table put back in between; where there are none it is not judged. A physical
// address is known where QEMU has plugins (plugin.c), and never that of a fetch. Rule: Intel SDM volume
// 3A, 4.5 and 4.7.
#include "fuzz/emulators/qemu.hpp"
#include "fuzz/emulators/qemu_deviations.hpp"
#include "fuzz/emulators/x86_harness.hpp"
#include "fuzz/emulators/x86_trail.hpp"

#include <algorithm>
#include <cstring>

namespace pagetwin::emulators {

namespace {

// guests/x86_64.S: `third` and `fourth`; ROOT_SLOT there is x86_harness_slot.
constexpr std::uint64_t harness_table(unsigned levels) { return levels == 4 ? 0x103000 : 0x102000; }

constexpr std::size_t below_4g = std::size_t{3} << 30U; // the microvm machine's; RAM goes on at 4 GiB
constexpr std::size_t mailbox_at = std::size_t{2} << 20U, physical_at = 0x105000;
constexpr unsigned cr3_register = 0, levels_register = 1, look_register = 2;

constexpr std::uint64_t no_fault = 255, protection_fault = 13, page_fault = 14;

// What the plugin tells of RAM is an offset in its file, or beyond its end, where QEMU keeps its firmware.
std::optional<std::uint64_t> physical(std::uint64_t told) {
  constexpr std::uint64_t nothing = ~std::uint64_t{0}, in_ram = std::uint64_t{1} << 63U;
  if (told == nothing)
    return std::nullopt;
  const std::uint64_t offset = told & ~in_ram;
  if ((told & in_ram) == 0 || offset < below_4g)
    return offset;
  return offset < below_4g + image_bytes ? std::optional(offset - below_4g + image_base) : std::nullopt;
}

class QemuX86 final : public Qemu {
 public:
  explicit QemuX86(const QemuMachine& machine) : Qemu(machine) {}
  [[nodiscard]] bool judges(std::string_view format) const override {
    return find_x86_paging(format) != nullptr;
  }
  [[nodiscard]] bool watches(std::string_view format) const override { return judges(format); }
  void walk(std::string_view format, Image image, std::span<const Probe> probes,
            std::span<Answer> answers) override {
    Qemu::walk(format, image, probes, answers);
    for (std::size_t i = 0; i < probes.size(); ++i)
      if (follow(*find_x86_paging(format), image, probes[i].address).harness)
        answers[i] = not_judged;
  }

 protected:
  [[nodiscard]] bool asks(std::string_view format, const Probe& probe) const override {
    return !find_x86_paging(format)->is_harness(probe.address);
  }
  void start(QemuProcess&) override {}

  void prepare(QemuProcess& process, std::string_view format, const Image& image) override {
    using namespace x86_entry;
    const unsigned levels = find_x86_paging(format)->levels;
    process.box().registers[cr3_register] = image.root;
    process.box().registers[levels_register] = levels;
    process.box().registers[look_register] = 0;
    put_slot(process, image, harness_table(levels) | P | RW | US | A);
  }
  // An image may end before the slot (witness.cpp), and what is behind it is zero.
  void finish(QemuProcess& process, const Image& image) override {
    std::uint64_t word = 0;
    if (borrowed(image) < image.bytes.size())
      std::memcpy(&word, &image.bytes[borrowed(image)], sizeof word);
    put_slot(process, image, word);
  }
  [[nodiscard]] std::size_t borrowed(const Image& image) const override {
    return image.root - image.base + std::size_t{8} * x86_harness_slot;
  }

  void ask(const Batch& batch) override {
    const auto is_fetch = [](const Probe& probe) { return probe.kind == Kind::execute; };
    if (std::ranges::none_of(batch.probes, is_fetch))
      return Qemu::ask(batch);
    aimed_.assign(batch.probes.begin(), batch.probes.end());
    aim(batch);
    load(batch.process, batch.image); // looking for zeros left marks
    prepare(batch.process, batch.format, batch.image);
    Qemu::ask({batch.process, batch.format, batch.image, aimed_, batch.answers});
  }

  [[nodiscard]] Answer read(std::string_view, const Probe& probe, const mailbox_cell& cell) override {
    if ((cell.second & 0xffU) == no_fault)
      return {Outcome::ok, probe.kind == Kind::execute ? std::nullopt : physical(cell.first), std::nullopt};
    if ((cell.second & 0xffU) == protection_fault)
      return {Outcome::non_canonical, std::nullopt, std::nullopt};
    if ((cell.second & 0xffU) == page_fault)
      return read_x86_page_fault(cell.second >> 8U);
    return not_judged;
  }

 private:
  void put_slot(QemuProcess& process, const Image& image, std::uint64_t word) const {
    std::memcpy(image_memory(process, borrowed(image), sizeof word).data(), &word, sizeof word);
  }

  // Moves each fetch within its page to where it can do no harm.
  void aim(const Batch& batch) {
    mailbox& box = batch.process.box();
    looks_.clear();
    for (std::size_t i = 0; i < aimed_.size(); ++i)
      if (aimed_[i].kind == Kind::execute && asks(batch.format, aimed_[i]))
        looks_.push_back(i);
    for (std::size_t cell = 0; cell < looks_.size(); ++cell)
      box.cells[cell] = {aimed_[looks_[cell]].address, 1};
    // No cell may look like zeros, for what is found there would change.
    for (std::size_t cell = looks_.size(); cell < MAILBOX_CELLS; ++cell)
      box.cells[cell] = {0, 1};
    std::ranges::fill(box.ends, std::max<std::size_t>(looks_.size(), 1));
    box.ends[0] = looks_.size();
    box.registers[look_register] = 1;
    batch.process.run();
    for (std::size_t cell = 0; cell < looks_.size(); ++cell)
      aimed_[looks_[cell]].address = target(batch.format, aimed_[looks_[cell]], box.cells[cell]);
  }
  // What faults may be fetched as it is; what holds no zeros must not be, and the reserved slot is not asked.
  static std::uint64_t target(std::string_view format, const Probe& probe, const mailbox_cell& found) {
    constexpr std::uint64_t no_zeros = 254;
    if (found.second == no_zeros)
      return find_x86_paging(format)->base_of(x86_harness_slot);
    return (found.second & 0xffU) == no_fault ? found.first : probe.address;
  }

  std::vector<Probe> aimed_;
  std::vector<std::size_t> looks_; // which probe is in which cell
};

} // namespace

Opened open_qemu_x86() {
  QemuMachine machine{"qemu-x86_64",
                      "qemu-system-x86_64",
                      "x86_64.elf",
                      // maxcpus: with a second processor to come, atomic instructions are atomic, and begin
                      // with the write.
                      {"-M",
                       "microvm,memory-backend=ram,accel=tcg,acpi=off,rtc=off,pit=off,pic=on,isa-serial=on",
                       "-cpu", "max,phys-bits=52", "-smp", "1,maxcpus=2", "-serial", "chardev:harness"},
                      below_4g + image_bytes,
                      mailbox_at,
                      below_4g,
                      physical_at};
  if (auto absent = absence(machine))
    return *absent;
  return Oracle{std::make_unique<QemuX86>(machine), qemu_x86_deviations(), qemu_x86_word_deviations()};
}

} // namespace pagetwin::emulators
