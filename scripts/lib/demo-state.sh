# shellcheck shell=bash
# The demo's own state: a database and a vhost named after this checkout, made anew at every start, and a key for secrets
# at rest.

DEMO_NAME=sluice_demo_$(checkout_number)
# Where they were made, for taking them away again; empty when they were not made.
SERVER_DATABASE_URL=''
MADE_VHOST=''

fresh_state() {
    fresh_database
    fresh_vhost
    export SLUICE_SECRETS_KEY DATABASE_URL AMQP_URL
    SLUICE_SECRETS_KEY=$(secrets_key)
    say 'migrating'
    "$(programs_directory)/console" migrate >"$DEMO/migrate.log" 2>&1 || {
        show_end_of "$DEMO/migrate.log"
        die 'the migration failed: see above'
    }
}

# From servers that are not ours: there the demo leaves nothing behind.
drop_state() {
    if [ -n "$SERVER_DATABASE_URL" ]; then
        server_sql "drop database if exists $DEMO_NAME with (force)" || say "the database $DEMO_NAME could not be dropped"
    fi
    if [ -n "$MADE_VHOST" ]; then
        # In a subshell: what could not be taken away does not change how the story ended.
        (expect_status '204 404' DELETE "$RABBITMQ_MANAGEMENT_URL/api/vhosts/$DEMO_NAME") || true
    fi
}

# Without psql (a caller's own server, no client installed) the database is used as it is.
fresh_database() {
    local sql
    if [ -z "$(find_psql)" ]; then
        say 'psql is not installed: the demo uses the database of DATABASE_URL as it is'
        return
    fi
    SERVER_DATABASE_URL=$DATABASE_URL
    for sql in "drop database if exists $DEMO_NAME with (force)" "create database $DEMO_NAME"; do
        server_sql "$sql" || {
            show_end_of "$DEMO/psql.log"
            die "cannot make the demo's database: see above"
        }
    done
    DATABASE_URL=$(with_last_part "$DATABASE_URL" "$DEMO_NAME")
}

# The login goes through the environment: a command line can be read by every user of the machine.
server_sql() (
    login=$(login_of "$SERVER_DATABASE_URL")
    case $login in ?*) export PGUSER && PGUSER=$(percent_decoded "${login%%:*}") ;; esac
    case $login in *:*) export PGPASSWORD && PGPASSWORD=$(percent_decoded "${login#*:}") ;; esac
    "$(find_psql)" "$(without_login "$SERVER_DATABASE_URL")" -X -q -v ON_ERROR_STOP=1 -c "$1" \
        </dev/null >/dev/null 2>"$DEMO/psql.log"
)

find_psql() {
    local bin
    if command -v psql; then
        return
    fi
    for bin in /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin; do
        if [ -x "$bin/psql" ]; then
            printf '%s\n' "$bin/psql"
            return
        fi
    done
}

# Over the management API; a broker whose API is not reachable by plain HTTP is used as it is.
fresh_vhost() {
    local login user api=$RABBITMQ_MANAGEMENT_URL/api permissions='{"configure":".*","write":".*","read":".*"}'
    if ! http_ok "$api/whoami"; then
        say "the management API does not answer on $(without_login "$api"): the demo uses the vhost of AMQP_URL as it is"
        return
    fi
    login=$(login_of "$AMQP_URL")
    user=${login%%:*}
    [ -n "$user" ] || user=guest
    MADE_VHOST=yes
    expect_status '204 404' DELETE "$api/vhosts/$DEMO_NAME"
    expect_status '201 204' PUT "$api/vhosts/$DEMO_NAME" '{}'
    expect_status '201 204' PUT "$api/permissions/$DEMO_NAME/$user" "$permissions"
    AMQP_URL=$(with_last_part_of_each "$AMQP_URL" "$DEMO_NAME")
}

expect_status() {
    local expected=$1 status
    shift
    status=$(http_status "$@")
    case " $expected " in
        *" ${status:-none} "*) ;;
        *) die "the demo's vhost: RabbitMQ answered ${status:-nothing} to $1 $(without_login "$2")" ;;
    esac
}

# Kept from run to run, readable by the checkout's owner only.
secrets_key() {
    local file=$ROOT/.run/secrets-key
    [ -s "$file" ] || (umask 077 && head -c 32 /dev/urandom | base64 | tr -d '\n' >"$file")
    cat "$file"
}
