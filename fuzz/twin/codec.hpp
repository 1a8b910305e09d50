// Bytes to programs and back. Every byte string decodes; encoding is lossless. It refuses to know any verb.
// The layout follows from measurements on a toy table: fixed-width records keep the meaning of
// the others when one is mutated, and 16 bits per field let a machine's domain refer back to earlier
// operations.
//
//   record (16 bytes)   byte 0   kind: low five bits, and in the top three whether the record may be literal
//                       byte 1   tag
//                       2..15    seven selectors, 16 bits each, little endian
//   first record        kind is the version, 1; every other value decodes as version 1 until there is a 2.
//   Fields: Schema::header other records       kind modulo the number of verbs is the verb. Fields:
//   Schema::fields that the verb uses literal record      top three bits of kind and top bit of tag all set:
//   the low seven bits of tag tell the fields whose value
//                       is not chosen by the selector but is a 64-bit little-endian number, in ascending
//                       order from the ceil(n/2) records that follow. Missing some of these, the record is a
//                       plain one.
//   end                 a short first record is filled with zeros; a short last one is ignored
#pragma once

#include "fuzz/twin/target.hpp"

namespace pagetwin::twin {

using Bytes = std::vector<std::uint8_t>;

inline constexpr std::size_t record_bytes = 16;
inline constexpr std::uint8_t codec_version = 1;

// Keeps its program between calls, so that decoding allocates nothing once it has seen a long one.
class Decoder {
 public:
  explicit Decoder(const Schema& schema, std::size_t max_ops = max_ops_from_bytes);

  // The reference is good until the next call.
  [[nodiscard]] const Program& decode(std::span<const std::uint8_t> bytes);

 private:
  const Schema* schema_;
  std::size_t max_ops_;
  std::uint8_t header_fields_;
  Program program_;
};

[[nodiscard]] Program decode(std::span<const std::uint8_t> bytes, const Schema& schema,
                             std::size_t max_ops = max_ops_from_bytes);

// yes: looks for a selector that chooses the value (65,536 tries per field) and writes a literal where there
// is none: what is written then mutates well. no: literals only.
enum class Compact : bool { no, yes };

// decode(encode(p)) == p for every canonical program of at most max_ops operations whose verbs the schema
// has and whose values are within their limits.
[[nodiscard]] Bytes encode(const Program& program, const Schema& schema, Compact compact = Compact::no);

// Of the record at the front together with its literals; 0 when less than a record is left. The mutator moves
// these units.
[[nodiscard]] std::size_t unit_length(std::span<const std::uint8_t> bytes);

} // namespace pagetwin::twin
