"""The Kubernetes manifests keep what deploy/README.md promises; `make kubernetes` builds them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from services.commands.setting_names import setting_names
from tests.deploy.kubernetes import paths, rules
from tests.deploy.kubernetes.objects import (
    KUSTOMIZATION,
    MANIFESTS,
    OVERLAYS,
    Object,
    composed,
    containers,
    documents,
    environment_files,
    folders,
    kustomization,
    label,
    pods,
    resources,
    template,
)

Rule = Callable[[list[Object]], list[str]]


@pytest.fixture(scope="module", params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> str:
    """The name of an overlay."""
    return str(request.param)


@pytest.fixture(scope="module")
def contents(overlay: str) -> list[Object]:
    """The objects of an overlay, without its patches."""
    return composed(MANIFESTS / "overlays" / overlay)


def test_every_file_is_one_object_that_a_kustomization_names() -> None:
    """The path tells the content, and nothing lies there unused."""
    used = {MANIFESTS / "overlays" / name / KUSTOMIZATION for name in OVERLAYS}
    for folder in folders():
        used.add(folder / KUSTOMIZATION)
        content = kustomization(folder)
        generators = content.get("configMapGenerator", [])
        names = [name for name in content.get("resources", []) if not (folder / name).is_dir()]
        names += [patch["path"] for patch in content.get("patches", []) if "path" in patch]
        for generator in generators:
            names += [*generator.get("files", []), *generator.get("envs", [])]
        used |= {folder / name for name in names}
    files = {path for path in MANIFESTS.rglob("*") if path.is_file() and path.suffix != ".md"}
    assert files == used
    for path in files:
        if path.suffix == ".yaml":
            assert len(documents(path.read_text(encoding="utf-8"))) == 1, path


def test_a_folder_lists_its_files_in_order() -> None:
    """A kustomization is read like a table of contents."""
    for folder in folders():
        files = [path.name for path, _ in resources(folder)]
        assert files == sorted(files), folder


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_manifests_keep_the_rule(rule: Rule, contents: list[Object]) -> None:
    """Without an exception: each violation is named by its object."""
    assert rule(contents) == []


def test_nothing_is_reached_unless_a_policy_names_the_path(
    overlay: str, contents: list[Object]
) -> None:
    """Each path that DESIGN needs is open on both sides, and no other."""
    assert paths.denied_by_default(contents)
    assert paths.half_open(contents) == []
    assert paths.policies_without_pods(contents) == []
    assert paths.pods_without_names(contents) == []
    assert paths.open_paths(contents) == paths.NEEDED[overlay]


def test_every_setting_of_the_configuration_is_one_of_the_code() -> None:
    """A misspelled setting would be refused at the start of every process."""
    for path, settings in environment_files():
        assert settings.keys() <= setting_names(), path


def test_every_image_has_a_version_in_the_overlay() -> None:
    """The base names images without a version; each overlay gives one to all that it runs."""
    for overlay in OVERLAYS:
        content = kustomization(MANIFESTS / "overlays" / overlay)
        versions = {image["name"]: str(image["newTag"]) for image in content["images"]}
        used = {
            container["image"]
            for _, _, pod in pods(composed(MANIFESTS / "overlays" / overlay))
            for container in containers(pod)
        }
        assert used == versions.keys()
        assert all(version[0].isdigit() for version in versions.values())


def _without(*path: str) -> Callable[[Object], Any]:
    def change(pod: Object) -> None:
        inner: Any = pod
        for key in path[:-1]:
            inner = inner[0][key] if isinstance(inner, list) else inner[key]
        del (inner[0] if isinstance(inner, list) else inner)[path[-1]]

    return change


FAULTS = [
    (rules.restricted, _without("securityContext", "seccompProfile")),
    (rules.restricted, _without("containers", "securityContext", "capabilities")),
    (rules.restricted, _without("containers", "resources", "limits")),
    (rules.restricted, _without("automountServiceAccountToken")),
    (rules.services_select, _without("containers", "ports")),
    (rules.probed, _without("containers", "livenessProbe")),
    (rules.probed, _without("terminationGracePeriodSeconds")),
]


@pytest.mark.parametrize(("rule", "fault"), FAULTS)
def test_a_rule_notices_what_is_missing(rule: Rule, fault: Callable[[Object], None]) -> None:
    """One thing is taken out of the door's Deployment, and the rule names it."""
    contents = copy.deepcopy(composed(MANIFESTS / "base"))
    (door,) = [each for each in contents if label(each) == "Deployment intake"]
    fault(template(door)["spec"])
    violations = rule(contents)
    assert violations and all("intake" in violation for violation in violations)


def test_a_path_that_one_side_lacks_is_noticed(contents: list[Object]) -> None:
    """Without the policy of the server, the policies of its clients are half of a path."""
    without = [each for each in contents if label(each) != "NetworkPolicy nats"]
    assert "intake > nats:4222/TCP: not allowed by ingress" in paths.half_open(without)
