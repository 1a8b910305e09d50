// Reading of trace lines: `verb name=value ...`, one operation a line, `#` starts a comment.
#include "bench/trace.hpp"

#include <array>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>

namespace pagetwin::bench {
namespace {

using Fields = std::map<std::string, std::string>;

struct VerbName {
  std::string_view text;
  TraceOp::Verb verb;
};
constexpr std::array verbs{
    VerbName{"create", TraceOp::Verb::create}, VerbName{"destroy", TraceOp::Verb::destroy},
    VerbName{"clear", TraceOp::Verb::clear},   VerbName{"map_range", TraceOp::Verb::map_range},
    VerbName{"unmap", TraceOp::Verb::unmap},   VerbName{"protect", TraceOp::Verb::protect}};

std::optional<TraceOp::Verb> verb_of(std::string_view text) {
  for (const VerbName& v : verbs)
    if (v.text == text)
      return v.verb;
  return std::nullopt;
}
// 4096, 0x1000, 4K, 2M, 1G; 0 when the field is absent.
std::uint64_t number(const Fields& fields, const char* name) {
  const auto it = fields.find(name);
  if (it == fields.end())
    return 0;
  char* end = nullptr;
  const std::uint64_t value = std::strtoull(it->second.c_str(), &end, 0);
  const unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
  return value << shift;
}
Attributes attributes_of(const Fields& fields) {
  const auto it = fields.find("attrs");
  if (it == fields.end())
    return {};
  const auto has_letter = [&it](char letter) { return it->second.find(letter) != std::string::npos; };
  return {.rights = when(has_letter('r'), Rights::read) | when(has_letter('w'), Rights::write)
                    | when(has_letter('x'), Rights::execute) | when(has_letter('u'), Rights::user)};
}
Fields fields_of(std::istringstream& line) {
  Fields fields;
  for (std::string word; line >> word;)
    if (const auto equals = word.find('='); equals != std::string::npos)
      fields.emplace(word.substr(0, equals), word.substr(equals + 1));
  return fields;
}
TraceOp op_of(TraceOp::Verb verb, const Fields& fields) {
  return {.verb = verb,
          .space = static_cast<unsigned>(number(fields, "s")),
          .va = number(fields, "va"),
          .pa = number(fields, "pa"),
          .length = number(fields, "len"),
          .largest = number(fields, "size"),
          .attributes = attributes_of(fields)};
}
// Returns what is wrong with the line, if anything is.
std::string read_line(Trace& trace, const std::string& text) {
  std::istringstream line(text.substr(0, text.find('#')));
  std::string word;
  if (!(line >> word) || word == "pagetwin" || word == "target")
    return {};
  const Fields fields = fields_of(line);
  if (word == "set") {
    trace.nodes = number(fields, "nodes");
    trace.spaces = static_cast<unsigned>(number(fields, "spaces"));
    return {};
  }
  const auto verb = verb_of(word);
  if (!verb)
    return "unknown verb '" + word + "'";
  trace.ops.push_back(op_of(*verb, fields));
  return trace.ops.back().space < trace.spaces ? "" : "a space that the header does not count";
}

} // namespace

Trace read_trace(const std::string& path) {
  Trace trace;
  std::ifstream file(path);
  if (!file)
    trace.error = path + ": cannot be read";
  unsigned line = 0;
  for (std::string text; trace.error.empty() && std::getline(file, text);) {
    ++line;
    if (const std::string wrong = read_line(trace, text); !wrong.empty())
      trace.error.append(path).append(":").append(std::to_string(line)).append(": ").append(wrong);
  }
  if (trace.error.empty() && trace.ops.empty())
    trace.error = path + ": no operation in it";
  return trace;
}

} // namespace pagetwin::bench
