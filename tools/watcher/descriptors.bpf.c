// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
/*
 * Who has which socket open, for forksan scan: one pass over all processes and one over all their
 * descriptors, in place of thousands of reads of /proc.  Nothing is attached or changed.
 *
 * What /proc has counts: a zombie has no record, and a thread with descriptors of its own
 * (unshare(2), CLONE_FILES) is passed over, since /proc/PID/fd has those of the first thread.
 */
#include "watcher/kernel.bpf.h"
#include "forksan/descriptors.h"

char licenses[] SEC("license") = "Dual MIT/GPL";

#define ANON_INODE_FS_MAGIC 0x09041934 /* linux/magic.h */

__u64 seen;

/* A kernel thread has no addresses. */
static __always_inline bool is_narrow(struct task_struct *task)
{
	unsigned long size = BPF_CORE_READ(task, mm, task_size);

	return size != 0 && size <= 0xffffffff;
}

SEC("iter/task")
int processes(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct process_record record = {0};

	if (task) {
		if (task->tgid != task->pid || task->exit_state)
			return 0;
		record.pid = task->tgid;
		record.parent_pid = task->real_parent->tgid;
		record.thread_count = task->signal->nr_threads;
		record.started_ns = task->start_boottime;
		record.cgroups = (__u64)BPF_CORE_READ(task, cgroups);
		record.namespaces = (__u64)BPF_CORE_READ(task, nsproxy);
		record.is_narrow = is_narrow(task);
		bpf_probe_read_kernel_str(record.comm, sizeof record.comm, task->comm);
	}
	bpf_seq_write(context->meta->seq, &record, sizeof record);
	return 0;
}

/* fs/eventpoll.c: anon_inode_getfile("[eventpoll]", ...) */
static __always_inline bool is_epoll(struct file *file)
{
	static const char name[] = "[eventpoll]";
	char found[sizeof name] = "";

	if (file->f_inode->i_sb->s_magic != ANON_INODE_FS_MAGIC ||
	    bpf_probe_read_kernel_str(found, sizeof found, file->f_path.dentry->d_name.name) !=
		    sizeof name)
		return false;
	for (unsigned i = 0; i < sizeof name; i++)
		if (found[i] != name[i])
			return false;
	return true;
}

static __always_inline bool closes_on_exec(struct task_struct *task, __u32 fd)
{
	unsigned long word = 0;

	bpf_probe_read_kernel(&word, sizeof word, task->files->fdt->close_on_exec + fd / 64);
	return (word >> (fd % 64) & 1) != 0;
}

SEC("iter/task_file")
int descriptors(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct descriptor_record record = {0};

	if (task && file) {
		if (task->tgid != task->pid)
			return 0;
		seen++;
		record.pid = task->tgid;
		record.fd = context->fd;
		if (bpf_sock_from_file(file)) {
			/* One reference is the iterator's own. */
			if (file_references(file) <= 2)
				return 0;
			record.inode = file->f_inode->i_ino;
			record.close_on_exec = closes_on_exec(task, context->fd);
		} else if (!is_epoll(file)) {
			return 0;
		}
	} else {
		record.inode = seen;
	}
	bpf_seq_write(context->meta->seq, &record, sizeof record);
	return 0;
}
