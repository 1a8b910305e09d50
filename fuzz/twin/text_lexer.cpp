// See text_lexer.hpp.
#include "fuzz/twin/text_lexer.hpp"

#include <algorithm>

namespace pagetwin::twin {
namespace {

constexpr std::string_view blanks = " \t\r";
constexpr std::size_t longest_quote = 40;

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

Word word_at(std::string_view line, std::string_view word) {
  return {word, static_cast<std::size_t>(word.data() - line.data()) + 1};
}

void split_words(Line& line, std::string_view code) {
  std::size_t at = code.find_first_not_of(blanks);
  while (at != std::string_view::npos) {
    const std::size_t end = std::min(code.find_first_of(blanks, at), code.size());
    line.words.push_back(word_at(line.raw, code.substr(at, end - at)));
    at = code.find_first_not_of(blanks, end);
  }
}

} // namespace

std::size_t Line::end_column() const {
  return words.empty() ? 1 : words.back().column + words.back().text.size();
}

const Line& LineReader::next() {
  const std::size_t end = rest_.find('\n');
  line_.raw = rest_.substr(0, end);
  rest_.remove_prefix(std::min(rest_.size(), line_.raw.size() + 1));
  ++line_.number;
  line_.words.clear();
  line_.outcome.reset();
  std::string_view code = line_.raw.substr(0, line_.raw.find('#'));
  if (const std::size_t arrow = code.find("->"); arrow != std::string_view::npos) {
    line_.outcome = word_at(line_.raw, trim(code.substr(arrow + 2)));
    if (line_.outcome->text.empty())
      line_.outcome = Word{{}, arrow + 3};
    code = code.substr(0, arrow);
  }
  split_words(line_, code);
  return line_;
}

std::string quoted(std::string_view text) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string result = "'";
  for (const char c : text.substr(0, longest_quote)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F)
      result += c;
    else
      (result += "\\x").append({digits[byte >> 4U], digits[byte & 0xFU]});
  }
  return result + (text.size() > longest_quote ? "...'" : "'");
}

} // namespace pagetwin::twin
