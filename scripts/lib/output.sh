# shellcheck shell=bash
# What the scripts say to people. It all goes to stderr: stdout belongs to what other programs read.

say() {
    printf 'sluice: %s\n' "$*" >&2
}

die() {
    say "$*"
    exit 1
}

# The last lines of a server's log, for a message about its failure.
show_end_of() {
    local log=$1
    if [ -s "$log" ]; then
        say "the last lines of $log:"
        tail -n 25 "$log" | sed 's/^/    /' >&2
    else
        say "there is nothing in $log"
    fi
}
