# shellcheck shell=bash
# Finds Chromium and its driver, with which the browser tests look at the web console. On Debian and its relatives both are
# taken out of their packages, with the libraries that the machine lacks and a font that has Chinese; nothing is installed.

CHROMIUM_HOME=$ROOT/.run/chromium
CHROMIUM_LOG=$ROOT/.run/chromium.log
CHROMIUM_FAILED=$ROOT/.run/chromium.failed

# Prints where the driver is, where the browser is, and what argument the browser needs here, if any; a line each. Prints
# nothing where there is no browser.
chromium_programs() {
    if installed_chromium; then
        :
    elif chromium_is_fetched || fetch_chromium; then
        printf '%s\n' "$CHROMIUM_HOME/chromedriver" "$(chromium_binary)"
    else
        return 0
    fi
    chromium_sandbox_works || echo --no-sandbox
}

installed_chromium() {
    local driver browser
    driver=$(command -v chromedriver) || return 1
    browser=$(command -v chromium || command -v google-chrome || command -v chromium-headless-shell) || return 1
    printf '%s\n' "$driver" "$browser"
}

# Chromium's sandbox refuses root, and wants user namespaces, which containers often forbid.
chromium_sandbox_works() {
    [ "$(id -u)" -ne 0 ] && unshare --user --map-root-user true 2>/dev/null
}

chromium_binary() {
    printf '%s\n' "$CHROMIUM_HOME/usr/lib/chromium/chromium-headless-shell"
}

# What was fetched may have lost a library of the machine's since.
chromium_is_fetched() {
    "$CHROMIUM_HOME/chromedriver" --version && "$CHROMIUM_HOME/chromedriver" --try "$(chromium_binary)"
} >/dev/null 2>&1

# One test after another asks for it: what failed just before is not tried again for ten minutes.
fetch_chromium() {
    [ -z "$(find "$CHROMIUM_FAILED" -mmin -10 2>/dev/null)" ] || return 1
    say 'fetching Chromium for the browser tests, once: about 95 MB, into .run/chromium'
    : >"$CHROMIUM_LOG"
    if logged unpack_chromium && logged "$CHROMIUM_HOME/chromedriver" --try "$(chromium_binary)"; then
        return
    fi
    say "there is no Chromium, and it cannot be fetched: ${CHROMIUM_LOG#"$ROOT/"} says why"
    rm -rf "$CHROMIUM_HOME" "$CHROMIUM_HOME.new"
    touch "$CHROMIUM_FAILED"
    return 1
}

unpack_chromium() {
    local new=$CHROMIUM_HOME.new package
    command -v apt-get && command -v dpkg-deb || return 1
    rm -rf "$CHROMIUM_HOME" "$new"
    mkdir -p "$new/packages" "$new/lists/partial"
    download_chromium "$new" || { update_lists "$new" && download_chromium "$new" "$new/lists"; } || return 1
    for package in "$new"/packages/*.deb; do
        dpkg-deb --extract "$package" "$new" || return 1
    done
    # Some hundred megabytes of what no test looks at.
    rm -rf "$new"/{packages,lists,usr/share/doc} "$new"/usr/lib/chromium/libVkLayer_*
    mv "$new" "$CHROMIUM_HOME"
    launch_chromium
}

# download_chromium DIRECTORY [LISTS]: by the machine's own package lists, unless others are named. The driver would want the
# whole browser with its windows; the shell that has none is enough for it.
download_chromium() {
    local directory=$1 lists=${2:-} wanted
    local apt=(apt-get -q -o APT::Sandbox::User=root ${lists:+-o "Dir::State::lists=$lists"})
    local always=(chromium-headless-shell chromium-common fonts-wqy-microhei)
    wanted=$("${apt[@]}" --simulate --no-install-recommends install "${always[@]}" fonts-dejavu-core) || return 1
    wanted=$(sed -n 's/^Inst \([^ ]*\) .*/\1/p' <<<"$wanted")
    # shellcheck disable=SC2086 # a list of names
    (cd "$directory/packages" && rm -f ./*.deb && ends_within 300 logged "${apt[@]}" download "${always[@]}" chromium-driver $wanted)
}

# The machine's lists may be missing, or name packages that have been replaced; only root could renew them.
update_lists() {
    ends_within 120 logged apt-get -q -o APT::Sandbox::User=root -o "Dir::State::lists=$1/lists" -o "Dir::Cache=$1/packages" update
}

logged() {
    "$@" >>"$CHROMIUM_LOG" 2>&1
}

# A program that runs the driver, and with it the browser, on what was unpacked; with --try it runs the browser alone.
launch_chromium() {
    local libraries
    libraries=$(find "$CHROMIUM_HOME" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
    cat >"$CHROMIUM_HOME/fonts.conf" <<'FONTS'
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">usr/share/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
  <match target="pattern">
    <edit name="family" mode="append_last"><string>DejaVu Sans</string><string>WenQuanYi Micro Hei</string></edit>
  </match>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
FONTS
    cat >"$CHROMIUM_HOME/chromedriver" <<LAUNCHER
#!/usr/bin/env bash
export LD_LIBRARY_PATH=$(printf %q "$libraries") FONTCONFIG_FILE=$(printf %q "$CHROMIUM_HOME/fonts.conf")
export XDG_CACHE_HOME=$(printf %q "$CHROMIUM_HOME/cache")
[ "\$1" != --try ] || exec "\$2" --version
exec $(printf %q "$CHROMIUM_HOME/usr/bin/chromedriver") "\$@"
LAUNCHER
    chmod 755 "$CHROMIUM_HOME/chromedriver"
}
