// See replay.hpp; this part runs files and swarms.
#include "fuzz/twin/replay.hpp"

#include "fuzz/twin/files.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>

// In every sanitizer's runtime, and absent elsewhere: without it a crash in a swarm would not tell the seed.
// NOLINTNEXTLINE(bugprone-reserved-identifier): the runtime chose the name
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace pagetwin::twin {
namespace {

std::uint64_t running_seed = 0;

void print_running_seed() {
  std::fprintf(stderr, "pagetwin: crashed in the swarm program with --seed %llu\n",
               static_cast<unsigned long long>(running_seed));
}

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

// What was printed before comes first, so that the complaint begins a line where both go to one place.
void complain(const std::string& text) {
  std::fflush(stdout);
  std::fprintf(stderr, "%s\n", text.c_str());
}

ExitStatus worse(ExitStatus one, ExitStatus other) { return std::max(one, other); }

// The operation is printed before it runs, so that it is the last line when it crashes.
class StepPrinter final : public StepObserver {
 public:
  explicit StepPrinter(const Schema& schema) : schema_(&schema) {}
  void before(std::size_t step, const Op& op) override {
    print(std::to_string(step + 1) + "  " + print_op(op, *schema_));
    std::fflush(stdout);
  }
  void after(std::size_t /*step*/, const Op& /*op*/, const std::string& outcome) override {
    print(" -> " + outcome + "\n");
  }

 private:
  const Schema* schema_;
};

std::span<const std::uint8_t> bytes_of(const std::string& content) {
  return {reinterpret_cast<const std::uint8_t*>(content.data()), content.size()};
}

} // namespace

Replay::Replay(const Target& target, ReplayOptions options, std::string executable)
    : target_(target), options_(std::move(options)), executable_(std::move(executable)),
      machine_(target.make({.paranoid = options_.paranoid,
                            .thorough = options_.mode != ReplayMode::swarm,
                            .event_log = !options_.event_log.empty()})) {}

ExitStatus Replay::run() {
  switch (options_.mode) {
  case ReplayMode::help:
    print(replay_help(executable_));
    return ExitStatus::ok;
  case ReplayMode::list_verbs:
    return list_verbs();
  case ReplayMode::swarm:
    return run_swarm();
  case ReplayMode::replay:
    return run_paths();
  default:
    return run_converter();
  }
}

std::variant<Replay::Loaded, std::string> Replay::load(const std::string& path) const {
  auto content = read_file(path, max_text_bytes);
  if (const auto* error = std::get_if<FileError>(&content))
    return error->message;
  Loaded loaded{std::get<std::string>(std::move(content)), {}};
  ParseResult result = path.ends_with(".ops")
                           ? parse_text(loaded.content, *target_.schema, path)
                           : read_trace(loaded.content, *target_.schema, path, target_.max_ops);
  if (const auto* error = std::get_if<ParseError>(&result))
    return error->to_string();
  loaded.trace = std::get<Trace>(std::move(result));
  return loaded;
}

ExitStatus Replay::run_paths() {
  if (!options_.event_log.empty() && machine_->event_log() == nullptr) {
    complain("--event-log: " + std::string(target_.name)
             + " has no event log; docs/traces.md says which target has");
    return ExitStatus::bad_input;
  }
  ExitStatus status = ExitStatus::ok;
  for (const std::string& path : options_.files) {
    const auto files = list_files(path);
    if (const auto* error = std::get_if<FileError>(&files)) {
      complain(error->message);
      status = ExitStatus::bad_input;
      continue;
    }
    for (const std::string& file : std::get<std::vector<std::string>>(files))
      status = worse(status, run_file(file));
  }
  if (options_.stats)
    print(stats_.render(*target_.schema));
  return status;
}

ExitStatus Replay::run_file(const std::string& path) {
  const auto result = load(path);
  if (const auto* complaint = std::get_if<std::string>(&result)) {
    complain(*complaint);
    return ExitStatus::bad_input;
  }
  const auto& loaded = std::get<Loaded>(result);
  const Recording recording = run_trace(loaded);
  stats_.add(loaded.trace.program, recording);
  const ExitStatus log = write_event_log();
  if (!recording.divergence) {
    print("ok        " + path + " (" + std::to_string(loaded.trace.program.ops.size()) + " operations)\n");
    return log;
  }
  print_divergence(loaded, path, recording);
  return worse(log, ExitStatus::diverged);
}

ExitStatus Replay::write_event_log() const {
  if (options_.event_log.empty())
    return ExitStatus::ok;
  const auto error = write_file(options_.event_log, *machine_->event_log());
  if (!error)
    return ExitStatus::ok;
  complain(error->message);
  return ExitStatus::bad_input;
}

Verdict Replay::check_bytes(std::span<const std::uint8_t> bytes) const {
  return target_.check_bytes == nullptr ? std::nullopt : target_.check_bytes(bytes);
}

Recording Replay::run_trace(const Loaded& loaded) {
  const Trace& trace = loaded.trace;
  if (auto divergence = check_bytes(bytes_of(loaded.content))) {
    divergence->step = trace.program.ops.size(); // no operation ran
    return {{}, std::move(divergence)};
  }
  if (options_.quiet)
    return run_recorded(*machine_, trace.program, trace.expectations);
  if (const std::string header = print_header(trace.program, *target_.schema); !header.empty())
    print("   " + header + "\n");
  StepPrinter printer(*target_.schema);
  return run_observed(*machine_, trace.program, trace.expectations, printer);
}

void Replay::print_divergence(const Loaded& loaded, const std::string& path,
                              const Recording& recording) const {
  auto report = make_report(*machine_, target_, loaded.trace.program, recording);
  if (!report)
    return;
  report->files.push_back({"input", path, loaded.trace.target});
  report->executable = executable_;
  const std::size_t step = report->divergence.step;
  print("diverged  " + path + " (" + report->divergence.signature() + ")\n");
  if (options_.quiet)
    return;
  print("\n");
  if (step < loaded.trace.lines.size())
    print("The operation is line " + std::to_string(loaded.trace.lines[step]) + " of " + path + ".\n\n");
  print(render(*report));
}

Verdict Replay::run_swarm_program(const Bytes& bytes, const Program& program) {
  if (auto divergence = check_bytes(bytes))
    return divergence;
  if (!options_.stats)
    return twin::run(*machine_, program);
  Recording recording = run_recorded(*machine_, program);
  stats_.add(program, recording);
  return std::move(recording.divergence);
}

ExitStatus Replay::run_swarm() {
  using Clock = std::chrono::steady_clock;
  if (__sanitizer_set_death_callback != nullptr)
    __sanitizer_set_death_callback(print_running_seed);
  const auto start = Clock::now();
  const auto seconds = [start] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  Decoder decoder(*target_.schema, std::max<std::size_t>(options_.ops, target_.max_ops));
  std::uint64_t executions = 0;
  std::uint64_t operations = 0;
  const auto limit = static_cast<double>(options_.seconds);
  while ((options_.programs == 0 || executions < options_.programs) && (limit == 0 || seconds() < limit)) {
    running_seed = options_.seed + executions++;
    const Bytes bytes = swarm_program(*target_.schema, running_seed, options_.ops);
    if (!options_.save.empty()) {
      const std::string content(bytes.begin(), bytes.end());
      if (const auto error = write_file(options_.save + "/swarm-" + std::to_string(running_seed), content)) {
        complain(error->message);
        return ExitStatus::bad_input;
      }
    }
    const Program& program = decoder.decode(bytes);
    operations += program.ops.size();
    if (const auto divergence = run_swarm_program(bytes, program))
      return swarm_diverged(program, *divergence, running_seed);
  }
  if (options_.stats)
    print(stats_.render(*target_.schema));
  std::printf("pagetwin: executions=%llu operations=%llu seconds=%.1f seeds=%llu..%llu\n",
              static_cast<unsigned long long>(executions), static_cast<unsigned long long>(operations),
              seconds(), static_cast<unsigned long long>(options_.seed),
              static_cast<unsigned long long>(running_seed));
  return ExitStatus::ok;
}

ExitStatus Replay::swarm_diverged(const Program& program, const Divergence& divergence, std::uint64_t seed) {
  FindingOptions finding;
  finding.directory = options_.save.empty() ? "" : options_.save + "/";
  finding.executable = executable_;
  finding.seed = seed;
  finding.max_runs = max_runs(finding.max_runs);
  print(report_finding(*machine_, target_, program, divergence, finding));
  return ExitStatus::diverged;
}

} // namespace pagetwin::twin
