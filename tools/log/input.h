/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a log, unpacked on the way where the file is compressed by gzip or zstd.
 *
 * The kind is decided by the first bytes, not by the name.  Memory is constant.
 */
#ifndef FORKSAN_TOOLS_LOG_INPUT_H
#define FORKSAN_TOOLS_LOG_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct log_input;

/* Reads from `fd`, which stays the caller's.  NULL: no memory. */
struct log_input *log_input_new(int fd);
void log_input_free(struct log_input *input);

/* Returns the bytes put into `buffer`, 0 at the end, or -errno of a read.  -EBADMSG: the compressed
 * data are broken; -EPROTO: the data end too early; the part that could be unpacked was handed out
 * before. -EPROTONOSUPPORT: compressed in another way, and log_input_kind() says how. */
ssize_t log_input_read(struct log_input *input, void *buffer, size_t size);

/* The program that unpacks the input: "zcat", "zstdcat", "xzcat"; NULL: not compressed, or nothing
 * was read yet. */
const char *log_input_kind(const struct log_input *input);

/* Bytes taken from the file so far. */
uint64_t log_input_taken(const struct log_input *input);

#endif
