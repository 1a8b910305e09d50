#include "fuzz/machines/descriptors/answer.hpp"

#include "fuzz/oracles/finding.hpp"

namespace pagetwin::fuzz {

namespace {

using Hex = unsigned long long;

std::string difference(const reference::Translation& ours, const reference::Translation& theirs) {
  std::string text;
  if (ours.pa != theirs.pa)
    text += " address";
  if (ours.size != theirs.size)
    text += " size";
  if (ours.attributes != theirs.attributes)
    text += " attributes";
  if (ours.flags != theirs.flags)
    text += " flags";
  return text;
}

} // namespace

std::string to_text(const Answer& a) {
  if (a.translation)
    return format("ok %#llx", Hex{a.translation->pa});
  const bool nothing_read = a.outcome == reference::Outcome::non_canonical;
  return nothing_read ? reference::to_text(a.outcome)
                      : format("%s %u", reference::to_text(a.outcome), a.level);
}

std::string show(const char* who, const Answer& a) {
  std::string text = format("%-9s %s at level %u", who, reference::to_text(a.outcome), a.level);
  if (a.translation) {
    const auto& [pa, size, b, flags] = *a.translation;
    text += format(" %#llx size %#llx %c%c%c%c type %u key %u software %#x%s%s%s", Hex{pa}, Hex{size},
                   b.read ? 'r' : '-', b.write ? 'w' : '-', b.execute ? 'x' : '-', b.user ? 'u' : '-',
                   b.memory_type, b.key, b.software, b.global ? " global" : "",
                   flags.accessed ? " accessed" : "", flags.dirty ? " dirty" : "");
  }
  return text + "\n";
}

std::string difference(const Answer& ours, const Answer& theirs) {
  if (ours.outcome != theirs.outcome)
    return format("%s instead of %s", reference::to_text(ours.outcome), reference::to_text(theirs.outcome));
  if (ours.level != theirs.level)
    return format("level of %s", reference::to_text(ours.outcome));
  if (ours.translation && theirs.translation)
    return "translation" + difference(*ours.translation, *theirs.translation);
  return "translation";
}

} // namespace pagetwin::fuzz
