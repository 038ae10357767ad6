#!/usr/bin/env bash
# Sends one CloudEvent (a file) to danchu over NATS with nothing but a socket, and prints the receipt.
# usage: emit.sh HOST PORT USER PASSWORD UNIT FILE
set -euo pipefail
host=$1 port=$2 user=$3 password=$4 unit=$5 file=$6
inbox="_INBOX.$$.$RANDOM"
body=$(cat "$file")
length=$(printf %s "$body" | wc -c)
exec 3<>"/dev/tcp/$host/$port"
read -r _ <&3 # INFO {...}
printf 'CONNECT {"verbose":false,"pedantic":false,"user":"%s","pass":"%s","lang":"bash","version":"1"}\r\nPING\r\n' "$user" "$password" >&3
while read -r -t 10 line <&3; do
  case $line in PONG*) break ;; -ERR*) echo "${line%$'\r'}" >&2; exit 1 ;; esac
done
printf 'SUB %s 1\r\n' "$inbox" >&3
printf 'PUB danchu.emit.%s %s %s\r\n%s\r\n' "${unit//./-}" "$inbox" "$length" "$body" >&3
while read -r -t 10 line <&3; do
  line=${line%$'\r'}
  case $line in
    PING) printf 'PONG\r\n' >&3 ;;
    -ERR*) echo "$line" >&2; exit 1 ;;
    MSG*) read -r -t 10 answer <&3; echo "${answer%$'\r'}"; exit 0 ;;
  esac
done
echo "no answer: send the same event again, the same id is counted once" >&2
exit 1
