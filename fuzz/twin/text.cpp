// See text.hpp; this part reads, text_print.cpp writes. The parser is a class because every error needs to
// know the file and the line; the first error ends it.
#include "fuzz/twin/text.hpp"

#include "fuzz/twin/domains.hpp"
#include "fuzz/twin/text_lexer.hpp"

#include <algorithm>

namespace pagetwin::twin {
namespace {

using Domains = std::array<Domain, max_fields>;
using Problem = std::optional<ParseError>;

bool has(std::uint8_t mask, std::size_t field) { return ((mask >> field) & 1U) != 0; }

std::string join(std::string_view separator, const std::vector<std::string_view>& names) {
  std::string result;
  for (const std::string_view name : names)
    (result += result.empty() ? "" : separator) += name;
  return result;
}

std::string names_of(const Domains& domains, std::uint8_t fields) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < max_fields; ++i) {
    if (has(fields, i))
      names.push_back(domains[i].name);
  }
  return names.empty() ? "no field" : join(", ", names);
}

std::string to_string(Limits limits) {
  return "from " + std::to_string(limits.least) + " to " + std::to_string(limits.most);
}

bool is_one_of(const std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::string names_of(std::span<const Verb> verbs) {
  std::vector<std::string_view> names;
  for (const Verb& verb : verbs)
    names.push_back(verb.name);
  return join(", ", names);
}

class Parser {
 public:
  Parser(std::string_view text, const Schema& schema, std::string_view file)
      : reader_(text), schema_(&schema), file_(file) {}

  [[nodiscard]] ParseResult parse() {
    set_default_header();
    while (!reader_.done()) {
      line_ = &reader_.next();
      if (auto problem = take_line())
        return *std::move(problem);
    }
    if (!seen_magic_)
      return ParseError{file_, line_ == nullptr ? 1 : line_->number, 1,
                        "expected '" + magic_line() + "', found the end of the file"};
    return std::move(trace_);
  }

 private:
  void set_default_header() {
    Op header;
    const History history(header.value, {}, header);
    for (std::size_t i = 0; i < max_fields; ++i) {
      if (schema_->header[i].used())
        header.value[i] = schema_->header[i].decode(0, history);
    }
    trace_.program.header = header.value;
  }

  [[nodiscard]] std::string magic_line() const {
    return "pagetwin " + std::to_string(text_version) + " " + std::string(schema_->machine);
  }

  [[nodiscard]] ParseError error(std::size_t column, std::string message) const {
    return {file_, line_->number, column, std::move(message)};
  }
  [[nodiscard]] ParseError expected(const std::string& what, const Word& word) const {
    return error(word.column, "expected " + what + ", found " + quoted(word.text));
  }
  [[nodiscard]] ParseError expected_at_end(const std::string& what) const {
    return error(line_->end_column(), "expected " + what + ", found the end of the line");
  }
  // No such word at `index`: either it is another one, or the line is over.
  [[nodiscard]] ParseError expected_word(std::size_t index, const std::string& what) const {
    return index < line_->words.size() ? expected(what, line_->words[index]) : expected_at_end(what);
  }

  [[nodiscard]] Problem take_line() {
    if (line_->raw.size() > max_line_bytes)
      return error(max_line_bytes + 1, "expected a line of at most " + std::to_string(max_line_bytes)
                                           + " bytes, found one of " + std::to_string(line_->raw.size()));
    if (line_->words.empty())
      return line_->outcome ? Problem(expected("a verb before '->'", Word{"->", line_->raw.find("->") + 1}))
                            : std::nullopt;
    if (!seen_magic_)
      return take_magic();
    const std::string_view first = line_->words[0].text;
    if (first == "target")
      return take_target();
    if (first == "set")
      return take_header();
    return take_op();
  }

  [[nodiscard]] Problem take_magic() {
    if (line_->raw.starts_with(byte_order_mark))
      return error(1, "expected '" + magic_line() + "', found a byte-order mark; save the file without one");
    const std::array<std::string, 3> want{"pagetwin", std::to_string(text_version),
                                          std::string(schema_->machine)};
    for (std::size_t i = 0; i < want.size(); ++i) {
      if (i >= line_->words.size() || line_->words[i].text != want[i])
        return expected_word(i, "'" + want[i] + "' (the first line is '" + magic_line() + "')");
    }
    seen_magic_ = true;
    return no_more_words(want.size());
  }

  [[nodiscard]] Problem no_more_words(std::size_t from) const {
    if (from < line_->words.size())
      return expected("the end of the line", line_->words[from]);
    if (line_->outcome)
      return error(line_->end_column(),
                   "expected the end of the line, found an outcome ('->') on a line that has none");
    return std::nullopt;
  }

  [[nodiscard]] Problem take_target() {
    if (!trace_.target.empty())
      return expected("one target line", line_->words[0]);
    if (!trace_.program.ops.empty())
      return expected("target before the first operation", line_->words[0]);
    if (line_->words.size() < 2)
      return expected_at_end("the name of a target");
    trace_.target = std::string(line_->words[1].text);
    return no_more_words(2);
  }

  [[nodiscard]] Problem take_header() {
    if (!trace_.program.ops.empty())
      return expected("set before the first operation", line_->words[0]);
    for (std::size_t i = 1; i < line_->words.size(); ++i) {
      if (auto problem = take_field(line_->words[i], schema_->header, used_header(*schema_), seen_header_,
                                    trace_.program.header))
        return problem;
    }
    return line_->outcome ? no_more_words(line_->words.size()) : std::nullopt;
  }

  [[nodiscard]] Problem take_op() {
    const auto verb = std::find_if(schema_->verbs.begin(), schema_->verbs.end(),
                                   [this](const Verb& v) { return v.name == line_->words[0].text; });
    if (verb == schema_->verbs.end())
      return expected("a verb (" + names_of(schema_->verbs) + ")", line_->words[0]);
    if (trace_.program.ops.size() == max_text_ops)
      return error(1, "expected at most " + std::to_string(max_text_ops) + " operations, found one more");
    Op op{static_cast<std::uint8_t>(verb - schema_->verbs.begin()), {}};
    std::uint8_t seen = 0;
    for (std::size_t i = 1; i < line_->words.size(); ++i) {
      if (auto problem = take_field(line_->words[i], schema_->fields, verb->fields, seen, op.value))
        return problem;
    }
    if (seen != verb->fields)
      return expected_at_end(names_of(schema_->fields, static_cast<std::uint8_t>(verb->fields & ~seen))
                             + " of " + std::string(verb->name));
    return add(op);
  }

  [[nodiscard]] Problem add(const Op& op) {
    if (auto problem = check_outcome())
      return problem;
    trace_.program.ops.push_back(op);
    trace_.expectations.emplace_back(line_->outcome ? line_->outcome->text : std::string_view{});
    trace_.lines.push_back(line_->number);
    return std::nullopt;
  }

  [[nodiscard]] Problem check_outcome() const {
    if (!line_->outcome || is_outcome(line_->outcome->text, *schema_))
      return std::nullopt;
    if (line_->outcome->text.empty())
      return error(line_->outcome->column, "expected an outcome after '->', found the end of the line");
    const std::vector<std::string_view> names(schema_->outcomes.begin(), schema_->outcomes.end());
    return expected("an outcome (" + join(", ", names) + "; a number may follow)", *line_->outcome);
  }

  // One name=value. `seen` collects the fields so far.
  [[nodiscard]] Problem take_field(const Word& word, const Domains& domains, std::uint8_t fields,
                                   std::uint8_t& seen, Values& values) const {
    const std::size_t equals = std::min(word.text.find('='), word.text.size());
    const std::string_view name = word.text.substr(0, equals);
    std::size_t field = 0;
    while (field < max_fields && !(has(fields, field) && domains[field].name == name))
      ++field;
    if (field == max_fields || equals == word.text.size())
      return expected("name=value with one of " + names_of(domains, fields), word);
    if (has(seen, field))
      return expected(std::string(name) + " once", word);
    const Word value{word.text.substr(equals + 1), word.column + equals + 1};
    const auto number = domains[field].parse(value.text);
    if (!number)
      return expected(std::string(domains[field].expects), value);
    const Limits limits = domains[field].limits_with(trace_.program.header);
    if (limits.nearest(*number) != *number)
      return expected(std::string(name) + " " + to_string(limits), value);
    seen = static_cast<std::uint8_t>(seen | (1U << field));
    values[field] = *number;
    return std::nullopt;
  }

  LineReader reader_;
  const Schema* schema_;
  std::string file_;
  const Line* line_ = nullptr;
  Trace trace_{};
  bool seen_magic_ = false;
  std::uint8_t seen_header_ = 0;
};

} // namespace

std::string ParseError::to_string() const {
  return line == 0 ? file + ": " + message
                   : file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + message;
}

bool is_outcome(std::string_view text, const Schema& schema) {
  if (text.empty() || schema.outcomes.empty() || is_one_of(schema.outcomes, text))
    return !text.empty();
  const std::size_t blank = std::min(text.rfind(' '), text.size());
  return is_one_of(schema.outcomes, text.substr(0, blank))
         && parse_number(text.substr(std::min(blank + 1, text.size())));
}

ParseResult parse_text(std::string_view text, const Schema& schema, std::string_view file) {
  if (text.size() > max_text_bytes)
    return ParseError{std::string(file), 0, 0,
                      "expected a trace of at most " + std::to_string(max_text_bytes >> 20U) + " MiB, found "
                          + std::to_string(text.size()) + " bytes"};
  return Parser(text, schema, file).parse();
}

} // namespace pagetwin::twin
