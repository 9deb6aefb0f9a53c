# luna: `make` builds into build/bin, `make demo` and `make check` do the rest.
# Adding a tool adds cmd/x.c, man/x.1 and test/x.bats, and edits nothing here.

PREFIX   = /usr/local
MANDIR   = $(PREFIX)/share/man
DESTDIR  =
BUILD    = build
CC       = cc
CFLAGS   = -O2 -g
SANITIZE =

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wwrite-strings -Wvla -Wformat=2 -Wconversion \
	-Werror
HARDEN_C  = -fPIE -fstack-protector-strong
HARDEN_LD = -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack
ifeq ($(SANITIZE),)
HARDEN_C += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
else
HARDEN_C += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer \
	-fno-sanitize-recover=all
HARDEN_LD += -fsanitize=$(SANITIZE)
endif

VERSION = 0.1
CPPFLAGS_ALL = -D_GNU_SOURCE -DLUNA_VERSION='"$(VERSION)"' -Ilibaws $(CPPFLAGS)
CFLAGS_ALL = -std=c11 $(CFLAGS) $(WARN) $(HARDEN_C)
LDFLAGS_ALL = $(HARDEN_LD) -Wl,--as-needed $(LDFLAGS)
LIBS_TOOL = -lcurl -lexpat -lcjson -lcrypto -lz -lm
LIBS_LUNAD = -lmicrohttpd -lsqlite3 -lyaml -lgmp $(LIBS_TOOL)

# What the build includes and what the targets below run, as Debian packages.
DEPS_BUILD = gcc make libc6-dev libcurl4-openssl-dev libcjson-dev libssl-dev \
	zlib1g-dev libexpat1-dev libmicrohttpd-dev libsqlite3-dev libyaml-dev \
	libgmp-dev
DEPS_RUN   = ca-certificates jq
DEPS_CHECK = bats parallel binutils curl git gojq jq mandoc python3 sqlite3
DEPS_DEMO  = bash curl gojq

BATS_FLAGS = --jobs 4 --no-parallelize-within-files
TESTS      = $(wildcard test/*.bats)

TOOLS   = $(patsubst cmd/%.c,%,$(wildcard cmd/*.c))
PROGS   = $(TOOLS:%=$(BUILD)/bin/%) $(if $(LUNAD_O),$(BUILD)/bin/lunad)
EXAMPLES = $(patsubst %.c,$(BUILD)/%,$(wildcard examples/*/*.c))
LIB_O   = $(patsubst %.c,$(BUILD)/%.o,$(wildcard libaws/*.c))
LUNAD_O = $(patsubst %.c,$(BUILD)/%.o,$(wildcard lunad/*.c))
LUNAD_A = $(BUILD)/liblunad.a
LIB     = $(BUILD)/libaws.a
# Small programs that let bats drive a pure module: test/unit/x.c.
UNITS   = $(patsubst test/unit/%.c,$(BUILD)/test/%,$(wildcard test/unit/*.c))

all: $(LIB) $(PROGS) $(EXAMPLES)

# Plain `make` installs nothing; it says in one line what is missing.
$(BUILD)/.have: Makefile
	@mkdir -p $(@D)
	@for h in curl/curl.h cjson/cJSON.h openssl/evp.h zlib.h expat.h \
	    microhttpd.h sqlite3.h yaml.h gmp.h; do \
		echo "#include <$$h>" | \
		    $(CC) -include stdio.h -E -x c - >/dev/null 2>&1 || { \
			echo "make: <$$h> is missing; 'make deps' installs" \
			    "what luna needs: $(DEPS_BUILD)" >&2; exit 1; }; \
	done
	@touch $@

$(BUILD)/%.o: %.c $(BUILD)/.have
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(LIB): $(LIB_O)
	@rm -f $@
	$(AR) rcs $@ $(LIB_O)

$(BUILD)/bin/%: $(BUILD)/cmd/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< $(LIB) $(LIBS_TOOL)

$(BUILD)/bin/lunad: $(LUNAD_O) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $(LUNAD_O) $(LIB) $(LIBS_LUNAD)

# Programs that belong to one example.
$(BUILD)/examples/%: $(BUILD)/examples/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< $(LIB) $(LIBS_TOOL)

# Drivers of lunad's own modules.
$(LUNAD_A): $(filter-out %/main.o,$(LUNAD_O))
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/test/lunad_%: $(BUILD)/test/unit/lunad_%.o $(LUNAD_A) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< $(LUNAD_A) $(LIB) \
	    $(LIBS_LUNAD)

$(BUILD)/test/%: $(BUILD)/test/unit/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< $(LIB) $(LIBS_TOOL)

# Benchmarks of one module: bench/x.c that needs libaws alone.
$(BUILD)/bench/%: $(BUILD)/bench/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< $(LIB) $(LIBS_TOOL)

# Fuzz targets: test/fuzz/x.c with seeds in test/fuzz/corpus/x/. `make fuzz`
# gives each FUZZ_SECONDS with libFuzzer; findings and what it learnt go to
# $(BUILD)/fuzz. `make fuzz-replay` runs the seeds with any compiler.
FUZZ = $(patsubst test/fuzz/%.c,%,$(filter-out test/fuzz/main.c, \
	$(wildcard test/fuzz/*.c)))
FUZZ_SECONDS = 600
REPLAY = $(BUILD)/replay
FUZZ_MAIN = $(BUILD)/test/fuzz/main.o

$(BUILD)/fuzz/%: $(BUILD)/test/fuzz/%.o $(FUZZ_MAIN) $(LUNAD_A) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) $(FUZZ_LD) -o $@ $< $(FUZZ_MAIN) \
	    $(LIB) $(LUNAD_A) $(LIB) $(LIBS_LUNAD)

fuzz:
	@sh test/deps clang
	@$(MAKE) -s BUILD=$(BUILD)/libfuzzer CC=clang FUZZ_MAIN= \
	    FUZZ_LD=-fsanitize=fuzzer \
	    SANITIZE=fuzzer-no-link,address,undefined \
	    $(FUZZ:%=$(BUILD)/libfuzzer/fuzz/%)
	@for t in $(FUZZ); do \
		echo "fuzz $$t: $(FUZZ_SECONDS) s"; \
		mkdir -p $(BUILD)/fuzz/$$t; \
		$(BUILD)/libfuzzer/fuzz/$$t -max_total_time=$(FUZZ_SECONDS) \
		    -timeout=10 -rss_limit_mb=1024 -verbosity=0 \
		    -print_final_stats=1 \
		    -artifact_prefix=$(BUILD)/fuzz/$$t- \
		    $(BUILD)/fuzz/$$t test/fuzz/corpus/$$t || exit 1; \
	done

fuzz-replay:
	@$(MAKE) -s BUILD=$(REPLAY) SANITIZE=address,undefined \
	    $(FUZZ:%=$(REPLAY)/fuzz/%)
	@for t in $(FUZZ); do \
		set -- test/fuzz/corpus/$$t/*; \
		$(REPLAY)/fuzz/$$t "$$@" >$(REPLAY)/$$t.log 2>&1 || \
		    { cat $(REPLAY)/$$t.log; exit 1; }; \
		echo "fuzz-replay $$t: $$# seeds"; \
	done

deps:
	@sh test/deps $(DEPS_BUILD) $(DEPS_RUN) $(DEPS_CHECK)

check:
	@sh test/deps $(DEPS_BUILD) $(DEPS_RUN) $(DEPS_CHECK)
	@$(MAKE) --no-print-directory all $(UNITS)
	BUILD='$(BUILD)' bats $(BATS_FLAGS) $(TESTS)

# What takes minutes to prove, a quarter of an hour in all: conservation by
# 10,000 records a sink, pipes killed at 1,000 moments, a slow sink.
proof: all
	@sh test/deps $(DEPS_BUILD) $(DEPS_RUN) $(DEPS_CHECK)
	LUNA_PROOF=full BUILD='$(BUILD)' bats -T test/faults

# The main job: the lottery, a day of it, on lunad.
demo:
	@sh test/deps $(DEPS_BUILD) $(DEPS_RUN) $(DEPS_DEMO)
	@$(MAKE) --no-print-directory all
	@BUILD='$(abspath $(BUILD))' examples/lottery/demo.sh

# The second one: a shop's events by S3, two streams and windows.
demo-clickstream:
	@sh test/deps $(DEPS_BUILD) $(DEPS_RUN) $(DEPS_DEMO)
	@$(MAKE) --no-print-directory all $(EXAMPLES)
	@BUILD='$(abspath $(BUILD))' examples/clickstream/demo.sh

# What shellcheck cannot see of a bats file: variables that other files set
# or read, that each test is a subshell, that its functions are run by name,
# that a file read on stdin is not written by a tool that only looks at it.
LINT_BATS = SC2030,SC2031,SC2034,SC2094,SC2119,SC2120,SC2153,SC2154

# Pages, scripts and the form of the source.
lint:
	@sh test/deps mandoc shellcheck clang-format
	mandoc -T lint -W warning $(wildcard man/*.[0-9])
	shellcheck -x $(shell git ls-files '*.sh' .ci/run test/deps \
	    'test/interop/run' 'examples/*/bin/*' bench/run 'bench/*.bash' \
	    'bench/part/*')
	shellcheck -x -e $(LINT_BATS) $(TESTS) $(wildcard test/*.bash \
	    test/*/*.bash test/faults/*.bats)
	clang-format --dry-run -Werror $(shell git ls-files '*.[ch]')

# Other people's clients at lunad, our tools at other people's servers.
interop:
	@sh test/deps $(DEPS_BUILD) $(DEPS_RUN) $(DEPS_CHECK) python3-venv
	@$(MAKE) --no-print-directory all $(UNITS)
	@BUILD='$(BUILD)' test/interop/run

# What luna does a second, beside others; see bench/run.
bench: all $(patsubst bench/%.c,$(BUILD)/bench/%,$(wildcard bench/*.c))
	@sh test/deps curl jq python3-venv time
	BUILD='$(BUILD)' bench/run $(BENCH)

# The suite with every program run by valgrind, to the tests one more that
# changes figures. house.bats looks at the source and at what was built.
valgrind: all $(UNITS)
	@sh test/deps valgrind
	@test/valgrind.sh '$(BUILD)' '$(BUILD)/valgrind'
	BUILD='$(BUILD)/valgrind' SANITIZE=valgrind TRY_S=300 \
	    bats $(BATS_FLAGS) $(filter-out test/house.bats,$(TESTS))

install: all
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(MANDIR)/man1' \
	    '$(DESTDIR)$(MANDIR)/man5' '$(DESTDIR)$(MANDIR)/man7' \
	    '$(DESTDIR)$(MANDIR)/man8'
	install -m 755 $(PROGS) '$(DESTDIR)$(PREFIX)/bin'
	for p in $(wildcard man/*.[0-9]); do \
		install -m 644 $$p '$(DESTDIR)$(MANDIR)/man'$${p##*.}; done

uninstall:
	rm -f $(PROGS:$(BUILD)/bin/%='$(DESTDIR)$(PREFIX)/bin/'%)
	for p in $(notdir $(wildcard man/*.[0-9])); do \
		rm -f '$(DESTDIR)$(MANDIR)/man'$${p##*.}/$$p; done

clean:
	rm -rf $(BUILD)

.PHONY: all deps check proof demo demo-clickstream lint bench interop valgrind fuzz fuzz-replay install \
	uninstall clean
.SECONDARY:
-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d)
