// See round_trip.hpp.
#include "fuzz/twin/round_trip.hpp"

#include <algorithm>

namespace pagetwin::twin {
namespace {

Divergence broken(std::string key, std::string headline, std::string details) {
  Divergence divergence;
  divergence.oracle = "round trip";
  divergence.key = std::move(key);
  divergence.headline = std::move(headline);
  divergence.details = std::move(details);
  return divergence;
}

std::string text_of(const Program& program, const Schema& schema) {
  Trace trace;
  trace.program = program;
  return print_text(trace, schema);
}

Verdict check_text(const Trace& trace, const Schema& schema) {
  const std::string text = print_text(trace, schema);
  const ParseResult result = parse_text(text, schema, "printed");
  if (const auto* error = std::get_if<ParseError>(&result))
    return broken("text refused", "what print wrote is refused: " + error->to_string(), text);
  const Trace& again = std::get<Trace>(result);
  const bool same_outcomes = trace.expectations.empty() || again.expectations == trace.expectations;
  if (again.program == trace.program && again.target == trace.target && same_outcomes)
    return std::nullopt;
  return broken("text differs", "parse makes another trace of what print wrote",
                text + "became\n" + print_text(again, schema));
}

} // namespace

Verdict check_program_round_trips(const Program& program, const Schema& schema, Compact compact) {
  const Program again =
      decode(encode(program, schema, compact), schema, std::max(program.ops.size(), max_ops_from_bytes));
  if (again != program)
    return broken("bytes differ", "decode makes another program of what encode wrote",
                  text_of(program, schema) + "became\n" + text_of(again, schema));
  Trace trace;
  trace.program = program;
  return check_text(trace, schema);
}

Verdict check_round_trips(std::span<const std::uint8_t> bytes, const Schema& schema) {
  if (auto divergence = check_program_round_trips(decode(bytes, schema), schema))
    return divergence;
  const std::string_view content(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const ParseResult result = parse_text(content, schema, "input");
  if (const auto* trace = std::get_if<Trace>(&result))
    return check_text(*trace, schema);
  const ParseError& error = std::get<ParseError>(result);
  const auto lines = static_cast<std::size_t>(std::count(content.begin(), content.end(), '\n')) + 1;
  if (error.line >= 1 && error.line <= lines && error.column >= 1 && !error.message.empty())
    return std::nullopt;
  return broken("error position", "an error points outside the text: " + error.to_string(),
                std::string(content));
}

std::optional<std::string> check_domain(const Domain& domain, std::uint64_t value) {
  std::string text;
  domain.print(text, value);
  const std::string where =
      std::string(domain.name) + " " + std::to_string(value) + " is printed as '" + text + "'";
  if (text.empty() || text.find_first_of(" \t\r\n=#") != std::string::npos
      || text.find("->") != std::string::npos)
    return where + ", which is not one word without '=', '#' and '->'";
  const auto again = domain.parse(text);
  if (!again)
    return where + ", which parse refuses";
  if (*again != value)
    return where + ", which is parsed as " + std::to_string(*again);
  return std::nullopt;
}

} // namespace pagetwin::twin
