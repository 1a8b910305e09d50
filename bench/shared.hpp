// The subjects of lookups by a thread that is not the writer's: our table over SharedMemory, alone or with a
// writer beside it on another thread. The probe is the same table over PlainMemory, so that the ratio is the
// price of sharing. Frames, pages and results are the same.
#pragma once

#include "bench/cores.hpp"
#include "bench/ours.hpp"
#include "src/table/shared_reader.hpp"

#include <atomic>
#include <optional>
#include <thread>

namespace pagetwin::bench {

// With a place for one reader.
class OneReaderMemory : private std::array<ReaderPlace, 1>, public SharedMemory {
 public:
  explicit OneReaderMemory(NodePool& pool)
      : SharedMemory(pool, static_cast<std::array<ReaderPlace, 1>&>(*this)) {}
};

// The writer's side, with nobody inside.
template <Format F>
class SharedEdits : public Ours<F, HardwareFlags::off, OneReaderMemory> {
  using Base = Ours<F, HardwareFlags::off, OneReaderMemory>;

 public:
  template <class>
  static constexpr Goal goal{}; // those that there are are for another probe

  explicit SharedEdits(std::uint64_t nodes) : Base(nodes) {}
  [[nodiscard]] static std::string name() { return Base::name() + "_shared"; }
};

// How often the reader announces itself: for each lookup, or once for so many.
struct EachLookup {
  static constexpr const char* suffix = "_shared";
  static constexpr unsigned lookups = 1;
};
struct Visits {
  static constexpr const char* suffix = "_shared_visits";
  static constexpr unsigned lookups = 64;
};

template <Format F, class Announced>
class Shared : public Ours<F, HardwareFlags::off, OneReaderMemory> {
 public:
  using Edited = Ours<F, HardwareFlags::off, OneReaderMemory>;
  template <class>
  static constexpr Goal goal{};

  explicit Shared(std::uint64_t nodes) : Edited(nodes) {}
  [[nodiscard]] static std::string name() { return Edited::name() + Announced::suffix; }
  [[nodiscard]] PAGETWIN_INLINE std::uint64_t lookup(std::uint64_t va) {
    const auto found = find(VirtAddr{va});
    return found ? raw(found->pa()) : miss;
  }
  // The reader is inside no longer than a pass.
  void leave() {
    visit_.reset();
    left_ = 0;
  }

 private:
  using Reader = SharedReader<F>;

  [[nodiscard]] PAGETWIN_INLINE auto find(VirtAddr va) {
    if constexpr (Announced::lookups == 1) {
      return reader_.lookup(va);
    } else {
      if (left_ == 0) {
        visit_.emplace(reader_);
        left_ = Announced::lookups;
      }
      --left_;
      return visit_->lookup(va);
    }
  }

  Reader reader_{this->memory(), this->table().root(), 0};
  // Not on a line that the writer writes.
  alignas(64) std::optional<typename Reader::Visit> visit_;
  unsigned left_ = 0;
};

// The same with a writer on another thread that works while the reader is measured: where nobody looks, but
// below the same upper nodes, and such that nodes come and go all the time.
template <Format F, class Announced>
class Beside : public Shared<F, Announced> {
  using Base = Shared<F, Announced>;

 public:
  // Some nodes for the writer besides.
  explicit Beside(std::uint64_t nodes) : Base(nodes + 64), writer_([this] { write(); }) {}
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;
  ~Beside() {
    tell(State::ends);
    writer_.join();
  }
  [[nodiscard]] static std::string name() { return Base::name() + "_beside_writer"; }

  // The writer works while this lives.
  class Company {
   public:
    explicit Company(Beside& table) : table_(&table), apart_(table.writer_) { table_->tell(State::works); }
    ~Company() { table_->tell(State::rests); }
    Company(const Company&) = delete;
    Company& operator=(const Company&) = delete;

   private:
    Beside* table_;
    Apart apart_;
  };
  [[nodiscard]] std::uint64_t edits() const { return edits_.load(std::memory_order_relaxed); }

 private:
  enum class State : std::uint8_t { rests, works, ends };
  static constexpr std::uint64_t block = bytes_of(Base::block_shift), page = bytes_of(Base::page_shift);
  static constexpr std::uint64_t pages = 16;

  void tell(State state) {
    state_ = state;
    state_.notify_one();
  }
  void write() {
    for (;;) {
      state_.wait(State::rests);
      if (state_ == State::ends)
        return;
      edit();
    }
  }
  // Some pages one by one, in a node that comes and goes, and a superpage that is split.
  void edit() {
    const std::uint64_t va = va_base<Base>() - block, pa = pa_base<Base>;
    for (std::uint64_t i = 0; i < pages; ++i)
      this->map(va + i * page, pa + i * page);
    this->protect(va, pages * page, false);
    for (std::uint64_t i = 0; i < pages; ++i)
      this->unmap(va + i * page);
    this->map_block(va, pa);
    this->protect(va, page, false);
    this->unmap_range(va, block);
    edits_.fetch_add(2 * pages + 4, std::memory_order_relaxed);
  }

  alignas(64) std::atomic<State> state_ = State::rests;
  std::atomic<std::uint64_t> edits_ = 0;
  std::thread writer_; // last: it uses the others
};

} // namespace pagetwin::bench
