# Owns one throw-away cluster for as long as standard input stays open.
#
# The Go side holds the other end of that pipe and nothing else does, so
# however its process ends, kill -9 included, read returns here and the
# cluster goes with its folders.
bin=$1 dir=$2 socket=$3
cd "$dir" || exit

start() {
	"$bin/initdb" -D data -U postgres -A trust -E UTF8 --locale=C --no-sync &&
		cat settings.conf >>data/postgresql.conf &&
		"$bin/pg_ctl" -D data -l server.log -w -t 30 start
}
if start >start.log 2>&1; then echo ready; else echo failed; fi

read -r _ || :
"$bin/pg_ctl" -D data -m immediate stop >/dev/null 2>&1
cd / && rm -rf "$socket" "$dir"
