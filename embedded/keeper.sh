# Runs a server until its last user is gone. See the package comment of embedded.
#
# stdin  the reading end of the FIFO that every user keeps open for writing
# fd 3   server.lock, locked; this shell, the server and its children keep it open
# $1     the signal that stops the server in an orderly way
# $2     folder for acknowledgements: a user writes its id to the FIFO and waits for a file of that name
# $3     file for the server's pid
# $4     folder to delete afterwards, or nothing
# $5...  the server's command
signal=$1 acks=$2 pidfile=$3 discard=$4
shift 4
exec 4<&0 </dev/null
"$@" 4<&- &
server=$!
echo "$server" >"$pidfile"
(
	# The pid is not reaped, and so cannot be reused, before the shell below has waited for it.
	while read -r id; do : >"$acks/$id"; done
	# It repeats the signal, because a shell starts a background command with SIGINT ignored until the server handles it.
	while kill -s "$signal" "$server"; do sleep 1; done
) <&4 3>&- 4<&- &
reader=$!
exec 4<&-
wait "$server"
status=$?
kill "$reader" 2>/dev/null
[ -z "$discard" ] || rm -rf "$discard"
exit "$status"
