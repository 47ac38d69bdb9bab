# shellcheck shell=bash
# Ports on the loopback address. bash alone does this: a fresh machine need not have ss or nc.

port_answers() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# A port nobody listens on, below the range from which systems take the ports of outgoing connections.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        if ! port_answers "$port"; then
            printf '%s\n' "$port"
            return
        fi
    done
}

# The wanted port, or another when somebody listens there.
port_near() {
    if port_answers "$1"; then free_port; else printf '%s\n' "$1"; fi
}
