// hvisor's high-level state machine: memory words, and which frame each page of each address space is. It
// refuses to know tables, TLBs and CPUs. Transcribed from the published specification, with its rules and
// errors as docs/hvisor.md lists them, and with what it leaves out: several address spaces whose upper half,
// the kernel's, is one for all; split and promote, which change no translation.
#pragma once

#include "reference/profile.hpp"
#include "reference/status.hpp"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace reference {

struct Frame {
  std::uint64_t base = 0, size = 0;
  Attributes attributes; // of a device: a memory type

  bool operator==(const Frame&) const = default;
};

// One page of a space.
struct PageMapping {
  std::uint64_t va = 0;
  Frame frame;

  [[nodiscard]] bool covers(std::uint64_t at) const { return at - va < frame.size; }
  [[nodiscard]] std::uint64_t pa_of(std::uint64_t at) const { return frame.base + (at - va); }
  [[nodiscard]] Translation translate(std::uint64_t at) const {
    return {pa_of(at), frame.size, frame.attributes, {}};
  }
  bool operator==(const PageMapping&) const = default;
};

// Words of 8 bytes by physical address. What was never written is initial(pa).
class Words {
 public:
  explicit Words(std::uint64_t (*initial)(std::uint64_t pa)) : initial_(initial) {}

  void reset() { written_.clear(); }
  [[nodiscard]] std::uint64_t read(std::uint64_t pa) const;
  void write(std::uint64_t pa, std::uint64_t word);
  [[nodiscard]] const std::vector<std::pair<std::uint64_t, std::uint64_t>>& written() const {
    return written_;
  }

 private:
  std::uint64_t (*initial_)(std::uint64_t pa);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> written_; // ascending by address
};

class HighLevel {
 public:
  // memory_bytes: physical memory, from address 0. The profile outlives the machine.
  HighLevel(const Profile& profile, std::uint64_t memory_bytes, std::uint64_t (*initial)(std::uint64_t pa))
      : profile_(&profile), memory_bytes_(memory_bytes), memory_(initial) {}

  // No page is mapped, no word was written.
  void reset(unsigned spaces);

  // The caller knows that the space exists. On any status but ok nothing changes.
  [[nodiscard]] Status map(unsigned space, std::uint64_t va, const Frame& frame);
  [[nodiscard]] Status unmap(unsigned space, std::uint64_t va);
  [[nodiscard]] Status protect(unsigned space, std::uint64_t va, Attributes attributes);
  [[nodiscard]] Status split(unsigned space, std::uint64_t va, std::uint64_t size);
  [[nodiscard]] Status promote(unsigned space, std::uint64_t va, std::uint64_t size);
  // Is va the base of a mapping? What else is asked of one page says so too: harvest.
  [[nodiscard]] Status find(unsigned space, std::uint64_t va) const;
  // The pages of its own half; the kernel's stay.
  void forget(unsigned space) { own_[space].clear(); }

  [[nodiscard]] std::optional<PageMapping> query(unsigned space, std::uint64_t va) const;
  // The physical address that an access reaches; nothing: it faults.
  [[nodiscard]] std::optional<std::uint64_t> reach(unsigned space, std::uint64_t va,
                                                   const Access& access) const;
  [[nodiscard]] bool is_kernel(std::uint64_t va) const { return (va >> (profile_->va_bits - 1) & 1U) != 0; }

  // Ascending.
  [[nodiscard]] const std::vector<PageMapping>& own(unsigned space) const { return own_[space]; }
  [[nodiscard]] const std::vector<PageMapping>& kernel() const { return kernel_; }
  [[nodiscard]] Words& memory() { return memory_; }
  [[nodiscard]] const Words& memory() const { return memory_; }
  [[nodiscard]] const Profile& profile() const { return *profile_; }

 private:
  using Pages = std::vector<PageMapping>;

  [[nodiscard]] std::uint64_t alignment_of(std::uint64_t size) const;
  [[nodiscard]] Status check_page(std::uint64_t va, std::uint64_t size) const;
  [[nodiscard]] Status check_attributes(const Attributes& attributes, std::uint64_t size) const;
  // What is written down: only the kernel's pages are global, and all of them.
  [[nodiscard]] Attributes placed(Attributes attributes, std::uint64_t va) const;
  [[nodiscard]] Pages& pages(unsigned space, std::uint64_t va) {
    return is_kernel(va) ? kernel_ : own_[space];
  }
  [[nodiscard]] const Pages& pages(unsigned space, std::uint64_t va) const {
    return is_kernel(va) ? kernel_ : own_[space];
  }
  [[nodiscard]] std::uint64_t next_smaller(std::uint64_t size) const;
  static void divide(Pages& pages, std::size_t at, std::uint64_t size);

  const Profile* profile_;
  std::uint64_t memory_bytes_;
  Words memory_;
  std::vector<Pages> own_; // by space
  Pages kernel_;
};

} // namespace reference
