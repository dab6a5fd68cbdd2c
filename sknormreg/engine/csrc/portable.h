/* What differs between compilers and processors. */

#ifndef SKNORMREG_PORTABLE_H
#define SKNORMREG_PORTABLE_H

#include <stdint.h>
#include <stdlib.h>

/* A loop in a function marked CLONES is compiled for several instruction sets, and the
   loader takes the widest one that the processor has. INLINE functions go into their
   callers, and so into every clone. */
#if !defined(SKNORMREG_NO_CLONES) && defined(__x86_64__) && defined(__GLIBC__)             \
    && defined(__GNUC__) && !defined(__clang__)
#if __GNUC__ >= 12
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#endif
#else
#define CLONES
#endif

#if defined(__GNUC__) || defined(__clang__)
#define INLINE static inline __attribute__((always_inline))
#define RESTRICT __restrict__
#else
#define INLINE static __forceinline
#define RESTRICT __restrict
#endif

/* Whether there are matrix products by AVX2 and AVX-512, for processors that turn out to
   have them. Not with GCC on Windows, which keeps vectors on a stack that is not aligned for
   them (its bug 54412), and not where the library that knows the processor is Microsoft's. */
#if defined(__x86_64__) && (defined(__clang__) || (defined(__GNUC__) && !defined(_WIN32))) \
    && !defined(_MSC_VER)
#define HAS_TILES 1
#else
#define HAS_TILES 0
#endif

/* With AddressSanitizer, arrays that share one piece of memory have bytes between them that
   nothing may touch: to the sanitizer an overrun would otherwise look like any access. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_RED_ZONES 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && defined(__GNUC__)
#define HAS_RED_ZONES 1
#endif
#ifdef HAS_RED_ZONES
#include <sanitizer/asan_interface.h>
#define RED_ZONE 64
#define FORBID(start, n_bytes) __asan_poison_memory_region((start), (n_bytes))
#define ALLOW(start, n_bytes) __asan_unpoison_memory_region((start), (n_bytes))
#else
#define RED_ZONE 0
#define FORBID(start, n_bytes) ((void)0)
#define ALLOW(start, n_bytes) ((void)0)
#endif

/* Subnormal numbers: the moments of a weight whose gradient has died decay into them, and
   arithmetic with them is many times slower. Between `flush_subnormals` and
   `restore_subnormals` the calling thread computes with 0 in their place. */
#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
typedef unsigned int float_state;
static inline float_state flush_subnormals(void) {
    float_state state = _mm_getcsr();
    _mm_setcsr(state | 0x8040); /* flush-to-zero, denormals-are-zero */
    return state;
}
static inline void restore_subnormals(float_state state) { _mm_setcsr(state); }
#define PAUSE() _mm_pause()
#elif defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__))
typedef uint64_t float_state;
static inline float_state flush_subnormals(void) {
    float_state state;
    __asm__ volatile("mrs %0, fpcr" : "=r"(state));
    __asm__ volatile("msr fpcr, %0" : : "r"(state | (UINT64_C(1) << 24)));
    return state;
}
static inline void restore_subnormals(float_state state) {
    __asm__ volatile("msr fpcr, %0" : : "r"(state));
}
#define PAUSE() __asm__ volatile("yield")
#else
typedef int float_state;
static inline float_state flush_subnormals(void) { return 0; }
static inline void restore_subnormals(float_state state) { (void)state; }
#define PAUSE() ((void)0)
#endif

#endif
