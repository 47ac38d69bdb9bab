# shellcheck shell=bash
# Taking addresses apart: scheme://[user[:password]@]host[:port][/name][?parameters], with user and password
# percent-encoded.

# with_last_part URL NAME: the URL with another database or vhost; parameters stay.
with_last_part() {
    local url=${1%%\?*} parameters='' scheme rest authority
    [ "$url" = "$1" ] || parameters="?${1#*\?}"
    scheme=${url%%://*}
    rest=${url#*://}
    authority=${rest%%/*}
    printf '%s://%s/%s%s\n' "$scheme" "$authority" "$2" "$parameters"
}

# with_last_part_of_each URLS NAME: the same for the addresses of a cluster's nodes, separated by commas.
with_last_part_of_each() {
    local urls url changed=''
    IFS=, read -ra urls <<<"$1"
    for url in "${urls[@]}"; do
        changed=$changed${changed:+,}$(with_last_part "$url" "$2")
    done
    printf '%s\n' "$changed"
}

last_part() {
    local rest=${1%%\?*}
    rest=${rest#*://}
    case $rest in */*) printf '%s\n' "${rest#*/}" ;; esac
}

login_of() {
    local authority=${1#*://}
    authority=${authority%%[/?]*}
    [ "$authority" = "${authority##*@}" ] || printf '%s\n' "${authority%@*}"
}

without_login() {
    local scheme=${1%%://*} rest=${1#*://} login
    login=$(login_of "$1")
    printf '%s://%s\n' "$scheme" "${rest#"${login:+$login@}"}"
}

percent_decoded() {
    local text=${1//\\/\\\\}
    printf '%b' "${text//%/\\x}"
}

# print_env DATABASE AMQP MANAGEMENT PROMETHEUS: as lines for a shell to evaluate.
print_env() {
    printf 'export DATABASE_URL=%q\n' "$1"
    printf 'export AMQP_URL=%q\n' "$2"
    printf 'export RABBITMQ_MANAGEMENT_URL=%q\n' "$3"
    printf 'export RABBITMQ_PROMETHEUS_URL=%q\n' "$4"
}
