# SPDX-License-Identifier: MIT
# forksan: everything is built in build/.  `make help` lists the targets; V=1 shows the commands.

VERSION := 0.1.0
BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
PYTHON  ?= /usr/bin/python3
OPT     ?= -O2
SAN     ?=

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2 -Werror
BASE := -std=gnu11 -D_GNU_SOURCE -DFORKSAN_VERSION='"$(VERSION)"' -Iinclude -g $(OPT) $(WARN) $(SAN)
DEPS := -MMD -MP

# The shim.  Hidden visibility: shim/exports.map and the FORKSAN_EXPORT mark name what is exported.
# No fortification: the fortified aliases are themselves interposed.
SHIM_CFLAGS := $(BASE) -Ishim -fPIC -fvisibility=hidden -fno-plt -ftls-model=initial-exec \
	-fstack-protector-strong -U_FORTIFY_SOURCE $(CFLAGS)
SHIM_LDFLAGS := -shared -Wl,-z,defs -Wl,-z,relro -Wl,-z,now -Wl,--as-needed $(LDFLAGS)

TOOL_CFLAGS := $(BASE) -Itools -D_FORTIFY_SOURCE=2 $(CFLAGS)
TOOL_LIBS   := -ljansson -ldw -lelf

TEST_CFLAGS := $(BASE) -Ishim -Itests/support -U_FORTIFY_SOURCE $(CFLAGS)

SHIM_SRC := $(wildcard shim/*.c shim/wire/*.c)
TOOL_SRC := $(wildcard tools/*.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
ENTRY_SRC := $(wildcard tests/entry/*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)

SHIM_OBJ := $(SHIM_SRC:%.c=$(BUILD)/%.o)
# What unit tests link: everything that does not interpose anything.
INNER_OBJ := $(filter-out $(BUILD)/shim/entry_%.o $(BUILD)/shim/init.o,$(SHIM_OBJ))
TOOL_OBJ := $(TOOL_SRC:%.c=$(BUILD)/%.o)
UNIT_BIN := $(UNIT_SRC:%.c=$(BUILD)/%)
ENTRY_BIN := $(ENTRY_SRC:%.c=$(BUILD)/%)

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-5s %s\n'
endif

.PHONY: all deps build demo test check clean help
all: build

build: $(BUILD)/libforksan.so $(BUILD)/forksan ## build the shim and the tool

$(BUILD)/libforksan.so: $(SHIM_OBJ)
	$(say) LINK $@
	$(Q)$(CC) $(SAN) $(SHIM_LDFLAGS) -o $@ $(SHIM_OBJ)

$(BUILD)/forksan: $(TOOL_OBJ)
	$(say) LINK $@
	$(Q)$(CC) $(SAN) $(LDFLAGS) -o $@ $(TOOL_OBJ) $(TOOL_LIBS)

$(BUILD)/libinner.a: $(INNER_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && ar rcs $@ $(INNER_OBJ)

$(BUILD)/shim/%.o: shim/%.c
	$(say) CC $<
	$(Q)mkdir -p $(@D) && $(CC) $(SHIM_CFLAGS) $(DEPS) -c -o $@ $<

$(BUILD)/tools/%.o: tools/%.c
	$(say) CC $<
	$(Q)mkdir -p $(@D) && $(CC) $(TOOL_CFLAGS) $(DEPS) -c -o $@ $<

$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/libinner.a
	$(say) TEST $<
	$(Q)mkdir -p $(@D) && $(CC) $(TEST_CFLAGS) $(DEPS) -o $@ $< $(BUILD)/libinner.a -lcmocka

$(BUILD)/tests/entry/%: tests/entry/%.c
	$(say) TEST $<
	$(Q)mkdir -p $(@D) && $(CC) $(TEST_CFLAGS) $(DEPS) -o $@ $< -lpthread

clean: ## remove everything that was built
	rm -rf $(BUILD)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16

-include $(SHIM_OBJ:.o=.d) $(TOOL_OBJ:.o=.d) $(UNIT_BIN:=.d) $(ENTRY_BIN:=.d)
