"""The overlays as kubectl builds them: valid on three minors, free of findings, rules kept.

Not part of `make test`, since it needs kubectl, kubernetes-validate and checkov: `make kubernetes`.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.kubernetes import paths, rules
from tests.deploy.kubernetes.objects import (
    MANIFESTS,
    OVERLAYS,
    ROOT,
    Object,
    configuration,
    containers,
    documents,
    label,
    of_kind,
    pods,
    template,
)
from tests.deploy.kubernetes.operator_types import Types, declarations
from tests.deploy.kubernetes.tools import BIN, EXTERNAL, MINORS, build, built, run, tool

SKIPPED = {
    "CKV_K8S_43": "images of an air-gapped site come from a bundle, whose checksums are compared",
    "CKV_K8S_15": "an air-gapped node has its images already, and no registry to pull from",
}


@pytest.fixture(scope="module", params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> str:
    """The name of an overlay."""
    return str(request.param)


@pytest.fixture(scope="module")
def text(overlay: str) -> str:
    """What kubectl builds of it."""
    return build(MANIFESTS / "overlays" / overlay)


@pytest.fixture(scope="module")
def contents(text: str) -> list[Object]:
    """Its objects."""
    return documents(text)


@pytest.mark.parametrize("minor", MINORS)
def test_every_object_is_valid_on_three_minors(
    minor: str, contents: list[Object], tmp_path: Path
) -> None:
    """By the strict schemas of Kubernetes, which refuse unknown fields too."""
    own = [each for each in contents if EXTERNAL.get(each["kind"]) != each["apiVersion"]]
    assert len(own) >= len(contents) - 1 >= 20
    file = tmp_path / "objects.yaml"
    file.write_text("\n---\n".join(map(json.dumps, own)), encoding="utf-8")
    report = run(tool("kubernetes-validate"), "--strict", "-k", minor, str(file))
    assert report.count("INFO") == len(own) and "WARN" not in report


def test_the_linter_has_nothing_to_say(text: str, tmp_path: Path) -> None:
    """checkov's policies for Kubernetes; what is left out has a reason, here or on the object."""
    file = tmp_path / "objects.yaml"
    file.write_text(text, encoding="utf-8")
    command = ["--framework", "kubernetes", "--output", "json", "--skip-download", "--soft-fail"]
    skipped = ",".join(SKIPPED)
    report = json.loads(run(tool("checkov"), "-f", str(file), *command, "--skip-check", skipped))
    failed = report["results"]["failed_checks"]
    assert [(each["check_id"], each["resource"]) for each in failed] == []
    assert report["summary"]["passed"] > 500


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_what_is_built_keeps_the_rule(rule: rules.Rule, contents: list[Object]) -> None:
    """Patches of the components have changed nothing for the worse."""
    assert rule(contents) == []


def test_every_image_has_a_version(contents: list[Object]) -> None:
    """No `latest`, and nothing without a version."""
    assert rules.images_have_versions(contents) == []


def test_nats_runs_on_the_configuration_that_real_servers_are_started_with(
    overlay: str, contents: list[Object]
) -> None:
    """What kustomize merges is what tests/deploy/test_nats_servers.py reads, and it is mounted."""
    (nats,) = [each for each in of_kind(contents, "ConfigMap")
               if each["metadata"]["name"].startswith("nats-")]  # fmt: skip
    assert nats["data"] == configuration(MANIFESTS / "overlays" / overlay, "nats")
    assert rules.nats_files_are_mounted(contents) == []


def test_the_paths_are_those_that_are_needed(overlay: str, contents: list[Object]) -> None:
    """The policies of the built overlay, on both sides."""
    assert paths.denied_by_default(contents) and paths.half_open(contents) == []
    assert paths.open_paths(contents) == paths.NEEDED[overlay]


def test_everything_is_in_the_namespace(contents: list[Object]) -> None:
    """So that deleting it deletes all, and nothing lands in another."""
    namespaces = {each["metadata"].get("namespace") for each in contents
                  if each["kind"] != "Namespace"}  # fmt: skip
    assert namespaces == {"danchu"}


def test_production_has_replicas_and_an_autoscaler_that_no_apply_sets_back() -> None:
    """Doors and queries scale by load and share the rates; two folds and three NATS are there."""
    contents = {label(each): each for each in built(MANIFESTS / "overlays" / "production")}
    for name in ("intake", "records", "queries"):
        assert "replicas" not in contents[f"Deployment {name}"]["spec"]
        scaling = contents[f"HorizontalPodAutoscaler {name}"]["spec"]
        assert scaling["minReplicas"] >= 2
        (container,) = containers(template(contents[f"Deployment {name}"])["spec"])
        environment = {each["name"]: each.get("value") for each in container["env"]}
        assert environment["DANCHU_HTTP_REPLICAS"] == str(scaling["maxReplicas"])
        assert contents[f"PodDisruptionBudget {name}"]["spec"]["maxUnavailable"] == 1
    assert contents["Deployment fold"]["spec"]["replicas"] == 2
    nats = contents["StatefulSet nats"]
    assert nats["spec"]["replicas"] == 3
    keys = [each["topologyKey"] for each in template(nats)["spec"]["topologySpreadConstraints"]]
    assert keys == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]


CLUSTER_FAULTS: list[tuple[tuple[str, ...], Any, str]] = [
    (("postgresql", "synchronous", "dataDurability"), "must", "none of ['preferred', 'required']"),
    (("storage", "sise"), "50Gi", "spec.storage.sise: unknown"),
    (("instances",), "3", "spec.instances: '3' is no number"),
    (("postgresql", "parameters", "max_connections"), 200, "is no string"),
    (("resources", "limits", "cpu"), [], "spec.resources.limits.cpu: [] is no"),
    (("bootstrap", "initdb", "secret"), {}, "spec.bootstrap.initdb.secret.name: missing"),
]


@pytest.fixture(scope="module")
def types() -> Types:
    """The types of the operator's objects."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed, which brings the types of the operator")
    return declarations(BIN.parent)


def test_the_operators_cluster_has_its_types(types: Types) -> None:
    """Every field exists and has a value of its type, and none that is required is missing."""
    (cluster,) = of_kind(built(MANIFESTS / "overlays" / "production"), "Cluster")
    assert list(types.faults(cluster["spec"], "ClusterSpec", "spec")) == []
    for path, value, fault in CLUSTER_FAULTS:
        spec = copy.deepcopy(cluster["spec"])
        inner = spec
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        (found,) = types.faults(spec, "ClusterSpec", "spec")
        assert fault in found


def test_a_commit_is_on_two_instances_of_the_operators_postgresql() -> None:
    """What danchu rests on beyond the types."""
    (cluster,) = of_kind(built(MANIFESTS / "overlays" / "production"), "Cluster")
    spec = cluster["spec"]
    assert cluster["apiVersion"] == EXTERNAL["Cluster"] and spec["instances"] == 3
    synchronous = {"method": "any", "number": 1, "dataDurability": "required"}
    assert spec["postgresql"]["synchronous"] == synchronous
    off = {"fsync", "synchronous_commit", "full_page_writes"}
    assert not off & spec["postgresql"]["parameters"].keys()
    initdb = spec["bootstrap"]["initdb"]
    assert (initdb["database"], initdb["owner"]) == ("danchu", "danchu")


def test_danchu_can_end_tls_itself(tmp_path: Path) -> None:
    """The component tls over the small overlay: who serves HTTP has the certificate, and is probed
    by HTTPS; the fold, whose health port is plain, is probed as before."""
    above = Path(os.path.relpath(MANIFESTS, tmp_path))
    (tmp_path / "kustomization.yaml").write_text(
        f"resources: [{above}/overlays/single-node]\ncomponents: [{above}/components/tls]\n"
    )
    contents = built(tmp_path)
    encrypted = set()
    for door in of_kind(contents, "Deployment"):
        (container,) = template(door)["spec"]["containers"]
        probes = [
            container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")
        ]
        (scheme,) = {probe.get("scheme", "HTTP") for probe in probes}
        mounted = "tls" in [mount["name"] for mount in container["volumeMounts"]]
        assert mounted == (scheme == "HTTPS"), label(door)
        encrypted |= {label(door)} if mounted else set()
    doors = {"Deployment intake", "Deployment records", "Deployment queries"}
    assert encrypted == doors and rules.settings_exist(contents) == []


def test_the_overlay_of_a_site_without_internet_is_the_one_of_the_readme(tmp_path: Path) -> None:
    """As it is printed, in a folder beside deploy: every image is one of the bundle's."""
    text = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
    printed = text.split("```yaml\n# site/kustomization.yaml", 1)[1].split("```", 1)[0]
    printed = printed.partition("\n")[2]  # the rest of the comment
    above = os.path.relpath(ROOT, tmp_path)
    (tmp_path / "kustomization.yaml").write_text(printed.replace("../deploy", f"{above}/deploy"))
    contents = built(tmp_path)
    images = {each["image"] for _, _, pod in pods(contents) for each in containers(pod)}
    names = {"danchu", "danchu-nats", "danchu-postgres"}
    assert {image.partition(":")[0] for image in images} == names
    assert rules.images_have_versions(contents) == []


def test_clients_of_nats_may_have_to_show_certificates(tmp_path: Path) -> None:
    """The components nats-tls and nats-client-certificates over the small overlay."""
    above = Path(os.path.relpath(MANIFESTS, tmp_path))
    components = [f"{above}/components/{name}" for name in ("nats-tls", "nats-client-certificates")]
    (tmp_path / "kustomization.yaml").write_text(
        f"resources: [{above}/overlays/single-node]\ncomponents: [{', '.join(components)}]\n"
    )
    contents = built(tmp_path)
    for rule in (*rules.RULES, rules.nats_files_are_mounted):
        assert rule(contents) == []
    for each in of_kind(contents, "Deployment"):
        names = [volume["name"] for volume in template(each)["spec"]["volumes"]]
        assert {"nats-ca", "nats-client"} <= set(names)
    without = [each for each in contents if label(each) != "StatefulSet nats"]
    del template(of_kind(without, "Deployment")[0])["spec"]["containers"][0]["volumeMounts"]
    assert len(rules.nats_files_are_mounted(without)) == 2


def test_the_pages_may_be_a_client_with_a_secret(tmp_path: Path) -> None:
    """The components oidc and oidc-client-secret: the queries alone, which serve the sign-in."""
    above = Path(os.path.relpath(MANIFESTS, tmp_path))
    components = [f"{above}/components/{name}" for name in ("oidc", "oidc-client-secret")]
    (tmp_path / "kustomization.yaml").write_text(
        f"resources: [{above}/overlays/single-node]\ncomponents: [{', '.join(components)}]\n"
    )
    contents = built(tmp_path)
    assert rules.settings_exist(contents) == []
    holders = [
        label(each) for each in of_kind(contents, "Deployment")
        if "oidc" in [volume["name"] for volume in template(each)["spec"]["volumes"]]
    ]  # fmt: skip
    assert holders == ["Deployment queries"]


def test_postgresql_may_be_outside(tmp_path: Path) -> None:
    """The base with one node of NATS and a PostgreSQL elsewhere: nothing else is missing."""
    above = Path(os.path.relpath(MANIFESTS, tmp_path))
    (tmp_path / "kustomization.yaml").write_text(
        f"namespace: danchu\nresources: [{above}/base]\n"
        f"components: [{above}/components/nats, {above}/components/postgresql-outside]\n"
    )
    contents = built(tmp_path)
    for rule in rules.RULES:
        assert rule(contents) == []
    outside = {path for path in paths.open_paths(contents) if path.port == "5432/TCP"}
    assert {path.server for path in outside} == {"network 192.0.2.0/24"} and len(outside) == 5
