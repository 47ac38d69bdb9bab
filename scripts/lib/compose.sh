# shellcheck shell=bash
# PostgreSQL and RabbitMQ from docker-compose.yml, when a Docker engine answers. Their project is this checkout's alone,
# with passwords, ports and volumes of its own: what somebody runs by hand from the same file (`docker compose up`, with
# .env) is another project, and is never used, stopped or wiped here.

OWN_SETTINGS=$RUN/compose.env

# What the shell exports would win over the settings file, and COMPOSE_* could name another project.
compose() {
    local name
    (
        unset "${!COMPOSE_@}"
        while IFS='=' read -r name _; do unset "$name"; done <"$OWN_SETTINGS"
        exec docker compose --project-directory "$ROOT" --file "$ROOT/docker-compose.yml" \
            --project-name "sluice-dev-$(checkout_number)" --env-file "$OWN_SETTINGS" "$@" </dev/null
    )
}

compose_engine_answers() {
    command -v docker >/dev/null && ends_within 5 docker info && ends_within 5 docker compose version
}

compose_up() {
    make_compose_settings
    KIND=compose
    save_settings
    compose up -d --wait postgres rabbitmq >&2 ||
        die 'docker compose could not start the servers: see above; to start afresh: scripts/servers down --wipe'
}

# Everything that docker-compose.yml insists on, also for the services that are not started here.
make_compose_settings() {
    local name
    [ ! -e "$OWN_SETTINGS" ] || return 0
    (
        umask 077
        exec >"$OWN_SETTINGS.new"
        for name in POSTGRES_PASSWORD INGRESS_DATABASE_PASSWORD WORKERS_DATABASE_PASSWORD RABBITMQ_PASSWORD \
            GRAFANA_PASSWORD SLUICE_SECRETS_KEY; do
            printf '%s=%s\n' "$name" "$(random_hex 16)"
        done
        for name in POSTGRES_PORT AMQP_PORT RABBITMQ_MANAGEMENT_PORT RABBITMQ_PROMETHEUS_PORT; do
            printf '%s=%s\n' "$name" "$(free_port)"
        done
    )
    mv "$OWN_SETTINGS.new" "$OWN_SETTINGS"
}

compose_usable() {
    [ "$KIND" = compose ] && [ -r "$OWN_SETTINGS" ] && compose_engine_answers &&
        [ "$(compose ps --status running --services 2>/dev/null | grep -cE '^(postgres|rabbitmq)$')" = 2 ]
}

compose_down() {
    [ ! -e "$OWN_SETTINGS" ] || compose stop postgres rabbitmq >&2
}

compose_wipe() {
    [ -e "$OWN_SETTINGS" ] || return 0
    compose down --volumes >&2
    rm -f "$OWN_SETTINGS"
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

compose_setting() {
    [ ! -r "$OWN_SETTINGS" ] || sed -n "s/^$1=//p" "$OWN_SETTINGS"
}

compose_status() {
    printf 'docker compose\n'
    [ ! -r "$OWN_SETTINGS" ] || compose ps postgres rabbitmq
}
