# tlswhy - make, make demo, make check, make install. No configure; everything built goes to build/.
PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build
CC      ?= cc
VERSION := 0.1.0

WARN    := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
           -Wcast-qual -Wwrite-strings -Wvla -Wundef -Wformat=2
WERROR  ?=
CFLAGS  ?= -O2 -g
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -DTLSWHY_VERSION='"$(VERSION)"' -Iinclude -I$(BUILD) $(WARN) $(WERROR) \
             -fno-strict-aliasing -fstack-protector-strong -ffile-prefix-map=$(CURDIR)=. $(CFLAGS)
LIBS    := -lmbedtls -lmbedx509 -lmbedcrypto -lpcap -lz
ALL_LDFLAGS = $(LDFLAGS)

FOLDERS := base dissect report cmd
gen     := $(patsubst dissect/names/%.tsv,$(BUILD)/gen/%.inc,$(wildcard dissect/names/*.tsv)) $(BUILD)/gen/causes.inc $(BUILD)/gen/profiles.inc
src      = $(wildcard $(1)/*.c $(1)/*/*.c)
obj      = $(patsubst %.c,$(BUILD)/%.o,$(call src,$(1)))
# link order: what is on the left may use what is on the right
ARCHIVES := $(BUILD)/report.a $(BUILD)/dissect.a $(BUILD)/base.a
UNITS   := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/*_test.c))
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

.SECONDARY: $(gen)
.PHONY: all demo check asan fuzz bench layers lab install uninstall deps clean format units
all: $(BUILD)/tlswhy

$(BUILD)/tlswhy: $(call obj,cmd) $(ARCHIVES)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/base.a: $(call obj,base)
$(BUILD)/dissect.a: $(call obj,dissect)
$(BUILD)/report.a: $(call obj,report)
$(BUILD)/%.a:
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/%.o: %.c $(gen)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Tables: dissect/names/NAME.tsv becomes rows NAME(col, col, ...) of an X-macro file.
$(BUILD)/gen/%.inc: dissect/names/%.tsv tools/table.awk
	@mkdir -p $(@D)
	awk -f tools/table.awk $< > $@.tmp && mv $@.tmp $@
$(BUILD)/gen/causes.inc: report/why/causes.tsv $(wildcard report/why/pages/*.md) tools/pages.awk
	@mkdir -p $(@D)
	awk -f tools/pages.awk report/why/causes.tsv > $@.tmp && mv $@.tmp $@
# Client profiles are embedded as text: one parser reads them and those that users write.
$(BUILD)/gen/profiles.inc: $(sort $(wildcard dissect/clients/*.profile)) tools/profiles.awk
	@mkdir -p $(@D)
	awk -f tools/profiles.awk $(filter %.profile,$^) > $@.tmp && mv $@.tmp $@

units: $(UNITS)
$(BUILD)/tests/unit/%_test: $(BUILD)/tests/unit/%_test.o $(ARCHIVES)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ -lcunit -ljansson $(LIBS)

clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
