"""Rules over the objects of an overlay or of the files; each returns a sentence per violation."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence

from services.commands.cluster_secrets import SECRETS
from services.commands.setting_names import setting_names
from tests.deploy.kubernetes.objects import (
    Object,
    containers,
    label,
    matches,
    of_kind,
    pods,
    template,
    wave,
)

VOLUMES = {"configMap", "emptyDir", "secret", "persistentVolumeClaim", "projected"}
POD_CONTEXT = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
CONTAINER_CONTEXT = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
Rule = Callable[[list[Object]], list[str]]
DRAIN_SECONDS, HTTP_SECONDS, STATEMENT_SECONDS = 5, 10, 20
"""What a process may need to end: the drain, answers under way, a statement of the database."""


def restricted(contents: Sequence[Object]) -> list[str]:
    """Every pod keeps the restricted standard, and more: nothing writes to its own image."""
    violations = []
    for name, _, pod in pods(contents):
        context = pod.get("securityContext", {})
        violations += [
            f"{name}: pod.{key}" for key, value in POD_CONTEXT.items() if context.get(key) != value
        ]
        if pod.get("automountServiceAccountToken") is not False:
            violations.append(f"{name}: has a token of the API server")
        if pod.get("enableServiceLinks") is not False:
            violations.append(f"{name}: a Service sets variables that look like settings")
        if {"hostNetwork", "hostPID", "hostIPC"} & pod.keys():
            violations.append(f"{name}: shares a namespace of the node")
        for volume in pod.get("volumes", []):
            if not VOLUMES & volume.keys():
                violations.append(f"{name}: volume {volume['name']}")
        violations += [f"{name}: {text}" for each in containers(pod) for text in _loose(each)]
    return violations


def _loose(container: Object) -> Iterator[str]:
    context = container.get("securityContext", {})
    for key, value in CONTAINER_CONTEXT.items():
        if context.get(key) != value:
            yield f"{container['name']}.{key}"
    resources = container.get("resources", {})
    for bound in ("requests", "limits"):
        if resources.get(bound, {}).keys() != {"cpu", "memory"}:
            yield f"{container['name']}: {bound} name cpu and memory"


def services_select(contents: Sequence[Object]) -> list[str]:
    """Every Service selects pods, and names a port of their containers."""
    violations = []
    for service in of_kind(contents, "Service"):
        selector = {"matchLabels": service["spec"]["selector"]}
        chosen = [pod for _, labels, pod in pods(contents) if matches(selector, labels)]
        ports = {
            port["name"]
            for pod in chosen
            for each in containers(pod)
            for port in each.get("ports", [])
        }
        violations += [
            f"{label(service)}: no pod has port {port['targetPort']}"
            for port in service["spec"]["ports"]
            if port["targetPort"] not in ports
        ]
    return violations


def selectors_match(contents: Sequence[Object]) -> list[str]:
    """Workloads, budgets, spreads and autoscalers name pods and workloads that are there."""
    names = {label(each) for each in contents}
    all_labels = [labels for _, labels, _ in pods(contents)]
    violations = []
    for each in of_kind(contents, "Deployment", "StatefulSet"):
        selectors = [each["spec"]["selector"]]
        spreads = template(each)["spec"].get("topologySpreadConstraints", [])
        selectors += [spread["labelSelector"] for spread in spreads]
        own = template(each)["metadata"]["labels"]
        if not all(matches(selector, own) for selector in selectors):
            violations.append(f"{label(each)}: a selector misses its own pods")
    for budget in of_kind(contents, "PodDisruptionBudget"):
        if not any(matches(budget["spec"]["selector"], labels) for labels in all_labels):
            violations.append(f"{label(budget)}: selects nothing")
    for scaler in of_kind(contents, "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        if f"{target['kind']} {target['name']}" not in names:
            violations.append(f"{label(scaler)}: scales nothing")
    return violations


def images_have_versions(contents: Sequence[Object]) -> list[str]:
    """No image is `latest` or without a version."""
    return [
        f"{name}: {container['image']}"
        for name, _, pod in pods(contents)
        for container in containers(pod)
        if not re.fullmatch(r"[^:]+(:\d+)?(/[^:]+)*:\d[\w.-]*", container["image"])
    ]


def settings_exist(contents: Sequence[Object]) -> list[str]:
    """Each variable of danchu's containers and ConfigMaps is a setting of the code."""
    known = setting_names()
    variables = [
        (name, variable["name"])
        for name, _, pod in pods(contents)
        for container in containers(pod)
        for variable in container.get("env", [])
    ]
    for config in of_kind(contents, "ConfigMap"):
        variables += [(label(config), key) for key in config.get("data", {})]
    return [f"{where}: {key}" for where, key in variables if _is_ours(key) and key not in known]


def _is_ours(variable: str) -> bool:
    return variable.startswith("DANCHU_")


def secrets_are_made(contents: Sequence[Object]) -> list[str]:
    """No Secret stands in the manifests, and `danchu keys cluster` makes each that they name."""
    made = {secret.name: {key for key, _ in secret.files} for secret in SECRETS}
    violations = [label(each) for each in of_kind(contents, "Secret")]
    for name, _, pod in pods(contents):
        for container in containers(pod):
            for variable in container.get("env", []):
                if "secretKeyRef" in variable.get("valueFrom", {}):
                    violations.append(f"{name}: {variable['name']} is a secret in the environment")
        for volume in pod.get("volumes", []):
            secret = volume.get("secret", {})
            keys = {item["key"] for item in secret.get("items", [])}
            if (
                secret
                and (secret.get("optional") is not True)
                and not (secret["secretName"] in made and keys <= made[secret["secretName"]])
            ):
                violations.append(f"{name}: nobody makes {secret['secretName']} {sorted(keys)}")
    return violations


def files_are_mounted(contents: Sequence[Object]) -> list[str]:
    """Each setting that is the path of a file lies below a mount of its container."""
    violations = []
    for name, _, pod in pods(contents):
        for container in containers(pod):
            mounts = [f"{mount['mountPath']}/" for mount in container.get("volumeMounts", [])]
            for variable in container.get("env", []):
                value = variable.get("value", "")
                if value.startswith("/") and not any(value.startswith(m) for m in mounts):
                    violations.append(f"{name}: {variable['name']} is not mounted")
    return violations


NATS_FILE = re.compile(r"(?:/etc/|\.\./)(nats-[\w-]+)/")
"""What the configuration of NATS reads of another folder than its own."""


def nats_files_are_mounted(contents: Sequence[Object]) -> list[str]:
    """The nodes see each file that their configuration names, and each client its certificates."""
    configs = {each["metadata"]["name"].rsplit("-", 1)[0]: each["data"]
               for each in of_kind(contents, "ConfigMap")}  # fmt: skip
    read = {f"/etc/{name}" for name in NATS_FILE.findall("\n".join(configs["nats"].values()))}
    shown = {
        value.rsplit("/", 1)[0]
        for key, value in configs["settings"].items()
        if key in ("DANCHU_NATS_CA", "DANCHU_NATS_CERTIFICATE", "DANCHU_NATS_KEY")
    }
    violations = []
    for name, _, pod in pods(contents):
        folders = read if name == "StatefulSet nats" else shown
        for container in containers(pod):
            mounts = {mount["mountPath"] for mount in container.get("volumeMounts", [])}
            if "nats" in {volume["name"] for volume in pod["volumes"]} or folders is read:
                violations += [f"{name}: {folder}" for folder in sorted(folders - mounts)]
    return violations


def probed(contents: Sequence[Object]) -> list[str]:
    """Every process that stays is probed, and has the time that its end may need."""
    seconds = DRAIN_SECONDS + HTTP_SECONDS + STATEMENT_SECONDS
    violations = []
    for each in of_kind(contents, "Deployment", "StatefulSet"):
        pod = template(each)["spec"]
        for container in containers(pod):
            probes = {"startupProbe", "livenessProbe", "readinessProbe"} - container.keys()
            violations += [f"{label(each)}: {container['name']} has no {probe}" for probe in probes]
        if pod.get("terminationGracePeriodSeconds", 30) < seconds:
            violations.append(f"{label(each)}: may be killed before it has drained")
    return violations


def in_order(contents: Sequence[Object]) -> list[str]:
    """Sync waves: what is read, then stores, then the schema, the streams, the services."""
    jobs = {each["metadata"]["name"]: wave(each) for each in of_kind(contents, "Job")}
    read = of_kind(contents, "ServiceAccount", "ConfigMap", "NetworkPolicy")
    stores = of_kind(contents, "StatefulSet", "Cluster")
    steps = [
        [wave(each) for each in of_kind(contents, "Namespace")],
        [wave(each) for each in read],
        [wave(each) for each in stores],
        [jobs["migrate"]],
        [jobs["provision"]],
        [wave(each) for each in of_kind(contents, "Deployment")],
    ]
    present = [step for step in steps if step]
    return [
        f"wave {max(before)} is not before wave {min(after)}"
        for before, after in itertools.pairwise(present)
        if max(before) >= min(after)
    ]


RULES = (
    restricted, services_select, selectors_match, settings_exist, secrets_are_made,
    files_are_mounted, probed, in_order,
)  # fmt: skip
"""Rules that hold for the files as well as for a built overlay."""
