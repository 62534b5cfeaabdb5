/* SPDX-License-Identifier: MIT */
/*
 * Rust's v0 mangling: _R path ..., the grammar of Rust RFC 2603 ("Symbol name mangling v0"), whose
 * letters stand at the functions below.  Left out of the output: the crates' and impls' hashes;
 * punycode is shown as it is.
 */
#include "symbols/demangle_parser.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void parse_path(struct parser *parser, bool in_value);
static void parse_type(struct parser *parser);
static void parse_const(struct parser *parser);

static uint64_t parse_disambiguator(struct parser *parser)
{
	return parser_take(parser, 's') ? parser_base62(parser) + 1 : 0;
}

struct name {
	const char *bytes;
	size_t len;
	bool punycode;
};

static struct name parse_name(struct parser *parser)
{
	struct name name = {.punycode = parser_take(parser, 'u')};

	name.len = parser_decimal(parser);
	parser_take(parser, '_');
	if (parser->failed || name.len > parser->end - parser->pos) {
		parser->failed = true;
		return (struct name){.bytes = ""};
	}
	name.bytes = parser->text + parser->pos;
	parser->pos += name.len;
	return name;
}

static void put_name(struct parser *parser, struct name name)
{
	if (name.punycode)
		parser_put(parser, "punycode{");
	parser_put_bytes(parser, name.bytes, name.len);
	if (name.punycode)
		parser_put(parser, "}");
}

/* B: parses again what stands earlier. */
static void parse_backref(struct parser *parser, void (*parse)(struct parser *parser))
{
	size_t start = parser->pos - 1;
	uint64_t target = parser_base62(parser);
	size_t back = parser->pos;

	if (target >= start)
		parser->failed = true;
	if (parser->silent || parser->failed)
		return;
	parser->pos = (size_t)target;
	parse(parser);
	parser->pos = back;
}

static void parse_path_in_type(struct parser *parser)
{
	parse_path(parser, false);
}

static void parse_path_in_value(struct parser *parser)
{
	parse_path(parser, true);
}

/* --- lifetimes, generic arguments ---------------------------------------------------------- */

static void put_lifetime(struct parser *parser, uint64_t index)
{
	uint64_t depth = parser->lifetimes - index;

	if (index == 0)
		parser_put(parser, "'_");
	else if (index > parser->lifetimes)
		parser->failed = true;
	else if (depth < 26)
		parser_put_bytes(parser, (char[]){'\'', (char)('a' + depth)}, 2);
	else
		parser_put_number(parser, "'_", depth, "");
}

/* G: for<'a, ...>; the caller takes the lifetimes back. */
static void parse_binder(struct parser *parser)
{
	uint64_t count;

	if (!parser_take(parser, 'G'))
		return;
	count = parser_base62(parser) + 1;
	if (count > 64) {
		parser->failed = true;
		return;
	}
	parser_put(parser, "for<");
	for (uint64_t i = 0; i < count; i++) {
		parser->lifetimes++;
		parser_put(parser, i > 0 ? ", " : "");
		put_lifetime(parser, 1);
	}
	parser_put(parser, "> ");
}

static void parse_generic_argument(struct parser *parser)
{
	if (parser_take(parser, 'L'))
		put_lifetime(parser, parser_base62(parser));
	else if (parser_take(parser, 'K'))
		parse_const(parser);
	else
		parse_type(parser);
}

/* Items up to E, with commas between; returns how many. */
static unsigned parse_list(struct parser *parser, void (*parse)(struct parser *parser),
			   const char *separator)
{
	unsigned count = 0;

	while (!parser->failed && !parser_take(parser, 'E')) {
		parser_put(parser, count > 0 ? separator : "");
		parse(parser);
		count++;
	}
	return count;
}

/* --- paths --------------------------------------------------------------------------------- */

/* The impl's own path says nothing that its type does not. */
static void skip_impl_path(struct parser *parser)
{
	bool silent = parser->silent;

	parser->silent = true;
	parse_disambiguator(parser);
	parse_path(parser, false);
	parser->silent = silent;
}

/* N namespace path identifier */
static void parse_nested(struct parser *parser, bool in_value)
{
	char namespace = parser_next(parser);
	uint64_t disambiguator;
	struct name name;

	parse_path(parser, in_value);
	disambiguator = parse_disambiguator(parser);
	name = parse_name(parser);
	if (namespace >= 'A' && namespace <= 'Z') {
		parser_put(parser, "::{");
		if (namespace == 'C')
			parser_put(parser, "closure");
		else if (namespace == 'S')
			parser_put(parser, "shim");
		else
			parser_put_bytes(parser, &namespace, 1);
		parser_put(parser, name.len > 0 ? ":" : "");
		put_name(parser, name);
		parser_put_number(parser, "#", disambiguator, "}");
	} else if (name.len > 0) {
		parser_put(parser, "::");
		put_name(parser, name);
	}
}

static void parse_path(struct parser *parser, bool in_value)
{
	if (!parser_enter(parser))
		return;
	switch (parser_next(parser)) {
	case 'C': /* crate root */
		parse_disambiguator(parser);
		put_name(parser, parse_name(parser));
		break;
	case 'M': /* <T>, inherent impl */
		skip_impl_path(parser);
		parser_put(parser, "<");
		parse_type(parser);
		parser_put(parser, ">");
		break;
	case 'X': /* <T as Trait>, trait impl */
		skip_impl_path(parser);
		/* fallthrough */
	case 'Y': /* <T as Trait> */
		parser_put(parser, "<");
		parse_type(parser);
		parser_put(parser, " as ");
		parse_path(parser, false);
		parser_put(parser, ">");
		break;
	case 'N':
		parse_nested(parser, in_value);
		break;
	case 'I': /* path<arguments> */
		parse_path(parser, in_value);
		parser_put(parser, in_value ? "::<" : "<");
		parse_list(parser, parse_generic_argument, ", ");
		parser_put(parser, ">");
		break;
	case 'B':
		parse_backref(parser, in_value ? parse_path_in_value : parse_path_in_type);
		break;
	default:
		parser->failed = true;
		break;
	}
	parser_leave(parser);
}

/* --- types --------------------------------------------------------------------------------- */

static const char *basic_type(char tag)
{
	static const char *const names['z' - 'a' + 1] = {
		['a' - 'a'] = "i8",   ['b' - 'a'] = "bool",  ['c' - 'a'] = "char",
		['d' - 'a'] = "f64",  ['e' - 'a'] = "str",   ['f' - 'a'] = "f32",
		['h' - 'a'] = "u8",   ['i' - 'a'] = "isize", ['j' - 'a'] = "usize",
		['l' - 'a'] = "i32",  ['m' - 'a'] = "u32",   ['n' - 'a'] = "i128",
		['o' - 'a'] = "u128", ['p' - 'a'] = "_",     ['s' - 'a'] = "i16",
		['t' - 'a'] = "u16",  ['u' - 'a'] = "()",    ['v' - 'a'] = "...",
		['x' - 'a'] = "i64",  ['y' - 'a'] = "u64",   ['z' - 'a'] = "!",
	};

	return tag >= 'a' && tag <= 'z' ? names[tag - 'a'] : NULL;
}

/* R and Q: &'a T, &'a mut T */
static void parse_reference(struct parser *parser, const char *qualifier)
{
	parser_put(parser, "&");
	if (parser_take(parser, 'L')) {
		uint64_t lifetime = parser_base62(parser);

		if (lifetime != 0) {
			put_lifetime(parser, lifetime);
			parser_put(parser, " ");
		}
	}
	parser_put(parser, qualifier);
	parse_type(parser);
}

/* F: fn(A, B) -> R */
static void parse_function(struct parser *parser)
{
	uint64_t lifetimes = parser->lifetimes;

	parse_binder(parser);
	if (parser_take(parser, 'U'))
		parser_put(parser, "unsafe ");
	if (parser_take(parser, 'K')) {
		parser_put(parser, "extern \"");
		if (parser_take(parser, 'C'))
			parser_put(parser, "C");
		else
			put_name(parser, parse_name(parser));
		parser_put(parser, "\" ");
	}
	parser_put(parser, "fn(");
	parse_list(parser, parse_type, ", ");
	parser_put(parser, ")");
	if (!parser_take(parser, 'u')) {
		parser_put(parser, " -> ");
		parse_type(parser);
	}
	parser->lifetimes = lifetimes;
}

/* path { p name type }: the associated types stand within the trait's own brackets in Rust; here
 * they follow, which is as clear. */
static void parse_dyn_trait(struct parser *parser)
{
	bool open = false;

	parse_path(parser, false);
	while (parser_take(parser, 'p')) {
		parser_put(parser, open ? ", " : "<");
		open = true;
		put_name(parser, parse_name(parser));
		parser_put(parser, " = ");
		parse_type(parser);
	}
	parser_put(parser, open ? ">" : "");
}

/* D: dyn A + B + 'a */
static void parse_dyn(struct parser *parser)
{
	uint64_t lifetimes = parser->lifetimes;
	uint64_t lifetime;

	parser_put(parser, "dyn ");
	parse_binder(parser);
	parse_list(parser, parse_dyn_trait, " + ");
	parser->lifetimes = lifetimes;
	if (!parser_take(parser, 'L')) {
		parser->failed = true;
		return;
	}
	lifetime = parser_base62(parser);
	if (lifetime != 0) {
		parser_put(parser, " + ");
		put_lifetime(parser, lifetime);
	}
}

static void parse_type(struct parser *parser)
{
	const char *basic = basic_type(parser_peek(parser));

	if (!parser_enter(parser))
		return;
	if (basic != NULL) {
		parser->pos++;
		parser_put(parser, basic);
		parser_leave(parser);
		return;
	}
	switch (parser_next(parser)) {
	case 'A': /* [T; n] */
		parser_put(parser, "[");
		parse_type(parser);
		parser_put(parser, "; ");
		parse_const(parser);
		parser_put(parser, "]");
		break;
	case 'S': /* [T] */
		parser_put(parser, "[");
		parse_type(parser);
		parser_put(parser, "]");
		break;
	case 'T': /* (A, B) */
		parser_put(parser, "(");
		if (parse_list(parser, parse_type, ", ") == 1)
			parser_put(parser, ",");
		parser_put(parser, ")");
		break;
	case 'R':
		parse_reference(parser, "");
		break;
	case 'Q':
		parse_reference(parser, "mut ");
		break;
	case 'P':
		parser_put(parser, "*const ");
		parse_type(parser);
		break;
	case 'O':
		parser_put(parser, "*mut ");
		parse_type(parser);
		break;
	case 'F':
		parse_function(parser);
		break;
	case 'D':
		parse_dyn(parser);
		break;
	case 'B':
		parse_backref(parser, parse_type);
		break;
	default: /* a path */
		parser->pos -= !parser->failed;
		parse_path(parser, false);
		break;
	}
	parser_leave(parser);
}

/* type ["n"] {hexadecimal digit} "_", shown as a number; "p" is a placeholder */
static void parse_const(struct parser *parser)
{
	bool silent = parser->silent;
	uint64_t value = 0;
	unsigned digits = 0;
	char tag = parser_peek(parser);
	char text[24];

	if (!parser_enter(parser))
		return;
	if (parser_take(parser, 'p')) {
		parser_put(parser, "_");
	} else if (parser_take(parser, 'B')) {
		parse_backref(parser, parse_const);
	} else {
		parser->silent = true;
		parse_type(parser);
		parser->silent = silent;
		if (parser_take(parser, 'n'))
			parser_put(parser, "-");
		while (!parser->failed && !parser_take(parser, '_')) {
			char c = parser_next(parser);

			if (++digits > 16 || !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
				parser->failed = true;
			value = value << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
		}
		if (tag == 'b')
			parser_put(parser, value != 0 ? "true" : "false");
		else if (tag == 'c') {
			snprintf(text, sizeof text, "'\\u{%" PRIx64 "}'", value);
			parser_put(parser, text);
		} else {
			parser_put_number(parser, "", value, "");
		}
	}
	parser_leave(parser);
}

bool demangle_v0(struct parser *parser)
{
	/* A vendor suffix (.llvm.123) is no part of the name. */
	parser->end = strcspn(parser->text, ".$");
	parse_path(parser, true);
	if (!parser->failed && parser->pos < parser->end) { /* the instantiating crate */
		parser->silent = true;
		parse_path(parser, false);
	}
	return !parser->failed && parser->pos == parser->end && parser->out_len > 0;
}
