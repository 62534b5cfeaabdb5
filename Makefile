# SPDX-License-Identifier: MIT
# forksan: everything is built in build/.  `make help` lists the targets; V=1 shows the commands.

VERSION := 0.1.0
BUILD   ?= build
PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
DESTDIR ?=
CC      ?= cc
PYTHON  ?= /usr/bin/python3
OPT     ?= -O2
SAN     ?=

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2 -Werror
BASE := -std=gnu11 -D_GNU_SOURCE -DFORKSAN_VERSION='"$(VERSION)"' -Iinclude -g $(OPT) $(WARN) $(SAN)
DEPS := -MMD -MP

# The shim.  Hidden visibility: the FORKSAN_EXPORT mark names what is exported.
# No fortification: the fortified aliases are themselves interposed.
SHIM_CFLAGS := $(BASE) -Ishim -fPIC -fvisibility=hidden -fno-plt -ftls-model=initial-exec \
	-fstack-protector-strong -U_FORTIFY_SOURCE $(CFLAGS)
# Never unloaded, also where a program opens the library by dlopen(): libc holds its handlers of forks.
# Code and constants in one mapping, as all libraries had before binutils 2.31: two less to make at each start
# of a program, and to copy at each of its forks.
# No start files: they bring lookups of four functions that no program has, and code that the end of every
# program would run, on two pages more.
# References from the shim to its own exported functions are bound when it is linked: 90 lookups less
# at each start of a program.
SHIM_LDFLAGS := -shared -Wl,-z,defs -Wl,-z,relro -Wl,-z,now -Wl,--as-needed -Wl,-Bsymbolic-functions \
	-Wl,-z,nodelete -Wl,-z,noseparate-code -Wl,--sort-section=name \
	-nostartfiles $(LDFLAGS)

# Debian's name of this machine, by which it names directories of libraries; empty elsewhere.
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
TOOL_CFLAGS := $(BASE) $(if $(MULTIARCH),-DFORKSAN_MULTIARCH='"$(MULTIARCH)"') -Itools -Ishim -D_FORTIFY_SOURCE=2 $(CFLAGS)
TOOL_LIBS   := -ljansson -ldw -lelf -liberty -lncursesw -ltinfo -lz -lzstd

UNIT_LIBS ?= -lcmocka

# forksan-attach: programs for the kernel, by clang and bpftool, and the shim's rooms to judge with.
# Where one of the two or libbpf is missing, the rest is built without it.
BPF_CC  ?= clang
BPFTOOL ?= $(or $(shell command -v bpftool 2>/dev/null),/usr/sbin/bpftool)
BPF_ARCH := $(patsubst x86_64%,x86,$(patsubst aarch64%,arm64,$(shell $(CC) -dumpmachine 2>/dev/null)))
BPF_CFLAGS := -O2 -g -target bpf -mcpu=v3 -ffreestanding -D__TARGET_ARCH_$(BPF_ARCH) -Iinclude -Itools -Ishim \
	$(if $(MULTIARCH),-I/usr/include/$(MULTIARCH)) -Wall -Wextra -Wno-unused-parameter -Werror
ATTACH_LIBS := -lbpf -ldw -lelf
ATTACH_LACKS := $(strip $(if $(shell command -v $(BPF_CC) 2>/dev/null),,clang) \
	$(if $(shell $(BPFTOOL) version 2>/dev/null),,bpftool) \
	$(if $(wildcard /usr/include/bpf/libbpf.h),,libbpf-dev) \
	$(if $(filter x86 arm64,$(BPF_ARCH)),,a 64-bit machine))
ATTACH := $(if $(ATTACH_LACKS),,$(BUILD)/forksan-attach)

TEST_CFLAGS := $(BASE) -Ishim -Itests/support -U_FORTIFY_SOURCE $(CFLAGS)

SHIM_SRC := $(wildcard shim/*/*.c)
TOOL_SRC := $(filter-out tools/watcher/%,$(wildcard tools/*.c tools/*/*.c))
ATTACH_SRC := $(filter-out %.bpf.c,$(wildcard tools/watcher/*.c))
# What the tool links of the shim: pure rooms, and the readers of interpreters that read through peek.h
# alone, which tools/stacks has for other processes.
COMMON_SRC := $(wildcard shim/common/*.c shim/wire/*.c shim/options/*.c) shim/base/text.c \
	$(addprefix shim/stack/,python_frames.c python_layout.c perl.c php_frame.c ruby_frame.c \
		ruby_thread.c text.c module_build_id.c module_symbol.c module_tables.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
ENTRY_SRC := $(wildcard tests/entry/test_*.c)
ENTRY_PLUGIN_SRC := $(wildcard tests/entry/plugin_*.c)
ENTRY_HELP_SRC := $(filter-out $(ENTRY_SRC) $(ENTRY_PLUGIN_SRC),$(wildcard tests/entry/*.c))
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)

# First what each start of a program runs, so that it lies together: the rest is not even read then.
START_OBJ := $(filter $(addprefix shim/,base/sys.c base/first_stack.c common/% entry/init.c entry/loaded.c entry/proc.c \
	entry/real.c options/% process/% registry/directory.c registry/file.c registry/room.c report/log_place.c report/origin.c report/report.c \
	report/write.c report/write_stderr.c track/connection.c track/descriptors.c track/pass.c track/thread_end.c track/use_parts.c),$(SHIM_SRC))
# Sorted by name, so that .bss.at_start is in one piece (base/compiler.h).  The page that forks wipe comes first in .bss: at the edge of a mapping it takes one mapping more, and not
# two.
START_OBJ := $(BUILD)/shim/base/wiped.o $(START_OBJ:%.c=$(BUILD)/%.o)
SHIM_OBJ := $(SHIM_SRC:%.c=$(BUILD)/%.o)
# What unit tests link: everything that does not interpose anything.
INNER_OBJ := $(filter-out $(BUILD)/shim/entry/%.o,$(SHIM_OBJ))
COMMON_OBJ := $(COMMON_SRC:%.c=$(BUILD)/%.o)
TOOL_OBJ := $(TOOL_SRC:%.c=$(BUILD)/%.o)
# forksan-attach reads other processes' memory and interpreters as `forksan scan` does.
ATTACH_OBJ := $(ATTACH_SRC:%.c=$(BUILD)/%.o) \
	$(addprefix $(BUILD)/tools/stacks/,interpreters.o mapped_files.o maps.o memory.o perl.o php.o python.o python_code.o \
		python_line.o native_thread.o remote.o ruby.o)
UNIT_BIN := $(UNIT_SRC:%.c=$(BUILD)/%)
ENTRY_BIN := $(ENTRY_SRC:%.c=$(BUILD)/%)
ENTRY_PLUGIN := $(ENTRY_PLUGIN_SRC:%.c=$(BUILD)/%.so)
ENTRY_HELP := $(ENTRY_HELP_SRC:%.c=$(BUILD)/%.o)

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-5s %s\n'
endif

.PHONY: all build deps demo fleet-demo fleet-soak test check unit entry install uninstall deb format \
	tidy layers exports asan ubsan tsan fuzz fuzz-short bench chaos soak transparency mutation mutants clean help
all: build

build: $(BUILD)/libforksan.so $(BUILD)/forksan $(ATTACH) ## build the shim and the tool
	$(if $(ATTACH_LACKS),@echo "forksan attach is not built: $(ATTACH_LACKS) missing (make deps)",@:)

$(BUILD)/libforksan.so: $(SHIM_OBJ)
	$(say) LINK $@
	$(Q)$(CC) $(SAN) $(SHIM_LDFLAGS) -o $@ $(START_OBJ) $(filter-out $(START_OBJ),$(SHIM_OBJ))

$(BUILD)/forksan: $(TOOL_OBJ) $(COMMON_OBJ)
	$(say) LINK $@
	$(Q)$(CC) $(SAN) $(LDFLAGS) -o $@ $(TOOL_OBJ) $(COMMON_OBJ) $(TOOL_LIBS)

# What forksan-attach defines itself (who "this process" is, whose memory is read) is not taken from
# the archive.
$(BUILD)/forksan-attach: $(ATTACH_OBJ) $(BUILD)/libinner.a
	$(say) LINK $@
	$(Q)$(CC) $(SAN) $(LDFLAGS) -o $@ $(ATTACH_OBJ) $(BUILD)/libinner.a $(ATTACH_LIBS)

BPF_OBJ := $(patsubst tools/%.c,$(BUILD)/%.o,$(wildcard tools/watcher/*.bpf.c))
BPF_SKELETONS := $(BPF_OBJ:.bpf.o=.skel.h)

$(BPF_OBJ): $(BUILD)/watcher/%.bpf.o: tools/watcher/%.bpf.c $(wildcard tools/watcher/*.h include/forksan/*.h)
	$(say) BPF $<
	$(Q)mkdir -p $(@D) && $(BPF_CC) $(BPF_CFLAGS) -c -o $@ $<

$(BPF_SKELETONS): $(BUILD)/watcher/%.skel.h: $(BUILD)/watcher/%.bpf.o
	$(Q){ echo '/* NOLINTBEGIN: what bpftool writes */' && $(BPFTOOL) gen skeleton $< name $* && \
		echo '/* NOLINTEND */'; } >$@

$(BUILD)/tools/watcher/%.o: tools/watcher/%.c $(BPF_SKELETONS)
	$(say) CC $<
	$(Q)mkdir -p $(@D) && $(CC) $(TOOL_CFLAGS) -isystem $(BUILD)/watcher $(DEPS) -c -o $@ $<

$(BUILD)/libinner.a: $(INNER_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && ar rcs $@ $(INNER_OBJ)

$(BUILD)/shim/%.o: shim/%.c
	$(say) CC $<
	$(Q)mkdir -p $(@D) && $(CC) $(SHIM_CFLAGS) $(DEPS) -c -o $@ $<

# Two calls through a table of procedures: where an audit library is loaded, glibc before 2.22 ends a program
# that has an object without such a table (elf/dl-reloc.c, "no PLTREL found").
$(BUILD)/shim/entry/init.o: SHIM_CFLAGS += -fplt

$(BUILD)/tools/%.o: tools/%.c
	$(say) CC $<
	$(Q)mkdir -p $(@D) && $(CC) $(TOOL_CFLAGS) $(DEPS) -c -o $@ $<

# .incbin is not seen by -MMD.
$(BUILD)/tools/report/render_html.o: tools/report/page.html
# Link-time optimization may put the assembly and what reads its symbol into two files.
$(BUILD)/tools/report/render_html.o: TOOL_CFLAGS += -fno-lto

$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/libinner.a
	$(say) TEST $<
	$(Q)mkdir -p $(@D) && $(CC) $(TEST_CFLAGS) $(TEST_LDFLAGS) $(DEPS) -o $@ $< $(BUILD)/libinner.a $(UNIT_LIBS)

# It looks for symbols of its own.
$(BUILD)/tests/unit/test_module_function: TEST_LDFLAGS := -rdynamic

# Entry tests know nothing of the shim but its log; their plugins are preloaded or opened by them.
$(BUILD)/tests/entry/test_%: tests/entry/test_%.c $(ENTRY_HELP)
	$(say) TEST $<
	$(Q)mkdir -p $(@D) && $(CC) $(TEST_CFLAGS) -rdynamic $(DEPS) -o $@ $< $(ENTRY_HELP) -lpthread -ljansson

$(BUILD)/tests/entry/plugin_%.so: tests/entry/plugin_%.c
	$(say) TEST $<
	$(Q)mkdir -p $(@D) && $(CC) $(TEST_CFLAGS) $(DEPS) -fPIC -shared -o $@ $<

$(BUILD)/tests/entry/%.o: tests/entry/%.c
	$(say) CC $<
	$(Q)mkdir -p $(@D) && $(CC) $(TEST_CFLAGS) $(DEPS) -c -o $@ $<

$(BUILD)/tests/bench/%: tests/bench/%.c
	$(say) TEST $<
	$(Q)mkdir -p $(@D) && $(CC) $(TEST_CFLAGS) $(DEPS) -o $@ $<

# --- the other libc --------------------------------------------------------------------------

# Debian's musl-gcc lacks two things that Alpine's own gcc has: the kernel's headers, and the table by
# which a stack is walked (without it a stack has one frame).
MUSL := $(BUILD)/musl
MUSL_CC := musl-gcc -isystem $(abspath $(MUSL))/kernel -Wl,--eh-frame-hdr
# Functions of glibc that entry tests call and musl does not have, and those that start a shell, which is of
# glibc on a machine with both: a case that calls one is skipped.
MUSL_LACKS := closefrom close_range preadv2 pwritev2 pidfd_getfd epoll_pwait2 execveat getcontext \
	makecontext swapcontext __close __connect __dup2 __fcntl fcntl64 __fork __read __send __write \
	__sendmmsg system popen __read_chk __recv_chk __recvfrom_chk __poll_chk __ppoll_chk __longjmp_chk
# test_load and plugin_audit are about parts of glibc's loader, test_fortified about _FORTIFY_SOURCE,
# test_early about preloaded libraries that Debian has for glibc.
MUSL_LEFT_OUT := test_load test_fortified test_early plugin_audit

.PHONY: musl musl-bin subjects
musl: $(MUSL)/kernel ## the library for musl libc (Alpine), into $(BUILD)/musl
	$(Q)$(MAKE) --no-print-directory BUILD=$(MUSL) CC='$(MUSL_CC)' $(MUSL)/libforksan.so

$(MUSL)/kernel:
	$(Q)mkdir -p $@.new && for name in asm asm-generic linux; do \
		ln -sfn "$$(realpath /usr/include/$$name)" $@.new/$$name; done && mv $@.new $@

musl-bin: musl ## entry tests as programs of musl
	$(Q)$(MAKE) --no-print-directory BUILD=$(MUSL) CC='$(MUSL_CC)' SUBJECT_LACKS='$(MUSL_LACKS)' \
		SUBJECT_LEFT_OUT='$(MUSL_LEFT_OUT)' subjects

SUBJECT := $(patsubst tests/entry/test_%.c,$(BUILD)/tests/entry/subject_%,\
	$(filter-out $(SUBJECT_LEFT_OUT:%=tests/entry/%.c),$(ENTRY_SRC)))
subjects: $(SUBJECT) $(filter-out $(SUBJECT_LEFT_OUT:%=$(BUILD)/tests/entry/%.so),$(ENTRY_PLUGIN))

$(BUILD)/tests/entry/subject_%: tests/entry/test_%.c tests/entry/other_libc/subject_only.c \
		$(filter-out %/log.o,$(ENTRY_HELP)) Makefile
	$(say) TEST $<
	$(Q)mkdir -p $(@D) && $(CC) $(TEST_CFLAGS) -rdynamic -Wno-implicit-function-declaration \
		-Wno-incompatible-pointer-types $(SUBJECT_LACKS:%=-Wl,--defsym=%=libc_lacks) -o $@ \
		$(filter-out %.h Makefile,$^) -lpthread $(SUBJECT_LIBS)

# --- the oldest libc -------------------------------------------------------------------------

# glibc 2.17 with headers of Linux 3.10, from a package of the npm registry, which has them for a compiler
# of that age.  Clang 14 compiles, since that compiler knows no C11 atomics.  The library is built with
# those headers alone; the test programs take the kernel's of today.
OLD := $(BUILD)/glibc-2.17
OLD_ROOT := $(abspath $(OLD))/toolchain/x86_64-unknown-linux-gnu/sysroot
OLD_CC := clang --target=x86_64-unknown-linux-gnu --gcc-toolchain=$(abspath $(OLD))/toolchain \
	--sysroot=$(OLD_ROOT) -Wno-unused-command-line-argument \
	-Wl,--dynamic-linker=$(OLD_ROOT)/lib/ld-2.17.so -Wl,-rpath=$(OLD_ROOT)/lib -Wl,--disable-new-dtags
OLD_LACKS := closefrom close_range preadv2 pwritev2 pidfd_getfd epoll_pwait2 execveat _Fork fcntl64 \
	memfd_create

.PHONY: old-libc
old-libc: build entry-bin $(OLD)/toolchain $(MUSL)/kernel ## build with glibc 2.17, and run the entry tests on it (npm)
	$(Q)$(MAKE) --no-print-directory BUILD=$(OLD) CC='$(OLD_CC)' $(OLD)/libforksan.so
	$(Q)$(MAKE) --no-print-directory BUILD=$(OLD) CFLAGS='-include tests/entry/other_libc/glibc_2_17.h' \
		CC='$(OLD_CC) -isystem $(abspath $(MUSL))/kernel' SUBJECT_LACKS='$(OLD_LACKS)' \
		SUBJECT_LIBS='-lrt -ldl -lutil' subjects
	$(Q)BUILD=$(BUILD) CC='$(OLD_CC)' $(PYTHON) tests/roots/old_libc.py

$(OLD)/toolchain:
	$(Q)tests/roots/old_libc.sh $@

# --- the other machine -----------------------------------------------------------------------

# Not gcc-aarch64-linux-gnu, which cannot be installed beside gcc-multilib.  Test programs name where their
# loader and libc are on this machine: under `qemu-aarch64-static -L`, a walk that begins at / would
# end in that directory.
AARCH64 := $(BUILD)/aarch64
AARCH64_LIBC := /usr/aarch64-linux-gnu/lib
AARCH64_PLACE := -Wl,--dynamic-linker=$(AARCH64_LIBC)/ld-linux-aarch64.so.1 -Wl,-rpath=$(AARCH64_LIBC)
AARCH64_MAKE = $(MAKE) --no-print-directory BUILD=$(AARCH64) CC='clang --target=aarch64-linux-gnu' \
	CFLAGS=-Itests/aarch64 UNIT_LIBS='$(AARCH64_PLACE)'

.PHONY: aarch64 aarch64-bin
aarch64: ## the library for AArch64, cross-built by clang into $(BUILD)/aarch64
	+$(Q)$(AARCH64_MAKE) $(AARCH64)/libforksan.so

aarch64-bin: aarch64 ## and its unit tests
	+$(Q)$(AARCH64_MAKE) unit-bin

# --- installing ------------------------------------------------------------------------------

deps: ## install the Debian packages that are missing (root)
	$(Q)tests/support/deps.sh $(DEPS_GROUP)

share := $(DESTDIR)$(PREFIX)/share
lib := $(DESTDIR)$(LIBDIR)

install: build ## install into $(DESTDIR)$(PREFIX), the library into $(LIBDIR)
	install -d $(DESTDIR)$(PREFIX)/bin $(lib)/pkgconfig $(DESTDIR)$(PREFIX)/include/forksan \
		$(share)/man/man1 $(share)/man/man3 $(share)/man/man7 $(share)/forksan/fleet/examples \
		$(share)/forksan/api/examples $(share)/bash-completion/completions \
		$(share)/zsh/vendor-completions $(share)/fish/vendor_completions.d
	install -m 755 $(BUILD)/forksan $(DESTDIR)$(PREFIX)/bin
	$(if $(ATTACH),install -d $(DESTDIR)$(PREFIX)/libexec/forksan)
	$(if $(ATTACH),install -m 755 $(ATTACH) $(DESTDIR)$(PREFIX)/libexec/forksan)
	install -m 644 $(BUILD)/libforksan.so $(lib)
	install -m 644 include/forksan/forksan.h $(DESTDIR)$(PREFIX)/include/forksan
	sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@VERSION@|$(VERSION)|' contrib/forksan.pc.in \
		>$(lib)/pkgconfig/forksan.pc
	install -m 644 docs/man/*.1 $(share)/man/man1
	install -m 644 docs/man/*.3 $(share)/man/man3
	install -m 644 docs/man/*.7 $(share)/man/man7
	install -m 644 $(wildcard contrib/api/*.*) $(share)/forksan/api
	install -m 644 $(wildcard contrib/api/examples/*) $(share)/forksan/api/examples
	install -m 644 docs/log.schema.json $(share)/forksan
	install -m 644 $(wildcard contrib/fleet/*.*) contrib/fleet/logrotate contrib/fleet/cron docs/fleet.md \
		$(share)/forksan/fleet
	install -m 755 contrib/fleet/enrol $(share)/forksan/fleet
	install -m 644 contrib/fleet/examples/* $(share)/forksan/fleet/examples
	install -m 644 contrib/completion/forksan.bash $(share)/bash-completion/completions/forksan
	install -m 644 contrib/completion/_forksan $(share)/zsh/vendor-completions
	install -m 644 contrib/completion/forksan.fish $(share)/fish/vendor_completions.d

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/forksan $(DESTDIR)$(PREFIX)/libexec/forksan/forksan-attach $(lib)/libforksan.so $(lib)/pkgconfig/forksan.pc \
		$(DESTDIR)$(PREFIX)/include/forksan/forksan.h $(share)/man/man1/forksan*.1 \
		$(share)/man/man3/forksan.3 $(share)/man/man7/forksan.7 $(share)/forksan/log.schema.json \
		$(share)/bash-completion/completions/forksan $(share)/zsh/vendor-completions/_forksan \
		$(share)/fish/vendor_completions.d/forksan.fish
	rm -rf $(share)/forksan/fleet $(share)/forksan/api
	rmdir --ignore-fail-on-non-empty $(share)/forksan $(DESTDIR)$(PREFIX)/include/forksan \
		$(wildcard $(DESTDIR)$(PREFIX)/libexec/forksan)

deb: ## build the Debian packages into $(BUILD)/deb, and hold them against policy
	$(Q)BUILD=$(BUILD) contrib/make-deb.sh

# --- showing and testing ---------------------------------------------------------------------

demo: DEPS_GROUP := demo
demo: deps ## show the founding scenario: wrong answers, then who and where (2 minutes)
	$(Q)$(MAKE) --no-print-directory build
	$(Q)BUILD=$(BUILD) FORKSAN_BUILD=$(abspath $(BUILD)) $(PYTHON) tests/scenario/demo.py

fleet-demo: DEPS_GROUP := test
fleet-demo: deps ## 50 hosts in network namespaces, one centre, one answer (root, 2 minutes)
	$(Q)$(MAKE) --no-print-directory build
	$(Q)BUILD=$(BUILD) FORKSAN_BUILD=$(abspath $(BUILD)) $(PYTHON) tests/fleet/demo.py

SCRIPTS := $(wildcard tests/support/test_*.py tests/tool/test_* tests/report/test_* \
	tests/entry/test_*.py tests/entry/test_*.sh tests/stack/test_*.py tests/stack/test_*.sh \
	tests/tidy/test_*.sh tests/tidy/test_*.py tests/musl/test_*.py tests/aarch64/test_*.py tests/packages/test_*.py tests/chaos/test_* tests/fleet/test_* \
	tests/bench/test_*.sh tests/transparency/test_* tests/attach/test_*)
SCENARIOS := $(wildcard tests/scenario/test_*.py)
RUN_TESTS := BUILD=$(BUILD) FORKSAN_BUILD=$(abspath $(BUILD)) tests/run -o $(BUILD)/tests/output

test: DEPS_GROUP := test
test: deps ## install what is missing, build, pass every test
	$(Q)$(MAKE) --no-print-directory build unit-bin entry-bin bench-bin fuzz-bin musl-bin aarch64-bin
	$(Q)FORKSAN_HOSTILE_SECONDS=20 $(RUN_TESTS) $(UNIT_BIN) $(ENTRY_BIN) $(SCRIPTS) $(FUZZ_TESTS) \
		$(SCENARIOS)

check: build unit-bin entry-bin ## a minute: unit and entry tests
	$(Q)$(RUN_TESTS) $(UNIT_BIN) $(ENTRY_BIN) $(wildcard tests/entry/test_*.py tests/entry/test_*.sh \
		tests/tidy/test_*.sh tests/tidy/test_*.py)

.PHONY: unit-bin entry-bin bench-bin fuzz-bin
unit-bin: $(UNIT_BIN)
entry-bin: $(ENTRY_HELP) $(ENTRY_BIN) $(ENTRY_PLUGIN)
bench-bin: $(BUILD)/tests/bench/calls $(BUILD)/tests/bench/holders

bench: build bench-bin $(BUILD)/libinner.a ## instructions, system calls, and a table of what programs cost beside other tools
	$(Q)BUILD=$(BUILD) tests/bench/instructions.sh
	$(Q)BUILD=$(BUILD) tests/bench/system_calls.sh
	$(Q)BUILD=$(BUILD) tests/bench/start.sh
	$(Q)BUILD=$(BUILD) $(PYTHON) tests/bench/stacks.py
	$(Q)BUILD=$(BUILD) tests/bench/scan.sh
	$(Q)BUILD=$(BUILD) $(PYTHON) tests/bench/table.py

# --- other builds of our own code ------------------------------------------------------------

asan ubsan: ## unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/$@ OPT='-O1 -fno-omit-frame-pointer' \
		SAN='-fsanitize=address,undefined -fno-sanitize-recover=all' unit-sanitized

tsan: ## unit tests under ThreadSanitizer
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/$@ OPT='-O1 -fno-omit-frame-pointer' \
		SAN='-fsanitize=thread' CFLAGS='-Wno-error=tsan' HISTORIES=10000 unit-sanitized

# Random histories of each oracle: a tenth of those without a sanitizer, or what it leaves time for.
HISTORIES := 100000

.PHONY: unit-sanitized
unit-sanitized: $(BUILD)/forksan $(UNIT_BIN)
	$(Q)FORKSAN_TIMEOUT_FACTOR=10 FORKSAN_HISTORIES=$(HISTORIES) BUILD=$(BUILD) \
		tests/run -o $(BUILD)/tests/output $(UNIT_BIN)

FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/tests/fuzz/%)
FUZZ_TESTS := $(wildcard tests/fuzz/test_*.sh)
FUZZ_CC ?= clang
FUZZ_FLAGS := -std=gnu11 -D_GNU_SOURCE -DFORKSAN_VERSION='"$(VERSION)"' -Iinclude -g -O1 \
	-fsanitize=address,undefined -fno-sanitize-recover=all
# Headers as the program that the code is of finds them: fuzz targets of the tool are TOOL_FUZZERS.
TOOL_FUZZERS := fuzz_demangle fuzz_log_read
FUZZ_INCLUDE_shim := -Ishim
FUZZ_INCLUDE_tools := -Itools -Ishim
FUZZ_SHIM_LIB := $(BUILD)/fuzz/libshim.a
FUZZ_TOOL_LIB := $(BUILD)/fuzz/libtools.a

fuzz-bin: $(FUZZ_BIN)

# A target takes from the archives what it needs, and nothing that it defines itself.
$(TOOL_FUZZERS:%=$(BUILD)/tests/fuzz/%): program := tools
$(TOOL_FUZZERS:%=$(BUILD)/tests/fuzz/%): libraries = $(FUZZ_TOOL_LIB) $(FUZZ_SHIM_LIB) $(TOOL_LIBS)
$(BUILD)/tests/fuzz/%: program := shim
$(BUILD)/tests/fuzz/%: libraries = $(FUZZ_SHIM_LIB)
$(BUILD)/tests/fuzz/%: tests/fuzz/%.c $(FUZZ_SHIM_LIB) $(FUZZ_TOOL_LIB)
	$(say) FUZZ $<
	$(Q)mkdir -p $(@D) && $(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer $(FUZZ_INCLUDE_$(program)) \
		$(DEPS) -o $@ $< $(libraries)

$(FUZZ_SHIM_LIB): $(INNER_OBJ:$(BUILD)/%=$(BUILD)/fuzz/%)
$(FUZZ_TOOL_LIB): $(filter-out %/main.o,$(TOOL_OBJ:$(BUILD)/%=$(BUILD)/fuzz/%))
$(FUZZ_SHIM_LIB) $(FUZZ_TOOL_LIB):
	$(say) AR $@
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/fuzz/shim/%.o: shim/%.c
	$(say) CC $<
	$(Q)mkdir -p $(@D) && $(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link $(FUZZ_INCLUDE_shim) $(DEPS) \
		-c -o $@ $<

$(BUILD)/fuzz/tools/%.o: tools/%.c
	$(say) CC $<
	$(Q)mkdir -p $(@D) && $(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link $(FUZZ_INCLUDE_tools) $(DEPS) \
		-c -o $@ $<

fuzz: fuzz-bin ## every parser, and a registry that a hostile process writes, FUZZ_SECONDS each (600)
	$(Q)for target in $(FUZZ_BIN); do \
		BUILD=$(BUILD) FUZZ_SECONDS=$${FUZZ_SECONDS:-600} tests/fuzz/run.sh $$target || exit 1; \
	done
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/asan OPT='-O1 -fno-omit-frame-pointer' \
		SAN='-fsanitize=address,undefined -fno-sanitize-recover=all' \
		$(BUILD)/asan/tests/unit/test_hostile
	$(Q)FORKSAN_HOSTILE_SECONDS=$${FUZZ_SECONDS:-600} $(BUILD)/asan/tests/unit/test_hostile

# --- looking over ----------------------------------------------------------------------------

format: ## clang-format over every C file
	git ls-files '*.c' '*.h' | xargs clang-format -i

tidy: build ## clang-tidy, cppcheck, shellcheck, gcc and clang warnings, layers, exports, manuals
	$(Q)BUILD=$(BUILD) tests/tidy/all.sh

chaos: build ## processes killed at any instruction, full disks, hostile logs
	$(Q)$(RUN_TESTS) $(wildcard tests/chaos/test_* tests/chaos/long_*)

transparency: DEPS_GROUP := test
transparency: deps build ## other people's test suites and servers, with and without the shim
	$(Q)$(RUN_TESTS) $(wildcard tests/transparency/test_* tests/transparency/long_*)

soak: build unit-bin entry-bin ## three servers for SOAK_SECONDS (7200), the scenarios 20 times, storms
	$(Q)BUILD=$(BUILD) $(PYTHON) tests/soak/soak.py
	$(Q)FORKSAN_ROUNDS=20 FORKSAN_TIMEOUT_FACTOR=20 $(RUN_TESTS) $(SCENARIOS) \
		$(wildcard tests/soak/test_*)

fleet-soak: DEPS_GROUP := test
fleet-soak: deps build ## collector, database and agents killed, rotation, a full disk: what comes through
	$(Q)$(RUN_TESTS) -v $(wildcard tests/fleet/long_*)

# A test may fail under the counters, which write files at a process's end: a sandbox forbids that.
COVERAGE := $(BUILD)/coverage
COVERAGE_MAKE = $(MAKE) --no-print-directory BUILD=$(COVERAGE) \
	OPT=-O0 SAN='--coverage -fprofile-update=atomic'
COVERAGE_LINK = SHIM_LDFLAGS='$(SHIM_LDFLAGS) -Wl,--wrap=init_leave $(COVERAGE)/at_leave.o' \
	LDFLAGS='-Wl,--wrap=_exit $(COVERAGE)/at_exit.o'
.PHONY: coverage coverage-tests
coverage: ## lines of shim/ and tools/ that unit, entry, tool, report, attach and scenario tests run, by room
	$(Q)mkdir -p $(COVERAGE) && printf '#!/bin/sh\nexec $(CC) --coverage "$$@"\n' >$(COVERAGE)/cc && \
		chmod 755 $(COVERAGE)/cc
	$(Q)for name in at_leave at_exit; do $(CC) -fPIC -c -o $(COVERAGE)/$$name.o tests/coverage/$$name.c; done
	+$(Q)$(COVERAGE_MAKE) $(COVERAGE_LINK) build unit-bin entry-bin
	$(Q)find $(COVERAGE) -name '*.gcda' -delete
	-$(Q)FORKSAN_TIMEOUT_FACTOR=4 $(COVERAGE_MAKE) coverage-tests
	$(Q)tests/coverage/table.py $(COVERAGE)

# Frame tests build their probe with CC.
coverage-tests: $(BUILD)/libinner.a
	$(Q)CC=$(abspath $(BUILD))/cc $(RUN_TESTS) $(UNIT_BIN) $(ENTRY_BIN) $(wildcard tests/entry/test_*.py tests/tool/test_*.py \
		tests/report/test_*.py tests/stack/test_*_frames.py tests/stack/test_scan_stacks.py tests/chaos/test_* \
		tests/attach/test_*.py tests/fleet/test_fleet_check.py tests/fleet/test_mapping.py \
		tests/fleet/test_report_of_a_store.py tests/fleet/test_store.py) $(SCENARIOS)

.PHONY: attach-scenarios
attach-scenarios: build ## the scenario tests with forksan attach in place of the library that make test leaves out
	$(Q)$(RUN_TESTS) -v tests/attach/long_scenarios.py

.PHONY: attach-kernels
attach-kernels: build ## forksan attach on Debian's kernels in qemu: KERNELS (suites), minutes for each
	$(Q)BUILD=$(BUILD) $(PYTHON) tests/attach/kernels.py $(KERNELS)

# Interpreters that no Debian release has as a package.
.PHONY: free-threaded
free-threaded: build $(BUILD)/libinner.a $(BUILD)/python-3.13t ## free-threaded CPython, built from Debian 13's source: no frames, and a line that says so
	$(Q)BUILD=$(BUILD) FORKSAN_PYTHONS=$(abspath $(BUILD))/python-3.13t/bin/python3.13 $(PYTHON) tests/stack/test_python_frames.py -v \
		Frames.test_unknown_versions_say_so Frames.test_each_process_says_it_at_its_end

$(BUILD)/python-3.13t:
	$(Q)$(PYTHON) tests/roots/free_threaded.py $@

.PHONY: npm-php
npm-php: build $(BUILD)/libinner.a $(BUILD)/php-8.3 ## frames of PHP 8.3, and its findings with PDO and mysqli (npm)
	$(Q)for test in php_frames hosts_php scan_stacks; do \
		BUILD=$(BUILD) FORKSAN_BUILD=$(abspath $(BUILD)) FORKSAN_PHP=$(abspath $(BUILD))/php-8.3/php \
			$(PYTHON) tests/stack/test_$$test.py || exit; done

$(BUILD)/php-8.3:
	$(Q)tests/roots/npm_php.sh $@

.PHONY: roots
roots: ## build and run in roots of other Debian releases: ROOTS (bullseye trixie sid)
	$(Q)BUILD=$(BUILD) $(PYTHON) tests/roots/roots.py $(or $(ROOTS),bullseye trixie sid)

mutation: ## each line of shim/entries.def removed in turn: some test must fail
	$(Q)tests/entry/check_lines.sh

mutants: build ## one operator changed at a time where it is judged: the fast tests must notice
	$(Q)BUILD=$(BUILD) $(PYTHON) tests/mutants/mutants.py

clean: ## remove everything that was built
	rm -rf $(BUILD)

help: ## list the targets
	@sed -n 's/^\([a-z][a-z ]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 18

-include $(SHIM_OBJ:.o=.d) $(TOOL_OBJ:.o=.d) $(ATTACH_OBJ:.o=.d) $(UNIT_BIN:=.d) $(ENTRY_BIN:=.d) \
	$(ENTRY_HELP:.o=.d) $(ENTRY_PLUGIN:.so=.d) $(FUZZ_BIN:=.d) \
	$(INNER_OBJ:$(BUILD)/%.o=$(BUILD)/fuzz/%.d) $(TOOL_OBJ:$(BUILD)/%.o=$(BUILD)/fuzz/%.d)
