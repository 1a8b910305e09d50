// See replay.hpp; this part makes one file out of another.
#include "fuzz/twin/files.hpp"
#include "fuzz/twin/replay.hpp"

#include <cstdio>

namespace pagetwin::twin {
namespace {

constexpr std::chrono::minutes crash_time{2}; // a child with a sanitizer and a symbolizer takes long

ExitStatus written(const std::optional<FileError>& error) {
  if (!error)
    return ExitStatus::ok;
  std::fprintf(stderr, "%s\n", error->message.c_str());
  return ExitStatus::bad_input;
}

std::string limits_of(const Domain& header_field) {
  if (header_field.limits == nullptr)
    return "";
  const Limits limits = header_field.limits_with({});
  return ", from " + std::to_string(limits.least) + " to " + std::to_string(limits.most);
}

} // namespace

ExitStatus Replay::run_converter() {
  const auto result = load(options_.files.front());
  if (const auto* complaint = std::get_if<std::string>(&result)) {
    std::fprintf(stderr, "%s\n", complaint->c_str());
    return ExitStatus::bad_input;
  }
  const Trace& trace = std::get<Loaded>(result).trace;
  return options_.mode == ReplayMode::minimise ? minimise_file(trace) : convert(trace);
}

ExitStatus Replay::convert(const Trace& trace) const {
  if (options_.mode == ReplayMode::to_text) {
    Trace named = trace;
    if (named.target.empty())
      named.target = target_.name;
    return written(write_file(options_.output, print_text(named, *target_.schema)));
  }
  const std::size_t ops = trace.program.ops.size();
  if (ops > target_.max_ops)
    std::fprintf(stderr, "note: %zu operations; from bytes only the first %zu are run\n", ops,
                 target_.max_ops);
  const Bytes bytes = encode(trace.program, *target_.schema, Compact::yes);
  return written(write_file(options_.output, std::string(bytes.begin(), bytes.end())));
}

std::size_t Replay::max_runs(std::size_t standard) const {
  return options_.runs == 0 ? standard : static_cast<std::size_t>(options_.runs);
}

std::optional<CrashSite> Replay::crash_of_program(const Program& program) {
  const auto end = run_in_child([this, &program] { (void)twin::run(*machine_, program); });
  return end ? crash_of(*end) : std::nullopt;
}

// A crash first, because it would end this process too.
ExitStatus Replay::minimise_file(const Trace& trace) {
  const Program& program = trace.program;
  if (const auto site = crash_of_program(program)) {
    const auto same = [this, &site](const Program& candidate) { return crash_of_program(candidate) == site; };
    return write_minimised(
        trace, reduce(program, *target_.schema, same, max_runs(default_isolated_runs), crash_time),
        site->to_string());
  }
  if (const auto divergence = twin::run(*machine_, program)) {
    const std::string signature = divergence->signature();
    return write_minimised(trace, minimise(*machine_, program, signature, max_runs(default_minimise_runs)),
                           signature);
  }
  const bool unexpected = run_recorded(*machine_, program, trace.expectations).divergence.has_value();
  std::fprintf(stderr, "%s: nothing to minimise: %s\n", options_.files.front().c_str(),
               unexpected ? "both sides agree, and only what the trace expects of an operation differs"
                          : "it neither diverges nor crashes");
  return ExitStatus::bad_input;
}

ExitStatus Replay::write_minimised(const Trace& trace, const Reduction& small,
                                   const std::string& signature) const {
  std::fprintf(stderr, "pagetwin: signature %s\npagetwin: %zu operations became %zu in %zu runs%s\n",
               signature.c_str(), trace.program.ops.size(), small.program.ops.size(), small.runs,
               small.exhausted ? "; --runs ended it" : "");
  return written(write_file(options_.output, trace_text(target_, small.program, signature)));
}

ExitStatus Replay::list_verbs() const {
  const Schema& schema = *target_.schema;
  std::string text =
      std::string(target_.name) + " runs on the machine '" + std::string(schema.machine) + "'\n";
  for (const Domain& domain : schema.header) {
    if (domain.used())
      text +=
          "set " + std::string(domain.name) + "=  " + std::string(domain.expects) + limits_of(domain) + "\n";
  }
  for (const Verb& verb : schema.verbs) {
    text += verb.name;
    for (std::size_t i = 0; i < max_fields; ++i)
      text += verb.uses(i) ? " " + std::string(schema.fields[i].name) + "=" : "";
    text += "\n";
  }
  for (const Domain& domain : schema.fields)
    text += domain.used() ? std::string(domain.name) + "=  " + std::string(domain.expects) + "\n" : "";
  std::fwrite(text.data(), 1, text.size(), stdout);
  return ExitStatus::ok;
}

} // namespace pagetwin::twin
