// What main knows of the benchmarks: how to register each family with Google Benchmark.
#pragma once

#include <string>

namespace pagetwin::bench {

void add_workloads();     // W1 to W12 and the probes
void add_other_formats(); // W2, W3 and W7 of more formats
void add_cached();        // lookups through the TLB and the walk cache
void add_shared();        // lookups by a thread that is not the writer's
void add_superpages();    // W8b, W9d and W11b
void add_memory();        // MEM
void add_stage2();        // S2: SeKVM's memory operations
void add_traces();        // TRACE: recorded programs
void add_l4();            // L4: address spaces and what is derived in them
void add_growth();        // GROWTH: lookups and maps in sets of 1 MiB to 1 TiB
// ACCESS: a recorded stream of accesses. Returns the exit status: 0, or 2 after saying what is wrong with it.
[[nodiscard]] int add_accesses(const std::string& path);

} // namespace pagetwin::bench
