// Poisoning of memory that nobody may touch, where ASan is compiled in; nothing elsewhere. And the mark of a
// function that looks after itself, in the one spelling that clang and gcc share.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define PAGETWIN_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PAGETWIN_ASAN 1
#endif
#endif

#ifdef PAGETWIN_ASAN
#include <sanitizer/asan_interface.h>
#endif

#define PAGETWIN_UNSANITIZED __attribute__((no_sanitize("address", "undefined")))
// What such a function is made of has to bear the mark, too, and may call nothing that does not.
#define PAGETWIN_UNSANITIZED_INLINE __attribute__((always_inline, no_sanitize("address", "undefined")))

namespace pagetwin::fuzz {

inline void poison([[maybe_unused]] void* at, [[maybe_unused]] std::size_t bytes) {
#ifdef PAGETWIN_ASAN
  ASAN_POISON_MEMORY_REGION(at, bytes);
#endif
}
inline void unpoison([[maybe_unused]] void* at, [[maybe_unused]] std::size_t bytes) {
#ifdef PAGETWIN_ASAN
  ASAN_UNPOISON_MEMORY_REGION(at, bytes);
#endif
}

} // namespace pagetwin::fuzz
