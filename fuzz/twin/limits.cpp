// See limits.hpp.
#include "fuzz/twin/limits.hpp"

#include <bit>

namespace pagetwin::twin {
namespace {

void keep_limits(Values& values, const std::array<Domain, max_fields>& domains, std::uint8_t fields,
                 const Values& header) {
  for (unsigned rest = fields; rest != 0; rest &= rest - 1) {
    const auto field = static_cast<std::size_t>(std::countr_zero(rest));
    values[field] = domains[field].limits_with(header).nearest(values[field]);
  }
}

} // namespace

void keep_limits(Program& program, const Schema& schema) {
  keep_limits(program.header, schema.header, used_header(schema), program.header);
  for (Op& op : program.ops)
    keep_limits(op.value, schema.fields, schema.verbs[op.verb].fields, program.header);
}

} // namespace pagetwin::twin
