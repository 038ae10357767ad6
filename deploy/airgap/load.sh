#!/bin/sh
# Loads the images of this bundle into docker or podman, after their checksums; needs no network.
# ENGINE=podman chooses one where both are there.
set -eu
cd "$(dirname "$0")"
sha256sum --check --quiet SHA256SUMS || {
  echo "tệp bị hỏng, không nạp gì / a file is damaged: nothing was loaded" >&2
  exit 1
}
engine=${ENGINE:-}
if [ -z "$engine" ]; then
  for each in docker podman; do
    if "$each" info > /dev/null 2>&1; then engine=$each; break; fi
  done
fi
[ -n "$engine" ] || {
  echo "không có docker hay podman nào trả lời / neither docker nor podman responds" >&2
  exit 2
}
for image in images/*.tar.gz; do "$engine" load -q -i "$image"; done
echo "chạy thử / try it: docker compose --env-file images.env -f deploy/compose.yaml up --no-build"
