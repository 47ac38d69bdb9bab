# shellcheck shell=bash
# One at a time per checkout (`up`, `down`, a download); the second waits for the first.

take_lock() {
    local file=$1
    if command -v flock >/dev/null; then
        exec 9>"$file"
        flock -w 300 9 || die "another script has been at work for five minutes (lock: $file)"
    else
        take_lock_directory "$file.d"
    fi
}

# For systems without flock: a directory is made by one process only; a dead holder's is taken over.
take_lock_directory() {
    local directory=$1
    if ! wait_until 300 try_lock_directory "$directory"; then
        die "another script has been at work for five minutes (lock: $directory)"
    fi
    # shellcheck disable=SC2064 # the directory's name is wanted as it is now
    trap "rm -rf '$directory'" EXIT
}

try_lock_directory() {
    local directory=$1 holder
    if mkdir "$directory" 2>/dev/null; then
        printf '%s\n' "$$" >"$directory/pid"
        return 0
    fi
    holder=$(cat "$directory/pid" 2>/dev/null || true)
    if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
        rm -rf "$directory"
    fi
    return 1
}
