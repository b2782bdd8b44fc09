#!/usr/bin/env bash
# What a reader would otherwise have to look for: format, sizes, what may import what.
set -uo pipefail
cd "$(dirname "$0")/.."
bad=0
fail() {
    echo "check: $*"
    bad=1
}

swift format lint --strict -r Sources Modules Tests Package.swift || fail "not formatted: make fmt"

while read -r file; do
    lines=$(wc -l <"$file")
    [ "$lines" -le 400 ] || fail "$file has $lines lines; 400 is the limit"
done < <(git ls-files 'Sources/*.swift' 'Modules/*.swift' | grep -v /Generated/)

for module in Modules/*/; do
    for import in $(grep -rhoE '^(public )?import [A-Za-z]+' "$module/Sources" | awk '{print $NF}' | sort -u); do
        case $import in Core | Model | Vocabulary) ;; *) fail "$module imports $import; a module imports Core, Model, Vocabulary" ;; esac
    done
    [ -f "$module/README.md" ] || fail "$module has no README.md"
done

for part in Core Model Vocabulary OVSDB; do
    grep -rlE '^(public )?import Foundation' "Sources/$part" && fail "$part imports Foundation"
done
exit $bad
