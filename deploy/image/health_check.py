"""The health check of a container: exit code 0 while the process answers `/healthz`.

Standard library alone, since it runs every few seconds. It asks the port on which this process
serves: that of the fold (DANCHU_HEALTH_PORT) if there is one, else that of HTTP.
"""

import os
import ssl
import sys
import urllib.request

TIMEOUT_SECONDS = 4
CERTIFICATE = ("DANCHU_TLS_CERTIFICATE", "DANCHU_TLS_CERTIFICATE_FILE")


def main() -> int:
    """Asks once."""
    fold = os.environ.get("DANCHU_HEALTH_PORT")
    scheme = "https" if any(map(os.environ.get, CERTIFICATE)) and not fold else "http"
    url = f"{scheme}://127.0.0.1:{fold or os.environ.get('DANCHU_PORT') or 8080}/healthz"
    # the certificate is that of the outside name; this asks its own process over the loopback
    context = ssl._create_unverified_context() if scheme == "https" else None
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS, context=context) as answer:
            return 0 if answer.status == 200 else 1
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
