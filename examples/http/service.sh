#!/bin/sh
# A program that knows nothing of rarangi but its HTTP: sh service.sh register NAME PORT, or lookup
# NAME, or watch NAME. A service is registered at both servers of its host, by two requests of one
# key, for as long as these last; then the end of one server leaves no gap.
set -eu

sides=${RARANGI_HTTP:-http://127.0.0.1:17342 http://127.0.0.1:17343}

# Prints events, and the status of the answer that had them. It ends when process $1 has ended, because a
# shell that is killed by force leaves its children behind.
take() {
  while read -r line; do
    kill -0 "$1" || exit
    case $line in '{'*) echo "$line" >&2 ;; *) echo "$line" ;; esac
  done
}

# Holds the offer in file $2 at server $1 for process $3, again and again, until it is refused. A
# server says every five seconds that it is alive; one that is silent for twelve is left.
hold() {
  pause=0.25
  while :; do
    status=$(curl -sN --speed-limit 1 --speed-time 12 -w '\n%{http_code}\n' "$1/v1/register" \
      -H 'Content-Type: application/json' -d "@$2" | take "$3" | tail -n 1)
    case $status in
      200) pause=0.25 ;;
      000 | 429 | 5??) ;;
      *) echo "refused: $status" >&2 && kill "$3" && exit ;;
    esac
    sleep "$pause"
    pause=$(echo "$pause" | awk '{ print $1 < 2.5 ? $1 * 2 : 5 }')
  done
}

register() {
  offer=$(mktemp)
  holders=
  trap 'rm -f "$offer"; kill -s TERM -- $holders' EXIT
  trap 'exit 143' TERM INT
  # ps must not show the key.
  key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '{"service":"%s","port":%s,"key":"%s"}' "$1" "$2" "$key" >"$offer"
  for side in $sides; do
    # Each has a process group of its own, so that nothing of it is left.
    setsid sh "$0" hold "$side" "$offer" $$ &
    holders="$holders -$!"
  done
  wait
}

# 404 says that there surely is none. Anything else but 200 is no answer: the other server may have one.
lookup() {
  for side in $sides; do
    answer=$(curl -s -w '\n%{http_code}' "$side/v1/services/$1?format=hostport") || continue
    case $answer in
      *200) echo "$answer" | sed '$d;/^$/d' && exit 0 ;;
      *404) exit 1 ;;
    esac
  done
  exit 5
}

# After a reconnect the present set comes anew, and ends with "synced".
watch() {
  while :; do
    for side in $sides; do
      curl -sN --speed-limit 1 --speed-time 12 "$side/v1/watch?service=$1" || true
      sleep 0.25
    done
  done
}

"$@"
