# shellcheck shell=bash
# Finds Prometheus, and promtool, which checks and tests the alert rules; on Debian and its relatives both are taken out of
# their package, and nothing is installed.

PROMETHEUS_HOME=$ROOT/.run/prometheus

# Prints where promtool is, or nothing.
promtool_program() {
    program_of_prometheus promtool
}

# Prints where Prometheus itself is, or nothing.
prometheus_program() {
    program_of_prometheus prometheus
}

program_of_prometheus() {
    if command -v "$1"; then
        return
    elif [ ! -x "$PROMETHEUS_HOME/usr/bin/$1" ]; then
        fetch_prometheus >/dev/null 2>&1 || return 0
    fi
    printf '%s\n' "$PROMETHEUS_HOME/usr/bin/$1"
}

fetch_prometheus() {
    command -v apt-get && command -v dpkg-deb || return 1
    rm -rf "$PROMETHEUS_HOME"
    mkdir -p "$PROMETHEUS_HOME.new"
    (cd "$PROMETHEUS_HOME.new" && ends_within 120 apt-get download prometheus &&
        dpkg-deb --extract ./prometheus_*.deb . && rm ./prometheus_*.deb &&
        usr/bin/promtool --version && usr/bin/prometheus --version) || { rm -rf "$PROMETHEUS_HOME.new"; return 1; }
    mv "$PROMETHEUS_HOME.new" "$PROMETHEUS_HOME"
}
