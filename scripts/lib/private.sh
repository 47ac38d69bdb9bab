# shellcheck shell=bash
# The private servers of this checkout as a pair: where they live, how they are started, stopped and removed.

private_up() {
    if private_usable; then
        return
    fi
    install_missing_packages
    choose_home
    fill_settings
    KIND=private
    save_settings
    up_postgres
    up_rabbitmq
}

up_postgres() {
    if ! postgres_runs || ! wait_until 60 postgres_answers; then
        stop_postgres
        start_postgres
    fi
}

up_rabbitmq() {
    if ! rabbitmq_runs || ! wait_until 60 rabbitmq_answers; then
        stop_rabbitmq
        start_rabbitmq
    fi
}

private_usable() {
    [ "$KIND" = private ] && home_is_ours && postgres_runs && postgres_answers && rabbitmq_runs && rabbitmq_answers
}

private_down() {
    home_is_ours || return 0
    stop_rabbitmq
    stop_postgres
}

private_wipe() {
    if home_is_ours; then
        rm -rf "$HOME_DIR"
    fi
}

private_env() {
    print_env "$(postgres_url)" "$(rabbitmq_url)" "$(rabbitmq_management_url)" "$(rabbitmq_prometheus_url)"
}

private_status() {
    if ! home_is_ours; then
        echo 'private servers: none yet'
        return
    fi
    printf 'private servers in %s\n' "$HOME_DIR"
    printf '  PostgreSQL  %s\n' "$(describe postgres_runs postgres_answers "$(postgres_pid)" "$POSTGRES_PORT")"
    printf '  RabbitMQ    %s\n' "$(describe rabbitmq_runs rabbitmq_answers "$(rabbitmq_pid)" "$AMQP_PORT")"
}

describe() {
    local runs=$1 answers=$2 pid=$3 port=$4
    if ! "$runs"; then
        printf 'stopped'
    elif "$answers"; then
        printf 'answers on port %s (pid %s)' "$port" "$pid"
    else
        printf 'runs but does not answer on port %s (pid %s)' "$port" "$pid"
    fi
}

# A home inside the checkout moves with it; one outside belongs to the checkout that made it, not to a copy.
home_is_ours() {
    [ -n "$HOME_DIR" ] && [ -d "$HOME_DIR" ] || return 1
    [ "$HOME_DIR" = "$RUN/home" ] || [ "$HOME_OF" = "$ROOT" ]
}

# Under the checkout when the servers' users can work there and the path is one that Erlang's start scripts can bear;
# otherwise (a clone under /root, a path with a space) in a directory of its own under /var/tmp, remembered.
choose_home() {
    if home_is_ours; then
        return
    fi
    HOME_OF=$ROOT
    HOME_DIR=$RUN/home
    mkdir -p "$HOME_DIR"
    if ! path_is_plain "$HOME_DIR" || ! home_serves "$(postgres_user)" || ! home_serves "$(rabbitmq_user)"; then
        rmdir "$HOME_DIR"
        HOME_DIR=$(mktemp -d "/var/tmp/sluice-$(checkout_number).XXXXXX")
        chmod 755 "$HOME_DIR"
        say "the servers cannot work under $RUN: their data goes to $HOME_DIR"
    fi
}

path_is_plain() {
    case $1 in *[!A-Za-z0-9/._-]*) return 1 ;; esac
}

home_serves() {
    local user=$1 probe=$HOME_DIR/probe result=1
    rm -rf "$probe"
    mkdir "$probe"
    if chown "$user" "$probe" 2>/dev/null && as_user "$user" touch "$probe/file" 2>/dev/null; then result=0; fi
    rm -rf "$probe"
    return "$result"
}

fill_settings() {
    local name
    [ -n "$NODE_NAME" ] || NODE_NAME=sluice_${SERVERS_NAME:+${SERVERS_NAME}_}$(checkout_number)
    [ -n "$ERLANG_COOKIE" ] || ERLANG_COOKIE=$(random_hex 20)
    [ -n "$POSTGRES_PASSWORD" ] || POSTGRES_PASSWORD=$(random_hex 16)
    [ -n "$RABBITMQ_PASSWORD" ] || RABBITMQ_PASSWORD=$(random_hex 16)
    for name in POSTGRES_PORT AMQP_PORT MANAGEMENT_PORT PROMETHEUS_PORT DISTRIBUTION_PORT EPMD_PORT; do
        [ -n "${!name}" ] || printf -v "$name" '%s' "$(free_port)"
    done
}

make_server_directory() {
    local directory=$1 user=$2
    mkdir -p "$directory"
    [ "$(id -u)" -ne 0 ] || chown "$user" "$directory"
    chmod 700 "$directory"
}

# write_private_file FILE USER TEXT: readable by the server's user alone, from its first byte on.
write_private_file() {
    local file=$1 user=$2 text=$3
    rm -f "$file"
    (umask 077 && printf '%s\n' "$text" >"$file")
    [ "$(id -u)" -ne 0 ] || chown "$user" "$file"
}
