// SpacesSubject: the run-time interface of L4 address spaces under test. Spaces are numbered from 0,
// addresses and sizes are in bytes. It refuses to know the reference; spaces_subject_of.hpp wraps ours.
#pragma once

#include "fuzz/machines/spaces/level_p.hpp"
#include "fuzz/oracles/derivation.hpp"
#include "fuzz/oracles/observed_memory.hpp"
#include "src/base/access.hpp"
#include "src/base/status.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pagetwin::fuzz {

// As many as any program gets, whatever it asks for.
inline constexpr std::size_t most_space_nodes = 1024, most_space_mappings = 8192, most_space_parts = 256,
                             most_spaces = 8;

struct SpacesOptions {
  std::size_t nodes = 64;     // of all tables together
  std::size_t mappings = 256; // mapping nodes
  std::size_t parts = 64;     // arrays of a superpage's parts
  unsigned spaces = 2;
  std::uint64_t memory = 0;  // sigma0's, in bytes
  std::uint64_t largest = 0; // size of a unit, in bytes; 0: any of the format's
  LevelP* level_p = nullptr; // run beside the tables, until close()
};
struct SpacesFlexpage {
  std::uint64_t base = 0, size = 0;
};
struct SpacesTransfer {
  unsigned from = 0, to = 0;
  SpacesFlexpage send;
  std::uint64_t send_base = 0;
  SpacesFlexpage window;
  Rights mask = Rights::none;
};
struct SpacesTransferred {
  Status status = Status::ok;
  std::uint64_t pages = 0;
};
// bits: accessed 1, written 2, executed 4.
struct SpacesUnmapped {
  Status status = Status::ok;
  unsigned bits = 0;
};
struct SpacesAccess {
  bool ok = false;
  std::uint64_t pa = 0;
  bool cached = false; // by the TLB
};

// Of one byte. size: of the leaf, in bytes; rights: without the user's.
struct SpacesTranslation {
  std::uint64_t pa = 0, size = 0;
  Rights rights = Rights::none;
};
// A line of the TLB: what addresses of a space it translates, and to what. rights: without the user's.
struct SpacesLine {
  unsigned space = 0;
  std::uint64_t first = 0, last = 0, pa = 0;
  Rights rights = Rights::none;

  [[nodiscard]] bool meets(const SpacesLine& other) const {
    return space == other.space && first <= other.last && other.first <= last;
  }
};
// An address of a space.
struct SpacesPlace {
  unsigned space = 0;
  std::uint64_t va = 0;
};

class SpacesSubject {
 public:
  SpacesSubject() = default;
  SpacesSubject(const SpacesSubject&) = delete;
  SpacesSubject& operator=(const SpacesSubject&) = delete;
  virtual ~SpacesSubject() = default;

  [[nodiscard]] virtual Status start(const SpacesOptions& options) = 0;
  virtual void stop() = 0;
  [[nodiscard]] virtual bool exists(unsigned space) const = 0;
  [[nodiscard]] virtual std::uint64_t root(unsigned space) const = 0;
  [[nodiscard]] virtual Status create(unsigned space) = 0;
  [[nodiscard]] virtual Status destroy(unsigned space) = 0;
  [[nodiscard]] virtual SpacesTransferred map(const SpacesTransfer& transfer) = 0;
  [[nodiscard]] virtual SpacesTransferred grant(const SpacesTransfer& transfer) = 0;
  [[nodiscard]] virtual SpacesUnmapped unmap(unsigned space, SpacesFlexpage page, Rights mask) = 0;
  [[nodiscard]] virtual SpacesUnmapped flush(unsigned space, SpacesFlexpage page, Rights mask) = 0;
  [[nodiscard]] virtual Status place(unsigned space, std::uint64_t va, std::uint64_t size,
                                     std::uint64_t frame, Rights rights) = 0;
  [[nodiscard]] virtual Status merge(unsigned space, std::uint64_t va, std::uint64_t size) = 0;
  // Through the TLB, as a user; sets what hardware sets and what its miss handler records.
  [[nodiscard]] virtual SpacesAccess access(unsigned space, std::uint64_t va, AccessKind kind) = 0;
  // Through the TLB, without an access: no flag is set.
  [[nodiscard]] virtual std::optional<SpacesTranslation> translate(unsigned space, std::uint64_t va) = 0;
  // What the TLB holds; none of it is global.
  [[nodiscard]] virtual std::vector<SpacesLine>& lines() = 0;
  // Through the table alone, and from the mapping database: descriptor, link node, mapping node, parent.
  [[nodiscard]] virtual std::optional<SpacesUnit> find(unsigned space, std::uint64_t va) const = 0;
  // The same without its status, which says nothing of what is derived from it.
  [[nodiscard]] virtual std::optional<SpacesUnit> find_parent(unsigned space, std::uint64_t va) const = 0;
  // Where units begin whose mapping nodes are others than when this was asked last, and what is derived
  // directly from those that are elsewhere, or of another size. In a space that there is not: one in use that
  // leads to no descriptor.
  [[nodiscard]] virtual std::vector<SpacesPlace>& changed() = 0;
  // All units and areas of a space, ascending by address.
  [[nodiscard]] virtual std::vector<SpacesUnit>& units(unsigned space) = 0;
  // What is wrong with the mapping database itself: nodes that are lost, twice in a list, linked from no
  // descriptor, or to another. Nothing when all is well. Costs what is mapped.
  [[nodiscard]] virtual std::optional<std::string> audit() const = 0;

  // The (k + 1)-th allocation of a table node, mapping node or array of parts from now fails, as they are
  // asked for; that may be more than are taken.
  virtual void fail_allocation(std::uint64_t k) = 0;
  [[nodiscard]] virtual bool refused() const = 0; // within this operation
  [[nodiscard]] virtual std::uint64_t nodes_used() const = 0;
  [[nodiscard]] virtual std::uint64_t mappings_used() const = 0;
  [[nodiscard]] virtual std::uint64_t parts_used() const = 0;
  [[nodiscard]] virtual NodeRecord record(std::uint64_t node) const = 0;
  [[nodiscard]] virtual Arena& arena() = 0;
  // The link words of the arena's descriptors, in the same order.
  [[nodiscard]] virtual std::span<std::byte> links() = 0;
  [[nodiscard]] virtual Observation& observation() = 0;
  virtual void begin_operation() = 0;
  // The program is over: all that follows asks, or is stop.
  virtual void close() = 0;
};

template <class F>
[[nodiscard]] std::unique_ptr<SpacesSubject> make_spaces_subject(Watcher& watcher);

} // namespace pagetwin::fuzz
