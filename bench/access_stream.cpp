#include "bench/access_stream.hpp"

#include <string_view>

namespace pagetwin::bench {
namespace {

constexpr std::string_view first_line = "pagetwin accesses 1", command_line = "command: ";
constexpr std::uint8_t end_record = 0xff, same_place = 0x20, unused = 0xc0;
constexpr unsigned size_shift = 2, size_mask = 7, size_follows = 7;
constexpr std::size_t longest_line = 4096;

// 0, -1, 1, -2, 2, ...
constexpr std::uint64_t zigzag(std::uint64_t number) {
  return (number >> 1) ^ (std::uint64_t{0} - (number & 1));
}

} // namespace

AccessStream::AccessStream(std::istream& in) : in_(in.rdbuf()) { read_head(); }

std::nullopt_t AccessStream::fail(const std::string& what, std::uint64_t offset) {
  if (error_.empty())
    error_ = "offset " + std::to_string(offset) + ": " + what;
  return std::nullopt;
}

std::optional<std::uint8_t> AccessStream::byte() {
  const auto read = in_->sbumpc();
  if (read == std::char_traits<char>::eof())
    return fail("the file is cut off: expected a record, or the end record", offset_);
  ++offset_;
  return static_cast<std::uint8_t>(read);
}

std::optional<std::string> AccessStream::line() {
  std::string text;
  for (auto read = byte(); read; read = byte()) {
    if (*read == '\n')
      return text;
    if (text.size() == longest_line)
      return fail("expected lines of text and an empty one before the records", offset_);
    text += static_cast<char>(*read);
  }
  return std::nullopt;
}

void AccessStream::read_head() {
  const auto version = line();
  if (version != first_line) {
    error_.clear();
    fail("expected '" + std::string(first_line) + "' in the first line", 0);
    return;
  }
  for (auto text = line(); text && !text->empty(); text = line())
    if (text->starts_with(command_line))
      command_ = text->substr(command_line.size());
}

// Seven bits a byte, low ones first.
std::optional<std::uint64_t> AccessStream::number() {
  const std::uint64_t start = offset_;
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto read = byte();
    if (!read)
      return std::nullopt;
    const std::uint64_t bits = *read & 0x7fU;
    if (bits << shift >> shift != bits)
      break;
    value |= bits << shift;
    if ((*read & 0x80) == 0)
      return value;
  }
  return fail("expected a number of at most 64 bits", start);
}

std::optional<std::uint64_t> AccessStream::size_of(std::uint8_t first) {
  const unsigned code = first >> size_shift & size_mask;
  if (code != size_follows)
    return std::uint64_t{1} << code;
  const std::uint64_t start = offset_;
  const auto size = number();
  return size == 0 ? fail("expected a size of at least one byte", start) : size;
}

std::optional<std::uint64_t> AccessStream::step_of(std::uint8_t first) {
  if ((first & same_place) != 0)
    return 0;
  const auto step = number();
  return step ? std::optional(zigzag(*step)) : std::nullopt;
}

std::optional<Access> AccessStream::access(std::uint8_t first) {
  const auto kind = static_cast<Access::Kind>(first & 3U);
  std::uint64_t& end = ends_[kind == Access::Kind::instruction ? 0 : 1];
  const auto size = size_of(first);
  const auto step = size ? step_of(first) : std::nullopt;
  if (!step)
    return std::nullopt;
  const Access found{kind, end + *step, *size};
  end = found.va + found.size;
  ++count_;
  return found;
}

void AccessStream::read_end() {
  const std::uint64_t start = offset_;
  const auto counted = number();
  if (counted && *counted != count_)
    fail("the end counts " + std::to_string(*counted) + " accesses, the file has " + std::to_string(count_),
         start);
  if (counted && in_->sgetc() != std::char_traits<char>::eof())
    fail("expected nothing behind the end record", offset_);
}

std::optional<Access> AccessStream::next() {
  const std::uint64_t start = offset_;
  const auto first = error_.empty() && !ended_ ? byte() : std::nullopt;
  if (!first)
    return std::nullopt;
  if (*first == end_record) {
    read_end();
    ended_ = true;
    return std::nullopt;
  }
  if ((*first & unused) != 0)
    return fail("expected a record: a byte below 64", start);
  return access(*first);
}

} // namespace pagetwin::bench
