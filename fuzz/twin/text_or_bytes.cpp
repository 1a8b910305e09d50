// See text.hpp; this part tells text from bytes.
#include "fuzz/twin/text.hpp"
#include "fuzz/twin/text_lexer.hpp"

#include <algorithm>

namespace pagetwin::twin {
namespace {

bool is_text_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\n' || byte == '\r' || byte == '\t' || (byte >= 0x20 && byte < 0x7F);
}

} // namespace

bool looks_like_text(std::string_view content) {
  if (content.starts_with(byte_order_mark))
    return true;
  LineReader reader(content);
  while (!reader.done()) {
    const Line& line = reader.next();
    if (!line.words.empty() && line.words[0].text == "pagetwin")
      return true;
    if (!line.words.empty() || line.outcome)
      break;
  }
  return content.size() >= record_bytes && std::all_of(content.begin(), content.end(), is_text_byte);
}

ParseResult read_trace(std::string_view content, const Schema& schema, std::string_view file,
                       std::size_t max_ops) {
  if (looks_like_text(content))
    return parse_text(content, schema, file);
  Trace trace;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(content.data());
  trace.program = decode({bytes, content.size()}, schema, max_ops);
  return trace;
}

} // namespace pagetwin::twin
