/* SPDX-License-Identifier: MIT */
/*
 * Native frames of the calling thread, by cfi.h; each is kept as a module's number and an
 * offset in it, which any process of the session can name later.
 *
 * Code without call frame information (a just-in-time compiler's) is passed by its frame pointer
 * when that looks like one; otherwise the stack ends there.  The walk never ends the host: every
 * read is peeked, and each step must lead outwards.
 */
#include "stack/walk.h"

#include "forksan/atomics.h"
#include "forksan/registry.h"
#include "base/libc.h"
#include "stack/own_stack.h"

/* Frames in a row without call frame information: more is a walk gone astray. */
#define MAX_WITHOUT_CFI 8

/* The address of libc's exit(), or 0.  exit() has few instructions, calls the handlers and does not
 * return, so that the pc of a frame of exit() lies within EXIT_BYTES of this address. */
static _Atomic uintptr_t exit_function;
#define EXIT_BYTES 64

/* Where forksan's own file begins.  0 where forksan is a part of the program, as in unit tests:
 * there no frame is forksan's own. */
static _Atomic uintptr_t own_start;

void stack_native_consider(struct peek *peek, const struct module *module, const char *name)
{
	uintptr_t here = (uintptr_t)&stack_native_walk;

	if (name[0] != '\0' && here >= module->start && here < module->end)
		store_relaxed(&own_start, module->start);
	if (libc_has_name(name))
		store_relaxed(&exit_function, module_symbol(peek, module, "exit"));
}

struct walk {
	struct stack_capture *capture;
	struct registry *registry;
	struct module module; /* of the last frame; start 0: no file */
	uint64_t module_word; /* the module's number, shifted into place */
	unsigned without_cfi;
	bool seen_other; /* a frame that is not forksan's has come */
};

/* The registers of the calling function.  One statement, so that all values belong to one pc. */
static inline __attribute__((always_inline)) void read_registers(struct cfi_registers *registers)
{
	memset(registers, 0, sizeof(*registers));
#if defined(__x86_64__)
	__asm__ volatile("movq %%rbx, 24(%0)\n\t"
			 "movq %%rbp, 48(%0)\n\t"
			 "movq %%rsp, 56(%0)\n\t"
			 "movq %%r12, 96(%0)\n\t"
			 "movq %%r13, 104(%0)\n\t"
			 "movq %%r14, 112(%0)\n\t"
			 "movq %%r15, 120(%0)\n\t"
			 "leaq 0(%%rip), %%rax\n\t"
			 "movq %%rax, 128(%0)\n\t"
			 :
			 : "r"(registers->value)
			 : "rax", "memory");
#elif defined(__aarch64__)
	__asm__ volatile("stp x19, x20, [%0, #152]\n\t"
			 "stp x21, x22, [%0, #168]\n\t"
			 "stp x23, x24, [%0, #184]\n\t"
			 "stp x25, x26, [%0, #200]\n\t"
			 "stp x27, x28, [%0, #216]\n\t"
			 "stp x29, x30, [%0, #232]\n\t"
			 "mov x9, sp\n\t"
			 "adr x10, .\n\t"
			 "stp x9, x10, [%0, #248]\n\t"
			 :
			 : "r"(registers->value)
			 : "x9", "x10", "memory");
#endif
}

/* Makes walk->module the module of `address`, and its tables readable without asking.  False: no
 * file is mapped there, and the walk goes on by frame pointers. */
static bool enter_module(struct walk *walk, uintptr_t address)
{
	struct stack_capture *capture = walk->capture;
	struct module_known known;

	if (walk->module.start != 0 && address >= walk->module.start && address < walk->module.end)
		return true;
	peek_trust(&capture->peek.file, 0, 0);
	if (!module_find(&capture->peek, address, &walk->module)) {
		walk->module = (struct module){0};
		return false;
	}
	module_intern(walk->registry, &capture->peek, &walk->module, &capture->shared.module,
		      &known);
	peek_trust(&capture->peek.file, known.tables.low, known.tables.high);
	walk->module_word = (uint64_t)known.number << REGISTRY_FRAME_MODULE_SHIFT;
	capture->met_new_module = capture->met_new_module || known.is_new;
	return true;
}

/* Appends the frame at `address` to the capture, unless the frame is forksan's own and no other has
 * come.  False: the capture is full, and the walk ends. */
static bool keep_frame(struct walk *walk, uintptr_t address, bool in_module)
{
	struct stack_capture *capture = walk->capture;
	uint64_t offset = address;

	/* forksan's own frames come first: the wrapper and the functions below */
	if (!walk->seen_other && in_module && walk->module.start == load_relaxed(&own_start))
		return true;
	walk->seen_other = true;
	if (address - load_relaxed(&exit_function) < EXIT_BYTES)
		capture->exiting = true;
	if (capture->native_count == FORKSAN_MAX_NATIVE_FRAMES) {
		capture->native_truncated = true;
		return false;
	}
	if (in_module && walk->module_word != 0)
		offset = walk->module_word |
			 ((address - walk->module.bias) & REGISTRY_FRAME_OFFSET_MASK);
	else
		offset &= REGISTRY_FRAME_OFFSET_MASK;
	capture->native[capture->native_count++] = offset;
	return true;
}

/* Steps where there is no table: the caller's frame pointer and the return address lie where the
 * frame pointer points.  False when either cannot be right, or when too many frames in a row had no
 * table. */
static bool step_by_frame_pointer(struct walk *walk, struct cfi_registers *registers)
{
	uint64_t frame = registers->value[CFI_FP];
	uint64_t saved[2];

	if (++walk->without_cfi > MAX_WITHOUT_CFI || frame < registers->value[CFI_SP] ||
	    frame % 8 != 0 || !peek_copy(&walk->capture->peek, frame, saved, sizeof(saved)) ||
	    saved[1] == 0)
		return false;
	registers->value[CFI_FP] = saved[0];
	registers->value[CFI_SP] = frame + sizeof(saved);
	registers->value[CFI_PC] = saved[1];
	return true;
}

#if defined(__aarch64__)
/* The kernel's trampoline for returning from a signal handler has no usable tables here: the
 * trampoline is known by two instructions, and the interrupted registers lie in the frame that the
 * kernel made (arch/arm64/kernel/signal.c: struct rt_sigframe; asm/sigcontext.h). */
#define TRAMPOLINE UINT64_C(0xd4000001d2801168) /* mov x8, #139; svc #0 */
#define SIGNAL_FRAME_REGISTERS 312 /* x0 to x30, sp, pc: in the order of struct cfi_registers */

static bool step_from_signal(struct walk *walk, uintptr_t pc, struct cfi_registers *registers)
{
	uint64_t code = 0;

	return peek_u64(&walk->capture->peek, pc, &code) && code == TRAMPOLINE &&
	       peek_copy(&walk->capture->peek, registers->value[CFI_SP] + SIGNAL_FRAME_REGISTERS,
			 registers->value, sizeof(registers->value));
}
#else
/* glibc's trampoline has tables; musl's has none and is known by its two instructions.  The
 * interrupted registers lie in the frame that the kernel made, above the return address that the
 * handler has taken (arch/x86/kernel/signal_64.c: struct rt_sigframe; asm/sigcontext.h), in another
 * order than the one of struct cfi_registers.  Not inlined: its room would lie under every step, on
 * the host's stack. */
#define TRAMPOLINE_BYTES 9
#define SIGNAL_FRAME_REGISTERS 40

static noinline bool step_from_signal(struct walk *walk, uintptr_t pc,
				      struct cfi_registers *registers)
{
	static const uint8_t trampoline[TRAMPOLINE_BYTES] = /* mov $15, %rax; syscall */
		{0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05};
	static const uint8_t order[] = /* r8 to r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip */
		{8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7, 16};
	uint8_t code[TRAMPOLINE_BYTES];
	uint64_t saved[sizeof(order)];

	if (!peek_copy(&walk->capture->peek, pc, code, sizeof(code)) ||
	    memcmp(code, trampoline, sizeof(code)) != 0 ||
	    !peek_copy(&walk->capture->peek, registers->value[CFI_SP] + SIGNAL_FRAME_REGISTERS,
		       saved, sizeof(saved)))
		return false;
	for (size_t i = 0; i < sizeof(order); i++)
		registers->value[order[i]] = saved[i];
	return true;
}
#endif

/* False when the walk ended before the outermost frame. */
static bool walk_frames(struct walk *walk, struct cfi_registers *registers)
{
	struct stack_capture *capture = walk->capture;
	bool exact = true; /* pc is an instruction that was about to run, not a return address */

	for (;;) {
		uint64_t old_sp = registers->value[CFI_SP];
		uintptr_t address = registers->value[CFI_PC] - (exact ? 0 : 1);
		bool in_module = enter_module(walk, address);
		bool interrupted = false;
		enum cfi_result result = CFI_UNKNOWN;

		if (!keep_frame(walk, address, in_module))
			return false;
		if (in_module)
			result = cfi_memo_step(&capture->peek, &capture->shared.cfi, &walk->module,
					       address, registers, &interrupted);
		if (result == CFI_OUTERMOST)
			return true;
		if (result == CFI_UNKNOWN) {
			interrupted = step_from_signal(walk, registers->value[CFI_PC], registers);
			if (!interrupted && !step_by_frame_pointer(walk, registers))
				return false;
		}
		/* A signal handler may run on an alternate stack, anywhere; else callers lie
		 * outwards.  Equal: a leaf function on AArch64 that has saved nothing. */
		if (!interrupted && registers->value[CFI_SP] <= old_sp &&
		    !(registers->value[CFI_SP] == old_sp && exact))
			return false;
		exact = interrupted;
	}
}

__attribute__((__noinline__)) void stack_native_walk(struct stack_capture *capture,
						     struct registry *registry)
{
	struct walk walk = {.capture = capture, .registry = registry};

	own_stack_trust(&capture->peek);
	read_registers(&capture->registers);
	capture->native_is_whole = walk_frames(&walk, &capture->registers);
	peek_trust(&capture->peek.file, 0, 0);
}
