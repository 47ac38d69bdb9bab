# shellcheck shell=bash
# Starting, recognising and stopping processes. A process is only ever signalled by a pid whose command line proves that
# it is ours: pid files outlive crashes and reboots, and the number may belong to a stranger by now.

command_line_of() {
    local pid=$1
    if [ -r "/proc/$pid/cmdline" ]; then
        tr '\0' ' ' <"/proc/$pid/cmdline"
    elif [ ! -d /proc/self ]; then
        ps -ww -o command= -p "$pid" 2>/dev/null
    fi
}

# is_process PID MARK: PID is alive and MARK stands in its command line.
is_process() {
    local pid=$1 mark=$2
    case $pid in '' | *[!0-9]*) return 1 ;; esac
    case $(command_line_of "$pid" 2>/dev/null) in *"$mark"*) return 0 ;; esac
    return 1
}

not() {
    ! "$@"
}

# wait_until SECONDS COMMAND..: true as soon as COMMAND is, false when the time is over.
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}

# ends_within SECONDS COMMAND..: the command's result, or false if it takes longer (macOS has no `timeout`).
ends_within() {
    local seconds=$1
    shift
    "$@" </dev/null >/dev/null 2>&1 &
    local pid=$!
    if wait_until "$seconds" not kill -0 "$pid" 2>/dev/null; then
        wait "$pid"
    else
        kill "$pid" 2>/dev/null || true
        return 1
    fi
}

# stop_process PID MARK SIGNAL SECONDS: asks, waits, and as the last resort kills.
stop_process() {
    local pid=$1 mark=$2 signal=$3 seconds=$4
    is_process "$pid" "$mark" || return 0
    kill "-$signal" "$pid" 2>/dev/null || true
    wait_until "$seconds" not is_process "$pid" "$mark" && return 0
    say "process $pid did not stop within $seconds s: killing it"
    kill -KILL "$pid" 2>/dev/null || true
    wait_until 5 not is_process "$pid" "$mark"
}

# kill_process PID MARK: ends it as a crash does, without a word to it.
kill_process() {
    local pid=$1 mark=$2
    is_process "$pid" "$mark" || die "process ${pid:-(no pid)} is not there or not ours: it is not killed"
    kill -KILL "$pid"
    wait_until 10 not is_process "$pid" "$mark" || die "process $pid outlives being killed"
}

# The user a server runs as: ourselves, or, because PostgreSQL refuses root, the first of the given users that exists.
server_user() {
    local user
    if [ "$(id -u)" -ne 0 ]; then
        id -un
        return
    fi
    for user in "$@" nobody; do
        if id "$user" >/dev/null 2>&1; then
            printf '%s\n' "$user"
            return
        fi
    done
    die "no unprivileged user (tried: $* nobody); run this as a normal user"
}

as_user() {
    (exec_as_user "$@")
}

# exec_as_user USER COMMAND..: becomes COMMAND, so that the pid of a background call is the command's own.
exec_as_user() {
    local user=$1
    shift
    if [ "$(id -un)" = "$user" ]; then
        exec "$@"
    elif command -v setpriv >/dev/null; then
        exec setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups -- "$@"
    else
        die "setpriv (util-linux) is missing; run this as a normal user instead of root"
    fi
}

# exec_as_server USER COMMAND..: with a small environment of its own, so that the caller's PG*, RABBITMQ_* and ERL_* do
# not leak in, and without the caller's descriptors: a server must not hold a lock or somebody's pipe for its lifetime.
exec_as_server() {
    local user=$1
    shift
    exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
    exec_as_user "$user" env -i PATH="$SERVER_PATH" LANG=C LC_ALL=C "$@"
}

SERVER_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/sbin:/opt/homebrew/bin
