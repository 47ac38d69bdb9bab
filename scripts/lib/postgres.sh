# shellcheck shell=bash
# A private PostgreSQL: own data directory, own port on the loopback address, own password. Nothing about durability is
# turned off: tests and the demo must see what production would.

postgres_data() {
    printf '%s/postgres/data\n' "$HOME_DIR"
}

postgres_log() {
    printf '%s/postgres/postgres.log\n' "$HOME_DIR"
}

postgres_user() {
    server_user postgres
}

# The directory of the newest PostgreSQL, or of the version that made our data. Distribution directories come first:
# what PATH calls `postgres` may be a wrapper.
postgres_bin() {
    local version='' bin on_path
    version=$(cat "$(postgres_data)/PG_VERSION" 2>/dev/null || true)
    on_path=$(command -v pg_ctl 2>/dev/null || true)
    {
        printf '%s\n' /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin |
            sort -rV
        if [ -n "$on_path" ]; then dirname "$on_path"; fi
    } | while read -r bin; do
        if ! [ -x "$bin/initdb" ] || ! [ -x "$bin/pg_ctl" ] || ! [ -x "$bin/psql" ]; then continue; fi
        if [ -z "$version" ] || "$bin/postgres" --version | grep -qE " $version(\.|[a-z]|\$| )"; then
            printf '%s\n' "$bin"
            break
        fi
    done
}

require_postgres_bin() {
    local bin
    bin=$(postgres_bin)
    if [ -z "$bin" ]; then
        die "the data in $(postgres_data) needs PostgreSQL $(cat "$(postgres_data)/PG_VERSION")," \
            "which is not installed any more: install it, or start afresh with: scripts/servers down --wipe"
    fi
    printf '%s\n' "$bin"
}

postgres_pid() {
    head -n 1 "$(postgres_data)/postmaster.pid" 2>/dev/null || true
}

postgres_runs() {
    is_process "$(postgres_pid)" "$(postgres_data)"
}

postgres_answers() {
    "$(postgres_bin)/pg_isready" -q -h 127.0.0.1 -p "$POSTGRES_PORT" -d sluice -t 3
}

postgres_sql() {
    local database=$1 sql=$2
    PGPASSWORD=$POSTGRES_PASSWORD PGOPTIONS='' "$(postgres_bin)/psql" -X -q -A -t -v ON_ERROR_STOP=1 \
        -h 127.0.0.1 -p "$POSTGRES_PORT" -U sluice -d "$database" -c "$sql" </dev/null
}

postgres_url() {
    printf 'postgres://sluice:%s@127.0.0.1:%s/sluice\n' "$POSTGRES_PASSWORD" "$POSTGRES_PORT"
}

start_postgres() {
    local bin user
    bin=$(require_postgres_bin)
    user=$(postgres_user)
    make_server_directory "$HOME_DIR/postgres" "$user"
    [ -d "$(postgres_data)" ] || make_postgres_cluster "$bin" "$user"
    forget_stranger_postmaster
    if port_answers "$POSTGRES_PORT"; then
        POSTGRES_PORT=$(free_port)
        save_settings
    fi
    write_postgres_settings "$user"
    say "starting PostgreSQL on port $POSTGRES_PORT"
    # A killed postmaster's children may still be letting go of the shared memory, and a port may be snatched: try again.
    local attempt
    for attempt in 1 2 3; do
        if launch_postgres "$bin" "$user"; then
            break
        elif [ "$attempt" = 3 ]; then
            show_end_of "$(postgres_log)"
            die "PostgreSQL does not start. See above; to start afresh: scripts/servers down --wipe"
        fi
        sleep 1
        port_answers "$POSTGRES_PORT" && POSTGRES_PORT=$(free_port)
        save_settings
        write_postgres_settings "$user"
    done
    wait_until 30 postgres_answers || die "PostgreSQL started but does not answer on port $POSTGRES_PORT"
    make_postgres_database
}

# After a reboot the old pid may be somebody else's, which PostgreSQL takes for itself still running. A dead pid is left
# to PostgreSQL, which checks that no orphan still uses the data.
forget_stranger_postmaster() {
    local pid
    pid=$(postgres_pid)
    if [ -n "$pid" ] && [ -n "$(command_line_of "$pid" 2>/dev/null)" ] && ! postgres_runs; then
        rm -f "$(postgres_data)/postmaster.pid"
    fi
}

launch_postgres() {
    local bin=$1 user=$2
    (
        cd "$HOME_DIR" || exit 1
        exec_as_server "$user" "$bin/pg_ctl" -D "$(postgres_data)" -l "$(postgres_log)" -w -t 120 start \
            </dev/null >/dev/null 2>&1
    )
}

# Made beside its place and then renamed, so that an interrupted initdb leaves no half cluster to trip over.
make_postgres_cluster() {
    local bin=$1 user=$2 fresh password_file
    fresh=$HOME_DIR/postgres/fresh
    password_file=$HOME_DIR/postgres/password
    say "making a PostgreSQL data directory: $(postgres_data)"
    rm -rf "$fresh"
    write_private_file "$password_file" "$user" "$POSTGRES_PASSWORD"
    (
        cd "$HOME_DIR" || exit 1
        exec_as_server "$user" "$bin/initdb" -D "$fresh" -U sluice --pwfile="$password_file" --auth=scram-sha-256 \
            --encoding=UTF8 --no-locale </dev/null >"$HOME_DIR/postgres/initdb.log" 2>&1
    ) || {
        show_end_of "$HOME_DIR/postgres/initdb.log"
        die "PostgreSQL's initdb failed: see above"
    }
    rm -f "$password_file"
    printf "\ninclude 'sluice.conf'\n" >>"$fresh/postgresql.conf"
    mv "$fresh" "$(postgres_data)"
}

# TCP only: a socket's path may be at most about 100 bytes long, and checkouts live in deeper places.
write_postgres_settings() {
    write_private_file "$(postgres_data)/sluice.conf" "$1" "\
listen_addresses = '127.0.0.1'
port = $POSTGRES_PORT
unix_socket_directories = ''
max_connections = 300
shared_buffers = 256MB
fsync = on
synchronous_commit = on
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %d '
logging_collector = off"
}

make_postgres_database() {
    [ "$(postgres_sql postgres "select 1 from pg_database where datname = 'sluice'")" = 1 ] ||
        postgres_sql postgres 'create database sluice'
}

stop_postgres() {
    if postgres_runs; then
        say "stopping PostgreSQL (pid $(postgres_pid))"
        stop_process "$(postgres_pid)" "$(postgres_data)" INT 60
    fi
}

# Its children notice by themselves that it is gone, and go too.
kill_postgres() {
    kill_process "$(postgres_pid)" "$(postgres_data)"
}
