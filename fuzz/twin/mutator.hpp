// Mutations that keep records whole, for LLVMFuzzerCustomMutator and its crossover (and AFL++'s wrapper of
// them). It knows the layout of records (codec.hpp) and the weights of the verbs, and refuses to know what a
// selector chooses.
#pragma once

#include "fuzz/twin/codec.hpp"
#include "fuzz/twin/verb_dice.hpp"

namespace pagetwin::twin {

// The engine's own mutator of bytes, LLVMFuzzerMutate: changes `size` bytes of a buffer of `capacity`,
// returns the new size.
using RawMutator = std::size_t (*)(std::uint8_t* data, std::size_t size, std::size_t capacity);

class Mutator {
 public:
  explicit Mutator(const Schema& schema, RawMutator raw = nullptr);

  // Changes the first `size` bytes of the buffer in place; returns the new size, never more than the buffer
  // has.
  [[nodiscard]] std::size_t mutate(std::span<std::uint8_t> buffer, std::size_t size, std::uint64_t seed);
  // Writes one input with a run of records of the other into `to`; returns its size.
  [[nodiscard]] std::size_t cross_over(std::span<const std::uint8_t> one, std::span<const std::uint8_t> other,
                                       std::span<std::uint8_t> to, std::uint64_t seed);

 private:
  struct Run { // of bytes: whole records with their literals
    std::size_t begin;
    std::size_t end;
  };

  void load(std::span<const std::uint8_t> bytes);
  [[nodiscard]] std::size_t store(std::span<std::uint8_t> to) const;
  void find_units();
  [[nodiscard]] std::size_t units() const { return starts_.size() - 1; }
  [[nodiscard]] Run choose_run(Rng& rng, std::size_t longest) const;

  void swarm_on(Rng& rng, std::size_t capacity);
  void mutate_once(Rng& rng);
  void insert_record(Rng& rng);
  void remove_run(Rng& rng);
  void duplicate_run(Rng& rng);
  void move_run(Rng& rng);
  void swap_records(Rng& rng);
  void change_verb(Rng& rng);
  void change_selector(Rng& rng);
  void change_literal(Rng& rng);
  void change_header(Rng& rng);
  void repeat_region(Rng& rng);
  [[nodiscard]] std::size_t random_field(Rng& rng, std::uint8_t kind) const;
  [[nodiscard]] std::uint16_t next_selector(Rng& rng, std::uint16_t selector, std::size_t field) const;

  const Schema* schema_;
  RawMutator raw_;
  VerbDice verbs_;
  Bytes work_;
  Bytes piece_;
  std::vector<std::size_t> starts_{0}; // of every unit after the header, and the end
};

} // namespace pagetwin::twin
