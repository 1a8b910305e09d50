// MultiLevelSubject: the run-time interface of multi-level tables under test, all spaces over one pool.
// Spaces are numbered from 0. It refuses to know the reference; multi_level_subject_of.hpp wraps ours.
#pragma once

#include "fuzz/oracles/observed_memory.hpp"
#include "src/base/attributes.hpp"
#include "src/base/status.hpp"

#include <memory>
#include <optional>
#include <span>

namespace pagetwin::fuzz {

// A PTE as an operand, and as lookup and insert answer it: size in bytes, of the page that begins at va.
struct AdtPte {
  std::uint64_t name = 0, va = 0, size = 0;

  bool operator==(const AdtPte&) const = default;
};
struct AdtFields {
  std::uint64_t paddr = 0;
  bool r = false, w = false, x = false, cached = false;
};
struct AdtFound {
  Status status = Status::ok;
  std::optional<AdtPte> pte;
};

class MultiLevelSubject {
 public:
  MultiLevelSubject() = default;
  MultiLevelSubject(const MultiLevelSubject&) = delete;
  MultiLevelSubject& operator=(const MultiLevelSubject&) = delete;
  virtual ~MultiLevelSubject() = default;

  // No space, and a pool with as many nodes.
  virtual void start(std::size_t nodes) = 0;
  virtual void stop() = 0;
  [[nodiscard]] virtual Status createspace(unsigned space) = 0;
  virtual void deletespace(unsigned space) = 0; // that exists
  [[nodiscard]] virtual bool exists(unsigned space) const = 0;
  [[nodiscard]] virtual std::uint64_t root(unsigned space) const = 0;

  // Of spaces that exist.
  [[nodiscard]] virtual std::optional<AdtPte> lookup(unsigned space, std::uint64_t va) const = 0;
  [[nodiscard]] virtual AdtFound insert(unsigned space, std::uint64_t va, std::uint64_t size) = 0;
  [[nodiscard]] virtual std::optional<AdtFields> fields(unsigned space, const AdtPte& pte) const = 0;
  [[nodiscard]] virtual Status setpaddr(unsigned space, const AdtPte& pte, std::uint64_t paddr) = 0;
  [[nodiscard]] virtual Status setright(unsigned space, const AdtPte& pte, Rights right, bool on) = 0;
  [[nodiscard]] virtual Status setcached(unsigned space, const AdtPte& pte, bool on) = 0;
  [[nodiscard]] virtual Status setlinknode(unsigned space, const AdtPte& pte, std::uint64_t node,
                                           std::uint64_t va) = 0;
  [[nodiscard]] virtual std::optional<std::uint64_t> getmapnode(unsigned space, const AdtPte& pte,
                                                                std::uint64_t va) const = 0;
  [[nodiscard]] virtual Status remove(unsigned space, std::uint64_t va, std::uint64_t size) = 0;
  [[nodiscard]] virtual Status split(unsigned space, std::uint64_t va, std::uint64_t size) = 0;

  virtual void fail_allocation(std::uint64_t k) = 0;
  [[nodiscard]] virtual bool refused() const = 0; // within this operation
  [[nodiscard]] virtual std::uint64_t nodes_used() const = 0;
  [[nodiscard]] virtual NodeRecord record(std::uint64_t node) const = 0;
  [[nodiscard]] virtual Arena& arena() = 0;
  // The link word of the descriptor that lies as far behind the arena's begin, and so on.
  [[nodiscard]] virtual std::span<std::byte> links() = 0;
  [[nodiscard]] virtual Observation& observation() = 0;
  // Who hears of every store that hardware can see, and of what follows, from now on.
  virtual void tell(EventSink* sink) = 0;
  virtual void begin_operation() = 0;
  // The program is over: all that follows is stop.
  virtual void close() = 0;
};

template <class F>
[[nodiscard]] std::unique_ptr<MultiLevelSubject> make_multi_level_subject(Watcher& watcher);

} // namespace pagetwin::fuzz
