# shellcheck shell=bash
# Gets PostgreSQL and RabbitMQ onto the machine when they are missing. On Debian and its relatives it installs them
# (install-debian-packages does the part that needs root); elsewhere it says what to install.

install_missing_packages() {
    local missing=()
    [ -n "$(postgres_bin)" ] || [ -e "$(postgres_data)/PG_VERSION" ] || missing+=(postgresql)
    [ -n "$(rabbitmq_start_script)" ] && [ -n "$(epmd_program)" ] || missing+=(rabbitmq-server)
    if [ "${#missing[@]}" -eq 0 ]; then
        # An installation that was killed may have left its policy against service starts behind.
        if grep -qs 'scripts/servers of Sluice' /usr/sbin/policy-rc.d; then install_debian_packages; fi
    elif command -v apt-get >/dev/null; then
        install_debian_packages "${missing[@]}"
    elif [ "$(uname -s)" = Darwin ]; then
        die "install the servers first (they need not be started): brew install postgresql@17 rabbitmq"
    else
        die "PostgreSQL or RabbitMQ is missing. Install both with your system's package manager (they need not be" \
            'started), or start a Docker engine, or set DATABASE_URL and AMQP_URL'
    fi
}

# Rust links with the C compiler, and some crates build a little C.
install_missing_compiler() {
    if command -v cc >/dev/null; then
        return
    elif command -v apt-get >/dev/null; then
        install_debian_packages gcc libc6-dev
    else
        die 'a C compiler (cc) is missing: Rust needs one to link'
    fi
}

install_debian_packages() {
    local installer=$ROOT/scripts/lib/install-debian-packages
    say "installing Debian packages: ${*:-none, only tidying up after an earlier run}"
    if [ "$(id -u)" -eq 0 ]; then
        "$installer" "$@"
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        sudo "$installer" "$@"
    else
        die "cannot become root. Run this once as root, then again what you did: $installer $*"
    fi
}
