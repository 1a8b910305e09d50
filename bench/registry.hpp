// What main knows of the benchmarks: how to register each family with Google Benchmark.
#pragma once

namespace pagetwin::bench {

void add_workloads(); // W1 to W12 and the probes
void add_memory();    // MEM
void add_traces();    // TRACE: recorded programs

} // namespace pagetwin::bench
