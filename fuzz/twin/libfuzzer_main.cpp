// The entry points of libFuzzer (and of AFL++, Honggfuzz, which call the same) over target(). It refuses to
// know the target. Its last line on a divergence is the only abort of the project.
#include "fuzz/twin/findings.hpp"
#include "fuzz/twin/mutator.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t capacity);
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t capacity,
                                               unsigned seed);
extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* one, std::size_t one_size,
                                                 const std::uint8_t* other, std::size_t other_size,
                                                 std::uint8_t* to, std::size_t capacity, unsigned seed);

namespace pagetwin::twin {
namespace {

struct Fuzzing {
  explicit Fuzzing(const Target& of)
      : target(of), machine(of.make({})), decoder(*of.schema, of.max_ops),
        mutator(*of.schema, LLVMFuzzerMutate) {}

  Target target;
  std::unique_ptr<Machine> machine;
  Decoder decoder;
  Mutator mutator;
  FindingOptions options{};
  std::uint64_t executions = 0;
  std::uint64_t operations = 0;
};

// A plain pointer, as a guarded static in the hot path costs a third of the executions.
Fuzzing* state = nullptr;

void print_totals() {
  std::fprintf(stderr, "pagetwin: executions=%llu operations=%llu\n",
               static_cast<unsigned long long>(state->executions),
               static_cast<unsigned long long>(state->operations));
}

Fuzzing& fuzzing() {
  if (state == nullptr) [[unlikely]] {
    state = new Fuzzing(target()); // lives as long as the process
    std::atexit(print_totals);
  }
  return *state;
}

[[noreturn]] void fail(const std::string& report) {
  std::fwrite(report.data(), 1, report.size(), stderr);
  print_totals();
  std::abort();
}

// The signature first, in case that minimising crashes.
[[noreturn]] void fail_with(Fuzzing& of, const Program& program, const Divergence& divergence) {
  std::signal(SIGALRM, SIG_IGN); // the engine's limit is for one run, and minimising makes thousands
  std::fprintf(stderr, "pagetwin: diverged %s\n", divergence.signature().c_str());
  fail(report_finding(*of.machine, of.target, Program(program), divergence, of.options));
}

void execute(std::span<const std::uint8_t> bytes) {
  Fuzzing& of = fuzzing();
  ++of.executions;
  if (of.target.check_bytes != nullptr) {
    if (const auto divergence = of.target.check_bytes(bytes))
      fail("pagetwin: " + std::string(of.target.name) + ": " + divergence->headline + "\n"
           + divergence->details + "\npagetwin: signature " + divergence->signature() + "\n");
  }
  const Program& program = of.decoder.decode(bytes);
  of.operations += program.ops.size();
  if (const auto divergence = run(*of.machine, program))
    fail_with(of, program, *divergence);
}

void take_arguments(std::span<char* const> arguments) {
  static constexpr std::string_view prefix = "-artifact_prefix=";
  FindingOptions& options = fuzzing().options;
  options.executable = std::string(arguments.empty() ? "" : arguments[0]) + "_replay";
  for (const std::string_view argument : arguments) {
    if (argument.starts_with(prefix))
      options.directory = argument.substr(prefix.size());
  }
}

} // namespace
} // namespace pagetwin::twin

int LLVMFuzzerInitialize(int* argc, char*** argv) {
  pagetwin::twin::take_arguments({*argv, static_cast<std::size_t>(*argc)});
  return 0;
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pagetwin::twin::execute({data, size});
  return pagetwin::twin::fuzzing().machine->is_heavy() ? -1 : 0; // -1: not for the corpus
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t capacity,
                                    unsigned seed) {
  return pagetwin::twin::fuzzing().mutator.mutate({data, capacity}, size, seed);
}

std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* one, std::size_t one_size,
                                      const std::uint8_t* other, std::size_t other_size, std::uint8_t* to,
                                      std::size_t capacity, unsigned seed) {
  return pagetwin::twin::fuzzing().mutator.cross_over({one, one_size}, {other, other_size}, {to, capacity},
                                                      seed);
}
