// What happens to a table's bytes before a foreign MMU sees them, besides what the table did: accesses that
// set flags, for an MMU that sets none and would fault at every fresh page; and damage, because most of what
// a manual says is about words that our tables never write. Both follow from the bytes and the survey's salt.
#pragma once

#include "fuzz/machines/foreign/survey.hpp"

namespace pagetwin::fuzz {

// Most pages are read or written by hardware that manages flags; some stay as they are.
void use(const View& view, const Survey& survey, std::uint64_t root,
         std::span<const emulators::Probe> probes);

// One bit of about every fourth place of the survey; equal words suffer the same.
void damage(const View& view, const Survey& survey);

} // namespace pagetwin::fuzz
