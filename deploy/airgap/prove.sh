#!/usr/bin/env bash
# What `make containers` runs: images without a registry, the bundle loaded as a site loads it, the
# composed stack with the sample city, and tests of delivery and SQL against containers.
#
#   deploy/airgap/prove.sh FOLDER      FOLDER keeps the images and the bundle
#
# Where no engine answers and this is root, Debian's is installed and run for as long as this takes,
# with its data in a folder of its own. What the machine cannot run is one line, and no failure.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
export PYTHON=${PYTHON:-$root/.venv/bin/python}
cd "$root"
TESTS=(tests/chassis/relay/test_relay.py tests/intake/test_away.py
  tests/chassis/database/test_durability.py tests/scoring/handlers/test_folder.py)
WORKERS=3
say() { echo "== $SECONDS s: $*"; }
not_run() { echo "Not run in containers: $*"; exit 0; }
install() { apt-get install --yes --no-install-recommends "$@" > /dev/null 2>&1; }
answers() { docker info > /dev/null 2>&1; }

engine="" composed=""
finish() {
  if [ -n "$composed" ]; then compose down --volumes > "$out/down.log" 2>&1 || cat "$out/down.log"; fi
  docker ps -aq --filter label=danchu-test 2> /dev/null | xargs -r docker rm -f > /dev/null 2>&1 || true
  if [ -n "$engine" ]; then
    kill "$(cat "$engine/pid")" 2> /dev/null || true
    wait 2> /dev/null || true
    umount "$engine"/run/netns/* 2> /dev/null || true # the engine leaves this mount behind
    rm -rf "$engine"
  fi
}
trap finish EXIT

start_engine() { # 1 unless Debian's engine runs on a socket of its own
  command -v dockerd > /dev/null || install docker.io || return 1
  engine=$(mktemp -d -p /var/tmp danchu-engine.XXXXXX)
  export DOCKER_HOST=unix://$engine/socket
  dockerd --host "$DOCKER_HOST" --data-root "$engine/data" --exec-root "$engine/run" \
    --pidfile "$engine/pid" > "$out/engine.log" 2>&1 &
  for _ in $(seq 100); do
    if answers; then return 0; fi
    kill -0 $! 2> /dev/null || return 1
    sleep 0.2
  done
  return 1
}
if ! answers; then
  [ "$(id -u)" = 0 ] || not_run "no container engine answers, and only root can start one"
  start_engine || not_run "Debian's engine does not start here: $(tail -1 "$out/engine.log" 2>&1)"
fi
[ "$(id -u)" = 0 ] || not_run "only root can make bases from packages (mmdebstrap)"
command -v mmdebstrap > /dev/null || install mmdebstrap || not_run "mmdebstrap cannot be installed"
if docker compose version > /dev/null 2>&1; then COMPOSE=(docker compose); else COMPOSE=(docker-compose); fi
command -v "${COMPOSE[0]}" > /dev/null || install docker-compose || not_run "there is no compose"

COMMIT=$(git rev-parse HEAD) # of the images; the branch may have another by the time of the tests
export COMMIT
say "images"
TWICE=1 "$here/build.sh" "$out"
say "the bundle, loaded as a site loads it"
"$here/bundle.sh" "$out"
site=$out/site
rm -rf "$site"
mkdir "$site"
tar -C "$site" --strip-components=1 -xf "$out"/danchu-[0-9]*.tar
set -a && . "$site/images.env" && set +a
docker rmi -f "$DANCHU_IMAGE" "$DANCHU_NATS_IMAGE" "$DANCHU_POSTGRES_IMAGE" > /dev/null
"$site/load.sh"

say "the composed stack, by the bundle's own files"
export COMPOSE_PROJECT_NAME=danchu-proof
DANCHU_PUBLISH_PORT=$("$PYTHON" -c "from tests.support.servers import free_port; print(free_port())")
export DANCHU_PUBLISH_PORT DANCHU_COMPOSED=http://127.0.0.1:$DANCHU_PUBLISH_PORT
# The health check of the image, asked each second: nothing here waits for its 10 seconds.
echo '{version: "3.9", services: {danchu: {healthcheck: {interval: 1s}}}}' > "$out/proof.yaml"
compose() {
  "${COMPOSE[@]}" --env-file "$site/images.env" -f "$site/deploy/compose.yaml" -f "$out/proof.yaml" "$@"
}
state() { docker inspect --format '{{.State.Health.Status}}' "$(compose ps -q danchu)" 2> /dev/null; }
healthy() { # waits for it
  for _ in $(seq 240); do
    if [ "$(state)" = healthy ]; then return 0; fi
    sleep 0.5
  done
  compose logs --tail 40
  return 1
}
loaded() { compose exec -T danchu test -f /var/lib/danchu/sample.json 2> /dev/null; }
composed=yes
compose up --detach --no-build > "$out/up.log" 2>&1 || { cat "$out/up.log"; exit 1; }
for _ in $(seq 120); do if loaded; then break; fi; sleep 0.5; done
loaded || { compose logs --tail 40; exit 1; }
healthy
"$PYTHON" -m pytest -q tests/deploy/images/check_images.py
say "started again, it goes on"
compose restart danchu > /dev/null 2>&1
healthy
"$PYTHON" -m pytest -q tests/deploy/images/check_images.py -k "closed or rated"
compose down --volumes > /dev/null 2>&1
composed=""

say "tests of delivery and SQL, their servers in containers"
DANCHU_TEST_CONTAINERS=1 "$PYTHON" -m pytest -q --numprocesses $WORKERS --dist loadgroup "${TESTS[@]}"
rm -rf "$site"
say "done"
