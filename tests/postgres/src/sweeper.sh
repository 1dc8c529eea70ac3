# shellcheck shell=sh
# Drops the databases that the process at the other end of stdin made on a server that stays, and could not drop itself
# because it was killed. Reads "+ NAME" before one is created and "- NAME" after it was dropped.
#
#   sweeper.sh PSQL       the server's address is in COMMERCE_SWEEP_URL
set -u
trap '' HUP INT TERM
names=' '
while read -r sign name; do
    case $sign in
    +) names="$names$name " ;;
    -) names="${names%% "$name" *} ${names#* "$name" }" ;;
    esac
done
[ -z "${names# }" ] && exit
# One may just be created by a statement whose client is gone.
sleep 1
for name in $names; do
    "$1" -X -q -d "$COMMERCE_SWEEP_URL" -c "DROP DATABASE IF EXISTS \"$name\" WITH (FORCE)"
done
