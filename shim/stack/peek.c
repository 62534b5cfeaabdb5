/* SPDX-License-Identifier: MIT */
/*
 * See peek.h.  "Is this page readable" can be put to the kernel in two ways:
 *
 *  - rt_sigprocmask(2) with an invalid `how`: the kernel first copies the new mask from the address
 *    (EFAULT when it cannot) and then refuses the call (EINVAL), so that nothing is ever changed
 *    (kernel/signal.c, sys_rt_sigprocmask and sigprocmask).  Every program is allowed this call,
 *    since libc makes the same call for each fork and thread.  But valgrind does the work of this
 *    call itself, and warns of the argument.
 *  - madvise(2) with MADV_POPULATE_READ (Linux 5.14), which brings the page in and fails when it is
 *    not there.  Five times slower.
 *
 * process_vm_readv(2) would copy and check at once; it is denied in many containers and ten times
 * slower.
 */
#include "stack/peek.h"

#include <errno.h>

#include "forksan/atomics.h"
#include "base/sys.h"

#define INVALID_HOW 0x7fffffff /* neither SIG_BLOCK, SIG_UNBLOCK nor SIG_SETMASK */
#define KERNEL_SIGSET_BYTES 8
#define POPULATE_READ 22 /* MADV_POPULATE_READ, which older headers lack */

static _Atomic uint32_t ask_faster;

void peek_ask_faster(void)
{
	store_relaxed(&ask_faster, 1);
}

/* Both take the number of a page. */
static bool ask_by_mask(uintptr_t page)
{
	return sys_call(SYS_rt_sigprocmask, INVALID_HOW, (long)(page << PEEK_PAGE_SHIFT), 0,
			KERNEL_SIGSET_BYTES, 0, 0) == -EINVAL;
}

static bool ask_by_madvise(uintptr_t page)
{
	long result = sys_madvise((void *)(page << PEEK_PAGE_SHIFT), 1u << PEEK_PAGE_SHIFT,
				  POPULATE_READ);

	/* EINVAL: a kernel before 5.14, or memory that may only be executed */
	return result == 0 || (result == -EINVAL && ask_by_mask(page));
}

/* An emulated kernel may say yes to everything: qemu-user answers 0 to an madvise() that it
 * ignores. False when that is so, which is found out once for each way: nobody maps the page at 0.
 */
static bool is_honest(bool (*ask)(uintptr_t page))
{
	static _Atomic uint32_t known[2]; /* 0: not asked yet; else HONEST or LIES */
	enum { HONEST = 1, LIES };
	_Atomic uint32_t *answer = &known[ask == ask_by_mask];

	if (load_relaxed(answer) == 0)
		store_relaxed(answer, ask(0) ? LIES : HONEST);
	return load_relaxed(answer) == HONEST;
}

bool peek_page(struct peek *peek, uintptr_t address)
{
	uintptr_t page = address >> PEEK_PAGE_SHIFT;
	bool readable;

	if (load_relaxed(&ask_faster) == 0 && is_honest(ask_by_madvise))
		readable = ask_by_madvise(page);
	else
		readable = is_honest(ask_by_mask) && ask_by_mask(page);
	if (readable)
		peek->pages[page % PEEK_PAGES] = page;
	return readable;
}

/* A foreign object may be larger than the words read here, or laid out differently, which a
 * sanitizer in the host would report as an error of forksan's; so this is no memcpy(), which a
 * sanitizer intercepts. */
struct __attribute__((packed, may_alias)) unaligned_u64 {
	uint64_t value;
};
struct __attribute__((packed, may_alias)) unaligned_u32 {
	uint32_t value;
};

__attribute__((no_sanitize("address", "thread", "undefined"), __noinline__)) static void
copy_unchecked(void *out, uintptr_t address, size_t len_bytes)
{
	const unsigned char *from = (const unsigned char *)address;
	unsigned char *to = out;

	for (; len_bytes >= 8; from += 8, to += 8, len_bytes -= 8) {
		((struct unaligned_u64 *)(void *)to)->value =
			((const struct unaligned_u64 *)(const void *)from)->value;
		__asm__ volatile("" ::: "memory"); /* keeps the loop a loop */
	}
	for (; len_bytes > 0; len_bytes--) {
		*to++ = *from++;
		__asm__ volatile("" ::: "memory");
	}
}

bool peek_copy(struct peek *peek, uintptr_t address, void *out, size_t len_bytes)
{
	if (!peek_can_read(peek, address, len_bytes))
		return false;
	copy_unchecked(out, address, len_bytes);
	return true;
}

__attribute__((no_sanitize("address", "thread", "undefined"))) bool
peek_u64(struct peek *peek, uintptr_t address, uint64_t *out)
{
	if (!peek_can_read(peek, address, sizeof(*out)))
		return false;
	*out = ((const struct unaligned_u64 *)address)->value;
	return true;
}

__attribute__((no_sanitize("address", "thread", "undefined"))) bool
peek_u32(struct peek *peek, uintptr_t address, uint32_t *out)
{
	if (!peek_can_read(peek, address, sizeof(*out)))
		return false;
	*out = ((const struct unaligned_u32 *)address)->value;
	return true;
}

bool peek_pointer(struct peek *peek, uintptr_t address, uintptr_t *out)
{
	uint64_t value;

	_Static_assert(sizeof(uintptr_t) == sizeof(uint64_t), "64-bit machines only");
	if (!peek_u64(peek, address, &value))
		return false;
	*out = (uintptr_t)value;
	return true;
}

bool peek_string(struct peek *peek, uintptr_t address, char *out, size_t size, size_t *len_bytes)
{
	size_t len = 0;

	while (len < size - 1) {
		/* Byte by byte inside the page that is known; ask again at each page's start. */
		if ((len == 0 || ((address + len) & ((1u << PEEK_PAGE_SHIFT) - 1)) == 0) &&
		    !peek_can_read(peek, address + len, 1)) {
			if (len == 0)
				return false;
			break;
		}
		copy_unchecked(out + len, address + len, 1);
		if (out[len] == '\0')
			break;
		len++;
	}
	out[len] = '\0';
	*len_bytes = len;
	return true;
}
