# shellcheck shell=bash
# What the chaos scripts have in common: one run at a time, on servers of its own, and nothing left behind. The script
# says who it is (SELF), what runs its servers (SERVERS), where its logs go (RUNS) and whether the broker is a cluster
# (CLUSTER).

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
    "$SERVERS" down
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
    set +m
    wait "$PROGRAM_PID" || code=$?
    trap - EXIT
    leave
    exit "$code"
}

program() {
    printf '%s/chaos\n' "$(programs_directory)"
}

leave() {
    trap '' INT TERM HUP
    stop_process "$PROGRAM_PID" "$(program)" TERM 30
    "$SERVERS" down 2>>"$RUNS/servers.log"
    rm -f "$RUNS/chaos.pid"
}
