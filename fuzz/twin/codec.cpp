// The layout is in codec.hpp. Records are read and written by one pair of functions, for the header and for
// operations alike.
#include "fuzz/twin/codec.hpp"

#include "fuzz/twin/record.hpp"

#include <algorithm>
#include <bit>

namespace pagetwin::twin {
namespace {

constexpr std::uint8_t literal_kind = 0xE0;
constexpr std::uint8_t kind_mask = 0x1F;
constexpr std::uint8_t literal_tag = 0x80;
constexpr std::uint8_t field_bits = 0x7F;

std::uint64_t literal_at(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  for (unsigned i = 8; i-- > 0;)
    value = (value << 8U) | bytes[i];
  return value;
}

std::size_t literal_records(std::uint8_t mask) {
  return (static_cast<std::size_t>(std::popcount(mask)) + 1) / 2;
}

// The literal fields of the record at the front; none when their numbers are cut off.
std::uint8_t literal_fields(std::span<const std::uint8_t> bytes) {
  if ((bytes[0] & literal_kind) != literal_kind || (bytes[1] & literal_tag) == 0)
    return 0;
  const auto mask = static_cast<std::uint8_t>(bytes[1] & field_bits);
  return bytes.size() >= record_bytes * (1 + literal_records(mask)) ? mask : std::uint8_t{0};
}

using Domains = std::array<Domain, max_fields>;

// `values` belongs to the operation that history.current() shows, so that a field sees those before it.
void read_plain(Values& values, const std::uint8_t* record, std::uint8_t fields, const Domains& domains,
                const History& history) {
  for (unsigned rest = fields; rest != 0; rest &= rest - 1) {
    const auto field = static_cast<std::size_t>(std::countr_zero(rest));
    values[field] = domains[field].decode(get_selector(record, field), history);
  }
}

void read_literal(Values& values, const std::uint8_t* record, std::uint8_t fields, std::uint8_t literals,
                  const Domains& domains, const History& history) {
  const std::uint8_t* number = record + record_bytes;
  for (std::size_t field = 0; field < max_fields; ++field) {
    const bool literal = ((literals >> field) & 1U) != 0;
    const Domain& domain = domains[field];
    if (((fields >> field) & 1U) != 0)
      values[field] = literal ? domain.limits_with(history.header()).nearest(literal_at(number))
                              : domain.decode(get_selector(record, field), history);
    number += literal ? 8 : 0;
  }
}

// Returns the bytes that the record and its literals take.
std::size_t read_record(Values& values, std::span<const std::uint8_t> bytes, std::uint8_t fields,
                        const Domains& domains, const History& history) {
  const std::uint8_t literals = literal_fields(bytes);
  if (literals == 0) {
    read_plain(values, bytes.data(), fields, domains, history);
    return record_bytes;
  }
  read_literal(values, bytes.data(), fields, literals, domains, history);
  return record_bytes * (1 + literal_records(literals));
}

void decode_ops(Program& program, std::span<const std::uint8_t> bytes, const Schema& schema,
                std::size_t max_ops) {
  const auto verbs = static_cast<unsigned>(schema.verbs.size());
  while (bytes.size() >= record_bytes && program.ops.size() < max_ops && verbs != 0) {
    Op& op = program.ops.emplace_back(); // made in its place, as copying it would be half of the decoding
    op.verb = static_cast<std::uint8_t>((bytes[0] & kind_mask) % verbs);
    const History history(program.header, std::span(program.ops).first(program.ops.size() - 1), op);
    const std::uint8_t fields = schema.verbs[op.verb].fields;
    bytes = bytes.subspan(read_record(op.value, bytes, fields, schema.fields, history));
  }
}

// Version 1, which all bytes are so far. A version 2 gets its own function beside this one, chosen by the
// kind of the first record.
void decode_version_1(Program& program, std::span<const std::uint8_t> bytes, const Schema& schema,
                      std::uint8_t header_fields, std::size_t max_ops) {
  std::array<std::uint8_t, record_bytes> filled{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), record_bytes), filled.begin());
  const auto first = bytes.size() < record_bytes ? std::span<const std::uint8_t>(filled) : bytes;
  Op header;
  const History history(header.value, {}, header);
  const std::size_t used = read_record(header.value, first, header_fields, schema.header, history);
  program.header = header.value;
  decode_ops(program, bytes.subspan(std::min(used, bytes.size())), schema, max_ops);
}

// What the selector of a field has to be, or that there is none.
std::optional<std::uint16_t> find_selector(const Domain& domain, std::uint64_t value,
                                           const History& history) {
  for (unsigned selector = 0; selector <= 0xFFFF; ++selector) {
    if (domain.decode(static_cast<std::uint16_t>(selector), history) == value)
      return static_cast<std::uint16_t>(selector);
  }
  return std::nullopt;
}

class Encoder {
 public:
  Encoder(const Schema& schema, Compact compact) : schema_(&schema), compact_(compact) {}

  [[nodiscard]] Bytes encode(const Program& program) {
    Op seen; // as the decoder will have it when it comes to each field
    write(codec_version, program.header, used_header(*schema_), schema_->header, seen,
          History(seen.value, {}, seen));
    for (std::size_t i = 0; i < program.ops.size(); ++i) {
      const Op& op = program.ops[i];
      seen = Op{op.verb, {}};
      const History history(program.header, std::span(program.ops).first(i), seen);
      write(op.verb, op.value, schema_->verbs[op.verb].fields, schema_->fields, seen, history);
    }
    return std::move(bytes_);
  }

 private:
  // The selector of one field, or none: then it becomes a literal.
  [[nodiscard]] std::optional<std::uint16_t> choose(const Domain& domain, std::uint64_t value,
                                                    const History& history) const {
    return compact_ == Compact::yes ? find_selector(domain, value, history) : std::nullopt;
  }

  void write(std::uint8_t kind, const Values& values, std::uint8_t fields, const Domains& domains, Op& seen,
             const History& history) {
    std::array<std::uint8_t, record_bytes> record{kind};
    unsigned literals = 0;
    for (unsigned rest = fields; rest != 0; rest &= rest - 1) {
      const auto field = static_cast<std::size_t>(std::countr_zero(rest));
      const auto selector = choose(domains[field], values[field], history);
      set_selector(record.data(), field, selector.value_or(0));
      literals |= selector ? 0U : 1U << field;
      seen.value[field] = values[field];
    }
    if (literals != 0) {
      record[0] = static_cast<std::uint8_t>(kind | literal_kind);
      record[1] = static_cast<std::uint8_t>(literals | literal_tag);
    }
    bytes_.insert(bytes_.end(), record.begin(), record.end());
    write_literals(values, static_cast<std::uint8_t>(literals));
  }

  void write_literals(const Values& values, std::uint8_t literals) {
    for (std::size_t field = 0; field < max_fields; ++field) {
      for (unsigned byte = 0; ((literals >> field) & 1U) != 0 && byte < 8; ++byte)
        bytes_.push_back(static_cast<std::uint8_t>(values[field] >> (8 * byte)));
    }
    bytes_.resize((bytes_.size() + record_bytes - 1) / record_bytes * record_bytes);
  }

  const Schema* schema_;
  Compact compact_;
  Bytes bytes_{};
};

} // namespace

Decoder::Decoder(const Schema& schema, std::size_t max_ops)
    : schema_(&schema), max_ops_(max_ops), header_fields_(used_header(schema)) {}

const Program& Decoder::decode(std::span<const std::uint8_t> bytes) {
  program_.ops.clear();
  decode_version_1(program_, bytes, *schema_, header_fields_, max_ops_);
  return program_;
}

Program decode(std::span<const std::uint8_t> bytes, const Schema& schema, std::size_t max_ops) {
  return Decoder(schema, max_ops).decode(bytes);
}

Bytes encode(const Program& program, const Schema& schema, Compact compact) {
  return Encoder(schema, compact).encode(program);
}

std::size_t unit_length(std::span<const std::uint8_t> bytes) {
  return bytes.size() < record_bytes ? 0 : record_bytes * (1 + literal_records(literal_fields(bytes)));
}

} // namespace pagetwin::twin
