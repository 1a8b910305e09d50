// dump: the table as lines of text, one for each slot that is not a hole, indented by level; equal tables
// give equal lines in every run, because addresses are simulated. Runs of leaves over consecutive frames are
// one line. Knows no bit of a descriptor.
#pragma once

#include "src/table/tree.hpp"

#include <cstdio>
#include <string_view>

namespace pagetwin {

template <Format F, class M, class Sink>
class Dumper {
  using T = Tree<F, M>;
  using G = Geometry<F>;
  using Node = typename T::Node;
  using Slot = typename T::Slot;
  using Leaf = typename T::Leaf;
  using Number = unsigned long long; // what printf calls 64 bits

 public:
  Dumper(const T& tree, Sink& sink) : tree_(tree), sink_(&sink) {}

  void run() {
    print("%.*s root %#llx space %u\n", static_cast<int>(F::name.size()), F::name.data(),
          Number{raw(tree_.root().at)}, unsigned{raw(tree_.space())});
    const unsigned half = G::entries(G::root_level) / (F::sign_extended ? 2 : 1);
    const std::uint64_t span = G::span(G::root_level);
    node(tree_.root(), {0, span * half - 1});
    if (F::sign_extended)
      node(tree_.root(), {~(span * half - 1), ~std::uint64_t{0}});
  }

 private:
  void node(Node n, Range range) {
    tree_.for_slots(n, range, [&](const Slot& s) -> unsigned {
      switch (s.kind()) {
      case Kind::table:
        table(s);
        return 1;
      case Kind::leaf:
        return leaves(s, range);
      case Kind::hole:
        break;
      }
      if (s.marker() != 0)
        print("%*s%#llx marker %#x\n", indent(s), "", Number{s.va}, s.marker());
      return 1;
    });
  }
  void table(const Slot& s) {
    print("%*s%#llx table %#llx live %u\n", indent(s), "", Number{s.va}, Number{raw(s.child().at)},
          unsigned{tree_.record(s.child()).live});
    node(s.child(), s.range());
  }
  // As many slots as continue the first leaf: same size, attributes and flags, next frame.
  unsigned leaves(const Slot& s, Range range) {
    const Leaf first = tree_.leaf_of(s);
    const Flags flags = tree_.flags(first);
    std::uint64_t bytes = first.bytes();
    while (first.va + (bytes - 1) < range.last && continues(first, flags, bytes))
      bytes += first.bytes();
    const Attributes a = first.attributes();
    print("%*s%#llx -> %#llx %llu x %llu %c%c%c%c type %u key %u software %#x%s%s%s\n", indent(s), "",
          Number{s.va}, Number{raw(first.frame())}, Number{bytes / first.bytes()}, Number{first.bytes()},
          letter(a, Rights::read, 'r'), letter(a, Rights::write, 'w'), letter(a, Rights::execute, 'x'),
          letter(a, Rights::user, 'u'), a.memory_type, a.key, a.software, a.global ? " global" : "",
          flags.accessed ? " accessed" : "", flags.dirty ? " dirty" : "");
    return static_cast<unsigned>(bytes >> G::span_shift(s.level()));
  }
  [[nodiscard]] bool continues(const Leaf& first, Flags flags, std::uint64_t bytes) const {
    const Slot s = tree_.slot_of(first.node, first.va + bytes);
    if (s.kind() != Kind::leaf)
      return false;
    const Leaf leaf = tree_.leaf_of(s);
    return leaf.size == first.size && leaf.frame() == first.frame() + bytes
           && leaf.attributes() == first.attributes() && tree_.flags(leaf) == flags;
  }
  [[nodiscard]] static char letter(const Attributes& a, Rights right, char name) {
    return has(a.rights, right) ? name : '-';
  }
  [[nodiscard]] static int indent(const Slot& s) { return 2 * static_cast<int>(F::levels - s.level()); }
  template <class... Arguments>
  void print(const char* format, Arguments... arguments) {
    char line[160];
    const int length =
        std::snprintf(line, sizeof line, format, arguments...); // NOLINT: formats are literals above
    (*sink_)(std::string_view(line, static_cast<std::size_t>(length)));
  }

  T tree_;
  Sink* sink_;
};

// sink(std::string_view) for each line, with its newline.
template <class Table, class Sink>
void dump(const Table& table, Sink&& sink) {
  Dumper<typename Table::Format, typename Table::Memory, std::remove_reference_t<Sink>>(table.tree(), sink)
      .run();
}

} // namespace pagetwin
