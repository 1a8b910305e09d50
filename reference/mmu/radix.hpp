// The part of an Mmu that every radix page table answers alike: the shared walk (walker.hpp) and the reading
// of all contents (contents.hpp) over the Arch that derives from this, without a virtual call on the way. It
// refuses to know bits: those are Arch's.
#pragma once

#include "reference/mmu/contents.hpp"
#include "reference/mmu/walker.hpp"

namespace reference {

template <typename Arch>
class NineBits; // nine_bits.hpp
template <typename Arch>
class Aarch64; // aarch64.hpp

template <typename Arch>
class Radix : public Mmu {
 public:
  [[nodiscard]] std::optional<Translation> translate(const PhysicalMemory& memory, std::uint64_t root,
                                                     std::uint64_t va, const Mode& mode) const final {
    return walker::translate(arch(), memory, root, va, mode);
  }
  [[nodiscard]] Walk walk(const PhysicalMemory& memory, std::uint64_t root, std::uint64_t va,
                          const Access& access, const Mode& mode) const final {
    return walker::walk(arch(), memory, root, va, access, mode);
  }
  Walk access(const PhysicalMemory& memory, std::uint64_t root, std::uint64_t va, const Access& access,
              const Mode& mode) const final {
    return walker::access(arch(), memory, root, va, access, mode);
  }
  void mark_accessed(const PhysicalMemory& memory, const Step& step, bool is_leaf) const final {
    walker::mark(arch(), memory, step, is_leaf, false);
  }
  void read_contents(const PhysicalMemory& memory, std::uint64_t root, const Mode& mode,
                     Contents& to) const final {
    read_contents_of(arch(), memory, root, mode, to);
  }

  [[nodiscard]] unsigned run_length(const PhysicalMemory& memory, std::uint64_t slot, unsigned count,
                                    unsigned level, const Mode& mode) const final {
    const Series series = series_at(memory, slot, level, mode);
    return series.of == Series::Of::pages ? series.length(memory, slot, count, arch().descriptor_bytes()) : 1;
  }
  [[nodiscard]] bool is_repeated(const PhysicalMemory& memory, std::uint64_t slot, unsigned copies,
                                 unsigned level, const Mode& mode) const final {
    const Series series = series_at(memory, slot, level, mode);
    return series.of == Series::Of::copies
           && series.length(memory, slot, copies, arch().descriptor_bytes()) == copies;
  }
  [[nodiscard]] unsigned next_notable(const PhysicalMemory& memory, std::uint64_t node, unsigned level,
                                      unsigned index, unsigned end, const Mode& mode,
                                      Decoded& to) const final {
    return next_notable_of(arch(), memory, node, level, index, end, mode, to);
  }
  // Bits that an access clears in a word on its way, as flags_set says which ones it sets: mostly none. An
  // Arch with a flag that means clean declares its own.
  [[nodiscard]] static std::uint64_t flags_cleared(unsigned, bool, bool) { return 0; }

 private:
  friend Arch; // nothing else is one
  friend NineBits<Arch>;
  friend Aarch64<Arch>;
  Radix() = default;

  [[nodiscard]] Series series_at(const PhysicalMemory& memory, std::uint64_t slot, unsigned level,
                                 const Mode& mode) const {
    return arch().series(memory.word(slot, arch().descriptor_bytes()), level, mode);
  }
  [[nodiscard]] const Arch& arch() const { return static_cast<const Arch&>(*this); }
};

} // namespace reference
