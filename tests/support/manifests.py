"""Reads the kustomizations in deploy/kubernetes as `kubectl kustomize` does, as far as they go, and refuses the rest.

The part that is read: resources (files and folders), namespace, configMapGenerator without a hash in the name, images,
replicas. tests/unit/test_kubernetes.py compares with kubectl where that is installed.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]
WITHOUT_NAMESPACE = ("Namespace",)
POD_OWNERS = ("Deployment", "StatefulSet", "Job")


def build(folder: Path) -> list[Manifest]:
    """Every object of a kustomization. Raises ValueError for what is not read."""
    text = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    head = text.pop("apiVersion"), text.pop("kind"), text.pop("generatorOptions")
    if head != ("kustomize.config.k8s.io/v1beta1", "Kustomization", {"disableNameSuffixHash": True}):
        raise ValueError(f"{folder}: not a kustomization that is read here: {head}")
    if unknown := text.keys() - STEPS.keys():
        raise ValueError(f"{folder}: {sorted(unknown)} is not read here")
    objects: list[Manifest] = []
    for key, step in STEPS.items():
        objects = step(objects, text.get(key, []), folder)
    return objects


def named(objects: Iterable[Manifest]) -> dict[tuple[str, str], Manifest]:
    """By kind and name, each once."""
    found: dict[tuple[str, str], Manifest] = {}
    for one in objects:
        key = (one["kind"], one["metadata"]["name"])
        if key in found:
            raise ValueError(f"{key} is there twice")
        found[key] = one
    return found


def pods(objects: Iterable[Manifest]) -> dict[str, Manifest]:
    """Templates of pods, by the name of who makes them."""
    return {one["metadata"]["name"]: one["spec"]["template"] for one in objects if one["kind"] in POD_OWNERS}


def containers(objects: Iterable[Manifest]) -> Iterator[Manifest]:
    for template in pods(objects).values():
        yield from template["spec"]["containers"]


def matches(selector: Manifest, labels: dict[str, str]) -> bool:
    """Whether a label selector takes these labels."""
    if unknown := selector.keys() - {"matchLabels", "matchExpressions"}:
        raise ValueError(unknown)
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    for one in selector.get("matchExpressions", ()):
        if one["operator"] != "In":
            raise ValueError(one)
        wanted = wanted and labels.get(one["key"]) in one["values"]
    return bool(wanted)


def taken(objects: list[Manifest], selector: Manifest) -> set[str]:
    """Names of the pods that a selector takes."""
    return {name for name, pod in pods(objects).items() if matches(selector, pod["metadata"]["labels"])}


def _resources(_: list[Manifest], wanted: list[str], folder: Path) -> list[Manifest]:
    found: list[Manifest] = []
    for name in wanted:
        place = folder / name
        found += build(place) if place.is_dir() else yaml.safe_load_all(place.read_text(encoding="utf-8"))
    return found


def _config_maps(objects: list[Manifest], wanted: list[Manifest], folder: Path) -> list[Manifest]:
    for one in wanted:
        made = _config_map(one, folder)
        if one.get("behavior", "create") == "merge":
            named(objects)["ConfigMap", one["name"]]["data"].update(made["data"])
        else:
            objects = [*objects, made]
    return objects


def _config_map(one: Manifest, folder: Path) -> Manifest:
    if unknown := one.keys() - {"name", "literals", "files", "behavior"}:
        raise ValueError(f"{folder}: configMapGenerator: {sorted(unknown)} is not read here")
    data = {name: value for name, _, value in (text.partition("=") for text in one.get("literals", ()))}
    data |= {Path(name).name: (folder / name).read_text(encoding="utf-8") for name in one.get("files", ())}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": one["name"]}, "data": data}


def _namespace(objects: list[Manifest], name: str | list[str], _: Path) -> list[Manifest]:
    for one in objects:
        if name and one["kind"] not in WITHOUT_NAMESPACE:
            one["metadata"]["namespace"] = name
    return objects


def _images(objects: list[Manifest], wanted: list[Manifest], _: Path) -> list[Manifest]:
    for one in wanted:
        for container in containers(objects):
            bare, _, tag = container["image"].partition(":")
            if bare == one["name"]:
                container["image"] = f"{one.get('newName', bare)}:{one.get('newTag', tag)}"
    return objects


def _replicas(objects: list[Manifest], wanted: list[Manifest], _: Path) -> list[Manifest]:
    counts = {one["name"]: one["count"] for one in wanted}
    for one in objects:
        if one["kind"] in ("Deployment", "StatefulSet") and one["metadata"]["name"] in counts:
            one["spec"]["replicas"] = counts[one["metadata"]["name"]]
    return objects


# Keys of a kustomization, in the order in which they act.
STEPS: dict[str, Callable[[list[Manifest], Any, Path], list[Manifest]]] = {
    "resources": _resources,
    "configMapGenerator": _config_maps,
    "namespace": _namespace,
    "replicas": _replicas,
    "images": _images,
}
