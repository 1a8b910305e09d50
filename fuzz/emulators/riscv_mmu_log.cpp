#include "fuzz/emulators/riscv_mmu_log.hpp"

#include <charconv>

namespace pagetwin::emulators {

namespace {

constexpr unsigned page_shift = 12;
// `ret`: of a translation, or of protection alone.
constexpr std::uint64_t success = 0, protection = 2;

} // namespace

void RiscvMmuLog::restart(std::string text) {
  text_ = std::move(text);
  rest_ = text_;
  advance();
}

void RiscvMmuLog::advance() {
  next_.reset();
  const auto from = after("2nd-stage address=", 16), status = after(" ret ", 10),
             to = after(" physical ", 16);
  if (!from || !status || !to)
    return;
  const bool ended = status == success;
  const auto let = ended && skip_past("PMP address=") ? after(" ret ", 10) : std::nullopt;
  if (ended && !let)
    return;
  next_ = {*from >> page_shift, *to >> page_shift, ended, status == protection, ended && let != success};
}

bool RiscvMmuLog::skip_past(std::string_view words) {
  const std::size_t at = rest_.find(words);
  rest_ = at == std::string_view::npos ? std::string_view() : rest_.substr(at + words.size());
  return at != std::string_view::npos;
}

std::optional<std::uint64_t> RiscvMmuLog::after(std::string_view words, int base) {
  std::uint64_t value = 0;
  if (!skip_past(words)
      || std::from_chars(rest_.data(), rest_.data() + rest_.size(), value, base).ec != std::errc())
    return std::nullopt;
  return value;
}

} // namespace pagetwin::emulators
