// A Memory policy whose sync can be put off, so that several edits wait for the CPUs once. Retired nodes are
// put off with it: Base makes them reusable when its own sync returns. Not for edits that make a page anew
// after they broke it, as those need the sync in between. Knows no CPU.
#pragma once

#include <utility>

namespace pagetwin {

template <class Base>
class DeferringMemory : public Base {
 public:
  using Base::Base;

  void defer() { defers_ = true; }
  // Syncs, if anybody wanted to since.
  void resume() {
    defers_ = false;
    if (std::exchange(owes_, false))
      Base::sync();
  }
  void sync() {
    if (defers_)
      owes_ = true;
    else
      Base::sync();
  }

 private:
  bool defers_ = false, owes_ = false;
};

} // namespace pagetwin
