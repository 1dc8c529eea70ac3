# shellcheck shell=sh
# Keeps one PostgreSQL server for the process at the other end of stdin. That end closes when the process is gone, however
# it went, and then the server is stopped and its folder removed.
#
#   keeper.sh PARENT BIN USER     USER runs the server; empty: whoever runs this
#
# Prints the folder it made below PARENT. Then takes a command a line, and answers each with "ok" or "failed":
#   init           makes the data folder
#   start PORT     returns when the server accepts connections
#   stop SIGNAL    returns when it is gone
set -u
parent=$1 bin=$2 user=$3
server=

halt() {
    [ -n "$server" ] || return 0
    kill -s "$1" "$server" 2>/dev/null
    wait "$server" 2>/dev/null
    server=
}

clean() {
    halt QUIT
    rm -rf "$folder"
}

# Becomes the command given, as the server's user.
become() {
    if [ -n "$user" ]; then
        exec setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups "$@"
    fi
    exec "$@"
}

init() {
    (become "$bin/initdb" --no-sync -A trust --locale=C -E UTF8 -U postgres -D "$folder/data") \
        </dev/null >>"$folder/log" 2>&1
}

start() {
    if [ -n "$server" ] && kill -0 "$server" 2>/dev/null; then
        return 1
    fi
    rm -f "$folder/data/postmaster.pid"
    (become "$bin/postgres" -D "$folder/data" -p "$1") </dev/null >>"$folder/log" 2>&1 &
    server=$!
    until grep -q '^ready' "$folder/data/postmaster.pid" 2>/dev/null; do
        if ! kill -0 "$server" 2>/dev/null; then
            server=
            return 1
        fi
        sleep 0.02
    done
}

folder=$(mktemp -d "$parent/commerce-postgres-XXXXXXXX") || exit 1
trap clean EXIT
trap 'exit 1' HUP INT TERM
trap '' PIPE
if [ -n "$user" ]; then
    chown "$user" "$folder" || exit 1
fi
cd / || exit 1
echo "$folder"

while read -r command argument; do
    case $command in
    init) init ;;
    start) start "$argument" ;;
    stop) halt "$argument" ;;
    *) false ;;
    esac && echo ok || echo failed
done
