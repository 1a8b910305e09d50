// TRACE: recorded programs replayed as operations on our table, nanoseconds per operation. A pass replays the
// whole trace into fresh spaces and drops them. Statuses other than ok are counted: a recording that does not
// apply is no measurement.
#include "bench/arena.hpp"
#include "bench/registry.hpp"
#include "bench/trace.hpp"
#include "src/arch/x86_64.hpp"
#include "src/table/page_table.hpp"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <filesystem>
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

  // Every space is empty before and after. Returns how many operations were refused.
  [[nodiscard]] std::uint64_t run() {
    refused_ = 0;
    create(0);
    for (const TraceOp& op : trace_->ops)
      apply(op);
    for (auto& space : spaces_)
      destroy(space);
    return refused_;
  }

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

void measure(benchmark::State& state, const std::string& path) {
  const Trace trace = read_trace(path);
  if (!trace.error.empty())
    return state.SkipWithError(trace.error.c_str());
  Replay<X86_64_4> replay(trace);
  std::uint64_t refused = 0;
  while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(trace.ops.size())))
    refused = replay.run();
  state.counters["operations"] = static_cast<double>(trace.ops.size());
  if (refused != 0)
    state.SkipWithError((path + ": the table refused " + std::to_string(refused) + " operations").c_str());
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
    const std::string name = "TRACE_" + file.stem().string() + "/" + std::string(X86_64_4::name);
    benchmark::RegisterBenchmark(name.c_str(), measure, file.string());
  }
}

} // namespace pagetwin::bench
