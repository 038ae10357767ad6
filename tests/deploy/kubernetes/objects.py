"""The objects of the manifests: read from the files, or from a built overlay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[3]
MANIFESTS = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("single-node", "production")
KUSTOMIZATION = "kustomization.yaml"
NAME = "app.kubernetes.io/name"
WORKLOADS = ("Deployment", "StatefulSet", "Job", "CronJob")
Object = dict[str, Any]


def documents(text: str) -> list[Object]:
    """The objects of a YAML text."""
    return [each for each in YAML(typ="safe", pure=True).load_all(text) if each is not None]


def kustomization(folder: Path) -> Object:
    """The kustomization of a folder."""
    (content,) = documents((folder / KUSTOMIZATION).read_text(encoding="utf-8"))
    return content


def folders() -> list[Path]:
    """Every folder with a kustomization."""
    return sorted(path.parent for path in MANIFESTS.rglob(KUSTOMIZATION))


def resources(folder: Path) -> Iterator[tuple[Path, Object]]:
    """The objects that the files of a folder add, each with its file; no patches."""
    for name in kustomization(folder).get("resources", []):
        path = folder / name
        if path.suffix == ".yaml":
            (content,) = documents(path.read_text(encoding="utf-8"))
            yield path, content


def composed(folder: Path) -> list[Object]:
    """The objects of an overlay with those of its bases and components, without its patches."""
    contents = [content for _, content in resources(folder)]
    content = kustomization(folder)
    for name in (*content.get("resources", []), *content.get("components", [])):
        if (folder / name).is_dir():
            contents += composed(folder / name)
    return contents


def environment_files() -> Iterator[tuple[Path, dict[str, str]]]:
    """The settings of every file, and every list of literals, that becomes a ConfigMap."""
    for path in sorted(MANIFESTS.rglob("*.env")):
        lines = path.read_text(encoding="utf-8").splitlines()
        yield path, _pairs(line for line in lines if line and not line.startswith("#"))
    for folder in folders():
        for generator in kustomization(folder).get("configMapGenerator", []):
            yield folder / KUSTOMIZATION, _pairs(generator.get("literals", []))


def _pairs(lines: Iterable[str]) -> dict[str, str]:
    return dict(line.split("=", 1) for line in lines)


def label(content: Object) -> str:
    """Kind and name of an object."""
    return f"{content['kind']} {content['metadata']['name']}"


def of_kind(contents: Sequence[Object], *kinds: str) -> list[Object]:
    """The objects of some kinds."""
    return [each for each in contents if each["kind"] in kinds]


def template(workload: Object) -> Object:
    """The pod template of a workload."""
    spec = workload["spec"]
    if workload["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    pod: Object = spec["template"]
    return pod


def pods(contents: Sequence[Object]) -> Iterator[tuple[str, Object, Object]]:
    """Each workload's label, the labels of its pods, and their spec."""
    for workload in of_kind(contents, *WORKLOADS):
        pod = template(workload)
        yield label(workload), pod["metadata"]["labels"], pod["spec"]


def containers(pod: Object) -> list[Object]:
    """All containers of a pod."""
    return [*pod.get("initContainers", []), *pod["containers"]]


def wave(content: Object) -> int:
    """The sync wave of an object, 0 without one."""
    annotations = content["metadata"].get("annotations", {})
    return int(annotations.get("argocd.argoproj.io/sync-wave", "0"))


def matches(selector: Object, labels: Object) -> bool:
    """Whether a label selector selects labels; an empty one selects everything."""
    exact = selector.get("matchLabels", {})
    if any(labels.get(key) != value for key, value in exact.items()):
        return False
    for expression in selector.get("matchExpressions", []):
        if expression["operator"] != "In":
            raise ValueError(f"the tests know no operator {expression['operator']}")
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return True


def configuration(folder: Path, name: str) -> dict[str, str]:
    """The files of a generated ConfigMap; components replace them in their order."""
    content, files = kustomization(folder), dict[str, str]()
    for inner in (*content.get("resources", []), *content.get("components", [])):
        if (folder / inner).is_dir():
            files |= configuration(folder / inner, name)
    for generator in content.get("configMapGenerator", []):
        if generator["name"] == name:
            for file in generator.get("files", []):
                files[file] = (folder / file).read_text(encoding="utf-8")
    return files
