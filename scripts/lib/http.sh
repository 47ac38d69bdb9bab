# shellcheck shell=bash
# The little HTTP that is needed to ask whether a server is ready and to make a vhost. bash alone does this: a fresh
# machine need not have curl.

# http_status METHOD URL [JSON]: the status code, or nothing when there is no answer within five seconds.
# URL: http://[user:password@]host:port/path
http_status() {
    local method=$1 rest=${2#http://} body=${3:-} authority path login='' protocol status=''
    authority=${rest%%/*}
    path=${rest#"$authority"}
    path=${path:-/}
    if [ "$authority" != "${authority##*@}" ]; then
        login="Authorization: Basic $(percent_decoded "${authority%@*}" | base64 | tr -d '\n')"$'\r\n'
        authority=${authority##*@}
    fi
    {
        printf '%s %s HTTP/1.0\r\nHost: %s\r\n%sContent-Type: application/json\r\nContent-Length: %s\r\n\r\n%s' \
            "$method" "$path" "$authority" "$login" "${#body}" "$body" >&3
        # shellcheck disable=SC2034 # the protocol is read only to get past it
        read -r -t 5 protocol status _ <&3 && printf '%s\n' "${status%$'\r'}"
    } 2>/dev/null 3<>"/dev/tcp/${authority%:*}/${authority##*:}" || true
}

http_ok() {
    [ "$(http_status GET "$1" 2>/dev/null)" = 200 ]
}

# What the demo and the tests start listens on the loopback address, which no proxy reaches.
no_proxy_for_this_machine() {
    local hosts=${no_proxy:-${NO_PROXY:-}}
    hosts=${hosts:+$hosts,}127.0.0.1,localhost
    export no_proxy=$hosts NO_PROXY=$hosts
}
