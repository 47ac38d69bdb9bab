# shellcheck shell=bash
# The demo's own state: a database and a vhost `sluice_demo`, made anew at every start, and a key for secrets at rest.

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

# Without psql (a caller's own server, no client installed) the database is used as it is.
fresh_database() {
    local psql sql
    psql=$(find_psql)
    if [ -z "$psql" ]; then
        say 'psql is not installed: the demo uses the database of DATABASE_URL as it is'
        return
    fi
    for sql in 'drop database if exists sluice_demo with (force)' 'create database sluice_demo'; do
        $psql "$DATABASE_URL" -X -q -v ON_ERROR_STOP=1 -c "$sql" </dev/null >/dev/null 2>"$DEMO/psql.log" || {
            show_end_of "$DEMO/psql.log"
            die "cannot make the demo's database: see above"
        }
    done
    DATABASE_URL=$(with_last_part "$DATABASE_URL" sluice_demo)
}

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
    expect_status '204 404' DELETE "$api/vhosts/sluice_demo"
    expect_status '201 204' PUT "$api/vhosts/sluice_demo" '{}'
    expect_status '201 204' PUT "$api/permissions/sluice_demo/$user" "$permissions"
    AMQP_URL=$(with_last_part "$AMQP_URL" sluice_demo)
}

expect_status() {
    local expected=$1 status
    shift
    status=$(http_status "$@")
    case " $expected " in
        *" ${status:-none} "*) ;;
        *) die "cannot make the demo's vhost: RabbitMQ answered ${status:-nothing} to $1 $(without_login "$2")" ;;
    esac
}

# Kept from run to run, readable by the checkout's owner only.
secrets_key() {
    local file=$ROOT/.run/secrets-key
    [ -s "$file" ] || (umask 077 && head -c 32 /dev/urandom | base64 | tr -d '\n' >"$file")
    cat "$file"
}

# with_last_part URL NAME: the URL with another database or vhost; parameters after ? stay.
with_last_part() {
    local url=${1%%\?*} parameters='' scheme rest authority
    [ "$url" = "$1" ] || parameters="?${1#*\?}"
    scheme=${url%%://*}
    rest=${url#*://}
    authority=${rest%%/*}
    printf '%s://%s/%s%s\n' "$scheme" "$authority" "$2" "$parameters"
}

login_of() {
    local authority=${1#*://}
    authority=${authority%%/*}
    [ "$authority" = "${authority##*@}" ] || printf '%s\n' "${authority%@*}"
}

without_login() {
    local scheme=${1%%://*} rest=${1#*://}
    printf '%s://%s\n' "$scheme" "${rest#*@}"
}
