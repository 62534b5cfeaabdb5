/* SPDX-License-Identifier: MIT */
/*
 * See input.h.  gzip: RFC 1952, several members may follow each other; zstd: RFC 8878, several
 * frames may.
 */
#include "log/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define PACKED_BYTES (1u << 17)
#define MAGIC_BYTES 6

enum packing { UNKNOWN, PLAIN, GZIP, ZSTD, XZ };

struct log_input {
	int fd;
	enum packing packing;
	bool ended;   /* the file has */
	bool between; /* at the end of a member or frame */
	uint64_t taken;
	z_stream gzip;
	ZSTD_DStream *zstd;
	size_t start, end; /* of the bytes that were read and not unpacked */
	unsigned char packed[PACKED_BYTES];
};

struct log_input *log_input_new(int fd)
{
	struct log_input *input = malloc(sizeof *input);

	if (input == NULL)
		return NULL;
	memset(input, 0, offsetof(struct log_input, packed));
	input->fd = fd;
	input->between = true;
	return input;
}

void log_input_free(struct log_input *input)
{
	if (input->packing == GZIP)
		inflateEnd(&input->gzip);
	ZSTD_freeDStream(input->zstd);
	free(input);
}

const char *log_input_kind(const struct log_input *input)
{
	static const char *const programs[] = {
		[UNKNOWN] = NULL,   [PLAIN] = NULL, [GZIP] = "zcat",
		[ZSTD] = "zstdcat", [XZ] = "xzcat",
	};

	return programs[input->packing];
}

uint64_t log_input_taken(const struct log_input *input)
{
	return input->taken;
}

static ssize_t read_file(struct log_input *input, void *buffer, size_t size)
{
	ssize_t got;

	do {
		got = read(input->fd, buffer, size);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	input->taken += (uint64_t)got;
	return got;
}

/* Reads more bytes behind the remaining packed ones.  0 or -errno. */
static int fill(struct log_input *input)
{
	ssize_t got;

	memmove(input->packed, input->packed + input->start, input->end - input->start);
	input->end -= input->start;
	input->start = 0;
	got = read_file(input, input->packed + input->end, PACKED_BYTES - input->end);
	if (got < 0)
		return (int)got;
	input->ended = got == 0;
	input->end += (size_t)got;
	return 0;
}

/* Decides by the first bytes.  0 or -errno. */
static int find_packing(struct log_input *input)
{
	static const struct {
		const char *magic;
		size_t len;
		enum packing packing;
	} kinds[] = {
		{"\x1f\x8b", 2, GZIP},
		{"\x28\xb5\x2f\xfd", 4, ZSTD},
		{"\xfd\x37\x7a\x58\x5a", 5, XZ},
	};

	while (input->end < MAGIC_BYTES && !input->ended) {
		int result = fill(input);

		if (result < 0)
			return result;
		/* A pipe may have given the first bytes of a line: no packed file is that short. */
		if (input->end > 0 && input->packed[0] == '{')
			break;
	}
	input->packing = PLAIN;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (input->end >= kinds[i].len &&
		    memcmp(input->packed, kinds[i].magic, kinds[i].len) == 0)
			input->packing = kinds[i].packing;
	/* 16: a gzip header, and no other. */
	if (input->packing == GZIP && inflateInit2(&input->gzip, 16 + MAX_WBITS) != Z_OK) {
		input->packing = PLAIN;
		return -ENOMEM;
	}
	if (input->packing == ZSTD && (input->zstd = ZSTD_createDStream()) == NULL)
		return -ENOMEM;
	return 0;
}

/* Unpacks once.  The bytes put into `buffer`, maybe 0, or -errno. */
static ssize_t inflate_some(struct log_input *input, void *buffer, size_t size)
{
	z_stream *gzip = &input->gzip;
	int result;

	if (input->between && inflateReset(gzip) != Z_OK)
		return -EBADMSG;
	gzip->next_in = input->packed + input->start;
	gzip->avail_in = (uInt)(input->end - input->start);
	gzip->next_out = buffer;
	gzip->avail_out = size < PACKED_BYTES ? (uInt)size : PACKED_BYTES;
	size = gzip->avail_out;
	result = inflate(gzip, Z_NO_FLUSH);
	input->start = input->end - gzip->avail_in;
	input->between = result == Z_STREAM_END;
	if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
		return -EBADMSG;
	return (ssize_t)(size - gzip->avail_out);
}

static ssize_t unzstd_some(struct log_input *input, void *buffer, size_t size)
{
	ZSTD_inBuffer in = {input->packed + input->start, input->end - input->start, 0};
	ZSTD_outBuffer out = {buffer, size, 0};
	size_t result = ZSTD_decompressStream(input->zstd, &out, &in);

	if (ZSTD_isError(result))
		return -EBADMSG;
	input->start += in.pos;
	input->between = result == 0;
	return (ssize_t)out.pos;
}

static ssize_t unpack(struct log_input *input, void *buffer, size_t size)
{
	for (;;) {
		ssize_t got = 0;

		if (input->start < input->end || !input->between)
			got = input->packing == GZIP ? inflate_some(input, buffer, size)
						     : unzstd_some(input, buffer, size);
		if (got != 0)
			return got;
		if (input->start == input->end && input->ended)
			return input->between ? 0 : -EPROTO;
		if (input->start == input->end || !input->between) {
			int result = fill(input);

			if (result < 0)
				return result;
			if (input->ended && input->start == input->end)
				continue;
		}
	}
}

static ssize_t take_begun(struct log_input *input, void *buffer, size_t size)
{
	size_t begun = input->end - input->start;

	if (begun > size)
		begun = size;
	memcpy(buffer, input->packed + input->start, begun);
	input->start += begun;
	return (ssize_t)begun;
}

ssize_t log_input_read(struct log_input *input, void *buffer, size_t size)
{
	if (input->packing == UNKNOWN) {
		int result = find_packing(input);

		if (result < 0)
			return result;
	}
	switch (input->packing) {
	case GZIP:
	case ZSTD:
		return unpack(input, buffer, size);
	case XZ:
		return -EPROTONOSUPPORT;
	case UNKNOWN:
	case PLAIN:
		break;
	}
	if (input->start < input->end)
		return take_begun(input, buffer, size);
	return read_file(input, buffer, size);
}
