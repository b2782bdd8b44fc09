# `make` lists the targets. `make demo` and `make test` install what they need and run as root.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: help deps build cni test soak check fmt gen demo bench kernel-test clean

PACKAGES := openvswitch-switch ovn-central ovn-host nftables iproute2 ethtool tcpdump iputils-ping iputils-arping \
            socat procps jq udhcpc isc-dhcp-client bind9-dnsutils
BIN := .build/debug
CNI := .build/release/ovenbird-cni

help: ## Shows this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

deps: ## Installs the Debian packages that are missing
	@missing=""; for p in $(PACKAGES); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then echo "installing$$missing"; apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi

build: deps ## Builds everything, for work
	swift build --build-tests

cni: ## Builds the CNI executable: small, static
	swift build -c release --product ovenbird-cni -Xswiftc -static-executable

test: deps ## Everything that runs without a virtual machine
	./Scripts/test.sh

soak: build ## The long forms of tests: 500 sets of policies, 2,000 services, a minute of churn under load
	OVENBIRD_POLICY_CASES=500 OVENBIRD_SERVICES=2000 OVENBIRD_CHURN=60 OVENBIRD_VERDICTS=150 swift test --skip-build \
	  --no-parallel --filter 'DualStack/table|Services/scale|Services/churn|Acceptance/followsUnderTraffic'

check: ## Format, budgets, imports, generated files
	./Scripts/check.sh

fmt: ## Formats the sources
	swift format -i -r Sources Modules Tests Package.swift

gen: ## Makes the typed rows from the installed schemas
	swift run generate-rows Sources/Model/Generated

demo: deps ## Three nodes, four pods, two services, every pair of them tried; then everything is taken down
	./Scripts/demo.sh

bench: deps ## Figures: the core's load, policies at scale, a pod's start
	./Scripts/bench.sh

kernel-test: ## What needs a kernel datapath, in a virtual machine
	@echo "nothing here needs one yet"

clean: ## Removes what was built
	rm -rf .build
