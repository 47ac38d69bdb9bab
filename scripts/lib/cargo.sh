# shellcheck shell=bash
# Finds cargo where rustup puts it, also when the shell was never told, and says where the built programs are.

require_cargo() {
    if ! command -v cargo >/dev/null; then
        PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
    fi
    command -v cargo >/dev/null || die 'cargo is missing: install Rust first (https://rustup.rs)'
    install_missing_compiler
}

has_cargo_tool() {
    cargo "$1" --version >/dev/null 2>&1
}

programs_directory() {
    printf '%s/debug\n' "${CARGO_TARGET_DIR:-$ROOT/target}"
}
