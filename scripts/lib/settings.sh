# shellcheck shell=bash
# shellcheck disable=SC2034 # the names are read by the other parts
# What is remembered between calls, in a file `settings` (of a pair of servers in .run/servers): where the data lives,
# passwords, ports. Readable by the checkout's owner only.

SETTINGS_FILE=$RUN/settings
SETTINGS_NAMES='KIND HOME_DIR HOME_OF NODE_NAME ERLANG_COOKIE POSTGRES_PASSWORD RABBITMQ_PASSWORD POSTGRES_PORT
    AMQP_PORT MANAGEMENT_PORT PROMETHEUS_PORT DISTRIBUTION_PORT EPMD_PORT'

KIND=''
HOME_DIR=''
HOME_OF=''
NODE_NAME=''
ERLANG_COOKIE=''
POSTGRES_PASSWORD=''
RABBITMQ_PASSWORD=''
POSTGRES_PORT=''
AMQP_PORT=''
MANAGEMENT_PORT=''
PROMETHEUS_PORT=''
DISTRIBUTION_PORT=''
EPMD_PORT=''

load_settings() {
    [ -e "$SETTINGS_FILE" ] || return 0
    [ -r "$SETTINGS_FILE" ] || die "$SETTINGS_FILE belongs to another user: who started the servers must use them"
    # shellcheck source=/dev/null
    . "$SETTINGS_FILE"
}

save_settings() {
    local name
    (
        umask 077
        for name in $SETTINGS_NAMES; do
            printf '%s=%q\n' "$name" "${!name}"
        done >"$SETTINGS_FILE.new"
    )
    mv "$SETTINGS_FILE.new" "$SETTINGS_FILE"
}

random_hex() {
    od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'
}
