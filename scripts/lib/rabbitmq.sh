# shellcheck shell=bash
# A private RabbitMQ node: own name, cookie, epmd, data, ports on the loopback address, user and vhost. It never looks at
# /etc/rabbitmq, ~/.erlang.cookie or the epmd on the usual port, so a node of the machine's own is neither used nor
# disturbed.
#
# A cluster has several of them (CLUSTER_NODES, their names), each with a directory of its own (NODE_DIRECTORY); they
# share cookie and epmd.

NODE_DIRECTORY=rabbitmq
CLUSTER_NODES=''

rabbitmq_home() {
    printf '%s/%s\n' "$HOME_DIR" "$NODE_DIRECTORY"
}

rabbitmq_log() {
    printf '%s/log/rabbitmq.log\n' "$(rabbitmq_home)"
}

epmd_home() {
    if [ -n "$CLUSTER_NODES" ]; then printf '%s/epmd\n' "$HOME_DIR"; else rabbitmq_home; fi
}

rabbitmq_user() {
    server_user rabbitmq
}

# The real start script. Debian's `rabbitmq-server` on PATH is a wrapper that insists on the system's node.
rabbitmq_start_script() {
    rabbitmq_script rabbitmq-server
}

rabbitmq_script() {
    local name=$1 script on_path
    on_path=$(command -v "$name" 2>/dev/null || true)
    for script in "/usr/lib/rabbitmq/bin/$name" "/opt/homebrew/opt/rabbitmq/sbin/$name" \
        "/usr/local/opt/rabbitmq/sbin/$name" "$on_path"; do
        if [ -x "$script" ]; then
            printf '%s\n' "$script"
            return
        fi
    done
}

epmd_program() {
    local program on_path
    on_path=$(command -v epmd 2>/dev/null || true)
    for program in "$on_path" /usr/bin/epmd /usr/lib/erlang/bin/epmd /opt/homebrew/opt/erlang/bin/epmd \
        /usr/local/opt/erlang/bin/epmd; do
        if [ -x "$program" ]; then
            printf '%s\n' "$program"
            return
        fi
    done
}

# Stands in the command line of our node, and of no other checkout's.
rabbitmq_mark() {
    printf 'sluice_home_%s\n' "$(printf '%s' "$(rabbitmq_home)" | cksum | tr ' ' '_')"
}

rabbitmq_pid() {
    cat "$(rabbitmq_home)/node.pid" 2>/dev/null || true
}

rabbitmq_runs() {
    is_process "$(rabbitmq_pid)" "$(rabbitmq_mark)"
}

# The management API is up and says that the AMQP listener is, too.
rabbitmq_answers() {
    http_ok "$(rabbitmq_management_url)/api/health/checks/port-listener/$AMQP_PORT"
}

rabbitmq_url() {
    printf 'amqp://sluice:%s@127.0.0.1:%s/sluice\n' "$RABBITMQ_PASSWORD" "$AMQP_PORT"
}

rabbitmq_prometheus_url() {
    printf 'http://127.0.0.1:%s/metrics\n' "$PROMETHEUS_PORT"
}

rabbitmq_management_url() {
    printf 'http://sluice:%s@127.0.0.1:%s\n' "$RABBITMQ_PASSWORD" "$MANAGEMENT_PORT"
}

epmd_pid() {
    cat "$(epmd_home)/epmd.pid" 2>/dev/null || true
}

epmd_runs() {
    is_process "$(epmd_pid)" "-port $EPMD_PORT"
}

start_rabbitmq() {
    local user attempt
    user=$(rabbitmq_user)
    make_server_directory "$(rabbitmq_home)" "$user"
    make_server_directory "$(rabbitmq_home)/log" "$user"
    for attempt in 1 2; do
        choose_rabbitmq_ports
        write_rabbitmq_settings "$user"
        start_epmd "$user"
        say "starting RabbitMQ on port $AMQP_PORT"
        launch_rabbitmq "$user"
        if wait_until 240 rabbitmq_ready_or_gone && rabbitmq_answers; then
            return
        fi
        stop_rabbitmq
        [ "$attempt" = 2 ] || say 'RabbitMQ did not start: trying once more'
    done
    show_end_of "$(rabbitmq_log)"
    show_end_of "$(rabbitmq_home)/log/start.log"
    die "RabbitMQ does not start. See above; to start afresh: scripts/servers down --wipe"
}

rabbitmq_ready_or_gone() {
    ! kill -0 "$RABBITMQ_STARTER" 2>/dev/null || rabbitmq_answers
}

# Ports are kept from start to start; one that somebody else has taken meanwhile is replaced.
choose_rabbitmq_ports() {
    local name
    for name in AMQP_PORT MANAGEMENT_PORT PROMETHEUS_PORT DISTRIBUTION_PORT; do
        if port_answers "${!name}"; then printf -v "$name" '%s' "$(free_port)"; fi
    done
    if ! epmd_runs && port_answers "$EPMD_PORT"; then EPMD_PORT=$(free_port); fi
    save_settings
}

start_epmd() {
    local user=$1 home
    epmd_runs && return
    home=$(epmd_home)
    (
        cd "$home" || exit 1
        set -m
        exec_as_server "$user" nohup "$(epmd_program)" -port "$EPMD_PORT" -address 127.0.0.1 \
            </dev/null >"$home/log/epmd.log" 2>&1 &
        printf '%s\n' "$!" >"$home/epmd.pid"
    )
    wait_until 10 port_answers "$EPMD_PORT" || {
        show_end_of "$home/log/epmd.log"
        die "epmd, which RabbitMQ needs, does not start on port $EPMD_PORT"
    }
}

# In a process group of its own (set -m), so that Ctrl-C in the terminal does not reach it.
launch_rabbitmq() {
    local user=$1 home
    home=$(rabbitmq_home)
    rm -f "$home/node.pid"
    RABBITMQ_STARTER=$(
        cd "$home" || exit 1
        ulimit -Sn 65536 2>/dev/null || ulimit -Sn "$(ulimit -Hn)" 2>/dev/null || true
        set -m
        exec_as_rabbitmq "$user" \
            RABBITMQ_DIST_PORT="$DISTRIBUTION_PORT" RABBITMQ_CONFIG_FILE="$home/rabbitmq.conf" \
            RABBITMQ_CONFIG_FILES="$home/conf.d" RABBITMQ_ADVANCED_CONFIG_FILE="$home/advanced.config" \
            RABBITMQ_ENABLED_PLUGINS_FILE="$home/enabled_plugins" RABBITMQ_GENERATED_CONFIG_DIR="$home/generated" \
            RABBITMQ_MNESIA_BASE="$home/data" RABBITMQ_MNESIA_DIR="$home/data/node" \
            RABBITMQ_LOG_BASE="$home/log" RABBITMQ_LOGS="$(rabbitmq_log)" RABBITMQ_PID_FILE="$home/node.pid" \
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="$(erlang_arguments)" \
            "$(rabbitmq_start_script)" </dev/null >"$home/log/start.log" 2>&1 &
        printf '%s\n' "$!"
    )
}

# How many messages a queue holds is otherwise told some seconds late, in which a run that watches for the end would wait.
FRESH_COUNTS='-rabbit quorum_tick_interval 500 -rabbit collect_statistics_interval 500 -rabbitmq_management management_db_cache_multiplier 0 -rabbitmq_management sample_retention_policies [{global,[{60,1}]},{basic,[{60,1}]},{detailed,[{60,1}]}]'
ERLANG_LOOPBACK='-kernel inet_dist_use_interface {127,0,0,1}'
# Several nodes on two cores leave them to each other instead of waiting busily.
ERLANG_IDLE='+sbwt none +sbwtdcpu none +sbwtdio none'

erlang_arguments() {
    printf '%s %s %s -%s 1\n' "$ERLANG_LOOPBACK" "$ERLANG_IDLE" "${SERVERS_NAME:+$FRESH_COUNTS}" "$(rabbitmq_mark)"
}

# exec_as_rabbitmq USER [NAME=VALUE..] COMMAND..: with what the node and its tool need to find each other: name, cookie
# (in HOME) and epmd.
exec_as_rabbitmq() {
    local user=$1 home
    shift
    home=$(rabbitmq_home)
    exec_as_server "$user" \
        HOME="$home" ERL_EPMD_PORT="$EPMD_PORT" ERL_EPMD_ADDRESS=127.0.0.1 ERL_INETRC="$home/inetrc" \
        RABBITMQ_NODENAME="$NODE_NAME@localhost" RABBITMQ_CONF_ENV_FILE="$home/env.conf" "$@"
}

run_rabbitmqctl() (
    cd "$(rabbitmq_home)" || exit 1
    exec_as_rabbitmq "$(rabbitmq_user)" RABBITMQ_CTL_ERL_ARGS="$ERLANG_LOOPBACK" \
        "$(rabbitmq_script rabbitmqctl)" "$@" </dev/null
)

# Quorum queues' write-ahead log and the memory mark are sized for a developer's machine with two cores.
write_rabbitmq_settings() {
    local user=$1 home
    home=$(rabbitmq_home)
    make_server_directory "$home/conf.d" "$user"
    write_private_file "$home/env.conf" "$user" '# Empty, so that the one in /etc/rabbitmq is not read.'
    write_private_file "$home/advanced.config" "$user" "$(cat "$ROOT/ops/rabbitmq/advanced.config")"
    write_private_file "$home/enabled_plugins" "$user" '[rabbitmq_management,rabbitmq_prometheus].'
    write_private_file "$home/inetrc" "$user" \
        '{host, {127,0,0,1}, ["localhost"]}. {lookup, [file, native]}.'
    if [ ! -e "$home/.erlang.cookie" ]; then
        write_private_file "$home/.erlang.cookie" "$user" "$ERLANG_COOKIE"
        chmod 400 "$home/.erlang.cookie"
    fi
    write_private_file "$home/rabbitmq.conf" "$user" "\
listeners.tcp.1 = 127.0.0.1:$AMQP_PORT
management.tcp.ip = 127.0.0.1
management.tcp.port = $MANAGEMENT_PORT
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = $PROMETHEUS_PORT
default_vhost = sluice
default_user = sluice
default_pass = $RABBITMQ_PASSWORD
default_user_tags.administrator = true
default_permissions.configure = .*
default_permissions.read = .*
default_permissions.write = .*
vm_memory_high_watermark.absolute = 2GB
disk_free_limit.absolute = 200MB
raft.wal_max_size_bytes = 64000000
log.console = false
log.file.level = info
$(cluster_settings)"
}

# Leaders are spread, as otherwise all would sit where the queues were declared.
cluster_settings() {
    local node number=0
    [ -n "$CLUSTER_NODES" ] || return 0
    printf 'queue_leader_locator = balanced\ncluster_formation.peer_discovery_backend = classic_config\n'
    for node in $CLUSTER_NODES; do
        number=$((number + 1))
        printf 'cluster_formation.classic_config.nodes.%s = %s@localhost\n' "$number" "$node"
    done
}

stop_rabbitmq() {
    if rabbitmq_runs; then
        say "stopping RabbitMQ (pid $(rabbitmq_pid))"
        stop_process "$(rabbitmq_pid)" "$(rabbitmq_mark)" TERM 60
    fi
    rm -f "$(rabbitmq_home)/node.pid"
    # The other nodes of a cluster still need it.
    [ -n "$CLUSTER_NODES" ] || stop_epmd
}

stop_epmd() {
    stop_process "$(epmd_pid)" "-port $EPMD_PORT" TERM 5
    rm -f "$(epmd_home)/epmd.pid"
}

# epmd stays: the next node of this name finds it again.
kill_rabbitmq() {
    kill_process "$(rabbitmq_pid)" "$(rabbitmq_mark)"
}
