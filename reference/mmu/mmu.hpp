// One memory management unit, as hardware reads bytes: what fuzz/ may know of an architecture at run time.
// It refuses to know any bit; the .cpp file of each architecture holds those, from its manual.
#pragma once

#include "reference/access.hpp"
#include "reference/attributes.hpp"
#include "reference/mmu/memory.hpp"
#include "reference/mmu/path.hpp"
#include "reference/profile.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace reference {

// The control registers that a walk depends on. An architecture ignores what it does not have.
struct Mode {
  unsigned pa_bits = 52; // MAXPHYADDR; what TCR_EL1.IPS or VTCR_EL2.PS says
  bool nxe = true;       // IA32_EFER.NXE
  bool wp = true;        // CR0.WP
  bool smep = true;      // CR4.SMEP
  bool smap = true;      // CR4.SMAP
  bool ac = false;       // EFLAGS.AC
  bool pke = true;       // CR4.PKE
  bool pages_1g = true;  // CPUID.80000001H:EDX.Page1GB; bit 17 of IA32_VMX_EPT_VPID_CAP
  std::uint32_t pkru = 0;
  bool sum = true;  // sstatus.SUM
  bool mxr = false; // sstatus.MXR
  // menvcfg.ADUE; HA and HD of TCR_EL1 or VTCR_EL2; SCTLR.HA of ARMv7: hardware sets accessed and dirty
  bool adue = true;
  std::uint32_t dacr = 0x55555555; // DACR: every domain is a client's
};

enum class SlotKind : std::uint8_t { hole, table, leaf };

// What is wrong with a descriptor, one bit each. Hardware faults on `faulting`; the others are patterns that
// it tolerates or ignores, but that no table of ours may hold.
namespace violation {
inline constexpr std::uint32_t reserved_bit = 1U << 0;     // a bit, or a value of bits, that is reserved here
inline constexpr std::uint32_t address_width = 1U << 1;    // an address beyond the physical width
inline constexpr std::uint32_t misaligned_frame = 1U << 2; // a frame that is not a multiple of its page
inline constexpr std::uint32_t bad_level = 1U << 3;        // a leaf at a level that has none
inline constexpr std::uint32_t no_execute_bit = 1U << 4;   // XD without EFER.NXE
inline constexpr std::uint32_t hole_pattern = 1U << 5;     // not present, and neither zero nor a marker
inline constexpr std::uint32_t table_bits = 1U << 6; // a table descriptor with more than our table writes
inline constexpr std::uint32_t no_rights = 1U << 7;  // a leaf that allows nothing
inline constexpr std::uint32_t leaf_bits = 1U << 8;  // a leaf that works, but not as our table writes one
inline constexpr std::uint32_t faulting =
    reserved_bit | address_width | misaligned_frame | bad_level | no_execute_bit;
} // namespace violation

// The name of a single bit, for reports.
[[nodiscard]] const char* violation_name(std::uint32_t one_bit);

struct Decoded {
  SlotKind kind = SlotKind::hole;
  std::uint32_t violations = 0;
  std::uint64_t address = 0; // leaf: first byte of the whole frame, whichever copy this is; table: the node
  std::uint64_t bytes = 0;   // leaf: its page size, all copies together; else what the slot spans
  unsigned copies = 1;       // leaf: adjacent slots that hold it, from a multiple of this number
  Attributes attributes;     // table: only what it passes on, rights and global
  Flags flags;
  std::uint64_t marker = 0; // hole: its word

  bool operator==(const Decoded&) const = default;
};

// The words that may follow that of a legal leaf, to spare decoding each: the same leaf one frame further on,
// of one slot, or the next copy of the same leaf with the same flags. Each adds `step`, a power of two or
// zero, and differs in bits of `frame` only, which nothing is carried out of.
struct Series {
  enum class Of : std::uint8_t { nothing, pages, copies };

  Of of = Of::nothing;
  std::uint64_t step = 0;
  std::uint64_t frame = 0; // adjacent bits, that of `step` among them

  [[nodiscard]] bool has(Of what, std::uint64_t before, std::uint64_t raw) const {
    return of == what && raw - before == step && ((raw ^ before) & ~frame) == 0;
  }
  // How many of the `count` slots from that of the leaf on: 1 or more. The slots lie in the memory.
  [[nodiscard]] unsigned length(const PhysicalMemory& memory, std::uint64_t slot, unsigned count,
                                unsigned descriptor_bytes) const;
};

// Where a table that hardware can use leads, for those who only pass through.
struct Below {
  std::uint64_t node = 0;
  Rights rights;
  bool global = false; // all that is below
};

// Whether two slots of one group hold the same leaf; each copy has flags of its own.
[[nodiscard]] bool same_leaf(Decoded a, const Decoded& b);

enum class Outcome : std::uint8_t {
  ok,
  not_present,
  protection, // tiny.md says `rights`
  reserved,
  access_flag, // it is clear, and hardware does not set it
  non_canonical,
  protection_key, // or a domain
  outside_memory, // a node that lies in no memory: no fault of any manual, but nothing to read
};
[[nodiscard]] const char* to_text(Outcome outcome);

struct Step {
  unsigned level = 0;
  std::uint64_t address = 0;
  std::uint64_t raw = 0;

  bool operator==(const Step&) const = default;
};

struct Walk {
  Outcome outcome = Outcome::ok;
  std::uint32_t error_code = 0;   // as the x86 page fault pushes it; 0 elsewhere, and on ok and non_canonical
  Translation translation;        // set when a leaf was reached, even if the access then faults
  unsigned level = 0;             // of the last descriptor read
  std::uint64_t leaf_address = 0; // where the leaf's descriptor lies; 0: none was reached
  unsigned steps_taken = 0;
  std::array<Step, 5> steps{}; // every descriptor read, from the root down
};

struct Contents; // contents.hpp

class Mmu {
 public:
  using Path = reference::Path; // what tables can let through, unless an architecture says more

  virtual ~Mmu() = default;

  [[nodiscard]] virtual const Profile& profile() const = 0;
  [[nodiscard]] virtual unsigned levels() const = 0; // the root is level levels() - 1, pages are level 0
  [[nodiscard]] virtual unsigned entries(unsigned level) const = 0;
  [[nodiscard]] virtual unsigned descriptor_bytes() const = 0;
  [[nodiscard]] virtual std::uint64_t span(unsigned level) const = 0; // bytes that one slot covers

  // `index` is the slot's place in its node: the copies of a leaf may depend on it.
  [[nodiscard]] virtual Decoded decode(std::uint64_t raw, unsigned level, unsigned index,
                                       const Mode& mode) const = 0;

  // What may follow the descriptor of a legal leaf undecoded; nothing is always a right answer.
  [[nodiscard]] virtual Series series(std::uint64_t leaf, unsigned level, const Mode& mode) const = 0;
  // May `raw` pass for `before` one frame further on, or for the copy after it? Asked of what follows a legal
  // leaf. Of a word beyond its group, or in another node of the level, yes says only that it is a leaf.
  [[nodiscard]] bool continues(std::uint64_t before, std::uint64_t raw, unsigned level,
                               const Mode& mode) const {
    return series(before, level, mode).has(Series::Of::pages, before, raw);
  }
  [[nodiscard]] bool repeats(std::uint64_t before, std::uint64_t raw, unsigned level,
                             const Mode& mode) const {
    return series(before, level, mode).has(Series::Of::copies, before, raw);
  }
  // How many of the `count` slots from `slot` on hold a run of pages, which begins with a legal leaf: 1 or
  // more. The slots lie in the memory.
  [[nodiscard]] virtual unsigned run_length(const PhysicalMemory& memory, std::uint64_t slot, unsigned count,
                                            unsigned level, const Mode& mode) const = 0;
  // Are the `copies` slots from `slot` on a whole group, the first copy of which is legal? The slots lie in
  // the memory.
  [[nodiscard]] virtual bool is_repeated(const PhysicalMemory& memory, std::uint64_t slot, unsigned copies,
                                         unsigned level, const Mode& mode) const = 0;

  // The first of the slots index .. end - 1 of a node that is a table, that has a violation, or that is a
  // copy in a group of which is_repeated does not say that it is whole; `to` is what it holds. end: all are
  // holes and leaves as they should be. Groups are whole in the range, and the node lies in the memory.
  [[nodiscard]] virtual unsigned next_notable(const PhysicalMemory& memory, std::uint64_t node,
                                              unsigned level, unsigned index, unsigned end, const Mode& mode,
                                              Decoded& to) const = 0;

  // Where va leads, whoever asks: no rights are checked, effective attributes are returned, flags are the OR
  // over the copies of the leaf. Nothing, where hardware would find no translation.
  [[nodiscard]] virtual std::optional<Translation> translate(const PhysicalMemory& memory, std::uint64_t root,
                                                             std::uint64_t va, const Mode& mode) const = 0;

  // One access. A walk changes nothing; `access` also sets accessed and dirty, when the walk is ok, as
  // hardware does.
  [[nodiscard]] virtual Walk walk(const PhysicalMemory& memory, std::uint64_t root, std::uint64_t va,
                                  const Access& access, const Mode& mode) const = 0;
  virtual Walk access(const PhysicalMemory& memory, std::uint64_t root, std::uint64_t va,
                      const Access& access, const Mode& mode) const = 0;

  // What a walk that nobody asked for leaves in a descriptor on its way, where hardware sets accessed.
  virtual void mark_accessed(const PhysicalMemory& memory, const Step& step, bool is_leaf) const = 0;

  // Everything that can be reached from a root, as leaves and markers.
  virtual void read_contents(const PhysicalMemory& memory, std::uint64_t root, const Mode& mode,
                             Contents& to) const = 0;

  // A node of pages fills a granule, and no node takes less: a root may have more entries, or fewer.
  [[nodiscard]] std::uint64_t node_bytes(unsigned level) const {
    return std::uint64_t{std::max(entries(level), entries(0))} * descriptor_bytes();
  }

 protected:
  Mmu() = default;
  Mmu(const Mmu&) = default;
  Mmu& operator=(const Mmu&) = default;
};

[[nodiscard]] const Mmu& x86_64_4();
[[nodiscard]] const Mmu& x86_64_5();
[[nodiscard]] const Mmu& ept_4();
[[nodiscard]] const Mmu& ept_5();
[[nodiscard]] const Mmu& riscv_sv39();
[[nodiscard]] const Mmu& riscv_sv48();
[[nodiscard]] const Mmu& riscv_sv57();
[[nodiscard]] const Mmu& riscv_sv39x4();
[[nodiscard]] const Mmu& riscv_sv48x4();
[[nodiscard]] const Mmu& riscv_sv57x4();
[[nodiscard]] const Mmu& aarch64_s1_4k();
[[nodiscard]] const Mmu& aarch64_s1_16k();
[[nodiscard]] const Mmu& aarch64_s1_64k();
[[nodiscard]] const Mmu& aarch64_s1_4k_lpa2();
[[nodiscard]] const Mmu& aarch64_s1_16k_lpa2();
[[nodiscard]] const Mmu& aarch64_s2_4k();
[[nodiscard]] const Mmu& aarch64_s2_16k();
[[nodiscard]] const Mmu& aarch64_s2_64k();
[[nodiscard]] const Mmu& armv7();
[[nodiscard]] const Mmu& tiny();
[[nodiscard]] const Mmu& tiny_wide();
[[nodiscard]] const Mmu& tiny_narrow();
[[nodiscard]] const Mmu& tiny_32();

} // namespace reference
