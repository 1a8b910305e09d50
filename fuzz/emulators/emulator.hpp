// A foreign MMU: one that nobody here wrote, behind one interface. The bytes of a table and a list of probes
// go in; a physical address or a fault for each, and the bytes as the MMU left them, come out. Formats have
// the names of reference/mmu ("aarch64_s1_4k"). It refuses to know what the right answer is:
// fuzz/machines/foreign compares. Control registers are those that the table machine walks in
// (docs/emulators.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pagetwin::emulators {

enum class Kind : std::uint8_t { read, write, execute };

struct Probe {
  std::uint64_t address;
  Kind kind;
  bool user;
};

enum class Outcome : std::uint8_t {
  ok,
  not_present,
  protection,
  reserved,
  address_size,
  access_flag,
  non_canonical,
  fault,      // one of them, and its reason cannot be told: RISC-V has one page fault for all
  not_judged, // this oracle cannot ask its MMU
};

struct Answer {
  Outcome outcome;
  std::optional<std::uint64_t> pa; // none: this oracle cannot tell
  std::optional<unsigned> level;   // of the fault, ours: 0 is the page
};
inline constexpr Answer not_judged{Outcome::not_judged, std::nullopt, std::nullopt};

// Table memory as the table under test wrote it: bytes[i] lies at physical address base + i.
struct Image {
  std::uint64_t base;
  std::span<std::byte> bytes;
  std::uint64_t root;
};

class CachedMmu; // cached_mmu.hpp

class Emulator {
 public:
  Emulator() = default;
  Emulator(const Emulator&) = delete;
  Emulator& operator=(const Emulator&) = delete;
  virtual ~Emulator() = default;

  [[nodiscard]] virtual std::string_view name() const = 0; // "unicorn", "qemu", "kvm"
  [[nodiscard]] virtual bool judges(std::string_view format) const = 0;
  // One answer per probe, in their order. Afterwards image.bytes holds what the MMU made of them (accessed,
  // dirty), if writes_back(). A slot that the emulator needs for itself holds its old word again, and what
  // lies below it is not judged. Throws std::runtime_error when it cannot go on.
  virtual void walk(std::string_view format, Image image, std::span<const Probe> probes,
                    std::span<Answer> answers) = 0;
  // Whether it manages accessed and dirty flags; without, it faults where they are missing, if the format
  // does.
  [[nodiscard]] virtual bool writes_back() const = 0;
  // The same MMU behind its TLB, if it can be asked that way.
  [[nodiscard]] virtual CachedMmu* cached() { return nullptr; }
};

// Why an emulator is not there, for the visible skip.
struct Absent {
  std::string emulator, reason;
};

} // namespace pagetwin::emulators
