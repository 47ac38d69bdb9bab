# shellcheck shell=bash
# Finds promtool, which checks and tests the alert rules; on Debian and its relatives it is taken out of its package, and
# nothing is installed.

PROMTOOL_HOME=$ROOT/.run/promtool

# Prints where promtool is, or nothing.
promtool_program() {
    if command -v promtool; then
        return
    elif [ ! -x "$PROMTOOL_HOME/usr/bin/promtool" ]; then
        fetch_promtool >/dev/null 2>&1 || return 0
    fi
    printf '%s\n' "$PROMTOOL_HOME/usr/bin/promtool"
}

fetch_promtool() {
    command -v apt-get && command -v dpkg-deb || return 1
    rm -rf "$PROMTOOL_HOME"
    mkdir -p "$PROMTOOL_HOME.new"
    (cd "$PROMTOOL_HOME.new" && ends_within 120 apt-get download prometheus &&
        dpkg-deb --extract ./prometheus_*.deb . && rm ./prometheus_*.deb usr/bin/prometheus &&
        usr/bin/promtool --version) || { rm -rf "$PROMTOOL_HOME.new"; return 1; }
    mv "$PROMTOOL_HOME.new" "$PROMTOOL_HOME"
}
