// Cuts a text trace into lines and lines into words with their columns. It refuses to know what a word means,
// and takes any bytes: NUL, carriage returns, no final line end.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pagetwin::twin {

// Some editors put it before a text; it is an error with a position, so that what has it counts as text.
inline constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

struct Word {
  std::string_view text;
  std::size_t column = 1; // from 1
};

struct Line {
  std::size_t number = 0;                       // from 1
  std::string_view raw;                         // without the line end
  std::vector<Word> words;                      // before "->" and '#'
  std::optional<Word> outcome;                  // after "->", trimmed
  [[nodiscard]] std::size_t end_column() const; // where the next word was missing
};

class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}
  [[nodiscard]] bool done() const { return rest_.empty(); }
  // The next line, blank ones and comments too. Reuses its memory: good until the next call.
  [[nodiscard]] const Line& next();

 private:
  std::string_view rest_;
  Line line_{};
};

// In quotes, unprintable bytes as \xNN, cut when long: what error messages show of a file.
[[nodiscard]] std::string quoted(std::string_view text);

} // namespace pagetwin::twin
