# shellcheck shell=bash
# PostgreSQL and RabbitMQ from docker-compose.yml, when a Docker engine answers.

compose() {
    docker compose --project-directory "$ROOT" "$@" </dev/null
}

compose_engine_answers() {
    command -v docker >/dev/null && ends_within 5 docker info && ends_within 5 docker compose version
}

compose_up() {
    make_env_file
    KIND=compose
    save_settings
    compose up -d --wait postgres rabbitmq >&2 ||
        die 'docker compose could not start the servers: see above, and: docker compose logs postgres rabbitmq'
}

# On a fresh checkout: .env from .env.example, with passwords of its own and ports that are free now.
make_env_file() {
    local line name value
    [ ! -e "$ROOT/.env" ] || return 0
    say 'making .env with fresh passwords'
    (
        umask 077
        while IFS= read -r line; do
            name=${line%%=*}
            value=${line#*=}
            case $line in
                COMPOSE_PROJECT_NAME=*) printf '%s=%s\n' "$name" "sluice-$(printf '%s' "$ROOT" | cksum | cut -d ' ' -f 1)" ;;
                *_PASSWORD=) printf '%s=%s\n' "$name" "$(random_hex 16)" ;;
                SLUICE_SECRETS_KEY=) printf '%s=%s\n' "$name" "$(head -c 32 /dev/urandom | base64 | tr -d '\n')" ;;
                *_PORT=*) printf '%s=%s\n' "$name" "$(port_near "$value")" ;;
                *) printf '%s\n' "$line" ;;
            esac
        done <"$ROOT/.env.example" >"$ROOT/.env.new"
    )
    mv "$ROOT/.env.new" "$ROOT/.env"
}

compose_usable() {
    [ "$KIND" = compose ] && compose_engine_answers &&
        [ "$(compose ps --status running --services 2>/dev/null | grep -cE '^(postgres|rabbitmq)$')" = 2 ]
}

compose_down() {
    compose stop postgres rabbitmq >&2
}

compose_wipe() {
    compose down --volumes >&2
}

compose_env() {
    local login postgres management
    login=sluice:$(compose_setting RABBITMQ_PASSWORD)
    postgres=$(compose port postgres 5432)
    management=$(compose port rabbitmq 15672)
    print_env "postgres://sluice:$(compose_setting POSTGRES_PASSWORD)@$postgres/sluice" \
        "amqp://$login@$(compose port rabbitmq 5672)/sluice" \
        "http://$login@$management" \
        "http://$(compose port rabbitmq 15692)/metrics"
}

# What compose itself would use: the environment, then .env.
compose_setting() {
    local name=$1
    if [ -n "${!name:-}" ]; then
        printf '%s\n' "${!name}"
    elif [ -r "$ROOT/.env" ]; then
        sed -n "s/^$name=//p" "$ROOT/.env" | tail -n 1
    fi
}

compose_status() {
    printf 'docker compose\n'
    compose ps postgres rabbitmq
}
