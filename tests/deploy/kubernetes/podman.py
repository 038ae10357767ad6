"""Plays an overlay with podman: what Debian's podman cannot play, in the kind that it can.

An adapter of kinds, which leaves images, commands, settings, files, users and limits as they are:

- Deployment, StatefulSet, Job and CronJob become the Pod of their template, named like them;
- a Service becomes a name of its pod in podman's network, and claim templates become claims;
- podman 4.3 mounts Secrets undecoded, shares an emptyDir among all pods with a volume of that name
  and knows no fsGroup: Secrets become ConfigMaps, and an emptyDir becomes a claim, owned by the
  user of the pod;
- ports are left out, since podman would open them on the host, and probes, since it has systemd
  run them: the test itself asks what they ask. Network policies need a cluster.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.deploy.kubernetes.objects import (
    WORKLOADS,
    Object,
    containers,
    matches,
    of_kind,
    template,
)
from tests.deploy.kubernetes.tools import podman, run

LEFT_OUT = ("ports", "startupProbe", "livenessProbe", "readinessProbe")


def workload(contents: Sequence[Object], name: str) -> Object:
    """The one workload with a name."""
    (only,) = [e for e in of_kind(contents, *WORKLOADS) if e["metadata"]["name"] == name]
    return only


def aliases(contents: Sequence[Object], name: str) -> list[str]:
    """The Services that select the pods of a workload."""
    labels = template(workload(contents, name))["metadata"]["labels"]
    return [
        service["metadata"]["name"]
        for service in of_kind(contents, "Service")
        if matches({"matchLabels": service["spec"]["selector"]}, labels)
    ]


def playable(contents: Sequence[Object], secrets: Sequence[Object], name: str) -> list[Object]:
    """The Pod of a workload, with the ConfigMaps and claims that it uses."""
    original = workload(contents, name)
    pod = json.loads(json.dumps(template(original)))
    spec, owner = pod["spec"], pod["spec"]["securityContext"]
    pod |= {"apiVersion": "v1", "kind": "Pod"}
    pod["metadata"]["name"] = name
    named = {each["metadata"]["name"]: each for each in (*of_kind(contents, "ConfigMap"), *secrets)}
    used: dict[str, Object] = {}
    for claim in original["spec"].get("volumeClaimTemplates", []):
        spec["volumes"].append({"name": claim["metadata"]["name"], "emptyDir": {}})
    for volume in spec["volumes"]:
        if "persistentVolumeClaim" in volume:
            claimed = volume["persistentVolumeClaim"]["claimName"]
            used[claimed] = _claim(claimed, owner)
            continue
        if "emptyDir" in volume:
            claim = _claim(f"{name}-{volume['name']}", owner)
            used[claim["metadata"]["name"]] = claim
            del volume["emptyDir"]
            volume["persistentVolumeClaim"] = {"claimName": claim["metadata"]["name"]}
            continue
        source = volume.pop("secret", None)
        if source is not None:
            volume["configMap"] = {**source, "name": source.pop("secretName")}
            volume["configMap"].pop("defaultMode", None)
        volume["configMap"]["optional"] = False
        key = volume["configMap"]["name"]
        used[key] = _config(named[key])
    for container in containers(pod["spec"]):
        for field in LEFT_OUT:
            container.pop(field, None)
        for reference in container.get("envFrom", []):
            key = reference["configMapRef"]["name"]
            used[key] = named[key]
    return [*used.values(), pod]


def _config(source: Object) -> Object:
    """A ConfigMap with the content of a Secret or ConfigMap."""
    data = source["data"]
    if source["kind"] == "Secret":
        data = {key: base64.b64decode(value).decode() for key, value in data.items()}
    metadata = {"name": source["metadata"]["name"]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def _claim(name: str, owner: Object) -> Object:
    ids = {"uid": owner["runAsUser"], "gid": owner["fsGroup"]}
    annotations = {f"volume.podman.io/{key}": str(value) for key, value in ids.items()}
    return {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }  # fmt: skip


@dataclass
class Cluster:
    """Pods of an overlay in a network of their own; `remove` ends and deletes all of it."""

    network: str
    contents: Sequence[Object]
    secrets: Sequence[Object]

    def play(self, name: str, *arguments: str) -> None:
        """Starts the pod of a workload, under the names of its Services; with other arguments of
        its process, if there are any. Claims that exist are used as they are."""
        options = ",".join(f"alias={alias}" for alias in (aliases(self.contents, name) or [name]))
        present = set(podman("volume", "ls", "--quiet").split())
        contents = [
            each for each in playable(self.contents, self.secrets, name)
            if each["kind"] != "PersistentVolumeClaim" or each["metadata"]["name"] not in present
        ]  # fmt: skip
        if arguments:
            contents[-1]["spec"]["containers"][0]["args"] = [*arguments]
        text = "\n---\n".join(map(json.dumps, contents))
        podman("kube", "play", "--network", f"{self.network}:{options}", "-", text=text)

    def delete_all(self, *names: str) -> None:
        """Removes pods at once: each drains before it ends, and podman ends one after the other."""
        with ThreadPoolExecutor(len(names)) as threads:
            list(threads.map(self.delete, names))

    def delete(self, name: str, claims: bool = False) -> None:
        """Removes the pod of a workload with its emptyDirs; its own claims stay, or go too."""
        original = workload(self.contents, name)
        volumes = [each["name"] for each in template(original)["spec"]["volumes"]
                   if "emptyDir" in each]  # fmt: skip
        if claims:
            own = original["spec"].get("volumeClaimTemplates", [])
            volumes += [each["metadata"]["name"] for each in own]
        podman("pod", "rm", "--force", "--ignore", name)
        present = set(podman("volume", "ls", "--quiet").split())
        if gone := sorted(present & {f"{name}-{volume}" for volume in volumes}):
            podman("volume", "rm", "--force", *gone)

    def renew(self, secrets: Sequence[Object]) -> None:
        """Changed Secrets reach the pods that mount them, as a kubelet does without a restart."""
        self.secrets = secrets
        present = set(podman("volume", "ls", "--quiet").split())
        for secret in secrets:
            if secret["metadata"]["name"] not in present:
                continue
            folder = self.folder(secret["metadata"]["name"])
            for key, text in _config(secret)["data"].items():
                (folder / key).write_text(text)

    def folder(self, volume: str) -> Path:
        """Where this machine has the files of a volume."""
        return Path(podman("volume", "inspect", volume, "--format", "{{.Mountpoint}}").strip())

    def state(self, name: str) -> Any:
        """What podman knows of the container of a workload."""
        (state,) = json.loads(podman("inspect", f"{name}-{name}"))
        return state

    def address(self, name: str) -> str:
        """The address of a pod."""
        pod = self.state(name)["Pod"]
        infra = podman("pod", "inspect", pod, "--format", "{{.InfraContainerID}}").strip()
        (state,) = json.loads(podman("inspect", infra))
        return str(state["NetworkSettings"]["Networks"][self.network]["IPAddress"])

    def log(self, name: str) -> str:
        """The log of the container of a workload."""
        return run("sh", "-c", f"podman logs {name}-{name} 2>&1")

    def _claims(self) -> Iterator[str]:
        for each in of_kind(self.contents, *WORKLOADS):
            for content in playable(self.contents, self.secrets, each["metadata"]["name"]):
                yield content["metadata"]["name"]

    def remove(self) -> None:
        """Removes the pods, their volumes and the network; what was never made is no error.

        Nothing is proved of how they end, so they are killed.
        """
        names = [each["metadata"]["name"] for each in of_kind(self.contents, *WORKLOADS)]
        podman("pod", "rm", "--force", "--time", "0", "--ignore", *names)
        present = set(podman("volume", "ls", "--quiet").split())
        ours = sorted(present & set(self._claims()))
        if ours:
            podman("volume", "rm", "--force", *ours)
        podman("network", "rm", "--force", self.network)
