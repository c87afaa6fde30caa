# tlswhy - make, make demo, make check, make install. No configure; everything built goes to build/.
PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build
UNITDIR ?= $(PREFIX)/lib/systemd/system
CC      ?= cc
VERSION := 0.1.0

WARN    := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
           -Wcast-qual -Wwrite-strings -Wvla -Wundef -Wformat=2
WERROR  ?=
CFLAGS  ?= -O3 -g
# gcc's generic tuning copies small structs with rep movs, which takes longer to start than the copy itself
TUNE    := $(if $(findstring x86_64,$(shell $(CC) -dumpmachine)),-mtune=haswell)
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -DTLSWHY_VERSION='"$(VERSION)"' -Iinclude -I$(BUILD) $(WARN) $(WERROR) \
             -fno-strict-aliasing -fstack-protector-strong -ffile-prefix-map=$(CURDIR)=. $(TUNE) $(CPPFLAGS) $(CFLAGS)
LIBS    := -lcares -lidn2 -lmbedtls -lmbedx509 -lmbedcrypto -lpcap -lseccomp -lz -ljansson
ALL_LDFLAGS = $(LDFLAGS)

FOLDERS := base dissect probe report cmd
gen     := $(patsubst dissect/names/%.tsv,$(BUILD)/gen/%.inc,$(wildcard dissect/names/*.tsv)) $(BUILD)/gen/causes.inc $(BUILD)/gen/profiles.inc $(BUILD)/gen/html_style.inc \
           $(patsubst report/%.tsv,$(BUILD)/gen/%.inc,$(wildcard report/knowledge/*.tsv))
src      = $(wildcard $(1)/*.c $(1)/*/*.c)
obj      = $(patsubst %.c,$(BUILD)/%.o,$(call src,$(1)))
# link order: what is on the left may use what is on the right
ARCHIVES := $(BUILD)/report.a $(BUILD)/probe.a $(BUILD)/dissect.a $(BUILD)/base.a
UNITS   := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/*_test.c))
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

.SECONDARY: $(gen)
.PHONY: all demo check asan msan valgrind fuzz fuzzers bench bench-live layers lab completions install uninstall dist deb deps clean format units
all: $(BUILD)/tlswhy

$(BUILD)/tlswhy: $(call obj,cmd) $(LINK_WITH) $(ARCHIVES)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/base.a: $(call obj,base)
$(BUILD)/dissect.a: $(call obj,dissect)
$(BUILD)/probe.a: $(call obj,probe)
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
# Knowledge: report/knowledge/NAME.tsv becomes rows ROW("cell", ...); its causes are checked against the list.
$(BUILD)/gen/knowledge/%.inc: report/knowledge/%.tsv report/why/causes.tsv tools/knowledge.awk
	@mkdir -p $(@D)
	awk -f tools/knowledge.awk report/why/causes.tsv $< > $@.tmp && mv $@.tmp $@
# Client profiles are embedded as text: one parser reads them and those that users write.
$(BUILD)/gen/profiles.inc: $(sort $(wildcard dissect/clients/*.profile)) tools/profiles.awk
	@mkdir -p $(@D)
	awk -f tools/profiles.awk $(filter %.profile,$^) > $@.tmp && mv $@.tmp $@

$(BUILD)/gen/html_style.inc: report/html_style.css tools/text.awk
	@mkdir -p $(@D)
	awk -f tools/text.awk $< > $@.tmp && mv $@.tmp $@

units: $(UNITS)
$(BUILD)/tests/unit/%_test: $(BUILD)/tests/unit/%_test.o $(ARCHIVES)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ -lcunit $(LIBS)

TESTS   := $(BUILD)/tests/cut_test $(BUILD)/tests/shuffle_test $(BUILD)/tests/rules_list $(BUILD)/tests/streams $(BUILD)/tests/sandbox_test $(BUILD)/tests/torture
$(TESTS): $(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/tests/pipe.o $(filter-out %/main.o,$(call obj,cmd)) $(ARCHIVES)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# make demo and make check: all that a fresh Debian needs, then the work
demo:
	@tools/deps.sh build
	@$(MAKE) -s --no-print-directory all
	@for f in $(DEMO); do echo; echo "$$ tlswhy read --ca pcaps/roots.pem pcaps/$$f"; \
	    $(BUILD)/tlswhy read --ca pcaps/roots.pem pcaps/$$f; test $$? = 1 || exit 1; done
	@sh tools/demo.sh $(BUILD)
DEMO    := winsrv2008sp2-sha256-chain.pcap missing-intermediate.pcap

check:
	@tools/deps.sh check
	@$(MAKE) -s --no-print-directory all units $(TESTS)
	@sh tests/check.sh $(BUILD)

SANITIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
asan:
	@tools/deps.sh check
	@$(MAKE) -s --no-print-directory BUILD=$(BUILD)/asan CFLAGS="$(SANITIZE)" all units $(TESTS:$(BUILD)/%=$(BUILD)/asan/%)
	@CHECK_PARTS="$${CHECK_PARTS:-$(ASAN_PARTS)}" CUT_STEP=$${CUT_STEP:-29} SHUFFLES=$${SHUFFLES:-12} sh tests/check.sh $(BUILD)/asan
# what runs the program's own code; texts, browsers, packages and the slowest peers say nothing more of memory
ASAN_PARTS := units cases annotate random_streams secrets bad_input cert chains explain fetches compare probe finish sweep record faults lab_cases shuffle cut

FUZZ_CC      ?= clang-14
FUZZ_SECONDS ?= 60
fuzz:
	@$(MAKE) -s --no-print-directory BUILD=$(BUILD)/fuzz CC=$(FUZZ_CC) \
	    CFLAGS="$(SANITIZE) -fsanitize=fuzzer-no-link" fuzzers
	@sh tests/fuzz.sh $(BUILD)/fuzz $(FUZZ_SECONDS)
fuzzers: $(FUZZERS:%=$(BUILD)/tests/fuzz/%)
$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(LINK_WITH) $(ARCHIVES)
	$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# MemorySanitizer over what parses and judges, by the fuzz targets and by the program over recordings. Libraries are not built with it:
# tests/msan.c and tests/msan.ignore say what they wrote.
MSAN       := -O1 -g -fsanitize=memory -fno-sanitize-recover=all -fno-omit-frame-pointer -fsanitize-ignorelist=tests/msan.ignore
MSAN_WRAPS := digest digest_of key_verifies key_encrypts ephemeral_new ephemeral_shared random_bytes random_source hmac_of aead_open aead_seal cbc_open cbc_seal dh_agree \
              aes_block inflate uncompress gzread fwrite handshake_pack handshake_unpack
MSAN_FUZZ  := $(filter-out fuzz_probe fuzz_serve fuzz_tunnel,$(FUZZERS))
msan:
	@$(MAKE) -s --no-print-directory BUILD=$(BUILD)/msan CC=$(FUZZ_CC) CFLAGS="$(MSAN) -fsanitize=fuzzer-no-link" \
	    LDFLAGS="$(MSAN_WRAPS:%=-Wl,--wrap=%)" LINK_WITH=$(BUILD)/msan/tests/msan.o FUZZERS="$(MSAN_FUZZ)" all fuzzers
	@sh tests/msan.sh $(BUILD)/msan

# The unit tests and a few recordings under valgrind; VALGRIND_TESTS="tls flows" takes only those
valgrind: all units
	@sh tests/valgrind.sh $(BUILD) $(VALGRIND_TESTS)

bench: all
	@sh tests/bench/bench.sh $(BUILD)

# Drops of a live watch by rate and ring, over a veth pair; root only
bench-live: all
	@tests/bench/live.sh $(BUILD)

layers:
	@awk -f tools/layers.awk $$(find base dissect report cmd probe include -name '*.[ch]')

# Real clients and servers in a private network, recorded again; root only
lab:
	@tests/lab/record.py $(LAB)
LAB     ?= $(BUILD)/lab

# where each shell looks for what it completes
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR  ?= $(PREFIX)/share/zsh/vendor-completions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
completions: all
	@mkdir -p $(BUILD)/completions
	@for shell in bash zsh fish; do $(BUILD)/tlswhy --completions $$shell >$(BUILD)/completions/$$shell || exit 1; done

install: all completions
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	install -m 644 $(BUILD)/completions/bash $(DESTDIR)$(BASHDIR)/tlswhy
	install -m 644 $(BUILD)/completions/zsh $(DESTDIR)$(ZSHDIR)/_tlswhy
	install -m 644 $(BUILD)/completions/fish $(DESTDIR)$(FISHDIR)/tlswhy.fish
	install -m 755 $(BUILD)/tlswhy $(DESTDIR)$(PREFIX)/bin/tlswhy
	install -m 644 doc/tlswhy.1 $(DESTDIR)$(PREFIX)/share/man/man1/tlswhy.1
	install -d $(DESTDIR)$(UNITDIR)
	sed 's|/usr/local|$(PREFIX)|' doc/tlswhy-watch@.service > $(DESTDIR)$(UNITDIR)/tlswhy-watch@.service
	chmod 644 $(DESTDIR)$(UNITDIR)/tlswhy-watch@.service

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/tlswhy $(DESTDIR)$(PREFIX)/share/man/man1/tlswhy.1 $(DESTDIR)$(UNITDIR)/tlswhy-watch@.service \
	    $(DESTDIR)$(BASHDIR)/tlswhy $(DESTDIR)$(ZSHDIR)/_tlswhy $(DESTDIR)$(FISHDIR)/tlswhy.fish

# The sources as one file, the same bytes whoever packs them: sorted, without owners, at the time of the last entry of debian/changelog
EPOCH   := $(shell date -d "$$(sed -n '/^ -- /{s/.*>  //p;q}' debian/changelog)" +%s)
DIST    := tlswhy-$(VERSION)
dist:
	@mkdir -p $(BUILD)
	@if [ -e .git ]; then git ls-files -z; else find . -type f -not -path './$(BUILD)/*' -printf '%P\0'; fi | LC_ALL=C sort -z | \
	    tar -c --null --no-recursion -T - --format=gnu --transform='s|^|$(DIST)/|' --mtime=@$(EPOCH) --owner=0 --group=0 --numeric-owner \
	    --mode=u+rw,go=u,go-w | gzip -9 -n > $(BUILD)/$(DIST).tar.gz
	@echo $(BUILD)/$(DIST).tar.gz

# A Debian package, from those sources and nothing else
deb: dist
	@rm -rf $(BUILD)/deb && mkdir -p $(BUILD)/deb
	@tar -x -z -C $(BUILD)/deb -f $(BUILD)/$(DIST).tar.gz
	cd $(BUILD)/deb/$(DIST) && env -u MAKEFLAGS -u MAKELEVEL dpkg-buildpackage -us -uc -b
	@ls $(BUILD)/deb/*.deb

deps:
	@tools/deps.sh build

# The lines changed since the last commit; tables and long lines are laid out by hand
format:
	git clang-format-14 --extensions c,h

clean:
	rm -rf build

-include $(shell find $(FOLDERS:%=$(BUILD)/%) $(BUILD)/tests -name '*.d' 2>/dev/null)
