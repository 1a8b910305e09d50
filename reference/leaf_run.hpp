// Leaves that follow one another: the unit in which FlatMap remembers and reports, so that no cost depends on
// pages. It refuses to know how leaves are stored. The canonical form of a list of runs is stated at
// `append`.
#pragma once

#include "reference/attributes.hpp"

#include <cstdint>
#include <vector>

namespace reference {

// bytes / leaf_size leaves: consecutive addresses, consecutive frames, one size, equal attributes, equal
// flags.
struct LeafRun {
  std::uint64_t va = 0;
  std::uint64_t bytes = 0;
  std::uint64_t pa = 0;
  std::uint64_t leaf_size = 0;
  Attributes attributes;
  Flags flags;

  bool operator==(const LeafRun&) const = default;
};

// A part of a hole that carries a software word, which is never 0.
struct Marker {
  std::uint64_t va = 0;
  std::uint64_t bytes = 0;
  std::uint64_t word = 0;

  bool operator==(const Marker&) const = default;
};

// What for_each shows: leaf sizes and flags do not end an extent.
struct Extent {
  std::uint64_t va = 0;
  std::uint64_t bytes = 0;
  std::uint64_t pa = 0;
  Attributes attributes;

  bool operator==(const Extent&) const = default;
};

template <typename Piece>
[[nodiscard]] constexpr std::uint64_t last_byte(const Piece& piece) {
  return piece.va + (piece.bytes - 1);
}

// `next` begins where `piece` ends. Nothing follows the top of the address space.
template <typename Piece>
[[nodiscard]] constexpr bool touches(const Piece& piece, const Piece& next) {
  return next.va != 0 && next.va - 1 == last_byte(piece);
}

// Whether two neighbours, in this order, are one piece.
[[nodiscard]] constexpr bool joins(const LeafRun& run, const LeafRun& next) {
  return touches(run, next) && run.pa + run.bytes == next.pa && run.leaf_size == next.leaf_size
         && run.attributes == next.attributes && run.flags == next.flags;
}

[[nodiscard]] constexpr bool joins(const Marker& marker, const Marker& next) {
  return touches(marker, next) && marker.word == next.word;
}

[[nodiscard]] constexpr bool joins(const Extent& extent, const Extent& next) {
  return touches(extent, next) && extent.pa + extent.bytes == next.pa && extent.attributes == next.attributes;
}

// The part of a piece that begins `offset` bytes into it.
[[nodiscard]] constexpr LeafRun slice(LeafRun run, std::uint64_t offset, std::uint64_t bytes) {
  run.va += offset;
  run.pa += offset;
  run.bytes = bytes;
  return run;
}

[[nodiscard]] constexpr Marker slice(Marker marker, std::uint64_t offset, std::uint64_t bytes) {
  marker.va += offset;
  marker.bytes = bytes;
  return marker;
}

// The canonical form of ascending pieces: each joins the one before it where it can, so that equal contents
// are equal vectors. Whoever collects leaves one by one appends each here.
template <typename Piece>
void append(std::vector<Piece>& pieces, const Piece& next) {
  if (!pieces.empty() && joins(pieces.back(), next))
    pieces.back().bytes += next.bytes;
  else
    pieces.push_back(next);
}

} // namespace reference
