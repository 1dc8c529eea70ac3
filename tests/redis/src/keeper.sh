# shellcheck shell=sh
# Keeps one Redis for the process at the other end of stdin. That end closes when the process is gone, however it went, and
# then the server is stopped and its folder removed.
#
#   keeper.sh PARENT
#
# Prints the folder it made below PARENT; the server's socket is `redis` in it. Then takes a command a line, and answers
# each with "ok" or "failed":
#   start    returns when the server can be reached
#   stop     returns when it is gone
#   pause    returns when it has stopped to answer; it keeps its connections
#   resume   the other way round
set -u
server=

stop() {
    [ -n "$server" ] || return 0
    kill -s KILL "$server" 2>/dev/null
    wait "$server" 2>/dev/null
    server=
    rm -f "$folder/redis"
}

clean() {
    stop
    rm -rf "$folder"
}

start() {
    [ -z "$server" ] || return 1
    redis-server --port 0 --unixsocket "$folder/redis" --save '' --appendonly no --dir "$folder" \
        </dev/null >>"$folder/log" 2>&1 &
    server=$!
    # The socket is there a moment before anyone listens on it.
    until [ "$(redis-cli -s "$folder/redis" ping 2>/dev/null)" = PONG ]; do
        if ! kill -0 "$server" 2>/dev/null; then
            server=
            return 1
        fi
        sleep 0.02
    done
}

folder=$(mktemp -d "$1/commerce-redis-XXXXXXXX") || exit 1
trap clean EXIT
trap 'exit 1' HUP INT TERM
trap '' PIPE
echo "$folder"

while read -r command; do
    case $command in
    start) start ;;
    stop) stop ;;
    pause) kill -s STOP "$server" ;;
    resume) kill -s CONT "$server" ;;
    *) false ;;
    esac && echo ok || echo failed
done
