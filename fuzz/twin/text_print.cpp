// See text.hpp; this part writes, text.cpp reads.
#include "fuzz/twin/text.hpp"

namespace pagetwin::twin {
namespace {

void print_fields(std::string& to, const Values& values, const std::array<Domain, max_fields>& domains,
                  std::uint8_t fields) {
  for (std::size_t i = 0; i < max_fields; ++i) {
    if (((fields >> i) & 1U) == 0)
      continue;
    (to += ' ') += domains[i].name;
    domains[i].print(to += '=', values[i]);
  }
}

} // namespace

std::string print_op(const Op& op, const Schema& schema) {
  const Verb& verb = schema.verbs[op.verb];
  std::string line(verb.name);
  print_fields(line, op.value, schema.fields, verb.fields);
  return line;
}

std::string print_header(const Program& program, const Schema& schema) {
  const std::uint8_t fields = used_header(schema);
  std::string line = fields == 0 ? "" : "set";
  print_fields(line, program.header, schema.header, fields);
  return line;
}

std::string print_text(const Trace& trace, const Schema& schema) {
  std::string text = "pagetwin " + std::to_string(text_version) + " " + std::string(schema.machine) + "\n";
  if (!trace.target.empty())
    text += "target " + trace.target + "\n";
  if (const std::string header = print_header(trace.program, schema); !header.empty())
    text += header + "\n";
  for (std::size_t i = 0; i < trace.program.ops.size(); ++i) {
    text += print_op(trace.program.ops[i], schema);
    if (i < trace.expectations.size() && !trace.expectations[i].empty())
      text += " -> " + trace.expectations[i];
    text += '\n';
  }
  return text;
}

} // namespace pagetwin::twin
