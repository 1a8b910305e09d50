// The text trace, for people: one operation a line, absolute values, comments, expected outcomes; lossless
// both ways. It refuses to know any verb, and to guess: what it does not understand is an error with file,
// line and column.
//
//   # comment
//   pagetwin 1 table                        version of this format and Schema::machine; must come first
//   target page_table_x86_64_4              optional: the fuzz target that it belongs to
//   set nodes=64 spaces=2                   optional: header fields; one left out has the value of selector 0
//   map s=0 va=0x1000 size=4K -> ok         a verb with all of its fields, in any order; after -> the
//   expected outcome, one that the machine knows
#pragma once

#include "fuzz/twin/codec.hpp"

#include <variant>

namespace pagetwin::twin {

inline constexpr unsigned text_version = 1;
inline constexpr std::size_t max_text_bytes = std::size_t{64} << 20U;
inline constexpr std::size_t max_text_ops = 1'000'000;
inline constexpr std::size_t max_line_bytes = 4096;

struct Trace {
  Program program;
  std::string target;                    // empty: the trace does not say
  std::vector<std::string> expectations; // one per operation; empty: any outcome
  std::vector<std::size_t> lines;        // one per operation, from 1; empty when the trace was bytes
};

struct ParseError {
  std::string file;
  std::size_t line = 0; // from 1; 0: the file as a whole
  std::size_t column = 0;
  std::string message; // "expected ..., found ..."

  [[nodiscard]] std::string to_string() const; // "a.ops:3:7: expected ..."
};

using ParseResult = std::variant<Trace, ParseError>;

[[nodiscard]] ParseResult parse_text(std::string_view text, const Schema& schema, std::string_view file);

// Whether a machine of this schema can answer so: one of its outcomes, and perhaps a number behind it.
[[nodiscard]] bool is_outcome(std::string_view text, const Schema& schema);

// One operation without its line end: "map s=0 va=0x1000 size=4K".
[[nodiscard]] std::string print_op(const Op& op, const Schema& schema);
// "set nodes=64 spaces=2"; empty when the machine has no header fields.
[[nodiscard]] std::string print_header(const Program& program, const Schema& schema);
[[nodiscard]] std::string print_text(const Trace& trace, const Schema& schema);

// Whether this is meant to be text: it begins, after blanks and comments, with "pagetwin", or all of it is
// printable. Less than one record is bytes: the first inputs of a fuzzer are "" and "\n".
[[nodiscard]] bool looks_like_text(std::string_view content);
// Text or bytes, told apart by content.
[[nodiscard]] ParseResult read_trace(std::string_view content, const Schema& schema, std::string_view file,
                                     std::size_t max_ops = max_ops_from_bytes);

} // namespace pagetwin::twin
