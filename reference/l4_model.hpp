// What every model of the L4 address spaces answers (docs/l4.md): l4_spaces, page by page as the paper says
// it, and l4_units, whose steps are whole leaves of a table. Addresses and sizes are in bytes. It refuses to
// know tables, descriptors and caches.
#pragma once

#include "reference/access.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace reference {

// In the order in which docs/l4.md tests for them. There is no out_of_memory.
enum class L4Status : std::uint8_t {
  ok,
  unknown_space,
  space_in_use,
  empty,
  bad_size,
  misaligned,
  out_of_range,
  bad_attributes,
  overlap,
  not_mapped,
  not_uniform,
};

// A set of rights or of status bits: read 1 (accessed), write 2 (written), execute 4 (executed).
using L4Bits = std::uint8_t;
inline constexpr L4Bits l4_all = 7;

struct L4Flexpage {
  std::uint64_t base = 0, size = 0;
};
struct L4Transfer {
  unsigned from = 0, to = 0;
  L4Flexpage send;
  std::uint64_t send_base = 0;
  L4Flexpage window;
  L4Bits mask = l4_all;
};
// Meaningful when ok: how many pages were set, or the bits that the pages had.
struct [[nodiscard]] L4Transferred {
  L4Status status = L4Status::ok;
  std::uint64_t pages = 0;
};
struct [[nodiscard]] L4Unmapped {
  L4Status status = L4Status::ok;
  L4Bits bits = 0;
};

// One unit of a space. parent: space and address, nothing for Real and for an area. frame: what it reaches.
struct L4Unit {
  std::uint64_t base = 0, size = 0;
  struct Position {
    unsigned space = 0;
    std::uint64_t va = 0;
    bool operator==(const Position&) const = default;
  };
  std::optional<Position> parent;
  std::uint64_t frame = 0;
  L4Bits rights = 0, status = 0;
  bool area = false;

  bool operator==(const L4Unit&) const = default;
};

class L4Model {
 public:
  virtual ~L4Model() = default;

  // spaces: how many names there are. memory: bytes of sigma0's, a multiple of the smallest page.
  virtual void reset(unsigned spaces, std::uint64_t memory) = 0;
  [[nodiscard]] virtual bool exists(unsigned space) const = 0;
  // On any status but ok nothing changes.
  [[nodiscard]] virtual L4Status create(unsigned space) = 0;
  [[nodiscard]] virtual L4Status destroy(unsigned space) = 0;
  [[nodiscard]] virtual L4Transferred map(const L4Transfer& transfer) = 0;
  [[nodiscard]] virtual L4Transferred grant(const L4Transfer& transfer) = 0;
  [[nodiscard]] virtual L4Unmapped unmap(unsigned space, L4Flexpage page, L4Bits mask) = 0;
  [[nodiscard]] virtual L4Unmapped flush(unsigned space, L4Flexpage page, L4Bits mask) = 0;
  [[nodiscard]] virtual L4Status place(unsigned space, std::uint64_t va, std::uint64_t size,
                                       std::uint64_t frame, L4Bits rights) = 0;
  [[nodiscard]] virtual L4Status merge(unsigned space, std::uint64_t va, std::uint64_t size) = 0;
  // The access happened, and hardware says so: the unit that covers va was accessed.
  virtual void touch(unsigned space, std::uint64_t va, AccessKind kind) = 0;

  // The unit or area that covers va; frame: of its first byte.
  [[nodiscard]] virtual std::optional<L4Unit> find(unsigned space, std::uint64_t va) const = 0;
  // All units and areas of a space, ascending; or the same in place of what `to` held, for who asks often.
  [[nodiscard]] std::vector<L4Unit> units(unsigned space) const {
    std::vector<L4Unit> all;
    units(space, all);
    return all;
  }
  virtual void units(unsigned space, std::vector<L4Unit>& to) const = 0;
  // Where units or areas are others than when this was forgotten last: made, gone, or with other rights or
  // status; of a space that was deleted as well. Some may be as they were, and some may be named twice.
  [[nodiscard]] const std::vector<L4Unit::Position>& changed() const { return changed_; }
  void forget_changes() { changed_.clear(); }
  // How many units all spaces have together, areas not counted.
  [[nodiscard]] virtual std::uint64_t mapped_units() const = 0;
  // The theorems, as docs/l4.md numbers its invariants: the number of the first that is false, or 0.
  [[nodiscard]] virtual unsigned broken_invariant() const = 0;

 protected:
  void note_change(unsigned space, std::uint64_t va) { changed_.push_back({space, va}); }

 private:
  std::vector<L4Unit::Position> changed_;
};

} // namespace reference
