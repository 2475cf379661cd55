#!/bin/sh
# Tells toco who its processes are, from the index that Kubernetes gives each pod of an Indexed Job, and becomes the command.
# NAME: of the Job and of its headless Service; PROCESSES: how many pods; PORT: where each listens. HOSTS, a host:port for each with
# blanks between them, is for trying it elsewhere.
set -eu
: "${JOB_COMPLETION_INDEX:?is not set: run this in a pod of an Indexed Job}"
: "${NAME:?is not set}" "${PROCESSES:?is not set}" "${PORT:=2222}"
for number in "$JOB_COMPLETION_INDEX" "$PROCESSES" "$PORT"; do
  case "$number" in
    *[!0-9]*)
      echo "entry.sh: JOB_COMPLETION_INDEX, PROCESSES and PORT are whole numbers, not $number" >&2
      exit 1
      ;;
  esac
done

workers=''
i=0
while [ "$i" -lt "$PROCESSES" ]; do
  address="$NAME-$i.$NAME:$PORT"
  if [ -n "${HOSTS:-}" ]; then address=$(echo "$HOSTS" | cut -d ' ' -f $((i + 1))); fi
  workers="$workers${workers:+,}\"$address\""
  i=$((i + 1))
done
TF_CONFIG="{\"cluster\":{\"worker\":[$workers]},\"task\":{\"type\":\"worker\",\"index\":$JOB_COMPLETION_INDEX}}"
export TF_CONFIG
exec "$@"
