// TRACE: recorded programs replayed as operations on our table, nanoseconds per operation, in turns with the
// probe. A pass replays the whole trace into fresh spaces and drops them. Statuses other than ok are counted:
// a recording that does not apply is no measurement.
#include "bench/arena.hpp"
#include "bench/duel.hpp"
#include "bench/raw.hpp"
#include "bench/registry.hpp"
#include "bench/trace.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/riscv.hpp"
#include "src/arch/x86_64.hpp"
#include "src/table/page_table.hpp"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <filesystem>
#include <memory>
#include <set>
#include <vector>

namespace pagetwin::bench {
namespace {

template <Format F>
class Replay {
 public:
  explicit Replay(const Trace& trace)
      : trace_(&trace), arena_(trace.nodes + trace.spaces), records_(arena_.nodes()),
        pool_(arena_.memory(), Arena::base, Arena::node_shift, records_), memory_(pool_),
        spaces_(trace.spaces) {}

  static void prepare() {}
  // Every space is empty before and after.
  [[nodiscard]] Pass run() {
    refused_ = 0;
    return timed(trace_->ops.size(), [this] {
      create(0);
      for (const TraceOp& op : trace_->ops)
        apply(op);
      for (auto& space : spaces_)
        destroy(space);
      return refused_;
    });
  }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  using Memory = PlainMemory<>;
  using Table = PageTable<F, Memory>;

  void create(unsigned space) {
    spaces_[space] = Table::create(memory_, SpaceId{static_cast<std::uint16_t>(space)});
  }
  static void destroy(std::optional<Table>& space) {
    if (space)
      space->destroy();
    space.reset();
  }
  void apply(const TraceOp& op) {
    if (op.verb == TraceOp::Verb::create)
      return create(op.space);
    if (op.verb == TraceOp::Verb::destroy)
      return destroy(spaces_[op.space]);
    refused_ += !spaces_[op.space] || edit(*spaces_[op.space], op) != Status::ok;
  }
  [[nodiscard]] static Status edit(Table& table, const TraceOp& op) {
    switch (op.verb) {
    case TraceOp::Verb::map_range:
      return table.map_range(VirtAddr{op.va}, PhysAddr{op.pa}, op.length, op.attributes, op.largest);
    case TraceOp::Verb::unmap:
      return table.unmap(VirtAddr{op.va}, op.length).status;
    case TraceOp::Verb::protect:
      return table.protect(VirtAddr{op.va}, op.length, op.attributes.rights).status;
    case TraceOp::Verb::clear:
      return table.clear().status;
    case TraceOp::Verb::create:
    case TraceOp::Verb::destroy:
      break;
    }
    return Status::ok;
  }

  const Trace* trace_;
  Arena arena_;
  std::vector<NodeRecord> records_;
  NodePool pool_;
  Memory memory_;
  std::vector<std::optional<Table>> spaces_;
  std::uint64_t refused_ = 0;
};

// The probe: page by page, each from the root, with leaves of 4 KiB alone and writing as the only right.
// Nothing is given back before a space is dropped.
template <Format F>
class RawReplay {
 public:
  explicit RawReplay(const Trace& trace) : trace_(&trace) {
    for (unsigned s = 0; s < trace.spaces; ++s)
      spaces_.push_back(std::make_unique<RawFor<F>>(nodes_of(trace)));
  }

  static void prepare() {}
  [[nodiscard]] Pass run() {
    return timed(trace_->ops.size(), [this] {
      std::uint64_t bytes = 0;
      for (const TraceOp& op : trace_->ops)
        bytes += apply(*spaces_[op.space], op);
      for (auto& space : spaces_)
        space->clear();
      return bytes;
    });
  }

 private:
  // One for each 2 MiB, and as many above them.
  [[nodiscard]] static std::uint64_t nodes_of(const Trace& trace) {
    std::set<std::uint64_t> tables;
    for (const TraceOp& op : trace.ops)
      for (std::uint64_t at = op.va >> 21; at <= (op.va + op.length) >> 21; ++at)
        tables.insert(at);
    return tables.size() * 2 + F::levels;
  }
  template <class Edit>
  static std::uint64_t each_page(const TraceOp& op, Edit edit) {
    std::uint64_t bytes = 0;
    for (std::uint64_t at = 0; at < op.length; at += 4096)
      bytes += edit(at);
    return bytes;
  }
  static std::uint64_t apply(RawFor<F>& table, const TraceOp& op) {
    switch (op.verb) {
    case TraceOp::Verb::map_range:
      return each_page(op, [&](std::uint64_t at) { return table.map(op.va + at, op.pa + at); });
    case TraceOp::Verb::unmap:
      return each_page(op, [&](std::uint64_t at) { return table.unmap(op.va + at); });
    case TraceOp::Verb::protect:
      return each_page(op, [&](std::uint64_t at) {
        return table.protect_one(op.va + at, has(op.attributes.rights, Rights::write));
      });
    case TraceOp::Verb::create:
    case TraceOp::Verb::destroy:
    case TraceOp::Verb::clear:
      table.clear();
      return 0;
    }
    return 0;
  }

  const Trace* trace_;
  std::vector<std::unique_ptr<RawFor<F>>> spaces_;
};

template <Format F>
void measure(benchmark::State& state, const std::string& path) {
  const Trace trace = read_trace(path);
  if (!trace.error.empty())
    return state.SkipWithError(trace.error.c_str());
  Replay<F> replay(trace);
  RawReplay<F> probe(trace);
  (void)take_turns(state, trace.ops.size(), replay, probe, false);
  state.counters["operations"] = static_cast<double>(trace.ops.size());
  if (replay.refused() != 0)
    state.SkipWithError(
        (path + ": the table refused " + std::to_string(replay.refused()) + " operations").c_str());
}

template <Format F>
void add(const std::filesystem::path& file) {
  const std::string name = "TRACE_" + file.stem().string() + "/" + std::string(F::name);
  benchmark::RegisterBenchmark(name.c_str(), measure<F>, file.string());
}

} // namespace

// Without recordings nothing is registered: a checkout of the sources alone still benchmarks.
void add_traces() {
  std::error_code none;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(PAGETWIN_TRACES, none))
    if (entry.path().extension() == ".ops")
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    add<X86_64_4>(file);
    add<Aarch64S1_4k>(file);
    add<RiscvSv48>(file);
  }
}

} // namespace pagetwin::bench
