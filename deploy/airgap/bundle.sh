#!/usr/bin/env bash
# Packs what build.sh made into one file that a site without internet needs: the images, checksums,
# the script that loads them, compose.yaml, the objects for Kubernetes and the bill of materials.
#
#   deploy/airgap/bundle.sh FOLDER     FOLDER of build.sh; writes FOLDER/danchu-<version>.tar
#
# PYTHON has cyclonedx-bom, as the environment of `make setup` does, which is the default.
set -euo pipefail
umask 022
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
[ $# = 1 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
out=$(cd "$1" && pwd)
PYTHON=${PYTHON:-$root/.venv/bin/python}
"$PYTHON" -c "import cyclonedx_py" 2> /dev/null || {
  echo "$PYTHON has no cyclonedx-bom: run make setup, or name a Python that has it (PYTHON=…)" >&2
  exit 2
}
[ -s "$out/images.env" ] || { echo "$out has no images: run deploy/airgap/build.sh $1 first" >&2; exit 2; }
cd "$root"
seconds=$(git log -1 --format=%ct)
name=danchu-$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)
rm -rf "$out/pack"
mkdir -p "$out/pack/$name/images"
cd "$out/pack/$name"
printf '%s\n' danchu nats postgres |
  xargs -P 2 -I IMAGE sh -ec 'gzip -n -1 -c "$1/$2.tar" > "images/$2.tar.gz"' - "$out" IMAGE
git -C "$root" archive HEAD deploy | tar -x
cp "$out/images.env" .
cp deploy/airgap/load.sh deploy/airgap/README.md .
"$PYTHON" "$root/deploy/image/sbom.py" sbom.cdx.json
find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs -d '\n' sha256sum > SHA256SUMS
cd ..
tar --sort=name --mtime="@$seconds" --owner=0 --group=0 --numeric-owner --format=gnu \
  -cf "$out/$name.tar" "$name"
rm -rf "$out/pack"
echo "$out/$name.tar $(sha256sum < "$out/$name.tar" | cut -d' ' -f1)"
