// The benchmark program: Google Benchmark's command line, and
//   pagetwin_bench --count NAME [--operations N]     runs NAME N times (default 65536) for callgrind; see
//   bench/count.hpp
#include "bench/count.hpp"
#include "bench/registry.hpp"

#include <benchmark/benchmark.h>
#include <cstdlib>
#include <span>
#include <string_view>

namespace {

// The word after `option`, or nothing.
const char* value_of(std::span<char*> arguments, std::string_view option) {
  for (std::size_t i = 1; i + 1 < arguments.size(); ++i)
    if (arguments[i] == option)
      return arguments[i + 1];
  return nullptr;
}
int count(const char* what, std::span<char*> arguments) {
  const char* operations = value_of(arguments, "--operations");
  return pagetwin::bench::count(what, operations != nullptr ? std::strtoull(operations, nullptr, 0) : 65536);
}

void add_everything() {
  pagetwin::bench::add_workloads();
  pagetwin::bench::add_other_formats();
  pagetwin::bench::add_cached();
  pagetwin::bench::add_shared();
  pagetwin::bench::add_superpages();
  pagetwin::bench::add_memory();
  pagetwin::bench::add_stage2();
  pagetwin::bench::add_traces();
  pagetwin::bench::add_l4();
  pagetwin::bench::add_growth(); // last: it keeps the memory of its largest tables
}

} // namespace

int main(int argc, char** argv) {
  const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
  if (const char* what = value_of(arguments, "--count"); what != nullptr)
    return count(what, arguments);
  benchmark::Initialize(&argc, argv); // leaves what is not its own
  constexpr std::string_view accesses = "--accesses=";
  if (argc == 2 && std::string_view(argv[1]).starts_with(accesses)) {
    if (const int status = pagetwin::bench::add_accesses(argv[1] + accesses.size()); status != 0)
      return status;
  } else {
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
      return 2;
    add_everything();
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
