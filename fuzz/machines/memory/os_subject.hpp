// OsSubject: the run-time interface of an OS machine under test, and what it may ask of the hardware around
// it. Spaces and CPUs are numbered from 0. It refuses to know the reference; os_subject_of.hpp wraps ours.
#pragma once

#include "fuzz/oracles/observed_memory.hpp"
#include "src/base/access.hpp"
#include "src/base/status.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace pagetwin::fuzz {

// The hardware beside the CPUs' caches, as PlatformFor (src/os/machine.hpp) says.
class Environment {
 public:
  virtual ~Environment() = default;
  virtual void wait_for(unsigned cpu) = 0;
  [[nodiscard]] virtual std::uint64_t load(std::uint64_t pa) = 0;
  virtual void store(std::uint64_t pa, std::uint64_t word) = 0;
  virtual void invalidated(unsigned cpu, const Invalidation& i) = 0;
  virtual void invalidated_all(unsigned cpu) = 0;
};

struct OsOptions {
  std::size_t nodes = 64;
  unsigned spaces = 2, cpus = 2, tags = 4;
};
// One page, as the machine says, or as one of its CPUs has it in its TLB.
struct OsPage {
  std::uint64_t va = 0, bytes = 0, pa = 0; // of its first byte
  Attributes attributes;
  unsigned tag = 0; // of a TLB line
};
struct OsAccess {
  Status status = Status::ok;
  bool ok = false; // it happened
  std::uint64_t pa = 0, word = 0;
};
struct OsFlags {
  Status status = Status::ok;
  Flags flags;
};

class OsSubject {
 public:
  OsSubject() = default;
  OsSubject(const OsSubject&) = delete;
  OsSubject& operator=(const OsSubject&) = delete;
  virtual ~OsSubject() = default;

  [[nodiscard]] virtual Status start(const OsOptions& options) = 0;
  virtual void stop() = 0;
  [[nodiscard]] virtual Status create(unsigned cpu, unsigned space) = 0;
  [[nodiscard]] virtual Status destroy(unsigned cpu, unsigned space) = 0;
  [[nodiscard]] virtual Status activate(unsigned cpu, unsigned space) = 0;
  virtual void idle(unsigned cpu) = 0;
  [[nodiscard]] virtual bool exists(unsigned space) const = 0;
  [[nodiscard]] virtual std::optional<unsigned> runs(unsigned cpu) const = 0;
  // What hardware knows of a space: its root, and its identifier, 0 when it has none now.
  [[nodiscard]] virtual std::uint64_t root(unsigned space) const = 0;
  [[nodiscard]] virtual unsigned tag(unsigned space) const = 0;

  [[nodiscard]] virtual Status map(unsigned cpu, unsigned space, const OsPage& page) = 0;
  [[nodiscard]] virtual OsFlags unmap(unsigned cpu, unsigned space, std::uint64_t va) = 0;
  [[nodiscard]] virtual OsFlags harvest(unsigned cpu, unsigned space, std::uint64_t va, bool clear) = 0;
  [[nodiscard]] virtual Status protect(unsigned cpu, unsigned space, std::uint64_t va, Attributes a) = 0;
  [[nodiscard]] virtual Status split(unsigned cpu, unsigned space, std::uint64_t va, std::uint64_t size) = 0;
  [[nodiscard]] virtual Status promote(unsigned cpu, unsigned space, std::uint64_t va,
                                       std::uint64_t size) = 0;
  [[nodiscard]] virtual std::optional<OsPage> query(unsigned space, std::uint64_t va) const = 0;
  // word: to be written.
  [[nodiscard]] virtual OsAccess access(unsigned cpu, std::uint64_t va, AccessKind kind, Privilege who,
                                        std::uint64_t word) = 0;
  virtual void serve(unsigned cpu) = 0;
  [[nodiscard]] virtual std::vector<OsPage>& lines(unsigned cpu) = 0;

  virtual void fail_allocation(std::uint64_t k) = 0;
  [[nodiscard]] virtual bool refused() const = 0;
  [[nodiscard]] virtual std::uint64_t nodes_used() const = 0;
  [[nodiscard]] virtual NodeRecord record(std::uint64_t node) const = 0;
  [[nodiscard]] virtual Arena& arena() = 0;
  [[nodiscard]] virtual Observation& observation() = 0;
  // Who hears of every store that hardware can see, and of what follows, from now on.
  virtual void tell(EventSink* sink) = 0;
  virtual void begin_operation() = 0;
  // The program is over: all that follows is stop.
  virtual void close() = 0;
};

template <class F>
[[nodiscard]] std::unique_ptr<OsSubject> make_os_subject(Watcher& watcher, Environment& environment,
                                                         std::uint64_t memory_bytes);

} // namespace pagetwin::fuzz
