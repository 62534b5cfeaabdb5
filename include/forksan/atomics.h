/* SPDX-License-Identifier: MIT */
/*
 * Atomic operations by name.  Each name says the memory order; nothing in forksan uses the implicit
 * sequentially consistent forms.  All are lock-free on the supported machines (asserted where the
 * shared layout is defined), so they are safe in signal handlers and across processes.
 */
#ifndef FORKSAN_ATOMICS_H
#define FORKSAN_ATOMICS_H

#include <stdatomic.h>
#include <stdint.h>

#define load_relaxed(p) atomic_load_explicit((p), memory_order_relaxed)
#define load_acquire(p) atomic_load_explicit((p), memory_order_acquire)
#define store_relaxed(p, v) atomic_store_explicit((p), (v), memory_order_relaxed)
#define store_release(p, v) atomic_store_explicit((p), (v), memory_order_release)
#define exchange_acq_rel(p, v) atomic_exchange_explicit((p), (v), memory_order_acq_rel)
#define fetch_add_relaxed(p, v) atomic_fetch_add_explicit((p), (v), memory_order_relaxed)
#define fetch_or_relaxed(p, v) atomic_fetch_or_explicit((p), (v), memory_order_relaxed)
#define fetch_and_acq_rel(p, v) atomic_fetch_and_explicit((p), (v), memory_order_acq_rel)
#define fetch_and_relaxed(p, v) atomic_fetch_and_explicit((p), (v), memory_order_relaxed)

/* A plain field of memory that other processes write, read exactly once: the value that is used is
 * the value that was bounded. */
#define load_once(p) __atomic_load_n((p), __ATOMIC_RELAXED)

/* True, and stores `desired`, when *p was *expected; else false, and *expected becomes *p. */
#define compare_exchange_acq_rel(p, expected, desired)                                             \
	atomic_compare_exchange_strong_explicit((p), (expected), (desired), memory_order_acq_rel,  \
						memory_order_acquire)

/* Raises *word to at least `value`. */
static inline void raise_at_least(_Atomic uint32_t *word, uint32_t value)
{
	uint32_t now = load_relaxed(word);

	while (now < value && !compare_exchange_acq_rel(word, &now, value))
		;
}

#endif
