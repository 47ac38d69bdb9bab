# shellcheck shell=bash
# What the scripts have in common that break things: one run at a time, on servers of its own, and nothing left behind. The
# script says who it is (SELF), which program breaks things (PROGRAM, chaos unless told), what runs its servers (SERVERS),
# where its logs go (RUNS) and whether the broker is a cluster (CLUSTER).

PROGRAM_PID=''

chaos_main() {
    cd "$ROOT" || exit 1
    mkdir -p "$RUNS"
    case ${1:-} in
        '') ;;
        stop)
            stop_chaos
            return
            ;;
        *) sed -n '2,/^$/s/^# \{0,1\}//p' "$SELF" >&2 && exit 2 ;;
    esac
    require_cargo
    no_proxy_for_this_machine
    refuse_second_run
    stop_orphan
    trap leave EXIT
    trap 'exit 130' INT TERM HUP
    build
    servers_up
    run_chaos
}

refuse_second_run() {
    local pid
    pid=$(cat "$RUNS/chaos.pid" 2>/dev/null || true)
    if [ "$pid" != "$$" ] && is_process "$pid" "$SELF"; then
        die "such a run of this checkout goes on already (pid $pid); end it with: $SELF stop"
    fi
    printf '%s\n' "$$" >"$RUNS/chaos.pid"
}

stop_chaos() {
    local pid
    pid=$(cat "$RUNS/chaos.pid" 2>/dev/null || true)
    stop_process "$pid" "$SELF" TERM 90
    stop_orphan
    "$SERVERS" down
}

# The program of a script that was killed goes on by itself, and brings servers back that are taken down under it.
stop_orphan() {
    stop_process "$(cat "$RUNS/program.pid" 2>/dev/null || true)" "$(program)" TERM 30
    rm -f "$RUNS/program.pid"
}

build() {
    say 'building'
    cargo build --workspace --bins --locked
}

servers_up() {
    local addresses
    "$SERVERS" up
    addresses=$("$SERVERS" env)
    eval "$addresses"
}

# In a process group of its own (set -m), so that Ctrl-C reaches this script alone, which then stops it. `wait` returns at
# once when a signal comes. What the program started ends with it.
run_chaos() {
    local code=0
    rm -f "$RUNS"/*.log
    set -m
    CHAOS_SERVERS=$SERVERS CHAOS_CLUSTER=${CLUSTER:+$CLUSTER_MANAGEMENT_URLS} CHAOS_LOGS=$RUNS \
        "$(program)" </dev/null &
    PROGRAM_PID=$!
    printf '%s\n' "$PROGRAM_PID" >"$RUNS/program.pid"
    set +m
    wait "$PROGRAM_PID" || code=$?
    trap - EXIT
    leave
    exit "$code"
}

program() {
    printf '%s/%s\n' "$(programs_directory)" "${PROGRAM:-chaos}"
}

leave() {
    trap '' INT TERM HUP
    stop_process "$PROGRAM_PID" "$(program)" TERM 30 || true
    "$SERVERS" down 2>>"$RUNS/servers.log" || say "its servers could not be stopped: see $RUNS/servers.log"
    rm -f "$RUNS/chaos.pid" "$RUNS/program.pid"
}
