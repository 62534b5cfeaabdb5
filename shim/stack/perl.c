/* SPDX-License-Identifier: MIT */
/*
 * Perl frames of the calling thread: Perl 5.24 and later, with ithreads or without.
 *
 * No function of Perl is called: Perl_caller_cx() would do, but trusts the interpreter in its
 * argument, and mod_perl leaves the pointer to a freed interpreter in the thread-local key.
 *
 *   interpreter.curcop ------> COP: file and line of the statement that runs
 *   interpreter.curstackinfo -> PERL_SI: contexts, innermost last --si_prev--> PERL_SI ...
 *                               context: kind, oldcop (the statement that called), CV
 *
 * The offsets of curcop and the size of a context are not the same in all versions and builds.
 * Both are found by the nature of a COP: an op whose function (op_ppaddr) is the one that PL_ppaddr
 * has for "nextstate" in PL_op_name; the interpreter exports both tables.  A pointer to such an op
 * is a pointer to a COP, and a layout is right if every pointer that must lead to a COP does.  The
 * layout found is kept for the process.
 *
 * Sources: perl's cop.h (struct cop, struct block, PERL_SI), op.h (BASEOP), intrpvar.h, sv.h, cv.h,
 * gv.h, hv.h (struct hek), as of 5.24, 5.32, 5.36 and 5.40.
 */
#include "stack/walk.h"

#include <string.h>

#include "forksan/atomics.h"

FORKSAN_AT_START void *(*stack_getspecific)(unsigned key);

/* struct cop: BASEOP (op_next, op_sibparent, op_ppaddr, op_targ, bits), cop_line, then stash, file
 */
#define COP_FUNCTION 16
#define COP_LINE 36
#define COP_FILE 48 /* char * with ithreads, GV * without */

/* PERL_SI */
#define STACKINFO_CONTEXTS 8
#define STACKINFO_PREVIOUS 16
#define STACKINFO_INDEX 32

/* PERL_CONTEXT */
#define CONTEXT_KIND_MASK 0xf
#define CONTEXT_SUB 9
#define CONTEXT_FORMAT 10
#define CONTEXT_EVAL 11
#define CONTEXT_FAKE_SUB 0x80 /* a regular expression's code block */
#define CONTEXT_OLD_COP 16
#define MIN_CONTEXT_BYTES 88
#define MAX_CONTEXT_BYTES 136

/* struct sv: sv_any, sv_refcnt, sv_flags, sv_u */
#define SV_FLAGS 12
#define SV_U 16
#define TYPE_MASK 0xff
#define TYPE_CV 13
/* XPVCV, XPVGV */
#define CV_NAME 56 /* GV *, or HEK * when CVf_NAMED */
#define CV_FLAGS 92
#define CV_IS_NAMED 0x8000
#define GV_NAME 32 /* HEK * */
/* struct hek: hash, length, bytes */
#define HEK_LEN 4
#define HEK_BYTES 8

/* curcop is among the first words of the interpreter: the 27th in 5.36. */
#define WORDS_SEARCHED 64
/* Upper bound of sizeof(PerlInterpreter): PL_compiling is a COP inside the interpreter. */
#define INTERPRETER_BYTES 8192
#define MAX_CONTEXTS 100000
#define MAX_STACKINFOS 64
#define MAX_OPS 600 /* PL_op_name has about 420 entries, and ends where memory or sense does */

enum cop_kind {
	COP_NEXT_STATE,
	COP_DEBUG_STATE, /* under the debugger */
	COP_NULL, /* optimized away, and still the current one in a regular expression's code */
	COP_KINDS,
};

struct perl {
	struct stack_home home;
	uintptr_t thread_key;	/* PL_thr_key; 0: no ithreads, then the two below are set */
	uintptr_t curcop;	/* PL_curcop */
	uintptr_t curstackinfo; /* PL_curstackinfo */
	/* The functions that COPs run, by enum cop_kind.  A profiler replaces entries of PL_ppaddr;
	 * code that is compiled later runs the profiler's functions. */
	uintptr_t functions[COP_KINDS];
	uintptr_t slots[COP_KINDS]; /* places of the functions in PL_ppaddr */
};

/* The layout: offset of curcop in the interpreter in the upper half, bytes of a context in the
 * lower. 0: not found yet.  Every process and thread finds the same. */
static _Atomic uint32_t layout;

/* As in python.c: written by the thread that scans, then published. */
static struct perl perls[4];
static _Atomic uint32_t published;
static uint32_t next_place;

/* Finds the functions of the ops that COPs are. */
static bool find_functions(struct peek *peek, const struct module *module, struct perl *perl)
{
	static const char *const wanted[COP_KINDS] = {
		[COP_NEXT_STATE] = "nextstate",
		[COP_DEBUG_STATE] = "dbstate",
		[COP_NULL] = "null",
	};
	uintptr_t names = module_symbol(peek, module, "PL_op_name");
	uintptr_t table = module_symbol(peek, module, "PL_ppaddr");

	for (unsigned i = 0; names != 0 && table != 0 && i < MAX_OPS; i++) {
		uintptr_t name;
		char text[16];
		size_t len;

		if (!peek_pointer(peek, names + i * 8, &name) ||
		    !peek_string(peek, name, text, sizeof(text), &len))
			break;
		for (unsigned j = 0; j < COP_KINDS; j++) {
			if (strcmp(text, wanted[j]) != 0)
				continue;
			perl->slots[j] = table + i * 8;
			(void)peek_pointer(peek, perl->slots[j], &perl->functions[j]);
		}
	}
	return perl->functions[COP_NEXT_STATE] != 0;
}

void stack_perl_consider(struct peek *peek, const struct module *module, const char *name)
{
	struct perl *perl = &perls[next_place % (sizeof(perls) / sizeof(perls[0]))];

	if (name[0] != '\0' && strncmp(name, "libperl", 7) != 0)
		return;
	if (module_symbol(peek, module, "PL_ppaddr") == 0)
		return;
	*perl = (struct perl){
		.home = stack_home_of(module),
		.thread_key = module_symbol(peek, module, "PL_thr_key"),
		.curcop = module_symbol(peek, module, "PL_curcop"),
		.curstackinfo = module_symbol(peek, module, "PL_curstackinfo"),
	};
	if (!find_functions(peek, module, perl) ||
	    (perl->thread_key == 0 && (perl->curcop == 0 || perl->curstackinfo == 0)))
		return;
	store_relaxed(&layout, 0); /* another Perl may have been loaded in place of the last */
	store_release(&published, next_place % (sizeof(perls) / sizeof(perls[0])) + 1);
	next_place++;
}

/* One walk. */
struct walk {
	struct stack_capture *capture;
	struct peek *peek;
	const struct perl *perl;
	uintptr_t interpreter; /* 0 without ithreads */
	struct stack_perl_places places;
	size_t context_bytes;
};

static bool is_op(struct walk *walk, uintptr_t address, enum cop_kind kind)
{
	const struct perl *perl = walk->perl;
	uintptr_t function, now;

	if (address == 0 || address % 8 != 0 ||
	    !peek_pointer(walk->peek, address + COP_FUNCTION, &function) || function == 0)
		return false;
	return function == perl->functions[kind] ||
	       (peek_pointer(walk->peek, perl->slots[kind], &now) && function == now);
}

static bool is_cop(struct walk *walk, uintptr_t address)
{
	return is_op(walk, address, COP_NEXT_STATE) || is_op(walk, address, COP_DEBUG_STATE);
}

/* While code is being compiled the statement is a COP inside the interpreter, with no function. */
static bool is_cop_or_compiling(struct walk *walk, uintptr_t address)
{
	return is_cop(walk, address) || (walk->interpreter != 0 && address > walk->interpreter &&
					 address < walk->interpreter + INTERPRETER_BYTES);
}

/* --- names -------------------------------------------------------------------------------- */

static size_t read_hek(struct peek *peek, uintptr_t hek, char *out, size_t size)
{
	uint32_t len;

	if (!peek_u32(peek, hek + HEK_LEN, &len) || len == 0 || len >= size ||
	    !peek_copy(peek, hek + HEK_BYTES, out, len))
		return 0;
	for (uint32_t i = 0; i < len; i++) {
		if ((unsigned char)out[i] < ' ')
			return 0;
	}
	return len;
}

/* Writes the name of a CV, without the package, and returns the length; 0 when `cv` is no CV or has
 * no name. */
static size_t read_sub_name(struct peek *peek, uintptr_t cv, char *out, size_t size)
{
	uint32_t flags, cv_flags;
	uintptr_t body, name;

	if (!peek_u32(peek, cv + SV_FLAGS, &flags) || (flags & TYPE_MASK) != TYPE_CV ||
	    !peek_pointer(peek, cv, &body) || !peek_u32(peek, body + CV_FLAGS, &cv_flags) ||
	    !peek_pointer(peek, body + CV_NAME, &name))
		return 0;
	if ((cv_flags & CV_IS_NAMED) == 0 &&
	    (!peek_pointer(peek, name, &name) || !peek_pointer(peek, name + GV_NAME, &name)))
		return 0;
	return read_hek(peek, name, out, size);
}

/* The function of a context.  The place of the CV in a context has moved by a word over the
 * versions. */
static size_t read_context_name(struct walk *walk, uintptr_t context, unsigned kind)
{
	struct stack_capture *capture = walk->capture;

	if (kind == CONTEXT_EVAL) {
		memcpy(capture->function, "(eval)", 6);
		return 6;
	}
	for (unsigned offset = 64; offset <= 80; offset += 8) {
		uintptr_t cv;
		size_t len;

		if (!peek_pointer(walk->peek, context + offset, &cv))
			break;
		len = read_sub_name(walk->peek, cv, capture->function, sizeof(capture->function));
		if (len != 0)
			return len;
	}
	memcpy(capture->function, "(sub)", 5);
	return 5;
}

/* cop_file: a string with ithreads; without, the GV whose scalar holds it. */
static size_t read_file(struct walk *walk, uintptr_t cop)
{
	struct stack_capture *capture = walk->capture;
	uintptr_t file;
	size_t len = 0;

	if (!peek_pointer(walk->peek, cop + COP_FILE, &file))
		return 0;
	if (walk->interpreter == 0 && (!peek_pointer(walk->peek, file + SV_U, &file) || /* GP */
				       !peek_pointer(walk->peek, file, &file) ||	/* gp_sv */
				       !peek_pointer(walk->peek, file + SV_U, &file)))	/* svu_pv */
		return 0;
	return peek_string(walk->peek, file, capture->file, sizeof(capture->file), &len) ? len : 0;
}

static void push_frame(struct walk *walk, uintptr_t cop, size_t function_len)
{
	struct stack_capture *capture = walk->capture;
	uint32_t line = 0;
	size_t file_len;

	if (!is_cop_or_compiling(walk, cop) && !is_op(walk, cop, COP_NULL))
		return;
	file_len = read_file(walk, cop);
	(void)peek_u32(walk->peek, cop + COP_LINE, &line);
	/* line 0: called from C when no statement ran, as mod_perl does */
	if (file_len != 0 && line != 0)
		stack_push(capture, LANGUAGE_PERL, function_len, file_len, line);
}

/* --- the layout --------------------------------------------------------------------------- */

/* The contexts of one PERL_SI: their address, and the index of the innermost (-1: there is no
 * context). */
static bool read_stackinfo(struct walk *walk, uintptr_t info, uintptr_t *contexts, int32_t *index)
{
	uint32_t number;

	if (!peek_pointer(walk->peek, info + STACKINFO_CONTEXTS, contexts) ||
	    !peek_u32(walk->peek, info + STACKINFO_INDEX, &number))
		return false;
	*index = (int32_t)number;
	return *index >= -1 && *index < MAX_CONTEXTS;
}

/* True when contexts of this size all name a COP.  With fewer than two, any size does. */
static bool size_fits(struct walk *walk, uintptr_t contexts, int32_t index, size_t bytes)
{
	for (int32_t i = 0; i <= index && i < 6; i++) {
		uintptr_t cop;

		if (!peek_pointer(walk->peek, contexts + (uintptr_t)i * bytes + CONTEXT_OLD_COP,
				  &cop) ||
		    !is_cop_or_compiling(walk, cop))
			return false;
	}
	return true;
}

/* Sets walk->context_bytes from the first PERL_SI with at least two contexts; with one context any
 * size is right. */
static bool find_context_size(struct walk *walk, uintptr_t info)
{
	bool certain = false;

	walk->context_bytes = 0;
	for (unsigned i = 0; i < MAX_STACKINFOS && info != 0 && !certain; i++) {
		uintptr_t contexts;
		int32_t index;

		if (!read_stackinfo(walk, info, &contexts, &index))
			return false;
		for (size_t bytes = MIN_CONTEXT_BYTES; index >= 0 && bytes <= MAX_CONTEXT_BYTES;
		     bytes += 8) {
			if (!size_fits(walk, contexts, index, bytes))
				continue;
			walk->context_bytes = bytes;
			certain = index > 0;
			break;
		}
		if (index >= 0 && walk->context_bytes == 0)
			return false;
		if (!peek_pointer(walk->peek, info + STACKINFO_PREVIOUS, &info))
			return false;
	}
	return certain;
}

/* Where curcop is: the first word of the interpreter that points to a COP.  (PL_op, the word
 * before, is the call under way.) */
static uint32_t find_curcop(struct walk *walk)
{
	for (uint32_t i = 0; i < WORDS_SEARCHED; i++) {
		uintptr_t word;

		if (!peek_pointer(walk->peek, walk->interpreter + i * 8, &word))
			return 0;
		if (is_cop(walk, word))
			return i * 8;
	}
	return 0;
}

/* Finds the innermost statement and PERL_SI, and the size of contexts. */
static bool find_stack(struct walk *walk, uintptr_t *cop, uintptr_t *info)
{
	struct stack_perl_places *places = &walk->places;
	uint32_t known = load_relaxed(&layout);
	uint32_t offset = known >> 16;

	if (walk->interpreter != 0) {
		if (offset == 0)
			offset = find_curcop(walk);
		if (offset == 0)
			return false;
		places->cop = walk->interpreter + offset;
		places->info = places->cop + 16; /* curcop, curstack, curstackinfo */
	} else {
		places->cop = walk->perl->curcop;
		places->info = walk->perl->curstackinfo;
	}
	if (!peek_pointer(walk->peek, places->cop, cop) ||
	    !peek_pointer(walk->peek, places->info, info))
		return false;
	walk->context_bytes = known & 0xffff;
	if (walk->context_bytes == 0 && find_context_size(walk, *info))
		store_relaxed(&layout, offset << 16 | (uint32_t)walk->context_bytes);
	places->context_bytes = load_relaxed(&layout) & 0xffff;
	return true;
}

/* --- walking ------------------------------------------------------------------------------ */

static void walk_contexts(struct walk *walk, uintptr_t info, uintptr_t *cop)
{
	const struct stack_text *text = &walk->capture->text;
	uintptr_t contexts;
	int32_t index;

	if (!read_stackinfo(walk, info, &contexts, &index))
		return;
	for (unsigned walked = 0; index >= 0 && walked < STACK_MAX_WALKED; index--, walked++) {
		uintptr_t context = contexts + (uintptr_t)index * walk->context_bytes;
		uintptr_t old_cop;
		uint8_t kind;

		if (!peek_copy(walk->peek, context, &kind, 1) ||
		    !peek_pointer(walk->peek, context + CONTEXT_OLD_COP, &old_cop))
			return;
		if ((kind & CONTEXT_KIND_MASK) != CONTEXT_EVAL &&
		    (kind & CONTEXT_KIND_MASK) != CONTEXT_FORMAT &&
		    ((kind & CONTEXT_KIND_MASK) != CONTEXT_SUB || (kind & CONTEXT_FAKE_SUB) != 0))
			continue;
		push_frame(walk, *cop, read_context_name(walk, context, kind & CONTEXT_KIND_MASK));
		*cop = old_cop;
		if (text->truncated && text->has_own)
			return;
	}
}

void stack_perl_walk(struct stack_capture *capture)
{
	struct stack_perl_places places;

	(void)stack_perl_walk_at(capture, &places);
}

bool stack_perl_walk_at(struct stack_capture *capture, struct stack_perl_places *places)
{
	uint32_t number = load_acquire(&published);
	struct walk walk = {.capture = capture, .peek = &capture->peek};
	uintptr_t cop, info;
	uint32_t key;

	if (number == 0)
		return false;
	walk.perl = &perls[number - 1];
	if (!stack_home_is_loaded(walk.peek, walk.perl->slots[0], walk.perl->home))
		return false;
	if (walk.perl->thread_key != 0) {
		if (!stack_getspecific || !peek_u32(walk.peek, walk.perl->thread_key, &key))
			return false;
		walk.interpreter = (uintptr_t)stack_getspecific(key);
		if (walk.interpreter == 0)
			return false;
	}
	if (!find_stack(&walk, &cop, &info))
		return false;
	*places = walk.places;
	for (unsigned i = 0; i < MAX_STACKINFOS && info != 0; i++) {
		if (walk.context_bytes != 0)
			walk_contexts(&walk, info, &cop);
		if (!peek_pointer(walk.peek, info + STACKINFO_PREVIOUS, &info))
			break;
	}
	memcpy(capture->function, "(main)", 6);
	push_frame(&walk, cop, 6);
	return true;
}
