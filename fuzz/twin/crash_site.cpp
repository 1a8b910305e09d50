// See crash_site.hpp. The formats are those of LLVM 19's sanitizers with a symbolizer, and of glibc's assert.
#include "fuzz/twin/crash_site.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace pagetwin::twin {
namespace {

using Lines = std::vector<std::string_view>;

constexpr std::string_view digits = "0123456789";

Lines split_lines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    lines.push_back(line);
  }
  return lines;
}

std::optional<std::string_view> after(std::string_view line, std::string_view mark) {
  const std::size_t at = line.find(mark);
  if (at == std::string_view::npos)
    return std::nullopt;
  return line.substr(at + mark.size());
}

// Numbers differ between two runs of the same bug.
std::string without_numbers(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool digit = digits.find(c) != std::string_view::npos;
    if (!digit)
      result += c;
    else if (result.empty() || result.back() != 'N')
      result += 'N';
  }
  return result;
}

// "AddressSanitizer: heap-use-after-free on address ..." -> up to that word; UBSan and assert: the sentence.
std::optional<std::string> error_of(std::string_view line) {
  if (const auto rest = after(line, "ERROR: "); rest && rest->find("Sanitizer: ") != std::string_view::npos) {
    const std::size_t kind = rest->find("Sanitizer: ") + 11;
    return std::string(rest->substr(0, rest->find(' ', kind)));
  }
  if (const auto rest = after(line, "runtime error: "))
    return "runtime error: " + without_numbers(*rest);
  if (const auto rest = after(line, ": Assertion "))
    return "assertion " + std::string(*rest);
  return std::nullopt;
}

bool ends_in_position(std::string_view text) {
  return text.find_first_of(digits) != std::string_view::npos && text.find(':') != std::string_view::npos;
}

// "/somewhere/src/table/walk.hpp:12:3" -> "src/table/walk.hpp:12"; nothing when `folder` is not on the path.
std::optional<std::string> position_under(std::string_view path, std::string_view folder) {
  const std::string inner = "/" + std::string(folder) + "/";
  const std::size_t at = path.starts_with(inner.substr(1)) ? 0 : path.rfind(inner) + 1;
  if (path.starts_with("/usr/") || (at == 0 && !path.starts_with(inner.substr(1))))
    return std::nullopt;
  const std::string_view ours = path.substr(at);
  const std::size_t colon = ours.find(':');
  if (colon == std::string_view::npos || !ends_in_position(ours))
    return std::nullopt;
  return std::string(ours.substr(0, std::min(ours.find_first_not_of(digits, colon + 1), ours.size())));
}

struct Frame {
  std::string_view function;
  std::string_view path; // with line and column
};

// "    #3 0x55d0 in foo(int) /path/file.cpp:12:3", or the place that UBSan or assert names itself.
std::optional<Frame> frame_of(std::string_view line) {
  const std::size_t first = line.find_first_not_of(' ');
  if (const auto rest = after(line, " in "); rest && first != std::string_view::npos && line[first] == '#') {
    const std::size_t blank = std::min(rest->rfind(' '), rest->size());
    return Frame{rest->substr(0, blank),
                 blank == rest->size() ? std::string_view{} : rest->substr(blank + 1)};
  }
  if (const std::size_t at = line.find(": runtime error: "); at != std::string_view::npos)
    return Frame{{}, line.substr(0, at)};
  return std::nullopt;
}

std::string top_frame(const std::vector<Frame>& frames, std::initializer_list<std::string_view> folders) {
  for (const Frame& frame : frames) {
    for (const std::string_view folder : folders) {
      const auto position = position_under(frame.path, folder);
      if (position)
        return frame.function.empty() ? *position : *position + " in " + std::string(frame.function);
    }
  }
  return {};
}

// Frames of the first stack only: later ones tell who allocated and who freed.
std::vector<Frame> frames_of(const Lines& lines, std::size_t first) {
  std::vector<Frame> frames;
  bool in_stack = false;
  for (std::size_t i = first; i < lines.size(); ++i) {
    const auto frame = frame_of(lines[i]);
    const bool stack_line = frame && !frame->function.empty();
    if (in_stack && !stack_line)
      break;
    in_stack = in_stack || stack_line;
    if (frame)
      frames.push_back(*frame);
  }
  return frames;
}

} // namespace

std::optional<CrashSite> parse_crash(std::string_view errors) {
  const Lines lines = split_lines(errors);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto error = error_of(lines[i]);
    if (!error)
      continue;
    const auto frames = frames_of(lines, i);
    std::string frame = top_frame(frames, {"src"});
    if (frame.empty())
      frame = top_frame(frames, {"reference", "fuzz"});
    if (frame.empty() && !frames.empty())
      frame = std::string(frames.front().function);
    return CrashSite{*std::move(error), std::move(frame)};
  }
  return std::nullopt;
}

} // namespace pagetwin::twin
