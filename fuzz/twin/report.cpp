// See report.hpp. One function per part, in the order of the report.
#include "fuzz/twin/report.hpp"

#include "fuzz/twin/build_info.hpp"
#include "fuzz/twin/domains.hpp"
#include "fuzz/twin/text.hpp"

#include <algorithm>
#include <utility>

namespace pagetwin::twin {
namespace {

constexpr std::size_t most_steps =
    200; // before the failing one; a report is read, and the whole trace is in the file

std::string hex(std::uint64_t value) {
  std::string text;
  print_hex(text, value);
  return text;
}

std::string with_line_end(std::string text) {
  if (!text.empty() && text.back() != '\n')
    text += '\n';
  return text;
}

std::string right_aligned(std::size_t number, std::size_t width) {
  std::string digits = std::to_string(number);
  return std::string(width - std::min(width, digits.size()), ' ') + digits;
}

std::string headline(const Report& report) {
  const Divergence& found = report.divergence;
  const bool at_end = found.step >= report.program.ops.size();
  const std::string where =
      at_end ? std::string("after the last operation")
             : "at operation " + std::to_string(found.step + 1) + " ("
                   + std::string(report.schema->verbs[report.program.ops[found.step].verb].name) + ")";
  return "pagetwin: " + report.target + ": " + found.oracle + ": " + found.headline + ", " + where
         + ", address " + hex(found.address) + "\n";
}

std::string trace_line(const Report& report, std::size_t step) {
  const bool diverging = step == report.divergence.step;
  const bool touched = report.last_touched == step;
  std::string line = diverging ? " => " : (touched ? " -> " : "    ");
  line += right_aligned(step + 1, 4) + "  " + print_op(report.program.ops[step], *report.schema);
  if (step < report.outcomes.size())
    line += " -> " + report.outcomes[step];
  return line + "\n";
}

std::string trace(const Report& report) {
  const std::size_t ops = report.program.ops.size();
  std::string text = "trace (" + std::to_string(ops) + " of " + std::to_string(report.original_ops)
                     + " operations; => diverges, -> touched the address last)\n";
  if (const std::string header = print_header(report.program, *report.schema); !header.empty())
    text += "          " + header + "\n";
  const std::size_t end = std::min(report.divergence.step + 1, ops);
  const std::size_t first = end > most_steps ? end - most_steps : 0;
  if (first != 0)
    text += "          (" + std::to_string(first) + " earlier operations)\n";
  for (std::size_t step = first; step < end; ++step)
    text += trace_line(report, step);
  if (end != ops)
    text += "          (" + std::to_string(ops - end) + " later operations)\n";
  if (report.divergence.step >= ops)
    text += " =>       (end of the program)\n";
  return text;
}

std::string files(const Report& report) {
  std::string text;
  for (const Artifact& file : report.files)
    text += "pagetwin: " + file.label + " " + file.path + "\n";
  return text;
}

std::string commands(const Report& report) {
  if (report.files.empty())
    return {};
  const auto& [label, file, target] = report.files.back();
  const std::string named = // a file that does not say so ran with --target, or where its folder does
      target == report.target ? file : "--target " + report.target + " " + file;
  std::string text = "replay    " + report.replay + " " + named + "\n";
  const bool same_program = report.replay == replay_command;
  if (same_program
      && report.divergence.oracle != expectation_oracle) // what is expected changes when operations go
    text += "minimise  scripts/minimize " + named + "\n";
  if (!report.executable.empty())
    text += "debug     gdb --args " + report.executable + " " + file + "\n";
  const bool belongs = target.empty() || target == report.target; // else its line outweighs the folder
  if (file.ends_with(".ops") && belongs)
    text += "test      install -D -m 644 " + file + " -t corpus/" + report.target + "/regress\n";
  return text;
}

std::string build(const Report& report) {
  const BuildInfo info = build_info();
  std::string text;
  (text += "commit    ") += info.commit;
  (text += "\ncompiler  ") += info.compiler;
  (text += "\nflags     ") += info.flags;
  if (report.seed)
    text += "\nseed      " + std::to_string(*report.seed) + ": " + report.executable + " --seed "
            + std::to_string(*report.seed) + " --ops " + std::to_string(report.original_ops);
  return text + "\n";
}

std::optional<std::size_t> last_touched(const Machine& machine, const Program& program,
                                        const Divergence& divergence) {
  for (std::size_t step = std::min(divergence.step, program.ops.size()); step-- > 0;) {
    if (machine.touches(program.ops[step], divergence.address))
      return step;
  }
  return std::nullopt;
}

} // namespace

std::string json_string(std::string_view text) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20)
      (result += "\\u00").append({digits[byte >> 4U], digits[byte & 0xFU]});
    else
      result.append(c == '"' || c == '\\' ? 1 : 0, '\\') += c;
  }
  return result + "\"";
}

std::optional<Report> make_report(Machine& machine, const Target& target, const Program& program,
                                  std::span<const std::string> expectations) {
  const Recording recording = run_recorded(machine, program, expectations);
  return make_report(std::as_const(machine), target, program, recording);
}

std::optional<Report> make_report(const Machine& machine, const Target& target, const Program& program,
                                  const Recording& recording) {
  if (!recording.divergence)
    return std::nullopt;
  Report report;
  report.target = target.name;
  report.replay = target.replay;
  report.schema = target.schema;
  report.program = program;
  report.outcomes = recording.outcomes;
  report.divergence = *recording.divergence;
  report.explanation = machine.explain(report.divergence.address);
  report.last_touched = last_touched(machine, program, report.divergence);
  report.original_ops = program.ops.size();
  return report;
}

std::string render(const Report& report) {
  std::string text = headline(report);
  for (const std::string& part :
       {with_line_end(report.divergence.details), trace(report), with_line_end(report.explanation)})
    text += part.empty() ? part : "\n" + part;
  text += "\npagetwin: signature " + report.divergence.signature() + "\n" + files(report);
  return text + "\n" + commands(report) + build(report);
}

std::string render_json(const Report& report) {
  std::string list;
  for (const Artifact& file : report.files)
    list += (list.empty() ? "" : ",") + json_string(file.label) + ":" + json_string(file.path);
  return "{\"target\":" + json_string(report.target) + ",\"oracle\":" + json_string(report.divergence.oracle)
         + ",\"signature\":" + json_string(report.divergence.signature()) + ",\"headline\":"
         + json_string(report.divergence.headline) + ",\"step\":" + std::to_string(report.divergence.step + 1)
         + ",\"ops\":" + std::to_string(report.program.ops.size()) + ",\"original_ops\":"
         + std::to_string(report.original_ops) + ",\"address\":" + json_string(hex(report.divergence.address))
         + ",\"commit\":" + json_string(build_info().commit) + ",\"files\":{" + list + "}}\n";
}

} // namespace pagetwin::twin
