/* SPDX-License-Identifier: MIT */
/*
 * Call frame information: finds the entry of an address, runs its instructions, applies the rules.
 * See cfi.h.
 *
 *   .eh_frame_hdr            .eh_frame
 *   sorted (pc, entry) ----> FDE: pc range, instructions --> CIE: factors, first instructions
 */
#include "stack/cfi.h"

#include "stack/cfi_cursor.h"
#include "stack/cfi_expression.h"

#define MAX_ENTRY_BYTES 65536 /* of a CIE or FDE; the longest of libpython 3.11 has 4,800 */

/* .eh_frame_hdr: a byte of version, three of encodings, two encoded values, the sorted table. */
#define HEADER_VERSION 1
#define HEADER_TABLE_ENCODING 0x3b /* DW_EH_PE_datarel | sdata4: every linker writes this */

enum encoding {
	ENCODING_ABSOLUTE = 0x00,
	ENCODING_ULEB = 0x01,
	ENCODING_UDATA2 = 0x02,
	ENCODING_UDATA4 = 0x03,
	ENCODING_UDATA8 = 0x04,
	ENCODING_SLEB = 0x09,
	ENCODING_SDATA2 = 0x0a,
	ENCODING_SDATA4 = 0x0b,
	ENCODING_SDATA8 = 0x0c,
	ENCODING_FORMAT_MASK = 0x0f,
	ENCODING_PC_RELATIVE = 0x10,
	ENCODING_BASE_MASK = 0x70,
};

enum instruction {
	CFA_NOP = 0x00,
	CFA_SET_LOC = 0x01,
	CFA_ADVANCE_LOC1 = 0x02,
	CFA_ADVANCE_LOC2 = 0x03,
	CFA_ADVANCE_LOC4 = 0x04,
	CFA_OFFSET_EXTENDED = 0x05,
	CFA_RESTORE_EXTENDED = 0x06,
	CFA_UNDEFINED = 0x07,
	CFA_SAME_VALUE = 0x08,
	CFA_REGISTER = 0x09,
	CFA_REMEMBER_STATE = 0x0a,
	CFA_RESTORE_STATE = 0x0b,
	CFA_DEF_CFA = 0x0c,
	CFA_DEF_CFA_REGISTER = 0x0d,
	CFA_DEF_CFA_OFFSET = 0x0e,
	CFA_DEF_CFA_EXPRESSION = 0x0f,
	CFA_EXPRESSION = 0x10,
	CFA_OFFSET_EXTENDED_SF = 0x11,
	CFA_DEF_CFA_SF = 0x12,
	CFA_DEF_CFA_OFFSET_SF = 0x13,
	CFA_VAL_OFFSET = 0x14,
	CFA_VAL_OFFSET_SF = 0x15,
	CFA_VAL_EXPRESSION = 0x16,
	CFA_NEGATE_RA_STATE = 0x2d, /* AArch64: the return address is signed from here on */
	CFA_GNU_ARGS_SIZE = 0x2e,
	/* the upper two bits; the operand is in the lower six */
	CFA_ADVANCE_LOC = 0x40,
	CFA_OFFSET = 0x80,
	CFA_RESTORE = 0xc0,
	CFA_PRIMARY_MASK = 0xc0,
};

/* An FDE and its CIE, decoded. */
struct entry {
	uint64_t code_factor;
	int64_t data_factor;
	uint64_t return_register;
	uintptr_t address;
	uintptr_t pc_begin;
	uintptr_t pc_end;
	struct cfi_cursor first_instructions;
	struct cfi_cursor instructions;
	uint8_t pointer_encoding;
	bool has_augmentation_length;
	bool signal_frame;
};

/* A pointer in one of the encodings of DW_EH_PE. */
static uint64_t read_pointer(struct cfi_cursor *cursor, uint8_t encoding)
{
	uintptr_t here = (uintptr_t)cursor->at;
	uint64_t value = 0;

	switch (encoding & ENCODING_FORMAT_MASK) {
	case ENCODING_ABSOLUTE:
	case ENCODING_UDATA8:
	case ENCODING_SDATA8:
		value = cfi_read_fixed(cursor, 8);
		break;
	case ENCODING_UDATA4:
		value = cfi_read_fixed(cursor, 4);
		break;
	case ENCODING_SDATA4:
		value = (uint64_t)(int32_t)cfi_read_fixed(cursor, 4);
		break;
	case ENCODING_UDATA2:
		value = cfi_read_fixed(cursor, 2);
		break;
	case ENCODING_SDATA2:
		value = (uint64_t)(int16_t)cfi_read_fixed(cursor, 2);
		break;
	case ENCODING_ULEB:
		value = cfi_read_uleb(cursor);
		break;
	case ENCODING_SLEB:
		value = (uint64_t)cfi_read_sleb(cursor);
		break;
	default:
		cursor->bad = true;
	}
	if ((encoding & ENCODING_BASE_MASK) == ENCODING_PC_RELATIVE)
		value += here;
	else if ((encoding & ENCODING_BASE_MASK) != 0)
		cursor->bad = true;
	return value;
}

/* --- finding the entry -------------------------------------------------------------------- */

/* Returns the address of the FDE whose range begins last before `pc`, by the sorted table; 0 when
 * the file has no table, or an unreadable one.  Called once a step; the caller checks the range. */
static uintptr_t search_table(struct peek *peek, const struct module *module, uintptr_t pc)
{
	uintptr_t header = module->eh_frame_header;
	struct cfi_cursor cursor;
	uint64_t count, low, high;
	uintptr_t table;
	int32_t pair[2];
	uint8_t head[4]; /* version; encodings of the section's address, the count and the table */

	/* then two encoded values of at most 8 bytes, and at least one pair */
	if (header == 0 || !peek_copy(peek, header, head, sizeof(head)) ||
	    !peek_can_read(peek, header, 28) || head[0] != HEADER_VERSION ||
	    head[3] != HEADER_TABLE_ENCODING)
		return 0;
	cursor = (struct cfi_cursor){.at = (const uint8_t *)header + 4,
				     .end = (const uint8_t *)header + 28};
	(void)read_pointer(&cursor, head[1]);
	count = read_pointer(&cursor, head[2]);
	table = (uintptr_t)cursor.at;
	if (cursor.bad || table >= module->end || count > (module->end - table) / sizeof(pair))
		return 0;
	low = 0; /* the answer is below `high`; everything below `low` begins at or before pc */
	high = count;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (!peek_copy(peek, table + middle * sizeof(pair), pair, sizeof(pair)))
			return 0;
		if (header + (uintptr_t)(intptr_t)pair[0] <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || !peek_copy(peek, table + (low - 1) * sizeof(pair), pair, sizeof(pair)))
		return 0;
	return header + (uintptr_t)(intptr_t)pair[1];
}

/* Opens the CIE or FDE at `address`: sets the cursor behind the entry's length field.  False when
 * the entry ends the section, is longer than any compiler writes, or cannot be read. */
static bool open_entry(struct peek *peek, uintptr_t address, struct cfi_cursor *out)
{
	uint32_t len;

	/* 0 ends the section; 0xffffffff announces 64 bits, which nobody needs */
	if (!peek_u32(peek, address, &len) || len == 0 || len > MAX_ENTRY_BYTES ||
	    !peek_can_read(peek, address + 4, len))
		return false;
	*out = (struct cfi_cursor){.at = (const uint8_t *)address + 4,
				   .end = (const uint8_t *)address + 4 + len};
	return true;
}

/* Reads the augmentation data as the augmentation string describes them.  False for a string that
 * begins with an unknown letter: then the length of the data is not known either. */
static bool read_augmentation(struct cfi_cursor *cursor, const uint8_t *string, struct entry *entry)
{
	const uint8_t *end;
	uint64_t len;
	uint8_t encoding;

	if (string[0] == '\0')
		return true;
	if (string[0] != 'z')
		return false;
	entry->has_augmentation_length = true;
	len = cfi_read_uleb(cursor);
	if (cursor->bad || len > (uint64_t)(cursor->end - cursor->at))
		return false;
	end = cursor->at + len;
	for (string++; *string != '\0'; string++) {
		if (*string == 'R') {
			entry->pointer_encoding = (uint8_t)cfi_read_fixed(cursor, 1);
		} else if (*string == 'L') {
			(void)cfi_read_fixed(cursor, 1);
		} else if (*string == 'P') {
			/* the personality's address: only the length matters */
			encoding = (uint8_t)cfi_read_fixed(cursor, 1);
			(void)read_pointer(cursor, encoding & ENCODING_FORMAT_MASK);
		} else if (*string == 'S') {
			entry->signal_frame = true;
		} else if (*string != 'B' && *string != 'G') { /* AArch64: keys, tags: no data */
			break;
		}
	}
	cursor->at = end;
	return !cursor->bad;
}

static bool read_common(struct peek *peek, uintptr_t address, struct entry *entry)
{
	struct cfi_cursor cursor;
	const uint8_t *augmentation;
	uint8_t version;

	if (!open_entry(peek, address, &cursor) || cfi_read_fixed(&cursor, 4) != 0)
		return false;
	version = (uint8_t)cfi_read_fixed(&cursor, 1);
	augmentation = cursor.at;
	while (!cursor.bad && cfi_read_fixed(&cursor, 1) != 0)
		;
	if (cursor.bad || (version != 1 && version != 3))
		return false;
	entry->code_factor = cfi_read_uleb(&cursor);
	entry->data_factor = cfi_read_sleb(&cursor);
	entry->return_register = version == 1 ? cfi_read_fixed(&cursor, 1) : cfi_read_uleb(&cursor);
	if (cursor.bad || entry->return_register >= CFI_REGISTERS ||
	    !read_augmentation(&cursor, augmentation, entry))
		return false;
	entry->first_instructions = cursor;
	return true;
}

static bool find_entry(struct peek *peek, const struct module *module, uintptr_t pc,
		       struct entry *entry)
{
	uintptr_t address = search_table(peek, module, pc);
	struct cfi_cursor cursor;
	uintptr_t here;
	uint64_t back;

	*entry = (struct entry){.address = address, .pointer_encoding = ENCODING_ABSOLUTE};
	if (address == 0 || !open_entry(peek, address, &cursor))
		return false;
	here = (uintptr_t)cursor.at;
	back = cfi_read_fixed(&cursor, 4);
	if (back == 0 || !read_common(peek, here - back, entry))
		return false;
	entry->pc_begin = read_pointer(&cursor, entry->pointer_encoding);
	entry->pc_end = entry->pc_begin +
			read_pointer(&cursor, entry->pointer_encoding & ENCODING_FORMAT_MASK);
	if (entry->has_augmentation_length)
		cfi_skip(&cursor, cfi_read_uleb(&cursor));
	entry->instructions = cursor;
	return !cursor.bad && pc >= entry->pc_begin && pc < entry->pc_end;
}

/* --- running the instructions ------------------------------------------------------------- */

struct run {
	struct cfi_scratch *scratch;
	const struct entry *entry;
	uintptr_t pc;
	unsigned remembered;
};

static void set_rule(struct run *run, uint64_t number, enum cfi_rule_kind kind, int64_t value)
{
	/* Vector registers have rules too; no caller's frame is found by those rules. */
	if (number < CFI_REGISTERS)
		run->scratch->now.registers[number] = (struct cfi_rule){value, (uint8_t)kind};
}

static void restore_rule(struct run *run, uint64_t number)
{
	if (number < CFI_REGISTERS)
		run->scratch->now.registers[number] = run->scratch->initial.registers[number];
}

static void set_cfa(struct run *run, uint64_t number, int64_t offset)
{
	struct cfi_rules *now = &run->scratch->now;

	now->cfa_register = number < CFI_REGISTERS ? (uint8_t)number : CFI_REGISTERS;
	now->cfa_offset = offset;
	now->cfa_expression = 0;
}

/* Unsigned, because nonsense may overflow. */
static int64_t factored(uint64_t value, const struct entry *entry)
{
	return (int64_t)(value * (uint64_t)entry->data_factor);
}

/* Passes over an expression and returns the address of its length. */
static int64_t take_expression(struct cfi_cursor *cursor)
{
	const uint8_t *at = cursor->at;

	cfi_skip(cursor, cfi_read_uleb(cursor));
	return (int64_t)(uintptr_t)at;
}

/* False when the location has passed pc, or, with cursor->bad set, the instruction makes no sense.
 */
static bool execute(struct run *run, struct cfi_cursor *cursor, uintptr_t *location)
{
	struct cfi_rules *now = &run->scratch->now;
	const struct entry *entry = run->entry;
	uint8_t instruction = (uint8_t)cfi_read_fixed(cursor, 1);
	uint64_t operand = instruction & ~CFA_PRIMARY_MASK;
	uint64_t number;

	switch (instruction & CFA_PRIMARY_MASK) {
	case CFA_ADVANCE_LOC:
		*location += operand * entry->code_factor;
		return *location <= run->pc;
	case CFA_OFFSET:
		set_rule(run, operand, CFI_AT_OFFSET, factored(cfi_read_uleb(cursor), entry));
		return true;
	case CFA_RESTORE:
		restore_rule(run, operand);
		return true;
	default:
		break;
	}
	switch (instruction) {
	case CFA_NOP:
		return true;
	case CFA_SET_LOC:
		*location = read_pointer(cursor, entry->pointer_encoding);
		return *location <= run->pc;
	case CFA_ADVANCE_LOC1:
	case CFA_ADVANCE_LOC2:
	case CFA_ADVANCE_LOC4:
		*location += cfi_read_fixed(cursor, 1u << (instruction - CFA_ADVANCE_LOC1)) *
			     entry->code_factor;
		return *location <= run->pc;
	case CFA_OFFSET_EXTENDED:
		number = cfi_read_uleb(cursor);
		set_rule(run, number, CFI_AT_OFFSET, factored(cfi_read_uleb(cursor), entry));
		return true;
	case CFA_OFFSET_EXTENDED_SF:
		number = cfi_read_uleb(cursor);
		set_rule(run, number, CFI_AT_OFFSET,
			 factored((uint64_t)cfi_read_sleb(cursor), entry));
		return true;
	case CFA_VAL_OFFSET:
		number = cfi_read_uleb(cursor);
		set_rule(run, number, CFI_IS_OFFSET, factored(cfi_read_uleb(cursor), entry));
		return true;
	case CFA_VAL_OFFSET_SF:
		number = cfi_read_uleb(cursor);
		set_rule(run, number, CFI_IS_OFFSET,
			 factored((uint64_t)cfi_read_sleb(cursor), entry));
		return true;
	case CFA_RESTORE_EXTENDED:
		restore_rule(run, cfi_read_uleb(cursor));
		return true;
	case CFA_UNDEFINED:
		set_rule(run, cfi_read_uleb(cursor), CFI_UNDEFINED, 0);
		return true;
	case CFA_SAME_VALUE:
		set_rule(run, cfi_read_uleb(cursor), CFI_SAME, 0);
		return true;
	case CFA_REGISTER:
		number = cfi_read_uleb(cursor);
		set_rule(run, number, CFI_IN_REGISTER, (int64_t)cfi_read_uleb(cursor));
		return true;
	case CFA_EXPRESSION:
		number = cfi_read_uleb(cursor);
		set_rule(run, number, CFI_AT_EXPRESSION, take_expression(cursor));
		return true;
	case CFA_VAL_EXPRESSION:
		number = cfi_read_uleb(cursor);
		set_rule(run, number, CFI_IS_EXPRESSION, take_expression(cursor));
		return true;
	case CFA_REMEMBER_STATE:
		if (run->remembered == CFI_REMEMBERED) {
			cursor->bad = true;
			return false;
		}
		run->scratch->remembered[run->remembered++] = *now;
		return true;
	case CFA_RESTORE_STATE:
		if (run->remembered == 0) {
			cursor->bad = true;
			return false;
		}
		*now = run->scratch->remembered[--run->remembered];
		return true;
	case CFA_DEF_CFA:
		number = cfi_read_uleb(cursor);
		set_cfa(run, number, (int64_t)cfi_read_uleb(cursor));
		return true;
	case CFA_DEF_CFA_SF:
		number = cfi_read_uleb(cursor);
		set_cfa(run, number, factored((uint64_t)cfi_read_sleb(cursor), entry));
		return true;
	case CFA_DEF_CFA_REGISTER:
		set_cfa(run, cfi_read_uleb(cursor), now->cfa_offset);
		return true;
	case CFA_DEF_CFA_OFFSET:
		now->cfa_offset = (int64_t)cfi_read_uleb(cursor);
		return true;
	case CFA_DEF_CFA_OFFSET_SF:
		now->cfa_offset = factored((uint64_t)cfi_read_sleb(cursor), entry);
		return true;
	case CFA_DEF_CFA_EXPRESSION:
		now->cfa_expression = (uintptr_t)take_expression(cursor);
		return true;
	case CFA_GNU_ARGS_SIZE:
		(void)cfi_read_uleb(cursor);
		return true;
	case CFA_NEGATE_RA_STATE: /* the signature is always stripped, see apply_rules() */
		return true;
	default:
		cursor->bad = true;
		return false;
	}
}

/* Runs until the rules of pc stand in scratch->now. */
static bool run_instructions(struct cfi_scratch *scratch, const struct entry *entry, uintptr_t pc)
{
	struct run run = {.scratch = scratch, .entry = entry, .pc = pc};
	struct cfi_cursor cursor = entry->first_instructions;
	uintptr_t location = entry->pc_begin;

	scratch->now = (struct cfi_rules){.cfa_register = CFI_REGISTERS};
	while (cursor.at < cursor.end && execute(&run, &cursor, &location))
		;
	if (cursor.bad)
		return false;
	scratch->initial = scratch->now;
	cursor = entry->instructions;
	while (cursor.at < cursor.end && execute(&run, &cursor, &location))
		;
	return !cursor.bad;
}

/* --- applying the rules ------------------------------------------------------------------- */

static bool apply_rule(struct peek *peek, const struct cfi_rule *rule, uint64_t cfa,
		       const struct cfi_registers *old, uint64_t *value)
{
	uint64_t address;

	switch ((enum cfi_rule_kind)rule->kind) {
	case CFI_SAME:
		return true;
	case CFI_UNDEFINED:
		*value = 0;
		return true;
	case CFI_AT_OFFSET:
		return peek_u64(peek, cfa + (uint64_t)rule->value, value);
	case CFI_IS_OFFSET:
		*value = cfa + (uint64_t)rule->value;
		return true;
	case CFI_IN_REGISTER:
		if (rule->value < 0 || rule->value >= CFI_REGISTERS)
			return false;
		*value = old->value[rule->value];
		return true;
	case CFI_AT_EXPRESSION:
		return cfi_evaluate(peek, (uintptr_t)rule->value, old, true, cfa, &address) &&
		       peek_u64(peek, address, value);
	case CFI_IS_EXPRESSION:
		return cfi_evaluate(peek, (uintptr_t)rule->value, old, true, cfa, value);
	}
	return false;
}

enum cfi_result cfi_set_pc(struct cfi_registers *registers, uint64_t return_address)
{
#if defined(__aarch64__)
	return_address &=
		UINT64_C(0x0000ffffffffffff); /* a pointer signature fills the upper bits */
#endif
	registers->value[CFI_PC] = return_address;
	return return_address == 0 ? CFI_OUTERMOST : CFI_STEPPED;
}

bool cfi_find(struct peek *peek, struct cfi_scratch *scratch, const struct module *module,
	      uintptr_t lookup, struct cfi_found *found)
{
	struct entry entry;

	if (!find_entry(peek, module, lookup, &entry) || !run_instructions(scratch, &entry, lookup))
		return false;
	*found = (struct cfi_found){entry.address, (uint8_t)entry.return_register,
				    entry.signal_frame};
	return true;
}

enum cfi_result cfi_apply(struct peek *peek, struct cfi_scratch *scratch,
			  const struct cfi_found *found, struct cfi_registers *registers)
{
	const struct cfi_rules *rules = &scratch->now;
	const struct cfi_registers *old = &scratch->old;
	uint64_t cfa;

	scratch->old = *registers;
	if (rules->cfa_expression != 0) {
		if (!cfi_evaluate(peek, rules->cfa_expression, old, false, 0, &cfa))
			return CFI_UNKNOWN;
	} else {
		if (rules->cfa_register >= CFI_REGISTERS)
			return CFI_UNKNOWN;
		cfa = old->value[rules->cfa_register] + (uint64_t)rules->cfa_offset;
	}
	if (rules->registers[found->return_register].kind == CFI_UNDEFINED)
		return CFI_OUTERMOST;
	registers->value[CFI_SP] = cfa; /* by definition, unless a rule says otherwise */
	for (unsigned i = 0; i < CFI_REGISTERS; i++) {
		if (!apply_rule(peek, &rules->registers[i], cfa, old, &registers->value[i]))
			return CFI_UNKNOWN;
	}
	return cfi_set_pc(registers, registers->value[found->return_register]);
}

enum cfi_result cfi_step(struct peek *peek, struct cfi_scratch *scratch,
			 const struct module *module, uintptr_t lookup,
			 struct cfi_registers *registers, bool *interrupted)
{
	struct cfi_found found;

	if (!cfi_find(peek, scratch, module, lookup, &found))
		return CFI_UNKNOWN;
	*interrupted = found.signal_frame;
	return cfi_apply(peek, scratch, &found, registers);
}
