// Nodes that are linked no more and must not be reused yet: a chain through their records, which nobody else
// needs meanwhile, so that any number of them takes no memory. Knows neither who still reads them nor when
// they are free.
#pragma once

#include "src/table/node_pool.hpp"

namespace pagetwin {

class RetiredNodes {
 public:
  [[nodiscard]] bool empty() const { return head_ == 0; }
  [[nodiscard]] std::uint32_t count() const { return count_; }

  // The record says what the pool will ask: the size in place of the live slots, the contents in that of the
  // markers.
  void push(NodePool& pool, PhysAddr node, unsigned shift, Contents contents) {
    pool.record(node) = {.live = static_cast<std::uint16_t>(shift),
                         .markers = static_cast<std::uint16_t>(contents),
                         .next = head_};
    head_ = pool.link(node);
    ++count_;
  }
  void release(NodePool& pool) {
    while (head_ != 0) {
      const PhysAddr node = pool.at(head_);
      const NodeRecord was = pool.record(node);
      head_ = was.next;
      pool.release(node, was.live, static_cast<Contents>(was.markers));
    }
    count_ = 0;
  }

 private:
  std::uint32_t head_ = 0, count_ = 0; // head as NodeRecord::next
};

} // namespace pagetwin
